import type { Address } from 'viem'

/**
 * Permissions of a hook that reach a withdrawal, by their bit of its address (`Hooks.sol`). Every collection of fees is a
 * withdrawal too, of zero liquidity.
 */
const permissionsOverWithdrawals = {
  beforeRemoveLiquidity: 9n,
  afterRemoveLiquidity: 8n,
  afterRemoveLiquidityReturnsDelta: 0n,
} as const

/**
 * The permissions by which a hook can revert or keep a withdrawal; none for the zero address, which is no hook. The bits are
 * part of the address, so they cannot change later.
 *
 * All other permissions leave what is in the pool alone. Initialization, additions and donations do not touch what others
 * have added. Swap hooks and dynamic fees decide which trades reach the pool and what these pay from now on; fees of the past
 * stand in its fee growth, and whatever price the pool is left at, the amounts there are worth no less at our own price than
 * the amounts at our own price, which is what a position is valued by.
 */
export function permissionsOverWithdrawal(hooks: Address): string[] {
  return Object.entries(permissionsOverWithdrawals).flatMap(([permission, bit]) =>
    (BigInt(hooks) >> bit) & 1n ? [permission] : [],
  )
}
