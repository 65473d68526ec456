import { z } from 'zod'
import { amountNotNegative, amountPositive, real, share } from '../../../core/book.ts'
import { name } from '../../../core/schema.ts'

/** Decimals that an amount is rounded to, halves away from zero. */
const decimals = z.int().min(-6).max(12)

/** An amount of money per contract or per spread, or a share of the price of one contract. */
const rate = real.or(z.strictObject({ shareOfPrice: real }))

/** Contract periods from and to, both included: months as a SPAN file writes them (202406), or days to expiry. */
const range = { from: real, to: real }

const side = z.enum(['A', 'B'])

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

const commodity = z.strictObject({
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

/** An instrument as a risk parameter file has it, for one long contract. */
const contract = z
  .strictObject({
    commodity: name,
    /** Contract month or another number that tiers and spreads go by; days to expiry by default. */
    period: real.optional(),
    /** Loss of one long contract in each of the 16 scenarios, in the quote currency; a gain is negative. */
    array: z.array(real).length(16).optional(),
    /** Composite delta of one long contract. */
    delta: real.optional(),
    /** Deltas in terms of the standard contract of the commodity. */
    deltaScaling: amountPositive.optional(),
    /** Value of one contract in the quote currency, for the net option value. */
    value: amountNotNegative.optional(),
    /** Money that one contract moves in the price scan range, for the weighted price risk. */
    priceScanRange: amountNotNegative.optional(),
  })
  .refine(({ array, delta }) => array === undefined || delta !== undefined, 'a given array needs its composite delta')

const interLeg = z.strictObject({
  commodity: name,
  /** A tier of `tiers.inter`; the whole commodity by default. */
  tier: z.int().min(0).optional(),
  /** Deltas per spread. */
  ratio: amountPositive,
  side,
  /** Share of this leg, where legs differ. */
  credit: real.optional(),
  /** Scanning spreads: the commodity that the others are scanned with. */
  target: z.boolean().optional(),
  /** Scanning spreads: false for a leg that may be missing. */
  required: z.boolean().optional(),
})

const interSpread = z.strictObject({
  priority: z.int().min(0),
  /**
   * `WPR`: a share of the weighted price risk of every leg. `FLAT`: money per spread, in equal parts to the legs.
   * `SCAN`: gains of the legs count at a share and all are scanned as the target.
   */
  method: z.enum(['WPR', 'FLAT', 'SCAN']).optional(),
  /** Share for `WPR` and `SCAN`, money per spread for `FLAT`. Negative is a charge. */
  credit: real,
  /** Formed before spreads within a commodity. */
  super: z.boolean().optional(),
  /** Ratios count money: one unit is the delta that is worth one unit of the quote currency. */
  ratioByValue: z.boolean().optional(),
  legs: z.array(interLeg).min(2),
})

/** Parameters of the model `span`. */
export const spanParametersSchema = z.strictObject({
  schema: z.literal('plimsoll-model/1'),
  model: z.literal('span'),
  name,
  /** Years that pass before options are valued again. */
  lookAhead: amountNotNegative,
  /** Factor on the price scan range in scenarios 15 and 16, and the share of their loss that counts. */
  extremeMove: z.strictObject({ multiplier: amountPositive, cover: share }),
  compositeDelta: z.strictObject({
    /** Weights of the price moves 0, ±1/3, ±2/3 and ±3/3; the last three count twice. */
    weights: z.array(amountNotNegative).length(4),
    /** Divides by the sum of the weights, which is 0.998 in the published set. */
    normalize: z.boolean(),
  }),
  /** Decimals; what is absent is not rounded. */
  rounding: z
    .strictObject({
      /** Computed array values of one contract. */
      array: decimals.optional(),
      delta: decimals.optional(),
      spreads: decimals.optional(),
      weightedPriceRisk: decimals.optional(),
      /** Risks, charges, credits and option values. */
      amount: decimals.optional(),
    })
    .optional(),
  /** `gross` scans every position alone and forms no spreads, as for an omnibus account. */
  margining: z.enum(['net', 'gross']).optional(),
  /** Whether spreads between commodities consume deltas before or after the spot charge is taken. */
  spotCharge: z.enum(['before-inter', 'after-inter']).optional(),
  /** Long options alone are not charged more than they are worth; true by default. */
  capLongOptions: z.boolean().optional(),
  /** Combined commodity of an underlying, the one of the same name by default. */
  underlyings: z.record(name, name).optional(),
  commodities: z.record(name, commodity),
  /** For every underlying that has no commodity; without it such a position is refused. */
  otherCommodities: commodity.optional(),
  contracts: z.record(name, contract).optional(),
  interSpreads: z.array(interSpread).optional(),
})

/** Parameters of the model `span`: what a risk parameter file carries, and the choices that it leaves open. */
export type SpanParameters = z.output<typeof spanParametersSchema>

/** Parameters of one combined commodity. */
export type Commodity = z.output<typeof commodity>

/** An instrument of the parameter file. */
export type Contract = z.output<typeof contract>

/** A spread between commodities. */
export type InterSpread = z.output<typeof interSpread>

/** A spread within a commodity. */
export type IntraSpread = z.output<typeof intraSpread>

/** Money, or a share of the price of one contract. */
export type Rate = z.output<typeof rate>

/** Decimals of what is rounded. */
export type Rounding = NonNullable<SpanParameters['rounding']>

/** Periods from and to, both included. */
export type PeriodRange = { readonly from: number; readonly to: number }

/** The value at so many decimals, halves away from zero; as it is when no decimals are given. */
export function roundTo(value: number, places: number | undefined): number {
  if (places === undefined) return value
  const unit = Number(`1e${Math.abs(places)}`)
  const scaled = places >= 0 ? Math.abs(value) * unit : Math.abs(value) / unit
  const rounded = Math.floor(scaled + 0.5)
  return Math.sign(value) * (places >= 0 ? rounded / unit : rounded * unit)
}

/** True when the period is in the range. */
export function contains({ from, to }: PeriodRange, period: number): boolean {
  return period >= from && period <= to
}
