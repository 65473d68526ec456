import type { Client } from 'viem'
import { canonicalHash } from '../core/canonical.ts'
import type { Checkpoint, LogIndexEntry } from '../core/logIndex.ts'
import type { FoundLog, LogFilter } from '../core/logs.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import { RpcError } from './errors.ts'
import { readBlockHash, requireCanonical } from './pinBlock.ts'
import { type PlacedLog, readLogs } from './readLogs.ts'

/** Blocks behind the newest search at which a checkpoint is kept: a shorter reorganization costs no more than these. */
const reorganizationDepth = 64n

/** What is searched: whose logs, and the ids that they name. */
export type LogSearch = {
  readonly venue: string
  readonly account: LogIndexEntry['account']
  readonly filters: readonly LogFilter[]
  readonly toIds: (logs: readonly FoundLog[]) => readonly string[]
}

/** Ids up to the block, distinct and in ascending order, and the entry that the next search goes on from. */
export type LogSearchResult = { readonly ids: readonly string[]; readonly entry: LogIndexEntry }

/**
 * Finds the ids that logs up to a block name. What an entry of earlier searches covers is not searched again, as far as its
 * checkpoints are still part of the chain.
 *
 * @param onEntry - Told after every range but the last, so that a long search can go on after a failure.
 * @throws {ReorgedError} when the block leaves the chain meanwhile.
 * @throws {RpcError} when the node does not answer.
 */
export async function searchLogs(
  client: Client,
  search: LogSearch,
  {
    block,
    entry: earlier,
    onEntry = async () => {},
  }: {
    readonly block: PinnedBlock
    readonly entry?: LogIndexEntry | undefined
    readonly onEntry?: (entry: LogIndexEntry) => Promise<void>
  },
): Promise<LogSearchResult> {
  const { venue, account, filters, toIds } = search
  await requireCanonical(client, block)
  const hash = canonicalHash(filters)
  const start: LogIndexEntry = { venue, account, filters: hash, checkpoints: [], ids: [] }
  let entry = earlier?.filters === hash ? await withoutReorganized(client, earlier) : start
  const reached = entry.checkpoints.at(-1)
  const fromBlock = reached ? reached.number + 1n : firstBlock(filters, block.number)
  for await (const { toBlock, logs } of readLogs(client, filters, { fromBlock, toBlock: block.number })) {
    const { checkpoints } = entry
    const isLast = toBlock === block.number
    const passed = isLast ? await checkpointsBehind(client, checkpoints, toBlock) : checkpoints
    const next = isLast ? { number: toBlock, hash: block.hash } : await checkpointAt(client, toBlock)
    entry = { ...entry, checkpoints: [...passed.slice(-1), next], ids: withIdsOf(logs, entry.ids, toIds) }
    if (!isLast) await onEntry(entry)
  }
  await requireCanonical(client, block)
  return { ids: idsUpTo(block.number, entry), entry }
}

/** The part of an entry that is still about this chain. */
async function withoutReorganized(client: Client, entry: LogIndexEntry): Promise<LogIndexEntry> {
  for (const [index, { number, hash }] of [...entry.checkpoints.entries()].reverse()) {
    if ((await readBlockHash(client, number)) !== hash) continue
    return {
      ...entry,
      checkpoints: entry.checkpoints.slice(0, index + 1),
      ids: entry.ids.filter(({ block }) => block <= number),
    }
  }
  return { ...entry, checkpoints: [], ids: [] }
}

/** Checkpoints deep enough to outlast a reorganization, with a new one where the deepest is far behind. */
async function checkpointsBehind(
  client: Client,
  checkpoints: readonly Checkpoint[],
  reached: bigint,
): Promise<readonly Checkpoint[]> {
  const deep = reached - reorganizationDepth
  const kept = checkpoints.filter(({ number }) => number <= deep)
  const newest = kept.at(-1)?.number
  const isNear = newest !== undefined && deep - newest < reorganizationDepth
  return deep < 0n || isNear ? kept : [...kept, await checkpointAt(client, deep)]
}

async function checkpointAt(client: Client, number: bigint): Promise<Checkpoint> {
  const hash = await readBlockHash(client, number)
  if (hash !== undefined) return { number, hash }
  throw new RpcError({ request: `Reading block ${number}`, reason: 'the node has no such block' })
}

/** Where the earliest filter begins, at most the block itself. */
function firstBlock(filters: readonly LogFilter[], last: bigint): bigint {
  return filters.reduce((least, { fromBlock }) => (fromBlock < least ? fromBlock : least), last)
}

function withIdsOf(
  logs: readonly PlacedLog[],
  ids: LogIndexEntry['ids'],
  toIds: LogSearch['toIds'],
): LogIndexEntry['ids'] {
  const known = new Map(ids.map(({ id, block }) => [id, block]))
  for (const { block, ...log } of logs) {
    for (const id of toIds([log])) {
      const earlier = known.get(id)
      if (earlier === undefined || block < earlier) known.set(id, block)
    }
  }
  return [...known].map(([id, block]) => ({ id, block }))
}

function idsUpTo(last: bigint, { ids }: LogIndexEntry): readonly string[] {
  return ids
    .filter(({ block }) => block <= last)
    .map(({ id }) => id)
    .sort()
}
