import { type Address, maxUint256, parseAbi } from 'viem'
import { loadArtifact } from './artifacts.ts'
import { advanceTime, type Contract, readAddress, type Sender } from './chain.ts'
import type { TokenDeployment } from './tokens.ts'
import { deployUniswapFactory, encodeSqrtPrice, poolAbi } from './uniswapV3.ts'

/** Perpetual Protocol v2 (Curie) from `@perp/curie-contract`, with one ETH market settled in USDC. */
export type PerpV2Deployment = {
  readonly clearingHouse: Address
  readonly accountBalance: Address
  readonly vault: Address
  readonly exchange: Address
  readonly clearingHouseConfig: Address
  readonly orderBook: Address
  readonly marketRegistry: Address
  readonly collateralManager: Address
  readonly insuranceFund: Address
  readonly baseToken: Address
  readonly quoteToken: Address
  /** The Uniswap v3 pool, of Perp's own factory, in which the virtual tokens trade. */
  readonly pool: Address
  readonly priceFeedDispatcher: Address
}

/** Windows of the protocol's own averages, in seconds: the index, and the longest that its mark price looks back. */
export const indexWindow = 15 * 60
export const markWindow = 30 * 60

/** A new market must be older than every average that the protocol takes of its price; seconds. */
const openingWindow = 2 * 60 * 60
const feedTimeout = 40 * 60
const poolFee = 3_000
/** How far the price may move in 15 seconds, at the largest that the protocol accepts; about 10 %. */
const maxTickMove = 1_000

const artifact = (name: string) => loadArtifact(`@perp/curie-contract/artifacts/contracts/${name}.sol/${name}.json`)
const oracleArtifact = (name: string) =>
  loadArtifact(`@perp/perp-oracle-contract/artifacts/contracts/${name}.sol/${name}.json`)

/**
 * Deploys the protocol with its ETH market at `price` (USD per ETH, 8 decimals).
 * Advances the chain by two hours; `refreshFeeds` is called after that, so that no feed is stale.
 */
export async function deployPerpV2(
  deployer: Sender,
  options: { deployment: TokenDeployment; price: bigint; refreshFeeds: () => Promise<void> },
): Promise<PerpV2Deployment> {
  const { tokens, feeds } = options.deployment
  const market = await deployMarket(deployer, { feed: feeds.ethUsd, price: options.price })
  await advanceTime(deployer.chain, openingWindow)
  await options.refreshFeeds()
  await dispatchPrice(deployer, market.priceFeedDispatcher)

  const initialized = async (name: string, args: readonly unknown[]) => {
    const contract = await deployer.deploy(await artifact(name))
    await deployer.send(contract, 'initialize', args)
    return contract
  }
  const config = await initialized('ClearingHouseConfig', [])
  const registry = await initialized('MarketRegistry', [market.factory, market.quoteToken.address])
  const orderBook = await initialized('OrderBook', [registry.address])
  const insuranceFund = await initialized('InsuranceFund', [tokens.usdc])
  const exchange = await initialized('Exchange', [registry.address, orderBook.address, config.address])
  const accountBalance = await initialized('AccountBalance', [config.address, orderBook.address])
  const vault = await initialized('Vault', [
    insuranceFund.address,
    config.address,
    accountBalance.address,
    exchange.address,
  ])
  const collateralManager = await initialized('CollateralManager', [config.address, vault.address, ...collateralLimits])
  const clearingHouse = await initialized('ClearingHouse', [
    config.address,
    vault.address,
    market.quoteToken.address,
    market.factory,
    exchange.address,
    accountBalance.address,
    insuranceFund.address,
  ])
  const delegateApproval = await initialized('DelegateApproval', [])

  await deployer.send(clearingHouse, 'setDelegateApproval', [delegateApproval.address])
  await deployer.send(insuranceFund, 'setVault', [vault.address])
  await deployer.send(exchange, 'setAccountBalance', [accountBalance.address])
  await deployer.send(orderBook, 'setExchange', [exchange.address])
  await deployer.send(accountBalance, 'setVault', [vault.address])
  await deployer.send(vault, 'setCollateralManager', [collateralManager.address])
  await deployer.send(vault, 'setWETH9', [tokens.weth])
  for (const contract of [vault, registry, orderBook, exchange, accountBalance]) {
    await deployer.send(contract, 'setClearingHouse', [clearingHouse.address])
  }
  await deployer.send(config, 'setSettlementTokenBalanceCap', [maxUint256])
  await acceptWeth(deployer, { collateralManager, weth: tokens.weth, feed: feeds.ethUsd })

  for (const token of [market.baseToken, market.quoteToken]) {
    await deployer.send(token, 'addWhitelist', [clearingHouse.address])
    await deployer.send(token, 'addWhitelist', [market.pool])
    await deployer.send(token, 'mintMaximumTo', [clearingHouse.address])
  }
  await deployer.send(registry, 'addPool', [market.baseToken.address, poolFee])
  await deployer.send(registry, 'setMaxOrdersPerMarket', [100])
  await deployer.send(exchange, 'setMaxTickCrossedWithinBlock', [market.baseToken.address, maxTickMove])
  return {
    clearingHouse: clearingHouse.address,
    accountBalance: accountBalance.address,
    vault: vault.address,
    exchange: exchange.address,
    clearingHouseConfig: config.address,
    orderBook: orderBook.address,
    marketRegistry: registry.address,
    collateralManager: collateralManager.address,
    insuranceFund: insuranceFund.address,
    baseToken: market.baseToken.address,
    quoteToken: market.quoteToken.address,
    pool: market.pool,
    priceFeedDispatcher: market.priceFeedDispatcher,
  }
}

/** Lets the protocol take over the newest answer of its aggregator. */
export async function dispatchPrice(sender: Sender, dispatcher: Address): Promise<void> {
  await sender.send({ name: 'PriceFeedDispatcher', address: dispatcher, abi: dispatcherAbi }, 'dispatchPrice', [
    BigInt(indexWindow),
  ])
}

// Collateral tokens per account; margin and partial liquidation ratios and fees in millionths; debt limits in USDC.
const collateralLimits = [5, 750_000, 500_000, 2_000, 30_000, 10_000n * 10n ** 6n, 500n * 10n ** 6n] as const

const dispatcherAbi = parseAbi(['function dispatchPrice(uint256 interval)'])
type PerpMarket = {
  readonly baseToken: Contract
  readonly quoteToken: Contract
  readonly factory: Address
  readonly pool: Address
  readonly priceFeedDispatcher: Address
}

/** Deploys the virtual tokens, their price feed and the pool in which they trade. */
async function deployMarket(deployer: Sender, { feed, price }: { feed: Address; price: bigint }): Promise<PerpMarket> {
  const { chain } = deployer
  const priceFeed = await deployer.deploy(await oracleArtifact('ChainlinkPriceFeedV3'), [feed, feedTimeout, markWindow])
  const dispatcher = await deployer.deploy(await oracleArtifact('PriceFeedDispatcher'), [priceFeed.address])
  await dispatchPrice(deployer, dispatcher.address)
  const quoteToken = await deployer.deploy(await artifact('QuoteToken'))
  await deployer.send(quoteToken, 'initialize', ['Virtual USD', 'vUSD'])
  const baseToken = await deployBaseToken(deployer, quoteToken.address)
  await deployer.send(baseToken, 'initialize', ['Virtual ETH', 'vETH', dispatcher.address])
  const factory = await deployUniswapFactory(deployer)
  const key = [baseToken.address, quoteToken.address, poolFee]
  await deployer.send(factory, 'createPool', key)
  const pool: Contract = {
    name: 'UniswapV3Pool',
    address: await readAddress(chain, factory, 'getPool', key),
    abi: poolAbi,
  }
  await deployer.send(pool, 'initialize', [encodeSqrtPrice(10n ** 8n, price)])
  await deployer.send(pool, 'increaseObservationCardinalityNext', [500])
  return {
    baseToken,
    quoteToken,
    factory: factory.address,
    pool: pool.address,
    priceFeedDispatcher: dispatcher.address,
  }
}

/** The protocol wants the base token to be token0, so it is deployed until its address is the smaller. */
async function deployBaseToken(deployer: Sender, below: Address): Promise<Contract> {
  const code = await artifact('BaseToken')
  while (true) {
    const baseToken = await deployer.deploy(code)
    if (BigInt(baseToken.address) < BigInt(below)) return baseToken
  }
}

async function acceptWeth(
  deployer: Sender,
  { collateralManager, weth, feed }: { collateralManager: Contract; weth: Address; feed: Address },
): Promise<void> {
  const priceFeed = await deployer.deploy(await oracleArtifact('ChainlinkPriceFeedV2'), [feed, indexWindow])
  await deployer.send(collateralManager, 'addCollateral', [
    weth,
    {
      priceFeed: priceFeed.address,
      collateralRatio: 700_000,
      discountRatio: 100_000,
      depositCap: 10_000n * 10n ** 18n,
    },
  ])
}
