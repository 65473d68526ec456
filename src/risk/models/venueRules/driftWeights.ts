import { max, min } from '../../../kernel/fixedPoint.ts'
import { isqrt } from '../../../kernel/squareRoot.ts'

/** 1.0 of margin ratios and weights. */
export const driftWeightUnit = 10_000n
const imfUnit = 10n ** 6n

/** `initial` opens, `fill` lies halfway, `maintenance` liquidates. */
export type DriftMarginType = 'initial' | 'fill' | 'maintenance'

/**
 * A weight of liabilities, or a margin ratio, raised with size (`calculate_size_premium_liability_weight`):
 * `max(w, 0.8 w + √(10 size + 1) · imf)`, size with 9 decimals, imf with 6, weights with 4, each step truncated.
 */
export function sizePremiumWeight(size: bigint, imfFactor: bigint, weight: bigint): bigint {
  if (imfFactor === 0n) return weight
  const premium = (isqrt(size * 10n + 1n) * imfFactor) / ((100_000n * imfUnit) / driftWeightUnit)
  return max(weight, weight - weight / 5n + premium)
}

/** A weight of assets, lowered with size (`calculate_size_discount_asset_weight`): `min(w, 1.1 / (1 + √(10 size + 1) · imf))`. */
export function sizeDiscountWeight(size: bigint, imfFactor: bigint, weight: bigint): bigint {
  if (imfFactor === 0n) return weight
  const numerator = (imfUnit + imfUnit / 10n) * driftWeightUnit
  return min(weight, numerator / (imfUnit + (isqrt(size * 10n + 1n) * imfFactor) / 100_000n))
}

/** The value for a margin type from its initial and maintenance values; `fill` is their truncated mean. */
export function byMarginType(type: DriftMarginType, initial: bigint, maintenance: bigint): bigint {
  if (type === 'fill') return (initial + maintenance) / 2n
  return type === 'initial' ? initial : maintenance
}
