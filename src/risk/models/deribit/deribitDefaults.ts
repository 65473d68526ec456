import type { CurrencyRules, DeribitPmParameters, PairRules } from './parameters.ts'

const currency: CurrencyRules = {
  minAnnualisedMove: 0.01,
  annualisedMoveRisk: 0.1,
  pnlOffset: 0,
  maxOffsetablePnl: 0,
  extendedDampener: 25_000,
  correlationSet: false,
  correlationContingency: 0,
  haircut: 0,
  spotMargin: 0,
  marketMakerProtectionMargin: 0,
  openOrdersMargin: 0,
}

const pair: PairRules = {
  priceRange: 0.16,
  volatilityRangeUp: 0.5,
  volatilityRangeDown: 0.25,
  minVolatilityForShockUp: 0.5,
  shortTermVegaPower: 0.3,
  longTermVegaPower: 0.13,
  extendedTableFactor: 1,
  deltaIncrement: 0.00005,
  deltaThreshold: 20_000_000,
  maxDeltaShock: 0.1,
}

/**
 * Published parameters: BTC and USD of the response that Deribit's API reference shows (June 2024), ETH of a response recorded in
 * February 2026. Deribit changes them without notice.
 */
export const deribitPmDefaults: DeribitPmParameters = {
  schema: 'plimsoll-model/1',
  model: 'deribit-pm',
  name: 'deribit-published',
  maintenanceFactor: 0.8,
  bucketsPerSide: 4,
  extendedMoves: [-0.66, -0.33, 0.5, 1, 2, 3, 4, 5],
  termFloor: 86_400,
  rollMove: 'exponential',
  optionDelta: 'net-transaction',
  currencies: {
    BTC: { ...currency, decimals: 9, annualisedMoveRisk: 0.075, extendedDampener: 100_000 },
    ETH: {
      ...currency,
      decimals: 9,
      minAnnualisedMove: 0.005,
      annualisedMoveRisk: 0.05,
      pnlOffset: 0.6,
      maxOffsetablePnl: 20_000_000,
      extendedDampener: 200_000,
    },
    USD: currency,
    USDC: currency,
  },
  pairs: {
    BTC: pair,
    ETH: { ...pair, priceRange: 0.18, volatilityRangeUp: 0.4, deltaIncrement: 0.000004 },
  },
}
