import type { Address } from 'viem'
import { buildBatch, type Draft, encodeBatch } from '../../attest/batch.ts'
import { attestationDigest, batchDigest, rootDigest } from '../../attest/digest.ts'
import { encodeAttestation } from '../../attest/record.ts'
import { buildRoot, encodeRoot, type Leaf, type MarginRoot } from '../../attest/root.ts'
import { assembleAttestation, assembleBatch, assembleRoot, type SignerSet } from '../../attest/sign.ts'
import type { AttestationDomain, Binding, UnsignedAttestation } from '../../attest/typedData.ts'
import { InvalidInputError } from '../../core/errors.ts'
import type { PinnedBlock } from '../../core/portfolio.ts'
import type { CollectSignatures } from '../cosign/collect.ts'
import type { PostForm } from '../events.ts'
import type { Post } from './journal.ts'

/** A tree whose root is to be posted, with what its consumers need. */
export type RootTree = { readonly root: MarginRoot; readonly leaves: readonly Leaf[] }

/** A signed post, and the tree of one of form root. */
export type PreparedPost = { readonly post: Post; readonly tree?: RootTree }

/**
 * Signs drafts of one block as one post and encodes it.
 *
 * @throws {QuorumError} when too few signatures were collected, or one is not of the set.
 * @throws {InvalidAttestationError | OutOfRangeError} for drafts that do not go together.
 */
export async function preparePost(
  form: PostForm,
  drafts: readonly UnsignedAttestation[],
  {
    domain,
    signerSet,
    block,
    collect,
  }: {
    readonly domain: AttestationDomain
    readonly signerSet: SignerSet
    readonly block: PinnedBlock
    readonly collect: CollectSignatures
  },
): Promise<PreparedPost> {
  const [first] = drafts
  if (first === undefined) throw new InvalidInputError('There is no record to post.')
  const { blockHash, paramsHash, setId } = first
  const binding: Binding = { blockHash, paramsHash, setId }
  const accounts: readonly Address[] = drafts.map(({ record }) => record.account)
  const about = {
    ...{ kind: form, chainId: domain.chainId, registry: domain.registry, accounts },
    ...{ observedAt: block.timestamp, blockNumber: block.number },
  }
  const asked = { domain, signerSet }
  switch (form) {
    case 'single': {
      if (drafts.length !== 1) throw new InvalidInputError(`A single post has one record, got ${drafts.length}.`)
      const id = attestationDigest(first, domain)
      const signatures = await collect({ form, unsigned: first, ...asked })
      const data = encodeAttestation(await assembleAttestation(first, domain, signerSet, signatures))
      return { post: { id, data, ...about } }
    }
    case 'batch': {
      const unsigned = { batch: buildBatch(drafts).batch, ...binding }
      const id = batchDigest(unsigned, domain)
      const signatures = await collect({ form, unsigned, drafts: drafts.map(toDraft), ...asked })
      return { post: { id, data: encodeBatch(await assembleBatch(unsigned, domain, signerSet, signatures)), ...about } }
    }
    case 'root': {
      const tree = buildRoot(drafts)
      const unsigned = { root: tree.root, ...binding }
      const id = rootDigest(unsigned, domain)
      const signatures = await collect({ form, unsigned, drafts: drafts.map(toDraft), ...asked })
      const data = encodeRoot(await assembleRoot(unsigned, domain, signerSet, signatures))
      return { post: { id, data, ...about }, tree }
    }
  }
}

function toDraft({ record, blockNumber, portfolioRoot }: UnsignedAttestation): Draft {
  return { record, blockNumber, portfolioRoot }
}
