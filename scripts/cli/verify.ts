import { Command } from 'commander'
import { type Hex, isHash } from 'viem'
import { type Attestation, decodeAttestation } from '../../src/attest/record.ts'
import { verifyAttestation } from '../../src/attest/verify.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { toJson } from '../../src/core/canonical.ts'
import { recompute } from '../../src/engine.ts'
import { readImprovement, readPostedAttestation, readRegistry, requireRegistered } from '../../src/registry.ts'
import { formatTable } from '../../src/report/table.ts'
import {
  type ChainOptions,
  type MarketOption,
  openChain,
  sourcesOf,
  withChainOptions,
  withMarketOption,
} from './context.ts'
import { exitCodes, print } from './output.ts'
import { attestationText } from './post.ts'

export const verifyCommand = withMarketOption(withChainOptions(new Command('verify')))
  .description('recompute an attestation from the chain at its own block; exit code 3 when it differs or is not signed')
  .argument('<transaction|attestation>', 'hash of a post, the attestation as hex, or a file that holds it')
  .action(async (text: string, options: ChainOptions & MarketOption) => {
    const { deployment, client } = await openChain(options)
    const { registry, chainId, parameters } = deployment
    // A post was accepted under the signers of its own block; what is not posted yet must convince those of today.
    const { attestation, minedAt } = isHash(text)
      ? await readPostedAttestation(client, { registry, hash: text })
      : { attestation: decodeAttestation(await attestationText(text)), minedAt: undefined }
    const { account, modelId, observedAt } = attestation.record
    const at = minedAt === undefined ? {} : { blockNumber: minedAt }
    const state = await readRegistry(client, { registry, modelId, account, ...at })
    requireRegistered(state, parameters)
    const domain = { chainId, registry }
    const { result, digest, differences } = await recompute(client, {
      attestation,
      parameters,
      sources: await sourcesOf(options),
      setId: state.signerSet.setId,
      domain,
      improvement: await readImprovement(client, state, {
        registry,
        modelId,
        account,
        blockNumber: attestation.blockNumber,
      }),
    })
    const verification = await verifyAttestation(attestation, {
      domain,
      signerSet: state.signerSet,
      block: result.block,
      paramsHash: state.paramsHash,
      // What is posted was checked when it was mined; what is not must still be good now.
      time: minedAt === undefined ? (await pinBlock(client, { chainId })).timestamp : observedAt,
    })
    const equal = differences.length === 0
    print(
      options.json,
      { equal, differences, digest, verification: toJson(verification), record: attestation.record },
      () => report(attestation, { equal, differences, digest, signatures: describe(verification) }),
    )
    if (!equal || !verification.valid) process.exitCode = exitCodes.difference
  })

function describe(verification: Awaited<ReturnType<typeof verifyAttestation>>): string {
  return verification.valid
    ? `signed by ${verification.signers.join(', ')}`
    : `signatures are not good: ${JSON.stringify(verification.failure)}`
}

function report(
  { record, blockNumber }: Attestation,
  outcome: {
    readonly equal: boolean
    readonly differences: readonly { field: string; attested: string; recomputed: string }[]
    readonly digest: Hex
    readonly signatures: string
  },
): string {
  const { equal, differences, digest, signatures } = outcome
  const head = `${record.account} at block ${blockNumber}: ${equal ? 'equal to the last unit' : 'DIFFERS'}`
  const rows = differences.map(({ field, attested, recomputed }) => [field, attested, recomputed])
  const table = formatTable([{ title: 'field' }, { title: 'attested' }, { title: 'recomputed' }], rows)
  return [head, ...(equal ? [] : [table]), `digest ${digest}`, signatures].join('\n')
}
