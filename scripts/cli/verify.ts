import { Command } from 'commander'
import { isHash } from 'viem'
import type { Leaf } from '../../src/attest/root.ts'
import { toJson } from '../../src/core/canonical.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { readPost } from '../../src/registry.ts'
import { decodeMessage } from '../../src/report/decodeMessage.ts'
import { formatQuoteUnits } from '../../src/report/money.ts'
import { formatTable } from '../../src/report/table.ts'
import {
  type ChainOptions,
  collect,
  type DiscoveryOption,
  discoveryOf,
  type MarketOption,
  openChain,
  sourcesOf,
  withChainOptions,
  withDiscoveryOption,
  withMarketOption,
} from './context.ts'
import { exitCodes, print } from './output.ts'
import { attestationText } from './post.ts'
import { type VerificationReport, verifyMessage } from './verification.ts'

type Options = ChainOptions & MarketOption & DiscoveryOption & { readonly leaf?: readonly string[] }

export const verifyCommand = withDiscoveryOption(withMarketOption(withChainOptions(new Command('verify'))))
  .description('recompute an attestation from the chain at its own block; exit code 3 when it differs or is not signed')
  .argument('<transaction|attestation>', 'hash of a post of any mode, its bytes as hex, or a file that holds them')
  .option('--leaf <leaf>', 'leaf of a root as hex or file, to recompute with it (repeat for more)', collect)
  .action(async (text: string, options: Options) => {
    const { deployment, client } = await openChain(options)
    const { registry } = deployment
    // A post was accepted under the signers of its own block; what is not posted yet must convince those of today.
    const { input, minedAt } = isHash(text)
      ? await readPost(client, { registry, hash: text })
      : { input: await attestationText(text), minedAt: undefined }
    const sources = await sourcesOf(options)
    const leaves = await Promise.all((options.leaf ?? []).map(readLeaf))
    const given = { deployment, sources, minedAt, leaves, ...discoveryOf(options) }
    const found = await verifyMessage(client, decodeMessage(input), given)
    const { kind, verification, differences, digest, records, context } = found
    const equal = differences.length === 0
    const { domain, block, paramsHash } = context
    const facts = { kind, equal, differences, digest, verification: toJson(verification), domain, block, paramsHash }
    print(options.json, { ...facts, records }, () => report(found))
    if (!equal || !verification.valid) process.exitCode = exitCodes.difference
  })

async function readLeaf(text: string): Promise<Leaf> {
  const message = decodeMessage(await attestationText(text))
  if (message.kind !== 'leaf') throw new InvalidInputError(`--leaf takes leaves of a root, got a ${message.kind}.`)
  return message.leaf
}

function report(found: VerificationReport): string {
  const { kind, verification, context, blockNumber, modelId, digest, records, differences } = found
  const { domain, signerSet, block, paramsHash } = context
  const { threshold, signers } = signerSet
  const of = `${threshold} of ${signers.length}`
  // Domain, block and parameters are on no wire: that they are the right ones is what the signatures show.
  const shown = verification.valid ? 'OK' : 'not shown by the signatures'
  const checks = [
    [
      'signatures',
      verification.valid
        ? `${of}, signed by ${verification.signers.join(', ')}`
        : `signatures are not good: ${JSON.stringify(toJson(verification.failure))}`,
      verification.valid ? 'OK' : 'WRONG',
    ],
    ['domain', `chain ${domain.chainId}, registry ${domain.registry}`, shown],
    ['block', `${blockNumber}, hash ${block.hash}, canonical`, shown],
    ['model', `${modelId}, parameters ${paramsHash} as registered`, shown],
    ['digest', digest, ''],
  ].map(([label = '', ...rest]) => `${label.padEnd(12)}${rest.join('  ')}`.trimEnd())
  return [
    `${kind} of ${subject(found)}`,
    ...checks,
    ...records.map((record) => recomputedLine(record, found)),
    ...difference(differences),
    verdict(found),
  ].join('\n')
}

function subject({ kind, records }: VerificationReport): string {
  const [only] = records
  if (kind === 'record' || kind === 'leaf') return only?.account ?? ''
  return kind === 'batch' ? `${records.length} accounts` : `a tree, ${records.length} of its leaves given`
}

function recomputedLine(record: VerificationReport['records'][number], { differences }: VerificationReport): string {
  const { account, equity, initialMargin, maintenanceMargin } = record
  const equal = differences.every((difference) => difference.account !== account)
  const values = `equity ${formatQuoteUnits(equity)}, initial ${formatQuoteUnits(initialMargin, 'up')}, maintenance ${formatQuoteUnits(maintenanceMargin, 'up')}`
  return `recomputed  ${account}: ${values}  ${equal ? 'equal to the last unit' : 'DIFFERS'}`
}

function difference(differences: VerificationReport['differences']): string[] {
  if (differences.length === 0) return []
  return [
    formatTable(
      [{ title: 'account' }, { title: 'field' }, { title: 'attested' }, { title: 'recomputed' }],
      differences.map(({ account, field, attested, recomputed }) => [account, field, attested, recomputed]),
    ),
  ]
}

function verdict({ kind, verification, differences, records }: VerificationReport): string {
  if (!verification.valid || differences.length > 0) return 'NOT VERIFIED.'
  if (kind === 'root' && records.length === 0) return 'SIGNED: no leaf was given, so no number was recomputed.'
  return 'VERIFIED: the numbers follow from chain state and the registered parameters.'
}
