import { expect } from 'chai'
import fc from 'fast-check'
import { cholesky, MatrixShapeError } from '../../../../src/risk/models/math/linearAlgebra.ts'
import { ProbabilityError } from '../../../../src/risk/models/math/normal.ts'
import {
  correlationMatrix,
  covarianceMatrix,
  excessKurtosis,
  mean,
  quantile,
  ranks,
  SampleError,
  skewness,
  standardDeviation,
  variance,
  weightedQuantile,
} from '../../../../src/risk/models/math/statistics.ts'
import { expectClose } from '../../../support/close.ts'

const sample = [2, 4, 4, 4, 5, 5, 7, 9, -3, 11.5]
const number = fc.double({ min: -100, max: 100, noNaN: true })

describe('statistics', () => {
  it('default: moments of a sample, as SciPy 1.x gives them', () => {
    expect([mean(sample), mean([7])]).to.deep.equal([4.85, 7])
    expect(variance([2, 4, 4, 4, 5, 5, 7, 9], 'population')).to.equal(4)
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9], 'population')).to.equal(2)
    expectClose(variance(sample, 'sample'), 15.336111111111112, 1e-14)
    expectClose(skewness(sample, 'population'), -0.2598157019965945, 1e-15)
    expectClose(skewness(sample, 'sample'), -0.30810352131929836, 1e-15)
    expectClose(excessKurtosis(sample, 'population'), 0.22215006173756668, 1e-14)
    expectClose(excessKurtosis(sample, 'sample'), 1.3570152877146269, 1e-14)
  })

  it('default: quantiles of type 7, as R gives them', () => {
    const ten = [10, 1, 9, 2, 8, 3, 7, 4, 6, 5]
    for (const [probability, value] of [
      [0, 1],
      [0.1, 1.9],
      [0.25, 3.25],
      [0.5, 5.5],
      [0.99, 9.91],
      [1, 10],
    ] as const) {
      expectClose(quantile(ten, probability), value, 1e-14)
    }
    expect(quantile([3], 0.7)).to.equal(3)
    expect(ten[0]).to.equal(10)
  })

  it('default: weighted quantiles stop where the weight is reached', () => {
    const values = [30, 10, 20]
    const weights = [0.5, 0.2, 0.3]
    const at = (probability: number) => weightedQuantile(values, weights, probability)
    expect([at(0), at(0.2), at(0.21), at(0.5), at(0.51), at(1)]).to.deep.equal([10, 10, 20, 20, 30, 30])
    expect(weightedQuantile([1, 2, 3], [0, 1, 0], 0)).to.equal(2)
    expect(weightedQuantile([1, 2, 3], [0, 1, 0], 1)).to.equal(2)
  })

  it('default: ranks share ties', () => {
    expect(ranks([30, 10, 20, 20])).to.deep.equal([4, 1, 2.5, 2.5])
    expect(ranks([5, 5, 5])).to.deep.equal([2, 2, 2])
  })

  it('default: covariances and correlations of columns', () => {
    const observations = [
      [1, 2],
      [2, 4],
      [3, 9],
    ]
    expect(covarianceMatrix(observations, 'population').map((row) => row.map((x) => x * 9))).to.deep.equal([
      [6, 21],
      [21, 78],
    ])
    const covariance = covarianceMatrix(observations, 'sample')
    expect(covariance).to.deep.equal([
      [1, 3.5],
      [3.5, 13],
    ])
    expectClose(correlationMatrix(covariance)[0]?.[1] as number, 3.5 / Math.sqrt(13), 1e-15)
    expect(correlationMatrix(covariance)[1]?.[1]).to.equal(1)
  })

  it('behavior: moments do not move with the origin and quantiles grow with the probability', () => {
    const values = fc.array(number, { minLength: 4, maxLength: 40 })
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), number, (sampled, probability, shift) => {
        const moved = sampled.map((value) => value + shift)
        expectClose(variance(moved, 'sample'), variance(sampled, 'sample'), 1e-9)
        expect(quantile(sampled, probability)).to.be.within(Math.min(...sampled), Math.max(...sampled))
        expect(quantile(sampled, probability / 2)).to.be.at.most(quantile(sampled, probability))
        const equal = sampled.map(() => 1)
        const reached = weightedQuantile(sampled, equal, probability)
        const below = sampled.filter((value) => value <= reached).length / sampled.length
        expect(below).to.be.at.least(probability - 1e-12)
        expect(ranks(sampled).reduce((sum, rank) => sum + rank, 0)).to.equal(
          (sampled.length * (sampled.length + 1)) / 2,
        )
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('behavior: a covariance matrix has a Cholesky factor', () => {
    const rows = fc.array(fc.array(number, { minLength: 3, maxLength: 3 }), { minLength: 2, maxLength: 12 })
    fc.assert(
      fc.property(rows, (observations) => {
        expect(cholesky(covarianceMatrix(observations, 'sample')).length).to.equal(3)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('error: SampleError, ProbabilityError, MatrixShapeError', () => {
    for (const call of [
      () => mean([]),
      () => mean([1, NaN]),
      () => variance([1], 'sample'),
      () => skewness([1, 2], 'sample'),
      () => skewness([1, 1, 1], 'population'),
      () => excessKurtosis([1, 2, 3], 'sample'),
      () => quantile([], 0.5),
      () => weightedQuantile([1], [0], 0.5),
      () => weightedQuantile([1, 2], [1], 0.5),
      () => weightedQuantile([1, 2], [2, -1], 0.5),
      () => covarianceMatrix([[1, 2]], 'sample'),
      () => correlationMatrix([[0]]),
    ]) {
      expect(call).to.throw(SampleError)
    }
    expect(() => quantile([1], 1.1)).to.throw(ProbabilityError)
    expect(() => weightedQuantile([1], [1], NaN)).to.throw(ProbabilityError)
    expect(() => covarianceMatrix([[1, 2], [1]], 'sample')).to.throw(MatrixShapeError)
  })
})
