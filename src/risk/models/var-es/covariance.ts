import { InvalidInputError, MissingMarketDataError } from '../../../core/errors.ts'
import { cholesky, dot, type Matrix, NotPositiveSemidefiniteError, nearestCorrelation } from '../math/linearAlgebra.ts'
import { covarianceMatrix } from '../math/statistics.ts'
import type { FactorReturns } from './factorReturns.ts'
import { type Garch, garchTermVariance } from './garch.ts'
import type { CorrelationRegime, CovarianceRule } from './parameters.ts'
import { ewmaProducts, variancePath } from './variances.ts'

/** What the parametric estimators know of the factors, over `steps` steps. */
export type FactorDistribution = {
  readonly underlyings: readonly string[]
  readonly means: readonly number[]
  readonly deviations: readonly number[]
  readonly correlation: Matrix
  /** Observations behind it, none when it is given. */
  readonly observations?: number
  readonly garch?: { readonly [underlying: string]: Garch }
}

/**
 * Estimates means, volatilities and correlations of the factors.
 *
 * @param steps - Number of steps that the result covers.
 */
export function estimateDistribution(history: FactorReturns, rule: CovarianceRule, steps: number): FactorDistribution {
  if (rule.kind === 'given') throw new InvalidInputError('A given covariance is not estimated.')
  const { underlyings, rows } = history
  const columns = underlyings.map((_, factor) => rows.map((row) => row[factor] as number))
  const means = columns.map((column) => (column.reduce((sum, value) => sum + value, 0) / column.length) * steps)
  const base = { underlyings, means, observations: rows.length }
  if (rule.kind === 'garch') return { ...base, ...garchDistribution(columns, underlyings, rule, steps) }
  const covariance = rule.kind === 'ewma' ? ewmaCovariance(columns, rule) : sampleCovariance(rows, rule)
  const scaled = covariance.map((row) => row.map((value) => value * steps))
  return { ...base, ...split(scaled) }
}

/** The distribution as given, for the factors of the book and scaled to the horizon. */
export function givenDistribution(
  rule: Extract<CovarianceRule, { kind: 'given' }>,
  factors: readonly string[],
  horizon: number,
): FactorDistribution {
  const steps = horizon / rule.interval
  const order = factors.map((factor) => {
    const index = rule.underlyings.indexOf(factor)
    if (index >= 0) return index
    throw new MissingMarketDataError(`The parameters give no volatility of ${factor}.`, {
      metaMessages: ['Add it to estimator.covariance of the parameter file.'],
    })
  })
  const correlation = order.map((i) => order.map((j) => rule.correlation[i]?.[j] as number))
  for (const [i, row] of correlation.entries()) {
    for (const [j, value] of row.entries()) {
      if (value === correlation[j]?.[i] && Math.abs(value) <= 1 && (i !== j || value === 1)) continue
      throw new InvalidInputError(`The correlation of ${factors[i]} and ${factors[j]} is ${value}.`, {
        metaMessages: ['Expected a symmetric matrix with ones on its diagonal and nothing beyond ±1.'],
      })
    }
  }
  return {
    underlyings: factors,
    means: order.map((i) => (rule.means?.[i] ?? 0) * steps),
    deviations: order.map((i) => (rule.volatilities[i] as number) * Math.sqrt(steps)),
    correlation,
  }
}

/** The correlations of a regime, a correlation matrix again where the change left none. `exposures` are the deltas in money. */
export function regimeCorrelation(
  correlation: Matrix,
  regime: CorrelationRegime,
  exposures: readonly number[],
): { readonly correlation: Matrix; readonly repaired: boolean } {
  const changed = correlation.map((row, i) =>
    row.map((value, j) => (i === j ? 1 : changedCorrelation(value, regime, hedge(exposures, i, j)))),
  )
  try {
    cholesky(changed)
    return { correlation: changed, repaired: false }
  } catch (error) {
    if (!(error instanceof NotPositiveSemidefiniteError)) throw error
    return { correlation: symmetric(nearestCorrelation(changed)), repaired: true }
  }
}

/** Covariances of deviations and correlations. */
export function covarianceOf(deviations: readonly number[], correlation: Matrix): number[][] {
  return correlation.map((row, i) =>
    row.map((value, j) => value * ((deviations[i] as number) * (deviations[j] as number))),
  )
}

/** Name of a regime in results. */
export function regimeName(regime: CorrelationRegime): string {
  return regime.kind === 'blended' ? `blended ${regime.theta}` : regime.kind
}

/** Sign of the product of two exposures, zero when one is none. */
function hedge(exposures: readonly number[], i: number, j: number): number {
  return Math.sign((exposures[i] ?? 0) * (exposures[j] ?? 0))
}

function changedCorrelation(value: number, regime: CorrelationRegime, side: number): number {
  switch (regime.kind) {
    case 'estimated':
      return value
    case 'blended':
      return (1 - regime.theta) * value + regime.theta
    case 'all-one':
      return 1
    case 'sign-flipped':
      return side * value < 0 ? -value : value
    case 'undiversified':
      return side === 0 ? value : side
  }
}

function sampleCovariance(
  rows: Matrix,
  { moments, center }: Extract<CovarianceRule, { kind: 'sample' }>,
): readonly (readonly number[])[] {
  if (center === 'mean') return covarianceMatrix(rows, moments)
  const divisor = rows.length - (moments === 'sample' ? 1 : 0)
  const columns = (rows[0] ?? []).map((_, factor) => rows.map((row) => row[factor] as number))
  return columns.map((a) => columns.map((b) => dot(a, b) / divisor))
}

function ewmaCovariance(
  columns: readonly (readonly number[])[],
  rule: Extract<CovarianceRule, { kind: 'ewma' }>,
): readonly (readonly number[])[] {
  return columns.map((a) => columns.map((b) => ewmaProducts(a, b, rule).at(-1) as number))
}

function garchDistribution(
  columns: readonly (readonly number[])[],
  underlyings: readonly string[],
  rule: Extract<CovarianceRule, { kind: 'garch' }>,
  steps: number,
) {
  const paths = columns.map((column, index) => variancePath(column, underlyings[index] as string, rule))
  const deviations = paths.map(({ variances, garch }) => {
    const next = variances.at(-1) as number
    const variance = rule.term === 'square-root' ? next * steps : garchTermVariance(garch as Garch, next, steps)
    return Math.sqrt(variance)
  })
  const standardized = columns.map((column, index) =>
    column.map((value, step) => {
      const { variances, garch } = paths[index] as (typeof paths)[number]
      return (value - (garch as Garch).mean) / Math.sqrt(variances[step] as number)
    }),
  )
  const products = standardized.map((a) => standardized.map((b) => dot(a, b)))
  const garch = Object.fromEntries(underlyings.map((name, index) => [name, paths[index]?.garch as Garch]))
  return { deviations, correlation: split(products).correlation, garch }
}

/** A factor that never moves has no correlation with any other. */
function split(covariance: Matrix): { readonly deviations: readonly number[]; readonly correlation: Matrix } {
  const deviations = covariance.map((row, index) => Math.sqrt(row[index] as number))
  const correlation = covariance.map((row, i) =>
    row.map((value, j) => {
      if (i === j) return 1
      const scale = (deviations[i] as number) * (deviations[j] as number)
      return scale === 0 ? 0 : Math.max(-1, Math.min(1, value / scale))
    }),
  )
  return { deviations, correlation }
}

function symmetric(matrix: Matrix): Matrix {
  return matrix.map((row, i) => row.map((value, j) => (i <= j ? value : (matrix[j]?.[i] as number))))
}
