import { fitGarch, fittedVariances, type Garch, garchVariances, presampleVariance } from './garch.ts'
import type { GarchGiven, VarianceModel } from './parameters.ts'

/** Variance of every return as expected one step before it and, last, of the next return. */
export type VariancePath = { readonly variances: readonly number[]; readonly garch?: Garch }

/**
 * Variance of one factor through time.
 *
 * @throws {GarchFitError} where a fit is asked for and fails.
 */
export function variancePath(returns: readonly number[], underlying: string, model: VarianceModel): VariancePath {
  if (model.kind === 'ewma') return { variances: ewmaProducts(returns, returns, model) }
  const given = model.given?.[underlying]
  if (given === undefined) {
    const garch = fitGarch(returns, model.mean, model.presample)
    return { variances: fittedVariances(returns, garch, model.presample), garch }
  }
  const garch = garchOf(given)
  return { variances: garchVariances(returns, garch, presampleVariance(returns, 0, 'mean-square')), garch }
}

/** Coefficients with a mean of zero. */
export function garchOf({ alpha, beta, longRunVariance }: GarchGiven): Garch {
  return { mean: 0, omega: (1 - alpha - beta) * longRunVariance, alpha, beta }
}

/**
 * Exponentially weighted mean of products of two returns before each step and, last, before the next one:
 * cₜ = λ cₜ₋₁ + (1 − λ) aₜ₋₁ bₜ₋₁. Source: RiskMetrics Technical Document (1996), 5.2.
 */
export function ewmaProducts(
  a: readonly number[],
  b: readonly number[],
  { lambda, start }: { readonly lambda: number; readonly start: 'sample' | 'first' | 'normalized' },
): readonly number[] {
  const products = a.map((value, index) => value * (b[index] as number))
  const average = products.reduce((sum, value) => sum + value, 0) / products.length
  if (start === 'normalized') return normalizedMeans(products, lambda, average)
  let current = start === 'sample' ? average : (products[0] as number)
  const path = [current]
  for (const [index, product] of products.entries()) {
    // The first product is its own start and does not enter twice.
    if (start === 'sample' || index > 0) current = lambda * current + (1 - lambda) * product
    path.push(current)
  }
  return path
}

/** Weights are scaled to sum to one at every step; before the first return stands the mean of all. */
function normalizedMeans(products: readonly number[], lambda: number, average: number): readonly number[] {
  const path = [average]
  let sum = 0
  let total = 0
  for (const product of products) {
    sum = lambda * sum + product
    total = lambda * total + 1
    path.push(sum / total)
  }
  return path
}
