import { type Address, parseAbi, zeroHash } from 'viem'
import { advanceTime, type Contract, noDeadline, type Sender } from './chain.ts'
import type { PerpV2Deployment } from './perpV2.ts'
import { encodeSqrtPrice, readPoolPrice, wideTicks } from './uniswapV3.ts'

/** Spacing of the ticks of the market's pool, whose fee is 0.3 %. */
const tickSpacing = 60
/**
 * The protocol lets its price move by 1,000 ticks (about 10 %) in 15 seconds, so a larger move is traded in steps.
 * A square-root price times 1.045 is 880 ticks away.
 */
const step = { numerator: 1_045n, denominator: 1_000n, seconds: 15 }

/** Deposits collateral of the sender, in the token's smallest unit, into its own account unless told otherwise. */
export async function depositToPerp(
  sender: Sender,
  perp: PerpV2Deployment,
  { token, amount, onBehalfOf = sender.address }: { token: Address; amount: bigint; onBehalfOf?: Address },
): Promise<void> {
  await sender.send({ name: 'Vault', address: perp.vault, abi: vaultAbi }, 'depositFor', [onBehalfOf, token, amount])
}

/** Provides at most `base` ETH and `quote` USD (both 18 decimals) between two distances from the price, in ticks; widely around it by default. */
export async function addPerpLiquidity(
  sender: Sender,
  perp: PerpV2Deployment,
  { base, quote, ticks }: { base: bigint; quote: bigint; ticks?: readonly [number, number] },
): Promise<void> {
  const { tick } = await readPoolPrice(sender.chain, perp.pool)
  const [lower, upper] = ticks ?? [-wideTicks, wideTicks]
  const center = Math.round(tick / tickSpacing) * tickSpacing
  await sender.send(clearingHouseOf(perp), 'addLiquidity', [
    {
      baseToken: perp.baseToken,
      base,
      quote,
      lowerTick: center + lower,
      upperTick: center + upper,
      minBase: 0n,
      minQuote: 0n,
      useTakerBalance: false,
      deadline: noDeadline,
    },
  ])
}

/** Sells `amount` ETH (18 decimals) in the perpetual market. */
export async function openShortPerpetual(sender: Sender, perp: PerpV2Deployment, amount: bigint): Promise<void> {
  await openPerpetual(sender, perp, -amount)
}

/** Trades so that `size` ETH (18 decimals) come to the account, or leave it when negative. */
export async function openPerpetual(sender: Sender, perp: PerpV2Deployment, size: bigint): Promise<void> {
  const isBaseToQuote = size < 0n
  const amount = isBaseToQuote ? -size : size
  await openPosition(sender, perp, { isBaseToQuote, isExactInput: isBaseToQuote, amount, sqrtPriceLimitX96: 0n })
}

/**
 * Trades in the perpetual market until its price is `price` (USD per ETH, 8 decimals), as arbitrage would.
 * Advances the chain by 15 seconds for every 9 % of the way, and at least once unless the price is there already.
 */
export async function alignPerpPrice(sender: Sender, perp: PerpV2Deployment, price: bigint): Promise<void> {
  const target = encodeSqrtPrice(10n ** 8n, price)
  let { sqrtPriceX96 } = await readPoolPrice(sender.chain, perp.pool)
  while (sqrtPriceX96 !== target) {
    const isBaseToQuote = sqrtPriceX96 > target
    const lowest = (sqrtPriceX96 * step.denominator) / step.numerator
    const highest = (sqrtPriceX96 * step.numerator) / step.denominator
    sqrtPriceX96 = target < lowest ? lowest : target > highest ? highest : target
    await advanceTime(sender.chain, step.seconds)
    await openPosition(sender, perp, {
      isBaseToQuote,
      isExactInput: true,
      amount: 10n ** 27n,
      sqrtPriceLimitX96: sqrtPriceX96,
    })
  }
}

const vaultAbi = parseAbi(['function depositFor(address to, address token, uint256 amount)'])
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
  order: { isBaseToQuote: boolean; isExactInput: boolean; amount: bigint; sqrtPriceLimitX96: bigint },
): Promise<void> {
  await sender.send(clearingHouseOf(perp), 'openPosition', [
    {
      ...order,
      baseToken: perp.baseToken,
      oppositeAmountBound: 0n,
      deadline: noDeadline,
      referralCode: zeroHash,
    },
  ])
}
