import { expect } from 'chai'
import { encodeWord } from '../../../src/attest/record.ts'
import { toRecord } from '../../../src/attest/toRecord.ts'
import { toAssetKey } from '../../../src/core/asset.ts'
import { OutOfRangeError, UnpricedLiabilityError } from '../../../src/core/errors.ts'
import type { Market } from '../../../src/core/market.ts'
import type { Position } from '../../../src/core/position.ts'
import { wad } from '../../../src/core/units.ts'
import { calculateMargin } from '../../../src/risk/plimsoll/calculateMargin.ts'
import { TooManyLiabilitiesError } from '../../../src/risk/plimsoll/errors.ts'
import {
  assets,
  balance,
  consumerDebt,
  debt,
  expiry,
  fullParameters,
  lendingRule,
  liquidity,
  option,
  perpetual,
  perpetualRule,
  portfolioOf,
  testMarket,
} from '../../support/books.ts'
import { compare } from '../../support/exact/compare.ts'
import { tokenAddress } from '../../support/exact/randomParameters.ts'

const now = expiry - 30 * 86_400
const parameters = fullParameters()
const market = testMarket()

/** Equal to the exact model up to rounding, or an error that names the item. */
const expectExact = (positions: readonly Position[], at: Market = market, set = parameters, rules = {}) => {
  const inputs = { portfolio: { ...portfolioOf(...positions), ...rules }, market: at, parameters: set }
  const { outcome, problems } = compare(inputs, calculateMargin)
  expect(problems).to.deep.equal([])
  expect(outcome).to.equal('compared')
  return calculateMargin(inputs)
}

const kinds: Readonly<Record<string, (amount: bigint) => Position>> = {
  balance: (amount) => balance(assets.weth, amount),
  debt: (amount) => debt(assets.weth, amount),
  'long perpetual': (amount) => perpetual(amount),
  'short perpetual': (amount) => perpetual(-amount, 1999n * wad + 1n),
  'long call': (amount) => option('call', 2000, amount),
  'short put': (amount) => option('put', 2500, -amount),
  liquidity: (amount) => liquidity(-201_000, -199_000, amount, { fees0: amount }),
  'consumer debt': (amount) => consumerDebt(amount),
}

describe('range of plimsoll-1', function () {
  this.timeout(0)

  describe('amounts from a wei to more than a record carries', () => {
    for (const [kind, make] of Object.entries(kinds)) {
      it(kind, () => {
        // To 1e13 and beyond: 1e31 wei are 1e13 units of 2,000 dollars, or 1e13 dollars of debt.
        for (let digits = 0; digits <= 31; digits++) {
          for (const amount of [10n ** BigInt(digits), 10n ** BigInt(digits) * 9n + 7n]) {
            const result = expectExact([make(amount)])
            expect(result.positions).to.have.length(1)
          }
        }
      })
    }

    it('what no record carries is refused by its field, never cut', () => {
      const flags = { validityCode: 0, confirmed: false }
      const wordOf = (...positions: readonly Position[]) => {
        const { account: _, ...record } = toRecord(expectExact(positions), flags)
        return encodeWord(record)
      }
      // 1e13 quote units are ten million dollars; 64 bits hold 9.2e12 dollars of equity.
      expect(wordOf(consumerDebt(10n ** 25n))).to.have.length(66)
      expect(() => wordOf(consumerDebt(10n ** 31n))).to.throw(OutOfRangeError, 'equity is -10000000000000000000')
      expect(() => wordOf(balance(assets.weth, 10n ** 31n))).to.throw(OutOfRangeError, 'initialMargin is')
    })
  })

  it('tokens of 0 to 36 decimals: balances, debts, lending and pools', () => {
    let unheld = 0
    for (let decimals = 0; decimals <= 36; decimals++) {
      const odd = toAssetKey(31337, tokenAddress(0x77))
      const set = fullParameters((plain) => {
        Object.assign(plain.assets, { [odd]: { ...plain.assets[assets.weth], symbol: 'ODD', decimals } })
      })
      const at = { ...market, rates: { ...market.rates, [odd]: wad } }
      const unit = 10n ** BigInt(decimals)
      expectExact([balance(odd, 1n), debt(odd, 1n, { venue: 'b' })], at, set)
      const rule = lendingRule('lending', { weth: 1n, usdc: 4987n * 10n ** 6n })
      const collaterals = rule.collaterals.map((held) => ({ ...held, asset: odd, amount: 3n * unit + 1n, decimals }))
      const loan = [
        balance(odd, 3n * unit + 1n, { venue: 'lending' }),
        debt(assets.usdc, 4987n * 10n ** 6n, { venue: 'lending' }),
      ]
      expectExact(loan, at, set, { rules: [{ ...rule, collaterals }] })
      // Ticks of this pair: 1.0001^−200,311 at 18 decimals and about 23,027 ticks for each decimal less.
      const tick = Math.max(-880_000, Math.min(880_000, -200_311 + (18 - decimals) * 23_027))
      const pool = { ...liquidity(tick - 5000, tick + 5000, 10n ** 15n), token0: odd }
      const inverse = { ...pool, token0: assets.usdc, token1: odd, tickLower: -tick - 5000, tickUpper: -tick + 5000 }
      for (const position of [pool, inverse]) {
        const { positions, unpriced } = expectExact([position], at, set)
        if (positions.length === 1) continue
        unheld++
        expect(unpriced[0]?.reason).to.contain('no pool can hold')
        expect(unpriced[0]?.asset).to.contain(odd)
      }
    }
    // Prices from 2^−128 to 2^128 fit a pool: 2,000 · 1e6 / 1e36 and its inverse do, with every shock.
    expect(unheld).to.equal(0)
  })

  it('liquidity at a price that no pool holds, or of a token worth nothing, counts zero and is named', () => {
    const dear = { ...market, prices: { ...market.prices, ETH: { ...spotOf('ETH'), price: 10n ** 70n } } }
    const cheap = { ...market, prices: { ...market.prices, ETH: { ...spotOf('ETH'), price: 1n } } }
    for (const [at, reason] of [
      [dear, 'no pool can hold its price'],
      [cheap, 'below 1e-18 dollars'],
    ] as const) {
      const { equity, unpriced } = expectExact([liquidity(-201_000, -199_000, 10n ** 15n)], at)
      expect(equity).to.equal(0n)
      expect(unpriced[0]?.reason).to.contain(reason)
    }
  })

  it('options one second before their expiry, in, at and out of the money, at the least and the largest volatility', () => {
    const at = now + 1
    for (const volatility of [1n, wad, 30n * wad]) {
      const near = testMarket({ expiries: [at], volatility: { low: volatility, high: volatility } })
      for (const right of ['call', 'put'] as const) {
        for (const strike of [1500, 2000, 2500]) {
          for (const size of [wad, -wad, 1n, -1n, 10n ** 27n, -(10n ** 27n)]) {
            const result = expectExact([option(right, strike, size, { at })], near)
            expect(result.nextExpiry).to.equal(at)
          }
        }
      }
    }
    const gone = testMarket({ expiries: [now] })
    const expired = portfolioOf(option('call', 2000, -wad, { at: now, id: 'gone' }))
    expect(() => calculateMargin({ portfolio: expired, market: gone, parameters })).to.throw(
      UnpricedLiabilityError,
      'gone',
    )
  })

  it('470 claims in 64 scenarios; one liability more is refused', () => {
    const wide = fullParameters((plain) => {
      const scenarios = plain.classes.volatile?.scenarios ?? []
      const [model] = scenarios
      if (model === undefined) return
      for (let index = scenarios.length; index < 64; index++) {
        const move = ((BigInt(index) - 44n) * wad) / 25n
        scenarios.push({ ...model, id: `further ${index}`, kind: 'absolute', move })
      }
    })
    const place = (index: number) => ({ venue: `venue ${index % 7}` })
    const make = Object.values(kinds)
    const book = Array.from({ length: 470 }, (_, index): Position => {
      const amount = BigInt(index + 1) * 10n ** 16n + BigInt(index)
      const position = (make[index % make.length] as (amount: bigint) => Position)(amount)
      if (position.kind === 'consumerDebt') return position
      const own = { venueAccount: balance(assets.weth, 1n, place(index)).venueAccount }
      // Of one contract in one account nothing would be left but the sum.
      if (position.kind === 'perpetual' || position.kind === 'option')
        return { ...position, venueAccount: { ...own.venueAccount, subAccount: `${index}` } }
      return { ...position, ...own }
    })
    const result = expectExact(book, market, wide)
    expect(result.positions).to.have.length(470)
    expect(result.scan.underlyings.find(({ underlying }) => underlying === 'ETH')?.scenarios).to.have.length(64)
    const owed = Array.from({ length: 471 }, (_, index) => debt(assets.usdc, BigInt(index + 1)))
    expectExact(owed.slice(1))
    expect(() => calculateMargin({ portfolio: portfolioOf(...owed), market, parameters })).to.throw(
      TooManyLiabilitiesError,
      '471',
    )
  })

  it('empty accounts: nothing held, only zeros, only what is not credited', () => {
    const zeros = Object.values(kinds).map((make) => make(0n))
    const flat = zeros.filter(({ kind }) => kind !== 'perpetual')
    for (const book of [[], flat, [perpetual(0n)]]) {
      const result = expectExact(book)
      expect([result.equity, result.initialMargin, result.maintenanceMargin]).to.deep.equal([0n, 0n, 0n])
      expect(result.ratio).to.deep.equal({ kind: 'unbounded' })
    }
    const wallet = expectExact([balance(assets.weth, 10n ** 24n, { control: 'free', venue: 'wallet' })])
    expect([wallet.equity, wallet.initialMargin, wallet.ratio.kind]).to.deep.equal([0n, 0n, 'unbounded'])
  })

  it('accounts that only owe: equity below zero, a requirement beside it, the ratio a deficit', () => {
    const owing = [debt(assets.weth, wad), debt(assets.usdc, 1n), option('put', 1500, -wad), consumerDebt(1n)]
    for (const book of [...owing.map((position) => [position]), owing]) {
      const result = expectExact(book)
      expect(result.equity < 0n).to.equal(true)
      expect(result.ratio).to.deep.equal({ kind: 'deficit', deficit: -result.equity })
      expect(result.freeEquity).to.equal(result.equity - result.initialMargin)
    }
    const lent = [debt(assets.usdc, 10n ** 10n, { venue: 'lending' })]
    const owed = expectExact(lent, market, parameters, { rules: [lendingRule('lending', { usdc: 10n ** 10n })] })
    expect(owed.venueCritical).to.equal(true)
    const lost = [perpetual(-wad, 1000n * wad, { venue: 'perps' })]
    const rules = [perpetualRule('perps', { cash: 0n, size: -wad, entry: 1000n * wad })]
    expect(expectExact(lost, market, parameters, { rules }).equity).to.equal(-1000n * 1_000_000n)
  })
})

function spotOf(underlying: string) {
  return market.prices[underlying] ?? expect.fail(underlying)
}
