import { expect } from 'chai'
import fc from 'fast-check'
import {
  black76,
  black76Greeks,
  type EuropeanOption,
  type Greeks,
  generalizedBlackScholes,
  generalizedBlackScholesGreeks,
  OptionInputError,
  UndefinedGreeksError,
} from '../../../../src/risk/models/math/black76.ts'
import { exp, log } from '../../../../src/risk/models/math/exponential.ts'
import { expectClose } from '../../../support/close.ts'
import { normalPair } from '../../../support/exact/functions.ts'
import { abs, max, min, type Real, times } from '../../../support/exact/real.ts'
import published from '../../../vectors/black-scholes-published.json' with { type: 'json' }
import vectors from '../../../vectors/black76-40-digit.json' with { type: 'json' }
import { parseReal } from './support/decimal.ts'
import { toReal } from './support/ulp.ts'

/** Error of a price as a fraction of another amount. */
function errorOver(actual: number, exact: Real, scale: Real): number {
  return Number((abs(toReal(actual) - exact) * 10n ** 20n) / scale) / 1e20
}

type DeriveRow = [number, number, number, number, number, number, number]
type QuantlibRow = ['call' | 'put', number, number, number, number, number]
type Row = [number, number, number, string, string]
const within = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true })

/** What the price must be, from textbook formulas on 67 decimals. */
function exactPrices(forward: number, strike: number, totalVolatility: number) {
  const f = toReal(forward)
  const k = toReal(strike)
  const { first, second } = normalPair(f, k, toReal(totalVolatility))
  const call = times(f, first) - times(k, second)
  return { call, put: call + k - f, lower: min(f, k), upper: max(f, k), forward: f }
}

describe('black76', () => {
  it('reproduces 40-digit prices within 1e-15 of the forward', () => {
    for (const [forward, strike, totalVolatility, callText, putText] of vectors.rows as Row[]) {
      const { call, put } = black76({ forward, strike, totalVolatility })
      const [exactCall, exactPut] = [parseReal(callText), parseReal(putText)]
      const name = `${forward} ${strike} ${totalVolatility}`
      expect(errorOver(call, exactCall, toReal(forward)), `call ${name}`).to.be.below(1e-15)
      // A put is worth up to its strike, so there the last place is that of the strike.
      expect(errorOver(put, exactPut, max(toReal(forward), toReal(strike))), `put ${name}`).to.be.below(1e-15)
      const [outer, exactOuter] = forward <= strike ? [call, exactCall] : [put, exactPut]
      expect(errorOver(outer, exactOuter, min(toReal(forward), toReal(strike))), `outer ${name}`).to.be.below(1e-15)
    }
    expect(vectors.rows.length).to.equal(160)
  })

  it('reproduces the prices in the tests of Derive to the 1e-12 asked there', () => {
    for (const [seconds, volatility, forward, strike, discount, call, put] of published.derive as DeriveRow[]) {
      const prices = black76({ forward, strike, volatility, time: seconds / 31_536_000, discount })
      expectClose(prices.call, call, 1e-12)
      expectClose(prices.put, put, 1e-12)
    }
  })

  it('reproduces the prices in the tests of QuantLib to 1e-13', () => {
    for (const row of published.quantlibPrices) {
      const [right, strike, forward, totalVolatility, discount, price] = row as QuantlibRow
      expectClose(black76({ forward, strike, totalVolatility, discount })[right], price, 1e-13)
    }
  })

  it('behavior: random prices are within 1e-15 of the smaller of forward and strike before intrinsic value', () => {
    const anyInput = fc.tuple(within(1e-3, 1e5), within(-4, 4), fc.oneof(within(1e-6, 0.6), within(0.1, 9)))
    fc.assert(
      fc.property(anyInput, fc.boolean(), ([forward, width, totalVolatility], scaled) => {
        const strike = forward * exp(scaled ? width * totalVolatility : width)
        const { call, put } = black76({ forward, strike, totalVolatility })
        const exact = exactPrices(forward, strike, totalVolatility)
        const outer =
          forward <= strike ? errorOver(call, exact.call, exact.lower) : errorOver(put, exact.put, exact.lower)
        expect(outer).to.be.below(6e-16)
        expect(errorOver(call, exact.call, exact.forward)).to.be.below(1e-15)
        expect(errorOver(put, exact.put, exact.upper)).to.be.below(1e-15)
      }),
      { seed: 1, numRuns: 2_000 },
    )
  })

  it('behavior: a price close to nothing keeps its digits', () => {
    const anyInput = fc.tuple(within(-6, -0.01), within(1e-6, 0.5))
    fc.assert(
      fc.property(anyInput, ([deviations, totalVolatility]) => {
        const strike = 100 * exp(-deviations * totalVolatility)
        const { call } = black76({ forward: 100, strike, totalVolatility })
        const exact = exactPrices(100, strike, totalVolatility).call
        // ln(F/K) itself has a rounding that moves the price by its distance times that over the volatility.
        expect(errorOver(call, exact, exact)).to.be.below(1e-14 + (8e-16 * -deviations) / totalVolatility)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('behavior: the unit of the prices does not matter, from 1e-240 to 1e240', () => {
    const anyInput = fc.tuple(within(0.1, 10), within(0.1, 10), within(1e-6, 5), fc.integer({ min: -800, max: 800 }))
    fc.assert(
      fc.property(anyInput, ([forward, strike, totalVolatility, exponent]) => {
        const unit = 2 ** exponent
        const { call, put } = black76({ forward, strike, totalVolatility })
        const scaled = black76({ forward: forward * unit, strike: strike * unit, totalVolatility })
        fc.pre(Math.min(call, put) > 1e-60)
        expect(scaled).to.deep.equal({ call: call * unit, put: put * unit })
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('behavior: corners have their limits', () => {
    const price = (forward: number, strike: number, totalVolatility: number) =>
      black76({ forward, strike, totalVolatility, discount: 0.5 })
    expect(price(100, 0, 0.3)).to.deep.equal({ call: 50, put: 0 })
    expect(price(0, 100, 0.3)).to.deep.equal({ call: 0, put: 50 })
    expect(price(0, 0, 0.3)).to.deep.equal({ call: 0, put: 0 })
    expect(price(110, 100, 0)).to.deep.equal({ call: 5, put: 0 })
    expect(price(100, 100, 0)).to.deep.equal({ call: 0, put: 0 })
    expect(price(110, 100, 1e-300)).to.deep.equal({ call: 5, put: 0 })
    expect(price(100, 80, 1e6)).to.deep.equal({ call: 50, put: 40 })
    expect(price(100, 80, Infinity)).to.deep.equal({ call: 50, put: 40 })
    expect(price(1e300, 1e-300, 2)).to.deep.equal({ call: 5e299, put: 0 })
    expect(black76({ forward: 100, strike: 120, volatility: 0.4, time: 0 })).to.deep.equal({ call: 0, put: 20 })
  })

  it('behavior: calls fall and puts rise with the strike, both rise with volatility, and parity holds', () => {
    const anyInput = fc.tuple(within(1, 200), within(1, 200), within(0, 3))
    fc.assert(
      fc.property(anyInput, ([forward, strike, totalVolatility]) => {
        const { call, put } = black76({ forward, strike, totalVolatility })
        const further = black76({ forward, strike: strike * 1.01, totalVolatility })
        const wilder = black76({ forward, strike, totalVolatility: totalVolatility + 0.01 })
        expect(further.call).to.be.at.most(call)
        expect(further.put).to.be.at.least(put)
        expect(wilder.call).to.be.at.least(call)
        expect(Math.abs(call - put - (forward - strike))).to.be.at.most(5e-14)
        expect(call).to.be.within(Math.max(0, forward - strike), forward)
        expect(put).to.be.within(Math.max(0, strike - forward), strike)
      }),
      { seed: 1, numRuns: 1_000 },
    )
  })

  it('error: OptionInputError', () => {
    const sound = { forward: 100, strike: 100, totalVolatility: 0.2 }
    for (const wrong of [{ forward: -1 }, { strike: NaN }, { totalVolatility: -0.1 }, { discount: Infinity }]) {
      expect(() => black76({ ...sound, ...wrong })).to.throw(OptionInputError)
    }
    expect(() => black76({ forward: 1, strike: 1, volatility: 0.2, time: -1 })).to.throw(OptionInputError)
  })
})

describe('generalizedBlackScholes', () => {
  const toOption = (row: readonly (string | number)[]): EuropeanOption => {
    const [right, strike, spot, dividendYield, rate, time, volatility] = row as [
      'call' | 'put',
      ...[number, number, number, number, number, number],
    ]
    return { right, strike, spot, dividendYield, rate, time, volatility }
  }

  it('reproduces the table values of Haug to their printed digits', () => {
    const errors = published.haugPrices.map((row) => {
      const error = Math.abs(generalizedBlackScholes(toOption(row)) - (row[7] as number))
      expect(error, row.join(' ')).to.be.below(0.6e-4)
      return error
    })
    // Only the 1.8734 of the book, call and put at the money, should read 1.8733: the price is 1.87334.
    expect(errors.filter((error) => error > 0.5e-4).length).to.equal(2)
    expect(errors.length).to.equal(43)
  })

  it('reproduces the Greeks of Haug to their printed digits', () => {
    for (const { greek, row, value } of published.haugGreeks) {
      const option = toOption(row)
      const greeks = generalizedBlackScholesGreeks(option)
      const derived: Record<string, number> = {
        ...greeks,
        elasticity: (greeks.deltaSpot * option.spot) / generalizedBlackScholes(option),
        thetaPerDay: greeks.theta / 365,
      }
      expect(Math.abs((derived[greek] as number) - value), `${greek} ${row.join(' ')}`).to.be.at.most(1e-4)
    }
    expect(published.haugGreeks.length).to.equal(11)
  })

  it('reproduces the Greeks in the tests of QuantLib to 1e-12', () => {
    const {
      strike,
      forward,
      spot,
      totalVolatility,
      discount,
      time,
      elasticity,
      right: _,
      ...expected
    } = published.quantlibGreeks
    const rate = -log(discount) / time
    const dividendYield = rate - log(forward / spot) / time
    const option = { right: 'call', spot, strike, rate, dividendYield, time, volatility: totalVolatility } as const
    const greeks = generalizedBlackScholesGreeks(option)
    for (const [name, value] of Object.entries(expected)) expectClose(greeks[name as keyof Greeks], value, 1e-12)
    expectClose((greeks.deltaSpot * spot) / generalizedBlackScholes(option), elasticity, 1e-12)
  })

  it('reproduces the printed examples of vollib to their digits', () => {
    for (const { row, value, tolerance } of published.vollib) {
      expect(Math.abs(generalizedBlackScholes(toOption(row)) - value), row.join(' ')).to.be.at.most(tolerance)
    }
  })

  it('behavior: Greeks are the slopes of the price', () => {
    const option: EuropeanOption = {
      right: 'call',
      spot: 105,
      strike: 100,
      rate: 0.06,
      dividendYield: 0.02,
      time: 0.7,
      volatility: 0.45,
    }
    for (const right of ['call', 'put'] as const) {
      for (const strike of [40, 80, 100, 107, 180]) {
        const base = { ...option, right, strike }
        const at = (change: Partial<EuropeanOption>) => generalizedBlackScholes({ ...base, ...change })
        const slope = (key: 'spot' | 'rate' | 'dividendYield' | 'time' | 'volatility', step: number) =>
          (at({ [key]: base[key] + step }) - at({ [key]: base[key] - step })) / (2 * step)
        const greeksAt = (change: Partial<EuropeanOption>) => generalizedBlackScholesGreeks({ ...base, ...change })
        const greeks = greeksAt({})
        const expected: Partial<Greeks> = {
          deltaSpot: slope('spot', 1e-3),
          deltaForward: slope('spot', 1e-3) * exp(-0.04 * 0.7),
          gamma: (greeksAt({ spot: 105.001 }).deltaSpot - greeksAt({ spot: 104.999 }).deltaSpot) / 0.002,
          vega: slope('volatility', 1e-5),
          theta: -slope('time', 1e-5),
          rho: slope('rate', 1e-5),
          dividendRho: slope('dividendYield', 1e-5),
          vanna: (greeksAt({ volatility: 0.45001 }).deltaSpot - greeksAt({ volatility: 0.44999 }).deltaSpot) / 2e-5,
          volga: (greeksAt({ volatility: 0.45001 }).vega - greeksAt({ volatility: 0.44999 }).vega) / 2e-5,
        }
        for (const [name, value] of Object.entries(expected)) {
          const actual = greeks[name as keyof Greeks]
          expect(Math.abs(actual - value), `${name} ${right} ${strike}`).to.be.at.most(
            2e-7 * Math.max(1, Math.abs(value)),
          )
        }
      }
    }
  })

  it('behavior: an option on a forward has the Greeks of an asset without carry', () => {
    const { deltaForward, deltaSpot, theta, rho, dividendRho } = black76Greeks({
      right: 'put',
      forward: 100,
      strike: 90,
      volatility: 0.5,
      time: 0.5,
      discount: exp(-0.05 * 0.5),
    })
    const price = (time: number) =>
      black76({ forward: 100, strike: 90, volatility: 0.5, time, discount: exp(-0.05 * time) }).put
    expect(deltaSpot).to.equal(deltaForward)
    expectClose(theta, -(price(0.50001) - price(0.49999)) / 2e-5, 1e-6)
    expectClose(rho + dividendRho, -0.5 * price(0.5), 1e-13)
  })

  it('behavior: without volatility only the pay-off is left', () => {
    const greeks = black76Greeks({ right: 'call', forward: 110, strike: 100, volatility: 0.3, time: 0 })
    expect(greeks.deltaForward).to.equal(1)
    expect([greeks.gamma, greeks.vega, greeks.vanna, greeks.volga]).to.deep.equal([0, 0, 0, 0])
    const out = black76Greeks({ right: 'put', forward: 110, strike: 100, volatility: 0, time: 1 })
    expect(Math.abs(out.deltaForward)).to.equal(0)
  })

  it('error: UndefinedGreeksError at the kink', () => {
    const kink = { right: 'call', forward: 100, strike: 100, volatility: 0.2, time: 0 } as const
    expect(() => black76Greeks(kink)).to.throw(UndefinedGreeksError)
  })
})
