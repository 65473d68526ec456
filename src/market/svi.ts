import { type Wad, wad } from '../core/units.ts'
import { isqrt } from '../kernel/squareRoot.ts'

/**
 * Raw parameters of one expiry, WAD: total variance `w(k) = a + b·(ρ·(k − m) + √((k − m)² + σ²))` of the log-moneyness
 * `k = ln(strike / forward)`. Source: Gatheral, "A parsimonious arbitrage-free implied volatility parameterization", 2004.
 */
export type SviParameters = {
  readonly a: Wad
  readonly b: Wad
  readonly rho: Wad
  readonly m: Wad
  readonly sigma: Wad
}

/** Total variance at one log-moneyness and its first two derivatives, 36 decimals: what a smile must be to have a density. */
export type SmilePoint = { readonly variance: bigint; readonly slope: bigint; readonly curvature: bigint }

/** 1.0 with the 36 decimals of a {@link SmilePoint}. */
export const unit = 10n ** 36n

/** The smile at a log-moneyness; each figure is off by a few units of its last decimal. */
export function smileAt({ a, b, rho, m, sigma }: SviParameters, k: Wad): SmilePoint {
  const distance = (k - m) * wad
  const width = sigma * wad
  const root = isqrt(distance ** 2n + width ** 2n)
  return {
    variance: a * wad + (b * (rho * distance + root * wad)) / unit,
    slope: (b * (rho * wad + (distance * unit) / root)) / wad,
    curvature: (b * width ** 2n * unit * unit) / (root ** 3n * wad),
  }
}

/** A mean of two smiles at one log-moneyness, `weight` of `total` on the second. */
export function mixSmiles(first: SmilePoint, second: SmilePoint, weight: bigint, total: bigint): SmilePoint {
  const mix = (x: bigint, y: bigint) => (x * (total - weight) + y * weight) / total
  return {
    variance: mix(first.variance, second.variance),
    slope: mix(first.slope, second.slope),
    curvature: mix(first.curvature, second.curvature),
  }
}

/**
 * Durrleman's function `g(k) = (1 − k·w'/(2w))² − (w'²/4)·(1/w + 1/4) + w''/2`, 36 decimals: the implied density has its sign, so
 * that a butterfly costs less than nothing where it is negative. Variance must be positive.
 */
export function durrleman({ variance, slope, curvature }: SmilePoint, k: Wad): bigint {
  const tilt = unit - (k * wad * slope) / (2n * variance)
  const square = (slope * slope) / unit
  return (tilt * tilt) / unit - (square * unit) / (4n * variance) - square / 16n + curvature / 2n
}

/** Least total variance over all strikes, `a + b·σ·√(1 − ρ²)`, 36 decimals. */
export function leastVariance({ a, b, rho, sigma }: SviParameters): bigint {
  return a * wad + (b * sigma * isqrt(wad * wad - rho * rho)) / wad
}

/**
 * Slope of total variance far out, the steeper of the two: `b·(1 + |ρ|)`, 36 decimals. Lee's moment formula allows no more than 2.
 */
export function steepestSlope({ b, rho }: SviParameters): bigint {
  return b * (wad + (rho < 0n ? -rho : rho))
}
