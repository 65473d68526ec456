import { exp, log } from '../models/math/exponential.ts'
import { chiSquareTest, type TestOptions, type TestResult, undecided } from './likelihoodRatio.ts'

/** Days between exceptions; a censored stretch begins or ends where the observations do. */
type Stretch = { readonly days: number; readonly isCensored: boolean }

/**
 * Memory of the times between exceptions: P. Christoffersen and D. Pelletier, "Backtesting value-at-risk: a duration-based approach"
 * (2004). The Weibull shape that fits best is held against 1, which has no memory; below 1 exceptions cluster. Stretches before the
 * first and after the last exception count as censored, and the scale is that which fits the shape best, as in R's rugarch. The
 * shape lies between 0.001 and 10. Undecided with fewer than three exceptions.
 */
export function weibullDurationTest(
  exceptions: readonly boolean[],
  options?: TestOptions,
): TestResult & { readonly shape: number | null } {
  const stretches = stretchesOf(exceptions)
  if (stretches.filter(({ isCensored }) => !isCensored).length < 2) return { ...undecided(1), shape: null }
  const likelihood = (logShape: number) => profileLikelihood(stretches, exp(logShape))
  const logShape = maximize(likelihood, log(0.001), log(10))
  const statistic = 2 * (likelihood(logShape) - profileLikelihood(stretches, 1))
  return { ...chiSquareTest(statistic, 1, options), shape: exp(logShape) }
}

function stretchesOf(exceptions: readonly boolean[]): readonly Stretch[] {
  const days = exceptions.flatMap((exception, index) => (exception ? [index + 1] : []))
  const [first, last] = [days[0], days.at(-1)]
  if (first === undefined || last === undefined) return []
  return [
    ...(first > 1 ? [{ days: first, isCensored: true }] : []),
    ...days.slice(1).map((day, index) => ({ days: day - (days[index] as number), isCensored: false })),
    ...(last < exceptions.length ? [{ days: exceptions.length - last, isCensored: true }] : []),
  ]
}

/** Log-likelihood at the scale that is best for the shape: a^b = complete stretches / Σ days^b. */
function profileLikelihood(stretches: readonly Stretch[], shape: number): number {
  const complete = stretches.filter(({ isCensored }) => !isCensored)
  const powers = stretches.reduce((sum, { days }) => sum + exp(shape * log(days)), 0)
  const logs = complete.reduce((sum, { days }) => sum + log(days), 0)
  const scale = log(complete.length / powers)
  return complete.length * (scale + log(shape)) + (shape - 1) * logs - complete.length
}

/** Golden section of a function with one peak. */
function maximize(f: (x: number) => number, least: number, most: number): number {
  const golden = (Math.sqrt(5) - 1) / 2
  let [low, high] = [least, most]
  let [left, right] = [high - golden * (high - low), low + golden * (high - low)]
  let [atLeft, atRight] = [f(left), f(right)]
  for (let step = 0; step < 60; step++) {
    if (atLeft >= atRight) {
      ;[high, right, atRight] = [right, left, atLeft]
      left = high - golden * (high - low)
      atLeft = f(left)
    } else {
      ;[low, left, atLeft] = [left, right, atRight]
      right = low + golden * (high - low)
      atRight = f(right)
    }
  }
  return (low + high) / 2
}
