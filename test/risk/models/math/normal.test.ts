import { expect } from 'chai'
import fc from 'fast-check'
import {
  erf,
  erfc,
  millsRatio,
  normalCdf,
  normalPdf,
  normalQuantile,
  ProbabilityError,
} from '../../../../src/risk/models/math/normal.ts'
import { expectClose } from '../../../support/close.ts'
import * as exact from '../../../support/exact/functions.ts'
import { one } from '../../../support/exact/real.ts'
import vectors from '../../../vectors/normal-40-digit.json' with { type: 'json' }
import { doublesBetween, toReal, ulpError } from './support/ulp.ts'

const anyX = fc.oneof(fc.double({ min: -12, max: 12, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true }))
const anyProbability = fc.double({ min: 1e-300, max: 1, maxExcluded: true, noNaN: true })

describe('normal', () => {
  it('reproduces 40-digit values to the last units, down to probabilities of 1e-300', () => {
    for (const [x, value] of vectors.cdf as [number, string][]) {
      expect(doublesBetween(normalCdf(x), Number(value)), `N(${x})`).to.be.at.most(5)
    }
    for (const [p, value] of vectors.quantile as [number, string][]) {
      expect(doublesBetween(normalQuantile(p), Number(value)), `quantile of ${p}`).to.be.at.most(4)
    }
    for (const [x, value, complement] of vectors.erf as [number, string, string][]) {
      expect(doublesBetween(erf(x), Number(value)), `erf ${x}`).to.be.at.most(4)
      expect(doublesBetween(erfc(x), Number(complement)), `erfc ${x}`).to.be.at.most(4)
    }
  })

  it('behavior: random arguments are within 6 units in the last place of the exact value', () => {
    fc.assert(
      fc.property(anyX, (x) => {
        const value = exact.normalCdf(toReal(x))
        expect(ulpError(normalCdf(x), value)).to.be.below(6)
        if (x > 0 && x < 8) expect(ulpError(normalCdf(-x), one - value)).to.be.below(6)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('behavior: the quantile undoes the distribution in both tails', () => {
    fc.assert(
      fc.property(anyProbability, (p) => {
        const x = normalQuantile(p)
        // An error of one unit in x moves the probability by x²·2⁻⁵³ of itself.
        expect(Math.abs(normalCdf(x) - p)).to.be.at.most(p * 2 ** -52 * (4 + x * x))
      }),
      { seed: 1, numRuns: 2_000 },
    )
    for (const p of [0.001, 0.02, 0.3, 0.45]) expectClose(normalQuantile(1 - p), -normalQuantile(p), 1e-13)
    expect(normalQuantile(0.5)).to.equal(0)
    expect([normalQuantile(0), normalQuantile(1)]).to.deep.equal([-Infinity, Infinity])
    expectClose(normalQuantile(5e-324), -38.467405617144344, 1e-12)
  })

  it('behavior: density, error function and Mills ratio fit together', () => {
    fc.assert(
      fc.property(anyX, (x) => {
        expectClose(erf(x) + erfc(x), 1, 3e-16)
        expect(erf(-x)).to.equal(-erf(x))
        expect(normalPdf(-x)).to.equal(normalPdf(x))
        const tail = normalCdf(-Math.abs(x))
        expectClose(millsRatio(Math.abs(x)) * normalPdf(x), tail, tail * 2e-15)
      }),
      { seed: 1, numRuns: 500 },
    )
    expect(normalPdf(0)).to.equal(0.3989422804014327)
    expectClose(millsRatio(1e5), 1e-5 - 1e-15, 1e-20)
  })

  it('behavior: infinite and extreme arguments reach the limits', () => {
    expect([normalCdf(-Infinity), normalCdf(-40), normalCdf(9), normalCdf(Infinity)]).to.deep.equal([0, 0, 1, 1])
    expect([erf(-Infinity), erf(Infinity), erfc(-Infinity), erfc(Infinity)]).to.deep.equal([-1, 1, 2, 0])
    expect([normalPdf(1e300), normalPdf(-Infinity)]).to.deep.equal([0, 0])
    expect(normalCdf(NaN)).to.deep.equal(NaN)
  })

  it('error: ProbabilityError', () => {
    for (const p of [-1e-9, 1.1, NaN]) expect(() => normalQuantile(p)).to.throw(ProbabilityError)
  })
})
