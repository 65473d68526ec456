import { type Address, zeroAddress } from 'viem'
import { toAssetKey } from './core/asset.ts'
import { toJson } from './core/canonical.ts'
import { BaseError, InvalidInputError } from './core/errors.ts'
import { type MarginParameters, parseParameters } from './core/parameters.ts'
import { wad } from './core/units.ts'
import { ethereumByHand } from './networks/byHand.ts'
import { ethereum } from './networks/ethereum.ts'
import type { ProtocolAddresses } from './networks/protocolAddresses.ts'
import { defaultCalibration, defaultUnderlyings, wrappedBasis } from './risk/plimsoll/calibration.ts'

/** No parameter set is built in for a network. */
export class UnknownNetworkError extends BaseError {
  override readonly name = 'UnknownNetworkError'

  constructor(network: string) {
    const known = networks.map(({ name, chainId }) => `${name} (chain ${chainId})`).join(', ')
    super(`There is no built-in parameter set for ${network}.`, {
      metaMessages: [
        `Built in: ${known}.`,
        'Name a parameter set with --parameters, or a deployment with --deployment.',
      ],
    })
  }
}

/** What a parameter set of a network is built from; venues are those whose contracts are there. */
export type Network = Pick<
  ProtocolAddresses,
  'chainId' | 'multicall3' | 'tokens' | 'feeds' | 'uniswapV3' | 'morphoBlue'
> & {
  readonly name: string
  /** Pools of Aave v3 and of forks by venue id; `version` as the adapter takes it. */
  readonly lendingPools: Readonly<
    Record<string, { readonly pool: Address; readonly dataProvider: Address; readonly version: string }>
  >
  /** Markets of Compound III with dollar prices. */
  readonly compoundV3?: { readonly comets: readonly Address[] }
  /** Seconds, for every feed. */
  readonly maxPriceAge: Readonly<Record<string, number>>
}

const { aaveV3Version, spark, compoundV3, maxPriceAge } = ethereumByHand

/** Networks whose parameter set is built in. */
export const networks: readonly Network[] = [
  {
    ...ethereum,
    name: 'ethereum',
    lendingPools: { 'aave-v3': { ...ethereum.aaveV3, version: aaveV3Version }, spark },
    compoundV3,
    maxPriceAge,
  },
]

/**
 * A network of which a parameter set is built in, by its name or chain id.
 *
 * @throws {UnknownNetworkError} listing those that there are.
 */
export function findNetwork(network: string | number): Network {
  const found = networks.find(({ name, chainId }) => network === name || network === chainId)
  if (found) return found
  throw new UnknownNetworkError(typeof network === 'number' ? `chain ${network}` : network)
}

/** How each known token follows its underlying; the coin of the chain itself is that of WETH. */
const known = {
  WETH: { underlying: 'ETH', rate: { source: 'fixed', value: wad }, basis: wrappedBasis.none },
  WBTC: { underlying: 'BTC', rate: { source: 'fixed', value: wad }, basis: wrappedBasis.custodialBitcoin },
  wstETH: {
    underlying: 'ETH',
    rate: { source: 'view', function: 'stEthPerToken', decimals: 18 },
    basis: wrappedBasis.stakedEther,
  },
  USDC: { underlying: 'USDC', rate: { source: 'fixed', value: wad }, basis: wrappedBasis.none },
  USDT: { underlying: 'USDT', rate: { source: 'fixed', value: wad }, basis: wrappedBasis.none },
  DAI: { underlying: 'DAI', rate: { source: 'fixed', value: wad }, basis: wrappedBasis.none },
} as const

/**
 * The default parameter set of a network: the default calibration around its tokens, Chainlink feeds and venues. It stands for
 * reading and for what-ifs; whoever signs with it should choose tokens, bounds and rates for the accounts at hand.
 *
 * @throws {InvalidInputError} for a token that it does not know and for an underlying without feed or age.
 *
 * @example
 * const { snapshot } = await readSnapshot(client, { account, parameters: networkParameters(findNetwork('ethereum')) })
 */
export function networkParameters(
  network: Network,
  { modelId = 1 }: { readonly modelId?: number } = {},
): MarginParameters {
  const { name, chainId, tokens } = network
  const assets = Object.entries(tokens).map(([symbol, token]) => ({ symbol, ...token, ...howItFollows(symbol) }))
  const underlyings = [...new Set(['ETH', ...assets.map(({ underlying }) => underlying)])].sort()
  const native = { symbol: 'ETH', decimals: 18, ...known.WETH }
  return parseParameters(
    toJson({
      ...defaultCalibration,
      name,
      chainId,
      modelId,
      underlyings: Object.fromEntries(underlyings.map((underlying) => [underlying, defaultUnderlyings[underlying]])),
      assets: Object.fromEntries([
        ...assets.map(({ address, ...asset }) => [toAssetKey(chainId, address), asset]),
        [toAssetKey(chainId, zeroAddress), native],
      ]),
      prices: Object.fromEntries(underlyings.map((underlying) => [underlying, priceOf(network, underlying)])),
      volatilities: {},
      venues: venuesOf(network),
    }),
  )
}

function howItFollows(symbol: string): (typeof known)[keyof typeof known] {
  if (Object.hasOwn(known, symbol)) return known[symbol as keyof typeof known]
  throw new InvalidInputError(`Nothing says which underlying ${symbol} follows.`, {
    metaMessages: [`Tokens of a network may be ${Object.keys(known).join(', ')}.`],
  })
}

function priceOf({ name, feeds, maxPriceAge }: Network, underlying: string) {
  const [feed, maxAge] = [feeds[underlying], maxPriceAge[underlying]]
  if (feed !== undefined && maxAge !== undefined) return { source: 'chainlink', feed, maxAge, decimals: 8 }
  throw new InvalidInputError(`Network ${name} has no ${feed === undefined ? 'feed' : 'price age'} of ${underlying}.`, {
    metaMessages: ['Every underlying of its tokens, and ETH, needs both.'],
  })
}

function venuesOf({ tokens, multicall3, lendingPools, uniswapV3, morphoBlue, compoundV3 }: Network) {
  return [
    {
      id: 'wallet',
      adapter: 'erc20',
      configuration: { tokens: Object.values(tokens).map(({ address }) => address), nativeReader: multicall3 },
    },
    ...Object.entries(lendingPools).map(([id, configuration]) => ({ id, adapter: 'aave-v3', configuration })),
    ...(uniswapV3 ? [{ id: 'uniswap-v3', adapter: 'uniswap-v3', configuration: uniswapV3 }] : []),
    ...(morphoBlue
      ? [
          {
            id: 'morpho-blue',
            adapter: 'morpho-blue',
            configuration: { morpho: morphoBlue.morpho, fromBlock: BigInt(morphoBlue.fromBlock) },
          },
        ]
      : []),
    ...(compoundV3 ? [{ id: 'compound-v3', adapter: 'compound-v3', configuration: compoundV3 }] : []),
  ]
}
