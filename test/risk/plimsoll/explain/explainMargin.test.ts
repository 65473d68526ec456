import { expect } from 'chai'
import fc from 'fast-check'
import type { Market } from '../../../../src/core/market.ts'
import type { Position } from '../../../../src/core/position.ts'
import { wad } from '../../../../src/core/units.ts'
import { calculateMargin } from '../../../../src/risk/plimsoll/calculateMargin.ts'
import { explainMargin } from '../../../../src/risk/plimsoll/explain/explainMargin.ts'
import {
  assets,
  balance,
  debt,
  expiry,
  fullParameters,
  liquidity,
  option,
  perpetual,
  portfolioOf,
  testMarket,
} from '../../../support/books.ts'
import { expectClose } from '../../../support/close.ts'
import { lendingRule } from './support.ts'

const parameters = fullParameters()
const market = testMarket()
const usd = 1_000_000n
const explain = (...positions: readonly Position[]) =>
  explainMargin({ portfolio: portfolioOf(...positions), market, parameters }).explanation

describe('explainMargin', () => {
  const supply = balance(assets.weth, 10n * wad, { venue: 'lending' })
  const loan = debt(assets.usdc, 14_000n * usd, { venue: 'lending' })
  const hedge = perpetual(-3n * wad, 2_000n * wad, { venue: 'perpetuals' })
  const put = option('put', 1500, 2n * wad, { venue: 'options' })
  const whole = { ...portfolioOf(supply, loan, hedge, put), rules: [lendingRule(supply, loan)] }

  describe('incremental', () => {
    it('is the margin of the portfolio without the position', () => {
      const { explanation, initialMargin } = explainMargin({ portfolio: whole, market, parameters })
      expect(explanation.binding.flatMap((row) => row.liquidated)).to.have.length(1)
      const positions = [supply, loan, hedge, put]
      for (const removed of positions) {
        const [rule] = whole.rules
        const rules = rule
          ? [
              {
                ...rule,
                collaterals: removed === supply ? [] : rule.collaterals,
                debts: removed === loan ? [] : rule.debts,
              },
            ]
          : []
        const rest = { ...whole, positions: positions.filter((held) => held !== removed), rules }
        const without = calculateMargin({ portfolio: rest, market, parameters })
        const own = explanation.incremental.find(({ key }) => key.endsWith(removed.claim.id))
        expect(own?.without).to.deep.equal({ initial: without.initialMargin, maintenance: without.maintenanceMargin })
        expect(own?.difference.initial).to.equal(initialMargin - without.initialMargin)
      }
    })
  })

  it('gives the P&L of every venue account, summing to the scenario’s', () => {
    const result = explainMargin({ portfolio: whole, market, parameters })
    const { pnlByVenueAccount } = result.explanation
    expect(pnlByVenueAccount.venueAccounts.map(({ venue }) => venue)).to.have.members([
      'lending',
      'perpetuals',
      'options',
    ])
    result.scan.underlyings.forEach(({ scenarios }, at) => {
      scenarios.forEach(({ id, pnl }, row) => {
        const own = pnlByVenueAccount.underlyings[at]?.scenarios[row]
        expect([own?.id, own?.pnl.reduce((sum, value) => sum + value, 0n)]).to.deep.equal([id, pnl])
      })
    })
    expect(pnlByVenueAccount.joint.map(({ pnl }) => pnl.reduce((sum, value) => sum + value, 0n))).to.deep.equal(
      result.scan.joint.map(({ pnl }) => pnl),
    )
  })

  it('tells where netting saves: steps from single positions to the book', () => {
    const result = explainMargin({ portfolio: whole, market, parameters })
    const { positions, accounts, venues, book, withinAccounts, withinVenues, acrossVenues } = result.explanation.netting
    expect(accounts).to.deep.equal(result.standalone.model)
    expect(book).to.deep.equal({ initial: result.initialMargin, maintenance: result.maintenanceMargin })
    expect(positions.initial - withinAccounts.initial).to.equal(accounts.initial)
    expect(withinVenues.initial + acrossVenues.initial).to.equal(result.standalone.savingAgainstModel.initial)
    expect(accounts).to.deep.equal(venues)
  })
  it('counts two accounts of one venue as saving within the venue', () => {
    const account = (subAccount: string, held: Position): Position => ({
      ...held,
      venueAccount: { ...held.venueAccount, subAccount },
    })
    const { netting } = explain(account('1', perpetual(wad)), account('2', perpetual(-wad)))
    expect(netting.withinVenues.initial > 0n).to.equal(true)
    expect(netting.acrossVenues.initial).to.equal(0n)
  })

  it('compares marks with the venue’s, absolutely and relatively', () => {
    const held = { ...balance(assets.weth, wad), venueValue: 1_980n * wad }
    const worthless = { ...balance(assets.usdc, usd), venueValue: 0n }
    const { markGaps } = explain(held, worthless, put)
    // 20 above 1,980 is 1.01 %.
    expect(markGaps.find(({ key }) => key.endsWith(held.claim.id))).to.deep.include({
      model: 2_000n * wad,
      venue: 1_980n * wad,
      gap: 20n * wad,
      relative: (20n * wad) / 1_980n,
    })
    expect(markGaps.find(({ key }) => key.endsWith(worthless.claim.id))?.relative).to.equal(null)
    expect(markGaps).to.have.length(2)
  })
  it('adds the venue’s values of claims that net, and knows none when one is unknown', () => {
    const long = { ...option('put', 1500, 2n * wad), venueValue: 20n * wad }
    const short = { ...option('put', 1500, -wad), venueValue: -10n * wad }
    expect(explain(long, short).markGaps.map(({ venue }) => venue)).to.deep.equal([10n * wad])
    expect(explain(long, option('put', 1500, -wad)).markGaps).to.deep.equal([])
  })

  describe('Greeks', () => {
    it('are standard: an option at the money', () => {
      const [own] = explain(option('call', 2000, 10n * wad)).greeks.filter(({ expiry: at }) => at === expiry)
      // σ√τ = 0.8 · √(30/365) = 0.229354; d1 = 0.114677; N(d1) = 0.545649; n(d1) = 0.396328. For 10: delta 5.45649,
      // gamma 10 · n/(2,000 · 0.229354) = 0.00864, vega 10 · 2,000 · n · 0.286691 = 2,272.5, theta −vega · 0.8/(2 · 30) = −30.30.
      const near = (value: bigint | undefined, expected: number) =>
        expectClose(Number(value) / 1e18, expected, Math.abs(expected) / 1e4)
      near(own?.delta, 5.45649)
      near(own?.gamma, 0.00864009)
      near(own?.vega, 2_272.47)
      near(own?.theta, -30.2996)
    })

    it('agree with bumps of the price, the volatility and the time', () => {
      const values = (positions: readonly Position[], at: Market, timestamp?: number) => {
        const portfolio = portfolioOf(...positions)
        const block = { ...portfolio.block, ...(timestamp === undefined ? {} : { timestamp }) }
        const result = calculateMargin({ portfolio: { ...portfolio, block }, market: at, parameters })
        return result.positions.reduce((sum, { value }) => sum + value, 0n)
      }
      const bump = (name: string, share: bigint): Market => {
        const spot = market.prices[name]
        if (!spot) throw new Error(`no price of ${name}`)
        return {
          ...market,
          prices: { ...market.prices, [name]: { ...spot, price: spot.price + (spot.price * share) / 100_000n } },
        }
      }
      const strike = fc.constantFrom(1500, 2000, 2500)
      const size = fc.bigInt(-50n, 50n).filter((value) => value !== 0n)
      const held = fc.oneof(
        fc
          .tuple(fc.constantFrom('call' as const, 'put' as const), strike, size)
          .map(([side, at, units]) => option(side, at, units * wad)),
        size.map((units) => perpetual(units * wad, 1_900n * wad)),
        fc.bigInt(1n, 50n).map((units) => liquidity(-205_000, -195_000, units * 10n ** 14n)),
        fc.bigInt(1n, 50n).map((units) => liquidity(-230_000, -220_000, units * 10n ** 14n)),
        fc.bigInt(1n, 50n).map((units) => balance(assets.weth, units * wad)),
      )
      fc.assert(
        fc.property(fc.array(held, { minLength: 1, maxLength: 4 }), (positions) => {
          const { greeks } = explain(...positions)
          const base = values(positions, market)
          for (const name of ['ETH', 'USDC']) {
            const price = market.prices[name]?.price ?? wad
            const step = price / 1_000n
            const [up, down] = [values(positions, bump(name, 100n)), values(positions, bump(name, -100n))]
            const own = greeks.filter(({ underlying }) => underlying === name)
            const delta = own.reduce((sum, bucket) => sum + bucket.delta, 0n)
            const gamma = own.reduce((sum, bucket) => sum + bucket.gamma, 0n)
            const scale = 1 + Number(positions.length) * 50
            expectClose(
              Number(delta) / 1e18,
              Number(((up - down) * wad) / (2n * step)) / 1e18,
              scale * (name === 'ETH' ? 1e-4 : 1),
            )
            const bumped = Number(((up - 2n * base + down) * wad) / step) / Number(step)
            if (name === 'ETH') expectClose(Number(gamma) / 1e18, bumped, scale * 1e-6)
          }
          const vega = greeks.reduce((sum, bucket) => sum + bucket.vega, 0n)
          const vol = (percent: bigint) => {
            const at = (percent * wad) / 10_000n
            return values(positions, testMarket({ volatility: { low: at, high: at } }))
          }
          expectClose(Number(vega) / 1e18, Number((vol(8_001n) - vol(7_999n)) * 5_000n) / 1e18, 0.05)
          const theta = greeks.reduce((sum, bucket) => sum + bucket.theta, 0n)
          const hour = portfolioOf().block.timestamp
          const decay = values(positions, market, hour + 3_600) - values(positions, market, hour - 3_600)
          expectClose(Number(theta) / 1e18, (Number(decay) * 12) / 1e18, 0.05)
        }),
        { numRuns: 60, seed: 16 },
      )
    })

    it('put liquidity and perpetuals in the bucket without expiry', () => {
      const { greeks } = explain(perpetual(wad), liquidity(-205_000, -195_000, 10n ** 15n), option('put', 2000, wad))
      expect(greeks.map(({ underlying, expiry: at }) => `${underlying} ${at}`)).to.deep.equal([
        'ETH null',
        `ETH ${expiry}`,
        'USDC null',
      ])
      expect((greeks[0]?.gamma ?? 0n) < 0n && (greeks[1]?.gamma ?? 0n) > 0n).to.equal(true)
    })
  })
})
