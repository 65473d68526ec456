import type { Hex, LocalAccount } from 'viem'
import { buildBatch, type Draft } from '../../attest/batch.ts'
import { attestationDigest, batchDigest, rootDigest } from '../../attest/digest.ts'
import { buildRoot } from '../../attest/root.ts'
import { type SignerSet, signAttestation, signBatch, signRoot } from '../../attest/sign.ts'
import type { AttestationDomain, UnsignedAttestation, UnsignedBatch, UnsignedRoot } from '../../attest/typedData.ts'
import { InvalidInputError } from '../../core/errors.ts'

/** What is to be signed for a registry, and by whom. A batch or root comes with the drafts that it was built from, in their order. */
export type Proposal = {
  readonly domain: AttestationDomain
  /** Set in force; its id is the one that the message binds. */
  readonly signerSet: SignerSet
} & (
  | { readonly form: 'single'; readonly unsigned: UnsignedAttestation }
  | { readonly form: 'batch'; readonly unsigned: UnsignedBatch; readonly drafts: readonly Draft[] }
  | { readonly form: 'root'; readonly unsigned: UnsignedRoot; readonly drafts: readonly Draft[] }
)

/** What a form makes of drafts of one block, of one set and model, in their order; a single post takes the first. */
export function toProposal(
  form: Proposal['form'],
  drafts: readonly UnsignedAttestation[],
  about: Pick<Proposal, 'domain' | 'signerSet'>,
): Proposal {
  const [first] = drafts
  if (first === undefined) throw new InvalidInputError('A proposal has at least one record.')
  const { blockHash, paramsHash, setId } = first
  const binding = { blockHash, paramsHash, setId }
  switch (form) {
    case 'single':
      return { ...about, form, unsigned: first }
    case 'batch':
      return { ...about, form, unsigned: { batch: buildBatch(drafts).batch, ...binding }, drafts }
    case 'root':
      return { ...about, form, unsigned: { root: buildRoot(drafts).root, ...binding }, drafts }
  }
}

/** The 32 bytes that signers of a proposal sign. @throws {OutOfRangeError | InvalidAttestationError} when it has no encoding. */
export function proposalDigest(proposal: Proposal): Hex {
  const { domain } = proposal
  switch (proposal.form) {
    case 'single':
      return attestationDigest(proposal.unsigned, domain)
    case 'batch':
      return batchDigest(proposal.unsigned, domain)
    case 'root':
      return rootDigest(proposal.unsigned, domain)
  }
}

/** Signs a proposal: 64 bytes. @throws {OutOfRangeError | InvalidAttestationError} when it has no encoding. */
export async function signProposal(signer: LocalAccount, proposal: Proposal): Promise<Hex> {
  const { domain } = proposal
  switch (proposal.form) {
    case 'single':
      return signAttestation(signer, proposal.unsigned, domain)
    case 'batch':
      return signBatch(signer, proposal.unsigned, domain)
    case 'root':
      return signRoot(signer, proposal.unsigned, domain)
  }
}

/** The records of a proposal with their commitments. */
export function draftsOf(proposal: Proposal): readonly Draft[] {
  return proposal.form === 'single' ? [proposal.unsigned] : proposal.drafts
}

/** The block that a proposal binds. */
export function blockNumberOf(proposal: Proposal): bigint {
  switch (proposal.form) {
    case 'single':
      return proposal.unsigned.blockNumber
    case 'batch':
      return proposal.unsigned.batch.blockNumber
    case 'root':
      return proposal.unsigned.root.blockNumber
  }
}
