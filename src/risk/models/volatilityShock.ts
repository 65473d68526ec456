import { power } from './math/exponential.ts'

/** How far volatility is moved at each term; volatilities of short terms move further. */
export type VolatilityShock = {
  /** Relative move up at 30 days. */
  readonly up: number
  /** Relative move down at 30 days. */
  readonly down: number
  /** Exponent of `30 days / term` up to and including 30 days. */
  readonly shortTermPower: number
  /** Exponent beyond 30 days. */
  readonly longTermPower: number
  /** Seconds that a shorter term counts as. */
  readonly termFloor: number
}

const thirtyDays = 30 * 86_400

/**
 * Factors on volatility at a term in seconds: `1 + up · (30 d / term)^p` and `1 − down · (30 d / term)^p`, the latter not
 * below zero. Source: Derive v2, `PMRMLib._addVolShocks`; Deribit and Paradex use the same rule with other figures.
 */
export function volatilityFactors(
  shock: VolatilityShock,
  seconds: number,
): { readonly up: number; readonly down: number } {
  const exponent = seconds <= thirtyDays ? shock.shortTermPower : shock.longTermPower
  const multiplier = power(thirtyDays / Math.max(seconds, shock.termFloor), exponent)
  return { up: 1 + shock.up * multiplier, down: Math.max(0, 1 - shock.down * multiplier) }
}
