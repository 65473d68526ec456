import { binomialCdf, binomialPmf, chiSquareQuantile } from '../models/math/distribution.ts'
import { log, log1p } from '../models/math/exponential.ts'
import { normalCdf } from '../models/math/normal.ts'
import {
  type Coverage,
  chiSquareTest,
  logLikelihood,
  requireCoverage,
  type TestOptions,
  type TestResult,
  undecided,
} from './likelihoodRatio.ts'

/**
 * Proportion of failures: P. Kupiec, "Techniques for verifying the accuracy of risk measurement models" (1995).
 * Both too many and too few exceptions reject.
 *
 * @throws {InvalidInputError} for impossible counts.
 */
export function kupiecTest(coverage: Coverage, options?: TestOptions): TestResult {
  requireCoverage(coverage)
  return chiSquareTest(kupiecRatio(coverage), 1, options)
}

/** Counts of exceptions that {@link kupiecTest} accepts, both ends included. */
export type AcceptedExceptions = { readonly least: number; readonly most: number }

/** The counts of exceptions that the Kupiec test accepts for so many observations. Errors as {@link kupiecTest}. */
export function acceptedExceptions(
  { observations, probability }: Omit<Coverage, 'exceptions'>,
  { testLevel = 0.95 }: TestOptions = {},
): AcceptedExceptions {
  requireCoverage({ observations, exceptions: 0, probability })
  const critical = chiSquareQuantile(testLevel, 1)
  const accepts = (exceptions: number) => kupiecRatio({ observations, exceptions, probability }) < critical
  const expected = Math.min(observations, Math.round(observations * probability))
  return { least: lastAccepted(expected, 0, accepts), most: lastAccepted(expected, observations, accepts) }
}

/**
 * Normal approximation of the count of exceptions, tested on both sides (P. Jorion, "Financial Risk Manager Handbook").
 * `pValue` is of both tails; MathWorks printed one tail up to its release of 2017.
 *
 * @throws {InvalidInputError} for impossible counts.
 */
export function binomialTest(
  coverage: Coverage,
  { testLevel = 0.95 }: TestOptions = {},
): { readonly zScore: number; readonly tail: number; readonly pValue: number; readonly verdict: 'accept' | 'reject' } {
  requireCoverage(coverage)
  const { observations, exceptions, probability } = coverage
  const deviation = Math.sqrt(observations * probability * (1 - probability))
  const zScore = (exceptions - observations * probability) / deviation
  const tail = normalCdf(-Math.abs(zScore))
  return { zScore, tail, pValue: 2 * tail, verdict: 2 * tail > 1 - testLevel ? 'accept' : 'reject' }
}

/**
 * Probability, if the model is right, of this count of exceptions, of at most and of at least as many: exact, for few observations.
 *
 * @throws {InvalidInputError} for impossible counts.
 */
export function exceptionProbabilities(coverage: Coverage): {
  readonly exactly: number
  readonly atMost: number
  readonly atLeast: number
} {
  requireCoverage(coverage)
  const { observations, exceptions, probability } = coverage
  return {
    exactly: binomialPmf(exceptions, observations, probability),
    atMost: binomialCdf(exceptions, observations, probability),
    // The upper tail as the lower tail of the days without exception keeps its digits where it is small.
    atLeast: binomialCdf(observations - exceptions, observations, 1 - probability),
  }
}

/**
 * Time until the first failure (Kupiec 1995). `first` is the number of the first observation with an exception, from 1; null when
 * there is none. Then the model is rejected once even an exception on the next day would come too late (MathWorks), and undecided
 * before.
 *
 * @throws {InvalidInputError} for a first exception that is not one of the observations.
 */
export function firstFailureTest(
  { observations, first, probability }: { observations: number; first: number | null; probability: number },
  options?: TestOptions,
): TestResult {
  requireCoverage({ observations, exceptions: first ?? 0, probability })
  if (first !== null) return chiSquareTest(durationRatio(first, probability), 1, options)
  const bound = chiSquareTest(durationRatio(observations + 1, probability), 1, options)
  return observations + 1 > 1 / probability && bound.verdict === 'reject' ? bound : undecided(1)
}

/** Likelihood ratio of a first exception on day n, with 1/n the probability that fits it best. */
export function durationRatio(n: number, probability: number): number {
  const fitted = n === 1 ? 0 : (n - 1) * log1p(-1 / n)
  return -2 * (log(probability) + (n - 1) * log1p(-probability) - (fitted - log(n)))
}

/** The likelihood ratio of {@link kupiecTest}. */
export function kupiecRatio({ observations, exceptions, probability }: Coverage): number {
  const others = observations - exceptions
  return (
    -2 * (logLikelihood(exceptions, others, probability) - logLikelihood(exceptions, others, exceptions / observations))
  )
}

/** The count furthest towards `end` that is accepted without a rejected one between. */
function lastAccepted(start: number, end: number, accepts: (count: number) => boolean): number {
  const step = Math.sign(end - start)
  let count = start
  while (count !== end && accepts(count + step)) count += step
  return count
}
