import { type Address, type Client, getAddress, isAddress } from 'viem'
import type { AnyAdapter } from './adapters/adapter.ts'
import { allAdapters } from './adapters/all.ts'
import { type LastingAnswers, readVenue, type VenueReading } from './adapters/readVenue.ts'
import { pinBlock } from './chain/pinBlock.ts'
import { type KnownAnswer, type NamedPlan, type PlanOutcome, settlePlans } from './chain/runPlans.ts'
import { orderDistinctClaims } from './core/distinctClaims.ts'
import { BaseError, InvalidInputError } from './core/errors.ts'
import { type LogIndexStore, memoryLogIndex } from './core/logIndex.ts'
import type { Market } from './core/market.ts'
import type { MarginParameters } from './core/parameters.ts'
import type { PinnedBlock, Portfolio } from './core/portfolio.ts'
import type { Position } from './core/position.ts'
import { parseWith } from './core/schema.ts'
import type { Snapshot } from './core/snapshot.ts'
import { type DiscoveryOptions, findIds, type Seeker, type VenueReader } from './discovery.ts'
import { readMarket } from './market/readMarket.ts'
import { toMarketRequest } from './market/request.ts'
import type { MarketRequest, MarketSources } from './market/source.ts'

/** What to read of any account. */
export type ReadOptions = {
  readonly parameters: MarginParameters
  /** The newest block by default. */
  readonly blockNumber?: bigint
  /** Every adapter of this package by default. */
  readonly adapters?: readonly AnyAdapter[]
  /** Sources of the market; those that need nothing but a chain by default. */
  readonly sources?: MarketSources | undefined
  /** `enforceable` of a `MarginAccount` only: everything it holds is then enforceable. `observed` by default. */
  readonly scope?: Portfolio['scope']
}

export type ReadSnapshotsOptions = ReadOptions &
  Pick<DiscoveryOptions, 'index'> & {
    readonly accounts: readonly Address[]
    /** Ids of an account by venue, in place of a search of its logs. */
    readonly idsOf?: (account: Address) => DiscoveryOptions['ids']
    /** How many accounts are read at once, which bounds the memory that a read takes; 1,000 by default. */
    readonly chunkSize?: number
    /** Is told how many accounts have been read. */
    readonly onProgress?: (done: number) => void
  }

/** What came of one account: its snapshot, or why there is none. */
export type AccountReading =
  | { readonly account: Address; readonly snapshot: Snapshot }
  | { readonly account: Address; readonly refusal: BaseError }

/** Readings in the order of the accounts, all at one block, and the `eth_call`s that they took. */
export type SnapshotsReading = {
  readonly block: PinnedBlock
  readonly readings: readonly AccountReading[]
  readonly ethCalls: number
  /** By account, what a later read need not ask again; see `rereadSnapshots`. */
  readonly lasting: ReadonlyMap<Address, readonly LastingAnswers[]>
  /** How far the logs have been searched for ids, where a later read goes on. */
  readonly index: LogIndexStore
}

/** A venue of the parameter set with its adapter and the configuration as the adapter reads it. */
type Venue = Pick<VenueReader, 'adapter'> & Pick<VenueReader['context'], 'venue' | 'configuration'>

/**
 * Reads everything that many accounts hold and owe, and the markets that move them, at one block: of each account what
 * `readSnapshot` reads of it. What several accounts ask is asked once. An account that is refused does not stop the others.
 *
 * @throws {InvalidInputError} for a venue whose adapter is not there or does not take its configuration, and for ids of a venue
 * that takes none.
 * @throws {ChainMismatchError | RpcError | ReorgedError} when the chain cannot be read as one.
 */
export async function readSnapshots(client: Client, options: ReadSnapshotsOptions): Promise<SnapshotsReading> {
  return readSnapshotsAt(client, await pinFor(client, options), options)
}

/** The block of a read. @throws {ChainMismatchError | RpcError} */
export function pinFor(client: Client, { parameters, blockNumber }: ReadOptions): Promise<PinnedBlock> {
  return pinBlock(client, { chainId: parameters.chainId, ...(blockNumber === undefined ? {} : { blockNumber }) })
}

/** As {@link readSnapshots}, at a block that was pinned, without asking what is known of an account at that block. */
export async function readSnapshotsAt(
  client: Client,
  block: PinnedBlock,
  options: ReadSnapshotsOptions,
  knownOf: (account: Address) => readonly KnownAnswer[] = () => [],
): Promise<SnapshotsReading> {
  const { accounts, chunkSize = 1_000, onProgress = () => undefined } = options
  if (!(chunkSize >= 1)) throw new InvalidInputError(`A chunk of ${chunkSize} accounts cannot be read.`)
  const { index = memoryLogIndex() } = options
  const readChunk = chunkReader(client, block, { ...options, index }, knownOf)
  const readings: AccountReading[] = []
  const lasting = new Map<Address, readonly LastingAnswers[]>()
  let ethCalls = 0
  for (let start = 0; start < accounts.length; start += chunkSize) {
    const chunk = await readChunk(accounts.slice(start, start + chunkSize), lasting)
    readings.push(...chunk.readings)
    ethCalls += chunk.ethCalls
    onProgress(readings.length)
  }
  return { block, readings, ethCalls, lasting, index }
}

function chunkReader(
  client: Client,
  block: PinnedBlock,
  { parameters, adapters = allAdapters, sources, scope = 'observed', idsOf, index }: ReadSnapshotsOptions,
  knownOf: (account: Address) => readonly KnownAnswer[],
) {
  const venues = parameters.venues.map((venue) => ({ ...toVenue(venue, adapters), shared: new Map() }))
  /** By request: accounts that ask the same of the market share one answer. */
  const markets = new Map<string, PlanOutcome<Market>>()

  return async (asked: readonly Address[], lasting: Map<Address, readonly LastingAnswers[]>) => {
    const accounts = asked.map(toAddress)
    const seekers = accounts.flatMap((account): Seeker[] => {
      if ('refusal' in account) return []
      const ids = idsOf?.(account.result)
      return venues.map(({ adapter, ...venue }) => {
        const context = { ...venue, account: account.result, block, assets: parameters.assets }
        return { reader: { adapter, context }, ids }
      })
    })
    const readers = await findIds(client, seekers, { block, index })
    let next = 0
    const asking = accounts.map((account) => {
      const start = next
      if (!('refusal' in account)) next += venues.length
      return { account, readers: readers.slice(start, next) }
    })
    const readPart = async (part: typeof asking) => {
      const plans = part.flatMap(({ readers }) =>
        readers.map(({ adapter, context }): NamedPlan<VenueReading> => {
          return { name: context.venue, plan: readVenue(adapter, context) }
        }),
      )
      const known = part.flatMap(({ account }) => ('refusal' in account ? [] : knownOf(account.result)))
      const { outcomes, ethCalls } = await settlePlans<VenueReading>(client, block, plans, { known, isChecked: false })
      const left = [...outcomes]
      const portfolios = part.map(({ account, readers }): PlanOutcome<Reading> => {
        if ('refusal' in account) return account
        return portfolioOf({ account: account.result, block, scope }, left.splice(0, readers.length))
      })
      return { portfolios, ethCalls }
    }
    const read = await Promise.all(partsOf(asking).map(readPart))
    const portfolios = read.flatMap((part) => part.portfolios)

    const requests = portfolios.map((portfolio) =>
      'refusal' in portfolio
        ? undefined
        : toMarketRequest(portfolio.result.portfolio.positions, { parameters, timestamp: block.timestamp }),
    )
    const missing = new Map<string, MarketRequest>()
    for (const request of requests) {
      if (request !== undefined && !markets.has(keyOf(request))) missing.set(keyOf(request), request)
    }
    const market = await settlePlans<Market>(
      client,
      block,
      [...missing.values()].map((request) => ({
        name: 'market',
        plan: readMarket({ parameters, request, block, ...(sources ? { sources } : {}) }),
      })),
    )
    ;[...missing.keys()].forEach((key, index) => {
      markets.set(key, market.outcomes[index] as PlanOutcome<Market>)
    })

    const readings = portfolios.map((outcome, index): AccountReading => {
      if ('refusal' in outcome) return { account: asked[index] as Address, refusal: outcome.refusal }
      const { portfolio, witnesses, lastingAnswers } = outcome.result
      const { account } = portfolio
      lasting.set(account, lastingAnswers)
      const found = markets.get(keyOf(requests[index] as MarketRequest)) as PlanOutcome<Market>
      if ('refusal' in found) return { account, refusal: found.refusal }
      return { account, snapshot: { schema: 'plimsoll-snapshot/1', portfolio, market: found.result, witnesses } }
    })
    return { readings, ethCalls: read.reduce((sum, part) => sum + part.ethCalls, market.ethCalls) }
  }
}

/** Accounts that ask together; while one part waits for the node, another is worked on. */
const leastPart = 100
const mostParts = 4

function partsOf<Asking>(accounts: readonly Asking[]): Asking[][] {
  const size = Math.max(leastPart, Math.ceil(accounts.length / mostParts))
  return Array.from({ length: Math.ceil(accounts.length / size) }, (_, part) =>
    accounts.slice(part * size, (part + 1) * size),
  )
}

type Reading = Pick<Snapshot, 'portfolio' | 'witnesses'> & { readonly lastingAnswers: readonly LastingAnswers[] }

function portfolioOf(
  { account, block, scope }: Pick<Portfolio, 'account' | 'block' | 'scope'>,
  outcomes: readonly PlanOutcome<VenueReading>[],
): PlanOutcome<Reading> {
  const venues: VenueReading[] = []
  for (const outcome of outcomes) {
    if ('refusal' in outcome) return outcome
    venues.push(outcome.result)
  }
  return orRefusal(() => ({
    portfolio: {
      account,
      scope,
      block,
      positions: orderDistinctClaims(
        venues.flatMap(({ positions }) => positions.map((position) => inScope(scope, position))),
      ),
      venues: venues.map(({ positions, witness }) => ({
        venue: witness.venue,
        status: positions.length > 0 ? 'present' : 'none',
      })),
      requirements: venues.flatMap(({ requirements }) => requirements),
      rules: venues.flatMap(({ rules }) => rules),
    },
    witnesses: venues.map(({ witness }) => witness),
    lastingAnswers: venues.flatMap(({ lasting }) => (lasting === undefined ? [] : [lasting])),
  }))
}

function toVenue(
  { id, adapter: adapterId, configuration }: MarginParameters['venues'][number],
  adapters: readonly AnyAdapter[],
): Venue {
  const adapter = adapters.find((candidate) => candidate.id === adapterId)
  if (!adapter) throw new InvalidInputError(`Venue ${id} names adapter ${adapterId}, which is not there.`)
  const parsed: unknown = parseWith(adapter.configuration, configuration, `The configuration of venue ${id}`)
  return { adapter, venue: id, configuration: parsed }
}

/** Adapters see holders; what a `MarginAccount` holds is enforceable wherever it lies, but for debts to our own consumers. */
function inScope(scope: Portfolio['scope'], position: Position): Position {
  return scope === 'observed' || position.control === 'consumer' ? position : { ...position, control: 'enforceable' }
}

/** One spelling of the account, since its hash commits to the text. */
function toAddress(account: Address): PlanOutcome<Address> {
  return orRefusal(() => {
    if (isAddress(account, { strict: false })) return getAddress(account.toLowerCase())
    throw new InvalidInputError(`The account ${account} is not an address.`)
  })
}

function orRefusal<Result>(run: () => Result): PlanOutcome<Result> {
  try {
    return { result: run() }
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    return { refusal: error }
  }
}

function keyOf(request: MarketRequest): string {
  return JSON.stringify(request, (_, item) => (typeof item === 'bigint' ? `${item}` : item))
}
