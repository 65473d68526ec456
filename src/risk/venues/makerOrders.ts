import type { Underlying } from '../../core/asset.ts'
import type { Wad } from '../../core/units.ts'
import type { MakerOrders } from '../../core/venueRule.ts'
import { amountsForLiquidity } from '../../kernel/concentratedLiquidity.ts'
import { isqrt } from '../../kernel/squareRoot.ts'
import type { VenueShift } from './shift.ts'

/** Virtual tokens of all orders beyond their debts with the pool's price moved as ours has (`OrderBook._getTotalTokenAmountInPool`). */
export function makerAmounts(
  maker: MakerOrders | undefined,
  underlying: Underlying,
  shift: VenueShift,
): { readonly base: Wad; readonly quote: Wad } {
  let [base, quote] = [0n, 0n]
  if (maker === undefined) return { base, quote }
  const sqrtPrice = moveSqrtPrice(maker.sqrtPrice, underlying, shift)
  for (const { liquidity, tickLower, tickUpper, baseDebt, quoteDebt } of maker.orders) {
    const { amount0, amount1 } = amountsForLiquidity({ sqrtPrice, tickLower, tickUpper, liquidity })
    base += amount0 - baseDebt
    quote += amount1 - quoteDebt
  }
  return { base, quote }
}

/** √(price · S_s/S) in Q96; unmoved, the same number. */
export function moveSqrtPrice(sqrtPrice: bigint, underlying: Underlying, { price, base }: VenueShift): bigint {
  return isqrt((sqrtPrice * sqrtPrice * price(underlying)) / base(underlying))
}
