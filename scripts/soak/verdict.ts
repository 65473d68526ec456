import type { Address, Hash, Hex } from 'viem'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { batchTag, decodeBatch } from '../../src/attest/batch.ts'
import { attestationDigest, batchDigest } from '../../src/attest/digest.ts'
import { signerFromKey } from '../../src/attest/keystore.ts'
import { decodeAttestation } from '../../src/attest/record.ts'
import { memoryLogIndex } from '../../src/core/logIndex.ts'
import { type MarginParameters, parametersHash } from '../../src/core/parameters.ts'
import { type Journal, openJournal } from '../../src/keeper/sending/journal.ts'
import { readSnapshots } from '../../src/readSnapshots.ts'
import { readRecords } from '../../src/registryRecords.ts'
import { calculateMargin } from '../../src/risk/plimsoll/calculateMargin.ts'
import type { DevnetChain } from '../devnet/chain.ts'
import type { DevnetDeployment } from '../devnet/deployment.ts'
import { devnetPayerKey } from '../devnet/plimsoll.ts'
import { dailyCap, promisedDelay } from './terms.ts'

/** What the chain and the journal say about a keeper. */
export type SoakVerdict = {
  /** What it promised and did not keep. */
  readonly failures: readonly string[]
  readonly blocks: number
  readonly transactions: number
  readonly posts: number
  /** Posts that paid for nothing because a reorganization took the block that they bind. */
  readonly voidPosts: number
  readonly breaches: number
  /** Longest that a usable record hid a breach of maintenance, and how long it may, seconds of chain time. */
  readonly longestBreach: number
  readonly promisedDelay: number
  /** Wei. */
  readonly spent: bigint
  readonly cap: bigint
}

export type VerdictOptions = {
  readonly client: DevnetChain['client']
  readonly registry: Address
  readonly parameters: MarginParameters
  readonly chainId: number
  readonly journal: string
  readonly firstBlock: bigint
  /** Blocks at which margins are held against records. */
  readonly checked: readonly bigint[]
  readonly deployment: DevnetDeployment
  readonly accounts: readonly (keyof DevnetDeployment['accounts'])[]
  readonly say: (text: string) => void
}

type Transaction = {
  readonly hash: Hash
  readonly to: Address | null
  readonly input: Hex
  readonly block: bigint
  readonly gasUsed: bigint
  readonly fee: bigint
  readonly isSuccess: boolean
  readonly logs: number
}

const payer = signerFromKey(devnetPayerKey).address

/** Holds the chain, as it is in the end, against what a keeper promises, and against its journal. */
export async function verdictOf(options: VerdictOptions): Promise<SoakVerdict> {
  const journal = openJournal(options.journal)
  try {
    return await judge(options, journal)
  } finally {
    journal.close()
  }
}

async function judge(options: VerdictOptions, journal: Journal): Promise<SoakVerdict> {
  const transactions = await paidTransactions(options)
  const posts = transactions.filter(({ to }) => to?.toLowerCase() === options.registry.toLowerCase())
  const isVoid = await Promise.all(posts.map((post) => lostItsBlock(options, journal, post)))
  const others = posts.filter((_, index) => !isVoid[index])
  const breaches = await breachesOf(options)
  const spent = transactions.reduce((total, { fee }) => total + fee, 0n)
  const failures = [
    ...doublePosts(others),
    ...breaches
      .filter(({ seconds }) => seconds > promisedDelay)
      .map(({ name, seconds, block }) => {
        return `a breach of ${name} at block ${block} was not posted for ${seconds} s`
      }),
    ...(spent > dailyCap ? [`${spent} wei were spent, the cap is ${dailyCap}`] : []),
    ...journalGaps(options, journal, transactions),
  ]
  const last = await options.client.getBlockNumber()
  return {
    failures,
    blocks: Number(last - options.firstBlock),
    transactions: transactions.length,
    posts: posts.length,
    voidPosts: posts.length - others.length,
    breaches: breaches.length,
    longestBreach: Math.max(0, ...breaches.map(({ seconds }) => seconds)),
    promisedDelay,
    ...{ spent, cap: dailyCap },
  }
}

/**
 * True of a post without effect that was signed for a block which is no longer in the chain: its digest is not the one that its
 * contents have with the block of that number. No keeper can help it, once the post is out.
 */
async function lostItsBlock(
  { client, registry, chainId, parameters }: VerdictOptions,
  journal: Journal,
  { hash, input, isSuccess, logs }: Transaction,
): Promise<boolean> {
  if (isSuccess && logs > 0) return false
  const signed = journal.minedSince(chainId, payer, 0n).find((attempt) => attempt.hash === hash)?.postId
  if (signed == null) return false
  const post = isBatch(input) ? decodeBatch(input) : decodeAttestation(input)
  const { hash: blockHash } = await client.getBlock({ blockNumber: post.blockNumber })
  const [setId] = await client.readContract({ address: registry, abi: marginRegistryAbi, functionName: 'signerSet' })
  const binding = { blockHash, setId, paramsHash: parametersHash(parameters) }
  const domain = { chainId, registry }
  const digest =
    'items' in post
      ? batchDigest({ batch: post, ...binding }, domain)
      : attestationDigest({ ...post, ...binding }, domain)
  return digest !== signed
}

/** Everything that the payer has in the chain, in its order. */
async function paidTransactions({ client, firstBlock }: VerdictOptions): Promise<readonly Transaction[]> {
  const found: Transaction[] = []
  for (let number = firstBlock + 1n; number <= (await client.getBlockNumber()); number++) {
    const { transactions } = await client.getBlock({ blockNumber: number, includeTransactions: true })
    for (const { hash, from, to, input } of transactions) {
      if (from.toLowerCase() !== payer.toLowerCase()) continue
      const { gasUsed, effectiveGasPrice, status, logs } = await client.getTransactionReceipt({ hash })
      const paid = { gasUsed, fee: gasUsed * effectiveGasPrice, isSuccess: status === 'success', logs: logs.length }
      found.push({ hash, to, input, block: number, ...paid })
    }
  }
  return found
}

/** The same record twice, or a transaction that paid for nothing. */
function doublePosts(posts: readonly Transaction[]): readonly string[] {
  const seen = new Map<string, Hash>()
  return posts.flatMap(({ hash, input, isSuccess, logs }) => {
    const useless = isSuccess && logs > 0 ? [] : [`transaction ${hash} posted nothing`]
    const twice = recordsIn(input).flatMap((record) => {
      const before = seen.get(record)
      seen.set(record, hash)
      return before === undefined ? [] : [`${record} was posted by ${before} and by ${hash}`]
    })
    return [...useless, ...twice]
  })
}

const isBatch = (input: Hex) => input.startsWith(batchTag)

function recordsIn(input: Hex): readonly string[] {
  if (isBatch(input)) {
    const { items, observedAt } = decodeBatch(input)
    return items.map(({ account }) => `${account} at ${observedAt}`)
  }
  const { record } = decodeAttestation(input)
  return [`${record.account} at ${record.observedAt}`]
}

/** Stretches of blocks in which an account was below maintenance and a usable record said that it was not. */
async function breachesOf({ client, registry, parameters, checked, deployment, accounts, say }: VerdictOptions) {
  const names = new Map(accounts.map((name) => [deployment.accounts[name], name] as const))
  const since = new Map<Address, { readonly at: number; readonly block: bigint }>()
  const breaches: { readonly name: string; readonly seconds: number; readonly block: bigint }[] = []
  const index = memoryLogIndex()
  const head = await client.getBlockNumber()
  // A reorganization may have taken back some, and put other blocks in their place.
  const numbers = [...new Set(checked)].filter((number) => number <= head).sort((a, b) => (a < b ? -1 : 1))
  for (const [done, blockNumber] of numbers.entries()) {
    if (done % 100 === 0) say(`checking block ${done} of ${numbers.length}`)
    const asked = { accounts: [...names.keys()], parameters, blockNumber, index }
    const { block, readings } = await readSnapshots(client, asked)
    const { stored } = await readRecords(client, block, {
      registry,
      modelId: parameters.modelId,
      accounts: [...names.keys()],
    })
    for (const reading of readings) {
      const { account } = reading
      const record = stored.get(account)
      const isHidden =
        'snapshot' in reading &&
        record?.isUsable === true &&
        record.equity >= record.maintenanceMargin &&
        isBreach(calculateMargin({ ...reading.snapshot, parameters }))
      const began = since.get(account)
      if (isHidden && began === undefined) since.set(account, { at: block.timestamp, block: blockNumber })
      if (isHidden || began === undefined) continue
      since.delete(account)
      breaches.push({ name: names.get(account) ?? account, seconds: block.timestamp - began.at, block: began.block })
    }
  }
  const { timestamp } = await client.getBlock()
  for (const [account, { at, block }] of since) {
    breaches.push({ name: names.get(account) ?? account, seconds: Number(timestamp) - at, block })
  }
  return breaches
}

function isBreach({ equity, maintenanceMargin }: { readonly equity: bigint; readonly maintenanceMargin: bigint }) {
  return equity < maintenanceMargin
}

/** What is in the chain and not in the journal as it is, and the other way round. */
function journalGaps(
  { chainId }: VerdictOptions,
  journal: Journal,
  transactions: readonly Transaction[],
): readonly string[] {
  const mined = new Map(journal.minedSince(chainId, payer, 0n).map((attempt) => [attempt.hash, attempt]))
  const gaps = transactions.flatMap(({ hash, block, gasUsed, fee }) => {
    const attempt = mined.get(hash)
    if (attempt === undefined) return [`transaction ${hash} is in the chain and not in the journal`]
    mined.delete(hash)
    const isSame = attempt.minedIn === block && attempt.gasUsed === gasUsed && attempt.fee === fee
    return isSame ? [] : [`the journal has transaction ${hash} in block ${attempt.minedIn}, the chain in ${block}`]
  })
  const spent = journal.spentSince(chainId, payer, 0)
  const paid = transactions.reduce((total, { fee }) => total + fee, 0n)
  return [
    ...gaps,
    ...[...mined.keys()].map((hash) => `transaction ${hash} is in the journal and not in the chain`),
    ...(spent === paid ? [] : [`the journal says that ${spent} wei were spent, the chain ${paid}`]),
  ]
}
