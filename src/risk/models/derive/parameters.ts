import { z } from 'zod'
import { amountNotNegative, amountPositive, real } from '../../../core/book.ts'
import { name } from '../../../core/schema.ts'

/** How volatility moves in a scenario of the first version. */
const volatilityMove = z.enum(['up', 'none', 'down'])

/** Moves by the skew: multipliers linear in log-moneyness, or in its absolute value. */
const skewMove = z.enum(['up', 'none', 'down', 'linear', 'absolute'])

/** What both versions of the portfolio manager are set up with. */
export const managerFields = {
  /** The market that is managed; by default the one underlying of the book's options and perpetuals. */
  underlying: name.optional(),
  /** Currency of cash and of the result, whose price in the quote is its peg. */
  stable: name,
  /** Seconds before expiry over which the settlement price is averaged. */
  settlementWindow: amountNotNegative,
  basis: z.strictObject({
    /** Price over its price now in the two basis scenarios. */
    spotUp: amountPositive,
    spotDown: amountPositive,
    addFactor: amountNotNegative,
    /** Per year to expiry. */
    multFactor: amountNotNegative,
  }),
  volatility: z.strictObject({
    rangeUp: amountNotNegative,
    rangeDown: amountNotNegative,
    shortTermPower: real,
    longTermPower: real,
    /** Seconds. */
    termFloor: amountPositive,
  }),
  peg: z.strictObject({ threshold: amountNotNegative, factor: amountNotNegative }),
  confidence: z.strictObject({ threshold: amountNotNegative, factor: amountNotNegative }),
}

const header = { schema: z.literal('plimsoll-model/1'), name }

/** Parameters of `derive-pmrm`. Source of names and meaning: Derive v2, `IPMRMLib`. */
export const pmrmParameters = z.strictObject({
  ...header,
  model: z.literal('derive-pmrm'),
  ...managerFields,
  scenarios: z.array(z.strictObject({ spot: amountNotNegative, volatility: volatilityMove })).min(1),
  margin: z.strictObject({
    initialFactor: amountNotNegative,
    staticDiscount: amountNotNegative,
    rateMultScale: amountNotNegative,
    rateAddScale: amountNotNegative,
  }),
  /** Shares of notional on top of the scenario loss. */
  contingency: z.strictObject({ perpetual: amountNotNegative, base: amountNotNegative, option: amountNotNegative }),
})

/** Parameters of `derive-pmrm-2`. Source of names and meaning: Derive v2, `IPMRMLib_2`. */
export const pmrm2Parameters = z.strictObject({
  ...header,
  model: z.literal('derive-pmrm-2'),
  ...managerFields,
  volatility: managerFields.volatility.extend({
    /** Volatility that an upward move reaches at least. */
    minimumUp: amountNotNegative,
  }),
  scenarios: z
    .array(z.strictObject({ spot: amountNotNegative, volatility: skewMove, dampening: amountNotNegative }))
    .min(1),
  margin: z.strictObject({
    initialFactor: amountNotNegative,
    maintenanceFactor: amountNotNegative,
    longStaticDiscount: amountNotNegative,
    longRateMultScale: amountNotNegative,
    longRateAddScale: amountNotNegative,
    shortStaticDiscount: amountNotNegative,
    shortRateMultScale: amountNotNegative,
    shortRateAddScale: amountNotNegative,
  }),
  /** Shares of notional on top of the scenario loss; the initial ones come on top of the maintenance ones. */
  contingency: z.strictObject({
    perpetualMaintenance: amountNotNegative,
    perpetualInitial: amountNotNegative,
    optionMaintenance: amountNotNegative,
    optionInitial: amountNotNegative,
  }),
  skew: z.strictObject({
    linearBaseCap: amountNotNegative,
    absoluteBaseCap: amountNotNegative,
    linearCBase: real,
    absoluteCBase: real,
    minKStar: amountNotNegative,
    widthScale: amountNotNegative,
    volParamStatic: amountNotNegative,
    volParamScale: real,
  }),
  /** By name of the asset held, else of its underlying. */
  collaterals: z.record(
    name,
    z.strictObject({
      /** True when it moves with the market that is managed, so that scenarios count it. */
      riskCancelling: z.boolean(),
      maintenanceHaircut: amountNotNegative,
      /** On top of the maintenance haircut. */
      initialHaircut: amountNotNegative,
    }),
  ),
})

/** Parameters of `derive-srm`. Source of names and meaning: Derive v2, `IStandardManager`. */
export const srmParameters = z.strictObject({
  ...header,
  model: z.literal('derive-srm'),
  stable: name,
  depeg: z.strictObject({ threshold: amountNotNegative, factor: amountNotNegative }),
  /** By underlying, and by name of the asset for what is held as base. */
  markets: z.record(
    name,
    z.strictObject({
      perpetual: z.strictObject({ initial: amountNotNegative, maintenance: amountNotNegative }).optional(),
      option: z
        .strictObject({
          maxSpot: amountNotNegative,
          minSpot: amountNotNegative,
          maintenanceCallSpot: amountNotNegative,
          maintenancePutSpot: amountNotNegative,
          maintenancePutMark: amountNotNegative,
          unpairedInitial: amountNotNegative,
          unpairedMaintenance: amountNotNegative,
          maintenanceOffset: amountNotNegative,
        })
        .optional(),
      base: z.strictObject({ factor: amountNotNegative, initialScale: amountNotNegative }).optional(),
      /** A threshold of zero charges nothing. */
      oracle: z.strictObject({
        perpetualThreshold: amountNotNegative,
        optionThreshold: amountNotNegative,
        baseThreshold: amountNotNegative,
        factor: amountNotNegative,
      }),
    }),
  ),
})

export type PmrmParameters = z.output<typeof pmrmParameters>
export type Pmrm2Parameters = z.output<typeof pmrm2Parameters>
export type SrmParameters = z.output<typeof srmParameters>
/** What both versions of the portfolio manager share. */
export type ManagerParameters = Pick<PmrmParameters, keyof typeof managerFields>
