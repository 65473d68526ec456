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

/**
 * What stands before the first return, as its variance and its squared deviation: the mean square of the sample (Fiorentini, Calzolari and
 * Panattoni; R's rugarch), zero (QuantLib), or the mean of the first 75 squares with weights that fall by 0.94 (Python's arch).
 */
export type Presample = 'mean-square' | 'zero' | 'backcast'

export function presampleVariance(returns: readonly number[], mean: number, presample: Presample): number {
  if (presample === 'zero') return 0
  const decay = presample === 'backcast' ? 0.94 : 1
  const count = presample === 'backcast' ? Math.min(75, returns.length) : returns.length
  let weight = 1
  let sum = 0
  let total = 0
  for (let index = 0; index < count; index++) {
    const deviation = (returns[index] as number) - mean
    sum += weight * deviation * deviation
    total += weight
    weight *= decay
  }
  return sum / total
}

/** Variances of all returns and, last, of the next one, from what stands before the first. */
export function fittedVariances(returns: readonly number[], garch: Garch, presample: Presample): readonly number[] {
  return garchVariances(returns, garch, firstVariance(returns, garch, presample))
}

function firstVariance(returns: readonly number[], garch: Garch, presample: Presample): number {
  return garch.omega + (garch.alpha + garch.beta) * presampleVariance(returns, garch.mean, presample)
}

/** Logarithm of the Gaussian likelihood of the returns. */
export function garchLogLikelihood(returns: readonly number[], garch: Garch, presample: Presample): number {
  const { mean, omega, alpha, beta } = garch
  let variance = firstVariance(returns, garch, presample)
  let squares = 0
  let logarithms = 0
  // One logarithm for a product of several variances, taken before the product leaves the range of doubles.
  let product = 1
  for (let index = 0; index < returns.length; index++) {
    const deviation = (returns[index] as number) - mean
    const square = deviation * deviation
    squares += square / variance
    const next = product * variance
    if (next > 1e-150 && next < 1e150) product = next
    else {
      logarithms += log(product)
      product = variance
    }
    variance = omega + alpha * square + beta * variance
  }
  return -(returns.length * log(2 * Math.PI) + logarithms + log(product) + squares) / 2
}

const leastReturns = 50

/**
 * Gaussian maximum likelihood of GARCH(1,1), as in G. Fiorentini, G. Calzolari and L. Panattoni, "Analytic derivatives and the
 * computation of GARCH estimates" (1996). Deterministic: a simplex from fixed starting points.
 *
 * @throws {GarchFitError} for fewer than 50 returns or returns that are all equal.
 */
export function fitGarch(
  returns: readonly number[],
  mean: 'zero' | 'constant',
  presample: Presample = 'mean-square',
): Garch {
  if (returns.length < leastReturns) throw new GarchFitError(`${returns.length} returns, ${leastReturns} needed`)
  const average = mean === 'zero' ? 0 : returns.reduce((sum, value) => sum + value, 0) / returns.length
  const scale = Math.sqrt(presampleVariance(returns, average, 'mean-square'))
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
    return -garchLogLikelihood(scaled, garch, presample)
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
