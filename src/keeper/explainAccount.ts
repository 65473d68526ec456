import type { Address, Client } from 'viem'
import type { SignerSet } from '../attest/sign.ts'
import type { AttestationDomain, UnsignedAttestation } from '../attest/typedData.ts'
import { pinBlock } from '../chain/pinBlock.ts'
import type { MarginParameters } from '../core/parameters.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import type { DiscoveryOptions } from '../discovery.ts'
import { draftAttestation, readSnapshot } from '../engine.ts'
import type { MarketSources } from '../market/source.ts'
import { readRegistry, requireRegistered, type StoredRecord } from '../registry.ts'
import { explainPost, type PostExplanation, type PostPolicy } from './policy.ts'

export type ExplainAccountOptions = DiscoveryOptions & {
  readonly account: Address
  readonly policy: PostPolicy
  readonly validityCode: number
  readonly sources?: MarketSources | undefined
}

/** Why a keeper would or would not post an account at the newest block, and the record that it would sign. */
export type AccountExplanation = {
  readonly block: PinnedBlock
  readonly signerSet: SignerSet
  readonly stored: StoredRecord | null
  readonly unsigned: UnsignedAttestation
  readonly explanation: PostExplanation
}

/**
 * Reads and calculates an account at the newest block and asks the policy, as a keeper does that posts single records.
 *
 * @throws {ParametersMismatchError} when the registry commits to other parameters.
 * @throws whatever reading and calculating refuse.
 */
export async function explainAccount(
  client: Client,
  { chainId, registry, parameters }: AttestationDomain & { readonly parameters: MarginParameters },
  { account, policy, validityCode, sources, ids, index }: ExplainAccountOptions,
): Promise<AccountExplanation> {
  const block = await pinBlock(client, { chainId })
  const blockNumber = block.number
  const state = await readRegistry(client, { registry, modelId: parameters.modelId, account, blockNumber })
  requireRegistered(state, parameters)
  const { snapshot } = await readSnapshot(client, { account, parameters, blockNumber, sources, ids, index })
  const { signerSet, stored, bounds } = state
  const flags = { validityCode, confirmed: false }
  const improvement = { bounds, stored }
  const { unsigned } = draftAttestation(snapshot, { parameters, setId: signerSet.setId, improvement, ...flags })
  const explanation = explainPost(policy, stored, unsigned.record, block.timestamp)
  return { block, signerSet, stored, unsigned, explanation }
}
