import { type Address, zeroAddress } from 'viem'
import { toAssetKey, type Underlying } from '../../src/core/asset.ts'
import { toJson } from '../../src/core/canonical.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { wad } from '../../src/core/units.ts'
import { wrappedBasis } from '../../src/risk/plimsoll/calibration.ts'
import type { DevnetDeployment } from './deployment.ts'

/** The part of a parameter set that does not depend on where the contracts lie. */
export type DevnetCalibration = Omit<
  MarginParameters,
  'name' | 'chainId' | 'modelId' | 'assets' | 'prices' | 'volatilities' | 'venues'
>

const surface = 'lyra-eth'

/** Seconds. A day and an hour, the rhythm of a Chainlink feed plus a margin. */
const maxPriceAge = 90_000

/** Names of the underlyings that a devnet prices. */
const underlyings: readonly Underlying[] = ['BTC', 'DAI', 'ETH', 'SUSD', 'USDC']

/**
 * The parameter set of a devnet as the JSON value that `parseParameters` reads: its tokens, feeds and venues around a given
 * calibration. `creditLine` is the address of a deployed credit line, if there is one.
 *
 * @throws {InvalidInputError} when the calibration lacks one of the underlyings BTC, DAI, ETH, SUSD and USDC.
 */
export function devnetParameters(
  deployment: DevnetDeployment,
  calibration: DevnetCalibration,
  { creditLine, modelId = 1 }: { readonly creditLine?: Address; readonly modelId?: number } = {},
): unknown {
  return toJson({
    ...calibration,
    name: 'devnet',
    chainId: deployment.chainId,
    modelId,
    underlyings: Object.fromEntries(underlyings.map((name) => [name, underlyingOf(calibration, name)])),
    assets: devnetAssets(deployment),
    prices: {
      BTC: { source: 'chainlink', feed: deployment.feeds.btcUsd, maxAge: maxPriceAge, decimals: 8 },
      DAI: { source: 'chainlink', feed: deployment.feeds.daiUsd, maxAge: maxPriceAge, decimals: 8 },
      ETH: { source: 'chainlink', feed: deployment.feeds.ethUsd, maxAge: maxPriceAge, decimals: 8 },
      SUSD: { source: 'chainlink', feed: deployment.feeds.susdUsd, maxAge: maxPriceAge, decimals: 8 },
      USDC: { source: 'chainlink', feed: deployment.feeds.usdcUsd, maxAge: maxPriceAge, decimals: 8 },
    },
    volatilities: {
      [surface]: {
        source: 'lyra',
        optionMarket: deployment.lyra.optionMarket,
        greekCache: deployment.lyra.greekCache,
      },
    },
    venues: [
      ...devnetVenues(deployment),
      ...(creditLine === undefined
        ? []
        : [{ id: 'credit-line', adapter: 'credit-line', configuration: { address: creditLine } }]),
    ],
  })
}

function devnetAssets({ chainId, tokens, lyra, synthetixPerps }: DevnetDeployment) {
  const rate = { source: 'fixed', value: wad }
  const { none: itself, custodialBitcoin, synthetic } = wrappedBasis
  return {
    [toAssetKey(chainId, tokens.weth)]: { symbol: 'WETH', decimals: 18, underlying: 'ETH', rate, basis: itself },
    [toAssetKey(chainId, zeroAddress)]: { symbol: 'ETH', decimals: 18, underlying: 'ETH', rate, basis: itself },
    [toAssetKey(chainId, tokens.usdc)]: { symbol: 'USDC', decimals: 6, underlying: 'USDC', rate, basis: itself },
    [toAssetKey(chainId, tokens.wbtc)]: {
      symbol: 'WBTC',
      decimals: 8,
      underlying: 'BTC',
      rate,
      basis: custodialBitcoin,
    },
    [toAssetKey(chainId, tokens.dai)]: { symbol: 'DAI', decimals: 18, underlying: 'DAI', rate, basis: itself },
    [toAssetKey(chainId, lyra.sUSD)]: { symbol: 'sUSD', decimals: 18, underlying: 'SUSD', rate, basis: itself },
    [toAssetKey(chainId, synthetixPerps.sUSD)]: {
      symbol: 'sUSD',
      decimals: 18,
      underlying: 'SUSD',
      rate,
      basis: itself,
    },
    [toAssetKey(chainId, lyra.sETH)]: { symbol: 'sETH', decimals: 18, underlying: 'ETH', rate, basis: synthetic },
  }
}

function devnetVenues(deployment: DevnetDeployment) {
  const { tokens, aave, spark, uniswapV3, perpV2, lyra, compoundV2, venus } = deployment
  const { morphoBlue, synthetixPerps, uniswapV4 } = deployment
  const { clearingHouse, accountBalance, vault, exchange, clearingHouseConfig, orderBook, baseToken } = perpV2
  const { optionMarket, optionToken, greekCache, shortCollateral, synthetixAdapter, sUSD, sETH } = lyra
  return [
    {
      id: 'wallet',
      adapter: 'erc20',
      configuration: { tokens: [tokens.weth, tokens.usdc, sUSD, sETH, tokens.wbtc, tokens.dai, synthetixPerps.sUSD] },
    },
    { id: 'aave-v3', adapter: 'aave-v3', configuration: { pool: aave.pool, dataProvider: aave.dataProvider } },
    { id: 'spark', adapter: 'aave-v3', configuration: { pool: spark.pool, dataProvider: spark.dataProvider } },
    {
      id: 'uniswap-v3',
      adapter: 'uniswap-v3',
      configuration: { positionManager: uniswapV3.positionManager, factory: uniswapV3.factory },
    },
    {
      id: 'perp-v2',
      adapter: 'perp-v2',
      configuration: {
        clearingHouse,
        accountBalance,
        vault,
        exchange,
        clearingHouseConfig,
        orderBook,
        settlementToken: tokens.usdc,
        markets: [{ baseToken, underlying: 'ETH' }],
      },
    },
    {
      id: 'lyra-avalon',
      adapter: 'lyra-avalon',
      configuration: {
        optionMarket,
        optionToken,
        greekCache,
        shortCollateral,
        synthetixAdapter,
        underlying: 'ETH',
        quoteAsset: sUSD,
        baseAsset: sETH,
        surface,
      },
    },
    {
      id: 'compound-v2',
      adapter: 'compound-v2',
      configuration: { comptrollers: [compoundV2.comptroller], nativeMarkets: [compoundV2.cEth] },
    },
    {
      id: 'venus',
      adapter: 'compound-v2',
      failureGroup: 'venus',
      configuration: { variant: 'venus-isolated', comptrollers: [venus.comptroller] },
    },
    {
      id: 'morpho-blue',
      adapter: 'morpho-blue',
      configuration: { morpho: morphoBlue.morpho, markets: [morphoBlue.markets.wethUsdc.id] },
    },
    {
      id: 'synthetix-perps-v2',
      adapter: 'synthetix-perps-v2',
      configuration: {
        marketSettings: synthetixPerps.marketSettings,
        marginToken: synthetixPerps.sUSD,
        markets: [{ market: synthetixPerps.market, underlying: 'ETH' }],
      },
    },
    {
      id: 'uniswap-v4',
      adapter: 'uniswap-v4',
      configuration: { positionManager: uniswapV4.positionManager, stateView: uniswapV4.stateView, fromBlock: 0n },
    },
  ]
}

function underlyingOf({ underlyings: entries }: DevnetCalibration, name: Underlying) {
  const entry = entries[name]
  if (entry === undefined) throw new InvalidInputError(`The calibration has no underlying ${name}.`)
  return entry
}
