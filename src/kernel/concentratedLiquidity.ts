import { BaseError } from '../core/errors.ts'
import { powerOfTen, type Wad, wad } from '../core/units.ts'
import { max, min } from './fixedPoint.ts'
import { isqrt } from './squareRoot.ts'

/** A tick that is no integer, beyond ±887272, or a range whose lower tick is not below its upper one. */
export class InvalidTickError extends BaseError {
  override readonly name = 'InvalidTickError'
}

/** A price outside the range that a pool can hold. */
export class SqrtPriceOutOfRangeError extends BaseError {
  override readonly name = 'SqrtPriceOutOfRangeError'

  constructor(sqrtPrice: bigint) {
    super(`The square-root price ${sqrtPrice} is outside ${minSqrtPrice} to ${maxSqrtPrice - 1n}.`, {
      metaMessages: ['No pool can hold this price; check both token prices and decimals.'],
    })
  }
}

/** A liquidity, token price or number of decimals that no pool has. */
export class InvalidPoolInputError extends BaseError {
  override readonly name = 'InvalidPoolInputError'

  constructor(quantity: string, value: bigint | number, expected: string) {
    super(`The ${quantity} is ${value}; expected ${expected}.`, {
      metaMessages: ['Read the pool and its tokens again.'],
    })
  }
}

const maxTick = 887272
/** √price of tick −887272, Q96. */
export const minSqrtPrice = 4295128739n
/** √price of tick 887272, Q96; a pool stays below it. */
export const maxSqrtPrice = 1461446703485210103287273052203988822378723970342n

/** 2^128 · 1.0001^(−2^i / 2) for i = 0 … 19, as Uniswap v3's TickMath rounds them. */
const inversePowers = [
  0xfffcb933bd6fad37aa2d162d1a594001n,
  0xfff97272373d413259a46990580e213an,
  0xfff2e50f5f656932ef12357cf3c7fdccn,
  0xffe5caca7e10e4e61c3624eaa0941cd0n,
  0xffcb9843d60f6159c9db58835c926644n,
  0xff973b41fa98c081472e6896dfb254c0n,
  0xff2ea16466c96a3843ec78b326b52861n,
  0xfe5dee046a99a2a811c461f1969c3053n,
  0xfcbe86c7900a88aedcffc83b479aa3a4n,
  0xf987a7253ac413176f2b074cf7815e54n,
  0xf3392b0822b70005940c7a398e4b70f3n,
  0xe7159475a2c29b7443b29c7fa6e889d9n,
  0xd097f3bdfd2022b8845ad8f792aa5825n,
  0xa9f746462d870fdf8a65dc1f90e061e5n,
  0x70d869a156d2a1b890bb3df62baf32f7n,
  0x31be135f97d08fd981231505542fcfa6n,
  0x9aa508b5b7a84e1c677de54f3e99bc9n,
  0x5d6af8dedb81196699c329225ee604n,
  0x2216e584f5fa1ea926041bedfe98n,
  0x48a170391f7dc42444e8fa2n,
]

/**
 * √(1.0001^tick) in Q96, equal to Uniswap v3's `TickMath.getSqrtRatioAtTick`.
 *
 * @throws {InvalidTickError} when tick is no integer between −887272 and 887272.
 */
export function sqrtRatioAtTick(tick: number): bigint {
  if (!Number.isInteger(tick) || Math.abs(tick) > maxTick) {
    throw new InvalidTickError(`Tick ${tick} is not an integer from -${maxTick} to ${maxTick}.`, {
      metaMessages: ['Read the ticks of the position again.'],
    })
  }
  let ratio = 1n << 128n
  inversePowers.forEach((power, bit) => {
    if (Math.abs(tick) & (1 << bit)) ratio = (ratio * power) >> 128n
  })
  if (tick > 0) ratio = ((1n << 256n) - 1n) / ratio
  return (ratio + 0xffffffffn) >> 32n
}

/**
 * Tokens in a position, smallest units, both rounded down as the pool does when liquidity is withdrawn.
 * Formulas and operation order: Uniswap v3 `SqrtPriceMath.getAmount0Delta`, `getAmount1Delta`.
 *
 * @param options.sqrtPrice - √(token1 per token0) in raw units, Q96.
 * @param options.liquidity - Liquidity of the position.
 * @throws {SqrtPriceOutOfRangeError} when no pool can hold sqrtPrice.
 * @throws {InvalidTickError} when the ticks are no range.
 * @throws {InvalidPoolInputError} when liquidity does not fit 128 bits.
 */
export function amountsForLiquidity(options: {
  readonly sqrtPrice: bigint
  readonly tickLower: number
  readonly tickUpper: number
  readonly liquidity: bigint
}): { readonly amount0: bigint; readonly amount1: bigint } {
  const { sqrtPrice, tickLower, tickUpper, liquidity } = options
  requireSqrtPrice(sqrtPrice)
  if (tickLower >= tickUpper) {
    throw new InvalidTickError(`Tick ${tickLower} is not below tick ${tickUpper}.`, {
      metaMessages: ['Read the ticks of the position again.'],
    })
  }
  if (liquidity < 0n || liquidity >> 128n !== 0n) {
    throw new InvalidPoolInputError('liquidity', liquidity, 'an integer of 128 bits')
  }
  const lower = sqrtRatioAtTick(tickLower)
  const upper = sqrtRatioAtTick(tickUpper)
  const price = min(max(sqrtPrice, lower), upper)
  return {
    amount0: ((liquidity << 96n) * (upper - price)) / upper / price,
    amount1: (liquidity * (price - lower)) >> 96n,
  }
}

/**
 * √price of a pool in Q96 at given token prices: isqrt(floor(p0 · 10^decimals1 · 2^192 / (p1 · 10^decimals0))).
 *
 * @param p0 - Price of one whole token0; p1 of one whole token1, in the same unit.
 * @throws {InvalidPoolInputError} when a price is not positive or decimals are no integer from 0 to 255.
 * @throws {SqrtPriceOutOfRangeError} when no pool can hold the price.
 */
export function sqrtPriceX96(p0: Wad, decimals0: number, p1: Wad, decimals1: number): bigint {
  for (const price of [p0, p1]) {
    if (price <= 0n) throw new InvalidPoolInputError('token price', price, 'a positive integer')
  }
  for (const decimals of [decimals0, decimals1]) {
    if (!Number.isInteger(decimals) || decimals < 0 || decimals > 255) {
      throw new InvalidPoolInputError('number of decimals', decimals, 'an integer from 0 to 255')
    }
  }
  const sqrtPrice = sqrtPriceOf(p0, decimals0, p1, decimals1)
  requireSqrtPrice(sqrtPrice)
  return sqrtPrice
}

/** As {@link sqrtPriceX96}, of positive prices and natural decimals, also where no pool can hold it. */
export function sqrtPriceOf(p0: Wad, decimals0: number, p1: Wad, decimals1: number): bigint {
  return isqrt(((p0 * powerOfTen(decimals1)) << 192n) / (p1 * powerOfTen(decimals0)))
}

/** √price in Q96 of a pool in which a virtual unit of the underlying trades for virtual dollars, both of 18 decimals. */
export function virtualSqrtPriceOf(price: Wad): bigint {
  return sqrtPriceOf(price, 18, wad, 18)
}

/** Whether a pool can hold a √price in Q96. */
export function isPoolPrice(sqrtPrice: bigint): boolean {
  return sqrtPrice >= minSqrtPrice && sqrtPrice < maxSqrtPrice
}

function requireSqrtPrice(sqrtPrice: bigint) {
  if (!isPoolPrice(sqrtPrice)) throw new SqrtPriceOutOfRangeError(sqrtPrice)
}
