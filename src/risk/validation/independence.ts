import { kupiecRatio } from './coverage.ts'
import {
  chiSquareTest,
  logLikelihood,
  requireCoverage,
  type TestOptions,
  type TestResult,
  undecided,
} from './likelihoodRatio.ts'

/** Pairs of days in a row; `n10` counts an exception followed by none. */
export type Transitions = { readonly n00: number; readonly n01: number; readonly n10: number; readonly n11: number }

/** Counts what follows what. */
export function transitionsOf(exceptions: readonly boolean[]): Transitions {
  const counts = { n00: 0, n01: 0, n10: 0, n11: 0 }
  for (const [day, exception] of exceptions.entries()) {
    if (day === 0) continue
    const before = exceptions[day - 1]
    if (before) counts[exception ? 'n11' : 'n10'] += 1
    else counts[exception ? 'n01' : 'n00'] += 1
  }
  return counts
}

/**
 * Independence of exceptions on consecutive days against a Markov chain: P. Christoffersen, "Evaluating interval forecasts" (1998).
 * Undecided below two observations.
 */
export function independenceTest(transitions: Transitions, options?: TestOptions): TestResult {
  const { n00, n01, n10, n11 } = transitions
  return n00 + n01 + n10 + n11 === 0 ? undecided(1) : chiSquareTest(independenceRatio(transitions), 1, options)
}

/**
 * Conditional coverage: right frequency and independence at once (Christoffersen 1998). The frequency is that of all observations,
 * the first included, as MathWorks has it.
 *
 * @throws {InvalidInputError} when there is no observation or the probability is not between 0 and 1.
 */
export function conditionalCoverageTest(
  exceptions: readonly boolean[],
  probability: number,
  options?: TestOptions,
): TestResult {
  const coverage = { observations: exceptions.length, exceptions: exceptions.filter(Boolean).length, probability }
  requireCoverage(coverage)
  if (exceptions.length < 2) return undecided(2)
  return chiSquareTest(kupiecRatio(coverage) + independenceRatio(transitionsOf(exceptions)), 2, options)
}

function independenceRatio({ n00, n01, n10, n11 }: Transitions): number {
  const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
  const all = n00 + n01 + n10 + n11
  const independent = logLikelihood(n01 + n11, n00 + n10, ratio(n01 + n11, all))
  const afterNone = logLikelihood(n01, n00, ratio(n01, n00 + n01))
  const afterException = logLikelihood(n11, n10, ratio(n11, n10 + n11))
  return -2 * (independent - afterNone - afterException)
}
