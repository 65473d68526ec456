import { BaseError } from '../../../core/errors.ts'
import { exp, log, log1p } from './exponential.ts'
import { deviance, gammaWeight, incompleteBeta, incompleteGamma, logGamma, stirlingError } from './gamma.ts'
import { normalCdf, normalPdf, normalQuantile, ProbabilityError } from './normal.ts'

/** A parameter or argument for which a distribution is not defined. */
export class DistributionError extends BaseError {
  override readonly name = 'DistributionError'

  constructor(quantity: string, value: number, range: string) {
    super(`The ${quantity} ${value} is not ${range}.`, { metaMessages: ['Check the arguments of the distribution.'] })
  }
}

const inverseRootOfTwoPi = 0.3989422804014327

/**
 * Density of Student's t with any positive, also infinite, degrees of freedom.
 *
 * @throws {DistributionError} when the degrees of freedom are not positive.
 */
export function studentPdf(t: number, degrees: number): number {
  requireDegrees(degrees)
  if (degrees === Infinity) return normalPdf(t)
  const a = degrees / 2
  const constant = a * log1p(1 / degrees) - 0.5 + stirlingError(a + 0.5) - stirlingError(a)
  return inverseRootOfTwoPi * exp(constant - (a + 0.5) * log1p((t * t) / degrees))
}

/**
 * Probability that Student's t is at most t, to full relative precision in the lower tail.
 *
 * @throws {DistributionError} when the degrees of freedom are not positive.
 */
export function studentCdf(t: number, degrees: number): number {
  requireDegrees(degrees)
  if (degrees === Infinity) return normalCdf(t)
  const tail = studentTail(Math.abs(t), degrees)
  return t < 0 ? tail : 1 - tail
}

/**
 * The t with {@link studentCdf} t = probability.
 *
 * @throws {ProbabilityError} when probability is not between 0 and 1.
 * @throws {DistributionError} when the degrees of freedom are not positive.
 */
export function studentQuantile(probability: number, degrees: number): number {
  requireDegrees(degrees)
  if (degrees === Infinity || probability === 0 || probability === 1) return normalQuantile(probability)
  if (!(probability > 0 && probability < 1)) throw new ProbabilityError(probability)
  const tail = Math.min(probability, 1 - probability)
  const distance = tail < 0.25 ? fromTail(tail, degrees) : fromMiddle(0.5 - tail, degrees)
  return probability < 0.5 ? -distance : distance
}

/**
 * Probability that a chi-square variable is at most x.
 *
 * @throws {DistributionError} when x is negative or the degrees of freedom are not positive.
 */
export function chiSquareCdf(x: number, degrees: number): number {
  return chiSquare(x, degrees).lower
}

/**
 * Probability that a chi-square variable is above x: the p-value of a likelihood ratio.
 *
 * @throws {DistributionError} as {@link chiSquareCdf}.
 */
export function chiSquareTail(x: number, degrees: number): number {
  return chiSquare(x, degrees).upper
}

/**
 * The x with {@link chiSquareCdf} x = probability.
 *
 * @throws {ProbabilityError} when probability is not between 0 and 1.
 * @throws {DistributionError} when the degrees of freedom are not positive.
 */
export function chiSquareQuantile(probability: number, degrees: number): number {
  requireDegrees(degrees)
  if (!(probability >= 0 && probability <= 1)) throw new ProbabilityError(probability)
  if (probability === 0 || probability === 1) return probability === 0 ? 0 : Infinity
  const a = degrees / 2
  const inLowerHalf = probability < 0.5
  const target = log(inLowerHalf ? probability : 1 - probability)
  // E. B. Wilson and M. M. Hilferty (1931), or for the far lower tail the first term of the series.
  const cube = 1 - 1 / (9 * a) + normalQuantile(probability) / (3 * Math.sqrt(a))
  const start = cube > 0.2 ? log(a * cube * cube * cube) : (target + log(a) + logGamma(a)) / a
  return (
    2 *
    exp(
      newton(start, (u) => {
        const x = exp(u)
        const { lower, upper } = incompleteGamma(a, x)
        const reached = inLowerHalf ? lower : upper
        const slope = gammaWeight(a, x) / reached
        return (log(reached) - target) / (inLowerHalf ? slope : -slope)
      }),
    )
  )
}

/**
 * Probability of at most `successes` in `trials` independent trials.
 *
 * @throws {DistributionError} when a count is not an integer between 0 and the trials.
 * @throws {ProbabilityError} when probability is not between 0 and 1.
 */
export function binomialCdf(successes: number, trials: number, probability: number): number {
  requireBinomial(successes, trials, probability)
  if (successes === trials) return 1
  return incompleteBeta(trials - successes, successes + 1, 1 - probability, probability)
}

/**
 * Probability of exactly `successes` in `trials` independent trials.
 *
 * @throws {DistributionError} as {@link binomialCdf}.
 * @throws {ProbabilityError} as {@link binomialCdf}.
 */
export function binomialPmf(successes: number, trials: number, probability: number): number {
  requireBinomial(successes, trials, probability)
  const failures = trials - successes
  if (successes === 0) return exp(trials * log1p(-probability))
  if (failures === 0) return exp(trials * log(probability))
  if (probability === 0 || probability === 1) return 0
  const stirling = stirlingError(trials) - stirlingError(successes) - stirlingError(failures)
  const distance = deviance(successes, trials * probability) + deviance(failures, trials * (1 - probability))
  return inverseRootOfTwoPi * Math.sqrt(trials / (successes * failures)) * exp(stirling - distance)
}

/** P(T > t) for t ≥ 0. */
function studentTail(t: number, degrees: number): number {
  return incompleteBeta(degrees / 2, 0.5, ...studentFractions(t, degrees)) / 2
}

/** ν / (ν + t²) and its complement, neither of which overflows. */
function studentFractions(t: number, degrees: number): [number, number] {
  const square = (t / degrees) * t
  return square === Infinity ? [0, 1] : [1 / (1 + square), square / (1 + square)]
}

/** As ln P falls ever faster in ln t, Newton's method cannot overshoot twice. */
function fromTail(tail: number, degrees: number): number {
  const target = log(tail)
  const z = -normalQuantile(tail)
  return exp(
    newton(log(z) + Math.min(1, 1 / degrees), (u) => {
      const t = exp(u)
      const reached = studentTail(t, degrees)
      return (target - log(reached)) * (reached / (t * studentPdf(t, degrees)))
    }),
  )
}

/** The probability between 0 and t rises ever slower, so from below Newton's method does not overshoot. */
function fromMiddle(probability: number, degrees: number): number {
  if (probability === 0) return 0
  return newton(probability / studentPdf(0, degrees), (t) => {
    const [x, y] = studentFractions(t, degrees)
    return (incompleteBeta(0.5, degrees / 2, y, x) / 2 - probability) / studentPdf(t, degrees)
  })
}

/** Repeats x − step(x) until it stands still; a step is at most 5. */
function newton(start: number, step: (x: number) => number): number {
  let x = start
  let previous = Infinity
  for (let count = 0; count < 200; count++) {
    const change = Math.max(-5, Math.min(5, step(x)))
    x -= change
    const size = Math.abs(change)
    if (size <= (Number.EPSILON / 2) * Math.abs(x) || (size < 1e-12 && size >= previous)) break
    previous = size
  }
  return x
}

function chiSquare(x: number, degrees: number) {
  requireDegrees(degrees)
  if (!(x >= 0)) throw new DistributionError('chi-square value', x, 'at least 0')
  return incompleteGamma(degrees / 2, x / 2)
}

function requireDegrees(degrees: number) {
  if (!(degrees > 0)) throw new DistributionError('number of degrees of freedom', degrees, 'above 0')
}

function requireBinomial(successes: number, trials: number, probability: number) {
  if (!(Number.isSafeInteger(trials) && trials > 0)) throw new DistributionError('number of trials', trials, 'a count')
  if (!(Number.isSafeInteger(successes) && successes >= 0 && successes <= trials)) {
    throw new DistributionError('number of successes', successes, `a count up to ${trials}`)
  }
  if (!(probability >= 0 && probability <= 1)) throw new ProbabilityError(probability)
}
