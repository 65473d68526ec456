import { BaseError } from '../../../core/errors.ts'
import { log } from './exponential.ts'

export type SmilePoint = { readonly strike: number; readonly volatility: number }

/** Volatilities at some strikes of one expiry. */
export type SmilePoints = {
  readonly kind: 'points'
  /** What runs linearly between two points. */
  readonly axis: 'strike' | 'logMoneyness'
  /** Strikes ascending, at least one. */
  readonly points: readonly SmilePoint[]
}

/**
 * Raw SVI of one expiry (J. Gatheral, 2004): total variance w(k) = a + b·(ρ·(k − m) + √((k − m)² + σ²)) at k = ln(K/F).
 */
export type RawSvi = {
  readonly kind: 'svi'
  readonly a: number
  readonly b: number
  readonly rho: number
  readonly m: number
  readonly sigma: number
  /** Years to expiry. */
  readonly time: number
}

export type Smile = SmilePoints | RawSvi

/** A smile that gives no volatility: no points, disorder, or SVI parameters of a negative variance. */
export class SmileError extends BaseError {
  override readonly name = 'SmileError'

  constructor(reason: string) {
    super(`The smile gives no volatility: ${reason}.`, {
      metaMessages: ['Check the quotes or the parameters of this expiry, or fit them again.'],
    })
  }
}

/** Largest total variance of SVI; a call is worth its forward long before. */
const maxTotalVariance = 144

/**
 * Annual volatility of a strike. Points are interpolated linearly and held flat outside; SVI is taken at
 * ln(K/F) held within ±4·√(a + b·σ), and its total variance at most 144, as Derive's feeds do (lyra-utils, SVI.sol).
 *
 * @throws {SmileError} when the smile gives no volatility there.
 * @example
 * smileVolatility({ kind: 'points', axis: 'strike', points: [{ strike: 90, volatility: 0.6 }, { strike: 110, volatility: 0.5 }] },
 *   { forward: 100, strike: 100 })
 * // 0.55
 */
export function smileVolatility(smile: Smile, at: { readonly forward: number; readonly strike: number }): number {
  const { forward, strike } = at
  if (!(forward > 0 && forward < Infinity)) throw new SmileError(`the forward ${forward} is not above zero`)
  if (!(strike >= 0 && strike < Infinity)) throw new SmileError(`the strike ${strike} is negative`)
  switch (smile.kind) {
    case 'points':
      return interpolate(smile, strike)
    case 'svi':
      return sviVolatility(smile, forward, strike)
  }
}

/**
 * How far SVI is from a negative probability density (J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility surfaces", 2014):
 * the lowest g(k) = (1 − k·w'/(2w))² − w'²/4·(1/w + ¼) + w''/2 on a grid. Below zero, butterflies cost less than nothing.
 *
 * @param options.width - Half the width of the grid in ln(K/F).
 * @throws {SmileError} when a parameter is out of its range.
 */
export function lowestSviDensity(
  svi: RawSvi,
  options: { readonly width?: number; readonly points?: number } = {},
): { readonly density: number; readonly logMoneyness: number } {
  requireSvi(svi)
  const { width = 3, points = 2_001 } = options
  const { a, b, rho, m, sigma } = svi
  let lowest = { density: Infinity, logMoneyness: 0 }
  for (let index = 0; index < points; index++) {
    const k = width * ((2 * index) / (points - 1) - 1)
    const distance = k - m
    const root = Math.sqrt(distance * distance + sigma * sigma)
    const w = a + b * (rho * distance + root)
    if (!(w > 0)) return { density: -Infinity, logMoneyness: k }
    const slope = b * (rho + (root === 0 ? 0 : distance / root))
    const curvature = root === 0 ? 0 : (b * sigma * sigma) / (root * root * root)
    const moneyness = 1 - (k * slope) / (2 * w)
    const density = moneyness * moneyness - (slope * slope * (1 / w + 0.25)) / 4 + curvature / 2
    if (density < lowest.density) lowest = { density, logMoneyness: k }
  }
  return lowest
}

/**
 * Whether SVI allows no butterfly arbitrage: the density is nowhere below zero on the grid of {@link lowestSviDensity}, and the
 * wings rise at most by 2 per unit of ln(K/F) (R. Lee, "The moment formula for implied volatility at extreme strikes", 2004).
 *
 * @throws {SmileError} when a parameter is out of its range.
 */
export function isFreeOfButterflyArbitrage(svi: RawSvi): boolean {
  return lowestSviDensity(svi).density >= 0 && svi.b * (1 + Math.abs(svi.rho)) <= 2
}

function sviVolatility(svi: RawSvi, forward: number, strike: number): number {
  requireSvi(svi)
  const { a, b, rho, m, sigma, time } = svi
  if (!(time > 0)) throw new SmileError(`the time ${time} is not above zero`)
  const level = a + b * sigma
  if (!(level >= 0)) throw new SmileError(`a + b·σ is ${level}`)
  const width = 4 * Math.sqrt(level)
  const k = Math.max(-width, Math.min(width, strike === 0 ? -Infinity : log(strike / forward)))
  const distance = k - m
  const variance = a + b * (Math.sqrt(distance * distance + sigma * sigma) + rho * distance)
  if (!(variance >= 0)) throw new SmileError(`the variance at ln(K/F) = ${k} is ${variance}`)
  return Math.sqrt(Math.min(variance, maxTotalVariance) / time)
}

function requireSvi({ a, b, rho, m, sigma, time }: RawSvi) {
  for (const [name, value] of Object.entries({ a, b, rho, m, sigma, time })) {
    if (!Number.isFinite(value)) throw new SmileError(`${name} is ${value}`)
  }
  if (b < 0) throw new SmileError(`b is ${b}, below zero`)
  if (sigma < 0) throw new SmileError(`σ is ${sigma}, below zero`)
  if (Math.abs(rho) > 1) throw new SmileError(`ρ is ${rho}, not between −1 and 1`)
}

function interpolate({ axis, points }: SmilePoints, strike: number): number {
  requireOrder(points)
  let left: SmilePoint | undefined
  for (const right of points) {
    if (strike <= right.strike) return left === undefined ? right.volatility : between(axis, left, right, strike)
    left = right
  }
  if (left === undefined) throw new SmileError('it has no points')
  return left.volatility
}

function between(axis: SmilePoints['axis'], left: SmilePoint, right: SmilePoint, strike: number): number {
  const position = (x: number) => (axis === 'strike' ? x - left.strike : log(x / left.strike))
  return left.volatility + (right.volatility - left.volatility) * (position(strike) / position(right.strike))
}

function requireOrder(points: SmilePoints['points']) {
  let least = 0
  for (const { strike, volatility } of points) {
    if (!(strike > least && strike < Infinity)) throw new SmileError(`the strike ${strike} does not follow ${least}`)
    if (!(volatility >= 0 && volatility < Infinity)) {
      throw new SmileError(`the volatility ${volatility} at ${strike} is negative`)
    }
    least = strike
  }
}
