import { SampleError } from '../math/statistics.ts'

/** VaR and ES of a P&L at one confidence, losses positive. */
export type Tail = {
  readonly valueAtRisk: number
  readonly expectedShortfall: number
  /** Of the VaR, where the estimator has one. */
  readonly standardError: number | null
}

export type QuantileType = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9

/** What {@link sampleTail} may be told. */
export type SampleTailOptions = {
  readonly confidence: number
  readonly quantile: QuantileType
  readonly shortfall: 'below' | 'at-or-below' | 'coherent'
  /** Of each P&L; equal ones without. Weighted quantiles are inverses of the weighted distribution, whatever `quantile` says. */
  readonly weights?: readonly number[] | undefined
}

/**
 * VaR and ES of observed or simulated P&Ls, gains positive.
 *
 * @throws {SampleError} when there is no P&L, or weights do not fit.
 */
export function sampleTail(pnl: readonly number[], options: SampleTailOptions): Tail {
  const { confidence, quantile, shortfall, weights } = options
  if (pnl.length === 0) throw new SampleError('0 observations, 1 needed')
  if (weights !== undefined && weights.length !== pnl.length) {
    throw new SampleError(`${weights.length} weights for ${pnl.length} observations`)
  }
  const order = pnl.map((_, index) => index).sort((a, b) => (pnl[a] as number) - (pnl[b] as number) || a - b)
  const sorted = order.map((index) => pnl[index] as number)
  const tail = 1 - confidence
  const shares = weights === undefined ? undefined : normalized(order.map((index) => weights[index] as number))
  const edge = shares === undefined ? hyndmanFan(sorted, tail, quantile) : weightedEdge(sorted, shares, tail)
  const mean =
    shortfall === 'coherent'
      ? worstShare(sorted, shares, tail)
      : meanBelow(sorted, shares, edge, shortfall === 'at-or-below')
  const spread = Math.sqrt((confidence * tail) / sorted.length)
  const standardError =
    shares === undefined && spread < Math.min(tail, confidence)
      ? (hyndmanFan(sorted, tail + spread, 7) - hyndmanFan(sorted, tail - spread, 7)) / 2
      : null
  return { valueAtRisk: 0 - edge, expectedShortfall: 0 - mean, standardError }
}

/**
 * Quantile of ascending values by one of the nine definitions of R. Hyndman and Y. Fan, "Sample quantiles in statistical packages"
 * (1996).
 */
export function hyndmanFan(sorted: readonly number[], probability: number, type: QuantileType): number {
  const n = sorted.length
  const at = (rank: number) => sorted[Math.max(1, Math.min(n, rank)) - 1] as number
  // n · p is a whole number on paper where rounding leaves it beside one.
  const fuzz = 4 * Number.EPSILON * Math.max(1, n)
  if (type <= 3) {
    const position = n * probability + (type === 3 ? -0.5 : 0)
    const below = Math.floor(position + fuzz)
    const part = position - below
    if (part > fuzz) return at(below + 1)
    if (type === 1) return at(below)
    if (type === 2) return (at(below) + at(below + 1)) / 2
    return below % 2 === 0 ? at(below) : at(below + 1)
  }
  const [a, b] = plottingPositions[type as 4 | 5 | 6 | 7 | 8 | 9]
  const position = a + probability * (n + 1 - a - b)
  const below = Math.floor(position + fuzz)
  const part = Math.max(0, position - below)
  return part <= fuzz ? at(below) : at(below) + part * (at(below + 1) - at(below))
}

const plottingPositions = {
  4: [0, 1],
  5: [0.5, 0.5],
  6: [0, 0],
  7: [1, 1],
  8: [1 / 3, 1 / 3],
  9: [3 / 8, 3 / 8],
} as const

/** First P&L at which the weights, from the worst on, reach the tail. */
function weightedEdge(sorted: readonly number[], shares: readonly number[], tail: number): number {
  let sum = 0
  for (const [index, value] of sorted.entries()) {
    sum += shares[index] as number
    if (sum >= tail * (1 - sorted.length * Number.EPSILON)) return value
  }
  return sorted[sorted.length - 1] as number
}

/** Mean of the worst `tail` of the whole weight; the observation at its edge counts in part. */
function worstShare(sorted: readonly number[], shares: readonly number[] | undefined, tail: number): number {
  let left = tail
  let sum = 0
  for (const [index, value] of sorted.entries()) {
    const weight = Math.min(left, shares === undefined ? 1 / sorted.length : (shares[index] as number))
    sum += weight * value
    left -= weight
    if (left <= 0) break
  }
  return sum / (tail - left)
}

/** Mean of what lies below the edge; the edge itself where nothing does. */
function meanBelow(
  sorted: readonly number[],
  shares: readonly number[] | undefined,
  edge: number,
  including: boolean,
): number {
  let sum = 0
  let total = 0
  for (const [index, value] of sorted.entries()) {
    if (value > edge || (value === edge && !including)) break
    const weight = shares === undefined ? 1 : (shares[index] as number)
    sum += weight * value
    total += weight
  }
  return total === 0 ? edge : sum / total
}

function normalized(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (!(total > 0)) throw new SampleError('all weights are zero')
  return weights.map((weight) => weight / total)
}

/** Weights λ^age (1 − λ) / (1 − λⁿ) of n observations, oldest first (Boudoukh, Richardson and Whitelaw, "The best of both worlds", 1998). */
export function ageWeights(n: number, lambda: number): readonly number[] {
  const weights: number[] = []
  let power = 1
  for (let age = 0; age < n; age++) {
    weights.push(power)
    power *= lambda
  }
  const scale = (1 - lambda) / (1 - power)
  return weights.reverse().map((weight) => weight * scale)
}
