import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, type Client, getAddress, type Hex, isAddressEqual, type LocalAccount } from 'viem'
import type { Draft } from '../../attest/batch.ts'
import { decodeFlags, decodeWord, type MarginRecord } from '../../attest/record.ts'
import type { SignerSet } from '../../attest/sign.ts'
import type { AttestationDomain, UnsignedAttestation } from '../../attest/typedData.ts'
import { pinBlock } from '../../chain/pinBlock.ts'
import { BaseError } from '../../core/errors.ts'
import { type MarginParameters, parametersHash } from '../../core/parameters.ts'
import type { PinnedBlock } from '../../core/portfolio.ts'
import type { DiscoveryOptions } from '../../discovery.ts'
import { draftAttestation } from '../../engine.ts'
import type { MarketSources } from '../../market/source.ts'
import { type ReadSnapshotsOptions, readSnapshots } from '../../readSnapshots.ts'
import { type RegistryRecords, readRecords } from '../../registryRecords.ts'
import { proposalDigest, signProposal, toProposal } from './proposal.ts'
import { type CosignAnswer, type CosignRequest, refuse } from './protocol.ts'
import type { SignedRecords } from './signedRecords.ts'

/** What a co-signer puts its name to at most. */
export type CosignPolicy = {
  /** Accounts that it signs for; `any` costs it reads only, since no number is believed. */
  readonly accounts: readonly Address[] | 'any'
  /** Longest validity, 15 s · 2^code. */
  readonly validityCode: number
  /** Seconds that a block may lie behind its own newest one. */
  readonly maximumAge: number
  /** Blocks on top of one that a record may call confirmed. */
  readonly confirmations: bigint
  /** Milliseconds that it waits for a block that its nodes do not have yet. */
  readonly patience: number
}

export const defaultCosignPolicy: CosignPolicy = {
  accounts: [],
  validityCode: 6,
  maximumAge: 120,
  confirmations: 64n,
  patience: 3_000,
}

export type JudgeOptions = Pick<DiscoveryOptions, 'index'> &
  Pick<ReadSnapshotsOptions, 'idsOf'> & {
    /** Reads over the co-signer's own nodes. */
    readonly client: Client
    readonly domain: AttestationDomain
    readonly parameters: MarginParameters
    readonly signer: LocalAccount
    readonly signed: SignedRecords
    readonly policy: CosignPolicy
    /** For every request, since a file may change. */
    readonly sources?: (() => Promise<MarketSources | undefined>) | undefined
  }

/** Signs what a proposer asks for, or says why not. */
export type Judge = (request: CosignRequest, proposer: Address) => Promise<CosignAnswer>

/** How often a block that is not there yet is asked for, in milliseconds. */
const patienceStep = 100

/**
 * A judge that reads the block itself, computes every record itself and signs nothing that is not equal to the last unit. What
 * it takes over from the proposer are its choices (accounts, block, validity, form), each within the policy.
 */
export function createJudge(options: JudgeOptions): Judge {
  const { client, domain, parameters, signer, signed, policy, index, idsOf, sources } = options
  const { registry, chainId } = domain
  const { modelId } = parameters
  const paramsHash = parametersHash(parameters)
  const known = policy.accounts === 'any' ? undefined : new Set(policy.accounts.map((account) => getAddress(account)))

  /** What needs no chain. */
  function refusalOf({ form, records, ...request }: CosignRequest): CosignAnswer | undefined {
    if (request.chainId !== chainId) return refuse('other-chain')
    if (!isAddressEqual(request.registry, registry)) return refuse('other-registry')
    if (request.paramsHash !== paramsHash) return refuse('other-parameters')
    if (form === 'single' && records.length !== 1) return refuse('malformed')
    if (new Set(records.map(({ account }) => account)).size !== records.length) return refuse('malformed')
    for (const { account, word } of records) {
      if (known?.has(account) === false) return refuse('unknown-account', { account })
      const record = decodeWord(word)
      if (record.modelId !== modelId) return refuse('other-parameters', { account })
      const { validityCode, rootMode, enforceable } = decodeFlags(record.flags)
      if (validityCode > policy.validityCode) return refuse('validity', { account })
      // Outside of a root, too: where roots are in use, a record that is stored must not outlive them.
      if (enforceable || (form === 'root' && !rootMode)) return refuse('unsupported', { account })
    }
    return undefined
  }

  /** The newest block of the own nodes, which may be some moments behind those of the proposer. */
  async function waitFor(blockNumber: bigint): Promise<PinnedBlock> {
    const end = Date.now() + policy.patience
    for (;;) {
      const head = await pinBlock(client, { chainId })
      if (head.number >= blockNumber || Date.now() >= end) return head
      await sleep(patienceStep)
    }
  }

  async function blockOf(
    { blockNumber, blockHash, records }: CosignRequest,
    head: PinnedBlock,
  ): Promise<CosignAnswer | PinnedBlock> {
    if (blockNumber > head.number) return refuse('unknown-block')
    const block = await pinBlock(client, { chainId, blockNumber })
    if (block.hash !== blockHash) return refuse('not-canonical')
    if (head.timestamp - block.timestamp > policy.maximumAge) return refuse('too-old')
    const isConfirmed = head.number - blockNumber >= policy.confirmations
    const unconfirmed = records.find(({ word }) => decodeFlags(decodeWord(word).flags).confirmed && !isConfirmed)
    return unconfirmed === undefined ? block : refuse('unconfirmed', { account: unconfirmed.account })
  }

  function registryRefusal(
    { setId, form, records }: CosignRequest,
    newest: RegistryRecords,
    proposer: Address,
  ): CosignAnswer | undefined {
    const { signerSet, stored, newestRootAt } = newest
    if (newest.isPostingPaused) return refuse('paused')
    if (newest.retired || newest.paramsHash !== paramsHash) return refuse('other-parameters')
    if (signerSet.setId !== setId) return refuse('other-set')
    if (!isMember(signerSet, signer.address)) return refuse('not-a-signer')
    if (!isMember(signerSet, proposer)) return refuse('proposer-not-a-signer')
    // The registry skips what is older in a batch and stores the rest.
    const isNewer = records.some(({ account, word }) => {
      const before = form === 'root' ? newestRootAt : (stored.get(account)?.observedAt ?? -1)
      return decodeWord(word).observedAt > before
    })
    return isNewer ? undefined : refuse('not-newer')
  }

  const recordsAt = (block: PinnedBlock, accounts: readonly Address[]) =>
    readRecords(client, block, { registry, modelId, accounts })

  /** The records as this co-signer computes them, or what stands against it. */
  async function draftAll(
    { blockNumber, records, setId }: CosignRequest,
    block: PinnedBlock,
  ): Promise<readonly UnsignedAttestation[] | CosignAnswer> {
    const accounts = records.map(({ account }) => account)
    const reading = { accounts, parameters, blockNumber, index, sources: await sources?.(), ...(idsOf && { idsOf }) }
    const [read, { bounds, stored }] = await Promise.all([readSnapshots(client, reading), recordsAt(block, accounts)])
    if (read.block.hash !== block.hash) return refuse('not-canonical')
    const drafts: UnsignedAttestation[] = []
    for (const [i, outcome] of read.readings.entries()) {
      const { account } = outcome
      if ('refusal' in outcome) return refuse('unreadable', { account, error: outcome.refusal.name })
      const { validityCode, confirmed, rootMode } = decodeFlags(decodeWord(records[i]?.word as Hex).flags)
      const improvement = { bounds, stored: stored.get(account) ?? null }
      const choices = { validityCode, confirmed, rootMode }
      try {
        drafts.push(draftAttestation(outcome.snapshot, { parameters, setId, improvement, ...choices }).unsigned)
      } catch (error) {
        if (!(error instanceof BaseError)) throw error
        return refuse('unreadable', { account, error: error.name })
      }
    }
    return drafts
  }

  return async (request, proposer) => {
    const outright = refusalOf(request)
    if (outright) return outright
    try {
      const head = await waitFor(request.blockNumber)
      const accounts = request.records.map(({ account }) => account)
      const newest = await recordsAt(head, accounts)
      const refusal = registryRefusal(request, newest, proposer)
      if (refusal) return refusal
      const block = await blockOf(request, head)
      if ('code' in block) return block
      const drafts = await draftAll(request, block)
      if ('code' in drafts) return drafts
      const difference = differenceOf(request, drafts)
      if (difference) return difference
      const proposal = toProposal(request.form, drafts, { domain, signerSet: newest.signerSet })
      const digest = proposalDigest(proposal)
      if (digest !== request.digest) {
        return { code: 'differs', field: 'digest', proposed: request.digest, recomputed: digest }
      }
      const account = signed.claim(signer.address, { ...domain, number: block.number, hash: block.hash }, drafts)
      if (account !== undefined) return refuse('already-signed', { account })
      return { code: 'signed', signature: await signProposal(signer, proposal) }
    } catch (error) {
      return refuse('unreadable', error instanceof BaseError ? { error: error.name } : {})
    }
  }
}

/** The first field of the first record in which the proposal is another than the own computation. */
function differenceOf({ records }: CosignRequest, drafts: readonly Draft[]): CosignAnswer | undefined {
  for (const [i, { record, portfolioRoot }] of drafts.entries()) {
    const { account, word, portfolioRoot: proposedRoot } = records[i] as CosignRequest['records'][number]
    const proposed = decodeWord(word)
    for (const field of Object.keys(proposed) as (keyof typeof proposed)[]) {
      if (proposed[field] !== record[field]) return toDifference(account, field, proposed[field], record[field])
    }
    if (proposedRoot !== portfolioRoot) return toDifference(account, 'portfolioRoot', proposedRoot, portfolioRoot)
  }
  return undefined
}

function toDifference(
  account: Address,
  field: keyof MarginRecord | 'portfolioRoot',
  proposed: unknown,
  recomputed: unknown,
): CosignAnswer {
  return { code: 'differs', account, field, proposed: `${proposed}`, recomputed: `${recomputed}` }
}

function isMember({ signers }: SignerSet, address: Address): boolean {
  return signers.some((signer) => isAddressEqual(signer, address))
}
