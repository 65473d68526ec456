import { expect } from 'chai'
import { wad } from '../../src/core/units.ts'
import { defaultPostPolicy, explainPost, shouldPost } from '../../src/keeper/policy.ts'

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
  it('reacts to a smaller change near a requirement, in both directions and from both sides', () => {
    // Near is from 90.9 to 110 and from 72.7 to 88; between them and outside the wide deviations apply.
    const step = (from: bigint, change: bigint) => {
      const near = { ...last, equity: from }
      return shouldPost(defaultPostPolicy, near, { ...near, equity: from + change, observedAt: 1012 }, 1012).code
    }
    const small = usd / 5n
    for (const equity of [105n, 95n, 85n, 75n]) {
      expect(step(equity * usd, small)).to.equal('unchanged')
      expect(step(equity * usd, small + 1n)).to.equal('boundary-zone')
      expect(step(equity * usd, -small)).to.equal('unchanged')
      expect(step(equity * usd, -small - 1n)).to.equal('boundary-zone')
    }
    for (const equity of [120n, 89n, 70n, 0n, -50n]) {
      expect(step(equity * usd, small + 1n)).to.equal('unchanged')
      expect(step(equity * usd, -small - 1n)).to.equal('unchanged')
    }
    // Leaving the zone is told as soon as a move inside it.
    expect(step(110n * usd, small + 1n)).to.equal('boundary-zone')
  })
  it('has no zone around a requirement of nothing, and a wide deviation there does not loosen a tight one', () => {
    const free = { ...last, initialMargin: 0n, maintenanceMargin: 0n, equity: 0n }
    const next = { ...free, equity: 5000n, observedAt: 1012 }
    expect(shouldPost(defaultPostPolicy, free, next, 1012).code).to.equal('unchanged')
    const loose = { ...defaultPostPolicy, boundary: { ratio: 2n * wad, deviation: wad } }
    expect(shouldPost(loose, last, { ...last, equity: 148n * usd, observedAt: 1012 }, 1012).code).to.equal('worse')
  })
})

describe('explainPost', () => {
  it('says how far each threshold is', () => {
    const next = { ...last, equity: 152n * usd, observedAt: 1100 }
    expect(explainPost(defaultPostPolicy, last, next, 1100)).to.deep.equal({
      decision: { post: false, code: 'unchanged' },
      age: 100,
      heartbeat: 240,
      change: wad / 50n,
      worse: wad / 100n,
      better: wad / 20n,
      isNearBoundary: false,
    })
    const near = explainPost(defaultPostPolicy, last, { ...next, equity: 105n * usd }, 1100)
    expect([near.change, near.worse, near.better, near.isNearBoundary]).to.deep.equal([
      (-45n * wad) / 100n,
      wad / 500n,
      wad / 500n,
      true,
    ])
    expect(explainPost(defaultPostPolicy, null, next, 1100)).to.deep.equal({ decision: { post: true, code: 'first' } })
  })
})
