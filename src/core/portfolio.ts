import type { Address, Hash } from 'viem'
import type { Position, VenueAccount } from './position.ts'
import type { Wad } from './units.ts'
import type { VenueRule } from './venueRule.ts'

/** The block that every read of a portfolio is pinned to. `timestamp` in Unix seconds. */
export type PinnedBlock = {
  readonly chainId: number
  readonly number: bigint
  readonly hash: Hash
  readonly timestamp: number
}

/** What a venue itself demands of one venue account beyond the value of its legs, in WAD USD at the venue's own prices. */
export type VenueRequirement = {
  readonly venueAccount: VenueAccount
  readonly initial: Wad
  readonly maintenance: Wad
}

/** Whether an account holds anything at a venue of the parameter set. */
export type VenueStatus = { readonly venue: string; readonly status: 'none' | 'present' }

/** Everything an account holds and owes at one block. */
export type Portfolio = {
  readonly account: Address
  /** `observed`: any account. `enforceable`: a `MarginAccount`. */
  readonly scope: 'observed' | 'enforceable'
  readonly block: PinnedBlock
  readonly positions: readonly Position[]
  readonly venues: readonly VenueStatus[]
  readonly requirements: readonly VenueRequirement[]
  /** One per venue account that can be liquidated; a venue without a rule has no physics. */
  readonly rules: readonly VenueRule[]
}
