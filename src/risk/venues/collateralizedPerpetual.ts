import { powerOfTen, type Wad, wad } from '../../core/units.ts'
import type { CollateralizedPerpetualRule } from '../../core/venueRule.ts'
import { floorDiv, max, min } from '../../kernel/fixedPoint.ts'
import { collateralQuote, moveDown, moveUp, type VenueShift, type VenueState } from './shift.ts'

/**
 * State of a GMX v2 position (`PositionUtils.isPositionLiquidatable`), whose numbers are US dollars: liquidatable when what
 * remains of the collateral is not above zero or below the larger of the venue's minima. Both minima and the fees are of the
 * size at which it was opened and stand still; profits are not cut at what the pool may pay.
 *
 * What a liquidation costs is the fee of closing, the fee of the liquidation and the impact of closing; the rest of the
 * collateral goes back to the account.
 */
export function collateralizedPerpetualState(rule: CollateralizedPerpetualRule, shift: VenueShift): VenueState {
  const { size, closingFee, liquidationFee, closingImpact, impactLimit, minimum } = rule
  const { collateral, remaining } = collateralizedPerpetualTotals(rule, shift)
  if (size === 0n) return { isLiquidatable: false, penalty: 0n, slack: collateral }
  const slack = remaining - max(minimum, 1n)
  const impact = min(max(0n, -closingImpact), impactLimit)
  return { isLiquidatable: slack < 0n, penalty: closingFee + liquidationFee + impact, slack }
}

/** What the venue adds up, WAD US dollars, each part rounded down: `remaining` is the collateral after a closing in whole. */
export function collateralizedPerpetualTotals(
  rule: CollateralizedPerpetualRule,
  shift: VenueShift,
): { readonly collateral: Wad; readonly impact: Wad; readonly remaining: Wad } {
  const { underlying, quote, size, cost, funding, pendingImpact, closingImpact, impactLimit, closingFee } = rule
  const [low, high] = [moveDown(quote, underlying, shift), moveUp(quote, underlying, shift)]
  const { amount, decimals } = rule.collateral
  const collateral = (amount * collateralQuote(rule.collateral, shift)) / powerOfTen(decimals)
  const value = floorDiv(size * (size < 0n ? high : low), wad)
  const pending = floorDiv(pendingImpact * (pendingImpact < 0n ? high : low), wad)
  const impact = max(min(0n, closingImpact + pending), -impactLimit)
  return { collateral, impact, remaining: collateral + value - cost + funding + impact - closingFee }
}
