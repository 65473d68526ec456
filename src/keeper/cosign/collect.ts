import type { Hex } from 'viem'
import type { Proposal } from './proposal.ts'

/**
 * Gets as many signatures over a proposal as its signer set asks for, each verified, for `assembleAttestation`, `assembleBatch`
 * or `assembleRoot`.
 *
 * @throws {QuorumMissingError} when there are not enough.
 */
export type CollectSignatures = (proposal: Proposal) => Promise<readonly Hex[]>
