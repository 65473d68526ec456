import { quantile } from '../models/math/statistics.ts'
import { durationRatio, kupiecRatio } from './coverage.ts'
import { chiSquareTest, requireCoverage, type TestOptions, type TestResult, undecided } from './likelihoodRatio.ts'

/** Days until the first exception and from each to the next, in their order; empty without exceptions. */
export function durationsOf(exceptions: readonly boolean[]): readonly number[] {
  const days = exceptions.flatMap((exception, index) => (exception ? [index + 1] : []))
  return days.map((day, index) => day - (days[index - 1] ?? 0))
}

/** Five figures of the days between exceptions; quartiles lie in the middle of their share, as MathWorks has them. */
export type DurationSummary = {
  readonly least: number
  readonly lowerQuartile: number
  readonly median: number
  readonly upperQuartile: number
  readonly most: number
}

/** Summary of the days between exceptions, null when there are none. */
export function summarizeDurations(durations: readonly number[]): DurationSummary | null {
  if (durations.length === 0) return null
  return {
    least: Math.min(...durations),
    lowerQuartile: midpointQuantile(durations, 0.25),
    median: midpointQuantile(durations, 0.5),
    upperQuartile: midpointQuantile(durations, 0.75),
    most: Math.max(...durations),
  }
}

/**
 * Independence by the times between failures: the sum of their ratios, with one degree of freedom each. M. Haas, "New methods in
 * backtesting" (2001). Undecided without exceptions.
 *
 * @throws {InvalidInputError} when there is no observation or the probability is not between 0 and 1.
 */
export function timeBetweenFailuresTest(
  exceptions: readonly boolean[],
  probability: number,
  options?: TestOptions,
): TestResult {
  const count = requireSeries(exceptions, probability)
  return count === 0 ? undecided(0) : chiSquareTest(durationsRatio(exceptions, probability), count, options)
}

/**
 * Frequency and times between failures at once: the ratios of {@link timeBetweenFailuresTest} and of Kupiec summed (Haas 2001).
 * Errors as there; undecided without exceptions.
 */
export function mixedKupiecTest(
  exceptions: readonly boolean[],
  probability: number,
  options?: TestOptions,
): TestResult {
  const count = requireSeries(exceptions, probability)
  if (count === 0) return undecided(1)
  const coverage = kupiecRatio({ observations: exceptions.length, exceptions: count, probability })
  return chiSquareTest(coverage + durationsRatio(exceptions, probability), count + 1, options)
}

function durationsRatio(exceptions: readonly boolean[], probability: number): number {
  return durationsOf(exceptions).reduce((sum, duration) => sum + durationRatio(duration, probability), 0)
}

function requireSeries(exceptions: readonly boolean[], probability: number): number {
  const count = exceptions.filter(Boolean).length
  requireCoverage({ observations: exceptions.length, exceptions: count, probability })
  return count
}

/** The observation of rank i of n stands at (i − ½)/n, linear between (type 5 of Hyndman and Fan). */
function midpointQuantile(values: readonly number[], probability: number): number {
  const n = values.length
  if (n === 1) return values[0] as number
  const position = Math.max(0, Math.min(1, (n * probability - 0.5) / (n - 1)))
  return quantile(values, position)
}
