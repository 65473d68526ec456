import { studentPdf, studentQuantile } from '../math/distribution.ts'
import { normalPdf, normalQuantile } from '../math/normal.ts'
import type { Tail } from './sampleTail.ts'

/** Mean and standard deviation of a P&L with what the Cornish-Fisher expansion needs beyond. */
export type Moments = {
  readonly mean: number
  readonly deviation: number
  readonly skewness: number
  readonly excessKurtosis: number
}

/** VaR −μ + zσ and ES −μ + σφ(z)/(1 − α) of a normal P&L. The standard error is that of σ from n observations, zσ/√(2n) (Jorion, Value at Risk, 5.2). */
export function normalTail(
  { mean, deviation }: Pick<Moments, 'mean' | 'deviation'>,
  confidence: number,
  n?: number,
): Tail {
  const z = normalQuantile(confidence)
  return {
    valueAtRisk: z * deviation - mean,
    expectedShortfall: (deviation * normalPdf(z)) / (1 - confidence) - mean,
    standardError: n === undefined ? null : (Math.abs(z) * deviation) / Math.sqrt(2 * n),
  }
}

/** The same of a Student-t P&L of that standard deviation (McNeil, Frey and Embrechts, Quantitative Risk Management, 2.2.4). */
export function studentTail(
  { mean, deviation }: Pick<Moments, 'mean' | 'deviation'>,
  degrees: number,
  confidence: number,
): Tail {
  const scale = deviation * Math.sqrt((degrees - 2) / degrees)
  const t = studentQuantile(confidence, degrees)
  const density = studentPdf(t, degrees) / (1 - confidence)
  return {
    valueAtRisk: scale * t - mean,
    expectedShortfall: (scale * density * (degrees + t * t)) / (degrees - 1) - mean,
    standardError: null,
  }
}

/**
 * Modified VaR and ES: quantile and tail mean of the second-order Cornish-Fisher and Edgeworth expansions, where the ES is at least the VaR.
 * Source: K. Boudt, B. Peterson and C. Croux, "Estimation and decomposition of downside risk for portfolios with non-normal returns"
 * (2008), as PerformanceAnalytics computes them.
 *
 * @param monotone - Takes the largest VaR of all confidences from one half on: the expansion is no quantile where it turns.
 */
export function cornishFisherTail(moments: Moments, confidence: number, monotone: boolean): Tail {
  const { mean, deviation, skewness, excessKurtosis } = moments
  const tail = 1 - confidence
  const z = normalQuantile(tail)
  const h = monotone ? lowestExpansion(z, moments) : cornishFisher(z, moments)
  return {
    valueAtRisk: 0 - mean - deviation * h,
    expectedShortfall: 0 - mean - deviation * Math.min(-edgeworthTail(h, { skewness, excessKurtosis }) / tail, h),
    standardError: null,
  }
}

/**
 * −E[z; z < h] under the second-order Edgeworth expansion. The integrals of the appendix of Boudt, Peterson and Croux sum to these polynomials.
 */
export function edgeworthTail(h: number, { skewness, excessKurtosis }: Shape): number {
  const s = h * h
  return (
    normalPdf(h) *
    (1 +
      ((s * s - 2 * s - 1) * excessKurtosis) / 24 +
      (h * s * skewness) / 6 +
      ((s * s * s - 9 * s * s + 9 * s + 3) * skewness * skewness) / 72)
  )
}

/** Standardized quantile of the Cornish-Fisher expansion at the normal quantile z. */
export function cornishFisher(z: number, { skewness, excessKurtosis }: Shape): number {
  const square = z * z
  return (
    z +
    ((square - 1) * skewness) / 6 +
    ((square - 3) * z * excessKurtosis) / 24 -
    ((2 * square - 5) * z * skewness * skewness) / 36
  )
}

/** Skewness and excess kurtosis. */
export type Shape = Pick<Moments, 'skewness' | 'excessKurtosis'>

/** Lowest value of the expansion from z to the middle: at an end or where its derivative, a parabola, is zero. */
function lowestExpansion(z: number, shape: Shape): number {
  const { skewness, excessKurtosis } = shape
  const square = skewness * skewness
  const a = excessKurtosis / 8 - square / 6
  const b = skewness / 3
  const c = 1 - excessKurtosis / 8 + (5 * square) / 36
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c))
  const turns = a === 0 ? (b === 0 ? [] : [-c / b]) : [(-b - root) / (2 * a), (-b + root) / (2 * a)]
  const inside = turns.filter((turn) => turn > Math.min(z, 0) && turn < Math.max(z, 0))
  return Math.min(...[z, 0, ...inside].map((at) => cornishFisher(at, shape)))
}
