import { type Wad, wad } from '../core/units.ts'
import { ceilDiv } from './fixedPoint.ts'

/** 100 % in the basis points of Aave (`PercentageMath.PERCENTAGE_FACTOR`). */
export const basisPoints = 10_000n

/** 1.0 of an index (`WadRayMath.RAY`). */
export const ray = 10n ** 27n

/** How a product or quotient is rounded: Aave's plain functions round half up, the named variants down or up. */
export type Rounding = 'half' | 'down' | 'up'

/** `value · percentage / 10000` (`percentMul`, `percentMulFloor`, `percentMulCeil`). */
export function percentMul(value: bigint, percentage: bigint, rounding: Rounding = 'half'): bigint {
  return divide(value * percentage, basisPoints, rounding)
}

/** `value · 10000 / percentage` (`percentDiv`, `percentDivFloor`, `percentDivCeil`); the percentage is not zero. */
export function percentDiv(value: bigint, percentage: bigint, rounding: Rounding = 'half'): bigint {
  return divide(value * basisPoints, percentage, rounding)
}

/** `a / b` in WAD, half up (`WadRayMath.wadDiv`); b is not zero. */
export function wadDiv(a: bigint, b: bigint): Wad {
  return divide(a * wad, b, 'half')
}

/** `a · index / 1e27` (`rayMul`, `rayMulFloor`, `rayMulCeil`). */
export function rayMul(a: bigint, index: bigint, rounding: Rounding = 'half'): bigint {
  return divide(a * index, ray, rounding)
}

/**
 * Health factor of Aave v3 (`GenericLogic.calculateUserAccountData`), WAD; null without debt, where Aave gives the largest
 * uint256. `weighted` is Σ value · threshold in basis points of the base unit, `collateral` Σ value, `debt` positive.
 * Truncated averaging (3.0 to 3.4) rounds the average threshold down to basis points first, exact averaging does not.
 */
export function healthFactor(
  averaging: 'truncated' | 'exact',
  { collateral, weighted, debt }: { readonly collateral: bigint; readonly weighted: bigint; readonly debt: bigint },
): Wad | null {
  if (debt === 0n) return null
  if (averaging === 'exact') return wadDiv(weighted, debt) / basisPoints
  const average = collateral === 0n ? 0n : weighted / collateral
  return wadDiv(percentMul(collateral, average), debt)
}

/** The quotient of two numbers that are not negative. */
export function divide(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  if (rounding === 'down') return numerator / denominator
  return rounding === 'up' ? ceilDiv(numerator, denominator) : (numerator + denominator / 2n) / denominator
}
