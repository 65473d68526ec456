import { z } from 'zod'
import { integer, name, natural, positive } from '../../../core/schema.ts'
import { accountFields } from './assessment.ts'

const weight = z.int().min(0).transform(BigInt)

/**
 * A Drift v2 user in the program's integers: prices and quote amounts with 6 decimals, base amounts with 9, weights and ratios
 * with 4, imf factors with 6, token amounts in their own.
 */
export const driftSchema = z.strictObject({
  rule: z.literal('drift'),
  ...accountFields,
  /** The user's own largest leverage as a ratio; initial margin only. */
  maxMarginRatio: weight.optional(),
  /** A ratio that overrides the user's for every type where it is larger. */
  marginRatioOverride: weight.optional(),
  /** Whether prices are the worse of oracle and five-minute average. */
  isStrict: z.boolean().optional(),
  /** Ratio added to liabilities while a liquidation runs. */
  liquidationBuffer: weight.optional(),
  spot: z.array(
    z.strictObject({
      market: name,
      /** The settlement token, which has no weights. */
      isQuote: z.boolean().optional(),
      decimals: z.int().min(0).max(18),
      price: positive,
      twap5min: positive.optional(),
      /** Signed token amount; or the scaled balance of one side, 9 decimals, with its cumulative interest, 10 decimals. */
      tokenAmount: integer.optional(),
      scaledDeposit: natural.optional(),
      cumulativeDepositInterest: natural.optional(),
      scaledBorrow: natural.optional(),
      cumulativeBorrowInterest: natural.optional(),
      openOrders: z.int().min(0).optional(),
      openBids: natural.optional(),
      /** Negative. */
      openAsks: integer.optional(),
      initialAssetWeight: weight,
      maintenanceAssetWeight: weight,
      initialLiabilityWeight: weight,
      maintenanceLiabilityWeight: weight,
      imfFactor: natural.optional(),
      /** The market's deposits, token units, and the value from which they shrink the initial asset weight, 6 decimals. */
      marketDeposits: natural.optional(),
      scaleInitialAssetWeightStart: natural.optional(),
    }),
  ),
  perpetuals: z
    .array(
      z.strictObject({
        market: name,
        /** A market being settled values at this price and demands nothing. */
        expiryPrice: integer.optional(),
        contract: z.enum(['perpetual', 'prediction']).optional(),
        price: integer,
        quotePrice: positive.optional(),
        quoteTwap5min: positive.optional(),
        baseAssetAmount: integer,
        quoteAssetAmount: integer,
        unrealizedFunding: integer.optional(),
        openOrders: z.int().min(0).optional(),
        openBids: natural.optional(),
        openAsks: integer.optional(),
        /** Smallest step of an order where the position has liquidity shares, whose positions are given as settled. */
        liquidityOrderStep: natural.optional(),
        marginRatioInitial: weight,
        marginRatioMaintenance: weight,
        imfFactor: natural.optional(),
        maxMarginRatio: weight.optional(),
        unrealizedPnlInitialAssetWeight: weight.optional(),
        unrealizedPnlMaintenanceAssetWeight: weight.optional(),
        unrealizedPnlImfFactor: natural.optional(),
        unrealizedPnlMaxImbalance: natural.optional(),
        netUserPnl: integer.optional(),
      }),
    )
    .optional(),
})

/** See {@link driftSchema}. */
export type DriftAccount = z.output<typeof driftSchema>
