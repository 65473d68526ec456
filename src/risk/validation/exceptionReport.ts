import { InvalidInputError } from '../../core/errors.ts'
import { binomialTest, firstFailureTest, kupiecTest } from './coverage.ts'
import {
  type DurationSummary,
  durationsOf,
  mixedKupiecTest,
  summarizeDurations,
  timeBetweenFailuresTest,
} from './durations.ts'
import { dynamicQuantileTest } from './dynamicQuantile.ts'
import { conditionalCoverageTest, independenceTest, type Transitions, transitionsOf } from './independence.ts'
import type { Coverage, TestOptions, TestResult } from './likelihoodRatio.ts'
import { type TrafficLight, trafficLight } from './trafficLight.ts'
import { weibullDurationTest } from './weibullDuration.ts'

/** What a count of exceptions alone tells. */
export type CountReport = Coverage & {
  readonly confidence: number
  readonly testLevel: number
  /** Share of the observations without exception. */
  readonly observedLevel: number
  readonly expected: number
  /** Exceptions over expected ones. */
  readonly ratio: number
  readonly trafficLight: TrafficLight
  readonly binomial: ReturnType<typeof binomialTest>
  readonly kupiec: TestResult
}

/** What a series of exceptions tells. */
export type SeriesReport = CountReport & {
  readonly firstFailure: TestResult & { readonly day: number | null }
  readonly independence: TestResult & { readonly transitions: Transitions }
  readonly conditionalCoverage: TestResult
  readonly timeBetweenFailures: TestResult & { readonly durations: DurationSummary | null }
  readonly mixedKupiec: TestResult
  readonly dynamicQuantile: TestResult
  readonly weibullDuration: TestResult & { readonly shape: number | null }
}

/** An observation: the result of a day (a loss is negative) and the margin that stood against it. */
export type Observation = { readonly pnl: number; readonly margin: number }

/**
 * Tests a count of exceptions.
 *
 * @param confidence - Share of losses that the margin is to cover, such as 0.99.
 * @throws {InvalidInputError} for impossible counts.
 */
export function reportCount(
  { observations, exceptions, confidence }: { observations: number; exceptions: number; confidence: number },
  { testLevel = 0.95 }: TestOptions = {},
): CountReport {
  const coverage = { observations, exceptions, probability: 1 - confidence }
  const light = trafficLight(coverage)
  const expected = observations * coverage.probability
  return {
    ...coverage,
    confidence,
    testLevel,
    observedLevel: 1 - exceptions / observations,
    expected,
    ratio: exceptions / expected,
    trafficLight: light,
    binomial: binomialTest(coverage, { testLevel }),
    kupiec: kupiecTest(coverage, { testLevel }),
  }
}

/**
 * Tests a series of observations, oldest first. A loss above the margin is an exception; one equal to it is not.
 *
 * @throws {InvalidInputError} when there is no observation, one is not finite, or the confidence is not between 0 and 1.
 */
export function reportObservations(
  observations: readonly Observation[],
  { confidence, testLevel = 0.95 }: TestOptions & { readonly confidence: number },
): SeriesReport {
  const bad = observations.findIndex(({ pnl, margin }) => !Number.isFinite(pnl) || !Number.isFinite(margin))
  if (bad >= 0) throw new InvalidInputError(`Observation ${bad + 1} is not a pair of finite numbers.`)
  const exceptions = observations.map(({ pnl, margin }) => -pnl > margin)
  const count = exceptions.filter(Boolean).length
  const options = { testLevel }
  const report = reportCount({ observations: exceptions.length, exceptions: count, confidence }, options)
  const { probability } = report
  const first = exceptions.indexOf(true)
  const day = first < 0 ? null : first + 1
  const transitions = transitionsOf(exceptions)
  return {
    ...report,
    firstFailure: { ...firstFailureTest({ observations: exceptions.length, first: day, probability }, options), day },
    independence: { ...independenceTest(transitions, options), transitions },
    conditionalCoverage: conditionalCoverageTest(exceptions, probability, options),
    timeBetweenFailures: {
      ...timeBetweenFailuresTest(exceptions, probability, options),
      durations: summarizeDurations(durationsOf(exceptions)),
    },
    mixedKupiec: mixedKupiecTest(exceptions, probability, options),
    dynamicQuantile: dynamicQuantileTest(
      { exceptions, margins: observations.map(({ margin }) => margin), probability },
      options,
    ),
    weibullDuration: weibullDurationTest(exceptions, options),
  }
}
