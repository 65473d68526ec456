import type { Address, Client, Hash } from 'viem'
import { canonicalHash } from '../core/canonical.ts'
import type { Checkpoint, LogIndexEntry } from '../core/logIndex.ts'
import type { ArgumentValue, FoundLog, LogFilter } from '../core/logs.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import { RpcError } from './errors.ts'
import { readBlockHash, requireCanonical } from './pinBlock.ts'
import { type PlacedLog, readLogs } from './readLogs.ts'

/** Blocks behind the newest search at which a checkpoint is kept: a shorter reorganization costs no more than these. */
const reorganizationDepth = 64n

/** Whose logs are searched and the ids that they name, on from the entry of an earlier search if there is one. */
export type LogSearch = {
  readonly venue: string
  readonly account: LogIndexEntry['account']
  readonly filters: readonly LogFilter[]
  readonly toIds: (logs: readonly FoundLog[]) => readonly string[]
  readonly entry?: LogIndexEntry | undefined
}

/** Ids up to the block, distinct and in ascending order, and the entry that the next search goes on from. */
export type LogSearchResult = { readonly ids: readonly string[]; readonly entry: LogIndexEntry }

/** Searches that share a request: nodes refuse a thousand alternatives of one topic. */
const perRequest = 250

/**
 * Finds the ids that logs up to a block name, for many accounts in the requests of a few. What an entry of earlier searches
 * covers is not searched again, as far as its checkpoints are still part of the chain.
 *
 * @param onEntries - Told after every range but the last, so that a long search can go on after a failure.
 * @returns what was found, in the order of the searches.
 * @throws {ReorgedError} when the block leaves the chain meanwhile.
 * @throws {RpcError} when the node does not answer.
 */
export async function searchLogs(
  client: Client,
  searches: readonly LogSearch[],
  {
    block,
    onEntries = async () => {},
  }: {
    readonly block: PinnedBlock
    readonly onEntries?: (entries: readonly LogIndexEntry[]) => Promise<void>
  },
): Promise<readonly LogSearchResult[]> {
  if (searches.length === 0) return []
  const chain = hashReader(client)
  const running: Running[] = []
  try {
    for (const search of searches) running.push({ search, entry: await entryToGoOnFrom(chain, search) })
    for (const together of inRequests(running, block.number)) await searchOn(client, chain, together, block, onEntries)
  } catch (error) {
    // Of a block that is gone a node may say anything.
    await requireCanonical(client, block)
    throw error
  }
  await requireCanonical(client, block)
  return running.map(({ entry }) => ({ ids: idsUpTo(block.number, entry), entry }))
}

type Running = { readonly search: LogSearch; entry: LogIndexEntry }

/** Reads each hash once: what many entries have in common is asked once. */
type HashReader = (number: bigint) => Promise<Hash | undefined>

function hashReader(client: Client): HashReader {
  const known = new Map<bigint, Promise<Hash | undefined>>()
  return (number) => {
    const hash = known.get(number) ?? readBlockHash(client, number)
    known.set(number, hash)
    return hash
  }
}

async function entryToGoOnFrom(chain: HashReader, search: LogSearch): Promise<LogIndexEntry> {
  const { venue, account, filters, entry } = search
  const hash = canonicalHash(filters)
  if (entry?.filters === hash) return withoutReorganized(chain, entry)
  return { venue, account, filters: hash, checkpoints: [], ids: [] }
}

/** Searches that begin at one block, as many together as fit a request. */
function inRequests(running: readonly Running[], last: bigint): readonly (readonly Running[])[] {
  const byStart = new Map<bigint, Running[]>()
  for (const each of running) {
    const start = startOf(each, last)
    byStart.set(start, [...(byStart.get(start) ?? []), each])
  }
  return [...byStart.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / perRequest) }, (_, part) =>
      all.slice(part * perRequest, (part + 1) * perRequest),
    ),
  )
}

function startOf({ search: { filters }, entry }: Running, last: bigint): bigint {
  const reached = entry.checkpoints.at(-1)
  return reached ? reached.number + 1n : firstBlock(filters, last)
}

async function searchOn(
  client: Client,
  chain: HashReader,
  together: readonly Running[],
  block: PinnedBlock,
  onEntries: (entries: readonly LogIndexEntry[]) => Promise<void>,
): Promise<void> {
  const { filters, attribute } = mergeFilters(together)
  const fromBlock = startOf(together[0] as Running, block.number)
  for await (const { toBlock, logs } of readLogs(client, filters, { fromBlock, toBlock: block.number })) {
    const isLast = toBlock === block.number
    const found = attribute(logs)
    const next = isLast ? { number: toBlock, hash: block.hash } : await checkpointAt(chain, toBlock)
    for (const each of together) {
      const { search, entry } = each
      const passed = isLast ? await checkpointsBehind(chain, entry.checkpoints, toBlock) : entry.checkpoints
      const ids = withIdsOf(found.get(each) ?? [], entry.ids, search.toIds)
      each.entry = { ...entry, checkpoints: [...passed.slice(-1), next], ids }
    }
    if (!isLast) await onEntries(together.map(({ entry }) => entry))
  }
}

/**
 * One filter for all that differ in the values of their arguments alone, and whose logs are whose. Alternatives of several
 * arguments combine to logs of nobody, which are dropped.
 */
function mergeFilters(together: readonly Running[]) {
  const merged = new Map<string, LogFilter & { readonly args: Record<string, ArgumentValue[]> }>()
  const owners = new Map<string, Running[]>()
  for (const each of together) {
    for (const { address, event, args = {}, fromBlock } of each.search.filters) {
      const names = Object.keys(args)
      const kind = `${eventKey(address, event.name)} ${JSON.stringify(event.inputs)} ${names.join()} ${fromBlock}`
      const filter = merged.get(kind) ?? { address, event, args: {}, fromBlock }
      merged.set(kind, filter)
      for (const name of names) filter.args[name] = [...(filter.args[name] ?? []), ...valuesOf(args[name])]
      for (const choice of choicesOf(args)) {
        const owner = ownerKey(eventKey(address, event.name), names, choice)
        owners.set(owner, [...(owners.get(owner) ?? []), each])
      }
    }
  }
  const shapes = [...merged.values()].map(({ address, event, args }) => ({
    of: eventKey(address, event.name),
    names: Object.keys(args),
  }))
  return {
    filters: [...merged.values()],
    attribute(logs: readonly PlacedLog[]): ReadonlyMap<Running, readonly PlacedLog[]> {
      const found = new Map<Running, PlacedLog[]>()
      for (const log of logs) {
        const of = eventKey(log.address, log.eventName)
        const keys = new Set(
          shapes.filter((shape) => shape.of === of).map(({ names }) => ownerKey(of, names, log.args)),
        )
        for (const owner of [...keys].flatMap((key) => owners.get(key) ?? [])) {
          found.set(owner, [...(found.get(owner) ?? []), log])
        }
      }
      return found
    },
  }
}

function valuesOf(argument: Arguments[string] | undefined): readonly ArgumentValue[] {
  if (argument === undefined) return []
  return Array.isArray(argument) ? argument : [argument as ArgumentValue]
}

type Arguments = NonNullable<LogFilter['args']>

/** One value for each argument, in every combination. */
function choicesOf(args: Arguments): readonly Readonly<Record<string, ArgumentValue>>[] {
  return Object.entries(args).reduce<readonly Readonly<Record<string, ArgumentValue>>[]>(
    (choices, [name, argument]) =>
      choices.flatMap((choice) => valuesOf(argument).map((value) => ({ ...choice, [name]: value }))),
    [{}],
  )
}

function eventKey(address: Address, event: string): string {
  return `${address.toLowerCase()} ${event}`
}

function ownerKey(event: string, names: readonly string[], args: FoundLog['args']): string {
  return `${event} ${names.map((name) => `${name}=${String(args[name]).toLowerCase()}`).join()}`
}

/** The part of an entry that is still about this chain. */
async function withoutReorganized(chain: HashReader, entry: LogIndexEntry): Promise<LogIndexEntry> {
  for (const [index, { number, hash }] of [...entry.checkpoints.entries()].reverse()) {
    if ((await chain(number)) !== hash) continue
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
  chain: HashReader,
  checkpoints: readonly Checkpoint[],
  reached: bigint,
): Promise<readonly Checkpoint[]> {
  const deep = reached - reorganizationDepth
  const kept = checkpoints.filter(({ number }) => number <= deep)
  const newest = kept.at(-1)?.number
  const isNear = newest !== undefined && deep - newest < reorganizationDepth
  return deep < 0n || isNear ? kept : [...kept, await checkpointAt(chain, deep)]
}

async function checkpointAt(chain: HashReader, number: bigint): Promise<Checkpoint> {
  const hash = await chain(number)
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
  if (logs.length === 0) return ids
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
