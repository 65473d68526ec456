import type { SrmParameters } from './parameters.ts'

type Market = SrmParameters['markets'][string]

const oracle = { perpetualThreshold: 0.55, optionThreshold: 0.55, baseThreshold: 0.55, factor: 1 }
const perpetual = { initial: 0.1, maintenance: 0.065 }
const option = {
  maxSpot: 0.15,
  minSpot: 0.13,
  maintenanceCallSpot: 0.09,
  maintenancePutSpot: 0.09,
  maintenancePutMark: 0.09,
  unpairedInitial: 1.2,
  unpairedMaintenance: 1.1,
  maintenanceOffset: 1.05,
}

/** Markets with a perpetual only. */
const perpetuals = ['SOL', 'DOGE', 'TIA', 'SUI', 'NEAR', 'PEPE', 'WIF', 'WLD', 'BNB', 'AAVE', 'OP', 'ARB']

/** Base assets without derivatives: share of their value, and what is left of it for the initial margin. */
const bases: readonly (readonly [name: string, factor: number, initialScale: number])[] = [
  ['USDT', 0.98, 0.98],
  ['WSTETH', 0.8, 0.9375],
  ['SFP', 0.98, 0.98],
  ['rswETH', 0.65, 0.77],
  ['rsETH', 0.65, 0.77],
  ['weETH', 0.65, 0.77],
  ['DAI', 0.925, 0.92],
  ['sDAI', 0.875, 0.915],
  ['USDe', 0.8, 0.875],
  ['PYUSD', 0.925, 0.92],
  ['LBTC', 0.65, 0.77],
  ['cbBTC', 0.65, 0.77],
  ['eBTC', 0.65, 0.77],
]

/** Set-up of Derive's standard manager. Source: derivexyz/v2-core, scripts/config-mainnet.sol. */
export const srmDefaults: SrmParameters = {
  schema: 'plimsoll-model/1',
  model: 'derive-srm',
  name: 'derive-mainnet',
  stable: 'USDC',
  depeg: { threshold: 0.99, factor: 2 },
  markets: {
    ETH: { perpetual, option, base: { factor: 0.8, initialScale: 0.9375 }, oracle },
    BTC: { perpetual, option, base: { factor: 0.75, initialScale: 0.93 }, oracle },
    SNX: {
      option: {
        maxSpot: 0.25,
        minSpot: 0.225,
        maintenanceCallSpot: 0.15,
        maintenancePutSpot: 0.15,
        maintenancePutMark: 0.15,
        unpairedInitial: 1.4,
        unpairedMaintenance: 1.3,
        maintenanceOffset: 1.05,
      },
      base: { factor: 0.7, initialScale: 0.65 },
      oracle,
    },
    ...Object.fromEntries(
      perpetuals.map((name): [string, Market] => [name, { perpetual: { initial: 0.2, maintenance: 0.1 }, oracle }]),
    ),
    ...Object.fromEntries(
      bases.map(([name, factor, initialScale]): [string, Market] => [name, { base: { factor, initialScale }, oracle }]),
    ),
  },
}
