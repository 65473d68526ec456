import { z } from 'zod'
import { amountNotNegative, amountPositive, real, share } from '../../../core/book.ts'
import { name } from '../../../core/schema.ts'
import { commodity, side } from './commodity.ts'

/** Decimals that an amount is rounded to, halves away from zero. */
const decimals = z.int().min(-6).max(12)

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
    /** Standard contracts of the commodity in one of these, 1 by default. */
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
export const spanParametersSchema = z
  .strictObject({
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
  .superRefine(({ commodities, otherCommodities, interSpreads = [] }, context) => {
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    const every = { ...commodities, ...(otherCommodities === undefined ? {} : { otherCommodities }) }
    for (const [key, { tiers, spreads = [] }] of Object.entries(every)) {
      for (const [index, { legs }] of spreads.entries()) {
        const unknown = legs.find((leg) => leg.tier !== undefined && !hasTier(tiers?.spread, leg.tier))
        const at = key === 'otherCommodities' ? [key] : ['commodities', key]
        if (unknown !== undefined) problem([...at, 'spreads', index], `expected tier ${unknown.tier} in tiers.spread`)
      }
    }
    for (const [index, { method, legs }] of interSpreads.entries()) {
      for (const { commodity: key, tier: number } of legs) {
        const tiers = Object.hasOwn(commodities, key) ? commodities[key]?.tiers?.inter : otherCommodities?.tiers?.inter
        if (number !== undefined && !hasTier(tiers, number)) {
          problem(['interSpreads', index], `expected tier ${number} in tiers.inter of ${key}`)
        }
      }
      if (method === 'SCAN' && legs.filter(({ target }) => target === true).length !== 1) {
        problem(['interSpreads', index], 'expected one leg as the target of a scanning spread')
      }
    }
  })

function hasTier(tiers: readonly { readonly tier: number }[] | undefined, wanted: number): boolean {
  return tiers?.some((candidate) => candidate.tier === wanted) === true
}

/** Parameters of the model `span`: what a risk parameter file carries, and the choices that it leaves open. */
export type SpanParameters = z.output<typeof spanParametersSchema>

/** An instrument of the parameter file. */
export type Contract = z.output<typeof contract>

/** A spread between commodities. */
export type InterSpread = z.output<typeof interSpread>

/** Decimals of what is rounded. */
export type Rounding = NonNullable<SpanParameters['rounding']>
