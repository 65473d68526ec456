import type { AssetKey } from '../../core/asset.ts'
import { type Wad, wad } from '../../core/units.ts'
import type { IsolatedLoanRule } from '../../core/venueRule.ts'
import { ceilDiv, div, min, mul, mulUp } from '../../kernel/fixedPoint.ts'
import { dollarsDown, dollarsUp, type VenueShift, type VenueState } from './shift.ts'

/** Scale of an oracle price (`ORACLE_PRICE_SCALE`). */
export const oracleScale = 10n ** 36n
/** `LIQUIDATION_CURSOR` and `MAX_LIQUIDATION_INCENTIVE_FACTOR` of Morpho Blue's `ConstantsLib`. */
const liquidationCursor: Wad = 3n * 10n ** 17n
const largestIncentive: Wad = 115n * 10n ** 16n

/**
 * State of a Morpho Blue loan (`Morpho._isHealthy`): liquidatable when
 * `wMulDown(mulDivDown(collateral, price, 1e36), lltv) < borrowed`. The oracle price moves with the collateral against the
 * debt. A liquidation may repay the whole debt and takes `incentive − 1` of it:
 * `incentive = min(1.15, 1 / (1 − 0.3 · (1 − lltv)))`.
 *
 * @throws {UnpricedLiabilityError} when the debt is in a token that the parameter set does not know.
 */
export function isolatedLoanState(rule: IsolatedLoanRule, shift: VenueShift): VenueState {
  const { collateral, debt, liquidationLtv } = rule
  const most = maximumBorrow(collateral.amount, movedQuote(rule, shift), liquidationLtv)
  const incentive = liquidationIncentive(liquidationLtv)
  const unit = 10n ** BigInt(debt.decimals)
  const debtQuantity = ceilDiv(debt.amount * wad, unit)
  return {
    isLiquidatable: most < debt.amount,
    penalty: mulUp(dollarsUp(debtQuantity, debt.asset, shift), incentive - wad),
    slack: dollarsDown((most * wad) / unit - debtQuantity, debt.asset, shift),
  }
}

/** What a collateral lets its owner owe, in loan tokens: `wMulDown(mulDivDown(collateral, price, 1e36), lltv)`. */
export function maximumBorrow(collateral: bigint, price: bigint, liquidationLtv: Wad): bigint {
  return mul((collateral * price) / oracleScale, liquidationLtv)
}

/** Collateral that a liquidator gets for what it repays, WAD: `min(1.15, 1 / (1 − 0.3 · (1 − lltv)))`. */
export function liquidationIncentive(liquidationLtv: Wad): Wad {
  return min(largestIncentive, div(wad, wad - mul(liquidationCursor, wad - liquidationLtv)))
}

function movedQuote({ collateral, debt, quote }: IsolatedLoanRule, shift: VenueShift): bigint {
  if (shift.underlyingOf(collateral.asset) === undefined) return 0n
  const [up, down] = [moveOf(collateral.asset, shift), moveOf(debt.asset, shift)]
  return (quote * up.to * down.from) / (up.from * down.to)
}

/** The move of a token that we do not know is none. */
function moveOf(asset: AssetKey, { underlyingOf, price, base }: VenueShift): { from: Wad; to: Wad } {
  const underlying = underlyingOf(asset)
  return underlying === undefined ? { from: wad, to: wad } : { from: base(underlying), to: price(underlying) }
}
