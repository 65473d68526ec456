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

/** A reader, the ids that were given to it instead of a search if any, by venue. */
export type Seeker = { readonly reader: VenueReader; readonly ids?: DiscoveryOptions['ids'] }

/**
 * Completes the contexts of venues whose adapters need ids: those given, or those that logs up to the block name. The logs of
 * many accounts are searched together.
 *
 * @returns the readers in their order.
 * @throws {InvalidInputError} for ids of a venue that takes none, and for an index of another chain.
 * @throws {ReorgedError | RpcError} when the logs cannot be read up to this block.
 */
export async function findIds(
  client: Client,
  seekers: readonly Seeker[],
  { block, index: store }: Pick<DiscoveryOptions, 'index'> & { readonly block: PinnedBlock },
): Promise<readonly VenueReader[]> {
  requireTakers(seekers)
  const { chainId, entries } = await loadIndex(store, block.chainId)
  const known = new Map(entries.map((entry) => [keyOf(entry), entry]))
  const save = async (found: readonly LogIndexEntry[]) => {
    for (const entry of found) {
      known.delete(keyOf(entry))
      known.set(keyOf(entry), entry)
    }
    await store?.save({ schema: 'plimsoll-log-index/1', chainId, entries: [...known.values()] })
  }
  const asked = seekers.map(({ reader: { adapter, context }, ids = {} }) => {
    const { discovery } = adapter
    const { venue, account } = context
    if (discovery === undefined || Object.hasOwn(ids, venue)) return undefined
    const toIds = (logs: readonly FoundLog[]) => discovery.toIds(logs, context)
    return { venue, account, filters: discovery.filters(context), toIds, entry: known.get(keyOf(context)) }
  })
  const searches = asked.filter((search) => search !== undefined)
  const results = await searchLogs(client, searches, { block, onEntries: save })
  if (results.length > 0) await save(results.map(({ entry }) => entry))
  const found = new Map(searches.map((search, index) => [search, results[index]?.ids]))
  return seekers.map(({ reader, ids = {} }, index) => {
    const { context } = reader
    const search = asked[index]
    const given = Object.hasOwn(ids, context.venue) ? [...new Set(ids[context.venue])].sort() : undefined
    const complete = search === undefined ? given : found.get(search)
    return complete === undefined ? reader : { ...reader, context: { ...context, ids: complete } }
  })
}

function requireTakers(seekers: readonly Seeker[]): void {
  const takers = new Set(
    seekers.flatMap(({ reader: { adapter, context } }) => (adapter.discovery ? [context.venue] : [])),
  )
  for (const venue of new Set(seekers.flatMap(({ ids = {} }) => Object.keys(ids)))) {
    if (takers.has(venue)) continue
    throw new InvalidInputError(`Venue ${venue} takes no ids.`, {
      metaMessages: [`Venues that take ids: ${[...takers].join(', ') || 'none'}.`],
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

function keyOf({ venue, account }: Pick<LogIndexEntry, 'venue' | 'account'>): string {
  return `${venue} ${account}`
}
