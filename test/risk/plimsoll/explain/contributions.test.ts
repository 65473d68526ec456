import { expect } from 'chai'
import fc from 'fast-check'
import type { ExplainedMargin } from '../../../../src/core/explanation.ts'
import type { MarginParameters } from '../../../../src/core/parameters.ts'
import { type Balance, type Position, venueAccountKey } from '../../../../src/core/position.ts'
import { wad } from '../../../../src/core/units.ts'
import type { VenueRule } from '../../../../src/core/venueRule.ts'
import { calculateMargin } from '../../../../src/risk/plimsoll/calculateMargin.ts'
import { explainMargin } from '../../../../src/risk/plimsoll/explain/explainMargin.ts'
import {
  assets,
  balance,
  consumerDebt,
  debt,
  fullParameters,
  liquidity,
  option,
  perpetual,
  portfolioOf,
  testMarket,
  testParameters,
} from '../../../support/books.ts'
import { lendingRule } from './support.ts'

const usd = 1_000_000n
const venue = fc.constantFrom('a', 'b', 'c')
const strike = fc.constantFrom(1500, 2000, 2500)
const size = fc.oneof(fc.bigInt(-50n * wad, 50n * wad), fc.bigInt(-3n, 3n)).filter((value) => value !== 0n)
const amount = fc.oneof(fc.bigInt(1n, 50n * wad), fc.bigInt(1n, 3n))
const token = fc.constantFrom(assets.weth, assets.seth, assets.susd, assets.wbtc)
const right = fc.constantFrom('call' as const, 'put' as const)
const place = (at: string) => ({ venue: at })

const position: fc.Arbitrary<Position> = fc.oneof(
  fc.tuple(token, amount, venue).map(([asset, held, at]) => balance(asset, held, place(at))),
  fc.tuple(token, amount, venue).map(([asset, owed, at]) => debt(asset, owed, place(at))),
  fc.tuple(size, venue).map(([held, at]) => perpetual(held, 2_010n * wad, place(at))),
  fc.tuple(right, strike, size, venue).map(([side, at, held, where]) => option(side, at, held, place(where))),
  fc
    .tuple(fc.integer({ min: -2100, max: -1920 }), fc.integer({ min: 1, max: 100 }), fc.bigInt(1n, 10n ** 17n), venue)
    .map(([lower, width, held, at]) => liquidity(lower * 100, (lower + width) * 100, held, place(at))),
  amount.map((owed) => consumerDebt(owed)),
)
const book = fc.array(position, { minLength: 1, maxLength: 5 })

/** Few scenarios, so that many books are tried; credit between underlyings, so that joint rows take part. */
const small = (change: Parameters<typeof fullParameters>[0] = () => {}) =>
  fullParameters((plain) => {
    const kept = new Set(['-1 up', '+1 up', '+2', '-66% up', '0 down'])
    for (const entry of Object.values(plain.classes)) {
      if (entry.scenarios.some(({ id }) => kept.has(id))) {
        entry.scenarios = entry.scenarios.filter(({ id }) => kept.has(id))
      }
    }
    plain.jointRows = plain.jointRows.filter(({ take }) => kept.has(take.volatile ?? ''))
    change(plain)
  })
const strict = small()
const soft = small((plain) => {
  plain.decorrelation = (75n * wad) / 100n
})
const doubtful = testMarket({
  confidence: (40n * wad) / 100n,
  volatility: { low: (7n * wad) / 10n, high: (9n * wad) / 10n },
})

function explain(positions: readonly Position[], parameters: MarginParameters, rules: readonly VenueRule[] = []) {
  return explainMargin({ portfolio: { ...portfolioOf(...positions), rules }, market: doubtful, parameters })
}

function expectSums({ lines, initialMargin, maintenanceMargin, explanation }: ExplainedMargin) {
  for (const stage of ['initial', 'maintenance'] as const) {
    lines.forEach((line, index) => {
      const sum = explanation.contributions.reduce((total, own) => total + (own.lines[index]?.[stage] ?? 0n), 0n)
      expect(sum, `${line.id} ${stage}`).to.equal(line[stage])
    })
    const total = explanation.contributions.reduce((sum, own) => sum + own.total[stage], 0n)
    expect(total).to.equal(stage === 'initial' ? initialMargin : maintenanceMargin)
  }
}

describe('contributions', () => {
  it('sum to every line and to the total, to the unit', () => {
    fc.assert(
      fc.property(book, fc.boolean(), (positions, isSoft) => expectSums(explain(positions, isSoft ? soft : strict))),
      { numRuns: 1_000, seed: 11 },
    )
  })

  it('sum where venues liquidate inside the scenarios', () => {
    let liquidating = 0
    const rest = fc.array(position, { maxLength: 3 })
    fc.assert(
      fc.property(rest, fc.bigInt(5n, 19n), fc.bigInt(1n, 20n), (others, owed, held) => {
        const supply = balance(assets.weth, held * wad, { venue: 'lending' })
        const loan = debt(assets.usdc, owed * held * 100n * usd, { venue: 'lending' })
        const result = explain([supply, loan, ...others], strict, [lendingRule(supply, loan)])
        expectSums(result)
        const due = result.explanation.contributions.reduce((sum, own) => sum + own.liquidation.initial, 0n)
        expect(due >= 0n).to.equal(true)
        if (due > 0n) liquidating += 1
      }),
      { numRuns: 300, seed: 12 },
    )
    expect(liquidating).to.be.greaterThan(50)
  })

  it('do not depend on the order of the positions', () => {
    fc.assert(
      fc.property(book, (positions) => {
        expect(explain([...positions].reverse(), soft)).to.deep.equal(explain(positions, soft))
      }),
      { numRuns: 60, seed: 13 },
    )
  })

  it('leave a position of size zero out', () => {
    fc.assert(
      fc.property(book, (positions) => {
        const zero = [
          balance(assets.weth, 0n),
          option('put', 2000, 0n, { venue: 'z' }),
          liquidity(-201_000, -199_000, 0n),
        ]
        expect(explain([...positions, ...zero], strict)).to.deep.equal(explain(positions, strict))
      }),
      { numRuns: 40, seed: 14 },
    )
  })

  it('give nothing to a position that nothing moves or charges', () => {
    const owed = consumerDebt(1_000n * wad)
    const { explanation } = explain([owed, perpetual(-wad), balance(assets.weth, wad)], strict)
    const own = explanation.contributions.find(({ key }) => key.includes(owed.claim.id))
    expect(own?.total).to.deep.equal({ initial: 0n, maintenance: 0n })
  })

  it('leave the margin as calculateMargin gives it', () => {
    fc.assert(
      fc.property(book, (positions) => {
        const { explanation: _, ...result } = explain(positions, soft)
        const portfolio = portfolioOf(...positions)
        expect(result).to.deep.equal(calculateMargin({ portfolio, market: doubtful, parameters: soft }))
      }),
      { numRuns: 40, seed: 15 },
    )
  })

  describe('by hand', () => {
    const parameters = testParameters()
    const market = testMarket()
    const of = (result: ExplainedMargin, claim: Position) =>
      result.explanation.contributions.find(({ key }) => key.endsWith(claim.claim.id))
    const lineOf = (result: ExplainedMargin, claim: Position, id: string) =>
      of(result, claim)?.lines.find((line) => line.id === id)

    it('a long of 3 ETH and a perpetual short of 1 ETH: the scan is theirs by P&L where it binds', () => {
      const long = balance(assets.weth, 3n * wad, { venue: 'a' })
      const short = perpetual(-wad, 2_000n * wad, { venue: 'b' })
      const result = explainMargin({ portfolio: portfolioOf(long, short), market, parameters })
      // −18 % of 2,000 is −360 a unit: 3 · 360 = 1,080 lost and 360 won, 720. With the stablecoin at −3 %, in which the short
      // pays, it wins 349.20 only: the joint row, 730.80, exceeds the sum and binds alone. Maintenance is 0.8 of it.
      const [binding] = result.explanation.binding
      expect(binding).to.deep.include({ underlying: null, id: '-1 up, stables -3%', share: wad })
      expect(lineOf(result, long, 'scan')).to.deep.include({ initial: 1_080n * usd, maintenance: 864n * usd })
      expect(lineOf(result, short, 'scan')).to.deep.include({ initial: -349_200_000n, maintenance: -279_360_000n })
      expect(result.lines[0]).to.deep.include({ id: 'scan', initial: 730_800_000n, maintenance: 584_640_000n })
    })

    it('naked shorts: what is long the strike takes back what it offsets', () => {
      const short = option('call', 2000, -5n * wad, { venue: 'a' })
      const long = option('call', 2000, 2n * wad, { venue: 'b' })
      const result = explainMargin({ portfolio: portfolioOf(short, long), market, parameters })
      // 0.5 % of 2,000 is 10 a naked short: 5 · 10 = 50, less 2 · 10 = 20; maintenance 0.3 %: 30 and 12.
      expect(lineOf(result, short, 'shortOptionMinimum')).to.deep.include({
        initial: 50n * usd,
        maintenance: 30n * usd,
      })
      expect(lineOf(result, long, 'shortOptionMinimum')).to.deep.include({
        initial: -20n * usd,
        maintenance: -12n * usd,
      })
    })

    it('a liquidated loan: the penalty is named and split by what is at stake', () => {
      const supply = balance(assets.weth, 10n * wad, { venue: 'lending' })
      const loan = debt(assets.usdc, 14_000n * usd, { venue: 'lending' })
      const portfolio = { ...portfolioOf(supply, loan), rules: [lendingRule(supply, loan)] }
      const result = explainMargin({ portfolio, market, parameters })
      // At −18 % the collateral is worth 16,400 · 82.5 % = 13,530 < 14,000. ETH binds at −18 %: 3,600 lost and a penalty of
      // 5 % of 14,000 = 700. No move of the stablecoin to +3 % liquidates: 14,420 < 16,500. It charges the loan 420.
      const [eth, usdc] = result.explanation.binding
      expect([eth?.id, eth?.liquidated.length, usdc?.id, usdc?.liquidated.length]).to.deep.equal(['-1 up', 1, '+3%', 0])
      // At stake: ETH 20,000 and at most 500 % of it, 120,000; USDC 14,000 and at most 50 % of it, 21,000.
      // 700 · 120/141 = 595.744680(85) and 700 · 21/141 = 104.255319(14): the larger rest takes the unit.
      expect(of(result, supply)?.liquidation.initial).to.equal(595_744_681n)
      expect(of(result, loan)?.liquidation.initial).to.equal(104_255_319n)
      expect(lineOf(result, supply, 'scan')?.initial).to.equal(3_600n * usd + 595_744_681n)
      expect(lineOf(result, loan, 'scan')?.initial).to.equal(420n * usd + 104_255_319n)
    })

    it('venue failure: half the equity of the venue that fails, and what is left without it', () => {
      const cash = balance(assets.weth, 10n * wad, { venue: 'a' })
      const short = perpetual(-10n * wad, 2_000n * wad, { venue: 'b' })
      const result = explainMargin({ portfolio: portfolioOf(cash, short), market, parameters })
      const total = result.lines.find(({ id }) => id === 'venueFailure')?.initial ?? 0n
      // a fails: 10,000 lost and the short's scan of 3,600 stays, so 10,000 : 3,600 of what other lines do not cover.
      const lost = lineOf(result, cash, 'venueFailure')?.initial ?? 0n
      expect(total > 13_400n * usd && total < 13_600n * usd).to.equal(true)
      expect(lost).to.equal((total * 10_000n + 6_800n) / 13_600n)
      expect(lineOf(result, short, 'venueFailure')?.initial).to.equal(total - lost)
    })

    it('venue failure: of two venues that cost the same the first fails', () => {
      const [first, second] = ['a', 'b'].map((venue) => balance(assets.weth, 10n * wad, { venue })) as [
        Balance,
        Balance,
      ]
      const result = explainMargin({ portfolio: portfolioOf(second, first), market, parameters })
      const [lost, left] = [first, second].map((leg) => lineOf(result, leg, 'venueFailure')?.initial ?? 0n)
      // 10,000 lost at the one, a scan of 3,600 left at the other.
      expect(((lost ?? 0n) * 3_600n) / 10_000n - (left ?? 0n)).to.be.within(-1n, 1n)
    })

    it('names the venue account of every position', () => {
      const held = balance(assets.weth, wad, { venue: 'a' })
      const result = explainMargin({ portfolio: portfolioOf(held), market, parameters })
      expect(result.explanation.pnlByVenueAccount.venueAccounts).to.deep.equal([
        { venueAccount: venueAccountKey(held.venueAccount), venue: 'a' },
      ])
    })
  })
})
