import { z } from 'zod'
import { name } from '../../../core/schema.ts'
import { accountFields } from './assessment.ts'
import { fixed48 } from './fixedPoint48.ts'

const weights = {
  maintAssetWeight: fixed48,
  initAssetWeight: fixed48,
  maintLiabWeight: fixed48,
  initLiabWeight: fixed48,
}
const prices = {
  /** Native quote units per native unit. */
  oraclePrice: fixed48,
  /** The slow price that initial health also looks at; the oracle's without it. */
  stablePrice: fixed48.optional(),
}

/** A Mango v4 account: native units and weights as decimals, kept in the venue's fixed point of 48 bits. */
export const mangoV4Schema = z.strictObject({
  rule: z.literal('mango-v4'),
  ...accountFields,
  /** Native quote units in one unit of account, 1e6 by default. */
  nativePerUnit: z.number().positive().optional(),
  tokens: z.array(
    z.strictObject({
      token: name,
      /** Deposits less borrows, with what open orders accounts hold freely. */
      balance: fixed48,
      ...prices,
      ...weights,
      /** The bank's totals and where they begin to scale the initial weights, native and native quote. */
      bankDeposits: fixed48.optional(),
      bankBorrows: fixed48.optional(),
      potentialSerumTokens: fixed48.optional(),
      depositWeightScaleStartQuote: z.number().positive().optional(),
      borrowWeightScaleStartQuote: z.number().positive().optional(),
    }),
  ),
  /** Open orders on spot markets: what they hold reserved. */
  spotOrders: z
    .array(
      z.strictObject({
        base: name,
        quote: name,
        reservedBase: fixed48,
        reservedQuote: fixed48,
        lowestPlacedAsk: fixed48.optional(),
        highestPlacedBidInverse: fixed48.optional(),
      }),
    )
    .optional(),
  perpetuals: z
    .array(
      z.strictObject({
        market: name,
        settleToken: name,
        baseLots: z.int(),
        baseLotSize: z.int().positive(),
        /** Native quote position with funding and taker quote. */
        quote: fixed48,
        bidsBaseLots: z.int().min(0).optional(),
        asksBaseLots: z.int().min(0).optional(),
        ...prices,
        maintBaseAssetWeight: fixed48,
        initBaseAssetWeight: fixed48,
        maintBaseLiabWeight: fixed48,
        initBaseLiabWeight: fixed48,
        maintOverallAssetWeight: fixed48,
        initOverallAssetWeight: fixed48,
      }),
    )
    .optional(),
})

/** See {@link mangoV4Schema}. */
export type MangoV4Account = z.output<typeof mangoV4Schema>
