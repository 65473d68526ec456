import { expect } from 'chai'
import type { MarginLineId } from '../../../src/core/margin.ts'
import type { Market } from '../../../src/core/market.ts'
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
  type PlainParameters,
  perpetual,
  portfolioOf,
  testMarket,
  testParameters,
} from '../../support/books.ts'

const e6 = 10n ** 6n
const usd = 1_000_000n
const now = expiry - 30 * 86_400
const pair = (initial: bigint, maintenance: bigint) => ({ initial, maintenance })
const basisPoints = (count: bigint) => (count * wad) / 10_000n

/** Every rate of every line at zero; what is left is charged by the one that a test switches on. */
function silence({ lines, assets: known, underlyings }: PlainParameters): void {
  lines.scan = pair(0n, 0n)
  lines.shortOptionMinimum = pair(0n, 0n)
  lines.hedgedDeltaMinimum = pair(0n, 0n)
  lines.liquidity.impact = pair(0n, 0n)
  for (const { liquidity } of Object.values(underlyings)) liquidity.halfSpread = pair(0n, 0n)
  lines.oracleConfidence.threshold = 0n
  lines.settlementGap = pair(0n, 0n)
  lines.venueFailure.recovery = wad
  lines.arithmetic.epsilon = 0n
  for (const entry of Object.values(known)) entry.basis = { initial: '0', maintenance: '0' }
}

type Golden = {
  readonly id: MarginLineId
  readonly book: readonly Position[]
  readonly switchOn: (plain: PlainParameters) => void
  /** Dollars. */
  readonly expected: readonly [number, number]
  readonly market?: Market
  readonly rules?: readonly VenueRule[]
}

const loan = [
  balance(assets.weth, 10n * wad, { venue: 'lending' }),
  debt(assets.usdc, 10_000n * e6, { venue: 'lending' }),
]
const lastDay = now + 64_800

const goldens: readonly Golden[] = [
  {
    // 10 WETH at −18 %: 3,600, and 0.8 of it.
    id: 'scan',
    book: [balance(assets.weth, 10n * wad)],
    switchOn: ({ lines }) => {
      lines.scan = pair(wad, (8n * wad) / 10n)
    },
    expected: [3600, 2880],
  },
  {
    // |10 − 4| sETH × 2,000 × 5 % and 3 %.
    id: 'wrappedBasis',
    book: [balance(assets.seth, 10n * wad, { venue: 'a' }), debt(assets.seth, 4n * wad, { venue: 'b' })],
    switchOn: ({ assets: known }) => {
      const seth = known[assets.seth]
      if (seth) seth.basis = { initial: `${basisPoints(500n)}`, maintenance: `${basisPoints(300n)}` }
    },
    expected: [600, 360],
  },
  {
    // 3 calls short against 1 put long at 2,000, and 1 put short at 1,500: (2 + 1) × 2,000 × 0.5 % and 0.3 %.
    id: 'shortOptionMinimum',
    book: [option('call', 2000, -3n * wad), option('put', 2000, wad), option('put', 1500, -wad)],
    switchOn: ({ lines }) => {
      lines.shortOptionMinimum = pair(basisPoints(50n), basisPoints(30n))
    },
    expected: [30, 18],
  },
  {
    // Gross 10 + 8, net 2: (18 − 2) / 2 × 2,000 × 1 % and 0.5 %.
    id: 'hedgedDeltaMinimum',
    book: [balance(assets.weth, 10n * wad), perpetual(-8n * wad)],
    switchOn: ({ lines }) => {
      lines.hedgedDeltaMinimum = pair(basisPoints(100n), basisPoints(50n))
    },
    expected: [160, 80],
  },
  {
    // Q = 20,000: 10 bp is 20 and 5 bp is 10; 1.0 and 0.5 × 4 % × 20,000 × √(20,000 / 8,000,000) = 800 × 0.05 = 40 and 20.
    id: 'liquidity',
    book: [balance(assets.weth, 10n * wad)],
    switchOn: ({ lines, underlyings }) => {
      lines.liquidity.impact = pair(wad, wad / 2n)
      const halfSpread = pair(basisPoints(10n), basisPoints(5n))
      Object.assign(underlyings.ETH ?? {}, {
        liquidity: { halfSpread, dailyVolatility: wad / 25n, averageDailyVolume: 8_000_000n * wad },
      })
    },
    expected: [60, 30],
  },
  {
    // Confidence 0.75 below 0.8: 0.25 × (10 − 4) WETH × 2,000 in one account, 0.25 × 1 × 2,000 of the option. Initial only.
    id: 'oracleConfidence',
    book: [balance(assets.weth, 10n * wad), debt(assets.weth, 4n * wad), option('put', 2000, wad)],
    market: testMarket({ confidence: (75n * wad) / 100n }),
    switchOn: ({ lines }) => {
      lines.oracleConfidence.threshold = (8n * wad) / 10n
    },
    expected: [3500, 0],
  },
  {
    // 2 × 2,000 × 6 % and 4 % × (86,400 − 64,800) / 86,400.
    id: 'settlementGap',
    book: [option('put', 2000, -2n * wad, { at: lastDay })],
    market: testMarket({ expiries: [lastDay] }),
    switchOn: ({ lines }) => {
      lines.settlementGap = pair(basisPoints(600n), basisPoints(400n))
    },
    expected: [60, 40],
  },
  {
    // The lending account, worth 10,000, fails and a quarter comes back. The other, worth 8,000, stays.
    id: 'venueFailure',
    book: [...loan, balance(assets.weth, 4n * wad, { venue: 'other' })],
    switchOn: ({ lines }) => {
      lines.venueFailure.recovery = wad / 4n
    },
    expected: [7500, 7500],
  },
  {
    // At 1,640 the cover is 10 × 1,640 × 0.825 = 13,530; of 10,000 equity 3,530 could leave. Initial only.
    id: 'venueFloor',
    book: loan,
    rules: [lendingRule('lending', { weth: 10n * wad, usdc: 10_000n * e6 })],
    switchOn: () => {},
    expected: [6470, 0],
  },
  {
    // (10 × 2,000 + 10,000 + 3 × 2,000) × 1e-6.
    id: 'arithmetic',
    book: [...loan, perpetual(-3n * wad)],
    switchOn: ({ lines }) => {
      lines.arithmetic.epsilon = wad / 1_000_000n
    },
    expected: [0.036, 0.036],
  },
]

describe('every line of plimsoll-1 alone, by hand', () => {
  for (const { id, book, switchOn, expected, market = testMarket(), rules = [] } of goldens) {
    it(id, () => {
      const parameters = testParameters((plain) => {
        silence(plain)
        switchOn(plain)
      })
      const result = calculateMargin({ portfolio: { ...portfolioOf(...book), rules }, market, parameters })
      const [initial, maintenance] = expected.map((dollars) => BigInt(dollars * 1e6))
      expect(result.lines.filter((line) => line.initial !== 0n)).to.deep.equal([{ id, initial, maintenance }])
      expect([result.initialMargin, result.maintenanceMargin]).to.deep.equal([initial, maintenance])
    })
  }

  it('longOptionCap', () => {
    // A basis of 150 % and 120 % on 2,000 charges 3,000 and 2,400; what cannot lose more than 2,000 owes 2,000.
    const parameters = testParameters((plain) => {
      silence(plain)
      const seth = plain.assets[assets.seth]
      if (seth) seth.basis = { initial: `${(15n * wad) / 10n}`, maintenance: `${(12n * wad) / 10n}` }
    })
    const of = (...book: readonly Position[]) =>
      calculateMargin({ portfolio: portfolioOf(...book), market: testMarket(), parameters })
    const capped = of(balance(assets.seth, wad))
    const cap = { id: 'longOptionCap', initial: -1000n * usd, maintenance: -400n * usd }
    expect(capped.lines.at(-1)).to.deep.equal(cap)
    expect([capped.initialMargin, capped.maintenanceMargin]).to.deep.equal([2000n * usd, 2000n * usd])
    // One wei of debt, and the book can lose more than it is worth.
    expect(of(balance(assets.seth, wad), debt(assets.usdc, 1n)).initialMargin).to.equal(3000n * usd)
    // A long option counts nine tenths: 182.596816 × 0.9, rounded down, is what is left to charge.
    const call = of(balance(assets.seth, wad), option('call', 2000, wad))
    expect(call.initialMargin).to.equal(2164_337_134n)
  })
})

describe('the last wei', () => {
  /** One ether costs 1e12 dollars, so that a wei of it is a quote unit. */
  const dear = testMarket({ eth: 10n ** 30n })

  it('every product of the wrapped basis is rounded up', () => {
    const parameters = testParameters((plain) => {
      silence(plain)
      const seth = plain.assets[assets.seth]
      if (seth) seth.basis = { initial: `${wad}`, maintenance: `${wad}` }
    })
    const price = testMarket({ eth: 10n ** 30n + 1n })
    const market = { ...price, rates: { ...price.rates, [assets.seth]: (15n * wad) / 10n } }
    const portfolio = portfolioOf(debt(assets.seth, 1n))
    const result = calculateMargin({ portfolio, market, parameters })
    // One wei at a rate of 1.5 is two wei of ether, two units and 2e-18 of a wei, so a wei more and a unit more.
    expect(result.initialMargin).to.equal(3n)
  })

  it('what is credited by half counts by half, down to nothing; what is owed counts whole', () => {
    const parameters = testParameters((plain) => {
      silence(plain)
      plain.credit.venue = wad / 2n
      const { ETH } = plain.underlyings
      if (ETH) ETH.liquidity.halfSpread = pair(wad, wad)
    })
    const of = (...book: readonly Position[]) =>
      calculateMargin({ portfolio: portfolioOf(...book), market: dear, parameters }).lines.find(
        ({ id }) => id === 'liquidity',
      )?.initial
    expect([of(balance(assets.weth, 1n)), of(balance(assets.weth, 2n)), of(debt(assets.weth, 1n))]).to.deep.equal([
      0n,
      1n,
      1n,
    ])
  })

  it('what a consumer holds is not credited, however much it is', () => {
    const portfolio = portfolioOf(balance(assets.weth, 10n ** 40n, { control: 'consumer' }))
    const { positions } = calculateMargin({ portfolio, market: testMarket(), parameters: testParameters() })
    expect(positions.map(({ creditedValue }) => creditedValue)).to.deep.equal([0n])
  })

  it('a scenario of one underlying gives nothing to claims and accounts of another', () => {
    const portfolio = portfolioOf(
      balance(assets.weth, wad, { venue: 'a', id: '1' }),
      balance(assets.wbtc, 10n ** 8n, { venue: 'b', id: '2' }),
    )
    const { scan } = calculateMargin({ portfolio, market: testMarket(), parameters: testParameters() })
    const [btc, eth] = scan.underlyings.map(({ scenarios }) => scenarios.find(({ id }) => id === '-1 up'))
    // 2,000 × 18 %; 60,000 × the range of BTC.
    expect([eth?.pnl, eth?.pnlByPosition]).to.deep.equal([-360n * wad, [-360n * wad, 0n]])
    expect(btc?.pnlByPosition).to.deep.equal([0n, btc?.pnl])
  })
})

describe('books that try to gain by the model', () => {
  it('a gain of one underlying does not pay for the loss of another, and its own loss is charged', () => {
    const parameters = testParameters((plain) => {
      silence(plain)
      plain.lines.scan = pair(wad, wad)
      const { BTC } = plain.underlyings
      if (BTC) BTC.range = wad / 10n
    })
    const of = (...book: readonly Position[]) =>
      calculateMargin({ portfolio: portfolioOf(...book), market: testMarket(), parameters }).initialMargin
    const losing = balance(assets.weth, 10n * wad, { venue: 'a' })
    const short = perpetual(-wad / 2n, 60_000n * wad, { underlying: 'BTC', venue: 'b' })
    // WETH −18 %: 3,600. Short half a BTC of 30,000 at +50 % × 0.2772, +100 % × 0.1386 and so on: 4,158; +10 % is 3,000.
    expect([of(losing), of(short), of(losing, short)]).to.deep.equal([3600n, 4158n, 7758n].map((sum) => sum * usd))
  })

  it('the dynamic multiplier stretches ranges and leaves tails alone, so that no price falls below zero', () => {
    const parameters = testParameters()
    const market = { ...testMarket(), rangeMultipliers: { ...testMarket().rangeMultipliers, ETH: 2n * wad } }
    const portfolio = portfolioOf(balance(assets.weth, wad))
    const [eth] = calculateMargin({ portfolio, market, parameters }).scan.underlyings
    const priceOf = (id: string) => eth?.scenarios.find((scenario) => scenario.id === id)?.price
    // 2,000 × (1 − 2 × 0.18 × 2) = 560; 2,000 × (1 − 0.66) = 680.
    expect([priceOf('-2'), priceOf('-66% up')]).to.deep.equal([560n * wad, 680n * wad])
    expect(eth?.scenarios.every(({ price }) => price > 0n)).to.equal(true)
  })
})
