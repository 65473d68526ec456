import { expect } from 'chai'
import { defaultPostPolicy, shouldPost } from '../../src/keeper/policy.ts'

const usd = 1_000_000n
const last = {
  initialMargin: 100n * usd,
  maintenanceMargin: 80n * usd,
  equity: 150n * usd,
  observedAt: 1000,
  // Valid for 960 s.
  flags: 6,
  isUsable: true,
}
const decide = (change: Partial<typeof last>, now = 1012) =>
  shouldPost(defaultPostPolicy, last, { ...last, observedAt: 1012, ...change }, now)

describe('shouldPost', () => {
  it('posts the first record', () => {
    expect(shouldPost(defaultPostPolicy, null, last, 1000)).to.deep.equal({ post: true, code: 'first' })
  })
  it('skips what is not newer than the last record', () => {
    expect(decide({ observedAt: 1000 })).to.deep.equal({ post: false, code: 'not-newer' })
  })
  it('skips an unchanged margin until the heartbeat', () => {
    expect(decide({}, 1239)).to.deep.equal({ post: false, code: 'unchanged' })
    expect(decide({}, 1240)).to.deep.equal({ post: true, code: 'heartbeat' })
  })
  it('does not wait for the heartbeat when the record is valid for less than two of them', () => {
    const short = { ...last, flags: 3 }
    const at = (now: number) => shouldPost(defaultPostPolicy, short, { ...last, observedAt: now }, now)
    expect(at(1059)).to.deep.equal({ post: false, code: 'unchanged' })
    expect(at(1060)).to.deep.equal({ post: true, code: 'heartbeat' })
  })
  it('replaces a record that is no longer trusted, but only by a newer one', () => {
    const dead = { ...last, isUsable: false }
    const step = (observedAt: number) => shouldPost(defaultPostPolicy, dead, { ...last, observedAt }, 1012)
    expect(step(1012)).to.deep.equal({ post: true, code: 'unusable' })
    expect(step(1000)).to.deep.equal({ post: false, code: 'not-newer' })
  })
  it('reacts to a fall of 1 % of the initial margin and to a rise of 5 %', () => {
    expect(decide({ equity: 149n * usd })).to.deep.equal({ post: false, code: 'unchanged' })
    expect(decide({ equity: 149n * usd - 1n })).to.deep.equal({ post: true, code: 'worse' })
    expect(decide({ equity: 155n * usd })).to.deep.equal({ post: false, code: 'unchanged' })
    expect(decide({ equity: 155n * usd + 1n })).to.deep.equal({ post: true, code: 'better' })
  })
  it('posts at once when a requirement is crossed in either direction', () => {
    const near = { ...last, equity: 100n * usd }
    const step = (equity: bigint) => shouldPost(defaultPostPolicy, near, { ...near, equity, observedAt: 1012 }, 1012)
    expect(step(100n * usd - 1n)).to.deep.equal({ post: true, code: 'boundary' })
    expect(step(100n * usd + 1n)).to.deep.equal({ post: false, code: 'unchanged' })
  })
})
