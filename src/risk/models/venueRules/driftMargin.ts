import { abs, ceilDiv, floorDiv, max, min } from '../../../kernel/fixedPoint.ts'
import type { DriftAccount } from './driftAccount.ts'
import {
  byMarginType,
  type DriftMarginType,
  driftWeightUnit,
  sizeDiscountWeight,
  sizePremiumWeight,
} from './driftWeights.ts'

type Spot = DriftAccount['spot'][number]
type Perpetual = NonNullable<DriftAccount['perpetuals']>[number]

const priceUnit = 10n ** 6n
const baseUnit = 10n ** 9n
const quoteToBase = 1_000n
/** One cent for every open order (`OPEN_ORDER_MARGIN_REQUIREMENT`). */
const orderRequirement = 10_000n
/** The most profit that counts toward initial margin (`MAX_POSITIVE_UPNL_FOR_INITIAL_MARGIN`). */
const largestCountedProfit = 100n * priceUnit
/** A prediction pays at most one unit (`MAX_PREDICTION_MARKET_PRICE`). */
const predictionCeiling = priceUnit

/** Weights of one spot market at a size in token units. */
export function driftSpotWeights(market: Spot, size: bigint, type: DriftMarginType) {
  const sizeInBase = (size * baseUnit) / 10n ** BigInt(market.decimals)
  const imf = market.imfFactor ?? 0n
  const asset = byMarginType(type, scaledAssetWeight(market), market.maintenanceAssetWeight)
  const liability = byMarginType(type, market.initialLiabilityWeight, market.maintenanceLiabilityWeight)
  return {
    asset: sizeDiscountWeight(sizeInBase, imf, asset),
    liability: sizePremiumWeight(sizeInBase, imf, liability),
  }
}

/** Weight of a profit not yet settled (`get_unrealized_asset_weight`), profit with 6 decimals. */
export function driftProfitWeight(market: Perpetual, profit: bigint, type: DriftMarginType): bigint {
  if (profit <= 0n) return driftWeightUnit
  if (type === 'maintenance') return market.unrealizedPnlMaintenanceAssetWeight ?? 0n
  let weight = market.unrealizedPnlInitialAssetWeight ?? 0n
  const limit = market.unrealizedPnlMaxImbalance ?? 0n
  const imbalance = market.netUserPnl ?? 0n
  if (limit > 0n && imbalance > limit) weight = (weight * limit) / imbalance
  return weight === 0n ? 0n : sizeDiscountWeight(profit * quoteToBase, market.unrealizedPnlImfFactor ?? 0n, weight)
}

/**
 * `calculate_margin_requirement_and_total_collateral`: quote units with 6 decimals. Free collateral is
 * `totalCollateral − marginRequirement`.
 */
export function driftMargin(account: DriftAccount, type: DriftMarginType) {
  const own = type === 'initial' ? (account.maxMarginRatio ?? 0n) : 0n
  const customRatio = max(own, account.marginRatioOverride ?? 0n)
  const context = { type, customRatio, isStrict: account.isStrict ?? false }
  const parts = [
    ...account.spot.map((market) => spotPart(market, context)),
    ...(account.perpetuals ?? []).map((market) => perpetualPart(market, context)),
  ]
  const sum = (of: (part: Part) => bigint) => parts.reduce((total, part) => total + of(part), 0n)
  const marginRequirement = sum((part) => part.requirement)
  return {
    totalCollateral: sum((part) => part.collateral),
    marginRequirement,
    marginRequirementPlusBuffer:
      marginRequirement + (sum((part) => part.liability) * (account.liquidationBuffer ?? 0n)) / driftWeightUnit,
    equity: sum((part) => part.equity),
    positions: parts.map(({ market, requirement, collateral }) => ({ market, requirement, collateral })),
  }
}

type Context = { readonly type: DriftMarginType; readonly customRatio: bigint; readonly isStrict: boolean }

type Part = {
  readonly market: string
  readonly collateral: bigint
  readonly requirement: bigint
  readonly liability: bigint
  readonly equity: bigint
}

function spotPart(market: Spot, { type, customRatio, isStrict }: Context): Part {
  const amount = tokenAmount(market)
  const low = isStrict ? min(market.price, market.twap5min ?? market.price) : market.price
  const high = isStrict ? max(market.price, market.twap5min ?? market.price) : market.price
  const value = tokenValue(amount, market.decimals, amount > 0n ? low : high)
  const equity = tokenValue(amount, market.decimals, market.price)
  if (market.isQuote === true) {
    return amount >= 0n
      ? { market: market.market, collateral: value, requirement: 0n, liability: 0n, equity }
      : { market: market.market, collateral: 0n, requirement: -value, liability: -value, equity }
  }

  const filled = (orders: bigint) => {
    const ordersValue = orders === 0n ? 0n : tokenValue(-orders, market.decimals, high)
    const after = { amount: amount + orders, value: value - ordersValue }
    const weighted = weigh(market, after, type)
    return { ...after, ordersValue, weighted, contribution: weighted + ordersValue }
  }
  const [bid, ask] = [filled(market.openBids ?? 0n), filled(market.openAsks ?? 0n)]
  const worst = ask.contribution <= bid.contribution ? ask : bid
  const weighted = customRatio === 0n ? worst.weighted : weighWithRatio(market, worst, customRatio)
  return {
    market: market.market,
    collateral: max(weighted, 0n) + max(worst.ordersValue, 0n),
    requirement: orderRequirement * BigInt(market.openOrders ?? 0) + max(-weighted, 0n) + max(-worst.ordersValue, 0n),
    liability: max(-worst.value, 0n) + max(-worst.ordersValue, 0n),
    equity,
  }
}

function weigh(market: Spot, { amount, value }: { amount: bigint; value: bigint }, type: DriftMarginType): bigint {
  if (value === 0n) return 0n
  const weights = driftSpotWeights(market, abs(amount), type)
  return (value * (value > 0n ? weights.asset : weights.liability)) / driftWeightUnit
}

/** A custom ratio works on the initial weights, whatever the type (`apply_user_custom_margin_ratio`). */
function weighWithRatio(market: Spot, { amount, value }: { amount: bigint; value: bigint }, ratio: bigint): bigint {
  if (value === 0n) return 0n
  const weights = driftSpotWeights(market, abs(amount), 'initial')
  const weight =
    value > 0n ? min(weights.asset, max(0n, driftWeightUnit - ratio)) : max(weights.liability, driftWeightUnit + ratio)
  return (value * weight) / driftWeightUnit
}

function perpetualPart(market: Perpetual, { type, customRatio, isStrict }: Context): Part {
  const isSettling = market.expiryPrice !== undefined
  const price = max(market.expiryPrice ?? market.price, 0n)
  const quotePrice = market.quotePrice ?? priceUnit
  const [quoteLow, quoteHigh] = isStrict
    ? [min(quotePrice, market.quoteTwap5min ?? quotePrice), max(quotePrice, market.quoteTwap5min ?? quotePrice)]
    : [quotePrice, quotePrice]

  const profit =
    (market.baseAssetAmount * price) / baseUnit + market.quoteAssetAmount + (market.unrealizedFunding ?? 0n)
  const worst = worstBase(market, price)
  const liability = (baseLiability(market, worst, price) * quoteHigh) / priceUnit
  const positionRatio = type === 'initial' ? (market.maxMarginRatio ?? 0n) : 0n
  const ratio = max(
    max(customRatio, positionRatio),
    sizePremiumWeight(
      abs(worst),
      market.imfFactor ?? 0n,
      byMarginType(type, market.marginRatioInitial, market.marginRatioMaintenance),
    ),
  )
  const step = market.liquidityOrderStep
  const requirement =
    (isSettling ? 0n : (liability * ratio) / driftWeightUnit) +
    orderRequirement * BigInt(market.openOrders ?? 0) +
    (step === undefined ? 0n : max(priceUnit, (step * price) / baseUnit))

  const atQuote = profit > 0n ? quoteLow : quoteHigh
  const weighted = (((profit * driftProfitWeight(market, profit, type)) / driftWeightUnit) * atQuote) / priceUnit
  return {
    market: market.market,
    collateral: type === 'initial' ? min(weighted, largestCountedProfit) : weighted,
    requirement,
    liability,
    equity: (profit * quotePrice) / priceUnit,
  }
}

/** The size with all bids or all asks filled, whichever is worth more; asks in a tie. */
function worstBase(market: Perpetual, price: bigint): bigint {
  const bids = market.baseAssetAmount + (market.openBids ?? 0n)
  const asks = market.baseAssetAmount + (market.openAsks ?? 0n)
  return baseLiability(market, bids, price) > baseLiability(market, asks, price) ? bids : asks
}

/** What a size can lose: its value; of a short prediction, what the price can still rise. */
function baseLiability({ contract }: Perpetual, base: bigint, price: bigint): bigint {
  const at = contract === 'prediction' && base < 0n ? max(0n, predictionCeiling - price) : price
  return (abs(base) * at) / baseUnit
}

function tokenAmount(market: Spot): bigint {
  if (market.tokenAmount !== undefined) return market.tokenAmount
  const scale = 10n ** BigInt(19 - market.decimals)
  const deposit = ((market.scaledDeposit ?? 0n) * (market.cumulativeDepositInterest ?? 10n ** 10n)) / scale
  return deposit - ceilDiv((market.scaledBorrow ?? 0n) * (market.cumulativeBorrowInterest ?? 10n ** 10n), scale)
}

/** Token units at a price of 6 decimals, rounded down. */
function tokenValue(amount: bigint, decimals: number, price: bigint): bigint {
  return floorDiv(amount * price, 10n ** BigInt(decimals))
}

function scaledAssetWeight(market: Spot): bigint {
  const start = market.scaleInitialAssetWeightStart ?? 0n
  if (start === 0n) return market.initialAssetWeight
  const value = tokenValue(market.marketDeposits ?? 0n, market.decimals, market.price)
  return value < start ? market.initialAssetWeight : (market.initialAssetWeight * start) / value
}
