import type { Client } from 'viem'
import type { AdapterContext, AnyAdapter } from './adapters/adapter.ts'
import { searchLogs } from './chain/searchLogs.ts'
import { InvalidInputError } from './core/errors.ts'
import type { LogIndex, LogIndexEntry, LogIndexStore } from './core/logIndex.ts'
import type { FoundLog } from './core/logs.ts'
import type { PinnedBlock } from './core/portfolio.ts'

/** Where the ids come from that no view of a protocol lists. */
export type DiscoveryOptions = {
  /** Ids by venue, in place of a search of its logs: whoever gives them says that they are all. */
  readonly ids?: Readonly<Record<string, readonly string[]>> | undefined
  /** What earlier reads found; without it every read searches from the first block that the venue names. */
  readonly index?: LogIndexStore | undefined
}

/** A venue of the parameter set with its adapter. */
export type VenueReader = { readonly adapter: AnyAdapter; readonly context: AdapterContext<unknown> }

/**
 * Completes the contexts of venues whose adapters need ids: those given, or those that logs up to the block name.
 *
 * @throws {InvalidInputError} for ids of a venue that takes none, and for an index of another chain.
 * @throws {ReorgedError | RpcError} when the logs cannot be read up to this block.
 */
export async function findIds(
  client: Client,
  readers: readonly VenueReader[],
  { block, ids = {}, index: store }: DiscoveryOptions & { readonly block: PinnedBlock },
): Promise<readonly VenueReader[]> {
  requireTakers(readers, ids)
  let index = await loadIndex(store, block.chainId)
  const save = async (entry: LogIndexEntry) => {
    index = withEntry(index, entry)
    await store?.save(index)
  }
  const found: VenueReader[] = []
  for (const { adapter, context } of readers) {
    const { discovery } = adapter
    const given = Object.hasOwn(ids, context.venue) ? ids[context.venue] : undefined
    if (discovery === undefined) found.push({ adapter, context })
    else if (given !== undefined) found.push({ adapter, context: { ...context, ids: [...new Set(given)].sort() } })
    else {
      const { venue, account } = context
      const filters = discovery.filters(context)
      const toIds = (logs: readonly FoundLog[]) => discovery.toIds(logs, context)
      const entry = index.entries.find((candidate) => isOf(context, candidate))
      const result = await searchLogs(client, { venue, account, filters, toIds }, { block, entry, onEntry: save })
      await save(result.entry)
      found.push({ adapter, context: { ...context, ids: result.ids } })
    }
  }
  return found
}

function requireTakers(readers: readonly VenueReader[], ids: Readonly<Record<string, readonly string[]>>): void {
  const takers = readers.filter(({ adapter }) => adapter.discovery).map(({ context }) => context.venue)
  for (const venue of Object.keys(ids)) {
    if (takers.includes(venue)) continue
    throw new InvalidInputError(`Venue ${venue} takes no ids.`, {
      metaMessages: [`Venues that take ids: ${takers.join(', ') || 'none'}.`],
    })
  }
}

async function loadIndex(store: LogIndexStore | undefined, chainId: number): Promise<LogIndex> {
  const index = await store?.load()
  if (index === undefined) return { schema: 'plimsoll-log-index/1', chainId, entries: [] }
  if (index.chainId === chainId) return index
  throw new InvalidInputError(`The log index is of chain ${index.chainId}, the parameter set of chain ${chainId}.`, {
    metaMessages: ['Keep one index per chain.'],
  })
}

function withEntry({ entries, ...index }: LogIndex, entry: LogIndexEntry): LogIndex {
  return { ...index, entries: [...entries.filter((other) => !isOf(entry, other)), entry] }
}

function isOf(
  { venue, account }: Pick<LogIndexEntry, 'venue' | 'account'>,
  entry: Pick<LogIndexEntry, 'venue' | 'account'>,
): boolean {
  return entry.venue === venue && entry.account === account
}
