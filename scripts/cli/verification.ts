import type { Address, Client, Hash, Hex } from 'viem'
import { type MarginBatch, rootsLeaf } from '../../src/attest/batch.ts'
import { batchDigest, rootDigest } from '../../src/attest/digest.ts'
import { merkleRoot } from '../../src/attest/merkle.ts'
import type { Attestation, MarginRecord } from '../../src/attest/record.ts'
import type { Leaf, MarginRoot } from '../../src/attest/root.ts'
import {
  type Verification,
  type VerificationContext,
  verifyAttestation,
  verifyBatch,
  verifyLeaf,
  verifyRoot,
} from '../../src/attest/verify.ts'
import type { Signatures } from '../../src/attest/wire.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import type { DiscoveryOptions } from '../../src/discovery.ts'
import { type Difference, recompute } from '../../src/engine.ts'
import type { MarketSources } from '../../src/market/source.ts'
import { type RegistryState, readImprovement, readRegistry, requireRegistered } from '../../src/registry.ts'
import { readRootOfLeaf } from '../../src/registryLogs.ts'
import type { DecodedMessage } from '../../src/report/decodeMessage.ts'
import type { Deployment } from './deployment.ts'

/** What was found out about a message. */
export type VerificationReport = {
  readonly kind: 'record' | 'batch' | 'root' | 'leaf'
  readonly verification: Verification
  readonly context: VerificationContext
  readonly blockNumber: bigint
  readonly modelId: number
  /** What its signers put their name to. */
  readonly digest: Hex
  /** Records that were recomputed; under a root those whose leaves were given. */
  readonly records: readonly MarginRecord[]
  readonly differences: readonly (Difference & { readonly account: Address })[]
}

/** What a verification needs beside the message. */
export type VerificationOptions = DiscoveryOptions & {
  readonly deployment: Deployment
  readonly sources: MarketSources | undefined
  /** Block that it was posted in; without it the message must convince the signers of today. */
  readonly minedAt: bigint | undefined
  /** Leaves of a root, to be recomputed with it. */
  readonly leaves: readonly Leaf[]
}

/**
 * Checks signatures, domain, block and model of a message of any kind, and recomputes its records from the chain.
 *
 * @throws {InvalidInputError} for what is no message that is signed.
 * @throws {ParametersMismatchError} when the registry expects other parameters than those at hand.
 * @throws whatever reading and recomputing refuse.
 */
export async function verifyMessage(
  client: Client,
  message: DecodedMessage,
  options: VerificationOptions,
): Promise<VerificationReport> {
  switch (message.kind) {
    case 'record':
      return verifyRecord(client, message.attestation, options)
    case 'batch':
      return verifyWholeBatch(client, message.batch, options)
    case 'root':
      return verifyWholeRoot(client, message.root, options)
    case 'leaf':
      return verifyUnderRoot(client, message.leaf, options)
    case 'pull':
      return verifyMessage(client, message.message, options)
    default:
      throw new InvalidInputError(`Nothing is signed in this: it is a ${message.kind}.`, {
        metaMessages: ['Give a post, or the bytes of one; `plimsoll decode` explains everything else.'],
      })
  }
}

async function verifyRecord(client: Client, attestation: Attestation, options: VerificationOptions) {
  const { record, blockNumber } = attestation
  const { context, recomputed } = await prepare(client, record, blockNumber, options)
  const { digest, differences } = await recomputed(attestation)
  const verification = await verifyAttestation(attestation, context)
  return report('record', { context, blockNumber, digest, verification, differences, records: [record] }, record)
}

async function verifyWholeBatch(client: Client, batch: MarginBatch & Signatures, options: VerificationOptions) {
  const { observedAt, modelId, flags, blockNumber, rootsRoot } = batch
  const records = batch.items.map((item) => ({ ...item, observedAt, modelId, flags }))
  const { context, recomputed } = await prepare(client, batch, blockNumber, options)
  const differences: (Difference & { account: Address })[] = []
  const leaves: Hash[] = []
  for (const record of records) {
    const own = await recomputed({ record, blockNumber })
    differences.push(...own.differences)
    leaves.push(rootsLeaf(record.account, own.portfolioRoot))
  }
  const root = merkleRoot(leaves)
  const [first] = records
  if (root !== rootsRoot && first) {
    differences.push({ account: first.account, field: 'rootsRoot', attested: rootsRoot, recomputed: root })
  }
  const digest = batchDigest({ batch, ...bindingOf(context) }, context.domain)
  const verification = await verifyBatch(batch, context)
  return report('batch', { context, blockNumber, digest, verification, differences, records }, batch)
}

async function verifyWholeRoot(client: Client, root: MarginRoot & Signatures, options: VerificationOptions) {
  const { blockNumber } = root
  const { context, recomputed } = await prepare(client, root, blockNumber, options)
  let verification = await verifyRoot(root, context)
  const differences: (Difference & { account: Address })[] = []
  for (const leaf of options.leaves) {
    const own = await verifyLeaf(leaf, root, context)
    if (verification.valid && !own.valid) verification = own
    const { record, portfolioRoot } = leaf
    differences.push(...(await recomputed({ record, blockNumber, portfolioRoot })).differences)
  }
  const digest = rootDigest({ root, ...bindingOf(context) }, context.domain)
  const records = options.leaves.map(({ record }) => record)
  return report('root', { context, blockNumber, digest, verification, differences, records }, root)
}

async function verifyUnderRoot(client: Client, leaf: Leaf, options: VerificationOptions) {
  const { registry, chainId } = options.deployment
  const before = options.minedAt ?? (await pinBlock(client, { chainId })).number
  const { root, minedAt } = await readRootOfLeaf(client, { leaf, registry, before })
  const { kind, ...rest } = await verifyWholeRoot(client, root, { ...options, minedAt, leaves: [leaf] })
  return { ...rest, kind: 'leaf' as const }
}

async function prepare(
  client: Client,
  { modelId, observedAt }: Pick<MarginRecord, 'modelId' | 'observedAt'>,
  blockNumber: bigint,
  { deployment, sources, minedAt, ids, index }: VerificationOptions,
) {
  const { registry, chainId, parameters } = deployment
  const at = minedAt === undefined ? {} : { blockNumber: minedAt }
  const state: RegistryState = await readRegistry(client, { registry, modelId, account: registry, ...at })
  requireRegistered(state, parameters)
  const { hash, timestamp } = await pinBlock(client, { chainId, blockNumber })
  const domain = { chainId, registry }
  const context: VerificationContext = {
    domain,
    signerSet: state.signerSet,
    block: { hash, timestamp },
    paramsHash: state.paramsHash,
    // What is posted was checked when it was mined; what is not must still be good now.
    time: minedAt === undefined ? (await pinBlock(client, { chainId })).timestamp : observedAt,
  }
  const recomputed = async (attestation: Parameters<typeof recompute>[1]['attestation']) => {
    const { account } = attestation.record
    const improvement = await readImprovement(client, state, { registry, modelId, account, blockNumber })
    const { setId } = state.signerSet
    const given = { parameters, sources, ids, index, setId, domain, improvement }
    const own = await recompute(client, { attestation, ...given })
    return { ...own, differences: own.differences.map((difference) => ({ account, ...difference })) }
  }
  return { context, recomputed }
}

function bindingOf({ block, paramsHash, signerSet }: VerificationContext) {
  return { blockHash: block.hash, paramsHash, setId: signerSet.setId }
}

function report<Kind extends VerificationReport['kind']>(
  kind: Kind,
  found: Omit<VerificationReport, 'kind' | 'modelId'>,
  { modelId }: Pick<MarginRecord, 'modelId'>,
) {
  return { kind, modelId, ...found }
}
