import type { Book } from '../../../core/book.ts'
import { dot, type Matrix, multiply, quadraticForm, trace } from '../math/linearAlgebra.ts'
import { excessKurtosis, mean, skewness, standardDeviation } from '../math/statistics.ts'
import type { Detail } from '../model.ts'
import {
  covarianceOf,
  estimateDistribution,
  type FactorDistribution,
  givenDistribution,
  regimeCorrelation,
  regimeName,
} from './covariance.ts'
import { type FactorReturns, factorReturns, factorsOf } from './factorReturns.ts'
import { simulateReturns } from './monteCarlo.ts'
import type { CovarianceRule, Estimator, VarEsParameters } from './parameters.ts'
import { cornishFisherTail, type Moments, normalTail, studentTail } from './parametricTail.ts'
import { type Exposure, exposuresOf, type ProfitAndLoss, profitAndLossOf } from './profitAndLoss.ts'
import { ageWeights, sampleTail, type Tail } from './sampleTail.ts'
import { variancePath } from './variances.ts'

/** One observed or simulated move of all factors. */
export type Outcome = { readonly id: string; readonly returns: readonly number[]; readonly pnl: number }

/** The distribution of the P&L under one regime of correlations. */
export type Estimate = {
  readonly regime: string
  readonly tail: (confidence: number) => Tail
  /** In the order of time or of draws; empty for an estimator that has no outcomes. */
  readonly outcomes: readonly Outcome[]
  readonly details: { readonly [key: string]: Detail }
}

/** What every estimator needs to know of a book. */
export type EstimateInput = {
  readonly book: Book
  readonly parameters: VarEsParameters
  readonly factors: readonly string[]
  readonly pnlOf: ProfitAndLoss
  /** Read when an estimator asks for it. */
  readonly history: () => FactorReturns
  /** The same without the longest look-back, for what anti-procyclicality measures. */
  readonly longHistory: () => FactorReturns
  /** Marks of invented histories that were read. */
  readonly synthetic: () => readonly string[]
}

/** Prepares a book; nothing is read of its histories yet. Errors as `valuersOf`. */
export function estimateInput(book: Book, parameters: VarEsParameters): EstimateInput {
  const factors = factorsOf(book)
  const read = once(() => factorReturns(book, parameters))
  const readAll = once(() =>
    factorReturns(book, { ...parameters, lookBack: { ...parameters.lookBack, maximum: null } }),
  )
  return {
    book,
    parameters,
    factors,
    pnlOf: profitAndLossOf(book, factors, parameters),
    history: read.get,
    longHistory: readAll.get,
    synthetic: () => [...new Set([read, readAll].flatMap(({ found }) => found()?.synthetic ?? []))],
  }
}

function once<Value>(make: () => Value) {
  let value: Value | undefined
  return {
    get: () => {
      value ??= make()
      return value
    },
    found: () => value,
  }
}

/**
 * The distribution of the P&L over the horizon, per regime; of one step under the scaling `result`.
 *
 * @throws {MissingMarketDataError} for missing or short histories, or given volatilities that lack a factor.
 * @throws {InvalidInputError} for histories that do not fit together.
 * @throws {GarchFitError} where a fit is asked for and fails.
 */
export function estimatePnl(input: EstimateInput): readonly Estimate[] {
  const { estimator } = input.parameters
  switch (estimator.kind) {
    case 'historical':
      return [sampled(input, scaledRows(input, input.history().rows))]
    case 'age-weighted': {
      const { rows } = input.history()
      return [sampled(input, scaledRows(input, rows), ageWeights(rows.length, estimator.lambda))]
    }
    case 'filtered': {
      const { rows, details } = filteredRows(input.history(), estimator)
      return [sampled(input, scaledRows(input, rows), undefined, details)]
    }
    case 'cornish-fisher':
      return [modified(input, estimator)]
    default:
      return byRegime(input, estimator)
  }
}

/** Returns over the horizon: one step each under the scaling `result`, as observed under `overlapping`. */
function scaledRows({ parameters, history }: EstimateInput, rows: Matrix): Matrix {
  if (parameters.scaling !== 'returns') return rows
  const factor = Math.sqrt(history().steps)
  return rows.map((row) => row.map((value) => value * factor))
}

/** Plain historical simulation over some rows of the history: what stress and floor are measured with. */
export function historicalEstimate(input: EstimateInput, rows: Matrix): Estimate {
  return sampled(input, scaledRows(input, rows))
}

function sampled(
  { parameters, pnlOf }: EstimateInput,
  rows: Matrix,
  weights?: readonly number[],
  details: Estimate['details'] = {},
): Estimate {
  const outcomes = rows.map((returns, index) => {
    const age = rows.length - index
    return { id: age === 1 ? '1 step ago' : `${age} steps ago`, returns, pnl: total(pnlOf(returns)) }
  })
  const pnl = outcomes.map((outcome) => outcome.pnl)
  const { quantile, shortfall } = parameters
  return {
    regime: 'observed',
    tail: (confidence) => sampleTail(pnl, { confidence, quantile, shortfall, weights }),
    outcomes,
    details: { observations: rows.length, ...details },
  }
}

/** Returns times volatility now over volatility then, of each factor by itself; one date moves all factors together. */
function filteredRows(
  { rows, underlyings }: FactorReturns,
  { variance, ratio, demean }: Extract<Estimator, { kind: 'filtered' }>,
) {
  const columns = underlyings.map((underlying, factor) => {
    const observed = rows.map((row) => row[factor] as number)
    const center = demean ? mean(observed) : 0
    const values = observed.map((value) => value - center)
    const { variances, garch } = variancePath(values, underlying, variance)
    const now = variances.at(-1) as number
    const scaled = values.map((value, index) => {
      const then = variances[index] as number
      const free = then === now ? 1 : Math.sqrt(now / then)
      return value * Math.min(ratio.maximum ?? Infinity, Math.max(ratio.minimum, free))
    })
    return { scaled, volatility: Math.sqrt(now), garch }
  })
  const details: Estimate['details'] = {
    volatilities: Object.fromEntries(columns.map(({ volatility }, i) => [underlyings[i] as string, volatility])),
    ...(variance.kind === 'garch'
      ? { garch: Object.fromEntries(columns.map(({ garch }, i) => [underlyings[i] as string, { ...garch } as Detail])) }
      : {}),
  }
  return { rows: rows.map((_, row) => columns.map(({ scaled }) => scaled[row] as number)), details }
}

function modified(input: EstimateInput, estimator: Extract<Estimator, { kind: 'cornish-fisher' }>): Estimate {
  const { monotone, limits, moments: given } = estimator
  const base = given === undefined ? sampled(input, scaledRows(input, input.history().rows)) : undefined
  const moments = given ?? momentsOf((base?.outcomes ?? []).map(({ pnl }) => pnl))
  const limited = {
    ...moments,
    skewness: clamp(moments.skewness, limits?.skewness),
    excessKurtosis: clamp(moments.excessKurtosis, limits?.excessKurtosis),
  }
  return {
    regime: 'observed',
    tail: (confidence) => cornishFisherTail(limited, confidence, monotone),
    outcomes: base?.outcomes ?? [],
    details: { ...base?.details, moments: limited },
  }
}

/** Population moments, as PerformanceAnalytics takes them; a P&L that never changes has no shape. */
export function momentsOf(pnl: readonly number[]): Moments {
  const center = mean(pnl)
  const deviation = standardDeviation(pnl, 'population')
  if (deviation === 0) return { mean: center, deviation, skewness: 0, excessKurtosis: 0 }
  return {
    mean: center,
    deviation,
    skewness: skewness(pnl, 'population'),
    excessKurtosis: excessKurtosis(pnl, 'population'),
  }
}

type WithCovariance = Extract<Estimator, { covariance: CovarianceRule }>

function byRegime(input: EstimateInput, estimator: WithCovariance): readonly Estimate[] {
  const { parameters, factors, book } = input
  const exposures = exposuresOf(book, factors, parameters)
  const delta = factors.map((_, factor) => total(exposures.map((exposure) => exposure.delta[factor] as number)))
  const found = distributionOf(input, estimator.covariance)
  const distribution = parameters.mean === 'zero' ? { ...found, means: found.means.map(() => 0) } : found
  return parameters.regimes.map((regime) => {
    const { correlation, repaired } = regimeCorrelation(distribution.correlation, regime, delta)
    const changed = { ...distribution, correlation }
    const { details, ...rest } =
      estimator.kind === 'monte-carlo'
        ? simulated(input, estimator, changed)
        : parametric(estimator, exposures, delta, changed)
    return { regime: regimeName(regime), ...rest, details: { ...describe(changed), repaired, ...details } }
  })
}

function distributionOf({ parameters, factors, history }: EstimateInput, rule: CovarianceRule): FactorDistribution {
  const { scaling, horizon } = parameters
  if (rule.kind === 'given') {
    return givenDistribution(rule, factors, scaling === 'result' ? rule.interval : horizon)
  }
  const past = history()
  return estimateDistribution(past, rule, scaling === 'returns' ? past.steps : 1)
}

function parametric(
  estimator: Exclude<WithCovariance, { kind: 'monte-carlo' }>,
  exposures: readonly Exposure[],
  delta: readonly number[],
  { means, deviations, correlation, observations }: FactorDistribution,
): Omit<Estimate, 'regime'> {
  const covariance = covarianceOf(deviations, correlation)
  const drift = dot(delta, means) + total(exposures.map(({ decay }) => decay))
  if (estimator.kind === 'delta-gamma') {
    const moments = quadraticMoments(delta, totalGamma(exposures), covariance, drift)
    return {
      tail: (confidence) => cornishFisherTail(moments, confidence, estimator.monotone),
      outcomes: [],
      details: { moments },
    }
  }
  const moments = { mean: drift, deviation: Math.sqrt(Math.max(0, quadraticForm(covariance, delta))) }
  return {
    tail: (confidence) =>
      estimator.kind === 'student-t'
        ? studentTail(moments, estimator.degrees, confidence)
        : normalTail(moments, confidence, observations),
    outcomes: [],
    details: { moments, contributions: contributions(delta, covariance, moments.deviation, deviations) },
  }
}

/**
 * Moments of θ + d'x + x'Gx/2 for normal x with covariance S, from its cumulants.
 * Source: J. Mina and A. Ulmer, "Delta-Gamma Four Ways" (1999).
 */
export function quadraticMoments(delta: readonly number[], gamma: Matrix, covariance: Matrix, drift: number): Moments {
  const product = multiply(gamma, covariance)
  const square = multiply(product, product)
  const cube = multiply(square, product)
  const linear = (matrix: Matrix) => quadraticForm(multiply(covariance, matrix), delta)
  const variance = quadraticForm(covariance, delta) + trace(square) / 2
  const third = 3 * linear(product) + trace(cube)
  const fourth = 12 * linear(square) + 3 * trace(multiply(square, square))
  const deviation = Math.sqrt(Math.max(0, variance))
  return {
    mean: drift + trace(product) / 2,
    deviation,
    skewness: deviation === 0 ? 0 : third / (variance * deviation),
    excessKurtosis: deviation === 0 ? 0 : fourth / (variance * variance),
  }
}

function simulated(
  { pnlOf, history, parameters }: EstimateInput,
  estimator: Extract<Estimator, { kind: 'monte-carlo' }>,
  distribution: FactorDistribution,
) {
  const scale = parameters.scaling === 'returns' && estimator.marginals.kind === 'empirical' ? history().steps : 1
  const observed = estimator.marginals.kind === 'empirical' ? history().rows : undefined
  const outcomes = simulateReturns(estimator, distribution, observed, Math.sqrt(scale)).map((returns, draw) => ({
    id: `draw ${draw}`,
    returns,
    pnl: total(pnlOf(returns)),
  }))
  const pnl = outcomes.map((outcome) => outcome.pnl)
  const { quantile, shortfall } = parameters
  return {
    outcomes,
    tail: (confidence: number) => sampleTail(pnl, { confidence, quantile, shortfall }),
    details: { draws: pnl.length },
  }
}

function totalGamma(exposures: readonly Exposure[]): Matrix {
  const [first] = exposures
  if (first === undefined) return []
  return first.gamma.map((row, i) => row.map((_, j) => total(exposures.map(({ gamma }) => gamma[i]?.[j] as number))))
}

/** Standard deviation of each factor's P&L alone and its part of the whole: delta times the slope of the whole (Euler). */
function contributions(
  delta: readonly number[],
  covariance: Matrix,
  deviation: number,
  deviations: readonly number[],
): Detail {
  return delta.map((value, index) => ({
    delta: value,
    alone: Math.abs(value) * (deviations[index] as number),
    part: deviation === 0 ? 0 : (value * dot(covariance[index] as readonly number[], delta)) / deviation,
  }))
}

function describe({ underlyings, means, deviations, correlation, garch, observations }: FactorDistribution) {
  return {
    underlyings,
    means,
    volatilities: deviations,
    correlation,
    ...(observations === undefined ? {} : { observations }),
    ...(garch === undefined ? {} : { garch }),
  }
}

function clamp(value: number, bound: number | undefined): number {
  return bound === undefined ? value : Math.max(-bound, Math.min(bound, value))
}

function total(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
