import { log, log1p } from './exponential.ts'
import { millsRatio, normalPdf } from './normal.ts'

/** Below this total volatility the difference of two Mills ratios is expanded; a few terms then reach the last unit. */
const expansionEnd = 0.5
const upwardEnd = 1.5

/** ln(a/b) of positive numbers, exact to the last units also where they are nearly equal. */
export function logRatio(a: number, b: number): number {
  const ratio = a / b
  if (ratio > 0.5 && ratio < 2) return log1p((a - b) / b)
  return ratio > 1e-300 && ratio < 1e300 ? log(ratio) : log(a) - log(b)
}

/**
 * Undiscounted value of the out-of-the-money one of a call and a put, which is what both are worth beyond intrinsic value.
 * The put on forward F struck at K is the call on forward K struck at F, so one formula serves both: with a = min(F, K),
 * b = max(F, K) it is a·N(d1) − b·N(d2), d1,2 = ln(a/b)/s ± s/2. As b·n(d2) = a·n(d1), it is a·n(d1)·(M(−d1) − M(−d2)) with the
 * Mills ratio M: one exponential, and an error relative to a, however far apart the two prices are.
 *
 * @param totalVolatility - s = σ·√T.
 */
export function timeValue(forward: number, strike: number, totalVolatility: number): number {
  const lower = Math.min(forward, strike)
  const upper = Math.max(forward, strike)
  if (lower === 0 || totalVolatility === 0) return 0
  const distance = -logRatio(lower, upper) / totalVolatility
  const d1 = totalVolatility / 2 - distance
  const minusD2 = distance + totalVolatility / 2
  const density = normalPdf(d1)
  if (density === 0) return d1 < 0 ? 0 : lower
  if (totalVolatility < expansionEnd) return lower * density * millsDifference(distance, totalVolatility)
  // M grows without bound below zero, so there the tails are taken off 1.
  if (d1 > 0) return lower * Math.max(0, 1 - density * (millsRatio(d1) + millsRatio(minusD2)))
  return lower * density * (millsRatio(-d1) - millsRatio(minusD2))
}

/**
 * M(x − s/2) − M(x + s/2) for x ≥ 0 without subtracting: M(x) = ∫ exp(−x·u − u²/2) du over u > 0, so the difference is
 * 2·Σ (s/2)^k·I_k over odd k with I_k = ∫ u^k/k!·exp(−x·u − u²/2) du > 0 and I_(k−1) = x·I_k + (k + 1)·I_(k+1).
 */
function millsDifference(x: number, s: number): number {
  return x < upwardEnd ? sumUpward(x, s / 2) : sumDownward(x, s / 2)
}

/** From I_0 and I_1, which cancels the more the larger x is. */
function sumUpward(x: number, half: number): number {
  let even = millsRatio(x)
  let odd = 1 - x * even
  let weight = 2 * half
  let sum = 0
  for (let k = 1; ; k += 2) {
    const term = weight * odd
    sum += term
    if (term <= sum * (Number.EPSILON / 16)) return sum
    even = (even - x * odd) / (k + 1)
    odd = (odd - x * even) / (k + 2)
    weight *= half * half
  }
}

/** By the ratios I_k / I_(k−1) from a late one, whose own error fades on the way down. */
function sumDownward(x: number, half: number): number {
  const start = 20 + Math.ceil(200 / (x * x))
  let ratio = 2 / (x + Math.sqrt(x * x + 4 * start))
  let nested = 1
  for (let k = start - 1; k > 0; k--) {
    const next = 1 / (x + (k + 1) * ratio)
    if (k % 2 === 0) nested = 1 + half * half * next * ratio * nested
    ratio = next
  }
  return 2 * half * millsRatio(x) * ratio * nested
}
