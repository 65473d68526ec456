import { dot, type Matrix, multiply, quadraticForm, trace } from '../math/linearAlgebra.ts'
import type { Detail } from '../model.ts'
import {
  covarianceOf,
  estimateDistribution,
  type FactorDistribution,
  givenDistribution,
  regimeCorrelation,
  regimeName,
} from './covariance.ts'
import { type Estimate, type EstimateInput, total } from './estimateInput.ts'
import { type Draw, independentDraws, simulateReturns } from './monteCarlo.ts'
import type { CovarianceRule, Estimator } from './parameters.ts'
import { cornishFisherTail, type Moments, normalTail, studentTail } from './parametricTail.ts'
import { type Exposure, exposuresOf } from './profitAndLoss.ts'
import { sampleTail } from './sampleTail.ts'

/** The estimators that a covariance stands behind. */
export type WithCovariance = Extract<Estimator, { covariance: CovarianceRule }>

/** One estimate per regime of correlations. */
export function byRegime(input: EstimateInput, estimator: WithCovariance): readonly Estimate[] {
  const { parameters, factors, book } = input
  const exposures = exposuresOf(book, factors, parameters)
  const delta = factors.map((_, factor) => total(exposures.map((exposure) => exposure.delta[factor] as number)))
  const found = distributionOf(input, estimator.covariance)
  const draws = estimator.kind === 'monte-carlo' ? independentDraws(estimator, factors.length) : []
  const distribution = parameters.mean === 'zero' ? { ...found, means: found.means.map(() => 0) } : found
  return parameters.regimes.map((regime) => {
    const { correlation, repaired } = regimeCorrelation(distribution.correlation, regime, delta)
    const changed = { ...distribution, correlation }
    const { details, ...rest } =
      estimator.kind === 'monte-carlo'
        ? simulated(input, estimator, draws, changed)
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
function quadraticMoments(delta: readonly number[], gamma: Matrix, covariance: Matrix, drift: number): Moments {
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
  draws: readonly Draw[],
  distribution: FactorDistribution,
) {
  const scale = parameters.scaling === 'returns' && estimator.marginals.kind === 'empirical' ? history().steps : 1
  const observed = estimator.marginals.kind === 'empirical' ? history().rows : undefined
  const outcomes = simulateReturns(estimator, draws, distribution, observed, Math.sqrt(scale)).map((returns, draw) => ({
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
