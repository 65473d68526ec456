import { BaseError } from '../core/errors.ts'
import { secondsPerYear, type Wad, wad } from '../core/units.ts'
import { expWad, lnWad } from './exponential.ts'
import { abs, div, max, min, mul } from './fixedPoint.ts'
import { upperTail } from './normal.ts'
import { isqrt } from './squareRoot.ts'

/** A forward, strike, volatility or time for which the proven error bound of the pricing does not hold. */
export class Black76DomainError extends BaseError {
  override readonly name = 'Black76DomainError'

  constructor(quantity: string, value: bigint, least: bigint, most: bigint) {
    super(`The ${quantity} ${value} is outside ${least} to ${most}.`, {
      metaMessages: ['An option outside this range is not priced; check the units of the inputs.'],
    })
  }
}

/** Largest forward and strike, WAD (about 1.3e18 dollars); the smallest is 1 wei. */
export const maxPrice: Wad = 1n << 120n
/** Largest annual volatility, WAD: 10,000 %. */
export const maxVolatility: Wad = 100n * wad
/** Longest time to expiry, seconds (136 years). */
export const maxSeconds = 1n << 32n
/** Total volatility from which a call is worth its forward: the exact price is nearer than 2e-17 of the forward. */
const saturation: Wad = 24n * wad
/** 1 / √(2π). */
const inverseRootOfTwoPi: Wad = 398942280401432678n

/**
 * Volatility over the life of an option, σ·√T, WAD.
 *
 * @param sigma - Annual volatility, WAD.
 * @param seconds - Time to expiry; a year has 365 days.
 * @throws {Black76DomainError} when sigma or seconds is negative or beyond {@link maxVolatility}, {@link maxSeconds}.
 */
export function totalVolatility(sigma: Wad, seconds: bigint): Wad {
  requireWithin('volatility', sigma, 0n, maxVolatility)
  requireWithin('time to expiry', seconds, 0n, maxSeconds)
  const years = div(seconds, secondsPerYear)
  return mul(sigma, isqrt(years * wad))
}

/**
 * Undiscounted price of a European option on a forward (F. Black, "The pricing of commodity contracts", 1976), WAD.
 * The call lies between max(F − K, 0) and F, and put = call + K − F holds to the wei.
 * The error is at most 2e-16 of the forward and 1 wei over the whole domain (docs/kernel.md).
 *
 * @param totalVolatility - σ·√T, WAD; raised to 1 wei. From 24 on the call is F and the put K.
 * @throws {Black76DomainError} when forward or strike is outside 1 to {@link maxPrice}, or totalVolatility is negative.
 * @example
 * black76('call', 100n * wad, 100n * wad, totalVolatility(wad / 5n, 31_536_000n))
 * // 7965567455405795400n (7.9656)
 */
export function black76(right: 'call' | 'put', forward: Wad, strike: Wad, totalVolatility: Wad): Wad {
  requireDomain(forward, strike, totalVolatility)
  const call = callPrice(forward, strike, totalVolatility)
  return right === 'call' ? call : call + strike - forward
}

/**
 * Derivative of the undiscounted price with respect to the forward: N(d1) for a call, N(d1) − 1 for a put, WAD.
 * From a total volatility of 24 on it is 1 and 0.
 *
 * @throws {Black76DomainError} as {@link black76}.
 */
export function black76Delta(right: 'call' | 'put', forward: Wad, strike: Wad, totalVolatility: Wad): Wad {
  requireDomain(forward, strike, totalVolatility)
  const callDelta = totalVolatility >= saturation ? wad : standardize(forward, strike, totalVolatility).probability1
  return right === 'call' ? callDelta : callDelta - wad
}

/**
 * Density of the normal distribution at d1, WAD: with it gamma is n(d1) / (F·σ√T) and vega F·n(d1)·√T. From a total volatility
 * of 24 on it is 0, as the price no longer depends on the volatility.
 *
 * @throws {Black76DomainError} as {@link black76}.
 */
export function black76Density(forward: Wad, strike: Wad, totalVolatility: Wad): Wad {
  requireDomain(forward, strike, totalVolatility)
  if (totalVolatility >= saturation) return 0n
  return mul(inverseRootOfTwoPi, standardize(forward, strike, totalVolatility).density1)
}

/**
 * K·N(d2) is taken as F·exp(−d1²/2)·M(−d2), because K·exp(−d2²/2) = F·exp(−d1²/2): one exponential,
 * and every rounding is relative to the forward however far the strike is.
 */
function callPrice(forward: Wad, strike: Wad, totalVolatility: Wad): Wad {
  if (totalVolatility >= saturation) return forward
  const { d2, density1, probability1 } = standardize(forward, strike, totalVolatility)
  const tail2 = upperTail(abs(d2), density1)
  const call = d2 < 0n ? mul(forward, probability1 - tail2) : mul(forward, probability1 + tail2) - strike
  return min(max(call, max(forward - strike, 0n)), forward)
}

/** d2, exp(−d1²/2) and N(d1). */
function standardize(forward: Wad, strike: Wad, totalVolatility: Wad) {
  const volatility = max(totalVolatility, 1n)
  const d1 = div(logRatio(forward, strike), volatility) + volatility / 2n
  const density1 = expWad(-(d1 * d1) / (2n * wad))
  const tail1 = upperTail(abs(d1), density1)
  return { d2: d1 - volatility, density1, probability1: d1 < 0n ? tail1 : wad - tail1 }
}

/** ln(F/K) from the larger over the smaller, so that the quotient never loses more than 1e-18 of itself. */
function logRatio(forward: Wad, strike: Wad): Wad {
  return forward < strike ? -lnWad(div(strike, forward)) : lnWad(div(forward, strike))
}

function requireDomain(forward: Wad, strike: Wad, totalVolatility: Wad) {
  requireWithin('forward', forward, 1n, maxPrice)
  requireWithin('strike', strike, 1n, maxPrice)
  if (totalVolatility < 0n) throw new Black76DomainError('total volatility', totalVolatility, 0n, saturation)
}

function requireWithin(quantity: string, value: bigint, least: bigint, most: bigint) {
  if (value < least || value > most) throw new Black76DomainError(quantity, value, least, most)
}
