import { type Address, isAddressEqual } from 'viem'
import type { SignerSet } from '../attest/sign.ts'
import type { LastPost } from './policy.ts'

/** How keepers of one registry share the work: each waits for those before it. */
export type TurnPolicy = {
  /** Place among the keepers, from 0; that of `signer` in the signer set by default. */
  readonly rank?: number | undefined
  readonly signer: Address
  /** Seconds of block time by which every rank waits longer than the one before it. */
  readonly seconds: number
}

/** Since when an account has been due (block time, Unix seconds), with which record stored. */
export type Due = { readonly since: number; readonly observedAt: number | undefined }

/**
 * Since when an account that is due has been so: it begins anew with every record that is stored. The same block may be asked
 * about again.
 */
export function dueSince(before: Due | undefined, last: Pick<LastPost, 'observedAt'> | null, now: number): Due {
  const observedAt = last?.observedAt
  const isSame = before !== undefined && before.observedAt === observedAt
  return { since: isSame ? Math.min(before.since, now) : now, observedAt }
}

/** Whether a keeper of a rank may post what is due; the first never waits. */
export function isTurn(rank: number, seconds: number, { since }: Due, now: number): boolean {
  return now >= since + rank * seconds
}

/** Place of a keeper: that of its signer in the set, and the last one of all without. */
export function rankOf({ rank, signer }: TurnPolicy, { signers }: Pick<SignerSet, 'signers'>): number {
  if (rank !== undefined) return rank
  const index = signers.findIndex((member) => isAddressEqual(member, signer))
  return index < 0 ? signers.length : index
}

/** Remembers since when accounts are due. It is lost with the process, which then waits its time anew. */
export interface Turns {
  /** Whether an account that is due is to be left to the keepers before this one. */
  waits(account: Address, at: { readonly last: LastPost | null; readonly now: number; readonly rank: number }): boolean
  /** The account is not due. */
  rests(account: Address): void
}

/** @example const turns = createTurns(24) */
export function createTurns(seconds: number): Turns {
  const dues = new Map<Address, Due>()
  return {
    waits(account, { last, now, rank }) {
      const due = dueSince(dues.get(account), last, now)
      dues.set(account, due)
      return !isTurn(rank, seconds, due, now)
    },
    rests: (account) => void dues.delete(account),
  }
}
