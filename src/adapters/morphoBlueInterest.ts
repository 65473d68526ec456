import { type Wad, wad } from '../core/units.ts'
import { ceilDiv, mul } from '../kernel/fixedPoint.ts'

/** Totals of a market in smallest units of its loan token and in shares; `fee` is a share of the interest, WAD. */
export type MorphoBlueTotals = {
  readonly supplyAssets: bigint
  readonly supplyShares: bigint
  readonly borrowAssets: bigint
  readonly borrowShares: bigint
  /** Unix seconds. */
  readonly lastUpdate: bigint
  readonly fee: Wad
}

/** `VIRTUAL_SHARES` and `VIRTUAL_ASSETS` of Morpho Blue's `SharesMathLib`. */
const virtualShares = 10n ** 6n
const virtualAssets = 1n

/**
 * Totals at a later time and the shares that went to the fee recipient on the way (`Morpho._accrueInterest`). `rate` is the
 * borrow rate per second, WAD.
 */
export function accrueInterest(
  totals: MorphoBlueTotals,
  { rate, timestamp }: { readonly rate: Wad; readonly timestamp: number },
): { readonly totals: MorphoBlueTotals; readonly feeShares: bigint } {
  const elapsed = BigInt(timestamp) - totals.lastUpdate
  const interest = mul(totals.borrowAssets, taylorCompounded(rate, elapsed))
  const supplyAssets = totals.supplyAssets + interest
  const feeAssets = mul(interest, totals.fee)
  const feeShares = toSharesDown(feeAssets, supplyAssets - feeAssets, totals.supplyShares)
  return {
    totals: {
      ...totals,
      supplyAssets,
      supplyShares: totals.supplyShares + feeShares,
      borrowAssets: totals.borrowAssets + interest,
      lastUpdate: BigInt(timestamp),
    },
    feeShares,
  }
}

/** Loan tokens that shares are worth, rounded down (`SharesMathLib.toAssetsDown`). */
export function toAssetsDown(shares: bigint, totalAssets: bigint, totalShares: bigint): bigint {
  return (shares * (totalAssets + virtualAssets)) / (totalShares + virtualShares)
}

/** Loan tokens that shares are worth, rounded up (`SharesMathLib.toAssetsUp`). */
export function toAssetsUp(shares: bigint, totalAssets: bigint, totalShares: bigint): bigint {
  return ceilDiv(shares * (totalAssets + virtualAssets), totalShares + virtualShares)
}

function toSharesDown(assets: bigint, totalAssets: bigint, totalShares: bigint): bigint {
  return (assets * (totalShares + virtualShares)) / (totalAssets + virtualAssets)
}

/** The first three terms of `e^(rate · seconds) − 1` (`MathLib.wTaylorCompounded`). */
function taylorCompounded(rate: Wad, seconds: bigint): Wad {
  const first = rate * seconds
  const second = (first * first) / (2n * wad)
  return first + second + (second * first) / (3n * wad)
}
