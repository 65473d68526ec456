import { expect } from 'chai'
import fc from 'fast-check'
import { black76, OptionInputError } from '../../../../src/risk/models/math/black76.ts'
import { exp } from '../../../../src/risk/models/math/exponential.ts'
import {
  ImpliedVolatilityError,
  impliedTotalVolatility,
  impliedVolatility,
} from '../../../../src/risk/models/math/impliedVolatility.ts'
import { expectClose } from '../../../support/close.ts'

const within = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true })

describe('impliedVolatility', () => {
  it('default: undoes Black-76 out of the money, from any distance', () => {
    const anyInput = fc.tuple(fc.oneof(within(1e-8, 0.5), within(0.01, 4)), within(-30, 30), fc.boolean())
    fc.assert(
      fc.property(anyInput, ([totalVolatility, deviations, near]) => {
        const strike = 100 * exp(deviations * totalVolatility * (near ? 0.05 : 1))
        const right = strike > 100 ? 'call' : 'put'
        const price = black76({ forward: 100, strike, totalVolatility })[right]
        fc.pre(price > 1e-290 && price < 99.99)
        const implied = impliedTotalVolatility({ right, price, forward: 100, strike })
        const again = black76({ forward: 100, strike, totalVolatility: implied })[right]
        expect(Math.abs(again - price)).to.be.at.most(price * 1e-13)
        expect(Math.abs(implied - totalVolatility)).to.be.at.most(totalVolatility * 1e-13)
      }),
      { seed: 1, numRuns: 2_000 },
    )
  })

  it('behavior: the printed examples of vollib come back', () => {
    const example = { right: 'call', price: 5.637197779701664, forward: 100, strike: 100, time: 0.5 } as const
    expectClose(impliedVolatility(example), 0.2, 1e-15)
    const discounted = { ...example, price: 5.5811067246048118, discount: exp(-0.01) }
    expectClose(impliedVolatility(discounted), 0.2, 1e-15)
  })

  it('behavior: an option in the money gives what its time value tells', () => {
    const price = black76({ forward: 100, strike: 80, volatility: 0.4, time: 0.25, discount: 0.9 }).call
    const implied = impliedVolatility({ right: 'call', price, forward: 100, strike: 80, time: 0.25, discount: 0.9 })
    expectClose(implied, 0.4, 1e-13)
  })

  it('behavior: intrinsic value has no volatility', () => {
    expect(impliedTotalVolatility({ right: 'put', price: 10, forward: 100, strike: 110 })).to.equal(0)
    expect(impliedTotalVolatility({ right: 'call', price: 0, forward: 100, strike: 110 })).to.equal(0)
  })

  it('error: ImpliedVolatilityError outside what a volatility can give', () => {
    const option = { right: 'call', forward: 100, strike: 90 } as const
    for (const price of [9.999, 100, 120, -1, NaN]) {
      expect(() => impliedTotalVolatility({ ...option, price }), `${price}`).to.throw(ImpliedVolatilityError)
    }
  })

  it('error: OptionInputError', () => {
    const option = { right: 'call', price: 5, forward: 100, strike: 100, time: 1 } as const
    for (const wrong of [{ forward: 0 }, { strike: -1 }, { time: 0 }, { discount: NaN }]) {
      expect(() => impliedVolatility({ ...option, ...wrong })).to.throw(OptionInputError)
    }
  })
})
