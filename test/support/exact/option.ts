import { exp, ln, normalPair } from './functions.ts'
import { floorSqrt, fromWad, max, one, over, type Real, times } from './real.ts'

const year = 31_536_000n
const wei = fromWad(1n)

/** σ·√T floored at 1 wei, T in seconds. */
export function totalVolatility(volatility: Real, seconds: bigint): Real {
  return max(floorSqrt((volatility * volatility * seconds) / year), wei)
}

/** Undiscounted Black-76 price per unit (methodology section 0). */
export function optionPrice(right: 'call' | 'put', forward: Real, strike: Real, volatility: Real): Real {
  const { first, second } = normalPair(forward, strike, volatility)
  const call = max(times(forward, first) - times(strike, second), forward - strike, 0n)
  return right === 'call' ? call : call + strike - forward
}

/** N(d1) of a call, N(d1) − 1 of a put. */
export function optionDelta(right: 'call' | 'put', forward: Real, strike: Real, volatility: Real): Real {
  const { first } = normalPair(forward, strike, volatility)
  return right === 'call' ? first : first - one
}

export type VolatilityShock = {
  readonly up: Real
  readonly down: Real
  readonly minimumUp: Real
  readonly shortTermPower: Real
  readonly longTermPower: Real
  /** Seconds. */
  readonly referenceTerm: bigint
  readonly shortestTerm: bigint
}

/** Volatility under a shock (model section 3), T in seconds. */
export function shockedVolatility(
  volatility: Real,
  direction: 'up' | 'down' | 'none',
  seconds: bigint,
  shock: VolatilityShock,
): Real {
  if (direction === 'none') return volatility
  const power = seconds <= shock.referenceTerm ? shock.shortTermPower : shock.longTermPower
  const term = seconds > shock.shortestTerm ? seconds : shock.shortestTerm
  const scale = exp(times(power, ln(over(shock.referenceTerm, term))))
  return direction === 'up'
    ? max(times(volatility, one + times(shock.up, scale)), shock.minimumUp)
    : times(volatility, max(0n, one - times(shock.down, scale)))
}
