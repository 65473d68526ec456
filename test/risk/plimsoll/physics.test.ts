import { expect } from 'chai'
import type { MarginResult } from '../../../src/core/margin.ts'
import type { Position } from '../../../src/core/position.ts'
import { wad } from '../../../src/core/units.ts'
import type { VenueRule } from '../../../src/core/venueRule.ts'
import { calculateMargin } from '../../../src/risk/plimsoll/calculateMargin.ts'
import {
  assets,
  balance,
  debt,
  expiry,
  lendingRule,
  option,
  perpetual,
  perpetualRule,
  portfolioOf,
  testMarket,
  testParameters,
  venueAccountOf,
} from '../../support/books.ts'

const e6 = 10n ** 6n
const usd = 1_000_000n
const market = testMarket()
const parameters = testParameters()
const withoutPhysics = testParameters((plain) => {
  plain.venuePhysics = 'off'
})

const margin = (rules: readonly VenueRule[], positions: readonly Position[], set = parameters) =>
  calculateMargin({ portfolio: { ...portfolioOf(...positions), rules }, market, parameters: set })
const scenarioOf = (result: MarginResult, underlying: string, id: string) =>
  result.scan.underlyings
    .find((entry) => entry.underlying === underlying)
    ?.scenarios.find((entry) => entry.id === id) ?? expect.fail(`no scenario ${id}`)

const loan = (usdc: bigint, weth = 10n * wad) => ({
  rules: [lendingRule('lending', { weth, usdc })],
  positions: [balance(assets.weth, weth, { venue: 'lending' }), debt(assets.usdc, usdc, { venue: 'lending' })],
})

describe('venue physics', () => {
  it('charges the penalty where the venue liquidates: 10 WETH against 14,000 USDC', () => {
    // Liquidatable below 14,000 / (10 × 0.825) = 1,696.97, so at −18 % (1,640) and not at −12 % (1,760).
    const { rules, positions } = loan(14_000n * e6)
    const result = margin(rules, positions)
    expect(scenarioOf(result, 'ETH', '-2/3 up').pnl).to.equal(-2400n * wad)
    expect(scenarioOf(result, 'ETH', '-2/3 up').liquidated).to.deep.equal([])
    // 5 % of the debt of 14,000 on top of the loss of 3,600.
    expect(scenarioOf(result, 'ETH', '-1 up').pnl).to.equal(-4300n * wad)
    expect(scenarioOf(result, 'ETH', '-1 up').liquidated).to.have.length(1)
    expect(result.firstLiquidations[0]).to.include({ underlying: 'ETH', scenario: '-1 up', price: 1640n * wad })
    expect(result.venueCritical).to.equal(false)
    const plain = margin(rules, positions, withoutPhysics)
    expect(scenarioOf(plain, 'ETH', '-1 up').pnl).to.equal(-3600n * wad)
    expect(plain.maintenanceMargin < result.maintenanceMargin).to.equal(true)
  })

  it('is critical when a move of 5 % liquidates', () => {
    // Liquidatable below 15,700 / 8.25 = 1,903.03: 4.85 % away.
    const { rules, positions } = loan(15_700n * e6)
    expect(margin(rules, positions).venueCritical).to.equal(true)
  })

  it('takes no liquidation for a stop-loss: a short perpetual goes on losing', () => {
    const rules = [perpetualRule('perps', { cash: 4000n * wad, size: -10n * wad })]
    const positions = [
      perpetual(-10n * wad, 2000n * wad, { venue: 'perps' }),
      balance(assets.usdc, 4000n * e6, { venue: 'perps' }),
    ]
    const result = margin(rules, positions)
    // At 2,360: 4,000 − 3,600 = 400 is below 6.25 % of 23,600; the penalty is 2.5 % of that notional.
    expect(scenarioOf(result, 'ETH', '+1 up').pnl).to.equal(-(3600n + 590n) * wad)
    // At 12,000 the loss is the whole 100,000, not the 4,000 that were there, and 2.5 % of 120,000.
    expect(scenarioOf(result, 'ETH', '+500% up').pnl).to.equal(-(100_000n + 3000n) * wad)
  })

  it('lets a hedge stop gaining once its venue has closed it', () => {
    // A long perpetual that its venue closes on the way down, and puts at the same venue that would pay far below.
    const rules = [perpetualRule('perps', { cash: 2000n * wad, size: 10n * wad })]
    const positions = [
      perpetual(10n * wad, 2000n * wad, { venue: 'perps' }),
      balance(assets.usdc, 2000n * e6, { venue: 'perps' }),
      option('put', 1500, 60n * wad, { venue: 'perps' }),
    ]
    const physical = scenarioOf(margin(rules, positions), 'ETH', '-66% up')
    const plain = scenarioOf(margin(rules, positions, withoutPhysics), 'ETH', '-66% up')
    expect(plain.pnl > 0n).to.equal(true)
    expect(physical.pnl < 0n).to.equal(true)
  })

  it('sees two falls that liquidate only together', () => {
    // 5 WETH and 1/6 WBTC: 20,000 of collateral, 16,500 of cover, 14,500 of debt. One falling 18 % leaves 15,015.
    const rules = [lendingRule('lending', { weth: 5n * wad, wbtc: 16_666_667n, usdc: 14_500n * e6 })]
    const positions = [
      balance(assets.weth, 5n * wad, { venue: 'lending' }),
      balance(assets.wbtc, 16_666_667n, { venue: 'lending' }),
      debt(assets.usdc, 14_500n * e6, { venue: 'lending' }),
    ]
    const result = margin(rules, positions)
    expect(scenarioOf(result, 'ETH', '-1 up').liquidated).to.deep.equal([])
    expect(scenarioOf(result, 'BTC', '-1 up').liquidated).to.deep.equal([])
    const together = result.scan.joint.find(({ id }) => id.startsWith('-1 up, stables still'))
    expect(together?.liquidated).to.have.length(1)
  })

  it('never lowers the scan, and says which accounts it knows no rule for', () => {
    const { rules, positions } = loan(14_000n * e6)
    expect(margin(rules, positions).scan.charge >= margin(rules, positions, withoutPhysics).scan.charge).to.equal(true)
    expect(margin([], positions).withoutPhysics).to.have.length(1)
    expect(margin(rules, positions).withoutPhysics).to.deep.equal([])
  })

  it('merging two accounts at a venue can owe more: what one could bear is liquidated with the other', () => {
    const rulesOf = (...rules: readonly VenueRule[]) => rules
    const supply = (venue: string) => balance(assets.weth, 10n * wad, { venue })
    const owe = (venue: string, usdc: bigint) => debt(assets.usdc, usdc * e6, { venue })
    const first = lendingRule('a', { weth: 10n * wad, usdc: 15_500n * e6 })
    const second = lendingRule('b', { weth: 10n * wad, usdc: 12_000n * e6 })
    const apart = margin(rulesOf(first, second), [supply('a'), owe('a', 15_500n), supply('b'), owe('b', 12_000n)])
    const merged = lendingRule('a', { weth: 20n * wad, usdc: 27_500n * e6 })
    const together = margin(rulesOf(merged), [supply('a'), owe('a', 15_500n), supply('a'), owe('a', 12_000n)])
    // At 1,640 the first covers 13,530 of 15,500 and is liquidated, the second of 12,000 is not; both cover 27,060 of 27,500.
    // So 5 % of 27,500 instead of 15,500: 1,375 − 775.
    const pnlAt = (result: MarginResult) => scenarioOf(result, 'ETH', '-1 up').pnl
    expect(pnlAt(apart)).to.equal(-(7200n + 775n) * wad)
    expect(pnlAt(together)).to.equal(-(7200n + 1375n) * wad)
    expect(together.scan.charge - apart.scan.charge).to.equal(600n * wad)
  })

  it('venue floor: equity that keeps a leg open cannot be lent again', () => {
    // Equity 10,000. At 1,640 the cover is 13,530 and 3,530 could be withdrawn: 6,470 is needed there.
    const { rules, positions } = loan(10_000n * e6)
    const result = margin(rules, positions)
    const initial = Object.fromEntries(result.lines.map((line) => [line.id, line.initial]))
    // Scan: −18 % is 3,600, USDC +3 % of 10,000 is 300. The venue's failure takes 5,000.
    expect([initial.scan, initial.venueFailure, initial.venueFloor]).to.deep.equal([
      3900n * usd,
      1100n * usd,
      1470n * usd,
    ])
    expect(result.lines.find(({ id }) => id === 'venueFloor')?.maintenance).to.equal(0n)
  })

  it('venue floor: charged without physics just the same', () => {
    const { rules, positions } = loan(10_000n * e6)
    const floor = (set: typeof parameters) =>
      margin(rules, positions, set).lines.find(({ id }) => id === 'venueFloor')?.initial
    // Nothing is liquidated at 1,640, so scan and failure are what they are with physics, and the need is the same.
    expect(floor(withoutPhysics)).to.equal(1470n * usd)
    expect(floor(withoutPhysics)).to.equal(floor(parameters))
  })

  it('venue floor: an account in stablecoins alone needs what keeps it open today', () => {
    const rule: VenueRule = {
      ...lendingRule('stables', { usdc: 6000n * e6 }),
      collaterals: [
        {
          asset: assets.susd,
          amount: 10_000n * wad,
          decimals: 18,
          quote: 10n ** 8n,
          liquidationThreshold: 7500,
          bonus: 0,
        },
      ],
    }
    const positions = [
      balance(assets.susd, 10_000n * wad, { venue: 'stables' }),
      debt(assets.usdc, 6000n * e6, { venue: 'stables' }),
    ]
    const initial = Object.fromEntries(margin([rule], positions).lines.map((line) => [line.id, line.initial]))
    // sUSD −50 % × 0.15 is 750, USDC +3 % is 180. Failure: half of 4,000, of which 930 is covered.
    expect([initial.scan, initial.venueFailure]).to.deep.equal([930n * usd, 1070n * usd])
    // No scenario is a range. Cover 7,500 less the debt of 6,000 could go, so 2,500 of 4,000 stays: 2,500 − 2,000.
    expect(initial.venueFloor).to.equal(500n * usd)
  })

  it('an offset contract that its venue still sees: the rule alone moves the account', () => {
    // 5 calls long and 5 short at 2,000 are no claim any more; the short's 3,000 of collateral is one.
    const place = { venue: 'options', quoteAsset: assets.susd }
    const rule = (collateral: bigint): VenueRule => ({
      kind: 'optionCollateral',
      venueAccount: venueAccountOf('options'),
      underlying: 'ETH',
      quoteAsset: assets.susd,
      quote: 2000n * wad,
      shorts: [
        { id: '1', right: 'call', collateralIn: 'quote', strike: 2000n * wad, expiry, amount: 5n * wad, collateral },
      ],
      minimum: {
        quoteCollateral: 0n,
        baseCollateral: 0n,
        shockVolA: 1n,
        shockVolPointA: 0,
        shockVolB: 0n,
        shockVolPointB: 86_400,
        callSpotShock: (12n * wad) / 10n,
        putSpotShock: wad,
        rate: 0n,
      },
      penaltyRatio: wad / 10n,
      minimumPenalty: 0n,
    })
    const book = (collateral: bigint) => [
      option('call', 2000, 5n * wad, place),
      option('call', 2000, -5n * wad, place),
      balance(assets.susd, collateral, { venue: 'options' }),
    ]
    const result = margin([rule(3000n * wad)], book(3000n * wad))
    expect(result.positions).to.have.length(1)
    // Due where 5 × (1.2 · S − 2,000) exceeds 3,000: above 2,166.67, so at +12 % (2,240) and not at +6 % (2,120).
    expect(scenarioOf(result, 'ETH', '+1/3 up').liquidated).to.deep.equal([])
    expect(scenarioOf(result, 'ETH', '+2/3 up').liquidated).to.have.length(1)
    // At 2,240 the short owes 5 × 240 of its 3,000; the rest goes, more than the fee of 10 %. The collateral itself stands still.
    expect(scenarioOf(result, 'ETH', '+2/3 up').pnl).to.equal(-(3000n - 1200n) * wad)
    expect(result.firstLiquidations[0]).to.include({ underlying: 'ETH', scenario: '+2/3 up' })
  })

  it('adds the floors of two venues that both hold equity', () => {
    const one = loan(10_000n * e6)
    const other = {
      rules: [lendingRule('other', { weth: 10n * wad, usdc: 10_000n * e6 })],
      positions: [
        balance(assets.weth, 10n * wad, { venue: 'other' }),
        debt(assets.usdc, 10_000n * e6, { venue: 'other' }),
      ],
    }
    const both = margin([...one.rules, ...other.rules], [...one.positions, ...other.positions])
    // 2 × 6,470, and one unit of arithmetic.
    expect(both.initialMargin).to.equal(2n * 6470n * usd + 1n)
  })

  it('combined: short perpetual, long call and a loan owe less together than apart, and at least what any venue takes with it', () => {
    const perp = {
      rules: [perpetualRule('perps', { cash: 6000n * wad, size: -8n * wad })],
      positions: [
        perpetual(-8n * wad, 2000n * wad, { venue: 'perps' }),
        balance(assets.usdc, 6000n * e6, { venue: 'perps' }),
      ],
    }
    const call = { rules: [], positions: [option('call', 2000, 4n * wad, { venue: 'options' })] }
    const lend = loan(9000n * e6)
    const parts = [perp, call, lend]
    const combined = margin(
      parts.flatMap<VenueRule>(({ rules }) => rules),
      parts.flatMap(({ positions }) => [...positions]),
    )
    const apart = parts.map(({ rules, positions }) => margin(rules, positions).initialMargin)
    expect(combined.initialMargin < apart.reduce((sum, part) => sum + part, 0n)).to.equal(true)
    for (const failed of parts) {
      const left = parts.filter((part) => part !== failed)
      const rest = margin(
        left.flatMap<VenueRule>(({ rules }) => rules),
        left.flatMap(({ positions }) => [...positions]),
      )
      const there = margin(failed.rules, failed.positions)
      const lost = there.positions.reduce((sum, { creditedValue }) => sum + creditedValue, 0n) / 2n
      expect(combined.initialMargin * 10n ** 12n >= lost + rest.scan.charge).to.equal(true)
    }
  })
})
