import { expect } from 'chai'
import type { Address } from 'viem'
import { InvalidInputError } from '../../../src/core/errors.ts'
import type { MarginLineId } from '../../../src/core/margin.ts'
import type { Position } from '../../../src/core/position.ts'
import { wad } from '../../../src/core/units.ts'
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
const pair = (initial: bigint, maintenance: bigint) => ({ initial, maintenance })
const now = expiry - 30 * 86_400

const line = (
  id: MarginLineId,
  positions: readonly Position[],
  change: Parameters<typeof testParameters>[0] = () => {},
  market = testMarket(),
) => {
  const result = calculateMargin({ portfolio: portfolioOf(...positions), market, parameters: testParameters(change) })
  const { initial, maintenance } = result.lines.find((entry) => entry.id === id) ?? expect.fail(id)
  return { result, initial, maintenance }
}

describe('margin lines by hand', () => {
  it('hedged delta: 10 WETH long, 8 ETH short: 8 only offset each other', () => {
    const book = [balance(assets.weth, 10n * wad, { venue: 'a' }), perpetual(-8n * wad, 2000n * wad, { venue: 'b' })]
    const { initial, maintenance } = line('hedgedDeltaMinimum', book, (plain) => {
      plain.lines.hedgedDeltaMinimum = pair(wad / 100n, (8n * wad) / 1000n)
    })
    // (18 − 2) / 2 × 2,000 × 1 % and 0.8 %.
    expect([initial, maintenance]).to.deep.equal([160n * usd, 128n * usd])
  })

  it('hedged delta: supply and debt of one asset at one venue net first', () => {
    const loop = (venue: string) => [
      balance(assets.weth, 10n * wad, { venue: 'a' }),
      debt(assets.weth, 8n * wad, { venue }),
    ]
    const rate = (plain: { lines: { hedgedDeltaMinimum: { initial: bigint; maintenance: bigint } } }) => {
      plain.lines.hedgedDeltaMinimum = pair(wad / 100n, 0n)
    }
    expect(line('hedgedDeltaMinimum', loop('a'), rate).initial).to.equal(0n)
    expect(line('hedgedDeltaMinimum', loop('b'), rate).initial).to.equal(160n * usd)
  })

  it('liquidity: half the spread and the square root of the days to sell, over venues together', () => {
    const liquid = (plain: PlainParameters) => {
      plain.lines.liquidity.impact = pair(wad, wad / 2n)
      Object.assign(plain.underlyings.ETH ?? {}, {
        liquidity: {
          halfSpread: pair(wad / 1000n, wad / 2000n),
          dailyVolatility: wad / 25n,
          averageDailyVolume: 2_000_000n * wad,
        },
      })
    }
    const book = ['a', 'b'].map((venue) => balance(assets.weth, 5n * wad, { venue }))
    // Q = 20,000: 0.1 % is 20; 4 % × 20,000 × √(20,000 / 2,000,000) = 800 × 0.1 = 80. Maintenance 10 + 40.
    const { initial, maintenance } = line('liquidity', book, liquid)
    expect([initial, maintenance]).to.deep.equal([100n * usd, 50n * usd])
    // Twice the size costs 2 × 20 in spread and 2√2 × 80 in impact, rounded up.
    expect(line('liquidity', [balance(assets.weth, 20n * wad)], liquid).initial).to.equal(40_000_000n + 226_274_170n)
  })

  it('liquidity: an underlying without volume refuses a book that holds it', () => {
    const dry = (plain: PlainParameters) => {
      const { ETH } = plain.underlyings
      if (ETH) ETH.liquidity.averageDailyVolume = 0n
    }
    expect(() => line('liquidity', [balance(assets.weth, 1n)], dry)).to.throw(InvalidInputError, 'ETH')
    expect(line('liquidity', [balance(assets.usdc, e6)], dry).initial).to.equal(0n)
    // What is not credited is nothing to sell, so that dust of such an underlying does not block the account.
    expect(line('liquidity', [balance(assets.weth, 1n, { control: 'free' })], dry).initial).to.equal(0n)
  })

  it('liquidity: a wei is charged', () => {
    const { initial } = line('liquidity', [debt(assets.susd, 1n)], (plain) => {
      const { SUSD } = plain.underlyings
      if (SUSD) SUSD.liquidity.halfSpread = pair(wad, wad)
    })
    expect(initial).to.equal(1n)
  })

  it('settlement gap: grows over the last day, full inside the settlement window', () => {
    const at = now + 21_600
    const market = testMarket({ expiries: [at] })
    const rate = (plain: { lines: { settlementGap: { initial: bigint; maintenance: bigint } } }) => {
      plain.lines.settlementGap = pair(wad / 20n, wad / 25n)
    }
    const short = option('call', 2000, -2n * wad, { at })
    // 2 × 2,000 × (86,400 − 21,600) / 86,400 = 3,000; 5 % and 4 %.
    const { initial, maintenance } = line('settlementGap', [short], rate, market)
    expect([initial, maintenance]).to.deep.equal([150n * usd, 120n * usd])
    const averaging = { ...short, settlement: { kind: 'averaging' as const, observed: wad / 2n, average: 2100n * wad } }
    expect(line('settlementGap', [averaging], rate, market).initial).to.equal(200n * usd)
    expect(line('settlementGap', [option('call', 2000, 2n * wad, { at })], rate, market).initial).to.equal(0n)
    // The window is open from its first second, before anything of it is observed.
    const opened = { ...short, settlement: { kind: 'averaging' as const, observed: 0n, average: 2100n * wad } }
    expect(line('settlementGap', [opened], rate, market).initial).to.equal(200n * usd)
  })

  it('oracle confidence: each perpetual contract by itself, and options past their expiry with the confidence of the spot', () => {
    const doubtful = testMarket({ confidence: wad / 2n })
    const charge = (...positions: readonly Position[]) =>
      line('oracleConfidence', positions, () => {}, doubtful).initial
    // Half of 2 × 2,000 and of 3 × 2,000: paid in two assets they are two contracts. In one they net to 1 × 2,000.
    const long = perpetual(2n * wad)
    expect(charge(long, { ...perpetual(-3n * wad), quoteAsset: assets.susd })).to.equal(5000n * usd)
    expect(charge(long, perpetual(-3n * wad))).to.equal(1000n * usd)
    const at = now - 60
    const settled = { ...option('put', 2000, -wad, { at }), settlement: { kind: 'final' as const, price: 1900n * wad } }
    expect(charge(settled)).to.equal(1000n * usd)
  })

  it('venue failure: tokens in the own hands of an enforceable account cannot fail, its claims at a venue can', () => {
    const own = balance(assets.usdc, 1000n * e6, { control: 'enforceable', contract: assets.usdc.slice(6) as Address })
    const lent = balance(assets.usdc, 1000n * e6, { control: 'enforceable' })
    // At a venue half is lost, less the 75 of scan (−50 % × 0.15) that is charged already.
    expect(line('venueFailure', [own]).initial).to.equal(0n)
    expect(line('venueFailure', [lent]).initial).to.equal(425n * usd)
  })

  it('venue failure: a deficit is not lost with the venue that it is owed to, not by a wei', () => {
    // Long 10 at a loss of 1,000, short 10 at a loss of 500, at two venues: together only USDC +3 % of 1,500 moves them, 45.
    const long = perpetual(10n * wad, 2100n * wad, { venue: 'a' })
    const short = perpetual(-10n * wad, 1950n * wad, { venue: 'b' })
    expect(line('scan', [long, short]).initial).to.equal(45n * usd)
    // Without the short the long is left: −18 % is 3,600, and 3 % of its debt of 1,000. Nothing of value is lost.
    expect(line('venueFailure', [long, short]).initial).to.equal((3630n - 45n) * usd)
  })

  it('venue floor: nothing can be liquidated away from a wallet', () => {
    const wallet = [balance(assets.weth, 10n * wad, { venue: 'lending', control: 'free' })]
    const rules = [lendingRule('lending', { weth: 10n * wad, usdc: 16_000n * e6 })]
    const parameters = testParameters((plain) => {
      plain.credit.free = wad
    })
    const { lines } = calculateMargin({
      portfolio: { ...portfolioOf(...wallet), rules },
      market: testMarket(),
      parameters,
    })
    expect(lines.find(({ id }) => id === 'venueFloor')?.initial).to.equal(0n)
  })

  it('settlement window: the part observed stands still', () => {
    const at = now + 600
    const market = testMarket({ expiries: [at], volatility: { low: wad / 1000n, high: wad / 1000n } })
    const long = {
      ...option('call', 1500, wad, { at }),
      settlement: { kind: 'averaging' as const, observed: wad / 2n, average: 2100n * wad },
    }
    // F = 0.5 × 2,100 + 0.5 × 2,000 = 2,050: worth 550, 495 after the haircut; at −18 % F = 1,870.
    const { result } = line('scan', [long], () => {}, market)
    expect(result.equity).to.equal(495n * usd)
    const down = result.scan.underlyings[0]?.scenarios.find(({ id }) => id === '-1 down')
    expect((down?.pnl ?? 0n) / wad).to.equal(-180n)
  })

  it('expired and settled: the payoff, less a haircut when it is owed to the account; no scenario moves it', () => {
    const settled = (size: bigint) => ({
      ...option('call', 2000, size, { at: now - 60 }),
      settlement: { kind: 'final' as const, price: 2300n * wad },
    })
    const long = line('scan', [settled(wad)])
    // 300 less the expired haircut of 10 %, less the paper haircut of 10 %.
    expect([long.result.equity, long.initial]).to.deep.equal([243n * usd, 0n])
    const short = line('settlementGap', [settled(-wad)], (plain) => {
      plain.lines.settlementGap = pair(wad / 20n, wad / 25n)
    })
    expect(short.result.equity).to.equal(-300n * usd)
    // The full rate on 2,000 of notional.
    expect(short.initial).to.equal(100n * usd)
  })

  it('stablecoins: one does not cover another', () => {
    const { initial } = line('scan', [balance(assets.usdc, 10_000n * e6), debt(assets.susd, 10_000n * wad)])
    // USDC −50 % × 0.15 = 750; sUSD +3 % = 300.
    expect(initial).to.equal(1050n * usd)
  })

  it('an underlying that only gains does not pay for one that loses', () => {
    const losing = balance(assets.weth, 10n * wad, { venue: 'a' })
    const alone = line('scan', [losing]).initial
    const gaining = perpetual(-wad / 3n, 60_000n * wad, { underlying: 'BTC', venue: 'b' })
    expect(line('scan', [losing, gaining]).initial > alone).to.equal(true)
  })

  it('paper profit far in the money counts nine tenths and is charged in full when it falls', () => {
    const { result } = line('scan', [perpetual(10n * wad, 200n * wad)])
    expect(result.equity).to.equal(16_200n * usd)
    const down = result.scan.underlyings
      .find(({ underlying }) => underlying === 'ETH')
      ?.scenarios.find(({ id }) => id === '-1 up')
    expect(down?.pnl).to.equal(-3600n * wad)
  })
})
