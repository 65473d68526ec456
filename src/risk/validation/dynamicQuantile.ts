import { InvalidInputError } from '../../core/errors.ts'
import { dot } from '../models/math/linearAlgebra.ts'
import { chiSquareTest, requireCoverage, type TestOptions, type TestResult, undecided } from './likelihoodRatio.ts'

/**
 * Dynamic quantile test: exceptions may depend neither on earlier ones nor on the margin. R. Engle and S. Manganelli, "CAViaR" (2004):
 * the centered exceptions are regressed on a constant, `lags` earlier ones and the margin of the day; regressors that the others
 * already span are left out and cost no degree of freedom. Undecided when there are no more days than regressors.
 *
 * @throws {InvalidInputError} for series of different length, no observation, or a probability outside (0, 1).
 */
export function dynamicQuantileTest(
  {
    exceptions,
    margins,
    probability,
  }: { exceptions: readonly boolean[]; margins: readonly number[]; probability: number },
  { lags = 4, ...options }: TestOptions & { readonly lags?: number } = {},
): TestResult {
  const count = exceptions.filter(Boolean).length
  requireCoverage({ observations: exceptions.length, exceptions: count, probability })
  if (margins.length !== exceptions.length) {
    throw new InvalidInputError(`${margins.length} margins go with ${exceptions.length} observations.`)
  }
  if (exceptions.length - lags <= lags + 2) return undecided(lags + 2)
  const centered = exceptions.map((exception) => (exception ? 1 : 0) - probability)
  const response = centered.slice(lags)
  const regressors = [
    response.map(() => 1),
    ...Array.from({ length: lags }, (_, lag) => centered.slice(lags - 1 - lag, centered.length - 1 - lag)),
    margins.slice(lags),
  ]
  const basis = orthonormalize(regressors)
  const explained = basis.reduce((sum, column) => {
    const part = dot(column, response)
    return sum + part * part
  }, 0)
  return chiSquareTest(explained / (probability * (1 - probability)), basis.length, options)
}

/** Gram–Schmidt, twice for the sake of rounding; columns within the span of earlier ones are dropped. */
function orthonormalize(columns: readonly (readonly number[])[]): number[][] {
  const basis: number[][] = []
  for (const column of columns) {
    const size = Math.sqrt(dot(column, column))
    let rest = [...column]
    for (let pass = 0; pass < 2; pass++) {
      for (const direction of basis) {
        const part = dot(direction, rest)
        rest = rest.map((value, index) => value - part * (direction[index] as number))
      }
    }
    const left = Math.sqrt(dot(rest, rest))
    if (left > 1e-9 * size) basis.push(rest.map((value) => value / left))
  }
  return basis
}
