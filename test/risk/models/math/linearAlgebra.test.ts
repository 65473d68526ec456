import { expect } from 'chai'
import fc from 'fast-check'
import {
  cholesky,
  dot,
  type Matrix,
  MatrixShapeError,
  multiply,
  multiplyVector,
  NotPositiveSemidefiniteError,
  nearestCorrelation,
  quadraticForm,
  symmetricEigen,
  trace,
  transpose,
} from '../../../../src/risk/models/math/linearAlgebra.ts'
import { expectClose } from '../../../support/close.ts'

function expectMatrix(actual: Matrix, expected: Matrix, tolerance: number) {
  expect(actual.map((row) => row.length)).to.deep.equal(expected.map((row) => row.length))
  for (const [i, row] of expected.entries()) {
    for (const [j, value] of row.entries()) expectClose(actual[i]?.[j] as number, value, tolerance)
  }
}

const identity = (size: number) =>
  Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)))
const number = fc.double({ min: -3, max: 3, noNaN: true })
const square = fc
  .integer({ min: 1, max: 7 })
  .chain((size) =>
    fc.array(fc.array(number, { minLength: size, maxLength: size }), { minLength: size, maxLength: size }),
  )
/** b·b' is symmetric to the bit, as its entries are the same sums. */
const covariance = square.map((b) => multiply(b, transpose(b)))
const symmetric = square.map((b) => b.map((row, i) => row.map((value, j) => value + (b[j]?.[i] as number))))

describe('linearAlgebra', () => {
  it('default: products', () => {
    const a = [
      [1, 2, 3],
      [4, 5, 6],
    ]
    expect(multiply(a, transpose(a))).to.deep.equal([
      [14, 32],
      [32, 77],
    ])
    expect(multiplyVector(a, [1, 0, -1])).to.deep.equal([-2, -2])
    expect([
      dot([1, 2], [3, 4]),
      trace([
        [2, 9],
        [9, 3],
      ]),
      quadraticForm(
        [
          [2, 1],
          [1, 3],
        ],
        [1, 2],
      ),
    ]).to.deep.equal([11, 5, 18])
  })

  it('behavior: cholesky times its transpose is the matrix, also when factors repeat each other', () => {
    expect(
      cholesky([
        [4, 12, -16],
        [12, 37, -43],
        [-16, -43, 98],
      ]),
    ).to.deep.equal([
      [2, 0, 0],
      [6, 1, 0],
      [-8, 5, 3],
    ])
    expect(
      cholesky([
        [1, 1, 0],
        [1, 1, 0],
        [0, 0, 4],
      ]),
    ).to.deep.equal([
      [1, 0, 0],
      [1, 0, 0],
      [0, 0, 2],
    ])
    fc.assert(
      fc.property(covariance, (a) => {
        const lower = cholesky(a)
        expectMatrix(multiply(lower, transpose(lower)), a, 1e-6 * Math.max(1, trace(a)))
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('behavior: eigenvectors are orthonormal and rebuild the matrix', () => {
    const { values } = symmetricEigen([
      [2, 1],
      [1, 2],
    ])
    expectClose(values[0] as number, 3, 1e-15)
    expectClose(values[1] as number, 1, 1e-15)
    fc.assert(
      fc.property(symmetric, (a) => {
        const { values, vectors } = symmetricEigen(a)
        const scale = Math.max(1, ...values.map(Math.abs))
        expectMatrix(multiply(vectors, transpose(vectors)), identity(a.length), 1e-13)
        for (const [k, value] of values.entries()) {
          const vector = vectors[k] as number[]
          expectMatrix([multiplyVector(a, vector)], [vector.map((x) => value * x)], 1e-13 * scale)
          if (k > 0) expect(value).to.be.at.most(values[k - 1] as number)
        }
        expectClose(
          values.reduce((sum, value) => sum + value, 0),
          trace(a),
          1e-13 * scale,
        )
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('reproduces the nearest correlation matrices of N. Higham (2002)', () => {
    const three = nearestCorrelation([
      [1, 1, 0],
      [1, 1, 1],
      [0, 1, 1],
    ])
    expectMatrix(
      three,
      [
        [1, 0.7607, 0.1573],
        [0.7607, 1, 0.7607],
        [0.1573, 0.7607, 1],
      ],
      5e-5,
    )
    const four = nearestCorrelation([
      [2, -1, 0, 0],
      [-1, 2, -1, 0],
      [0, -1, 2, -1],
      [0, 0, -1, 2],
    ])
    const expected = [
      [1, -0.8084, 0.1916, 0.1068],
      [-0.8084, 1, -0.6562, 0.1916],
      [0.1916, -0.6562, 1, -0.8084],
      [0.1068, 0.1916, -0.8084, 1],
    ]
    expectMatrix(four, expected, 5e-5)
  })

  it('behavior: a nearest correlation matrix has a unit diagonal, a factor, and is its own nearest', () => {
    fc.assert(
      fc.property(symmetric, (a) => {
        const scaled = a.map((row, i) => row.map((value, j) => (i === j ? 1 : Math.max(-1, Math.min(1, value / 2)))))
        const nearest = nearestCorrelation(scaled)
        for (const [i, row] of nearest.entries()) expect(row[i]).to.equal(1)
        const { values } = symmetricEigen(nearest)
        expect(values.at(-1) as number).to.be.at.least(-1e-12)
        cholesky(nearest)
        expectMatrix(nearestCorrelation(nearest), nearest, 1e-6)
      }),
      { seed: 1, numRuns: 50 },
    )
  })

  it('error: MatrixShapeError', () => {
    expect(() => multiply([[1, 2]], [[1, 2]])).to.throw(MatrixShapeError)
    expect(() => transpose([[1, 2], [1]])).to.throw(MatrixShapeError)
    for (const wrong of [
      [[1, 2]],
      [
        [1, 2],
        [3, 1],
      ],
      [
        [1, NaN],
        [NaN, 1],
      ],
    ]) {
      expect(() => cholesky(wrong)).to.throw(MatrixShapeError)
      expect(() => symmetricEigen(wrong)).to.throw(MatrixShapeError)
      expect(() => nearestCorrelation(wrong)).to.throw(MatrixShapeError)
    }
  })

  it('error: NotPositiveSemidefiniteError', () => {
    for (const wrong of [
      [
        [1, 2],
        [2, 1],
      ],
      [
        [0, 1],
        [1, 5],
      ],
      [[-1]],
    ]) {
      expect(() => cholesky(wrong)).to.throw(NotPositiveSemidefiniteError)
    }
  })
})
