import { type Address, maxUint128, parseAbi, zeroAddress } from 'viem'
import { isqrt } from '../../src/kernel/squareRoot.ts'
import { loadArtifact } from './artifacts.ts'
import { type Contract, type DevnetChain, noDeadline, readAddress, type Sender } from './chain.ts'
import type { TokenDeployment } from './tokens.ts'

/** Uniswap v3 from `@uniswap/v3-core` and `@uniswap/v3-periphery`, with one WETH/USDC pool of 0.05 %. */
export type UniswapV3Deployment = {
  readonly factory: Address
  readonly positionManager: Address
  readonly swapRouter: Address
  readonly pool: Address
}

/** Fee of the WETH/USDC pool in hundredths of a basis point, and the spacing of its ticks. */
export const poolFee = 500
const tickSpacing = 10

/** Ticks on either side of the price in which market makers provide: down to an eighth, up to eight times the price. */
export const wideTicks = 20_760

const core = '@uniswap/v3-core/artifacts/contracts'
const periphery = '@uniswap/v3-periphery/artifacts/contracts'

export const poolAbi = parseAbi([
  'function initialize(uint160 sqrtPriceX96)',
  'function increaseObservationCardinalityNext(uint16 observationCardinalityNext)',
  'function token0() view returns (address)',
  'function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16, uint16, uint16, uint8, bool)',
])

const positionManagerAbi = parseAbi([
  'function createAndInitializePoolIfNecessary(address token0, address token1, uint24 fee, uint160 sqrtPriceX96) payable returns (address pool)',
  'struct MintParams { address token0; address token1; uint24 fee; int24 tickLower; int24 tickUpper; uint256 amount0Desired; uint256 amount1Desired; uint256 amount0Min; uint256 amount1Min; address recipient; uint256 deadline; }',
  'function mint(MintParams params) payable returns (uint256 tokenId, uint128 liquidity, uint256 amount0, uint256 amount1)',
])

const swapRouterAbi = parseAbi([
  'struct ExactInputSingleParams { address tokenIn; address tokenOut; uint24 fee; address recipient; uint256 deadline; uint256 amountIn; uint256 amountOutMinimum; uint160 sqrtPriceLimitX96; }',
  'function exactInputSingle(ExactInputSingleParams params) payable returns (uint256 amountOut)',
])

/** Deploys factory, position manager, router and the WETH/USDC pool at `price` (USD per ETH, 8 decimals). */
export async function deployUniswapV3(
  deployer: Sender,
  { tokens, price }: { tokens: TokenDeployment['tokens']; price: bigint },
): Promise<UniswapV3Deployment> {
  const factory = await deployUniswapFactory(deployer)
  const positionManager = await deployer.deploy(
    await loadArtifact(`${periphery}/NonfungiblePositionManager.sol/NonfungiblePositionManager.json`),
    // The descriptor draws token images only.
    [factory.address, tokens.weth, zeroAddress],
  )
  const swapRouter = await deployer.deploy(await loadArtifact(`${periphery}/SwapRouter.sol/SwapRouter.json`), [
    factory.address,
    tokens.weth,
  ])
  const [token0, token1] = sortTokens(tokens)
  await deployer.send(positionManager, 'createAndInitializePoolIfNecessary', [
    token0,
    token1,
    poolFee,
    sqrtPriceOf({ tokens, price }),
  ])
  const pool = await readAddress(deployer.chain, factory, 'getPool', [token0, token1, poolFee])
  return {
    factory: factory.address,
    positionManager: positionManager.address,
    swapRouter: swapRouter.address,
    pool,
  }
}

/** Deploys an empty factory; Perpetual Protocol runs one of its own. */
export async function deployUniswapFactory(deployer: Sender): Promise<Contract> {
  return deployer.deploy(await loadArtifact(`${core}/UniswapV3Factory.sol/UniswapV3Factory.json`))
}

/** Provides at most `weth` and `usdc` (smallest units) within `ticks` on either side of the pool's price. */
export async function mintPosition(
  sender: Sender,
  venue: UniswapVenue,
  { weth, usdc, ticks, recipient = sender.address }: { weth: bigint; usdc: bigint; ticks: number; recipient?: Address },
): Promise<void> {
  const { tokens, uniswapV3 } = venue
  const { tick } = await readPoolPrice(sender.chain, uniswapV3.pool)
  const center = Math.round(tick / tickSpacing) * tickSpacing
  const [token0, token1] = sortTokens(tokens)
  const [amount0, amount1] = token0 === tokens.weth ? [weth, usdc] : [usdc, weth]
  await sender.send(
    { name: 'NonfungiblePositionManager', address: uniswapV3.positionManager, abi: positionManagerAbi },
    'mint',
    [
      {
        token0,
        token1,
        fee: poolFee,
        tickLower: center - ticks,
        tickUpper: center + ticks,
        amount0Desired: amount0,
        amount1Desired: amount1,
        amount0Min: 0n,
        amount1Min: 0n,
        recipient,
        deadline: noDeadline,
      },
    ],
  )
}

/** Sells `amountIn` of `tokenIn` (smallest unit) to the pool. */
export async function swapExactInput(
  sender: Sender,
  venue: UniswapVenue,
  { tokenIn, amountIn }: { tokenIn: Address; amountIn: bigint },
): Promise<void> {
  await swap(sender, venue, { tokenIn, amountIn, sqrtPriceLimitX96: 0n })
}

/** Trades with the pool until its price is `price` (USD per ETH, 8 decimals), as arbitrage would; fees accrue. */
export async function alignPoolPrice(sender: Sender, venue: UniswapVenue, price: bigint): Promise<void> {
  const target = sqrtPriceOf({ tokens: venue.tokens, price })
  const { sqrtPriceX96 } = await readPoolPrice(sender.chain, venue.uniswapV3.pool)
  if (sqrtPriceX96 === target) return
  const [token0, token1] = sortTokens(venue.tokens)
  const tokenIn = sqrtPriceX96 > target ? token0 : token1
  await swap(sender, venue, { tokenIn, amountIn: maxUint128 / 2n, sqrtPriceLimitX96: target })
}

/** Reads price and tick of a pool. */
export async function readPoolPrice(
  chain: DevnetChain,
  pool: Address,
): Promise<{ readonly sqrtPriceX96: bigint; readonly tick: number }> {
  const [sqrtPriceX96, tick] = await chain.client.readContract({
    address: pool,
    abi: poolAbi,
    functionName: 'slot0',
  })
  return { sqrtPriceX96, tick }
}

/** `sqrt(amount1 / amount0)` with 96 fractional bits, rounded down: the price of a pool that trades these amounts. */
export function encodeSqrtPrice(amount0: bigint, amount1: bigint): bigint {
  return isqrt((amount1 << 192n) / amount0)
}

type UniswapVenue = { readonly tokens: TokenDeployment['tokens']; readonly uniswapV3: UniswapV3Deployment }

async function swap(
  sender: Sender,
  { tokens, uniswapV3 }: UniswapVenue,
  order: { tokenIn: Address; amountIn: bigint; sqrtPriceLimitX96: bigint },
): Promise<void> {
  await sender.send({ name: 'SwapRouter', address: uniswapV3.swapRouter, abi: swapRouterAbi }, 'exactInputSingle', [
    {
      ...order,
      tokenOut: order.tokenIn === tokens.weth ? tokens.usdc : tokens.weth,
      fee: poolFee,
      recipient: sender.address,
      deadline: noDeadline,
      amountOutMinimum: 0n,
    },
  ])
}

function sortTokens({ weth, usdc }: TokenDeployment['tokens']): readonly [Address, Address] {
  return BigInt(weth) < BigInt(usdc) ? [weth, usdc] : [usdc, weth]
}

/** The pool trades in USDC, so `price` counts as USDC per ETH; 8 decimals against the 6 of USDC. */
function sqrtPriceOf({ tokens, price }: { tokens: TokenDeployment['tokens']; price: bigint }): bigint {
  const weth = 10n ** 20n
  const usdc = price
  return sortTokens(tokens)[0] === tokens.weth ? encodeSqrtPrice(weth, usdc) : encodeSqrtPrice(usdc, weth)
}
