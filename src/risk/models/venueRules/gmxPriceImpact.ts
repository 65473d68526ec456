import { OutOfRangeError } from '../../../core/errors.ts'
import { abs, min } from '../../../kernel/fixedPoint.ts'
import { binaryPower } from './binaryPower.ts'

/** 1.0 of GMX's factors and dollars. */
export const gmxUnit = 10n ** 30n
const gmxPerWad = 10n ** 12n

/** Open interest and impact factors of one market, 30 decimals. */
export type GmxImpact = {
  readonly longOpenInterest: bigint
  readonly shortOpenInterest: bigint
  readonly positiveFactor: bigint
  readonly negativeFactor: bigint
  readonly exponent: bigint
  /** Net open interest of the index token over markets: positive when the pools have virtually sold it. */
  readonly virtualInventory?: bigint | undefined
}

/** `value · factor / 1e30`, truncated toward zero (`Precision.applyFactor`). */
export function applyFactor(value: bigint, factor: bigint): bigint {
  return (value * factor) / gmxUnit
}

/**
 * `diff^exponent · factor` in dollars of 30 decimals (`PricingUtils.applyImpactFactor`): below a dollar nothing, an exponent of
 * one exact, any other by PRBMath's power in 18 decimals.
 */
export function applyImpactFactor(difference: bigint, factor: bigint, exponent: bigint): bigint {
  return applyFactor(applyExponent(difference, exponent), factor)
}

/**
 * Price impact of a change of open interest (`PositionPricingUtils.getPriceImpactUsd`), negative against the trader: the
 * difference of the imbalance before and after, each to the exponent. Where the change crosses balance, what it removes counts
 * with the positive factor and what it adds with the negative one. A positive factor above the negative one counts as that.
 * A negative impact is the lower of the market's and the virtual inventory's.
 *
 * @throws {OutOfRangeError} for a decrease beyond the open interest.
 */
export function gmxPriceImpact(
  impact: GmxImpact,
  { usdDelta, isLong }: { readonly usdDelta: bigint; readonly isLong: boolean },
): bigint {
  const own = impactOf(impact, { usdDelta, isLong })
  if (own >= 0n || impact.virtualInventory === undefined) return own
  const inventory = impact.virtualInventory
  // A decrease of the account's side may exceed the net inventory, which the venue bounds from below by the change.
  const base = {
    ...impact,
    longOpenInterest: inventory < 0n ? -inventory : 0n,
    shortOpenInterest: inventory > 0n ? inventory : 0n,
  }
  const offset = usdDelta < 0n ? -usdDelta : 0n
  const virtual = impactOf(
    { ...base, longOpenInterest: base.longOpenInterest + offset, shortOpenInterest: base.shortOpenInterest + offset },
    { usdDelta, isLong },
  )
  return min(own, virtual)
}

function impactOf(
  { longOpenInterest: long, shortOpenInterest: short, exponent, ...factors }: GmxImpact,
  { usdDelta, isLong }: { readonly usdDelta: bigint; readonly isLong: boolean },
): bigint {
  const nextLong = isLong ? long + usdDelta : long
  const nextShort = isLong ? short : short + usdDelta
  if (nextLong < 0n || nextShort < 0n) {
    throw new OutOfRangeError(`A decrease of ${-usdDelta} exceeds the open interest of ${isLong ? long : short}.`, {
      metaMessages: ['Open interest includes the position itself.'],
    })
  }
  const negative = factors.negativeFactor
  const positive = min(factors.positiveFactor, negative)
  const before = abs(long - short)
  const after = abs(nextLong - nextShort)
  if (long <= short === nextLong <= nextShort) {
    const factor = after < before ? positive : negative
    return applyImpactFactor(before, factor, exponent) - applyImpactFactor(after, factor, exponent)
  }
  return applyImpactFactor(before, positive, exponent) - applyImpactFactor(after, negative, exponent)
}

function applyExponent(value: bigint, exponent: bigint): bigint {
  if (value < gmxUnit) return 0n
  if (exponent === gmxUnit) return value
  return binaryPower(value / gmxPerWad, exponent / gmxPerWad) * gmxPerWad
}
