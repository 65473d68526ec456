import { Command } from 'commander'
import type { Address, Client, LocalAccount } from 'viem'
import { attestationDigest } from '../../src/attest/digest.ts'
import { encodeAttestation } from '../../src/attest/record.ts'
import { assembleAttestation, signAttestation } from '../../src/attest/sign.ts'
import type { DiscoveryOptions } from '../../src/discovery.ts'
import { draftAttestation, readSnapshot } from '../../src/engine.ts'
import type { MarketSources } from '../../src/market/source.ts'
import { readImprovement, readRegistry, requireRegistered } from '../../src/registry.ts'
import { formatQuoteUnits } from '../../src/report/money.ts'
import {
  type ChainOptions,
  type DiscoveryOption,
  discoveryOf,
  type MarketOption,
  openChain,
  sourcesOf,
  toAccount,
  toInteger,
  withChainOptions,
  withDiscoveryOption,
  withMarketOption,
} from './context.ts'
import { type Deployment, writeTextFile } from './deployment.ts'
import { print } from './output.ts'
import { loadSigners, type SignerOptions, withSignerOptions } from './signers.ts'

type Options = ChainOptions &
  MarketOption &
  DiscoveryOption &
  SignerOptions & { readonly block?: string; readonly validity: string; readonly out?: string }

export const attestCommand = withSignerOptions(
  withDiscoveryOption(withMarketOption(withChainOptions(new Command('attest')))),
)
  .description('read an account, calculate its margin and sign it')
  .argument('<account>', 'address, or name in the deployment')
  .option('--block <number>', 'block to bind to, the newest by default')
  .option('--validity <code>', 'longest validity, 15 s times 2 to this power', '6')
  .option('--out <file>', 'write the attestation here as hex')
  .action(async (account: string, options: Options) => {
    const { deployment, client } = await openChain(options)
    const { result, digest, wire } = await attest(client, deployment, {
      account: toAccount(account, deployment),
      validityCode: toInteger(options.validity, '--validity'),
      signers: await loadSigners(options, deployment),
      sources: await sourcesOf(options),
      ...discoveryOf(options),
      ...(options.block === undefined ? {} : { blockNumber: BigInt(toInteger(options.block, '--block')) }),
    })
    if (options.out !== undefined) await writeTextFile(options.out, `${wire}\n`)
    const { initialMargin, maintenanceMargin, equity, freeEquity } = result
    print(
      options.json,
      {
        account: result.account,
        block: result.block,
        initialMargin,
        maintenanceMargin,
        equity,
        digest,
        attestation: wire,
      },
      () =>
        [
          `${result.account} at block ${result.block.number}`,
          `equity ${formatQuoteUnits(equity)}, initial ${formatQuoteUnits(initialMargin, 'up')}, maintenance ${formatQuoteUnits(maintenanceMargin, 'up')}, free ${formatQuoteUnits(freeEquity)}`,
          `digest ${digest}`,
          wire,
        ].join('\n'),
    )
  })

/**
 * Reads, calculates, signs and assembles.
 *
 * @throws {ParametersMismatchError} when the registry expects another parameter set; nothing is signed then.
 * @throws {QuorumError} when the signers are not enough or not of the registry's set.
 */
export async function attest(
  client: Client,
  { registry, chainId, parameters }: Pick<Deployment, 'registry' | 'chainId' | 'parameters'>,
  options: DiscoveryOptions & {
    readonly account: Address
    readonly validityCode: number
    readonly signers: readonly LocalAccount[]
    readonly blockNumber?: bigint
    readonly sources?: MarketSources | undefined
  },
) {
  const { account, validityCode, signers, blockNumber, sources, ids, index } = options
  const { snapshot } = await readSnapshot(client, {
    account,
    parameters,
    sources,
    ids,
    index,
    ...(blockNumber === undefined ? {} : { blockNumber }),
  })
  const state = await readRegistry(client, { registry, modelId: parameters.modelId, account })
  requireRegistered(state, parameters)
  const set = state.signerSet
  const domain = { chainId, registry }
  const { result, unsigned } = draftAttestation(snapshot, {
    parameters,
    setId: set.setId,
    improvement: await readImprovement(client, state, {
      registry,
      modelId: parameters.modelId,
      account,
      blockNumber: snapshot.portfolio.block.number,
    }),
    validityCode,
    confirmed: false,
  })
  const signatures = await Promise.all(signers.map((signer) => signAttestation(signer, unsigned, domain)))
  const attestation = await assembleAttestation(unsigned, domain, set, signatures)
  return {
    result,
    snapshot,
    attestation,
    digest: attestationDigest(unsigned, domain),
    wire: encodeAttestation(attestation),
  }
}
