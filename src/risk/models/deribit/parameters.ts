import { z } from 'zod'
import { amountNotNegative, amountPositive, real, share } from '../../../core/book.ts'
import { name } from '../../../core/schema.ts'

/** Parameters of `deribit-pm`. Names follow `model_params` of Deribit's `private/pme/simulate`; amounts of money in USD. */
export const deribitPmParameters = z.strictObject({
  schema: z.literal('plimsoll-model/1'),
  model: z.literal('deribit-pm'),
  name,
  /** Share of the risk matrix that is the maintenance margin (`mm_factor`). */
  maintenanceFactor: amountNotNegative,
  /** Steps from no move to the end of the price range, on each side (`buckets_count`). */
  bucketsPerSide: z.int().min(1).max(100),
  /** Relative price moves of the extended table; volatility goes up there. */
  extendedMoves: z.array(real.refine((move) => move > -1 && move !== 0, 'expected a move above −1 that is not 0')),
  /** Seconds that a shorter term counts as, in the volatility rule. */
  termFloor: amountPositive,
  /**
   * How the move of a roll grows with the term: `e^(risk · years) − 1` or `risk · years`. No published figure tells them apart; the
   * first is the larger.
   */
  rollMove: z.enum(['exponential', 'linear']),
  /** Delta of a coin-settled option: Black-76's, or that less the price in coin, as Deribit's `delta_total`. */
  optionDelta: z.enum(['black', 'net-transaction']),
  /** By settlement currency. */
  currencies: z.record(
    name,
    z.strictObject({
      minAnnualisedMove: amountNotNegative,
      annualisedMoveRisk: amountNotNegative,
      /** Share of a gain that counts against losses (`pnl_offset`). */
      pnlOffset: share,
      /** Most that a gain counts for, no bound when absent (`max_offsetable_pnl`). */
      maxOffsetablePnl: amountNotNegative.optional(),
      /** Taken from the extended table per range that a move goes beyond the price range (`extended_dampener`). */
      extendedDampener: amountNotNegative,
      /** Whether one move hits all underlyings of the currency at once; else the worst of each is summed. */
      correlationSet: z.boolean(),
      correlationContingency: amountNotNegative,
      /** Digits that the worst case is rounded to before it is summed, and the initial margin after; none when absent. */
      decimals: z.int().min(0).max(12).optional(),
      /** Of a balance that is not owed. */
      haircut: share,
      /** Other parts of the initial margin, in the currency, as the exchange states them. */
      spotMargin: amountNotNegative,
      marketMakerProtectionMargin: amountNotNegative,
      openOrdersMargin: amountNotNegative,
    }),
  ),
  /** By underlying (`currency_pair`). */
  pairs: z.record(
    name,
    z.strictObject({
      priceRange: share.refine((range) => range > 0 && range < 1, 'expected a share between 0 and 1'),
      volatilityRangeUp: amountNotNegative,
      volatilityRangeDown: amountNotNegative,
      minVolatilityForShockUp: amountNotNegative,
      shortTermVegaPower: real,
      longTermVegaPower: real,
      extendedTableFactor: amountNotNegative,
      /** Rate per unit of the underlying beyond the threshold (`m_inc`). */
      deltaIncrement: amountNotNegative,
      /** Delta in USD up to which none is charged (`delta_total_liq_shock_threshold`). */
      deltaThreshold: amountNotNegative,
      maxDeltaShock: amountNotNegative,
    }),
  ),
})

export type DeribitPmParameters = z.output<typeof deribitPmParameters>
export type PairRules = DeribitPmParameters['pairs'][string]
export type CurrencyRules = DeribitPmParameters['currencies'][string]
