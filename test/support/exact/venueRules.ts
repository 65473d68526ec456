import type { AssetKey, Underlying } from '../../../src/core/asset.ts'
import type { MarginParameters } from '../../../src/core/parameters.ts'
import type {
  CollateralizedPerpetualRule,
  IsolatedLoanRule,
  IsolatedPerpetualRule,
  LendingPoolRule,
  MoneyMarketRule,
  OptionCollateralRule,
  PerpetualAccountRule,
  VenueRule,
} from '../../../src/core/venueRule.ts'
import type { Shock } from './axes.ts'
import { exp } from './functions.ts'
import { liquidityAmounts } from './liquidity.ts'
import { optionPrice, totalVolatility } from './option.ts'
import { abs, floorSqrt, fromDecimals, fromWad, max, min, one, over, type Real, sum, times } from './real.ts'
import type { Valuer } from './value.ts'

/** What a venue's own rule says of one account in one scenario. Amounts in USD. */
export type VenueState = {
  readonly isLiquidatable: boolean
  /** What a liquidation costs. */
  readonly penalty: Real
  /** What the account holds beyond its maintenance, without the value of option legs. */
  readonly slack: Real
  /** Smallest distance to a liquidation, as a share of what is compared: tells cliffs from errors. */
  readonly distance: Real
}

type Prices = {
  readonly ratioOf: (underlying: Underlying) => Real
  readonly assetRatio: (asset: AssetKey) => Real
  readonly assetPrice: (asset: AssetKey) => Real
}

/** Underlyings whose prices decide whether the venue liquidates. */
export function ruleUnderlyings(rule: VenueRule, { assets }: MarginParameters): readonly Underlying[] {
  const of = (held: readonly { readonly asset: AssetKey }[]): Underlying[] =>
    held.flatMap(({ asset }) => assets[asset]?.underlying ?? [])
  switch (rule.kind) {
    case 'lendingPool':
    case 'moneyMarket':
      return of([...rule.collaterals, ...rule.debts])
    case 'perpetualAccount':
      return [...of(rule.collaterals), ...rule.markets.map(({ underlying }) => underlying)]
    case 'collateralizedPerpetual':
      return [...of([rule.collateral]), rule.underlying]
    case 'isolatedPerpetual':
    case 'optionCollateral':
      return [rule.underlying]
    case 'isolatedLoan':
      return of([rule.collateral, rule.debt])
    case 'baseDebt':
      throw new Error(`The reference has no rule of kind ${rule.kind}.`)
  }
}

/** Minimum collaterals by short option, spot and time: the same in every scenario of one price. */
const minima = new WeakMap<object, Map<Real, Real>>()

/** Applies a rule at the venue's own quotes, moved as our own prices move in `shock` (model section 4, methodology section 5). */
export function stateOf(
  rule: VenueRule,
  shock: Shock,
  {
    valuer,
    parameters,
    timestamp,
  }: { readonly valuer: Valuer; readonly parameters: MarginParameters; readonly timestamp: number },
): VenueState {
  const underlyingOf = (asset: AssetKey): Underlying => {
    const entry = parameters.assets[asset]
    if (entry === undefined) throw new Error(`A rule names the unknown asset ${asset}.`)
    return entry.underlying
  }
  const ratioOf = (underlying: Underlying): Real => over(valuer.spotOf(underlying, shock), valuer.spotOf(underlying))
  const prices: Prices = {
    ratioOf,
    assetRatio: (asset) => ratioOf(underlyingOf(asset)),
    assetPrice: (asset) => valuer.priceOfAsset(asset, shock),
  }
  switch (rule.kind) {
    case 'lendingPool':
      return lendingPool(rule, prices)
    case 'moneyMarket':
      return moneyMarket(rule, prices)
    case 'perpetualAccount':
      return perpetualAccount(rule, prices)
    case 'isolatedPerpetual':
      return isolatedPerpetual(rule, prices)
    case 'collateralizedPerpetual':
      return collateralizedPerpetual(rule, prices)
    case 'optionCollateral':
      return optionCollateral(rule, prices, { valuer, shock, timestamp })
    case 'isolatedLoan':
      return isolatedLoan(rule, prices)
    case 'baseDebt':
      throw new Error(`The reference has no rule of kind ${rule.kind}.`)
  }
}

function lendingPool(
  { collaterals, debts, averaging, closeFactor }: LendingPoolRule,
  { assetRatio }: Prices,
): VenueState {
  type Tokens = { readonly asset: AssetKey; readonly amount: bigint; readonly decimals: number; readonly quote: bigint }
  const worth = ({ asset, amount, decimals, quote }: Tokens): Real =>
    times(times(fromDecimals(amount, decimals), fromDecimals(quote, 8)), assetRatio(asset))
  const values = collaterals.map((held) => ({ value: worth(held), threshold: BigInt(held.liquidationThreshold) }))
  const total = sum(values.map(({ value }) => value))
  const weighted = sum(values.map(({ value, threshold }) => value * threshold))
  const truncated = total === 0n ? 0n : total * (weighted / total)
  const covered = (averaging === 'truncated' ? truncated : weighted) / 10_000n
  const debt = sum(debts.map(worth))
  const bonus = Math.max(0, ...collaterals.map((held) => held.bonus))
  const isLiquidatable = debt > 0n && covered < debt
  return {
    isLiquidatable,
    penalty: times(times(fromWad(closeFactor), debt), fromDecimals(BigInt(bonus), 4)),
    slack: covered - debt,
    distance: debt === 0n ? one : over(abs(covered - debt), debt),
  }
}

/** Without the truncation of any product (`Comptroller.getHypotheticalAccountLiquidity`). */
function moneyMarket(
  { collaterals, debts, closeFactor, liquidationIncentive }: MoneyMarketRule,
  { assetRatio }: Prices,
): VenueState {
  const covered = sum(
    collaterals.map(({ asset, shares, exchangeRate, quote, factor }) => {
      // Smallest units per share and USD per smallest unit, of which both scales cancel but for the USD.
      const worth = (one * shares * exchangeRate * quote * factor) / 10n ** 72n
      return times(worth, assetRatio(asset))
    }),
  )
  const owed = debts.map(({ asset, amount, quote, isForced }) => ({
    value: times((one * amount * quote) / 10n ** 36n, assetRatio(asset)),
    isForced,
  }))
  const debt = sum(owed.map(({ value }) => value))
  const forced = sum(owed.map(({ value, isForced }) => (isForced ? value : 0n)))
  const repayable = forced + times(fromWad(closeFactor), debt - forced)
  return {
    isLiquidatable: covered < debt || forced > 0n,
    penalty: times(repayable, fromWad(liquidationIncentive) - one),
    slack: forced > 0n ? min(covered - debt, -forced) : covered - debt,
    distance: debt === 0n || forced > 0n ? one : over(abs(covered - debt), debt),
  }
}

/** Without the truncation of any product (`Morpho._isHealthy`, `Morpho.liquidate`). */
function isolatedLoan(rule: IsolatedLoanRule, { assetRatio, assetPrice }: Prices): VenueState {
  const { collateral, debt, quote, liquidationLtv } = rule
  const moved = over(assetRatio(collateral.asset), assetRatio(debt.asset))
  const worth = times((collateral.amount * quote * one) / 10n ** BigInt(36 + debt.decimals), moved)
  const covered = times(worth, fromWad(liquidationLtv))
  const owed = fromDecimals(debt.amount, debt.decimals)
  const cursor = fromDecimals(3n, 1)
  const incentive = min(fromDecimals(115n, 2), over(one, one - times(cursor, one - fromWad(liquidationLtv))))
  const price = assetPrice(debt.asset)
  const gap = abs(covered - owed) - isolatedLoanRounding(rule)
  return {
    isLiquidatable: covered < owed,
    penalty: times(times(owed, incentive - one), price),
    slack: times(covered - owed, price),
    distance: owed === 0n ? one : over(max(0n, gap), owed),
  }
}

/** Loan tokens by which whole units of the loan, and of the oracle's price, may move what a collateral covers. */
export function isolatedLoanRounding({ collateral, debt }: IsolatedLoanRule): Real {
  return fromDecimals(3n, debt.decimals) + (collateral.amount * one) / 10n ** BigInt(36 + debt.decimals)
}

function perpetualAccount(rule: PerpetualAccountRule, { ratioOf, assetRatio, assetPrice }: Prices): VenueState {
  const { quoteAsset, cash, collaterals, markets, maintenanceRatio, penaltyRatio, settlementDebt } = rule
  const legs = markets.map(({ underlying, size, cost, funding, quote, maker }) => {
    const ratio = ratioOf(underlying)
    // The pool moves with our price; its root is an integer of 96 fractional bits.
    const root = maker === undefined ? 0n : floorSqrt((maker.sqrtPrice * maker.sqrtPrice * ratio) / one)
    const ordered = (maker?.orders ?? []).map((order) => {
      const [base, borrowed] = liquidityAmounts(order.liquidity, order.tickLower, order.tickUpper, root)
      return { base: base - order.baseDebt, quote: borrowed - order.quoteDebt }
    })
    const total = ordered.reduce((sumOfBase, { base }) => sumOfBase + base, size)
    const value = times(times(fromWad(total), fromWad(quote)), ratio)
    const lent = sum(ordered.map((order) => fromWad(order.quote)))
    return { notional: abs(value), profit: value - fromWad(cost) + fromWad(funding) + lent }
  })
  const held = collaterals.map(({ asset, value, ratio, discount }) => {
    const full = times(fromWad(value), assetRatio(asset))
    return { counted: times(full, fromWad(ratio)), loss: times(full, fromWad(discount)) }
  })
  const notional = sum(legs.map((leg) => leg.notional))
  const settled = fromWad(cash) + sum(legs.map(({ profit }) => profit))
  const counted = sum(held.map((collateral) => collateral.counted))
  const value = settled + counted
  const required = times(fromWad(maintenanceRatio), notional)
  const limits =
    settlementDebt === undefined || collaterals.length === 0
      ? []
      : [times(fromWad(settlementDebt.ratio), counted), fromWad(settlementDebt.limit)]
  const isSold = settled < 0n && limits.some((limit) => -settled > limit)
  // Where the venue sells collateral, all of it may go at the discount.
  const sale = settlementDebt === undefined ? 0n : sum(held.map(({ loss }) => loss))
  const penalty = times(fromWad(penaltyRatio), notional) + sale
  const reference = max(notional, counted, abs(settled))
  return {
    isLiquidatable: (notional > 0n && value < required) || isSold,
    penalty: times(penalty, assetPrice(quoteAsset)),
    slack: times(min(value - required, ...limits.map((limit) => settled + limit)), assetPrice(quoteAsset)),
    distance:
      reference === 0n
        ? one
        : over(min(abs(value - required), ...limits.map((limit) => abs(settled + limit))), reference),
  }
}

/** Synthetix Perps v2: what remains, less a premium of size² / skewScale, against buffer and fees; all that remains is lost. */
function isolatedPerpetual(rule: IsolatedPerpetualRule, { ratioOf, assetPrice }: Prices): VenueState {
  const size = fromWad(rule.size)
  const value = times(times(size, fromWad(rule.quote)), ratioOf(rule.underlying))
  const notional = abs(value)
  const remaining = fromWad(rule.margin) + value - fromWad(rule.cost) + fromWad(rule.funding)
  const share = over(abs(size), fromWad(rule.skewScale))
  const premium = times(times(share, notional), fromWad(rule.premiumMultiplier))
  const proportional = times(notional, fromWad(rule.feeRatio))
  const fee = max(min(proportional, fromWad(rule.maximumFee)), fromWad(rule.minimumFee))
  const required = times(notional, fromWad(rule.bufferRatio)) + fee + fromWad(rule.keeperFee)
  const price = assetPrice(rule.quoteAsset)
  if (size === 0n) return { isLiquidatable: false, penalty: 0n, slack: times(remaining, price), distance: one }
  const slack = remaining - premium - required
  return {
    isLiquidatable: max(0n, remaining - premium) <= required,
    penalty: times(max(0n, remaining), price),
    slack: times(slack, price),
    distance: over(abs(slack), max(notional, abs(remaining), required)),
  }
}

/** GMX v2: what remains of the collateral after closing in whole, against a minimum; the rest of it goes back. */
function collateralizedPerpetual(rule: CollateralizedPerpetualRule, { ratioOf, assetRatio }: Prices): VenueState {
  const price = times(fromWad(rule.quote), ratioOf(rule.underlying))
  const { asset, amount, decimals, quote } = rule.collateral
  const collateral = times(times(fromDecimals(amount, decimals), fromWad(quote)), assetRatio(asset))
  if (rule.size === 0n) return { isLiquidatable: false, penalty: 0n, slack: collateral, distance: one }
  const [limit, closing] = [fromWad(rule.impactLimit), fromWad(rule.closingImpact)]
  const total = closing + times(fromWad(rule.pendingImpact), price)
  const impact = max(min(0n, total), -limit)
  const profit = times(fromWad(rule.size), price) - fromWad(rule.cost) + fromWad(rule.funding)
  const slack = collateral + profit + impact - fromWad(rule.closingFee) - fromWad(rule.minimum)
  return {
    isLiquidatable: slack < 0n,
    penalty: fromWad(rule.closingFee) + fromWad(rule.liquidationFee) + min(max(0n, -closing), limit),
    slack,
    distance: over(abs(slack), max(collateral, abs(fromWad(rule.cost)))),
  }
}

function optionCollateral(
  rule: OptionCollateralRule,
  { ratioOf, assetPrice }: Prices,
  { valuer, shock, timestamp }: { readonly valuer: Valuer; readonly shock: Shock; readonly timestamp: number },
): VenueState {
  const spot = times(fromWad(rule.quote), ratioOf(rule.underlying))
  const quotePrice = assetPrice(rule.quoteAsset)
  // Nothing expired is liquidated, nor is its collateral free before it is settled.
  const live = rule.shorts.filter(({ expiry }) => expiry > timestamp)
  const shorts = live.map((short) => {
    const ownSpot = valuer.spotOf(rule.underlying, shock)
    const inUsd = (amount: Real): Real => times(amount, short.collateralIn === 'base' ? ownSpot : quotePrice)
    const collateral = fromWad(short.collateral)
    const known = minima.get(short) ?? new Map<Real, Real>()
    minima.set(short, known)
    const minimumAt = (price: Real): Real => {
      const found = known.get(price) ?? minimumCollateral(short, rule.minimum, price, BigInt(short.expiry - timestamp))
      known.set(price, found)
      return found
    }
    const [minimum, unmoved] = [minimumAt(spot), minimumAt(fromWad(rule.quote))]
    const distanceTo = (least: Real): Real => (least === 0n ? one : over(abs(collateral - least), least))
    const fee = max(
      inUsd(times(collateral, fromWad(rule.penaltyRatio))),
      times(fromWad(rule.minimumPenalty), quotePrice),
    )
    const strike = fromWad(short.strike)
    const payoff = max(0n, short.right === 'call' ? ownSpot - strike : strike - ownSpot)
    // The whole collateral goes; of it the payoff was no longer the account's anyhow.
    const whole = inUsd(collateral) - times(times(fromWad(short.amount), payoff), quotePrice)
    return {
      isLiquidatable: collateral < minimum,
      penalty: collateral < minimum || collateral < unmoved ? max(whole, fee) : fee,
      slack: inUsd(collateral - minimum),
      distance: min(distanceTo(minimum), distanceTo(unmoved)),
    }
  })
  return {
    isLiquidatable: shorts.some(({ isLiquidatable }) => isLiquidatable),
    penalty: sum(shorts.map(({ penalty }) => penalty)),
    slack: sum(shorts.map(({ slack }) => slack)),
    distance: min(one, ...shorts.map(({ distance }) => distance)),
  }
}

/** `getMinCollateral` of Lyra Avalon, in the unit of the collateral; zero once expired: no trade is possible then. */
function minimumCollateral(
  { right, collateralIn, strike, amount }: OptionCollateralRule['shorts'][number],
  minimum: OptionCollateralRule['minimum'],
  spot: Real,
  term: bigint,
): Real {
  const size = fromWad(amount)
  if (size === 0n || term <= 0n) return 0n
  const shocked = times(spot, fromWad(right === 'call' ? minimum.callSpotShock : minimum.putSpotShock))
  const years = (term * one) / 31_536_000n
  const discount = exp(-times(fromWad(minimum.rate), years))
  const volatility = totalVolatility(shockVolatility(minimum, term), term)
  // Spot S, rate r and strike K price as a forward S against the discounted strike.
  const price = optionPrice(right, shocked, times(fromWad(strike), discount), volatility)
  const worth = times(price, size)
  if (collateralIn === 'base') return min(max(over(worth, shocked), fromWad(minimum.baseCollateral)), size)
  const held = max(worth, fromWad(minimum.quoteCollateral))
  return right === 'call' ? held : min(held, times(size, fromWad(strike)))
}

function shockVolatility(
  { shockVolA, shockVolPointA, shockVolB, shockVolPointB }: OptionCollateralRule['minimum'],
  term: bigint,
): Real {
  const start = BigInt(shockVolPointA)
  const end = BigInt(shockVolPointB)
  if (term <= start) return fromWad(shockVolA)
  if (term >= end) return fromWad(shockVolB)
  return fromWad(shockVolA) - (fromWad(shockVolA - shockVolB) * (term - start)) / (end - start)
}
