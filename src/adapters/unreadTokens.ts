import type { Address } from 'viem'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { Balance } from '../core/position.ts'
import type { AdapterContext } from './adapter.ts'

/** Position tokens of one account that an adapter reads by default; anyone can send an account more. */
export const defaultMaximumPositions = 1_000

/**
 * The position tokens of an account beyond those that are read: one claim on tokens of the position manager, which no
 * parameter set prices, so that they are named and count as zero.
 *
 * @throws {InconsistentReadError} when the parameter set prices the position manager as if it were a token of its own.
 */
export function unreadTokens(
  { venue, account, block: { chainId }, assets }: AdapterContext<unknown>,
  { contract, count }: { readonly contract: Address; readonly count: bigint },
): Balance[] {
  if (count <= 0n) return []
  const asset = toAssetKey(chainId, contract)
  if (asset in assets) {
    throw new InconsistentReadError(`${venue}: the parameter set prices ${asset}, the position manager, as a token.`, {
      metaMessages: ['Remove the asset from the parameter set.'],
    })
  }
  return [
    {
      kind: 'balance',
      claim: { chainId, contract, holder: account, id: 'unread' },
      venueAccount: { chainId, venue, instance: contract, holder: account, subAccount: '' },
      control: 'venue',
      asset,
      amount: count,
    },
  ]
}
