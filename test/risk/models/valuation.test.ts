import { expect } from 'chai'
import fc from 'fast-check'
import type { Book, BookPosition } from '../../../src/core/book.ts'
import { MissingMarketDataError } from '../../../src/core/errors.ts'
import { UnmodeledPositionError } from '../../../src/risk/models/errors.ts'
import { forwardAssumptions, forwardOf, perpetualAssumptions } from '../../../src/risk/models/forward.ts'
import { liquidityAmounts, markPositions, valuerOf } from '../../../src/risk/models/valuation.ts'
import { volatilityOf } from '../../../src/risk/models/volatility.ts'
import { volatilityFactors } from '../../../src/risk/models/volatilityShock.ts'
import { expectClose } from '../../support/close.ts'

const asOf = 1_700_000_000
const year = 31_536_000
const market: Book['market'] = {
  underlyings: {
    ETH: {
      price: 2000,
      perpetual: { price: 2001 },
      rate: 0.05,
      dividendYield: 0.02,
      forwards: [{ expiry: asOf + year / 4, price: 2020, rate: 0.03, fixed: 500 }],
      smiles: [
        {
          kind: 'points',
          expiry: asOf + year / 4,
          points: [
            { strike: 2400, volatility: 0.9 },
            { strike: 1600, volatility: 0.7 },
          ],
        },
        { kind: 'flat', volatility: 0.6 },
      ],
    },
    BTC: { price: 40_000 },
  },
  currencies: { USDC: { price: 0.98 } },
}

const option = (changes: Partial<Extract<BookPosition, { kind: 'option' }>> = {}): BookPosition => ({
  kind: 'option',
  underlying: 'ETH',
  right: 'call',
  strike: 2000,
  amount: 3,
  expiry: asOf + year / 4,
  ...changes,
})

const positions: readonly BookPosition[] = [
  { kind: 'spot', underlying: 'ETH', amount: -2, rate: 1.1 },
  { kind: 'perpetual', underlying: 'ETH', amount: 4, entry: 1900, funding: 12 },
  { kind: 'perpetual', underlying: 'ETH', amount: 5000, entry: 1900, payoff: 'inverse' },
  { kind: 'future', underlying: 'ETH', amount: -1, multiplier: 5, entry: 2100, expiry: asOf + year / 4 },
  { kind: 'future', underlying: 'ETH', amount: 700, entry: 2100, expiry: asOf + year / 4, payoff: 'inverse' },
  option(),
  option({ right: 'put', strike: 1700, amount: -2 }),
  option({ payoff: 'inverse' }),
  option({ payoff: 'inverse', right: 'put', strike: 2300 }),
  option({ premium: 'futures' }),
  option({ volatility: 1.3, multiplier: 10 }),
  { kind: 'liquidity', underlying: 'ETH', against: 'BTC', liquidity: 50, lowerPrice: 0.04, upperPrice: 0.07, fees: 1 },
]

const book = (list: readonly BookPosition[]): Book => ({
  schema: 'plimsoll-book/1',
  portfolio: { asOf, quote: 'USD', positions: [...list] },
  market,
})

const near = (actual: number, expected: number, tolerance: number) => {
  expectClose(actual, expected, tolerance * Math.max(1, Math.abs(expected)))
}

describe('valuation', () => {
  it('values what needs no model', () => {
    const values = markPositions(
      book([
        { kind: 'cash', currency: 'USDC', amount: -100 },
        { kind: 'cash', currency: 'DAI', amount: 5 },
        { kind: 'spot', underlying: 'ETH', amount: 2, price: 1500 },
        { kind: 'perpetual', underlying: 'ETH', amount: 4 },
        { kind: 'perpetual', underlying: 'ETH', amount: 4, unrealizedPnl: 7, funding: -2 },
        { kind: 'perpetual', underlying: 'ETH', amount: 4000, entry: 1600, payoff: 'inverse' },
      ]),
    ).map(({ value }) => value)
    expect(values).to.deep.equal([-98, 5, 3000, 0, 5, (1 / 1600 - 1 / 2001) * 2000 * 4000])
  })

  it('takes the forward and the volatility of the expiry, and the terms of the underlying elsewhere', () => {
    expect(forwardOf(market, 'ETH', { expiry: asOf + year / 4 }, asOf)).to.include({
      price: 2020,
      fixed: 500,
      rate: 0.03,
    })
    near(forwardOf(market, 'ETH', { years: 2 }, asOf).price, 2000 * Math.exp(0.06), 1e-15)
    expect(forwardOf(market, 'BTC', { years: 2 }, asOf)).to.include({ price: 40_000, assumed: true })
    expect(volatilityOf(market, option() as never, asOf)).to.equal(0.8)
    expect(volatilityOf(market, option({ strike: 9000 }) as never, asOf)).to.equal(0.9)
    expect(volatilityOf(market, option({ strike: 100 }) as never, asOf)).to.equal(0.7)
    expect(volatilityOf(market, option({ expiry: asOf + year }) as never, asOf)).to.equal(0.6)
  })

  it('says where the spot stands for something else', () => {
    expect(perpetualAssumptions(market, ['ETH', 'BTC', 'BTC'])).to.have.lengthOf(1)
    const terms = [
      { underlying: 'BTC', years: 1 },
      { underlying: 'ETH', years: 1 },
    ]
    expect(forwardAssumptions(market, terms, asOf)).to.have.lengthOf(1)
  })

  it('splits a settlement price between what is observed and what is not', () => {
    const term = { expiry: asOf + 450 }
    const split = forwardOf(market, 'BTC', term, asOf, 1800)
    expect(split.fixed).to.equal(split.price * 0.75)
    expect(forwardOf(market, 'BTC', term, asOf).fixed).to.equal(0)
    expect(forwardOf(market, 'BTC', { expiry: asOf + 1800 }, asOf, 1800).fixed).to.equal(0)
  })

  it('has sensitivities that agree with revaluation', () => {
    const step = 1e-4
    for (const [index, position] of positions.entries()) {
      const value = valuerOf(position, market, asOf)
      const { delta = 0, gamma = 0 } = markPositions(book([position]))[0] ?? {}
      const [down, now, up] = [1 - step, 1, 1 + step].map((factor) => value({ prices: { ETH: factor } })) as [
        number,
        number,
        number,
      ]
      const bump = 2000 * step
      expectClose(delta, (up - down) / (2 * bump), 1e-5 * (1 + Math.abs(delta)), `delta of ${index}`)
      expectClose(gamma, (up - 2 * now + down) / (bump * bump), 1e-4 * (1e-2 + Math.abs(gamma)), `gamma of ${index}`)
    }
  })

  it('has vega and theta that agree with revaluation', () => {
    for (const position of positions.filter(({ kind }) => kind === 'option')) {
      const value = valuerOf(position, market, asOf)
      const { vega = 0, theta = 0 } = markPositions(book([position]))[0] ?? {}
      const up = value({ volatility: (volatility) => volatility + 1e-5 })
      const down = value({ volatility: (volatility) => volatility - 1e-5 })
      near(vega, (up - down) / 2e-5, 1e-6)
      near(theta, (value({ elapsed: 1e-6 }) - value({ elapsed: 0 })) / 1e-6, 1e-4)
    }
  })

  it('solves a range of liquidity again at every price', () => {
    const range = { liquidity: 1000, lowerPrice: 1600, upperPrice: 2500 }
    expect(liquidityAmounts({ ...range, price: 1 })).to.deep.equal({ amount: 1000 / 40 - 1000 / 50, amountAgainst: 0 })
    expect(liquidityAmounts({ ...range, price: 1e9 })).to.deep.equal({ amount: 0, amountAgainst: 10_000 })
    near(liquidityAmounts({ ...range, price: 2025 }).amountAgainst, 5000, 1e-15)
  })

  it('changes nothing when nothing moves, and adds up over amounts', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 3, noNaN: true }), fc.integer({ min: -20, max: 20 }), (factor, amount) => {
        const one = valuerOf(option({ amount: 1 }), market, asOf)
        const many = valuerOf(option({ amount }), market, asOf)
        expect(one({})).to.equal(one())
        near(many({ prices: { ETH: factor } }), amount * one({ prices: { ETH: factor } }), 1e-12)
      }),
    )
  })

  it('refuses what it cannot value', () => {
    expect(() => valuerOf(option({ style: 'american' }), market, asOf)).to.throw(UnmodeledPositionError)
    expect(() => valuerOf(option({ underlying: 'SOL' }), market, asOf)).to.throw(MissingMarketDataError)
    expect(() => valuerOf(option({ underlying: 'BTC' }), market, asOf)).to.throw(
      MissingMarketDataError,
      'no volatility',
    )
  })

  it('reads an SVI smile at its own forward and term', () => {
    const smile = { kind: 'svi', a: 0.01, b: 0.05, rho: -0.1, m: -0.05, sigma: 0.05 } as const
    const distance = Math.log(100 / 95) + 0.05
    const variance = 0.01 + 0.05 * (-0.1 * distance + Math.sqrt(distance ** 2 + 0.05 ** 2))
    const at = (extra: object) =>
      volatilityOf(
        { underlyings: { X: { price: 95, smiles: [{ ...smile, years: 0.1, ...extra }] } } },
        { kind: 'option', underlying: 'X', right: 'call', strike: 100, amount: 1, years: 0.1 },
        asOf,
      )
    near(at({}), Math.sqrt(variance / 0.1), 1e-14)
    near(at({ forward: 95, referenceYears: 0.4 }), Math.sqrt(variance / 0.4), 1e-14)
  })

  it('moves short volatilities further than long ones', () => {
    const shock = { up: 0.6, down: 0.3, shortTermPower: 0.3, longTermPower: 0.13, termFloor: 86_400 }
    const day = 86_400
    expect(volatilityFactors({ ...shock, termFloor: 0 }, 0)).to.deep.equal({ up: 1, down: 1 })
    expect(volatilityFactors(shock, 30 * day)).to.deep.equal({ up: 1.6, down: 0.7 })
    near(volatilityFactors(shock, 15 * day).up, 1 + 0.6 * 2 ** 0.3, 1e-14)
    near(volatilityFactors(shock, 60 * day).down, 1 - 0.3 * 0.5 ** 0.13, 1e-14)
    expect(volatilityFactors(shock, 0)).to.deep.equal(volatilityFactors(shock, day))
    expect(volatilityFactors({ ...shock, down: 5 }, day).down).to.equal(0)
  })
})
