/** Bounds of what a payer bids, wei per gas. */
export type FeePolicy = {
  readonly floor: bigint
  readonly cap: bigint
  /** Per mille by which each replacement raises both fees. */
  readonly bumpPerMille: bigint
}

/** What a transaction bids, wei per gas. */
export type Fees = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }

/** Nodes refuse a replacement that raises either fee by less. */
const leastBumpPerMille = 125n

/**
 * First bid: twice the base fee and the tip, so that it stays good for six full blocks; never below the floor (a bid made in
 * a cheap moment is stuck in the next dear one), never above the cap, and the tip never above the whole.
 *
 * @returns nothing when the base fee alone is above the cap.
 */
export function firstFees(policy: FeePolicy, { baseFee, tip }: { baseFee: bigint; tip: bigint }): Fees | undefined {
  if (baseFee > policy.cap) return undefined
  const wanted = 2n * baseFee + tip
  const maxFeePerGas = least(greatest(wanted, policy.floor), policy.cap)
  return { maxFeePerGas, maxPriorityFeePerGas: least(tip, maxFeePerGas) }
}

/**
 * Bid that replaces another: both fees up by the policy's step and not below a first bid of now.
 *
 * @returns nothing when that is above the cap.
 */
export function raisedFees(
  policy: FeePolicy,
  before: Fees,
  now: { readonly baseFee: bigint; readonly tip: bigint },
): Fees | undefined {
  const step = greatest(policy.bumpPerMille, leastBumpPerMille)
  const raise = (fee: bigint) => (fee * (1000n + step) + 999n) / 1000n
  const first = firstFees(policy, now)
  const maxFeePerGas = greatest(raise(before.maxFeePerGas), first?.maxFeePerGas ?? 0n)
  if (maxFeePerGas > policy.cap) return undefined
  // A tip of zero cannot be raised by a share of itself.
  const maxPriorityFeePerGas = greatest(raise(before.maxPriorityFeePerGas), first?.maxPriorityFeePerGas ?? 0n, 1n)
  return { maxFeePerGas, maxPriorityFeePerGas: least(maxPriorityFeePerGas, maxFeePerGas) }
}

function greatest(...values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b))
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
