import { InvalidInputError } from '../../core/errors.ts'
import { chiSquareTail } from '../models/math/distribution.ts'
import { log, log1p } from '../models/math/exponential.ts'

/** How often a margin was tested and failed, and how often it should have. */
export type Coverage = {
  readonly observations: number
  /** Observations whose loss was above the margin. */
  readonly exceptions: number
  /** Probability of an exception if the model is right: one less its confidence. */
  readonly probability: number
}

/**
 * Outcome of a test of the model. `statistic` and `pValue` are null where the observations do not define them; the model is then
 * accepted for want of evidence.
 */
export type TestResult = {
  readonly statistic: number | null
  /** Degrees of freedom of the chi-square distribution that the statistic follows if the model is right. */
  readonly degrees: number
  /** Probability of a statistic at least this large if the model is right. */
  readonly pValue: number | null
  readonly verdict: 'accept' | 'reject'
}

/** How sure a rejection is to be. */
export type TestOptions = {
  /** Confidence of the test, 0.95 by default: a right model is rejected once in twenty times. */
  readonly testLevel?: number
}

/** The result of a likelihood ratio, whose rounding below zero counts as zero. */
export function chiSquareTest(statistic: number, degrees: number, { testLevel = 0.95 }: TestOptions = {}): TestResult {
  const positive = Math.max(0, statistic)
  const pValue = chiSquareTail(positive, degrees)
  return { statistic: positive, degrees, pValue, verdict: pValue > 1 - testLevel ? 'accept' : 'reject' }
}

/** The result where the observations say nothing. */
export function undecided(degrees: number): TestResult {
  return { statistic: null, degrees, pValue: null, verdict: 'accept' }
}

/** Log-likelihood of `successes` and `failures` at a probability of success; nothing happening at probability zero is certain. */
export function logLikelihood(successes: number, failures: number, probability: number): number {
  const ofSuccess = successes === 0 ? 0 : successes * log(probability)
  const ofFailure = failures === 0 ? 0 : failures * log1p(-probability)
  return ofSuccess + ofFailure
}

/**
 * Checks counts and probability.
 *
 * @throws {InvalidInputError} for counts that are not whole, more exceptions than observations, or a probability outside (0, 1).
 */
export function requireCoverage({ observations, exceptions, probability }: Coverage): void {
  const problems = [
    ...(Number.isSafeInteger(observations) && observations > 0
      ? []
      : [`observations: expected a count above zero; got ${observations}`]),
    ...(Number.isSafeInteger(exceptions) && exceptions >= 0 && exceptions <= observations
      ? []
      : [`exceptions: expected a count up to ${observations}; got ${exceptions}`]),
    ...(probability > 0 && probability < 1
      ? []
      : [`probability: expected a number between 0 and 1; got ${probability}`]),
  ]
  if (problems.length > 0) throw new InvalidInputError('The model cannot be tested.', { metaMessages: problems })
}
