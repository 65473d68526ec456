import {
  type Address,
  encodeAbiParameters,
  erc20Abi,
  type Hex,
  keccak256,
  maxUint128,
  parseAbi,
  parseAbiParameters,
  zeroAddress,
} from 'viem'
import { sqrtRatioAtTick } from '../../src/kernel/concentratedLiquidity.ts'
import { min } from '../../src/kernel/fixedPoint.ts'
import { loadArtifact, loadCodeLiteral } from './artifacts.ts'
import { type Contract, type DevnetChain, noDeadline, type Sender } from './chain.ts'
import { approveAll, type TokenDeployment } from './tokens.ts'
import { encodeSqrtPrice } from './uniswapV3.ts'

/**
 * Uniswap v4 from `@uniswap/v4-core` and `@uniswap/v4-periphery`, with one WETH/USDC and one ether/USDC pool, both without
 * hooks. Permit2 stands at the address that it has on every chain. The router is `PoolSwapTest`, the package's own for tests:
 * no package that this repository uses publishes a deployable router of production.
 */
export type UniswapV4Deployment = {
  readonly poolManager: Address
  readonly positionManager: Address
  readonly stateView: Address
  readonly swapRouter: Address
  readonly permit2: Address
}

/** What identifies a pool of the pool manager; `currency0` is the smaller address, zero is ether. */
export type PoolKey = {
  readonly currency0: Address
  readonly currency1: Address
  readonly fee: number
  readonly tickSpacing: number
  readonly hooks: Address
}

/** A pool of the devnet, by what it trades against USDC. */
export type PoolName = 'weth' | 'ether'

type Tokens = Pick<TokenDeployment, 'tokens'>
type UniswapVenue = Tokens & { readonly uniswapV4: UniswapV4Deployment }

const permit2Address: Address = '0x000000000022D473030F116dDEE9F6B43aC78BA3'
const core = '@uniswap/v4-core/out'
const periphery = '@uniswap/v4-periphery/foundry-out'

/** Gas that the position manager gives a subscriber on its way out, as on the public networks. */
const unsubscribeGasLimit = 300_000n

/** Codes of the position manager's actions (`Actions.sol`). */
const actions = { mint: '02', settlePair: '0d', sweep: '14' } as const

const poolKeyStruct =
  'struct PoolKey { address currency0; address currency1; uint24 fee; int24 tickSpacing; address hooks; }'
const poolManagerAbi = parseAbi([
  poolKeyStruct,
  'function initialize(PoolKey key, uint160 sqrtPriceX96) returns (int24 tick)',
])
const positionManagerAbi = parseAbi(['function modifyLiquidities(bytes unlockData, uint256 deadline) payable'])
const stateViewAbi = parseAbi([
  'function getSlot0(bytes32 poolId) view returns (uint160 sqrtPriceX96, int24 tick, uint24 protocolFee, uint24 lpFee)',
])
const permit2Abi = parseAbi(['function approve(address token, address spender, uint160 amount, uint48 expiration)'])
const swapRouterAbi = parseAbi([
  poolKeyStruct,
  'struct SwapParams { bool zeroForOne; int256 amountSpecified; uint160 sqrtPriceLimitX96; }',
  'struct TestSettings { bool takeClaims; bool settleUsingBurn; }',
  'function swap(PoolKey key, SwapParams params, TestSettings testSettings, bytes hookData) payable returns (int256 delta)',
])

/** Deploys pool manager, position manager, view, router and Permit2, and opens both pools at `price` (USD per ETH, 8 decimals). */
export async function deployUniswapV4(
  deployer: Sender,
  { tokens, price }: { tokens: TokenDeployment['tokens']; price: bigint },
): Promise<UniswapV4Deployment> {
  const { client } = deployer.chain
  await client.setCode({
    address: permit2Address,
    bytecode: await loadCodeLiteral('@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol'),
  })
  const poolManager = await deployer.deploy(await loadArtifact(`${core}/PoolManager.sol/PoolManager.json`), [
    deployer.address,
  ])
  const positionManager = await deployer.deploy(
    await loadArtifact(`${periphery}/PositionManager.sol/PositionManager.json`),
    // The descriptor draws token images only.
    [poolManager.address, permit2Address, unsubscribeGasLimit, zeroAddress, tokens.weth],
  )
  const stateView = await deployer.deploy(await loadArtifact(`${periphery}/StateView.sol/StateView.json`), [
    poolManager.address,
  ])
  const swapRouter = await deployer.deploy(await loadArtifact(`${core}/PoolSwapTest.sol/PoolSwapTest.json`), [
    poolManager.address,
  ])
  for (const name of ['weth', 'ether'] as const) {
    await openPool(deployer, poolManager.address, poolKeyOf({ tokens }, name), sqrtPriceOf({ tokens }, name, price))
  }
  return {
    poolManager: poolManager.address,
    positionManager: positionManager.address,
    stateView: stateView.address,
    swapRouter: swapRouter.address,
    permit2: permit2Address,
  }
}

/** Creates a pool at a √price in Q96. */
export async function openPool(sender: Sender, poolManager: Address, key: PoolKey, sqrtPrice: bigint): Promise<void> {
  await sender.send({ name: 'PoolManager', address: poolManager, abi: poolManagerAbi }, 'initialize', [key, sqrtPrice])
}

/** The key of a pool of the devnet: WETH/USDC at 0.05 %, ether/USDC at 0.3 %. */
export function poolKeyOf({ tokens: { weth, usdc } }: Tokens, name: PoolName): PoolKey {
  const [currency0, currency1] = name === 'ether' ? [zeroAddress, usdc] : sortAddresses(weth, usdc)
  const tier = name === 'ether' ? { fee: 3_000, tickSpacing: 60 } : { fee: 500, tickSpacing: 10 }
  return { currency0, currency1, ...tier, hooks: zeroAddress }
}

/** The id under which the pool manager keeps a pool. */
export function poolIdOf(key: PoolKey): Hex {
  return keccak256(encodeAbiParameters(parseAbiParameters([poolKeyStruct, 'PoolKey key']), [key]))
}

/** Lets the position manager, through Permit2, and the router take any amount of each token of the sender. */
export async function approveUniswapV4(
  sender: Sender,
  { permit2, positionManager, swapRouter }: UniswapV4Deployment,
  tokens: readonly Address[],
): Promise<void> {
  await approveAll(sender, tokens, [permit2, swapRouter])
  for (const token of tokens) {
    await sender.send({ name: 'Permit2', address: permit2, abi: permit2Abi }, 'approve', [
      token,
      positionManager,
      2n ** 160n - 1n,
      2 ** 48 - 1,
    ])
  }
}

/** Provides at most `amount0` and `amount1` (smallest units) between two ticks of a pool, for `recipient`. */
export async function mintV4Position(
  sender: Sender,
  { uniswapV4 }: Pick<UniswapVenue, 'uniswapV4'>,
  position: {
    readonly key: PoolKey
    readonly tickLower: number
    readonly tickUpper: number
    readonly amount0: bigint
    readonly amount1: bigint
    readonly recipient?: Address
  },
): Promise<void> {
  const { key, tickLower, tickUpper, amount0, amount1, recipient = sender.address } = position
  const { sqrtPriceX96 } = await readV4PoolPrice(sender.chain, uniswapV4, key)
  const liquidity = liquidityForAmounts(sqrtPriceX96, { tickLower, tickUpper, amount0, amount1 })
  const mint = encodeAbiParameters(
    parseAbiParameters([poolKeyStruct, 'PoolKey key, int24, int24, uint256, uint128, uint128, address, bytes']),
    [key, tickLower, tickUpper, liquidity, maxUint128, maxUint128, recipient, '0x'],
  )
  const settle = encodeAbiParameters(parseAbiParameters('address, address'), [key.currency0, key.currency1])
  const sweep = encodeAbiParameters(parseAbiParameters('address, address'), [zeroAddress, sender.address])
  // The pool rounds up what it takes.
  const value = key.currency0 === zeroAddress ? amount0 + 1n : 0n
  await modifyLiquidities(
    sender,
    uniswapV4,
    [
      [actions.mint, mint],
      [actions.settlePair, settle],
      [actions.sweep, sweep],
    ],
    value,
  )
}

/** Sends a batch of actions (code and parameters) to the position manager; `value` in wei. */
export async function modifyLiquidities(
  sender: Sender,
  { positionManager }: Pick<UniswapV4Deployment, 'positionManager'>,
  batch: readonly (readonly [code: string, parameters: Hex])[],
  value = 0n,
): Promise<void> {
  const unlockData = encodeAbiParameters(parseAbiParameters('bytes, bytes[]'), [
    `0x${batch.map(([code]) => code).join('')}`,
    batch.map(([, parameters]) => parameters),
  ])
  const manager: Contract = { name: 'PositionManager', address: positionManager, abi: positionManagerAbi }
  await sender.send(manager, 'modifyLiquidities', [unlockData, noDeadline], value)
}

/** Sells `amountIn` of one currency of a pool (smallest unit) to it. */
export async function swapV4ExactInput(
  sender: Sender,
  { uniswapV4 }: Pick<UniswapVenue, 'uniswapV4'>,
  order: {
    readonly key: PoolKey
    readonly zeroForOne: boolean
    readonly amountIn: bigint
    readonly sqrtPriceLimit?: bigint
  },
): Promise<void> {
  const {
    key,
    zeroForOne,
    amountIn,
    sqrtPriceLimit = zeroForOne ? sqrtRatioAtTick(-887_272) + 1n : sqrtRatioAtTick(887_272) - 1n,
  } = order
  const value = zeroForOne && key.currency0 === zeroAddress ? amountIn : 0n
  await sender.send(
    { name: 'PoolSwapTest', address: uniswapV4.swapRouter, abi: swapRouterAbi },
    'swap',
    [
      key,
      { zeroForOne, amountSpecified: -amountIn, sqrtPriceLimitX96: sqrtPriceLimit },
      { takeClaims: false, settleUsingBurn: false },
      '0x',
    ],
    value,
  )
}

/** Trades with both pools until their price is `price` (USD per ETH, 8 decimals), as arbitrage would; fees accrue. */
export async function alignV4PoolPrices(sender: Sender, venue: UniswapVenue, price: bigint): Promise<void> {
  for (const name of ['weth', 'ether'] as const) {
    const key = poolKeyOf(venue, name)
    const target = sqrtPriceOf(venue, name, price)
    const { sqrtPriceX96 } = await readV4PoolPrice(sender.chain, venue.uniswapV4, key)
    if (sqrtPriceX96 === target) continue
    const zeroForOne = sqrtPriceX96 > target
    const amountIn = await spendable(sender, zeroForOne ? key.currency0 : key.currency1)
    await swapV4ExactInput(sender, venue, { key, zeroForOne, amountIn, sqrtPriceLimit: target })
  }
}

/** Reads price and tick of a pool. */
export async function readV4PoolPrice(
  chain: DevnetChain,
  { stateView }: Pick<UniswapV4Deployment, 'stateView'>,
  key: PoolKey,
): Promise<{ readonly sqrtPriceX96: bigint; readonly tick: number }> {
  const [sqrtPriceX96, tick] = await chain.client.readContract({
    address: stateView,
    abi: stateViewAbi,
    functionName: 'getSlot0',
    args: [poolIdOf(key)],
  })
  return { sqrtPriceX96, tick }
}

/** What a sender can put into one trade: the router gives back what the pool does not take. */
async function spendable({ chain, address }: Sender, currency: Address): Promise<bigint> {
  // Half of the ether, so that gas is left.
  if (currency === zeroAddress) return (await chain.client.getBalance({ address })) / 2n
  return chain.client.readContract({ address: currency, abi: erc20Abi, functionName: 'balanceOf', args: [address] })
}

/** The most liquidity that two amounts buy (`LiquidityAmounts.getLiquidityForAmounts`). */
function liquidityForAmounts(
  sqrtPrice: bigint,
  range: { readonly tickLower: number; readonly tickUpper: number; readonly amount0: bigint; readonly amount1: bigint },
): bigint {
  const { tickLower, tickUpper, amount0, amount1 } = range
  const [lower, upper] = [sqrtRatioAtTick(tickLower), sqrtRatioAtTick(tickUpper)]
  const of0 = (from: bigint) => (amount0 * ((from * upper) >> 96n)) / (upper - from)
  const of1 = (to: bigint) => (amount1 << 96n) / (to - lower)
  if (sqrtPrice <= lower) return of0(lower)
  return sqrtPrice < upper ? min(of0(sqrtPrice), of1(sqrtPrice)) : of1(upper)
}

function sortAddresses(one: Address, other: Address): readonly [Address, Address] {
  return BigInt(one) < BigInt(other) ? [one, other] : [other, one]
}

/** The pools trade in USDC, so `price` counts as USDC per ETH; 8 decimals against the 6 of USDC. */
function sqrtPriceOf(tokens: Tokens, name: PoolName, price: bigint): bigint {
  const ether = 10n ** 20n
  const etherIsFirst = poolKeyOf(tokens, name).currency1 === tokens.tokens.usdc
  return etherIsFirst ? encodeSqrtPrice(ether, price) : encodeSqrtPrice(price, ether)
}
