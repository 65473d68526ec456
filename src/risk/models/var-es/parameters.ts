import { z } from 'zod'
import { amountNotNegative, amountPositive, real, share } from '../../../core/book.ts'
import { name } from '../../../core/schema.ts'

const openShare = share.refine((value) => value > 0 && value < 1, 'expected a number between 0 and 1')
const count = z.int().min(1)

/** GARCH(1,1) variance: `long-run` = ω / (1 − α − β). */
const garchGiven = z
  .strictObject({ alpha: share, beta: share, longRunVariance: amountPositive })
  .refine(({ alpha, beta }) => alpha + beta < 1, 'alpha + beta must be below 1')

/** How the variance of a factor moves from step to step. */
const varianceModel = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ewma'),
    /** Weight of the last variance, 0.94 for daily steps in RiskMetrics. */
    lambda: openShare,
    /** Variance before the first return: that of all returns about zero, the square of the first one, or none (weights are then scaled to sum to 1). */
    start: z.enum(['sample', 'first', 'normalized']),
  }),
  z.strictObject({
    kind: z.literal('garch'),
    /** Per underlying, instead of the fit by Gaussian likelihood. */
    given: z.record(name, garchGiven).optional(),
    /** Whether the fit has a mean of its own or takes zero. */
    mean: z.enum(['zero', 'constant']),
    presample: z.enum(['mean-square', 'zero', 'backcast']),
  }),
])

const covariance = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sample'),
    /** Divisor n or n − 1. */
    moments: z.enum(['population', 'sample']),
    /** Deviations are taken from it. */
    center: z.enum(['mean', 'zero']),
  }),
  /** One decay for variances and covariances (RiskMetrics). */
  z.strictObject({ kind: z.literal('ewma'), lambda: openShare, start: z.enum(['sample', 'first', 'normalized']) }),
  /** Variances of GARCH(1,1) at the next step, correlations of its standardized returns (constant conditional correlation). */
  z.strictObject({
    kind: z.literal('garch'),
    given: z.record(name, garchGiven).optional(),
    mean: z.enum(['zero', 'constant']),
    presample: z.enum(['mean-square', 'zero', 'backcast']),
    /** Over several steps the variance returns to its long run, or every step has that of the next one. */
    term: z.enum(['mean-reverting', 'square-root']),
  }),
  /** Volatilities and correlations as published, for one step of `interval` seconds. No history is read. */
  z
    .strictObject({
      kind: z.literal('given'),
      interval: amountPositive,
      underlyings: z.array(name).min(1),
      volatilities: z.array(amountNotNegative),
      means: z.array(real).optional(),
      correlation: z.array(z.array(real)),
    })
    .refine(
      ({ underlyings, volatilities, means, correlation }) =>
        [volatilities, means ?? volatilities, correlation, ...correlation].every(
          ({ length }) => length === underlyings.length,
        ),
      'volatilities, means and correlation must have one entry per underlying',
    ),
])

const estimator = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('historical') }),
  /** Weights fall by lambda with age (Boudoukh, Richardson and Whitelaw 1998). */
  z.strictObject({ kind: z.literal('age-weighted'), lambda: openShare }),
  /** Returns scaled to the volatility of the next step (Barone-Adesi; Hull and White 1998). */
  z
    .strictObject({
      kind: z.literal('filtered'),
      variance: varianceModel,
      /** Bounds on volatility now over volatility then. */
      ratio: z.strictObject({ minimum: amountNotNegative, maximum: amountPositive.nullable() }),
      /** Whether the mean is taken off before the scaling. */
      demean: z.boolean(),
    })
    .refine(({ ratio }) => ratio.maximum === null || ratio.minimum <= ratio.maximum, 'ratio: minimum above maximum'),
  z.strictObject({ kind: z.literal('delta-normal'), covariance }),
  /** Linear in returns that are Student-t with the covariance. */
  z.strictObject({
    kind: z.literal('student-t'),
    covariance,
    degrees: real.refine((value) => value > 2, 'expected degrees of freedom above 2'),
  }),
  /** Modified VaR and ES (Boudt, Peterson and Croux 2008) from moments of the P&L. */
  z.strictObject({
    kind: z.literal('cornish-fisher'),
    /** Keeps VaR from falling as the confidence rises, which the expansion alone does for large moments. */
    monotone: z.boolean(),
    /** Bounds on the size of skewness and excess kurtosis that enter. */
    limits: z.strictObject({ skewness: amountNotNegative, excessKurtosis: amountNotNegative }).nullable(),
    /** Moments of the P&L as published, for one horizon. No history is read. */
    moments: z
      .strictObject({ mean: real, deviation: amountNotNegative, skewness: real, excessKurtosis: real })
      .optional(),
  }),
  /** Second-order P&L in normal returns; its moments enter the Cornish-Fisher expansion. */
  z.strictObject({ kind: z.literal('delta-gamma'), covariance, monotone: z.boolean() }),
  z.strictObject({
    kind: z.literal('monte-carlo'),
    covariance,
    draws: count,
    seed: z.int().min(0),
    /** Degrees of freedom of the copula; null for the Gaussian one. */
    degrees: amountPositive.nullable(),
    /** Distribution of each factor: as observed, or of the volatility of `covariance`. */
    marginals: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('empirical') }),
      z.strictObject({ kind: z.literal('normal') }),
      z.strictObject({
        kind: z.literal('student-t'),
        degrees: real.refine((value) => value > 2, 'expected degrees of freedom above 2'),
      }),
    ]),
  }),
])

/** Correlations that the margin must withstand. */
const regime = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('estimated') }),
  /** (1 − θ) ρ + θ. */
  z.strictObject({ kind: z.literal('blended'), theta: share }),
  z.strictObject({ kind: z.literal('all-one') }),
  /** A correlation that makes two exposures hedge each other works against them instead. */
  z.strictObject({ kind: z.literal('sign-flipped') }),
  /** Every pair moves against the book at once: no credit between underlyings. */
  z.strictObject({ kind: z.literal('undiversified') }),
])

const requirement = z.strictObject({ measure: z.enum(['var', 'es']), confidence: openShare })

/** Parameters of the model `var-es`. */
export const varEsSchema = z.strictObject({
  schema: z.literal('plimsoll-model/1'),
  model: z.literal('var-es'),
  name: z.string().min(1),
  estimator,
  initial: requirement,
  maintenance: requirement,
  /** Period of risk in seconds. */
  horizon: amountPositive,
  /**
   * From one step to the horizon: `returns` are multiplied by the root of the number of steps, the `result` is, or returns of
   * `overlapping` periods are observed.
   */
  scaling: z.enum(['returns', 'result', 'overlapping']),
  /** What a history of returns holds and how prices become returns. */
  returns: z.enum(['log', 'simple']),
  /** Mean of the parametric estimators. With `zero` an expected gain never lowers the margin. */
  mean: z.enum(['zero', 'sample']),
  /** How a return becomes P&L: by valuing every position again, or by its delta with or without its gamma. */
  valuation: z.enum(['full', 'delta-gamma', 'delta']),
  /** Whether options lose the horizon from their term, so that decay counts. */
  decay: z.boolean(),
  /** Hyndman and Fan's type of the sample quantile; 7 is that of R, 1 the inverse of the empirical distribution. */
  quantile: z.union([1, 2, 3, 4, 5, 6, 7, 8, 9].map((type) => z.literal(type as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9))),
  /**
   * Expected shortfall of a sample: the mean strictly `below` the quantile (PerformanceAnalytics), of what is `at-or-below`, or of
   * exactly the share 1 − confidence (`coherent`; Acerbi and Tasche 2002).
   */
  shortfall: z.enum(['below', 'at-or-below', 'coherent']),
  lookBack: z.strictObject({
    /** Fewer returns are refused. */
    minimum: count,
    /** Only the newest are used; null for all. */
    maximum: count.nullable(),
    /** Histories of different length are refused, or cut to the newest returns that all have. */
    unequal: z.enum(['refuse', 'shortest']),
  }),
  /** The largest requirement counts; read by the estimators that have a covariance. */
  regimes: z
    .array(regime)
    .min(1)
    .refine((list) => list.some(({ kind }) => kind === 'estimated'), 'expected estimated among the regimes'),
  /** Loss from moving every volatility at once, added to the requirement: volatilities have no history here. */
  volatilityCharge: z
    .strictObject({
      up: amountNotNegative,
      down: amountNotNegative,
      shortTermPower: real,
      longTermPower: real,
      termFloor: amountPositive,
    })
    .nullable(),
  /** Tools of Commission Delegated Regulation (EU) 153/2013, Article 28. */
  antiProcyclicality: z.strictObject({
    /** Part of the margin added on top; `released` is the share of it that stress has used up. */
    buffer: z.strictObject({ share: amountNotNegative, released: share }).nullable(),
    /** Weight of the requirement on the most volatile `observations` of the history. */
    stressed: z.strictObject({ weight: share, observations: count }).nullable(),
    /** Least margin: the requirement of plain historical simulation over the newest `observations`. */
    floor: z.strictObject({ observations: count }).nullable(),
  }),
  /** A requirement below zero (a sure gain) counts as zero. */
  floorAtZero: z.boolean(),
})

export type VarEsParameters = z.output<typeof varEsSchema>
export type Estimator = VarEsParameters['estimator']
export type CovarianceRule = z.output<typeof covariance>
export type VarianceModel = z.output<typeof varianceModel>
export type CorrelationRegime = z.output<typeof regime>
export type GarchGiven = z.output<typeof garchGiven>
