import { log } from '../math/exponential.ts'
import type { Pmrm2Parameters } from './parameters.ts'

/** The two ways the wings of a smile are raised or lowered. */
export type SkewMove = 'linear' | 'absolute'

/** How far a skew scenario moves the volatility of one strike, with what it is made of. */
export type SkewMultiplier = {
  /** Log-moneyness, its absolute value for `absolute`. */
  readonly moneyness: number
  readonly cap: number
  readonly kStar: number
  /** Not below zero. */
  readonly multiplier: number
}

/**
 * Multiplier `1 + k · cap / k*` on the volatility of a strike, where `k = ln(strike / forward)` or its absolute value,
 * `cap = c · √years + baseCap` and `k* = max(minKStar, √years · width · (volStatic + √years · volScale))`; the change is at most
 * the cap where k is not negative and at least its negative elsewhere. Source: Derive v2, `PMRMLib_2._getExpirySkewedShockedMTM`.
 */
export function skewMultiplier(
  { skew }: Pick<Pmrm2Parameters, 'skew'>,
  move: SkewMove,
  { strike, forward, years }: { readonly strike: number; readonly forward: number; readonly years: number },
): SkewMultiplier {
  const root = Math.sqrt(years)
  const [cBase, baseCap] =
    move === 'linear' ? [skew.linearCBase, skew.linearBaseCap] : [skew.absoluteCBase, skew.absoluteBaseCap]
  const cap = cBase * root + baseCap
  const kStar = Math.max(skew.minKStar, root * skew.widthScale * (skew.volParamStatic + root * skew.volParamScale))
  const signed = log(strike / forward)
  const moneyness = move === 'linear' ? signed : Math.abs(signed)
  const change = (moneyness * cap) / kStar
  // A negative cap bounds neither side here: the source takes it as it comes.
  const bounded = moneyness >= 0 ? Math.min(cap, change) : Math.max(-cap, change)
  return { moneyness, cap, kStar, multiplier: Math.max(0, 1 + bounded) }
}
