import type { Address, Client, Hash, LocalAccount } from 'viem'
import { attestationDigest } from '../attest/digest.ts'
import { encodeAttestation } from '../attest/record.ts'
import { assembleAttestation, signAttestation } from '../attest/sign.ts'
import type { MarginParameters } from '../core/parameters.ts'
import type { DiscoveryOptions } from '../discovery.ts'
import { draftAttestation, readSnapshot } from '../engine.ts'
import type { MarketSources } from '../market/source.ts'
import { readImprovement, readRegistry, requireRegistered } from '../registry.ts'
import type { CollectSignatures } from './cosign/collect.ts'
import { type PostDecision, type PostPolicy, shouldPost } from './policy.ts'
import type { SendCode, Sender } from './sender.ts'

/** What a round did for one account; `code` says why it would post or not, `send` what became of the post. */
export type KeeperEvent = {
  readonly code: PostDecision['code']
  readonly action: 'skipped' | 'would post' | 'sent' | 'not sent'
  /** Time of the block, Unix seconds. */
  readonly time: number
  readonly equity: bigint
  readonly initialMargin: bigint
  readonly maintenanceMargin: bigint
  readonly send?: SendCode
  readonly hash?: Hash
  readonly reason?: string
}

export type KeepAccountOptions = DiscoveryOptions & {
  readonly account: Address
  readonly blockNumber: bigint
  readonly signers: readonly LocalAccount[]
  /** Gets the signatures instead, of `signers` and of others. */
  readonly collect?: CollectSignatures
  /** Without a sender the round is dry: it decides and signs nothing. */
  readonly sender: Sender | undefined
  readonly policy: PostPolicy
  readonly validityCode: number
  readonly sources?: MarketSources | undefined
}

/**
 * One round for one account: read at a block, calculate, decide, and hand a post to the sender when the policy says so.
 *
 * @throws {ParametersMismatchError} when the registry commits to other parameters.
 * @throws whatever reading, calculating, signing and posting refuse.
 */
export async function keepAccount(
  client: Client,
  deployment: { readonly chainId: number; readonly registry: Address; readonly parameters: MarginParameters },
  options: KeepAccountOptions,
): Promise<KeeperEvent> {
  const { chainId, registry, parameters } = deployment
  const { account, blockNumber, signers, collect, sender, policy, validityCode, sources, ids, index } = options
  // The registry as it stands now: what an earlier round posted since this block must not be posted again.
  const state = await readRegistry(client, { registry, modelId: parameters.modelId, account })
  requireRegistered(state, parameters)
  const { snapshot } = await readSnapshot(client, { account, parameters, blockNumber, sources, ids, index })
  const { setId } = state.signerSet
  const improvement = await readImprovement(client, state, {
    registry,
    modelId: parameters.modelId,
    account,
    blockNumber,
  })
  const flags = { validityCode, confirmed: false }
  const { result, unsigned } = draftAttestation(snapshot, { parameters, setId, improvement, ...flags })
  const decision = shouldPost(policy, state.stored, unsigned.record, unsigned.record.observedAt)
  const { equity, initialMargin, maintenanceMargin } = result
  const { timestamp } = snapshot.portfolio.block
  const event = { code: decision.code, time: timestamp, equity, initialMargin, maintenanceMargin }
  if (!decision.post) return { ...event, action: 'skipped' }
  if (sender === undefined) return { ...event, action: 'would post' }

  const domain = { chainId, registry }
  const signatures = collect
    ? await collect({ form: 'single', domain, signerSet: state.signerSet, unsigned })
    : await Promise.all(signers.map((signer) => signAttestation(signer, unsigned, domain)))
  const attestation = await assembleAttestation(unsigned, domain, state.signerSet, signatures)
  const { code: send, ...outcome } = await sender.submit(
    {
      id: attestationDigest(unsigned, domain),
      kind: 'single',
      chainId,
      registry,
      accounts: [account],
      observedAt: timestamp,
      blockNumber,
      data: encodeAttestation(attestation),
    },
    { number: blockNumber, timestamp },
  )
  return { ...event, action: send === 'sent' ? 'sent' : 'not sent', send, ...outcome }
}
