import { createTransport, type Hash, type Hex, hexToBigInt, isHex, numberToHex, type Transport } from 'viem'
import { BaseError, InvalidInputError } from '../core/errors.ts'
import {
  type AgreedBlock,
  type Agreement,
  createAgreement,
  type Disagreement,
  type HeadTag,
} from './coherentAgreement.ts'
import { type Clock, createEndpoint, type EndpointHealth, type EndpointStatus } from './coherentEndpoint.ts'
import { EndpointFailure } from './coherentFailure.ts'
import type { Persistence } from './coherentGather.ts'
import { type CoherentRead, readCoherently } from './coherentRead.ts'
import { chainOf } from './describeRpcFailure.ts'
import { EndpointsFailedError } from './errors.ts'

/** A node and the name that errors, logs and health call it by. */
export type NamedEndpoint = { readonly name: string; readonly transport: Transport }

export type CoherentTransportOptions = {
  /** In the order of preference. Without a name, an endpoint is called by its place, as `endpoint 2`. */
  readonly endpoints: readonly (NamedEndpoint | Transport)[]
  /** Endpoints that must name a block alike before anything is read at it; the majority by default. */
  readonly quorum?: number
  /** Endpoints that must give an answer alike, at most `quorum`, which is the default; 1 for as few requests as possible. */
  readonly verifyReads?: number
  /** The chain that all must serve; that of the client, or the one that `quorum` endpoints serve, by default. */
  readonly chainId?: number
  /** Times that a failing endpoint is asked again within one request; 2 by default. */
  readonly retryCount?: number
  /** Pause after a failure in milliseconds, doubled by each further one up to 30 seconds; 250 by default. */
  readonly retryDelay?: number
  /** Longest pause that a request waits out, for `Retry-After` or the above, in milliseconds; 10,000 by default. */
  readonly maximumWait?: number
  /** How long the slower endpoints are waited for once the faster ones agree on a block, in milliseconds; 2,000 by default. */
  readonly patience?: number
  readonly clock?: Clock
  /** Is told when an endpoint stands otherwise than before, after the request that showed it. */
  readonly onChange?: (now: EndpointHealth, before: EndpointStatus) => void
}

/** State of a coherent transport, as plain data. */
export type CoherentHealth = {
  readonly quorum: number
  readonly verifyReads: number
  /** The newest block that `quorum` endpoints agreed on, its time in Unix seconds. */
  readonly agreed?: { readonly number: bigint; readonly hash: Hash; readonly timestamp: bigint }
  readonly endpoints: readonly EndpointHealth[]
  /** The last block about which too few agreed, and what each said; a lower block may have been agreed on then. */
  readonly lastDisagreement?: Disagreement
}

/** A viem transport over several nodes. `client.transport.health()` tells how they stand. */
export type CoherentTransport = Transport<'coherent', { readonly health: () => CoherentHealth }>

/**
 * Reads over several nodes as if they were one that does not lie, lag or fail: `quorum` of them agree on the hash of a block
 * first, and every read is pinned to that hash and to nodes that have it. What it cannot decide it refuses, naming endpoints
 * by their names. docs/coherent-reads.md has the rules.
 *
 * @throws {InvalidInputError} for no endpoints, names that are equal or could be URLs, and numbers out of range.
 *
 * @example
 * const transport = coherentTransport({
 *   endpoints: [
 *     { name: 'own', transport: http('http://127.0.0.1:8545') },
 *     { name: 'provider', transport: http(process.env.RPC_URL) },
 *   ],
 *   quorum: 2,
 * })
 * const client = createPublicClient({ chain: mainnet, transport })
 */
export function coherentTransport(options: CoherentTransportOptions): CoherentTransport {
  const { retryCount = 2, retryDelay = 250, maximumWait = 10_000, patience = 2_000, clock = systemClock } = options
  const named = nameEndpoints(options.endpoints)
  const quorum = options.quorum ?? Math.floor(named.length / 2) + 1
  const verifyReads = options.verifyReads ?? quorum
  requireCount('quorum', quorum, named.length, 'the number of endpoints')
  requireCount('verifyReads', verifyReads, quorum, 'the quorum')
  const persistence: Persistence = { clock, retryCount, patience, maximumWait }
  const pauses = { first: retryDelay, longest: 30_000, asked: 3_600_000, late: maximumWait, distrust: 300_000 }

  return ({ chain, timeout }) => {
    const endpoints = named.map(({ name, transport }) => {
      const own = transport({ chain, retryCount: 0, ...(timeout === undefined ? {} : { timeout }) } as never)
      return createEndpoint(name, own, { clock, pauses })
    })
    const chainId = options.chainId ?? chain?.id
    const agreement = createAgreement(endpoints, { quorum, chainId, persistence })
    const router = { agreement, persistence, verifyReads }
    const told = new Map<string, EndpointStatus>()
    const health = (): CoherentHealth => {
      const { agreedHead, lastDisagreement } = agreement
      return {
        ...{ quorum, verifyReads },
        ...(agreedHead === undefined
          ? {}
          : { agreed: { number: agreedHead.number, hash: agreedHead.hash, timestamp: agreedHead.timestamp } }),
        endpoints: endpoints.map((endpoint) => endpoint.health(agreedHead?.number)),
        ...(lastDisagreement === undefined ? {} : { lastDisagreement }),
      }
    }
    const { config, request, value } = createTransport(
      {
        ...{ key: 'coherent', name: 'Coherent JSON-RPC', type: 'coherent' as const },
        // Endpoints are asked again in here; a refusal would not get better by asking all of it again.
        retryCount: 0,
        request: async ({ method, params }) => (await route(method, (params ?? []) as unknown[], router)) as never,
      },
      { health },
    )
    const tellChanges = () => {
      for (const now of health().endpoints) {
        const before = told.get(now.endpoint) ?? 'unknown'
        told.set(now.endpoint, now.status)
        if (now.status !== before) options.onChange?.(now, before)
      }
    }
    // What is refused comes out as it is, not as an unknown error of a node.
    const unwrapped = (...args: Parameters<typeof request>) =>
      request(...args)
        .catch((error: unknown) => {
          for (const link of chainOf(error)) if (link instanceof BaseError) throw link
          throw error
        })
        .finally(tellChanges)
    return { config, request: unwrapped as typeof request, value: value as { health: () => CoherentHealth } }
  }
}

type Router = { readonly agreement: Agreement; readonly persistence: Persistence; readonly verifyReads: number }

/** Where a request names its block, for those that read the state of one. */
const blockParameter: Readonly<Record<string, number>> = {
  eth_call: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_getStorageAt: 2,
  eth_getProof: 2,
}

async function route(method: string, params: readonly unknown[], router: Router): Promise<unknown> {
  const { agreement } = router
  if (method === 'eth_chainId') return numberToHex(await agreement.chainId())
  if (method === 'eth_blockNumber') return numberToHex((await agreement.head('latest')).number)
  if (method === 'eth_getBlockByNumber' || method === 'eth_getBlockByHash') return readBlock(method, params, router)
  if (method === 'eth_getLogs') return readLogs(params, router)
  if (method === 'eth_getTransactionByHash' || method === 'eth_getTransactionReceipt') {
    const { holders, number } = await agreement.head('latest')
    const read = { method, params, subject: `${method} at block ${number}`, nothing: null }
    return readCoherently(holders, { ...read, votes: router.verifyReads }, router)
  }
  const position = blockParameter[method]
  if (position !== undefined && params[position] !== 'pending') return readState(method, params, position, router)
  return passOn(method, params, router)
}

async function readState(method: string, params: readonly unknown[], position: number, router: Router) {
  const { agreement, verifyReads } = router
  const block = await resolveBlock(params[position], agreement)
  if (block === null) throw unknownBlock(method)
  const pinned = [...params]
  const reference = params[position]
  pinned[position] = isReference(reference) ? reference : { blockHash: block.hash }
  if (method === 'eth_call' && verifyReads > 1) pinned[0] = withGas(params[0])
  const subject = `${method} at block ${block.number}`
  // A node that does not override state calls an address without code.
  const overrides = method === 'eth_call' && params.length > 2 ? { nothing: '0x' as const } : {}
  return readAt(block, { method, params: pinned, subject, votes: verifyReads, ...overrides }, router)
}

async function readBlock(method: string, params: readonly unknown[], router: Router) {
  const { agreement } = router
  const [of, isFull] = params
  if (of === 'pending') return passOn(method, params, router)
  const block = await resolveBlock(method === 'eth_getBlockByHash' ? { blockHash: of } : of, agreement)
  if (block === null || isFull !== true) return block?.body ?? null
  const read = { method: 'eth_getBlockByHash', params: [block.hash, true], subject: `block ${block.number}`, votes: 1 }
  return readAt(block, read, router)
}

/** Reads from those that have the block, and from those that get it meanwhile. */
function readAt(block: AgreedBlock, read: CoherentRead, { agreement, persistence }: Router): Promise<unknown> {
  return readCoherently(block.holders, read, { persistence, findMore: () => agreement.findHolders(block) })
}

/** Logs up to a block that their endpoints are known to have; a laggard would leave out the newest without a word. */
async function readLogs([filter]: readonly unknown[], router: Router) {
  const { agreement, verifyReads } = router
  const { blockHash, fromBlock, toBlock, ...rest } = filter as Record<string, unknown>
  const method = 'eth_getLogs'
  if (isHex(blockHash)) {
    const block = await agreement.atHash(blockHash)
    if (block === null) throw unknownBlock(method)
    const read = { method, params: [filter], subject: `${method} of block ${block.number}`, votes: verifyReads }
    return readAt(block, read, router)
  }
  const head = await agreement.head('latest')
  const last = (await boundOf(toBlock, head, agreement)) ?? head
  const first = await boundOf(fromBlock, head, agreement)
  const range = {
    fromBlock: isHex(fromBlock) ? fromBlock : numberToHex((first ?? head).number),
    toBlock: numberToHex(last.number),
  }
  const subject = `${method} to block ${last.number}`
  return readAt(last, { method, params: [{ ...rest, ...range }], subject, votes: verifyReads }, router)
}

/** The block that a bound of a range names; a number beyond the head means the head. */
async function boundOf(bound: unknown, head: AgreedBlock, agreement: Agreement): Promise<AgreedBlock | null> {
  if (bound === undefined || bound === null || bound === 'latest' || bound === 'pending') return head
  if (isHex(bound) && hexToBigInt(bound) >= head.number) return head
  return resolveBlock(bound, agreement)
}

async function resolveBlock(reference: unknown, agreement: Agreement): Promise<AgreedBlock | null> {
  if (isReference(reference)) {
    const { blockHash, blockNumber } = reference
    return blockHash === undefined ? agreement.atNumber(hexToBigInt(blockNumber as Hex)) : agreement.atHash(blockHash)
  }
  if (isHex(reference)) return agreement.atNumber(hexToBigInt(reference))
  if (reference === 'earliest') return agreement.atNumber(0n)
  return agreement.head((reference ?? 'latest') as HeadTag)
}

/** A block as of EIP-1898. */
function isReference(value: unknown): value is { readonly blockHash?: Hash; readonly blockNumber?: Hex } {
  return typeof value === 'object' && value !== null
}

/**
 * What reads no agreed state goes to the first endpoint that has the agreed head, and to no other: nonce, fees, simulation and
 * sending of one transaction must not be spread over nodes with different pools, and a transaction is not sent twice.
 */
async function passOn(method: string, params: readonly unknown[], { agreement, persistence }: Router) {
  const { holders } = await agreement.head('latest')
  const now = persistence.clock.now()
  const [first] = [...holders]
  const endpoint = [...holders].find(({ excludedUntil }) => excludedUntil <= now) ?? first
  if (endpoint === undefined) throw new EndpointsFailedError({ request: method, reports: [] })
  try {
    return await endpoint.request(method, params)
  } catch (error) {
    throw error instanceof EndpointFailure ? error.error : error
  }
}

/** Without a limit of its own a call runs under that of the node, and what runs out of gas on one does not on another. */
function withGas(call: unknown): unknown {
  return { gas: callGas, ...(call as object) }
}

/** The most that a transaction may use since EIP-7825, 2^24; nodes cap calls no lower. */
const callGas = '0x1000000'

function unknownBlock(method: string) {
  return new InvalidInputError(`${method} names a block that no endpoint has.`, {
    metaMessages: ['Name a block that is mined, or pin a new one.'],
  })
}

function nameEndpoints(endpoints: CoherentTransportOptions['endpoints']): NamedEndpoint[] {
  if (endpoints.length === 0) throw new InvalidInputError('A coherent transport needs at least one endpoint.')
  const named = endpoints.map((endpoint, index) =>
    typeof endpoint === 'function' ? { name: `endpoint ${index + 1}`, transport: endpoint } : endpoint,
  )
  const seen = new Set<string>()
  for (const [index, { name }] of named.entries()) {
    // A URL or key as a name would be shown wherever the endpoint is.
    if (!/^[\w -]{1,32}$/.test(name)) {
      throw new InvalidInputError(`The name of endpoint ${index + 1} is no word.`, {
        metaMessages: ['Use at most 32 letters, digits, spaces, hyphens and underscores; never a URL.'],
      })
    }
    if (seen.has(name)) throw new InvalidInputError(`Two endpoints are called ${name}.`)
    seen.add(name)
  }
  return named
}

function requireCount(what: string, count: number, most: number, called: string): void {
  if (Number.isInteger(count) && count >= 1 && count <= most) return
  throw new InvalidInputError(`${what} must be a whole number from 1 to ${most}, ${called}, got ${count}.`)
}

const systemClock: Clock = {
  now: () => Date.now(),
  wait: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const timer = setTimeout(resolve, milliseconds)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}
