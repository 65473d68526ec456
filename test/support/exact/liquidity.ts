import { floorSqrt } from './real.ts'

// Uniswap v3 integers (TickMath, LiquidityAmounts), written from the published definitions (methodology section 5.7).

const q96 = 1n << 96n
const maxUint256 = (1n << 256n) - 1n

/** 2^128 / 1.0001^(2^i / 2) as TickMath lists them, for i from 0 to 19. */
const ratios = [
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

/** Square root of the price at a tick, 96 fractional bits, rounded up. */
export function sqrtRatio(tick: number): bigint {
  const distance = Math.abs(tick)
  let ratio = 1n << 128n
  ratios.forEach((factor, bit) => {
    if ((distance >> bit) & 1) ratio = (ratio * factor) >> 128n
  })
  if (tick > 0) ratio = maxUint256 / ratio
  return (ratio + (1n << 32n) - 1n) >> 32n
}

/** floor(√(p0·10^dec1 / (p1·10^dec0)) · 2^96) as the model defines it: the floor of a root of a floor. Prices in WAD. */
export function sqrtPrice(price0: bigint, price1: bigint, decimals0: number, decimals1: number): bigint {
  return floorSqrt((price0 * 10n ** BigInt(decimals1) * (1n << 192n)) / (price1 * 10n ** BigInt(decimals0)))
}

/** Both amounts in smallest units, rounded down. */
export function liquidityAmounts(
  liquidity: bigint,
  tickLower: number,
  tickUpper: number,
  price: bigint,
): readonly [bigint, bigint] {
  const lower = sqrtRatio(tickLower)
  const upper = sqrtRatio(tickUpper)
  const at = price < lower ? lower : price > upper ? upper : price
  const amount0 = (liquidity * q96 * (upper - at)) / upper / at
  const amount1 = (liquidity * (at - lower)) / q96
  return [amount0, amount1]
}
