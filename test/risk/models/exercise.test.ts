import { expect } from 'chai'
import type { BookMarket, BookPosition } from '../../../src/core/book.ts'
import { MissingMarketDataError } from '../../../src/core/errors.ts'
import { UnmodeledPositionError } from '../../../src/risk/models/errors.ts'
import { exerciseValuerOf, latticeSteps, withImpliedVolatility } from '../../../src/risk/models/exercise.ts'
import { crr } from '../../../src/risk/models/math/binomial.ts'
import { valuerOf } from '../../../src/risk/models/valuation.ts'
import { expectClose } from '../../support/close.ts'

type Option = Extract<BookPosition, { kind: 'option' }>

const market: BookMarket = { underlyings: { X: { price: 100, rate: 0.06, dividendYield: 0.02 } } }
const put: Option = {
  kind: 'option',
  underlying: 'X',
  right: 'put',
  strike: 110,
  years: 0.5,
  volatility: 0.25,
  style: 'american',
  amount: -2,
  multiplier: 10,
}

describe('Early exercise', () => {
  it('values on a lattice with the yield of the market, at every shock', () => {
    const unit = (spot: number, volatility: number, time: number) =>
      crr({
        spot,
        strike: 110,
        rate: 0.06,
        dividendYield: 0.02,
        time,
        volatility,
        right: 'put',
        exercise: 'american',
        steps: latticeSteps,
      })
    const value = exerciseValuerOf(put, market, 0)
    expectClose(value(), -20 * unit(100, 0.25, 0.5), 1e-9)
    const shock = { prices: { X: 0.9 }, volatility: (volatility: number) => 2 * volatility, elapsed: 0.1 }
    expectClose(value(shock), -20 * unit(90, 0.5, 0.4), 1e-9)
    expectClose(value({ prices: { X: 0.9 }, elapsed: 1 }), -20 * 20, 1e-9)
  })

  it('leaves all other positions to the common valuation', () => {
    const european: Option = { ...put, style: 'european' }
    expect(exerciseValuerOf(european, market, 0)()).to.equal(valuerOf(european, market, 0)())
  })

  it('finds the volatility that a mark implies', () => {
    for (const style of ['american', 'european'] as const) {
      const mark = exerciseValuerOf({ ...put, style, amount: 1, multiplier: 1 }, market, 0)()
      const marked: Option = { ...put, volatility: undefined, style, mark }
      expectClose(withImpliedVolatility(marked, market, 0).volatility, 0.25, 1e-8)
    }
    expect(withImpliedVolatility({ ...put, mark: 50 }, market, 0).volatility).to.equal(0.25)
  })

  it('refuses a mark below what exercise pays, and exercise that gains nothing', () => {
    const marked: Option = { ...put, volatility: undefined, mark: 9.5 }
    expect(() => withImpliedVolatility(marked, market, 0)).to.throw(MissingMarketDataError, 'no implied volatility')
    expect(() => exerciseValuerOf({ ...put, payoff: 'inverse' }, market, 0)).to.throw(UnmodeledPositionError)
    expect(() => exerciseValuerOf({ ...put, premium: 'futures' }, market, 0)).to.throw(UnmodeledPositionError)
  })
})
