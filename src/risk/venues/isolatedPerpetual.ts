import type { Wad } from '../../core/units.ts'
import type { IsolatedPerpetualRule } from '../../core/venueRule.ts'
import { abs, div, max, min, mul } from '../../kernel/fixedPoint.ts'
import { dollarsDown, dollarsUp, moveDown, moveUp, type VenueShift, type VenueState } from './shift.ts'

/**
 * State of a Synthetix Perps v2 position (`PerpsV2MarketBase._canLiquidate`). What remains is margin + `size · price − cost +
 * funding`; it is liquidatable when that, less the liquidation premium, is at most the liquidation margin.
 *
 * A liquidation takes all that remains: the fees go to keepers, the rest to the venue's stakers. So the penalty is what
 * remains, rounded up, and nothing when nothing does. The venue takes its quote asset for a dollar.
 *
 * @throws {UnpricedLiabilityError} when the quote asset is not in the parameter set.
 */
export function isolatedPerpetualState(rule: IsolatedPerpetualRule, shift: VenueShift): VenueState {
  const { quoteAsset, size } = rule
  const { remaining, premium, liquidationMargin } = isolatedPerpetualTotals(rule, shift)
  if (size === 0n) return { isLiquidatable: false, penalty: 0n, slack: dollarsDown(remaining, quoteAsset, shift) }
  // At the margin itself the venue liquidates already.
  const slack = remaining - premium - liquidationMargin - 1n
  return {
    isLiquidatable: max(0n, remaining - premium) <= liquidationMargin,
    penalty: dollarsUp(max(0n, remaining), quoteAsset, shift),
    slack: dollarsDown(slack, quoteAsset, shift),
  }
}

/** What the venue compares, WAD of the quote asset, in its order of operations. */
export function isolatedPerpetualTotals(
  rule: IsolatedPerpetualRule,
  shift: VenueShift,
): { readonly remaining: Wad; readonly premium: Wad; readonly liquidationMargin: Wad } {
  const { underlying, quote, margin, size, cost, funding, skewScale, premiumMultiplier } = rule
  const [low, high] = [moveDown(quote, underlying, shift), moveUp(quote, underlying, shift)]
  const notional = mul(abs(size), high)
  const fee = max(min(mul(notional, rule.feeRatio), rule.maximumFee), rule.minimumFee)
  return {
    remaining: margin + mul(size, size < 0n ? high : low) - cost + funding,
    premium: mul(mul(div(abs(size), skewScale), notional), premiumMultiplier),
    liquidationMargin: mul(notional, rule.bufferRatio) + fee + rule.keeperFee,
  }
}
