import { BaseError } from '../../../core/errors.ts'

/** Rows of equal length. */
export type Matrix = readonly (readonly number[])[]
export type Vector = readonly number[]

/** Matrices or vectors whose sizes do not fit, or a matrix that is not square, symmetric or finite. */
export class MatrixShapeError extends BaseError {
  override readonly name = 'MatrixShapeError'

  constructor(reason: string) {
    super(`The matrix cannot be used: ${reason}.`, { metaMessages: ['Check the number and the order of its factors.'] })
  }
}

/** A covariance or correlation matrix with a negative eigenvalue. */
export class NotPositiveSemidefiniteError extends BaseError {
  override readonly name = 'NotPositiveSemidefiniteError'

  constructor(row: number, pivot: number) {
    super(`The matrix is not positive semidefinite: pivot ${pivot} at row ${row}.`, {
      metaMessages: ['Take its nearest correlation matrix first, or estimate it from complete observations.'],
    })
  }
}

/** @throws {MatrixShapeError} when rows of `b` and columns of `a` differ. */
export function multiply(a: Matrix, b: Matrix): number[][] {
  const columns = transpose(b)
  return a.map((row) => columns.map((column) => dot(row, column)))
}

/** @throws {MatrixShapeError} when the vector does not have a number for each column. */
export function multiplyVector(a: Matrix, x: Vector): number[] {
  return a.map((row) => dot(row, x))
}

/** @throws {MatrixShapeError} when the sizes differ. */
export function dot(a: Vector, b: Vector): number {
  if (a.length !== b.length) throw new MatrixShapeError(`${a.length} numbers meet ${b.length}`)
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number)
  return sum
}

/** @throws {MatrixShapeError} when rows differ in length. */
export function transpose(a: Matrix): number[][] {
  const width = a[0]?.length ?? 0
  for (const row of a)
    if (row.length !== width) throw new MatrixShapeError(`rows of ${width} and ${row.length} numbers`)
  return Array.from({ length: width }, (_, column) => a.map((row) => row[column] as number))
}

/**
 * x'·a·x.
 *
 * @throws {MatrixShapeError} when the sizes differ.
 */
export function quadraticForm(a: Matrix, x: Vector): number {
  return dot(x, multiplyVector(a, x))
}

/** Sum of the diagonal. */
export function trace(a: Matrix): number {
  let sum = 0
  for (const [index, row] of a.entries()) sum += row[index] ?? 0
  return sum
}

/**
 * Lower triangle l with l·l' = a. A semidefinite matrix has zero columns in it, so perfectly correlated factors are allowed.
 *
 * @throws {MatrixShapeError} when a is not square, symmetric and finite.
 * @throws {NotPositiveSemidefiniteError} when a has a negative eigenvalue beyond rounding.
 */
export function cholesky(a: Matrix): number[][] {
  requireSymmetric(a)
  const lower = a.map((row) => row.map(() => 0))
  const scale = Math.max(0, ...a.map((_, index) => Math.abs(entry(a, index, index))))
  // What rounding may leave of a pivot that is zero.
  const tolerance = a.length * (256 * Number.EPSILON) * scale
  const rest = (row: number, column: number) => {
    let sum = entry(a, row, column)
    for (let k = 0; k < column; k++) sum -= entry(lower, row, k) * entry(lower, column, k)
    return sum
  }
  for (let column = 0; column < a.length; column++) {
    const pivot = rest(column, column)
    if (pivot < -tolerance) throw new NotPositiveSemidefiniteError(column, pivot)
    const root = pivot > tolerance ? Math.sqrt(pivot) : 0
    setEntry(lower, column, column, root)
    for (let row = column + 1; row < a.length; row++) {
      const value = rest(row, column)
      // Beside a pivot of zero a semidefinite matrix has only zeros.
      if (root === 0 && value * value > tolerance * scale) throw new NotPositiveSemidefiniteError(column, pivot)
      setEntry(lower, row, column, root === 0 ? 0 : value / root)
    }
  }
  return lower
}

/**
 * Eigenvalues of a symmetric matrix, largest first, and for each an eigenvector of length 1, by cyclic Jacobi rotations
 * (G. Golub and C. Van Loan, Matrix Computations, 8.5).
 *
 * @throws {MatrixShapeError} when a is not square, symmetric and finite.
 */
export function symmetricEigen(a: Matrix): { readonly values: number[]; readonly vectors: number[][] } {
  requireSymmetric(a)
  const work = a.map((row) => [...row])
  const vectors: number[][] = a.map((row, index) => row.map((_, column) => (index === column ? 1 : 0)))
  const norm = Math.sqrt(a.reduce((sum, row) => sum + dot(row, row), 0))
  for (let sweep = 0; sweep < 60; sweep++) {
    let largest = 0
    for (let p = 0; p < a.length; p++) {
      for (let q = p + 1; q < a.length; q++) {
        largest = Math.max(largest, Math.abs(entry(work, p, q)))
        rotate(work, vectors, p, q)
      }
    }
    if (largest <= norm * (Number.EPSILON / 16)) break
  }
  const order = work.map((_, index) => index).sort((i, j) => entry(work, j, j) - entry(work, i, i))
  return {
    values: order.map((index) => entry(work, index, index)),
    vectors: order.map((index) => [...(vectors[index] as number[])]),
  }
}

/**
 * Nearest correlation matrix in the Frobenius norm: alternating projections on positive semidefinite matrices and on unit
 * diagonals with Dykstra's correction (N. Higham, "Computing the nearest correlation matrix", 2002), to about 1e-10. The result has a unit
 * diagonal and no negative eigenvalue beyond rounding.
 *
 * @throws {MatrixShapeError} when a is not square, symmetric and finite.
 */
export function nearestCorrelation(a: Matrix): number[][] {
  requireSymmetric(a)
  let current = a.map((row) => [...row])
  let correction = a.map((row) => row.map(() => 0))
  for (let iteration = 0; iteration < 1_000; iteration++) {
    const shifted = current.map((row, i) => row.map((value, j) => value - entry(correction, i, j)))
    const projected = projectSemidefinite(shifted)
    correction = projected.map((row, i) => row.map((value, j) => value - entry(shifted, i, j)))
    const next = projected.map((row, i) => row.map((value, j) => (i === j ? 1 : value)))
    const moved = Math.max(
      0,
      ...next.map((row, i) => Math.max(...row.map((value, j) => Math.abs(value - entry(current, i, j))))),
    )
    current = next
    if (moved < 1e-12) break
  }
  // The last step leaves the diagonal to the second projection; scaling keeps both properties.
  const semidefinite = projectSemidefinite(current)
  const scales = semidefinite.map((_, index) => Math.sqrt(entry(semidefinite, index, index)))
  return semidefinite.map((row, i) =>
    row.map((value, j) => (i === j ? 1 : value / ((scales[i] as number) * (scales[j] as number)))),
  )
}

/** The symmetric matrix without its negative eigenvalues. */
function projectSemidefinite(a: Matrix): number[][] {
  const { values, vectors } = symmetricEigen(a)
  const result = a.map((row) => row.map(() => 0))
  for (const [k, value] of values.entries()) {
    if (value <= 0) continue
    const vector = vectors[k] as number[]
    for (let i = 0; i < a.length; i++) {
      for (let j = 0; j <= i; j++) {
        const sum = entry(result, i, j) + value * (vector[i] as number) * (vector[j] as number)
        setEntry(result, i, j, sum)
        setEntry(result, j, i, sum)
      }
    }
  }
  return result
}

/** One Jacobi rotation, which makes the entry (p, q) zero; `vectors` holds the vectors as rows. */
function rotate(work: number[][], vectors: number[][], p: number, q: number) {
  const off = entry(work, p, q)
  if (off === 0) return
  const theta = (entry(work, q, q) - entry(work, p, p)) / (2 * off)
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const cosine = 1 / Math.sqrt(tangent * tangent + 1)
  const sine = tangent * cosine
  for (const row of work) turn(row, p, q, cosine, sine)
  turnRows(work, p, q, cosine, sine)
  turnRows(vectors, p, q, cosine, sine)
  setEntry(work, p, q, 0)
  setEntry(work, q, p, 0)
}

function turn(row: number[], p: number, q: number, cosine: number, sine: number) {
  const first = row[p] as number
  const second = row[q] as number
  row[p] = cosine * first - sine * second
  row[q] = sine * first + cosine * second
}

function turnRows(rows: number[][], p: number, q: number, cosine: number, sine: number) {
  const first = rows[p] as number[]
  const second = rows[q] as number[]
  rows[p] = first.map((value, index) => cosine * value - sine * (second[index] as number))
  rows[q] = first.map((value, index) => sine * value + cosine * (second[index] as number))
}

function requireSymmetric(a: Matrix) {
  for (const [i, row] of a.entries()) {
    if (row.length !== a.length) throw new MatrixShapeError(`row ${i} has ${row.length} numbers for ${a.length} rows`)
    for (const [j, value] of row.entries()) {
      if (!Number.isFinite(value)) throw new MatrixShapeError(`${value} in row ${i}`)
      if (value !== entry(a, j, i)) throw new MatrixShapeError(`row ${i} and column ${i} differ at ${j}`)
    }
  }
}

function entry(a: Matrix, row: number, column: number): number {
  return (a[row] as Vector)[column] as number
}

function setEntry(a: number[][], row: number, column: number, value: number) {
  ;(a[row] as number[])[column] = value
}
