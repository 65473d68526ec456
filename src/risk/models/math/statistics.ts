import { BaseError } from '../../../core/errors.ts'
import { dot, type Matrix, MatrixShapeError, type Vector } from './linearAlgebra.ts'
import { ProbabilityError } from './normal.ts'

/** Fewer observations than a statistic needs, or observations without any spread. */
export class SampleError extends BaseError {
  override readonly name = 'SampleError'

  constructor(reason: string) {
    super(`The statistic is undefined: ${reason}.`, {
      metaMessages: ['Add observations or check where they come from.'],
    })
  }
}

/**
 * 'population' divides by n and is the plain moment (`method = "moment"` of R's PerformanceAnalytics); 'sample' corrects the bias
 * of a sample from a normal population.
 */
export type MomentMethod = 'population' | 'sample'

/** @throws {SampleError} when there is no observation, or one is not finite. */
export function mean(values: Vector): number {
  requireCount(values, 1)
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/** @throws {SampleError} when there are too few observations, one for 'population' and two for 'sample'. */
export function variance(values: Vector, method: MomentMethod): number {
  requireCount(values, method === 'sample' ? 2 : 1)
  return squares(values) / (values.length - (method === 'sample' ? 1 : 0))
}

/** @throws {SampleError} as {@link variance}. */
export function standardDeviation(values: Vector, method: MomentMethod): number {
  return Math.sqrt(variance(values, method))
}

/**
 * Third standardized moment; 'sample' is G1 of D. Joanes and C. Gill, "Comparing measures of sample skewness and kurtosis" (1998).
 *
 * @throws {SampleError} when there are fewer than three observations or they are all equal.
 */
export function skewness(values: Vector, method: MomentMethod): number {
  requireCount(values, 3)
  const n = values.length
  const moment = standardizedMoment(values, 3)
  return method === 'population' ? moment : (moment * Math.sqrt(n * (n - 1))) / (n - 2)
}

/**
 * Fourth standardized moment less 3; 'sample' is G2 of Joanes and Gill (1998).
 *
 * @throws {SampleError} when there are fewer than four observations or they are all equal.
 */
export function excessKurtosis(values: Vector, method: MomentMethod): number {
  requireCount(values, 4)
  const n = values.length
  const excess = standardizedMoment(values, 4) - 3
  return method === 'population' ? excess : (((n + 1) * excess + 6) * (n - 1)) / ((n - 2) * (n - 3))
}

/**
 * Covariances of the columns of a table of observations (rows).
 *
 * @throws {SampleError} as {@link variance}.
 * @throws {MatrixShapeError} when rows differ in length.
 */
export function covarianceMatrix(observations: Matrix, method: MomentMethod): number[][] {
  const least = method === 'sample' ? 2 : 1
  if (observations.length < least) throw new SampleError(`${observations.length} observations, ${least} needed`)
  const width = observations[0]?.length ?? 0
  const columns = Array.from({ length: width }, (_, column) =>
    observations.map((row) => {
      if (row.length !== width) throw new MatrixShapeError(`rows of ${width} and ${row.length} numbers`)
      return row[column] as number
    }),
  )
  const deviations = columns.map(deviationsFromMean)
  const divisor = observations.length - (method === 'sample' ? 1 : 0)
  return deviations.map((a) => deviations.map((b) => dot(a, b) / divisor))
}

/**
 * Correlations of a covariance matrix.
 *
 * @throws {SampleError} when a variance is not above zero.
 */
export function correlationMatrix(covariance: Matrix): number[][] {
  const deviations = covariance.map((row, index) => {
    const value = row[index] as number
    if (!(value > 0)) throw new SampleError(`variance ${index} is ${value}`)
    return Math.sqrt(value)
  })
  return covariance.map((row, i) =>
    row.map((value, j) => (i === j ? 1 : value / ((deviations[i] as number) * (deviations[j] as number)))),
  )
}

/**
 * Quantile by linear interpolation at (n − 1)·probability of the ascending observations: type 7 of R. Hyndman and Y. Fan,
 * "Sample quantiles in statistical packages" (1996).
 *
 * @throws {SampleError} when there is no observation, or one is not finite.
 * @throws {ProbabilityError} when probability is not between 0 and 1.
 */
export function quantile(values: Vector, probability: number): number {
  requireCount(values, 1)
  requireProbability(probability)
  const sorted = Float64Array.from(values).sort()
  const position = (sorted.length - 1) * probability
  const below = Math.floor(position)
  const lower = sorted[below] as number
  const upper = sorted[Math.min(below + 1, sorted.length - 1)] as number
  return lower + (position - below) * (upper - lower)
}

/**
 * Smallest observation at which the cumulative weight, in ascending order, reaches `probability` of the whole.
 *
 * @throws {SampleError} when there is no observation, a weight is negative or their sum is not above zero.
 * @throws {ProbabilityError} when probability is not between 0 and 1.
 */
export function weightedQuantile(values: Vector, weights: Vector, probability: number): number {
  requireCount(values, 1)
  requireProbability(probability)
  if (weights.length !== values.length)
    throw new SampleError(`${weights.length} weights for ${values.length} observations`)
  let total = 0
  for (const weight of weights) {
    if (!(weight >= 0 && weight < Infinity)) throw new SampleError(`a weight is ${weight}`)
    total += weight
  }
  if (!(total > 0)) throw new SampleError('all weights are zero')
  const order = ascending(values)
  let cumulative = 0
  for (const index of order) {
    if (weights[index] === 0) continue
    cumulative += weights[index] as number
    // Weights that sum to the target on paper may fall short of it by their rounding.
    if (cumulative >= probability * total * (1 - values.length * (Number.EPSILON / 2))) return values[index] as number
  }
  throw new SampleError(`the weights reach ${cumulative} of ${total}`)
}

/**
 * Ranks from 1 in ascending order; equal observations share the mean of their ranks.
 *
 * @throws {SampleError} when there is no observation, or one is not finite.
 */
export function ranks(values: Vector): number[] {
  requireCount(values, 1)
  const order = ascending(values)
  const result = values.map(() => 0)
  for (let start = 0; start < order.length; ) {
    const value = values[order[start] as number]
    let end = start
    while (end < order.length && values[order[end] as number] === value) end++
    for (let position = start; position < end; position++) result[order[position] as number] = (start + end + 1) / 2
    start = end
  }
  return result
}

/** Indices in ascending order of the observations, earlier ones first among equals. */
function ascending(values: Vector): number[] {
  return values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number))
}

function standardizedMoment(values: Vector, order: 3 | 4): number {
  const second = squares(values) / values.length
  if (second === 0) throw new SampleError('all observations are equal')
  let sum = 0
  for (const deviation of deviationsFromMean(values)) {
    sum += order === 3 ? deviation * deviation * deviation : deviation * deviation * (deviation * deviation)
  }
  return sum / values.length / (order === 3 ? second * Math.sqrt(second) : second * second)
}

function squares(values: Vector): number {
  const deviations = deviationsFromMean(values)
  return dot(deviations, deviations)
}

function deviationsFromMean(values: Vector): number[] {
  const center = mean(values)
  return values.map((value) => value - center)
}

function requireCount(values: Vector, least: number) {
  if (values.length < least) throw new SampleError(`${values.length} observations, ${least} needed`)
  for (const value of values) if (!Number.isFinite(value)) throw new SampleError(`an observation is ${value}`)
}

function requireProbability(probability: number) {
  if (!(probability >= 0 && probability <= 1)) throw new ProbabilityError(probability)
}
