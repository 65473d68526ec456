import { studentPdf, studentQuantile } from '../math/distribution.ts'
import { normalCdf, normalPdf, normalQuantile } from '../math/normal.ts'
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
  const g = h
  const phi = normalPdf(g)
  const below =
    phi +
    ((evenPower(4, g) - 6 * evenPower(2, g) + 3 * phi) * excessKurtosis) / 24 +
    ((oddPower(3, g) - 3 * oddPower(1, g)) * skewness) / 6 +
    ((evenPower(6, g) - 15 * evenPower(4, g) + 45 * evenPower(2, g) - 15 * phi) * skewness * skewness) / 72
  return {
    valueAtRisk: 0 - mean - deviation * h,
    expectedShortfall: 0 - mean - deviation * Math.min(-below / tail, h),
    standardError: null,
  }
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

type Shape = Pick<Moments, 'skewness' | 'excessKurtosis'>

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

/** Integral of x^q φ(x) to g for even q, with the sign that the expansion gives it (Boudt, Peterson and Croux, appendix). */
function evenPower(q: 2 | 4 | 6, g: number): number {
  let all = 1
  for (let j = 1; j <= q / 2; j++) all *= 2 * j
  let sum = all
  let power = 1
  let product = 1
  for (let i = 1; i <= q / 2; i++) {
    power *= g * g
    product *= 2 * i
    sum += (all / product) * power
  }
  return sum * normalPdf(g)
}

function oddPower(q: 1 | 3, g: number): number {
  const all = q === 1 ? 1 : 3
  const powers = q === 1 ? g : all * g + g * g * g
  return powers * normalPdf(g) - all * normalCdf(g)
}
