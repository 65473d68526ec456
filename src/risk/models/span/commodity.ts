import { z } from 'zod'
import { amountNotNegative, amountPositive, real, share } from '../../../core/book.ts'
import { name } from '../../../core/schema.ts'

/** An amount of money per contract or per spread, or a share of the price of one contract. */
const rate = real.or(z.strictObject({ shareOfPrice: real }))

/** Contract periods from and to, both included: months as a SPAN file writes them (202406), or days to expiry. */
const range = { from: real, to: real }

/** Sides of a spread: A long and B short, or the other way round. */
export const side = z.enum(['A', 'B'])

/** How far the price moves: in points of the underlying, as a share of its price, or as money per contract. */
const priceScanRange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('points'), value: amountNotNegative }),
  z.strictObject({ kind: z.literal('share'), value: amountNotNegative }),
  z.strictObject({ kind: z.literal('contract'), value: amountNotNegative }),
])

/** How far the volatility moves: added to it, or a share of it. */
const volatilityScanRange = z.strictObject({ kind: z.enum(['absolute', 'relative']), value: amountNotNegative })

/** A tier that is scanned alone, with its own ranges where it has any. */
const scanTier = z.strictObject({
  tier: z.int().min(0),
  ...range,
  priceScanRange: priceScanRange.optional(),
  volatilityScanRange: volatilityScanRange.optional(),
})

const tier = z.strictObject({ tier: z.int().min(0), ...range })

/** A leg within one commodity: a tier of `tiers.spread`, or the periods themselves. */
const intraLeg = z
  .strictObject({ tier: z.int().min(0).optional(), period: real.optional(), ratio: amountPositive.optional(), side })
  .refine((leg) => (leg.tier === undefined) !== (leg.period === undefined), 'expected either a tier or a period')

const intraSpread = z.strictObject({
  priority: z.int().min(0),
  rate,
  /** London SPAN: formed before every other spread. */
  strategy: z.boolean().optional(),
  legs: z.array(intraLeg).min(2),
})

/** Charge on deltas near delivery, by what spreads have consumed of them and what they left. */
const spotCharge = z.strictObject({
  ...range,
  remaining: rate.optional(),
  consumed: rate.optional(),
  /** Only net long or net short periods pay; both by default. */
  side: z.enum(['long', 'short', 'both']).optional(),
})

const shortOptionMinimum = z.strictObject({
  rate,
  /** `gross` counts short calls and short puts, `max` the larger of both. */
  method: z.enum(['gross', 'max']).optional(),
  /** Rates by period, where they differ; a period outside has the rate above. */
  tiers: z.array(z.strictObject({ ...range, rate })).optional(),
})

/** One combined commodity in a parameter file. */
export const commodity = z.strictObject({
  priceScanRange,
  volatilityScanRange,
  /** Units of the underlying in one standard contract, 1 by default. */
  contractSize: amountPositive.optional(),
  /** Underlying whose price shares refer to, the name of the commodity by default. */
  priceOf: name.optional(),
  extremeMove: z.strictObject({ multiplier: amountPositive, cover: share }).optional(),
  tiers: z
    .strictObject({
      scan: z.array(scanTier).optional(),
      spread: z.array(tier).optional(),
      inter: z.array(tier).optional(),
    })
    .optional(),
  spreads: z.array(intraSpread).optional(),
  spotCharges: z.array(spotCharge).optional(),
  shortOptionMinimum: shortOptionMinimum.optional(),
  weightedPriceRisk: z.enum(['NORMAL', 'SCANRANGE', 'SCANRANGE_CAP']).optional(),
  /** Initial risk over the risk that SPAN computes; 1 for members and hedgers, 1.1 for speculators. */
  initialRatio: amountPositive.optional(),
  /** Maintenance risk over the risk that SPAN computes. */
  maintenanceRatio: amountPositive.optional(),
  /** Option value beyond the risk of the commodity serves no other. */
  limitOptionValue: z.boolean().optional(),
  /** Commodities of one pool share their option value. */
  pool: name.optional(),
  /** Extreme-loss margin on top: a share of the price per contract of futures (long and short) and short options. */
  exposure: z.strictObject({ future: share, shortOption: share }).optional(),
})

/** Parameters of one combined commodity. */
export type Commodity = z.output<typeof commodity>

/** A spread within a commodity. */
export type IntraSpread = z.output<typeof intraSpread>

/** Money, or a share of the price of one contract. */
export type Rate = z.output<typeof rate>

/** Periods from and to, both included. */
export type PeriodRange = { readonly from: number; readonly to: number }

/** True when the period is in the range. */
export function contains({ from, to }: PeriodRange, period: number): boolean {
  return period >= from && period <= to
}
