import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import * as aave from '@aave-dao/aave-address-book'
import { addresses as morphoAddresses, deployments as morphoDeployments } from '@morpho-org/morpho-ts'
import { type Address, getAddress } from 'viem'
import { arbitrum, base, mainnet, optimism } from 'viem/chains'
import type { ProtocolAddresses, TokenAddress } from '../src/networks/protocolAddresses.ts'
import { packageRoot } from './packageRoot.ts'

/** Symbols and underlyings that parameter sets of public networks may name. */
const symbols = ['WETH', 'WBTC', 'wstETH', 'USDC', 'USDT', 'DAI'] as const
const underlyings = ['BTC', 'DAI', 'ETH', 'USDC', 'USDT'] as const

type AaveMarket = {
  readonly CHAIN_ID: number
  readonly POOL: string
  readonly AAVE_PROTOCOL_DATA_PROVIDER: string
  readonly ASSETS: Readonly<Record<string, { readonly UNDERLYING: string; readonly decimals: number }>>
}

type UniswapDeployment = {
  readonly v3CoreFactoryAddress: string
  readonly nonfungiblePositionManagerAddress: string
  readonly v4PoolManagerAddress: string
  readonly v4PositionManagerAddress: string
  readonly v4StateView: string
}

const require = createRequire(import.meta.url)

/** Its entry loads a library of big numbers that is not installed; the table of addresses needs none. */
const uniswap: Readonly<Record<number, UniswapDeployment>> = require(
  `${packageRoot}node_modules/@uniswap/sdk-core/dist/cjs/src/addresses.js`,
).CHAIN_TO_ADDRESSES_MAP

const networks = {
  ethereum: { chain: mainnet, market: aave.AaveV3Ethereum, feeds: aave.ChainlinkEthereum, venus: 'ethereum' },
  optimism: { chain: optimism, market: aave.AaveV3Optimism, feeds: aave.ChainlinkOptimism, venus: 'opmainnet' },
  base: { chain: base, market: aave.AaveV3Base, feeds: aave.ChainlinkBase, venus: 'basemainnet' },
  arbitrum: { chain: arbitrum, market: aave.AaveV3Arbitrum, feeds: aave.ChainlinkArbitrum, venus: 'arbitrumone' },
} as const

/** Names of the tables, each a file in src/networks. */
export type NetworkName = keyof typeof networks

/** Every table of src/networks as the installed packages give it today, by name. */
export function networkTables(): Readonly<Record<NetworkName, ProtocolAddresses>> {
  return {
    ethereum: tableOf('ethereum'),
    optimism: { ...tableOf('optimism'), perpV2: perpV2(), lyraAvalon: lyraAvalon() },
    base: tableOf('base'),
    arbitrum: tableOf('arbitrum'),
  }
}

function tableOf(name: NetworkName): ProtocolAddresses {
  const { chain, feeds, venus, ...network } = networks[name]
  const market: AaveMarket = network.market
  const deployed = given(uniswap[chain.id], `Uniswap on chain ${chain.id}`)
  const morpho = morphoAddresses[chain.id]
  if (market.CHAIN_ID !== chain.id) throw new Error(`The address book's market of ${name} is of another chain.`)
  return {
    chainId: chain.id,
    multicall3: getAddress(chain.contracts.multicall3.address),
    tokens: tokensOf(market),
    feeds: feedsOf(feeds),
    aaveV3: { pool: getAddress(market.POOL), dataProvider: getAddress(market.AAVE_PROTOCOL_DATA_PROVIDER) },
    uniswapV3: {
      factory: getAddress(deployed.v3CoreFactoryAddress),
      positionManager: getAddress(deployed.nonfungiblePositionManagerAddress),
    },
    uniswapV4: {
      poolManager: getAddress(deployed.v4PoolManagerAddress),
      positionManager: getAddress(deployed.v4PositionManagerAddress),
      stateView: getAddress(deployed.v4StateView),
    },
    morphoBlue: {
      morpho: getAddress(morpho.morpho),
      fromBlock: Number(morphoDeployments[chain.id].morpho),
    },
    venus: venusOf(venus, chain.id),
  }
}

/** The address book calls Circle's own token `USDCn` where a bridged one came first. */
function tokensOf({ ASSETS }: AaveMarket): Record<string, TokenAddress> {
  return Object.fromEntries(
    symbols.flatMap((symbol) => {
      const asset = (symbol === 'USDC' ? ASSETS.USDCn : undefined) ?? ASSETS[symbol]
      return asset ? [[symbol, { address: getAddress(asset.UNDERLYING), decimals: asset.decimals }]] : []
    }),
  )
}

function feedsOf(feeds: Readonly<Record<string, unknown>>): Record<string, Address> {
  return Object.fromEntries(
    underlyings.flatMap((name) => {
      const feed = feeds[`${name}__USD`]
      return typeof feed === 'string' ? [[name, getAddress(feed)]] : []
    }),
  )
}

function venusOf(name: string, chainId: number) {
  const content: { readonly chainId: string; readonly addresses: Readonly<Record<string, string>> } = require(
    `@venusprotocol/isolated-pools/deployments/${name}_addresses.json`,
  )
  if (Number(content.chainId) !== chainId)
    throw new Error(`The deployments of Venus named ${name} are of another chain.`)
  const comptrollers = Object.keys(content.addresses).filter((key) => key.startsWith('Comptroller_'))
  return { comptrollers: comptrollers.sort().map((key) => getAddress(given(content.addresses[key], key))) }
}

function perpV2() {
  const { chainId, contracts, externalContracts } = require('@perp/curie-deployments/optimism/core/metadata.json')
  if (chainId !== optimism.id) throw new Error('The deployment of Perpetual v2 is of another chain.')
  const at = (name: string) => getAddress(given(contracts[name], name).address)
  return {
    clearingHouse: at('ClearingHouse'),
    accountBalance: at('AccountBalance'),
    vault: at('Vault'),
    exchange: at('Exchange'),
    clearingHouseConfig: at('ClearingHouseConfig'),
    orderBook: at('OrderBook'),
    settlementToken: getAddress(externalContracts.USDC),
    baseTokens: { BTC: at('vBTC'), ETH: at('vETH') },
  }
}

function lyraAvalon() {
  const file = `${packageRoot}node_modules/@lyrafinance/protocol/dist/deployments/mainnet-ovm/lyra.json`
  const { targets } = JSON.parse(readFileSync(file, 'utf8'))
  const market = given(targets.markets.sETH, 'the market sETH of Lyra')
  const at = (name: string) => getAddress(given(market[name] ?? targets[name], name).address)
  return {
    optionMarket: at('OptionMarket'),
    optionToken: at('OptionToken'),
    greekCache: at('OptionGreekCache'),
    shortCollateral: at('ShortCollateral'),
    synthetixAdapter: at('SynthetixAdapter'),
  }
}

function given<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new Error(`The installed packages name no ${name}.`)
  return value
}

/** The text of the file that holds a table, before it is formatted. */
export function networkSource(name: NetworkName, table: ProtocolAddresses): string {
  return [
    '// Written by scripts/generateAddresses.ts.',
    '',
    "import type { ProtocolAddresses } from './protocolAddresses.ts'",
    '',
    `/** Protocols on ${networks[name].chain.name}, from the packages that their teams maintain. */`,
    `export const ${name} = ${JSON.stringify(table)} as const satisfies ProtocolAddresses`,
    '',
  ].join('\n')
}

/** Where a table is kept. */
export function networkFile(name: NetworkName): string {
  return fileURLToPath(new URL(`../src/networks/${name}.ts`, import.meta.url))
}
