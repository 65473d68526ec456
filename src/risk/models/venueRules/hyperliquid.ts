import { z } from 'zod'
import { amountNotNegative, amountPositive, real, share } from '../../../core/book.ts'
import { InvalidInputError } from '../../../core/errors.ts'
import { name } from '../../../core/schema.ts'
import { accountFields, type VenueAssessment } from './assessment.ts'

const position = z.strictObject({
  coin: name,
  /** Units of the coin, long positive. */
  size: real,
  markPrice: amountPositive,
  /** Largest leverage of the asset; maintenance is half of the initial margin at it. */
  maxLeverage: amountPositive,
  /** Margin tiers by notional, the first from zero: each with its own largest leverage. */
  tiers: z.array(z.strictObject({ lowerBound: amountNotNegative, maxLeverage: amountPositive })).optional(),
  /** Leverage that the user chose, for the initial margin; the largest one by default. */
  leverage: amountPositive.optional(),
})

/** A Hyperliquid account in USDC, as the venue's documents state its rule; the venue publishes no integers. */
export const hyperliquidSchema = z.strictObject({
  rule: z.literal('hyperliquid'),
  ...accountFields,
  /** `portfolio`: spot and perpetuals margined together. `cross`: the perpetuals of one exchange alone. */
  mode: z.enum(['portfolio', 'cross']),
  /** Value of a cross account: cash with unrealized results. */
  accountValue: real.optional(),
  /** Maintenance margin of each exchange's cross account; worked out from the positions where there are any. */
  crossMaintenanceMargins: z.array(amountNotNegative).optional(),
  positions: z.array(position).optional(),
  /** Borrowable tokens of a portfolio account. */
  tokens: z
    .array(
      z.strictObject({
        token: name,
        /** Net balance with perpetual results, in tokens. */
        portfolioBalance: real,
        borrowedForMaintenance: amountNotNegative,
        borrowCap: amountNotNegative,
        supplyCap: amountNotNegative,
        ltv: share,
        /** USDC per token; or the prices whose median it is. */
        borrowOraclePrice: amountPositive.optional(),
        prices: z
          .strictObject({
            spot: amountPositive,
            perpetualMark: amountPositive,
            perpetualOracle: amountPositive,
            /** USDC per USDT: the inverse of the spot oracle price of USDC. */
            usdtInUsdc: amountPositive,
          })
          .optional(),
      }),
    )
    .optional(),
  minBorrowOffset: amountNotNegative.optional(),
  /** Ratio above which the account is liquidatable. */
  liquidatableRatio: amountPositive.optional(),
})

/** See {@link hyperliquidSchema}. */
export type HyperliquidAccount = z.output<typeof hyperliquidSchema>

/** Defaults of the venue's documents: 20 USDC and 0.95. */
const leastBorrow = 20
const publishedRatio = 0.95

/**
 * Portfolio margin ratio of each borrowable token (Hyperliquid documents, "Portfolio margin", alpha mode):
 * `(20 + Σ cross maintenance + borrowed · price) / (balance + min(borrow cap, min(balance, supply cap) · price · threshold))`
 * with `threshold = 0.5 + 0.5 · LTV`; the account is liquidatable above 0.95 of the largest. Amounts of the formula are taken as
 * the documents write them: the balance stands without its price, which is 1 for the borrowable stablecoins.
 */
export function hyperliquidRatios(account: HyperliquidAccount) {
  const cross = crossMaintenance(account)
  return (account.tokens ?? []).map((token) => {
    const price = borrowPrice(token)
    const { portfolioBalance, borrowedForMaintenance, borrowCap, supplyCap, ltv } = token
    const threshold = 0.5 + 0.5 * ltv
    const requirement = (account.minBorrowOffset ?? leastBorrow) + cross + borrowedForMaintenance * price
    const lent = least(borrowCap, least(portfolioBalance, supplyCap) * price * threshold)
    const value = portfolioBalance + lent
    return {
      token: token.token,
      borrowOraclePrice: price,
      liquidationThreshold: threshold,
      portfolioMaintenanceRequirement: requirement,
      portfolioLiquidationValue: value,
      /** Null when there is nothing to cover the requirement with. */
      ratio: value > 0 ? requirement / value : null,
      /** What orders may borrow against the token. */
      borrowable: least(borrowCap, Math.max(0, portfolioBalance) * price * ltv),
    }
  })
}

/** Yearly rate of borrowing a stablecoin at a utilization (Hyperliquid documents): `0.05 + 4.75 · max(0, u − 0.8)`. */
export function hyperliquidBorrowRate(utilization: number): number {
  return 0.05 + 4.75 * Math.max(0, utilization - 0.8)
}

/**
 * Maintenance and initial margin of one position (Hyperliquid documents, "Margin tiers"): the tier of the notional gives the rate
 * `1 / (2 · max leverage)`, and a deduction keeps the margin continuous from one tier to the next.
 */
export function hyperliquidPositionMargin({
  size,
  markPrice,
  maxLeverage,
  tiers,
  leverage,
}: z.output<typeof position>) {
  const notional = Math.abs(size) * markPrice
  const ladder = tiers ?? [{ lowerBound: 0, maxLeverage }]
  let rate = 0
  let deduction = 0
  let most = maxLeverage
  for (const tier of ladder) {
    if (notional < tier.lowerBound) break
    const next = 1 / (2 * tier.maxLeverage)
    deduction += tier.lowerBound * (next - rate)
    rate = next
    most = tier.maxLeverage
  }
  return {
    notional,
    maintenance: notional * rate - deduction,
    initial: notional / least(leverage ?? most, most),
    rate,
    deduction,
  }
}

/**
 * The account by the venue's rule. Of a portfolio account the token with the largest ratio counts: its liquidation value
 * against its requirement over 0.95; no initial requirement is published, so it equals maintenance or, if that is more, what
 * the positions' leverage needs.
 *
 * @throws {InvalidInputError} for a portfolio account without tokens or a cross account without a value.
 */
export function assessHyperliquid(account: HyperliquidAccount): VenueAssessment {
  const positions = (account.positions ?? []).map((entry) => ({
    coin: entry.coin,
    ...hyperliquidPositionMargin(entry),
  }))
  const opening = positions.reduce((total, { initial }) => total + initial, 0)
  const cross = crossMaintenance(account)
  if (account.mode === 'cross') {
    const value = required(account.accountValue, 'A cross account has no accountValue.')
    const details = { accountValue: value, crossMaintenanceMargin: cross, positions }
    return {
      equity: value,
      initial: Math.max(opening, cross),
      maintenance: cross,
      isLiquidatable: value < cross,
      details,
    }
  }
  const ratios = hyperliquidRatios(account)
  const limit = account.liquidatableRatio ?? publishedRatio
  const worst = ratios.reduce<(typeof ratios)[number] | undefined>(
    (found, entry) => (found === undefined || orInfinite(entry.ratio) > orInfinite(found.ratio) ? entry : found),
    undefined,
  )
  const { ratio, token, portfolioLiquidationValue, portfolioMaintenanceRequirement } = required(
    worst,
    'A portfolio account lists no borrowable token.',
  )
  const maintenance = portfolioMaintenanceRequirement / limit
  return {
    equity: portfolioLiquidationValue,
    initial: Math.max(maintenance, opening),
    maintenance,
    isLiquidatable: ratio === null || ratio > limit,
    details: {
      portfolioMarginRatio: ratio,
      bindingToken: token,
      tokens: ratios,
      positions,
      crossMaintenanceMargin: cross,
    },
  }
}

function orInfinite(ratio: number | null): number {
  return ratio ?? Number.POSITIVE_INFINITY
}

function crossMaintenance({ crossMaintenanceMargins = [], positions = [] }: HyperliquidAccount): number {
  const stated = crossMaintenanceMargins.reduce((total, margin) => total + margin, 0)
  return positions.reduce((total, entry) => total + hyperliquidPositionMargin(entry).maintenance, stated)
}

function borrowPrice({ borrowOraclePrice, prices }: NonNullable<HyperliquidAccount['tokens']>[number]): number {
  if (borrowOraclePrice !== undefined) return borrowOraclePrice
  if (prices === undefined) return 1
  const { spot, perpetualMark, perpetualOracle, usdtInUsdc } = prices
  const [, median = spot] = [spot, perpetualMark * usdtInUsdc, perpetualOracle * usdtInUsdc].sort((a, b) => a - b)
  return median
}

function least(a: number, b: number): number {
  return a < b ? a : b
}

function required<Value>(value: Value | undefined, message: string): Value {
  if (value !== undefined) return value
  throw new InvalidInputError(message, { metaMessages: ['Give it, or choose the other mode.'] })
}
