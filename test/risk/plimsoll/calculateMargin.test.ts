import { expect } from 'chai'
import { DuplicateClaimError } from '../../../src/core/distinctClaims.ts'
import {
  InvalidInputError,
  MissingMarketDataError,
  OutOfRangeError,
  UnpricedLiabilityError,
} from '../../../src/core/errors.ts'
import type { MarginLineId, MarginResult } from '../../../src/core/margin.ts'
import type { Position } from '../../../src/core/position.ts'
import { wad } from '../../../src/core/units.ts'
import { toMarketRequest } from '../../../src/market/request.ts'
import { calculateMargin } from '../../../src/risk/plimsoll/calculateMargin.ts'
import { TooManyLiabilitiesError } from '../../../src/risk/plimsoll/errors.ts'
import {
  assets,
  balance,
  consumerDebt,
  debt,
  expiry,
  lendingRule,
  liquidity,
  option,
  perpetual,
  portfolioOf,
  testMarket,
  testParameters,
  venueAccountOf,
} from '../../support/books.ts'
import { expectClose } from '../../support/close.ts'
import { exactUsd } from '../../support/exactUsd.ts'

const parameters = testParameters()
const market = testMarket()
const usd = 1_000_000n
const e6 = 10n ** 6n

const line = (result: MarginResult, id: MarginLineId) => {
  const found = result.lines.find((candidate) => candidate.id === id)
  if (!found) throw new Error(`no line ${id}`)
  return found
}
const margin = (...positions: readonly Position[]) =>
  calculateMargin({ portfolio: portfolioOf(...positions), market, parameters })

/** A quote amount lies within a hundredth of a cent of a hand-computed one in dollars. */
const expectUsd = (actual: bigint, expected: number) => expectClose(Number(actual) / 1e6, expected, 1e-4)

describe('calculateMargin', () => {
  describe('by hand', () => {
    it('loan: 10 WETH against 5,000 USDC', () => {
      const result = margin(balance(assets.weth, 10n * wad), debt(assets.usdc, 5000n * e6))
      // ETH −18 %: 3,600. USDC +3 %: 150. No credit between underlyings: 3,750.
      expect(line(result, 'scan')).to.deep.equal({ id: 'scan', initial: 3750n * usd, maintenance: 3000n * usd })
      // The venue holds 15,000 of equity; half of it is lost with the venue, 7,500, of which the scan covers 3,750.
      expect(line(result, 'venueFailure').initial).to.equal(3750n * usd)
      expect(line(result, 'venueFailure').maintenance).to.equal(4500n * usd)
      // 25,000 of gross value × 1e-12, rounded up.
      expect(line(result, 'arithmetic').initial).to.equal(1n)
      expect(result.equity).to.equal(15_000n * usd)
      expect(result.initialMargin).to.equal(7500n * usd + 1n)
      expect(result.maintenanceMargin).to.equal(7500n * usd + 1n)
      expect(result.freeEquity).to.equal(7500n * usd - 1n)
      expect(result.ratio).to.deep.equal({ kind: 'finite', value: (15_000n * usd * wad) / (7500n * usd + 1n) })
    })

    it('perpetual against spot: the delta cancels, the quote and the venue do not', () => {
      const spot = balance(assets.weth, 10n * wad, { venue: 'lending' })
      const short = perpetual(-10n * wad, 2000n * wad, { venue: 'perps' })
      const cash = balance(assets.usdc, 4000n * e6, { venue: 'perps' })
      const result = margin(spot, short, cash)
      const [eth, usdc] = ['ETH', 'USDC'].map((name) =>
        result.scan.underlyings.find(({ underlying }) => underlying === name),
      )
      expect(eth?.charge).to.equal(0n)
      for (const { pnl } of eth?.scenarios ?? []) expect(pnl).to.equal(0n)
      // 4,000 USDC at −10 % × 0.5 = 200, at −3 % = 120, at −50 % × 0.15 = 300.
      expect(usdc?.charge).to.equal(300n * wad)
      expect(usdc?.worst).to.equal('-50%')
      // The lending venue fails: half of 20,000 is lost and the naked short's scan stays: +18 % is 3,600, +36 % × 0.35 is 2,520,
      // +500 % × 0.02772 is 2,772, +50 % × 0.2772 is 2,772; with 300 of the cash.
      expect(line(result, 'venueFailure').initial).to.equal((10_000n + 3_600n + 300n - 300n) * usd)
      expect(result.equity).to.equal(24_000n * usd)
    })

    it('perpetual in dollars: a loss is a loss at any price of a stablecoin beside it', () => {
      const lost = perpetual(10n * wad, 2100n * wad)
      const cash = balance(assets.usdc, 5000n * e6)
      const inDollars = margin({ ...lost, quoteAsset: null }, cash)
      // ETH −18 %: 3,600. USDC −50 %, a tail of weight 0.15, on all 5,000: 375.
      expect(line(inDollars, 'scan').initial).to.equal(3975n * usd)
      expect(inDollars.equity).to.equal(4000n * usd)
      // Paid in USDC, the loss of 1,000 would fall with it: 300 on the 4,000 that are left.
      expect(line(margin(lost, cash), 'scan').initial).to.equal(3900n * usd)
      expect(toMarketRequest([{ ...lost, quoteAsset: null }], { parameters, timestamp: 1 })).to.deep.equal({
        ...{ underlyings: ['ETH'], held: [], owed: [], options: [] },
      })
    })
    it('long call: charged its scan and the failure of its venue, never more than its equity', () => {
      const result = margin(option('call', 2000, 5n * wad))
      // Black-76, F = K = 2,000, 80 %, 30/365 years: 2,000·(2N(σ√T/2) − 1) = 182.596816 each.
      expectUsd(result.equity, 5 * 182.596816 * 0.9)
      // +0 with vol down 30 %: the worst is −18 % with vol down: F = 1,640, σ = 56 %, one call 15.108039.
      // The premium is in USDC: −50 % × 0.15 of 5 × 182.596816 is 68.4738.
      expectUsd(line(result, 'scan').initial, 5 * (182.596816 - 15.108039) + 68.473806)
      expect(result.scan.underlyings.find(({ underlying }) => underlying === 'ETH')?.worst).to.equal('-1 down')
      expect(result.initialMargin).to.equal(result.equity)
      expect(line(result, 'longOptionCap').initial < 0n).to.equal(true)
    })

    it('vertical: long 2,000 call, short 2,500 call', () => {
      const result = margin(option('call', 2000, wad), option('call', 2500, -wad))
      // Marks 182.596816 and 44.791354; at −18 % and vol down 15.108039 and 0.436776, or up the spread narrows less.
      expectUsd(line(result, 'shortOptionMinimum').initial, 10)
      expect(line(result, 'longOptionCap').initial).to.equal(0n)
      const ethWorst = result.scan.underlyings.find(({ underlying }) => underlying === 'ETH')
      const oracle = exactUsd({
        portfolio: portfolioOf(option('call', 2000, wad), option('call', 2500, -wad)),
        market,
        parameters,
      })
      expectUsd(line(result, 'scan').initial, oracle.initial.scan)
      // A long vertical cannot lose more than its value of 137.805462.
      expect(Number(ethWorst?.charge) / 1e18 < 137.805462).to.equal(true)
    })

    it('covered call: the stock pays for the call that is assigned', () => {
      const covered = margin(balance(assets.weth, wad), option('call', 2500, -wad))
      const naked = margin(option('call', 2500, -wad))
      const upside = (result: MarginResult) =>
        result.scan.underlyings
          .find(({ underlying }) => underlying === 'ETH')
          ?.scenarios.find(({ id }) => id === '+500% up')?.pnl ?? 0n
      // At 12,000 the call costs 9,500 more while the stock has gained 10,000.
      expectClose(Number(upside(covered)) / 1e18, 10_000 - (9500 - 44.791354), 0.01)
      expectClose(Number(upside(naked)) / 1e18, -(9500 - 44.791354), 0.01)
      const worst = (result: MarginResult) =>
        result.scan.underlyings.find(({ underlying }) => underlying === 'ETH')?.worst
      expect([worst(covered), worst(naked)]).to.deep.equal(['-1 up', '+500% up'])
    })

    it('short straddle: both legs count as naked', () => {
      const result = margin(option('call', 2000, -wad), option('put', 2000, -wad))
      // Value −2 × 182.596816. Naked 2 × 2,000 × 0.5 % = 20 and × 0.3 % = 12.
      expectUsd(result.equity, -365.193632)
      expect(line(result, 'shortOptionMinimum')).to.deep.equal({
        id: 'shortOptionMinimum',
        initial: 20n * usd,
        maintenance: 12n * usd,
      })
      const oracle = exactUsd({
        portfolio: portfolioOf(option('call', 2000, -wad), option('put', 2000, -wad)),
        market,
        parameters,
      })
      expectUsd(line(result, 'scan').initial, oracle.initial.scan)
      expect(result.ratio.kind).to.equal('deficit')
    })

    it('concentrated liquidity: all token0 below the range, all token1 above it', () => {
      // 2,000 USDC per WETH is tick −200,311; the range lies wholly above or below the price.
      const above = margin(liquidity(-195_000, -190_000, 10n ** 15n))
      const below = margin(liquidity(-210_000, -205_000, 10n ** 15n))
      const pnlAt = (result: MarginResult, underlying: string, id: string) =>
        result.scan.underlyings
          .find((entry) => entry.underlying === underlying)
          ?.scenarios.find((entry) => entry.id === id)?.pnl ?? 0n
      const value = above.positions[0]?.value ?? 0n
      // Only WETH: −18 % of its value, to the rounding of one raw unit.
      expectClose(Number(pnlAt(above, 'ETH', '-1 up')) / Number(value), -0.18, 1e-9)
      expect(pnlAt(above, 'USDC', '+1%')).to.equal(0n)
      // Only USDC: a fall of ETH by 18 % does not reach the range's upper edge from above.
      expect(pnlAt(below, 'ETH', '-1 up')).to.equal(0n)
      expectClose(Number(pnlAt(below, 'USDC', '-1%')) / Number(below.positions[0]?.value ?? 0n), -0.01, 1e-9)
    })

    it('fees of a liquidity position count once and move with the shock', () => {
      const range = [-201_000, -199_000] as const
      const without = margin(liquidity(...range, 10n ** 15n))
      const withFees = margin(liquidity(...range, 10n ** 15n, { fees0: wad, fees1: 500n * e6 }))
      expect(withFees.equity - without.equity).to.equal(2500n * usd)
    })

    it('wrapped basis: net over venues, not between assets', () => {
      const result = margin(
        balance(assets.seth, 10n * wad, { venue: 'a' }),
        debt(assets.seth, 4n * wad, { venue: 'b' }),
        balance(assets.weth, 6n * wad, { venue: 'b' }),
      )
      // |10 − 4| sETH × 2,000 × 5 % and 3 %; WETH is not wrapped.
      expect(line(result, 'wrappedBasis')).to.deep.equal({
        id: 'wrappedBasis',
        initial: 600n * usd,
        maintenance: 360n * usd,
      })
    })

    it('oracle confidence: charged below the threshold, initial only', () => {
      const low = testMarket({ confidence: wad / 2n })
      const portfolio = portfolioOf(balance(assets.weth, 10n * wad), debt(assets.usdc, 5000n * e6))
      const result = calculateMargin({ portfolio, market: low, parameters })
      // (1 − 0.5) × (20,000 + 5,000).
      expect(line(result, 'oracleConfidence')).to.deep.equal({
        id: 'oracleConfidence',
        initial: 12_500n * usd,
        maintenance: 0n,
      })
    })
  })

  describe('against the exact model', () => {
    const books = {
      hedged: [
        balance(assets.weth, 10n * wad, { venue: 'lending' }),
        debt(assets.usdc, 8000n * e6, { venue: 'lending' }),
        liquidity(-202_000, -198_000, 10n ** 16n, { venue: 'pool' }),
        perpetual(-14n * wad, 1990n * wad, { venue: 'perps', funding: 3n * wad }),
        balance(assets.usdc, 10_000n * e6, { venue: 'perps' }),
        option('put', 1500, 5n * wad, { venue: 'options' }),
        option('call', 2500, -3n * wad, { venue: 'options' }),
        balance(assets.seth, 3n * wad, { venue: 'options' }),
      ],
      'two underlyings': [
        balance(assets.wbtc, 10n ** 8n, { venue: 'lending' }),
        debt(assets.weth, 12n * wad, { venue: 'lending' }),
        perpetual(-wad / 2n, 59_000n * wad, { underlying: 'BTC', venue: 'perps' }),
        balance(assets.susd, 9000n * wad, { venue: 'perps' }),
      ],
      'short strangle with a consumer debt': [
        option('put', 1500, -4n * wad),
        option('call', 2500, -4n * wad),
        balance(assets.susd, 20_000n * wad),
        consumerDebt(700n * wad),
        balance(assets.weth, 5n * wad, { control: 'free', venue: 'wallet' }),
      ],
    }
    for (const [name, positions] of Object.entries(books)) {
      for (const decorrelation of [wad, (8n * wad) / 10n]) {
        it(`${name}, d = ${Number(decorrelation) / 1e18}`, () => {
          const set = testParameters((plain) => {
            plain.decorrelation = decorrelation
          })
          const smile = testMarket({ volatility: { low: (7n * wad) / 10n, high: (9n * wad) / 10n } })
          const portfolio = portfolioOf(...positions)
          const result = calculateMargin({ portfolio, market: smile, parameters: set })
          const oracle = exactUsd({ portfolio, market: smile, parameters: set })
          expectUsd(result.equity, oracle.equity)
          for (const { id, initial, maintenance } of result.lines) {
            expectUsd(initial, oracle.initial[id])
            expectUsd(maintenance, oracle.maintenance[id])
          }
        })
      }
    }
  })

  describe('behavior', () => {
    it('charges an empty account nothing and calls its ratio unbounded', () => {
      const result = margin()
      expect([result.equity, result.initialMargin, result.maintenanceMargin]).to.deep.equal([0n, 0n, 0n])
      expect(result.ratio).to.deep.equal({ kind: 'unbounded' })
      expect(result.nextExpiry).to.equal(null)
    })

    it('credits wallet balances nothing by default', () => {
      const result = margin(balance(assets.weth, 10n * wad, { control: 'free' }))
      expect(result.equity).to.equal(0n)
      expect(line(result, 'scan').initial).to.equal(0n)
      // Its arithmetic is capped by the equity: nothing.
      expect(result.initialMargin).to.equal(0n)
    })

    it('nets one contract of one venue account before it picks the side of the market', () => {
      const smile = testMarket({ volatility: { low: wad / 2n, high: wad } })
      const net = (...positions: readonly Position[]) =>
        calculateMargin({ portfolio: portfolioOf(...positions), market: smile, parameters })
      const flat = net(option('call', 2000, 3n * wad), option('call', 2000, -3n * wad))
      expect([flat.equity, flat.initialMargin]).to.deep.equal([0n, 0n])
      const twoVenues = net(
        option('call', 2000, 3n * wad, { venue: 'a' }),
        option('call', 2000, -3n * wad, { venue: 'b' }),
      )
      expect(twoVenues.equity < 0n).to.equal(true)
    })

    it('adds what the venue says a netted contract is worth, and does not know it where one claim is silent', () => {
      const valued = (size: bigint, venueValue?: bigint) => ({
        ...option('call', 2000, size),
        ...(venueValue === undefined ? {} : { venueValue }),
      })
      const of = (...positions: readonly Position[]) => margin(...positions).positions[0]?.position.venueValue
      expect(of(valued(2n * wad, 300n), valued(-wad, -200n))).to.equal(100n)
      expect(of(valued(2n * wad, 300n), valued(-wad))).to.equal(undefined)
      expect(of(valued(2n * wad), valued(-wad, -200n))).to.equal(undefined)
    })

    it('keeps a closed perpetual whose cost is not settled', () => {
      const result = margin(perpetual(wad, 2100n * wad), perpetual(-wad, 2000n * wad))
      // Bought at 2,100 and sold at 2,000: 100 lost, no size left; the loss is owed in USDC, so USDC +3 % costs 3.
      expect(result.equity).to.equal(-100n * usd)
      expect(line(result, 'scan').initial).to.equal(3n * usd)
    })

    it('takes the paper haircut off perpetual profit but not off its loss', () => {
      expect(margin(perpetual(wad, 1900n * wad)).equity).to.equal(90n * usd)
      expect(margin(perpetual(wad, 2100n * wad)).equity).to.equal(-100n * usd)
    })

    it('gives credit between underlyings only as far as d allows', () => {
      const positions = [balance(assets.weth, 10n * wad), perpetual(-wad / 3n, 60_000n * wad, { underlying: 'BTC' })]
      const scans = [wad, (75n * wad) / 100n].map((decorrelation) => {
        const set = testParameters((plain) => {
          plain.decorrelation = decorrelation
        })
        return calculateMargin({ portfolio: portfolioOf(...positions), market, parameters: set }).scan
      })
      const [strict, softer] = scans
      expect(strict?.charge).to.equal(strict?.sum)
      expect((softer?.charge ?? 0n) < (strict?.charge ?? 0n)).to.equal(true)
      expect((softer?.charge ?? 0n) >= (softer?.jointCharge ?? 0n)).to.equal(true)
    })

    it('sums standalone requirements and quotes the saving against both', () => {
      const lending = [
        balance(assets.weth, 10n * wad, { venue: 'lending' }),
        debt(assets.usdc, 5000n * e6, { venue: 'lending' }),
      ]
      const short = perpetual(-10n * wad, 2000n * wad, { venue: 'perps' })
      const perps = [short, balance(assets.usdc, 5000n * e6, { venue: 'perps' })]
      const portfolio = {
        ...portfolioOf(...lending, ...perps),
        requirements: [
          {
            venueAccount: short.venueAccount,
            initial: 2000n * wad,
            maintenance: 1250n * wad,
          },
          { venueAccount: venueAccountOf('lending'), initial: 1000n * wad, maintenance: 500n * wad },
        ],
      }
      const result = calculateMargin({ portfolio, market, parameters })
      const alone = [lending, perps].map((book) => margin(...book))
      expect(result.standalone.model.initial).to.equal(
        alone.reduce((sum, { initialMargin }) => sum + initialMargin, 0n),
      )
      expect(result.standalone.savingAgainstModel.initial).to.equal(
        result.standalone.model.initial - result.initialMargin,
      )
      expect(result.standalone.venueOwn).to.deep.equal({ initial: 3000n * usd, maintenance: 1750n * usd })
      expect(result.standalone.savingAgainstVenues?.initial).to.equal(3000n * usd - result.initialMargin)
    })

    it('does not take what a venue does not say for zero, and keeps what it says of an account without claims', () => {
      const [perp, supply] = [
        perpetual(wad, 2000n * wad, { venue: 'perps' }),
        balance(assets.weth, wad, { venue: 'a' }),
      ]
      const requirements = ['perps', 'emptied'].map((venue) => ({
        venueAccount: venueAccountOf(venue),
        initial: 200n * wad,
        maintenance: 125n * wad,
      }))
      const standaloneOf = (count: number) =>
        calculateMargin({
          portfolio: { ...portfolioOf(perp, supply), requirements: requirements.slice(2 - count) },
          market,
          parameters,
        }).standalone
      const ownOf = (count: number) =>
        Object.fromEntries(standaloneOf(count).venues.map(({ venue, venueOwn }) => [venue, venueOwn]))
      const [nothing, known] = [0n, 1n].map((of) => ({ initial: of * 200n * usd, maintenance: of * 125n * usd }))
      expect(ownOf(2)).to.deep.equal({ a: nothing, emptied: known, perps: known })
      expect(standaloneOf(2).venueOwn).to.deep.equal({ initial: 400n * usd, maintenance: 250n * usd })
      expect(ownOf(1)).to.deep.equal({ a: nothing, emptied: known, perps: null })
      expect([standaloneOf(1).venueOwn, standaloneOf(1).savingAgainstVenues]).to.deep.equal([null, null])
      // A rule tells that there is something to liquidate, even where no claim is a debt any more.
      const rules = [lendingRule('a', { weth: wad, usdc: 1n })]
      const ruled = calculateMargin({ portfolio: { ...portfolioOf(supply), rules }, market, parameters })
      expect(ruled.standalone.venues[0]?.venueOwn).to.equal(null)
    })

    it('reports the earliest expiry', () => {
      const at = expiry - 86_400
      const two = calculateMargin({
        portfolio: portfolioOf(option('call', 2000, wad), option('call', 2000, wad, { at })),
        market: testMarket({ expiries: [expiry, at] }),
        parameters,
      })
      expect(two.nextExpiry).to.equal(at)
    })

    it('counts 500 unpriced assets as zero, names each, and is not blocked by them', () => {
      const scam = (index: number) => `31337:0x${(index + 1000).toString(16).padStart(40, '0')}` as const
      const dust = Array.from({ length: 500 }, (_, index) => balance(scam(index), 10n ** 30n))
      const foreign = { ...liquidity(-100, 100, wad), token0: scam(1) }
      const plain = margin(balance(assets.weth, wad), debt(assets.usdc, 100n * e6))
      const dusty = margin(balance(assets.weth, wad), debt(assets.usdc, 100n * e6), ...dust, foreign)
      expect(dusty.unpriced).to.have.length(501)
      expect(dusty.unpriced.every(({ reason }) => reason.includes('not in the parameter set'))).to.equal(true)
      expect([dusty.equity, dusty.initialMargin]).to.deep.equal([plain.equity, plain.initialMargin])
    })

    it('counts liquidity as zero that its adapter says not to count, names it with the reason and asks for no price of it', () => {
      const hooked = { ...liquidity(-100, 100, wad), uncounted: 'hook 0x01 has beforeRemoveLiquidity' }
      const [plain, beside] = [margin(balance(assets.weth, wad)), margin(balance(assets.weth, wad), hooked)]
      expect(beside.unpriced.map(({ reason }) => reason)).to.deep.equal([hooked.uncounted])
      expect([beside.equity, beside.initialMargin]).to.deep.equal([plain.equity, plain.initialMargin])
      expect(toMarketRequest([hooked], { parameters, timestamp: 0 })).to.deep.equal({
        underlyings: [],
        held: [],
        owed: [],
        options: [],
      })
    })

    it('does not let dust of a token whose feed is late block an account', () => {
      const { SUSD: _, ...prices } = market.prices
      const dust = balance(assets.susd, 1n, { control: 'free', venue: 'wallet' })
      const portfolio = portfolioOf(balance(assets.weth, wad), dust)
      const result = calculateMargin({ portfolio, market: { ...market, prices }, parameters })
      expect(result.equity).to.equal(2000n * usd)
      expect(result.unpriced[0]?.reason).to.contain('not credited')
    })

    it('counts a long option outside the domain of the pricing as zero and refuses a short one', () => {
      const wild = testMarket({ volatility: { low: 70n * wad, high: 70n * wad } })
      const of = (size: bigint) => () =>
        calculateMargin({ portfolio: portfolioOf(option('call', 2000, size)), market: wild, parameters })
      expect(of(1n)().unpriced[0]?.reason).to.contain('domain of the pricing')
      expect(of(-1n)).to.throw(UnpricedLiabilityError, 'domain of the pricing')
    })

    it('does not net a contract that can be withdrawn against one that cannot', () => {
      const result = margin(option('call', 2000, 10n * wad, { control: 'free' }), option('call', 2000, -10n * wad))
      expectUsd(result.equity, -10 * 182.596816)
    })

    it('lets accounts of one failure group fail together', () => {
      const cash = (venue: string) => balance(assets.usdc, 50_000n * e6, { venue })
      const grouped = testParameters((plain) => {
        plain.venues = ['a', 'b'].map((id) => ({ id, adapter: 'one-protocol', configuration: {} })) as never
      })
      const portfolio = portfolioOf(cash('a'), cash('b'))
      const together = calculateMargin({ portfolio, market, parameters: grouped })
      const apart = calculateMargin({ portfolio, market, parameters })
      const lost = (result: MarginResult) => line(result, 'scan').initial + line(result, 'venueFailure').initial
      expect(lost(together)).to.equal(50_000n * usd)
      expect(lost(apart) < lost(together)).to.equal(true)
    })

    it('keeps liabilities and the largest assets of a book with too many claims and names the rest', () => {
      const set = testParameters((plain) => {
        plain.maximumClaims = 3
      })
      const book = portfolioOf(
        balance(assets.weth, 3n * wad),
        balance(assets.weth, 1n * wad),
        balance(assets.weth, 2n * wad),
        debt(assets.usdc, e6),
      )
      const result = calculateMargin({ portfolio: book, market, parameters: set })
      expect(result.positions.map(({ value }) => value / wad).sort()).to.deep.equal([-1n, 4000n, 6000n].sort())
      expect(result.unpriced).to.have.length(1)
      const debts = portfolioOf(...Array.from({ length: 4 }, () => debt(assets.usdc, e6)))
      expect(() => calculateMargin({ portfolio: debts, market, parameters: set })).to.throw(TooManyLiabilitiesError)
    })
  })

  describe('errors', () => {
    const unknown = `31337:0x${'ee'.repeat(20)}` as const
    const refused =
      (...positions: readonly Position[]) =>
      () =>
        margin(...positions)

    it('UnpricedLiabilityError: a debt in an unknown token, even beside any amount of assets', () => {
      expect(refused(balance(assets.weth, 10n ** 24n), debt(unknown, 1n))).to.throw(UnpricedLiabilityError, unknown)
    })
    it('UnpricedLiabilityError: a short option without a volatility', () => {
      expect(refused(option('put', 1234, -1n))).to.throw(UnpricedLiabilityError, 'no volatility')
    })
    it('UnpricedLiabilityError: a short option past its expiry; a long one counts zero', () => {
      const at = expiry - 31 * 86_400
      expect(refused(option('put', 2000, -1n, { at }))).to.throw(UnpricedLiabilityError, 'expired')
      expect(margin(option('put', 2000, wad, { at })).unpriced).to.have.length(1)
    })
    it('UnpricedLiabilityError: a perpetual on an unknown underlying', () => {
      expect(refused(perpetual(wad, wad, { underlying: 'DOGE' }))).to.throw(UnpricedLiabilityError, 'DOGE')
    })
    it('InvalidInputError, DuplicateClaimError: amounts and claims that no reading gives', () => {
      expect(refused(debt(assets.weth, -wad))).to.throw(InvalidInputError, 'negative amount')
      const twice = balance(assets.weth, wad)
      expect(refused(twice, twice)).to.throw(DuplicateClaimError)
    })
    it('counts a long option without a volatility as zero and says so', () => {
      const result = margin(option('put', 1234, wad))
      expect(result.unpriced[0]?.reason).to.contain('no volatility')
      expect(result.equity).to.equal(0n)
    })
    it('MissingMarketDataError: the price or rate of a known asset is missing', () => {
      const { ETH: _, ...prices } = market.prices
      const portfolio = portfolioOf(balance(assets.weth, wad))
      expect(() => calculateMargin({ portfolio, market: { ...market, prices }, parameters })).to.throw(
        MissingMarketDataError,
        'ETH',
      )
      expect(() => calculateMargin({ portfolio, market: { ...market, rates: {} }, parameters })).to.throw(
        MissingMarketDataError,
        'no rate',
      )
    })
    it('OutOfRangeError: a range multiplier beyond its clamp', () => {
      const portfolio = portfolioOf(balance(assets.weth, wad))
      const wild = { ...market, rangeMultipliers: { ...market.rangeMultipliers, ETH: 3n * wad } }
      expect(() => calculateMargin({ portfolio, market: wild, parameters })).to.throw(OutOfRangeError, 'ETH')
    })
  })
})
