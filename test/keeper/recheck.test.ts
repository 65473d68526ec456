import { expect } from 'chai'
import { type Address, keccak256, numberToHex } from 'viem'
import type { Market } from '../../src/core/market.ts'
import type { Snapshot } from '../../src/core/snapshot.ts'
import { wad } from '../../src/core/units.ts'
import { type Evaluated, evaluate } from '../../src/keeper/evaluate.ts'
import { defaultPostPolicy, type LastPost, shouldPost } from '../../src/keeper/policy.ts'
import { type Computed, moveOf, type RecheckPolicy, recheckReason, toComputed } from '../../src/keeper/recheck.ts'
import { isAdverse } from '../../src/keeper/urgency.ts'
import { calculateMargin } from '../../src/risk/plimsoll/calculateMargin.ts'
import { Random } from '../kernel/support/random.ts'
import { randomInputs } from '../support/exact/randomPortfolio.ts'

const recheck: RecheckPolicy = { seconds: 48, move: wad / 100n }
const blockTime = 12
const bounds = { base: 2n ** 62n, rate: 0n, cap: 0 }
const flags = { validityCode: 6, confirmed: false }

type Inputs = ReturnType<typeof randomInputs>

const witnessOf = (count: number): Snapshot['witnesses'] => [
  { venue: 'all', calls: keccak256('0x'), results: keccak256(numberToHex(count)) },
]

/** Books that a record carries, of which a walk of prices is made. */
function* books(count: number): Generator<{ readonly inputs: Inputs; readonly random: Random; readonly seed: bigint }> {
  for (let seed = 1n, found = 0; found < count; seed++) {
    const inputs = randomInputs(seed)
    try {
      const { equity, initialMargin } = calculateMargin(inputs)
      if (equity > 2n ** 50n || initialMargin > 2n ** 50n) continue
    } catch {
      continue
    }
    found += 1
    yield { inputs, random: new Random(seed), seed }
  }
}

/** Prices a little higher or lower, now and then by much. */
function moved(market: Market, random: Random): Market {
  const most = random.between(1n, 20n) === 1n ? 300n : random.between(0n, 10n)
  const step = (value: bigint) => {
    const next = value + (value * random.between(-most, most)) / 10_000n
    return next > 0n ? next : value
  }
  const prices = Object.entries(market.prices).map(([name, spot]) => [name, { ...spot, price: step(spot.price) }])
  return { ...market, prices: Object.fromEntries(prices) }
}

describe('recheck', function () {
  this.timeout(240_000)

  it('never delays adverse news beyond its seconds, against calculating everything at every block', async () => {
    let rounds = 0
    let calculated = 0
    let late = 0
    for (const { inputs, random, seed } of books(20)) {
      const { parameters } = inputs
      const account = inputs.portfolio.account as Address
      const known = new Map<Address, Computed>()
      let { market, portfolio } = inputs
      let touches = 0
      let last: LastPost | null = null
      let demandedSince: number | undefined
      for (let step = 0; step < 40; step++) {
        const timestamp = portfolio.block.timestamp + blockTime
        const block = { ...portfolio.block, number: portfolio.block.number + 1n, timestamp }
        portfolio = { ...portfolio, block }
        market = random.between(1n, 3n) === 1n ? market : moved(market, random)
        if (random.between(1n, 15n) === 1n) {
          touches += 1
          const positions = portfolio.positions.map((position) =>
            position.kind === 'debt' ? { ...position, amount: (position.amount * 11n) / 10n } : position,
          )
          portfolio = { ...portfolio, positions }
        }
        const snapshot: Snapshot = { schema: 'plimsoll-snapshot/1', portfolio, market, witnesses: witnessOf(touches) }
        const options = {
          ...{ parameters, flags, recheck, policyOf: () => defaultPostPolicy, lastOf: () => last },
          improvementOf: () => ({ bounds, stored: null }),
        }
        const { evaluated } = await evaluate([{ account, snapshot }], known, options)
        const [own] = evaluated as readonly [Evaluated?]
        if (own === undefined) break
        const always = await evaluate([{ account, snapshot }], new Map(), { ...options, recheck: undefined })
        const [truth] = always.evaluated as readonly [Evaluated]
        rounds += 1
        calculated += own.isFresh ? 1 : 0
        const wanted = shouldPost(defaultPostPolicy, last, truth.record, timestamp)
        const decision = shouldPost(defaultPostPolicy, last, own.record, timestamp)
        if (wanted.post && isAdverse(wanted.code)) demandedSince ??= timestamp
        else demandedSince = undefined
        if (decision.post) {
          expect(own.isFresh, `seed ${seed}`).to.equal(true)
          last = { ...own.record, isUsable: true }
          demandedSince = undefined
        }
        if (demandedSince !== undefined) {
          late += 1
          expect(timestamp - demandedSince, `seed ${seed}`).to.be.below(recheck.seconds)
        }
      }
    }
    expect(rounds).to.be.above(500)
    // Books whose answers jump are late at all, and seldom; a good part is not calculated.
    expect(late / rounds).to.be.below(0.01)
    expect(calculated / rounds).to.be.within(0.05, 0.9)
  })

  it('says why a margin may not stand in', () => {
    const { inputs } = [...books(1)][0] as { readonly inputs: Inputs }
    const { portfolio, market, parameters } = inputs
    const result = calculateMargin(inputs)
    const snapshot: Snapshot = { schema: 'plimsoll-snapshot/1', portfolio, market, witnesses: witnessOf(0) }
    const before = toComputed(snapshot, result)
    const { timestamp } = portfolio.block
    const last: LastPost = { ...result, observedAt: timestamp, flags: 6, isUsable: true }
    const policyAt = { policy: defaultPostPolicy, last, flags: 6 }
    const at = (seconds: number, changes: Partial<Snapshot> = {}) => ({
      ...snapshot,
      portfolio: { ...portfolio, block: { ...portfolio.block, timestamp: timestamp + seconds } },
      ...changes,
    })
    const reason = (next: Snapshot, policy = policyAt) => recheckReason(recheck, before, next, policy)
    expect(reason(at(12))).to.equal(undefined)
    expect(reason(at(48))).to.equal('aged')
    // A reorganization can take time back.
    expect(reason(at(-1))).to.equal('aged')
    expect(reason(at(12, { witnesses: witnessOf(1) }))).to.equal('touched')
    const scaled = (percent: bigint): Market => ({
      ...market,
      prices: Object.fromEntries(
        Object.entries(market.prices).map(([name, spot]) => [name, { ...spot, price: (spot.price * percent) / 100n }]),
      ),
    })
    expect(reason(at(12, { market: scaled(102n) }))).to.equal('moved')
    const renewed = Object.entries(market.prices).map(([name, spot]) => [name, { ...spot, updatedAt: timestamp + 9 }])
    expect(reason(at(12, { market: { ...market, prices: Object.fromEntries(renewed) } }))).to.equal(undefined)
    expect(reason(at(12), { ...policyAt, last: null as never })).to.equal('may-flip')
    expect(reason(at(12), { ...policyAt, last: { ...last, isUsable: false } })).to.equal('may-flip')
    expect(parameters.modelId).to.be.a('number')
  })

  it('measures how far plain values are apart', () => {
    const limit = wad
    expect(moveOf({ a: [1n, 'x'] }, { a: [1n, 'x'] }, limit)).to.equal(0n)
    expect(moveOf({ a: 100n, b: 1_000n }, { a: 101n, b: 1_000n }, limit)).to.be.within(wad / 102n, wad / 100n)
    for (const [before, next] of [
      [{ a: 1n }, { a: -1n }],
      [{ a: 0n }, { a: 1n }],
      [{ a: 1 }, { a: 2 }],
      [{ a: 1n }, { b: 1n }],
      [[1n], [1n, 1n]],
      [{ a: 'x' }, { a: 'y' }],
      [null, { a: 1n }],
    ]) {
      expect(moveOf(before, next, limit) > limit).to.equal(true)
    }
  })
})
