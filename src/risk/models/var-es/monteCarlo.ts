import { chiSquareQuantile, studentCdf, studentQuantile } from '../math/distribution.ts'
import { cholesky, multiplyVector } from '../math/linearAlgebra.ts'
import { normalCdf, normalQuantile } from '../math/normal.ts'
import { normalDraw, uniformDraw } from '../math/random.ts'
import type { FactorDistribution } from './covariance.ts'
import type { Estimator } from './parameters.ts'
import { hyndmanFan } from './sampleTail.ts'

type MonteCarlo = Extract<Estimator, { kind: 'monte-carlo' }>

/**
 * Returns of all factors under a Student-t or Gaussian copula. Draw k of factor f is addressed by (seed, k, f + 1), the
 * common chi-square by (seed, k, 0), so regimes and books are compared on the same draws.
 *
 * @param observed - Rows of past returns for empirical marginals.
 * @param scale - Multiplies observed returns.
 */
export function simulateReturns(
  { draws, seed, degrees, marginals }: MonteCarlo,
  { means, deviations, correlation }: FactorDistribution,
  observed: readonly (readonly number[])[] | undefined,
  scale: number,
): readonly (readonly number[])[] {
  const lower = cholesky(correlation)
  const sorted = deviations.map((_, factor) =>
    (observed ?? []).map((row) => (row[factor] as number) * scale).sort((a, b) => a - b),
  )
  const probability = (x: number) => (degrees === null ? normalCdf(x) : studentCdf(x, degrees))
  const standardized = (x: number) => {
    if (marginals.kind === 'student-t') {
      const unit = Math.sqrt((marginals.degrees - 2) / marginals.degrees)
      return unit * (marginals.degrees === degrees ? x : studentQuantile(probability(x), marginals.degrees))
    }
    return degrees === null ? x : normalQuantile(probability(x))
  }
  return Array.from({ length: draws }, (_, draw) => {
    const independent = deviations.map((_, factor) => normalDraw(seed, draw, factor + 1))
    const widening = degrees === null ? 1 : Math.sqrt(degrees / chiSquareQuantile(uniformDraw(seed, draw, 0), degrees))
    return multiplyVector(lower, independent).map((value, factor) => {
      const x = value * widening
      if (marginals.kind === 'empirical') return hyndmanFan(sorted[factor] as number[], probability(x), 7)
      return (means[factor] as number) + (deviations[factor] as number) * standardized(x)
    })
  })
}
