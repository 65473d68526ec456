import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Book } from '../../../../src/core/book.ts'
import { normalQuantile } from '../../../../src/risk/models/math/normal.ts'
import {
  fitGarch,
  garchLogLikelihood,
  garchTermVariance,
  garchVariances,
  longRunVariance,
} from '../../../../src/risk/models/var-es/garch.ts'
import type { CovarianceRule } from '../../../../src/risk/models/var-es/parameters.ts'
import { normalTail, studentTail } from '../../../../src/risk/models/var-es/parametricTail.ts'
import { varEsModel } from '../../../../src/risk/models/var-es/varEs.ts'
import { ewmaProducts, variancePath } from '../../../../src/risk/models/var-es/variances.ts'
import { expectClose } from '../../../support/close.ts'
import { mersenneTwister } from './mersenneTwister.ts'
import { day, plain, returnsBook } from './support.ts'

const vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/models/var-es/published.json', import.meta.url), 'utf8'),
)

const toHundreds = (value: number) => Math.round(value / 100) * 100

function held(amounts: { readonly [underlying: string]: number }): Book {
  return {
    schema: 'plimsoll-book/1',
    portfolio: {
      asOf: 0,
      quote: 'USD',
      positions: Object.entries(amounts).map(([underlying, amount]) => ({ kind: 'spot', underlying, amount })),
    },
    market: { underlyings: Object.fromEntries(Object.keys(amounts).map((name) => [name, { price: 1 }])) },
  }
}

describe('var-es against published figures', () => {
  it('behavior: two shares of Hull, one and ten days', () => {
    const covariance: CovarianceRule = {
      kind: 'given',
      interval: day,
      underlyings: ['MSFT', 'T'],
      volatilities: [0.02, 0.01],
      correlation: [
        [1, 0.3],
        [0.3, 1],
      ],
    }
    const published = vectors.hullLinear
    const margin = (book: Book, days: number) =>
      varEsModel.calculate({
        book,
        parameters: plain(
          { kind: 'delta-normal', covariance },
          { initial: { measure: 'var', confidence: 0.99 }, horizon: days * day },
        ),
      })
    const [msft, att] = [10_000_000, 5_000_000]
    expect(toHundreds(margin(held({ MSFT: msft }), 1).initialMargin)).to.equal(published.microsoftOneDay)
    expect(toHundreds(margin(held({ MSFT: msft }), 10).initialMargin)).to.equal(published.microsoftTenDays)
    expect(toHundreds(margin(held({ T: att }), 1).initialMargin)).to.equal(published.attOneDay)
    expect(toHundreds(margin(held({ T: att }), 10).initialMargin)).to.equal(published.attTenDays)
    expect(toHundreds(margin(held({ MSFT: msft, T: att }), 10).initialMargin)).to.equal(published.bothTenDays)
    const both = margin(held({ MSFT: msft, T: att }), 1)
    expect(toHundreds(both.initialMargin)).to.equal(published.bothOneDay)
    const { estimated } = both.details.estimates as Record<string, { moments: { deviation: number } }>
    expect(toHundreds(estimated?.moments.deviation ?? NaN)).to.equal(published.bothDeviation)
  })

  it('behavior: a portfolio of options of Hull in the quadratic model', () => {
    // A spot and a range of liquidity make delta and gamma without an option; sizes solve for −30 and −5 at a price of 20.
    const [gamma, price] = [-5, 20]
    const liquidity = -gamma * 2 * price * Math.sqrt(price)
    const range = { lowerPrice: 10, upperPrice: 40 }
    const inRange = liquidity * (1 / Math.sqrt(price) - 1 / Math.sqrt(range.upperPrice))
    const book: Book = {
      schema: 'plimsoll-book/1',
      portfolio: {
        asOf: 0,
        quote: 'USD',
        positions: [
          { kind: 'liquidity', underlying: 'X', against: 'USD', liquidity, ...range },
          { kind: 'spot', underlying: 'X', amount: -30 - inRange },
        ],
      },
      market: { underlyings: { X: { price } } },
    }
    const covariance: CovarianceRule = {
      kind: 'given',
      interval: day,
      underlyings: ['X'],
      volatilities: [0.01],
      correlation: [[1]],
    }
    const { initialMargin, details } = varEsModel.calculate({
      book,
      parameters: plain(
        { kind: 'delta-gamma', covariance, monotone: true },
        { initial: { measure: 'var', confidence: 0.99 } },
      ),
    })
    const { moments } = (details.estimates as Record<string, { moments: Record<string, number> }>).estimated ?? {}
    expectClose(moments?.mean, vectors.hullQuadratic.mean, 1e-9)
    expectClose(moments?.deviation, vectors.hullQuadratic.deviation, 5e-4)
    expectClose(initialMargin, vectors.hullQuadratic.valueAtRisk, 0.05)
  })

  it('behavior: one step of EWMA and of GARCH(1,1) of Hull', () => {
    const weighted = ewmaProducts([0.01, 0.02], [0.01, 0.02], { lambda: 0.9, start: 'first' })
    expectClose(weighted.at(-1), vectors.hullEwma.variance, 1e-12)
    const garch = { mean: 0, omega: 0.000002, alpha: 0.13, beta: 0.86 }
    expectClose(longRunVariance(garch), vectors.hullGarch.longRunVariance, 1e-12)
    expectClose(garchVariances([0.01], garch, 0.016 * 0.016)[1], vectors.hullGarch.nextVariance, 1e-12)
  })

  it('behavior: the expected variance of many steps is that of each step, added up', () => {
    const garch = { mean: 0, omega: 0.0000013465, alpha: 0.083394, beta: 0.910116 }
    const longRun = longRunVariance(garch)
    let sum = 0
    for (let step = 0; step < 10; step++) sum += longRun + 0.99351 ** step * (0.0003 - longRun)
    expectClose(garchTermVariance(garch, 0.0003, 10), sum, 1e-15)
  })

  it('behavior: normal and Student-t losses of McNeil, Frey and Embrechts', () => {
    const moments = { mean: 0, deviation: (10_000 * 0.2) / Math.sqrt(250) }
    for (const [index, confidence] of vectors.mcneil.confidence.entries()) {
      const normal = normalTail(moments, confidence)
      expectClose(normal.valueAtRisk, vectors.mcneil.normalValueAtRisk[index], 0.05001)
      expectClose(normal.expectedShortfall, vectors.mcneil.normalShortfall[index], 0.05001)
      const student = studentTail(moments, 4, confidence).valueAtRisk
      expectClose(student, vectors.mcneil.studentValueAtRisk[index], 0.05001)
    }
  })

  for (const { mean, deviation, value, probability, valueAtRisk } of vectors.mathWorks.cases) {
    it(`behavior: portvrisk of MathWorks at ${probability} of ${value}`, () => {
      const covariance: CovarianceRule = {
        kind: 'given',
        interval: day,
        underlyings: ['X'],
        volatilities: [deviation],
        means: [mean],
        correlation: [[1]],
      }
      const { initialMargin } = varEsModel.calculate({
        book: held({ X: value }),
        parameters: plain(
          { kind: 'delta-normal', covariance },
          { mean: 'sample', initial: { measure: 'var', confidence: 1 - probability } },
        ),
      })
      const digits = value === 1 ? 4 : -3
      expect(Math.round(initialMargin * 10 ** digits)).to.equal(Math.round(Number(valueAtRisk) * 10 ** digits))
    })
  }

  it('behavior: the path of GARCH(1,1) of QuantLib, also through the parameters of the model', () => {
    const given = { X: { alpha: 0.2, beta: 0.3, longRunVariance: 0.4 } }
    const returns = Array.from({ length: 10 }, () => 0.1)
    const model = { kind: 'garch', given, mean: 'zero', presample: 'zero' } as const
    const { variances } = variancePath(returns, 'X', model)
    for (const [index, volatility] of vectors.quantLib.volatilities.entries()) {
      expectClose(Math.sqrt(variances[index + 1] as number), volatility, 1e-6)
    }
    const { details } = varEsModel.calculate({
      book: returnsBook({ X: returns }, [1]),
      parameters: plain({ kind: 'delta-normal', covariance: { ...model, term: 'square-root' } }),
    })
    const { volatilities } = (details.estimates as Record<string, { volatilities: number[] }>).estimated ?? {}
    expectClose(volatilities?.[0], vectors.quantLib.volatilities[9], 1e-6)
  })

  it('behavior: the fit of QuantLib to 50,000 simulated returns', function () {
    this.timeout(60_000)
    const draw = mersenneTwister(48)
    const returns: number[] = []
    let [variance, last] = [0, 0]
    for (let step = 0; step < 50_000; step++) {
      variance = 0.2 + 0.2 * last * last + 0.3 * variance
      last = normalQuantile((draw() + 0.5) / 2 ** 32) * Math.sqrt(variance)
      returns.push(last)
    }
    const garch = fitGarch(returns, 'zero', 'zero')
    for (const name of ['alpha', 'beta', 'omega'] as const) {
      expectClose(garch[name], vectors.quantLib[name], 1e-6, name)
    }
    const perReturn = garchLogLikelihood(returns, garch, 'zero') / returns.length
    expectClose(perReturn + Math.log(2 * Math.PI) / 2, vectors.quantLib.logLikelihood, 1e-6)
  })
})
