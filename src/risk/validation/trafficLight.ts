import { normalQuantile } from '../models/math/normal.ts'
import { exceptionProbabilities } from './coverage.ts'
import type { Coverage } from './likelihoodRatio.ts'

/** Supervisory reading of a count of exceptions. */
export type TrafficLight = {
  readonly zone: 'green' | 'yellow' | 'red'
  /** Probability of at most so many exceptions if the model is right. */
  readonly cumulative: number
  /** Probability of at least so many: the error of rejecting a right model for them. */
  readonly typeOneError: number
  /**
   * Addition to the capital multiplier of 3. In the yellow zone what would make the margin cover as often as promised if losses
   * were normal: 3 · (z(confidence) / z(observed) − 1), from 0 to 1.
   */
  readonly increase: number
  /** The Committee's own rounded addition; null away from 250 observations at 99 %. */
  readonly baselIncrease: number | null
}

/** Probabilities of at most so many exceptions at which yellow and red begin. */
export type ZoneBounds = { readonly yellow: number; readonly red: number }

/** Additions for 0 to 9 exceptions in 250 days at 99 %; from 10 on it is 1. */
const baselIncreases = [0, 0, 0, 0, 0, 0.4, 0.5, 0.65, 0.75, 0.85]

/**
 * Traffic light of the Basel Committee, "Supervisory framework for the use of backtesting" (1996), for any number of observations
 * and confidence.
 *
 * @throws {InvalidInputError} for impossible counts.
 */
export function trafficLight(
  coverage: Coverage,
  { yellow, red }: ZoneBounds = { yellow: 0.95, red: 0.9999 },
): TrafficLight {
  const { atMost: cumulative, atLeast: typeOneError } = exceptionProbabilities(coverage)
  const zone = cumulative < yellow ? 'green' : cumulative < red ? 'yellow' : 'red'
  return {
    zone,
    cumulative,
    typeOneError,
    increase: zone === 'green' ? 0 : zone === 'red' ? 1 : increaseOf(coverage),
    baselIncrease: isBaselCase(coverage) ? (baselIncreases[coverage.exceptions] ?? 1) : null,
  }
}

function increaseOf({ observations, exceptions, probability }: Coverage): number {
  const share = exceptions / observations
  if (share >= 0.5) return 1
  return Math.max(0, Math.min(1, 3 * (normalQuantile(probability) / normalQuantile(share) - 1)))
}

function isBaselCase({ observations, probability }: Coverage): boolean {
  return observations === 250 && Math.abs(probability - 0.01) < 1e-12
}
