/** One value per token of a pool: token0, token1. */
export type FeeGrowth = readonly [bigint, bigint]

type TickEdge = { readonly tick: number; readonly outside: FeeGrowth }

/** Where the pool stands against the two ticks of a position, with the fee growth outside each. */
export type TickFees = { readonly current: number; readonly lower: TickEdge; readonly upper: TickEdge }

/**
 * Fees that a position can collect, in smallest units: what it is owed already plus
 * `floor(liquidity · (growthInside − growthLast) / 2^128)`, all modulo 2^256 and 2^128 as in the contracts
 * (`Tick.getFeeGrowthInside`, `NonfungiblePositionManager.collect`).
 */
export function uncollectedFees(
  {
    liquidity,
    growthLast,
    owed,
  }: { readonly liquidity: bigint; readonly growthLast: FeeGrowth; readonly owed: FeeGrowth },
  global: FeeGrowth,
  { current, lower, upper }: TickFees,
): FeeGrowth {
  const fees = (token: 0 | 1): bigint => {
    const below = current >= lower.tick ? lower.outside[token] : global[token] - lower.outside[token]
    const above = current < upper.tick ? upper.outside[token] : global[token] - upper.outside[token]
    const earned = BigInt.asUintN(256, global[token] - below - above - growthLast[token])
    return BigInt.asUintN(128, owed[token] + ((earned * liquidity) >> 128n))
  }
  return [fees(0), fees(1)]
}
