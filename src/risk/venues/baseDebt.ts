import { powerOfTen, type Wad, wad } from '../../core/units.ts'
import type { BaseDebtRule } from '../../core/venueRule.ts'
import { ceilDiv, max, mul } from '../../kernel/fixedPoint.ts'
import { collateralQuote, debtQuote, type VenueShift, type VenueState } from './shift.ts'

/** WAD USD in the venue's unit of 1e-8 USD. */
const wadPerUnit = 10n ** 10n

/**
 * State of a Compound III account (`Comet.isLiquidatable`): liquidatable when
 * `Σ mulFactor(mulPrice(balance, price), liquidateCollateralFactor) − mulPrice(debt, price)` is negative, each product
 * truncated.
 *
 * A liquidation (`absorb`) takes all collateral at `liquidationFactor` of its price, not only as much as the debt; the
 * penalty is that loss, or the debt times the largest `1 − liquidationFactor` where this is more.
 */
export function baseDebtState({ collaterals, debt }: BaseDebtRule, shift: VenueShift): VenueState {
  let capacity = 0n
  let seized: Wad = 0n
  let largestLoss: Wad = 0n
  for (const held of collaterals) {
    const numerator = held.amount * collateralQuote(held, shift)
    const unit = powerOfTen(held.decimals)
    const loss = wad - held.liquidationFactor
    capacity += mul(numerator / unit, held.liquidateCollateralFactor)
    seized += ceilDiv(numerator * wadPerUnit * loss, unit * wad)
    largestLoss = max(largestLoss, loss)
  }
  const owed = debt.amount * debtQuote(debt, shift)
  const debtUnit = powerOfTen(debt.decimals)
  const debtUp = ceilDiv(owed, debtUnit)
  return {
    isLiquidatable: capacity < owed / debtUnit,
    penalty: debt.amount === 0n ? 0n : max(seized, ceilDiv(debtUp * wadPerUnit * largestLoss, wad)),
    slack: (capacity - debtUp) * wadPerUnit,
  }
}
