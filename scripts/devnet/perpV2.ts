import { type Address, maxUint256, parseAbi, zeroHash } from 'viem'
import { loadArtifact } from './artifacts.ts'
import { advanceTime, type Contract, noDeadline, readAddress, type Sender } from './chain.ts'
import type { TokenDeployment } from './tokens.ts'
import { deployUniswapFactory, encodeSqrtPrice, poolAbi, readPoolPrice, wideTicks } from './uniswapV3.ts'

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
const tickSpacing = 60
/** How far one block may move the price, at the largest that the protocol accepts; about 10 %. */
const maxTicksPerBlock = 1_000
/** A square-root price times 1.045 is 880 ticks away: the step in which a larger move is traded, block by block. */
const step = { numerator: 1_045n, denominator: 1_000n }

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
  await deployer.send(exchange, 'setMaxTickCrossedWithinBlock', [market.baseToken.address, maxTicksPerBlock])
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

/** Deposits collateral of the sender, in the token's smallest unit. */
export async function depositToPerp(
  sender: Sender,
  perp: PerpV2Deployment,
  { token, amount }: { token: Address; amount: bigint },
): Promise<void> {
  await sender.send({ name: 'Vault', address: perp.vault, abi: vaultAbi }, 'deposit', [token, amount])
}

/** Provides at most `base` ETH and `quote` USD (both 18 decimals) around the price. */
export async function addPerpLiquidity(
  sender: Sender,
  perp: PerpV2Deployment,
  { base, quote }: { base: bigint; quote: bigint },
): Promise<void> {
  const { tick } = await readPoolPrice(sender.chain, perp.pool)
  const center = Math.round(tick / tickSpacing) * tickSpacing
  await sender.send(clearingHouseOf(perp), 'addLiquidity', [
    {
      baseToken: perp.baseToken,
      base,
      quote,
      lowerTick: center - wideTicks,
      upperTick: center + wideTicks,
      minBase: 0n,
      minQuote: 0n,
      useTakerBalance: false,
      deadline: noDeadline,
    },
  ])
}

/** Sells `amount` ETH (18 decimals) in the perpetual market. */
export async function openShortPerpetual(sender: Sender, perp: PerpV2Deployment, amount: bigint): Promise<void> {
  await openPosition(sender, perp, { isBaseToQuote: true, amount, sqrtPriceLimitX96: 0n })
}

/** Trades in the perpetual market until its price is `price` (USD per ETH, 8 decimals), as arbitrage would. */
export async function alignPerpPrice(sender: Sender, perp: PerpV2Deployment, price: bigint): Promise<void> {
  const target = encodeSqrtPrice(10n ** 8n, price)
  let { sqrtPriceX96 } = await readPoolPrice(sender.chain, perp.pool)
  while (sqrtPriceX96 !== target) {
    const isBaseToQuote = sqrtPriceX96 > target
    const lowest = (sqrtPriceX96 * step.denominator) / step.numerator
    const highest = (sqrtPriceX96 * step.numerator) / step.denominator
    sqrtPriceX96 = target < lowest ? lowest : target > highest ? highest : target
    await openPosition(sender, perp, { isBaseToQuote, amount: 10n ** 27n, sqrtPriceLimitX96: sqrtPriceX96 })
  }
}

// Collateral tokens per account; margin and partial liquidation ratios and fees in millionths; debt limits in USDC.
const collateralLimits = [5, 750_000, 500_000, 2_000, 30_000, 10_000n * 10n ** 6n, 500n * 10n ** 6n] as const

const dispatcherAbi = parseAbi(['function dispatchPrice(uint256 interval)'])
const vaultAbi = parseAbi(['function deposit(address token, uint256 amount)'])
const clearingHouseAbi = parseAbi([
  'struct AddLiquidityParams { address baseToken; uint256 base; uint256 quote; int24 lowerTick; int24 upperTick; uint256 minBase; uint256 minQuote; bool useTakerBalance; uint256 deadline; }',
  'struct AddLiquidityResponse { uint256 base; uint256 quote; uint256 fee; uint256 liquidity; }',
  'function addLiquidity(AddLiquidityParams params) returns (AddLiquidityResponse)',
  'struct OpenPositionParams { address baseToken; bool isBaseToQuote; bool isExactInput; uint256 amount; uint256 oppositeAmountBound; uint256 deadline; uint160 sqrtPriceLimitX96; bytes32 referralCode; }',
  'function openPosition(OpenPositionParams params) returns (uint256 base, uint256 quote)',
])

function clearingHouseOf(perp: PerpV2Deployment): Contract {
  return { name: 'ClearingHouse', address: perp.clearingHouse, abi: clearingHouseAbi }
}

async function openPosition(
  sender: Sender,
  perp: PerpV2Deployment,
  order: { isBaseToQuote: boolean; amount: bigint; sqrtPriceLimitX96: bigint },
): Promise<void> {
  await sender.send(clearingHouseOf(perp), 'openPosition', [
    {
      ...order,
      baseToken: perp.baseToken,
      isExactInput: true,
      oppositeAmountBound: 0n,
      deadline: noDeadline,
      referralCode: zeroHash,
    },
  ])
}

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
