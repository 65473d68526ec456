import { expect } from 'chai'
import type { Address } from 'viem'
import type { MarginRecord } from '../../src/attest/record.ts'
import { wad } from '../../src/core/units.ts'
import { type DecideOptions, decideRound } from '../../src/keeper/decide.ts'
import type { Evaluated } from '../../src/keeper/evaluate.ts'
import { defaultFormPolicy } from '../../src/keeper/forms.ts'
import { defaultPostPolicy } from '../../src/keeper/policy.ts'

const [one, two] = [`0x${'01'.repeat(20)}`, `0x${'02'.repeat(20)}`] as const
const start = 1_800_000_000
const dollars = (amount: number) => BigInt(amount) * 1_000_000n

function recordOf(account: Address, equity: number, observedAt: number): MarginRecord {
  const requirements = { initialMargin: dollars(1_000), maintenanceMargin: dollars(800) }
  return { account, ...requirements, equity: dollars(equity), observedAt, lienSeq: 0, modelId: 1, flags: 6 }
}

/** An account whose stored record says `stored` and whose margin is `equity` by now; all that deciding looks at. */
function accountOf(account: Address, stored: number, equity: number, now = start + 24): Evaluated {
  const last = { ...recordOf(account, stored, start), isUsable: true }
  const improvement = { bounds: { base: 0n, rate: 0n, cap: 0 }, stored: last }
  const about = { account, policy: defaultPostPolicy, last, improvement, record: recordOf(account, equity, now) }
  return { ...about, isBounded: false, isFresh: true } as unknown as Evaluated
}

const outOf = (...records: readonly MarginRecord[]) => new Map(records.map((record) => [record.account, record]))
const decide = (accounts: readonly Evaluated[], out: DecideOptions['out']) => {
  const { decided, due, riders, isUrgent } = decideRound(accounts, {
    ...{ forms: defaultFormPolicy, signatures: 1, rideAlong: wad / 2n, out },
  })
  return {
    codes: decided.map(({ code }) => code),
    due: due.map(({ account }) => account),
    riders: riders.map(({ account }) => account),
    isUrgent,
  }
}

describe('a decision beside what is out', () => {
  it('waits where that says enough, and is urgent where that promises too much', () => {
    const out = outOf(recordOf(one, 2_200, start + 12))
    expect(decide([accountOf(one, 2_000, 2_201)], out))
      .to.include({ isUrgent: false })
      .and.have.property('due')
      .eql([])
    expect(decide([accountOf(one, 2_000, 1_900)], out)).to.deep.include({
      codes: ['worse'],
      due: [one],
      isUrgent: true,
    })
  })

  it('takes back good news that is out and no longer true, although what is stored is right', () => {
    const out = outOf(recordOf(one, 2_200, start + 12))
    expect(decide([accountOf(one, 2_000, 2_000)], out)).to.deep.equal({
      ...{ codes: ['worse'], due: [one], riders: [], isUrgent: true },
    })
    // Bad news that is out and no longer true only makes the account look worse for a block.
    const worse = outOf(recordOf(one, 1_900, start + 12))
    expect(decide([accountOf(one, 2_000, 2_000)], worse)).to.deep.include({ codes: ['unchanged'], due: [] })
  })

  it('takes along whoever something is out for, so that urgent news can have its place', () => {
    const accounts = [accountOf(one, 2_000, 1_900), accountOf(two, 2_000, 2_000)]
    const out = outOf(recordOf(one, 2_000, start + 12), recordOf(two, 2_000, start + 12))
    expect(decide(accounts, out)).to.deep.equal({
      ...{ codes: ['worse', 'unchanged'], due: [one], riders: [two], isUrgent: true },
    })
    const calm = [accountOf(one, 2_000, 2_000), accountOf(two, 2_000, 2_000)]
    expect(decide(calm, out)).to.deep.include({ due: [], riders: [], isUrgent: false })
  })
})
