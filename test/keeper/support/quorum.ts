import { type Client, createPublicClient, createWalletClient, custom, keccak256, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { deployRegistry } from '../../../scripts/deploy.ts'
import { type MarginParameters, parametersHash } from '../../../src/core/parameters.ts'
import { draftAttestation, readSnapshot } from '../../../src/engine.ts'
import { type Proposal, toProposal } from '../../../src/keeper/cosign/proposal.ts'
import { readImprovement, readRegistry } from '../../../src/registry.ts'

/** Keys of three keepers. */
export const signerKeys = [1, 2, 3].map((i) => keccak256(stringToHex(`co-signing test signer ${i}`)))
export const signers = signerKeys.map((key) => privateKeyToAccount(key))

/** A registry of two of these three signers on a running chain, for one parameter set. */
export async function deployQuorumRegistry(client: Client, deployer: `0x${string}`, parameters: MarginParameters) {
  const transport = custom({ request: (request) => client.request(request as never) })
  const { registry } = await deployRegistry({
    publicClient: createPublicClient({ transport, cacheTime: 0 }),
    walletClient: createWalletClient({ transport, account: deployer }),
    signers: signers.map(({ address }) => address),
    threshold: 2,
    models: [{ id: parameters.modelId, paramsHash: parametersHash(parameters), improvementBase: 2n ** 63n }],
  })
  return registry
}

/** What an honest proposer proposes for accounts at a block. */
export async function draftProposal(
  client: Client,
  ours: { readonly chainId: number; readonly registry: `0x${string}`; readonly parameters: MarginParameters },
  {
    form = 'single',
    accounts,
    blockNumber,
    validityCode = 6,
    rootMode = form === 'root',
  }: {
    readonly form?: Proposal['form']
    readonly accounts: readonly `0x${string}`[]
    readonly blockNumber: bigint
    readonly validityCode?: number
    readonly rootMode?: boolean
  },
): Promise<Proposal> {
  const { chainId, registry, parameters } = ours
  const { modelId } = parameters
  const state = await readRegistry(client, { registry, modelId, account: registry })
  const { setId } = state.signerSet
  const unsigned = []
  for (const account of accounts) {
    const { snapshot } = await readSnapshot(client, { account, parameters, blockNumber })
    const improvement = await readImprovement(client, state, { registry, modelId, account, blockNumber })
    const choices = { validityCode, confirmed: false, rootMode }
    unsigned.push(draftAttestation(snapshot, { parameters, setId, improvement, ...choices }).unsigned)
  }
  return toProposal(form, unsigned, { domain: { chainId, registry }, signerSet: state.signerSet })
}
