import { BaseError } from '../../../core/errors.ts'
import { log } from '../math/exponential.ts'
import { minimize } from './minimize.ts'

/** Coefficients of σ²ₜ = ω + α (rₜ₋₁ − μ)² + β σ²ₜ₋₁. */
export type Garch = {
  readonly mean: number
  readonly omega: number
  readonly alpha: number
  readonly beta: number
}

/** The likelihood of the returns has no maximum that can be used. */
export class GarchFitError extends BaseError {
  override readonly name = 'GarchFitError'

  constructor(reason: string) {
    super(`GARCH(1,1) cannot be fitted: ${reason}.`, {
      metaMessages: ['Use more returns, or the variance model ewma, which has nothing to fit.'],
    })
  }
}

/** ω / (1 − α − β), the variance that forecasts return to. */
export function longRunVariance({ omega, alpha, beta }: Garch): number {
  return omega / (1 - alpha - beta)
}

/** σ² of every return and, last, of the next one; `start` is the variance of the first. */
export function garchVariances(returns: readonly number[], garch: Garch, start: number): readonly number[] {
  const variances = [start]
  let variance = start
  for (const value of returns) {
    const deviation = value - garch.mean
    variance = garch.omega + garch.alpha * deviation * deviation + garch.beta * variance
    variances.push(variance)
  }
  return variances
}

/** Sum of the expected variances of the next `steps` steps, from the variance of the first of them. */
export function garchTermVariance(garch: Garch, next: number, steps: number): number {
  const persistence = garch.alpha + garch.beta
  const longRun = longRunVariance(garch)
  const whole = Math.floor(steps)
  let excess = next - longRun
  let sum = 0
  for (let step = 0; step < whole; step++) {
    sum += longRun + excess
    excess *= persistence
  }
  return sum + (steps - whole) * (longRun + excess)
}

/** Mean of the squared deviations from `mean`: the variance before the first return. */
export function presampleVariance(returns: readonly number[], mean: number): number {
  let sum = 0
  for (const value of returns) sum += (value - mean) * (value - mean)
  return sum / returns.length
}

/** Variances of all returns and the next one; before the first return stands the mean square, for the variance and for the squared return. */
export function fittedVariances(returns: readonly number[], garch: Garch): readonly number[] {
  const before = presampleVariance(returns, garch.mean)
  return garchVariances(returns, garch, garch.omega + (garch.alpha + garch.beta) * before)
}

/** Logarithm of the Gaussian likelihood of the returns. */
export function garchLogLikelihood(returns: readonly number[], garch: Garch): number {
  const variances = fittedVariances(returns, garch)
  let sum = 0
  for (const [index, value] of returns.entries()) {
    const variance = variances[index] as number
    const deviation = value - garch.mean
    sum += log(2 * Math.PI * variance) + (deviation * deviation) / variance
  }
  return -sum / 2
}

const leastReturns = 50

/**
 * Gaussian maximum likelihood of GARCH(1,1). The variance before the first return is the mean square of the sample, as in the
 * benchmark of G. Fiorentini, G. Calzolari and L. Panattoni, "Analytic derivatives and the computation of GARCH estimates" (1996). Deterministic: a
 * simplex from fixed starting points.
 *
 * @throws {GarchFitError} for fewer than 50 returns or returns that are all equal.
 */
export function fitGarch(returns: readonly number[], mean: 'zero' | 'constant'): Garch {
  if (returns.length < leastReturns) throw new GarchFitError(`${returns.length} returns, ${leastReturns} needed`)
  const average = mean === 'zero' ? 0 : returns.reduce((sum, value) => sum + value, 0) / returns.length
  const scale = Math.sqrt(presampleVariance(returns, average))
  if (!(scale > 0)) throw new GarchFitError('all returns are equal')
  const scaled = returns.map((value) => value / scale)
  const center = average / scale
  const garchAt = (point: readonly number[]): Garch => {
    const [omega = 0, alpha = 0, beta = 0, shift = 0] = point
    return { mean: mean === 'zero' ? 0 : center + shift, omega, alpha, beta }
  }
  const cost = (point: readonly number[]) => {
    const garch = garchAt(point)
    const { omega, alpha, beta } = garch
    if (!(omega > 0 && alpha >= 0 && beta >= 0 && alpha + beta < 1)) return Infinity
    return -garchLogLikelihood(scaled, garch)
  }
  const starts = [
    [0.1, 0.8],
    [0.05, 0.93],
    [0.2, 0.3],
  ].map(([alpha = 0, beta = 0]) => [1 - alpha - beta, alpha, beta, ...(mean === 'zero' ? [] : [0])])
  const rough = starts.map((start) => minimize(cost, start, { step: 0.05, tolerance: 1e-3 }))
  const first = rough.reduce((a, b) => (b.value < a.value ? b : a))
  const { point } = minimize(cost, first.point, { step: 0.02, tolerance: 1e-9 })
  const { mean: location, omega, alpha, beta } = garchAt(point)
  return { mean: location * scale, omega: omega * scale * scale, alpha, beta }
}
