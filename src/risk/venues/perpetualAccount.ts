import { powerOfTen, type Wad, wad } from '../../core/units.ts'
import type { PerpetualAccountRule } from '../../core/venueRule.ts'
import { abs, ceilDiv, floorDiv, min, mul, mulUp } from '../../kernel/fixedPoint.ts'
import { makerAmounts } from './makerOrders.ts'
import {
  collateralQuote,
  dollarsDown,
  dollarsUp,
  itemValue,
  moveDown,
  moveUp,
  type VenueShift,
  type VenueState,
} from './shift.ts'

/**
 * State of a Perpetual Protocol v2 account (`ClearingHouse._isLiquidatable`, `Vault.isLiquidatable`). The account value is
 * cash, other collateral at its ratio, and `size · price − cost + funding` of each market, with what its orders hold beyond
 * their debts, rounded down to the settlement token. It is liquidatable below maintenance ratio × Σ abs(size · price); with other collateral also when cash and
 * unrealized results are further negative than `settlementDebt` allows. There the vault compares without rounding, so
 * that we are early by at most one unit of the settlement token.
 *
 * The venue takes its quote asset for a dollar, so its numbers do not move with that; what they are worth does. The
 * penalty is penalty ratio × the whole notional, plus the discount on all other collateral where it can be sold.
 *
 * @throws {UnpricedLiabilityError} when the quote asset is not in the parameter set.
 */
export function perpetualAccountState(rule: PerpetualAccountRule, shift: VenueShift): VenueState {
  const { quoteAsset, quoteDecimals, maintenanceRatio, penaltyRatio, settlementDebt } = rule
  const { settlement, positionValue, notionalUp, counted, sale, accountValue } = perpetualAccountTotals(rule, shift)
  let slack = accountValue - mulUp(positionValue, maintenanceRatio)
  let isLiquidatable = accountValue < mul(positionValue, maintenanceRatio)
  if (settlementDebt !== undefined) {
    const unit = 10n ** BigInt(18 - quoteDecimals)
    const { ratio, limit } = settlementDebt
    const owed: Wad = settlement < 0n ? -settlement : 0n
    const share = mul(counted, ratio)
    isLiquidatable ||= owed > share || (owed / unit) * unit > limit
    slack = min(slack, settlement + min(share, limit))
  }
  const penalty = mulUp(notionalUp, penaltyRatio) + (settlementDebt === undefined ? 0n : sale)
  return {
    isLiquidatable,
    penalty: dollarsUp(penalty, quoteAsset, shift),
    slack: dollarsDown(slack, quoteAsset, shift),
  }
}

/**
 * What the venue adds up, WAD of the quote asset: `settlement` is cash with unrealized results, `positionValue` Σ abs(value),
 * `notionalUp` the same rounded up, `counted` other collateral at its ratio, `sale` what selling that costs, `accountValue` what
 * the venue compares, rounded down to the settlement token.
 */
export function perpetualAccountTotals(rule: PerpetualAccountRule, shift: VenueShift) {
  const { quoteDecimals, cash, collaterals, markets } = rule
  let settlement = cash
  let positionValue = 0n
  let notionalUp = 0n
  for (const market of markets) {
    const { underlying, cost, funding, quote } = market
    const { value, notional, quoteOfOrders } = itemValue(market, underlying, shift, () => {
      const orders = makerAmounts(market.maker, underlying, shift)
      const size = market.size + orders.base
      const price = size < 0n ? moveUp(quote, underlying, shift) : moveDown(quote, underlying, shift)
      return {
        value: mul(size, price),
        notional: ceilDiv(abs(size) * moveUp(quote, underlying, shift), wad),
        quoteOfOrders: orders.quote,
      }
    })
    settlement += value - cost + funding + quoteOfOrders
    positionValue += abs(value)
    notionalUp += notional
  }
  let counted = 0n
  let sale = 0n
  for (const { asset, value, ratio, discount } of collaterals) {
    const moved = collateralQuote({ asset, quote: value }, shift)
    counted += mul(moved, ratio)
    sale += mulUp(moved, discount)
  }

  const unit = powerOfTen(18 - quoteDecimals)
  const accountValue = floorDiv(settlement + counted, unit) * unit
  return { settlement, positionValue, notionalUp, counted, sale, accountValue }
}
