import type { PmrmParameters } from './parameters.ts'

const volatilities = ['up', 'none', 'down'] as const
const spots = [1.15, 1.1, 1.05, 1, 0.95, 0.9, 0.85]

/** Set-up of Derive's first portfolio manager. Source: derivexyz/v2-core, scripts/config-mainnet.sol. */
export const pmrmDefaults: PmrmParameters = {
  schema: 'plimsoll-model/1',
  model: 'derive-pmrm',
  name: 'derive-mainnet',
  stable: 'USDC',
  settlementWindow: 1800,
  scenarios: [
    { spot: 1.2, volatility: 'up' },
    ...spots.flatMap((spot) => volatilities.map((volatility) => ({ spot, volatility }))),
    { spot: 0.8, volatility: 'up' },
  ],
  basis: { spotUp: 1.05, spotDown: 0.95, addFactor: 1, multFactor: 1.2 },
  volatility: { rangeUp: 0.6, rangeDown: 0.3, shortTermPower: 0.3, longTermPower: 0.13, termFloor: 86_400 },
  peg: { threshold: 0.99, factor: 4 },
  confidence: { threshold: 0.55, factor: 1 },
  margin: { initialFactor: 1.25, staticDiscount: 0.95, rateMultScale: 1, rateAddScale: 0.12 },
  contingency: { perpetual: 0.03, base: 0.03, option: 0.02 },
}
