import { z } from 'zod'
import { integer, natural, positive } from '../../../core/schema.ts'
import { abs, max, min } from '../../../kernel/fixedPoint.ts'
import { accountFields, toDetails, toReal, type VenueAssessment } from './assessment.ts'
import { applyFactor, gmxPriceImpact, gmxUnit } from './gmxPriceImpact.ts'

const price = z.strictObject({ min: positive, max: positive })

/**
 * One GMX v2 position in the venue's integers: dollars and factors with 30 decimals, prices in dollars per smallest unit of
 * the token with 30 decimals, tokens in smallest units.
 */
export const gmxV2Schema = z.strictObject({
  rule: z.literal('gmx-v2'),
  ...accountFields,
  isLong: z.boolean(),
  sizeInUsd: natural,
  sizeInTokens: natural,
  collateralAmount: natural,
  collateralPrice: price,
  indexPrice: price,
  /** The pool's side that pays a profit: caps what traders together can win. */
  pool: z
    .strictObject({
      amount: natural,
      tokenPrice: price,
      openInterest: natural,
      openInterestInTokens: natural,
      maxPnlFactorForTraders: natural,
    })
    .optional(),
  /** The market's impact terms; none without them. */
  impact: z
    .strictObject({
      longOpenInterest: natural,
      shortOpenInterest: natural,
      positiveFactor: natural,
      negativeFactor: natural,
      exponent: natural,
      virtualInventory: integer.optional(),
      maxPositiveFactor: natural.optional(),
    })
    .optional(),
  /** Impact of closing in whole, in place of working it out. */
  priceImpactUsd: integer.optional(),
  maxPositionImpactFactorForLiquidations: natural.optional(),
  /** Impact of opening that is not yet paid, smallest units of the index token, negative against the trader. */
  pendingImpactAmount: integer.optional(),
  fees: z
    .strictObject({
      /** All of it in collateral tokens, in place of working it out. */
      totalCostAmount: natural.optional(),
      positionFeeFactor: natural.optional(),
      /** Share of the position fee that is not charged. */
      discountFactor: natural.optional(),
      cumulativeBorrowingFactor: natural.optional(),
      borrowingFactor: natural.optional(),
      fundingFeeAmount: natural.optional(),
      uiFeeFactor: natural.optional(),
    })
    .optional(),
  minCollateralUsd: natural,
  minCollateralFactor: natural,
  /** Factor of the liquidation check, from 2.2 on; `minCollateralFactor` without it. */
  minCollateralFactorForLiquidation: natural.optional(),
  /** Raises the factor with open interest when a position is opened: factor = open interest · multiplier. */
  minCollateralFactorForOpenInterestMultiplier: natural.optional(),
  shouldValidateMinCollateralUsd: z.boolean().optional(),
})

/** See {@link gmxV2Schema}. */
export type GmxV2Position = z.output<typeof gmxV2Schema>

/** Why a position is liquidatable, in the venue's words. */
export type GmxV2Reason = 'min collateral' | '< 0' | 'min collateral for leverage'

/**
 * `PositionUtils.isPositionLiquidatable`, dollars with 30 decimals:
 * `remaining = collateral · price.min + profit + impact − cost · price.min`, where the impact of closing in whole (with what is
 * pending) counts only against the trader and at most `maxPositionImpactFactorForLiquidations` of the size, and the cost holds
 * no liquidation fee. Liquidatable below the minimum collateral (where it is validated), at or below zero, or below size ·
 * factor, in this order.
 */
export function gmxV2State(position: GmxV2Position) {
  const { sizeInUsd, collateralPrice, fees } = position
  const collateralUsd = position.collateralAmount * collateralPrice.min
  const pnlUsd = profitOf(position)
  const priceImpactUsd = liquidationImpact(position)
  const cost = costOf(position)
  const collateralCostUsd = cost.totalCostAmount * collateralPrice.min
  const remainingCollateralUsd = collateralUsd + pnlUsd + priceImpactUsd - collateralCostUsd
  const forLiquidation = position.minCollateralFactorForLiquidation ?? position.minCollateralFactor
  const minCollateralUsdForLeverage = applyFactor(sizeInUsd, forLiquidation)
  const validates = position.shouldValidateMinCollateralUsd ?? true
  return {
    ...{
      collateralUsd,
      pnlUsd,
      priceImpactUsd,
      collateralCostUsd,
      remainingCollateralUsd,
      minCollateralUsdForLeverage,
    },
    ...cost,
    fundingFeeAmount: fees?.fundingFeeAmount ?? 0n,
    minCollateralUsd: validates ? position.minCollateralUsd : null,
    reason: reasonOf(remainingCollateralUsd, {
      minimum: validates ? position.minCollateralUsd : null,
      forLeverage: minCollateralUsdForLeverage,
    }),
  }
}

/** The position by the venue's rule; the initial demand uses the factor of opening, with open interest where it is given. */
export function assessGmxV2(position: GmxV2Position): VenueAssessment {
  const state = gmxV2State(position)
  const least = state.minCollateralUsd ?? 0n
  const openInterest = position.isLong ? position.impact?.longOpenInterest : position.impact?.shortOpenInterest
  const byOpenInterest = applyFactor(openInterest ?? 0n, position.minCollateralFactorForOpenInterestMultiplier ?? 0n)
  const openingFactor = max(position.minCollateralFactor, byOpenInterest)
  const isEmpty = position.sizeInUsd === 0n
  const maintenance = isEmpty ? 0n : max(least, state.minCollateralUsdForLeverage)
  const initial = isEmpty ? 0n : max(maintenance, applyFactor(position.sizeInUsd, openingFactor))
  return {
    equity: toReal(state.remainingCollateralUsd, gmxUnit),
    initial: toReal(initial, gmxUnit),
    maintenance: toReal(maintenance, gmxUnit),
    isLiquidatable: !isEmpty && state.reason !== null,
    details: toDetails({
      ...state,
      leverage:
        state.remainingCollateralUsd > 0n ? (position.sizeInUsd * gmxUnit) / state.remainingCollateralUsd : null,
    }),
  }
}

function reasonOf(
  remaining: bigint,
  { minimum, forLeverage }: { readonly minimum: bigint | null; readonly forLeverage: bigint },
): GmxV2Reason | null {
  if (minimum !== null && remaining < minimum) return 'min collateral'
  if (remaining <= 0n) return '< 0'
  return remaining < forLeverage ? 'min collateral for leverage' : null
}

/** `getPositionPnlUsd` of the whole position: a profit is cut as far as the pool's profit is capped. */
function profitOf({ isLong, sizeInUsd, sizeInTokens, indexPrice, pool }: GmxV2Position): bigint {
  const value = sizeInTokens * (isLong ? indexPrice.min : indexPrice.max)
  const profit = isLong ? value - sizeInUsd : sizeInUsd - value
  if (profit <= 0n || pool === undefined) return profit
  const poolValue = pool.openInterestInTokens * (isLong ? indexPrice.max : indexPrice.min)
  const poolProfit = isLong ? poolValue - pool.openInterest : pool.openInterest - poolValue
  const most = applyFactor(pool.amount * pool.tokenPrice.min, pool.maxPnlFactorForTraders)
  const capped = poolProfit < 0n ? poolProfit : min(poolProfit, most)
  return capped !== poolProfit && capped > 0n && poolProfit > 0n ? (profit * capped) / poolProfit : profit
}

function liquidationImpact(position: GmxV2Position): bigint {
  const { isLong, sizeInUsd, impact, indexPrice, pendingImpactAmount = 0n } = position
  const pending = pendingImpactAmount * (pendingImpactAmount < 0n ? indexPrice.max : indexPrice.min)
  let closing = position.priceImpactUsd ?? 0n
  if (position.priceImpactUsd === undefined && impact !== undefined) {
    closing = gmxPriceImpact(impact, { usdDelta: -sizeInUsd, isLong })
  }
  if (closing > 0n && impact?.maxPositiveFactor !== undefined) {
    closing = min(closing, applyFactor(sizeInUsd, min(impact.maxPositiveFactor, gmxUnit)))
  }
  const total = min(0n, closing + pending)
  const cap = position.maxPositionImpactFactorForLiquidations
  return cap === undefined ? total : max(total, -applyFactor(sizeInUsd, cap))
}

/** `getPositionFees` of closing in whole, collateral tokens, each truncated. */
function costOf({ sizeInUsd, collateralPrice, fees }: GmxV2Position) {
  const inTokens = (usd: bigint) => usd / collateralPrice.min
  const positionFee = inTokens(applyFactor(sizeInUsd, fees?.positionFeeFactor ?? 0n))
  const discount = applyFactor(positionFee, fees?.discountFactor ?? 0n)
  const accrued = (fees?.cumulativeBorrowingFactor ?? 0n) - (fees?.borrowingFactor ?? 0n)
  const borrowingFeeAmount = inTokens(applyFactor(sizeInUsd, abs(accrued)))
  const uiFeeAmount = inTokens(applyFactor(sizeInUsd, fees?.uiFeeFactor ?? 0n))
  const positionFeeAmount = positionFee - discount
  return {
    ...{ positionFeeAmount, borrowingFeeAmount, uiFeeAmount },
    totalCostAmount:
      fees?.totalCostAmount ?? positionFeeAmount + borrowingFeeAmount + uiFeeAmount + (fees?.fundingFeeAmount ?? 0n),
  }
}
