import type { Pmrm2Parameters } from './parameters.ts'

const volatilities = ['up', 'none', 'down'] as const
const spots = [1.135, 1.09, 1.045, 1, 0.955, 0.91, 0.865]
/** Tails: price over its price now, and the share of the loss that counts. */
const tails: readonly (readonly [spot: number, dampening: number])[] = [
  [0.34, 0.21],
  [0.67, 0.42],
  [1.5, 0.2772],
  [2, 0.1386],
  [3, 0.0693],
  [4, 0.0462],
  [5, 0.03465],
  [6, 0.02772],
]

/**
 * Set-up of Derive's second portfolio manager. Source: derivexyz/v2-core, scripts/config-mainnet.sol, which lists no collateral.
 * The script gives the static discounts as 1.05 for long and 0.95 for short values, which would mark longs up; they are taken the
 * other way round, as all of the source's test cases have them.
 */
export const pmrm2Defaults: Pmrm2Parameters = {
  schema: 'plimsoll-model/1',
  model: 'derive-pmrm-2',
  name: 'derive-mainnet',
  stable: 'USDC',
  settlementWindow: 1800,
  scenarios: [
    { spot: 1.18, volatility: 'up', dampening: 1 },
    ...spots.flatMap((spot) => volatilities.map((volatility) => ({ spot, volatility, dampening: 1 }))),
    { spot: 0.82, volatility: 'up', dampening: 1 },
    ...tails.map(([spot, dampening]) => ({ spot, volatility: 'up' as const, dampening })),
    { spot: 1, volatility: 'linear', dampening: 1 },
    { spot: 1, volatility: 'absolute', dampening: 1 },
  ],
  basis: { spotUp: 1.045, spotDown: 0.955, addFactor: 0.5, multFactor: 2 },
  volatility: {
    rangeUp: 0.5,
    rangeDown: 0.3,
    shortTermPower: 0.3,
    longTermPower: 0.13,
    termFloor: 86_400,
    minimumUp: 0.4,
  },
  peg: { threshold: 0.99, factor: 4 },
  confidence: { threshold: 0.55, factor: 1 },
  margin: {
    initialFactor: 1,
    maintenanceFactor: 0.8,
    longStaticDiscount: 0.95,
    longRateMultScale: 0,
    longRateAddScale: 0.16,
    shortStaticDiscount: 1.05,
    shortRateMultScale: 0,
    shortRateAddScale: 0.16,
  },
  contingency: {
    perpetualMaintenance: 0.03,
    perpetualInitial: 0.01,
    optionMaintenance: 0.003,
    optionInitial: 0.002,
  },
  skew: {
    linearBaseCap: 0.25,
    absoluteBaseCap: 0.25,
    linearCBase: -0.1,
    absoluteCBase: -0.1,
    minKStar: 0.01,
    widthScale: 4,
    volParamStatic: 0.6,
    volParamScale: 0,
  },
  collaterals: {},
}
