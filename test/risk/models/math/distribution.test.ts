import { expect } from 'chai'
import fc from 'fast-check'
import {
  binomialCdf,
  binomialPmf,
  chiSquareCdf,
  chiSquareQuantile,
  chiSquareTail,
  DistributionError,
  studentCdf,
  studentPdf,
  studentQuantile,
} from '../../../../src/risk/models/math/distribution.ts'
import { exp } from '../../../../src/risk/models/math/exponential.ts'
import { deviance, incompleteBeta, incompleteGamma, logGamma } from '../../../../src/risk/models/math/gamma.ts'
import { erfc, normalCdf, normalQuantile, ProbabilityError } from '../../../../src/risk/models/math/normal.ts'
import { expectClose } from '../../../support/close.ts'
import vectors from '../../../vectors/distribution-40-digit.json' with { type: 'json' }

const within = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true })

/** Asserts a relative error; a tail is the exponential of a number whose own rounding grows with it. */
function expectRelative(actual: number, expected: number | string, tolerance: number, name = '') {
  const exact = Number(expected)
  if (exact === 0) return expect(actual, name).to.equal(0)
  const allowed = tolerance + 5e-16 * Math.abs(Math.log(Math.abs(exact)))
  expect(Math.abs(actual - exact) / Math.abs(exact), name).to.be.at.most(allowed)
}

describe('distribution', () => {
  it('reproduces 40-digit values of Student to 1e-14 and the rounding of the exponent, far into the tail', () => {
    for (const [t, degrees, cdf, pdf] of vectors.student as [number, number, string, string][]) {
      expectRelative(studentCdf(t, degrees), cdf, 1e-14, `cdf ${t} ${degrees}`)
      expectRelative(studentPdf(t, degrees), pdf, 1e-14, `pdf ${t} ${degrees}`)
    }
    for (const [p, degrees, t] of vectors.studentQuantile as [number, number, string][]) {
      expectRelative(studentQuantile(p, degrees), t, 4e-15, `quantile ${p} ${degrees}`)
    }
  })

  it('reproduces 40-digit values of chi-square', () => {
    for (const [x, degrees, cdf, tail] of vectors.chiSquare as [number, number, string, string][]) {
      // Where the exponent is large, its own rounding is what is left.
      const tolerance = degrees > 1_000 ? 2e-13 : 3e-14
      expectRelative(chiSquareCdf(x, degrees), cdf, tolerance, `cdf ${x} ${degrees}`)
      expectRelative(chiSquareTail(x, degrees), tail, tolerance, `tail ${x} ${degrees}`)
    }
    for (const [p, degrees, x] of vectors.chiSquareQuantile as [number, number, string][]) {
      expectRelative(chiSquareQuantile(p, degrees), x, 8e-15, `quantile ${p} ${degrees}`)
    }
  })

  it('reproduces 40-digit values of the binomial distribution and of ln Γ', () => {
    for (const [successes, trials, p, cdf, pmf] of vectors.binomial as [number, number, number, string, string][]) {
      expectRelative(binomialCdf(successes, trials, p), cdf, 1e-14, `cdf ${successes} ${trials} ${p}`)
      expectRelative(binomialPmf(successes, trials, p), pmf, 1e-14, `pmf ${successes} ${trials} ${p}`)
    }
    for (const [z, value] of vectors.logGamma as [number, string][]) {
      expectClose(logGamma(z), Number(value), 4e-16 * Math.max(10, Math.abs(Number(value))))
    }
  })

  it('reproduces the critical values and zones of the back-tests', () => {
    // Kupiec and Christoffersen at 95 % and 99 %.
    expect(chiSquareQuantile(0.95, 1).toFixed(4)).to.equal('3.8415')
    expect(chiSquareQuantile(0.99, 1).toFixed(4)).to.equal('6.6349')
    expect(chiSquareQuantile(0.95, 2).toFixed(4)).to.equal('5.9915')
    // Basel Committee, "Supervisory framework for the use of backtesting" (1996), table 1: cumulative probabilities, 250 days.
    const cumulative = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.6, 99.89, 99.97, 99.99]
    for (const [exceptions, percent] of cumulative.entries()) {
      expectClose(100 * binomialCdf(exceptions, 250, 0.01), percent, 0.005001)
    }
    // Tables of Student's t.
    expect([1, 4, 10, 30].map((degrees) => studentQuantile(0.99, degrees).toFixed(3))).to.deep.equal([
      '31.821',
      '3.747',
      '2.764',
      '2.457',
    ])
  })

  it('behavior: closed forms and limits agree', () => {
    fc.assert(
      fc.property(within(-30, 30), within(1e-3, 200), (t, x) => {
        expectRelative(chiSquareTail(x, 1), erfc(Math.sqrt(x / 2)), 1e-14)
        expectRelative(chiSquareTail(x, 2), exp(-x / 2), 1e-14)
        // Two degrees of freedom have a closed form, infinitely many are normal.
        expectClose(studentCdf(t, 2), 0.5 + t / (2 * Math.sqrt(2 + t * t)), 1e-15)
        expect(studentCdf(t, Infinity)).to.equal(normalCdf(t))
        expectClose(studentCdf(t, 1e12), normalCdf(t), 1e-12)
      }),
      { seed: 1, numRuns: 300 },
    )
    expect(studentQuantile(0.01, Infinity)).to.equal(normalQuantile(0.01))
    expect([studentQuantile(0, 3), studentQuantile(1, 3), studentQuantile(0.5, 3)]).to.deep.equal([
      -Infinity,
      Infinity,
      0,
    ])
    expect([chiSquareQuantile(0, 3), chiSquareQuantile(1, 3)]).to.deep.equal([0, Infinity])
    expect([chiSquareCdf(0, 3), chiSquareTail(Infinity, 3)]).to.deep.equal([0, 0])
    expect([binomialCdf(5, 5, 0.3), binomialCdf(2, 5, 0), binomialCdf(2, 5, 1)]).to.deep.equal([1, 1, 0])
    expect([binomialPmf(0, 5, 0), binomialPmf(2, 5, 0), binomialPmf(5, 5, 1)]).to.deep.equal([1, 0, 1])
    expect([studentCdf(-1e200, 3), studentCdf(1e200, 3)]).to.deep.equal([0, 1])
  })

  it('behavior: quantiles undo distributions', () => {
    const probability = fc.oneof(within(1e-12, 1 - 1e-12), within(1e-3, 0.999))
    const degrees = fc.oneof(within(0.5, 10), within(1, 2_000))
    fc.assert(
      fc.property(probability, degrees, (p, n) => {
        const tail = Math.min(p, 1 - p)
        expectClose(studentCdf(studentQuantile(p, n), n), p, 1e-13 * tail + 2e-16)
        expectClose(chiSquareCdf(chiSquareQuantile(p, n), n), p, 1e-12 * tail + 4e-16)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('behavior: incomplete functions are complements and sums of their weights', () => {
    fc.assert(
      fc.property(within(0.1, 50), within(0.1, 50), within(0.001, 0.999), (a, b, x) => {
        expectClose(incompleteBeta(a, b, x, 1 - x) + incompleteBeta(b, a, 1 - x, x), 1, 1e-14)
        const { lower, upper } = incompleteGamma(a, b)
        expectClose(lower + upper, 1, 1e-15)
      }),
      { seed: 1, numRuns: 500 },
    )
    expectClose(
      [0, 1, 2, 3].reduce((sum, k) => sum + binomialPmf(k, 12, 0.2), 0),
      binomialCdf(3, 12, 0.2),
      1e-15,
    )
    expect(deviance(7, 7)).to.equal(0)
  })

  it('error: DistributionError, ProbabilityError', () => {
    for (const degrees of [0, -1, NaN]) {
      expect(() => studentCdf(1, degrees)).to.throw(DistributionError)
      expect(() => chiSquareTail(1, degrees)).to.throw(DistributionError)
    }
    expect(() => chiSquareCdf(-1, 2)).to.throw(DistributionError)
    expect(() => binomialCdf(3, 2, 0.5)).to.throw(DistributionError)
    expect(() => binomialCdf(1.5, 2, 0.5)).to.throw(DistributionError)
    for (const p of [-0.1, 1.1, NaN]) {
      expect(() => studentQuantile(p, 4)).to.throw(ProbabilityError)
      expect(() => chiSquareQuantile(p, 4)).to.throw(ProbabilityError)
      expect(() => binomialPmf(1, 2, p)).to.throw(ProbabilityError)
    }
  })
})
