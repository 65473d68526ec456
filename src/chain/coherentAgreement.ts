import { type Hash, type Hex, hexToBigInt, isHex, numberToHex } from 'viem'
import type { Endpoint } from './coherentEndpoint.ts'
import { type Gathered, gather, type Persistence, reportsOf } from './coherentGather.ts'
import { EndpointDisagreementError, type EndpointReport, NoQuorumError } from './errors.ts'

/** A block that k endpoints name alike, its JSON-RPC form, and the endpoints that have it, in the order of the configuration. */
export type AgreedBlock = {
  readonly number: bigint
  readonly hash: Hash
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly body: RawBlock
  readonly holders: Set<Endpoint>
}

/** What is looked at in a block, as JSON-RPC gives it. */
export type RawBlock = {
  readonly number: Hex
  readonly hash: Hash
  readonly parentHash: Hash
  readonly timestamp: Hex
}

/** Tags whose block every endpoint chooses by itself. */
export type HeadTag = 'latest' | 'safe' | 'finalized'

/** What endpoints said of one block. */
export type Disagreement = { readonly subject: string; readonly reports: readonly EndpointReport[] }

/** Finds blocks that k of the endpoints agree on. */
export type Agreement = {
  /** Asserts that k endpoints serve one and the same chain, and gives its id. @throws {NoQuorumError} */
  chainId(): Promise<number>
  /** The highest block that k endpoints name alike. @throws {NoQuorumError | EndpointDisagreementError} */
  head(tag: HeadTag): Promise<AgreedBlock>
  /** The block of a number, null when k endpoints have none. @throws {NoQuorumError | EndpointDisagreementError} */
  atNumber(number: bigint): Promise<AgreedBlock | null>
  /** The block of a hash, null when k endpoints have none. @throws {NoQuorumError | EndpointDisagreementError} */
  atHash(hash: Hash): Promise<AgreedBlock | null>
  /** Adds endpoints to the holders of a block that did not have it before, and gives them. */
  findHolders(block: AgreedBlock): Promise<readonly Endpoint[]>
  /** The newest head that was agreed on. */
  readonly agreedHead: AgreedBlock | undefined
  /** The last block about which not enough of them agreed. */
  readonly lastDisagreement: Disagreement | undefined
}

/** Blocks whose holders are remembered; a round reads at one or two. */
const remembered = 64

export function createAgreement(
  endpoints: readonly Endpoint[],
  options: { readonly quorum: number; readonly chainId: number | undefined; readonly persistence: Persistence },
): Agreement {
  const { quorum, persistence } = options
  const known = new Map<Hash, AgreedBlock>()
  const asking = new Map<HeadTag, Promise<AgreedBlock>>()
  let expected = options.chainId
  let confirmed: Promise<number> | undefined
  let agreedHead: AgreedBlock | undefined
  let lastDisagreement: Disagreement | undefined

  async function chainIdOf(endpoint: Endpoint, signal?: AbortSignal): Promise<number> {
    if (endpoint.chainId === undefined) {
      const id = await endpoint.request('eth_chainId', [], signal)
      if (!isHex(id)) throw endpoint.malformed('chain id')
      endpoint.chainId = Number(id)
    }
    if (expected !== undefined) endpoint.isOtherChain = endpoint.chainId !== expected
    return endpoint.chainId
  }

  async function confirmChain(): Promise<number> {
    const isDecided = (answers: ReadonlyMap<Endpoint, number>) => leadersOf(answers, String, quorum).length > 0
    const gathered = await gather(endpoints, chainIdOf, isDecided, persistence)
    const leaders = leadersOf(gathered.answers, String, quorum).filter(
      ({ value }) => expected === undefined || value === expected,
    )
    const [leader] = leaders
    const describe = (id: number) => `serves chain ${id}`
    if (leader === undefined) {
      const agreed = largestGroup(gathered.answers, String, (id) => expected === undefined || id === expected)
      const request = `Reading the chain id${expected === undefined ? '' : ` ${expected}`}`
      throw new NoQuorumError({ request, agreed, needed: quorum, reports: reportsOf(endpoints, gathered, describe) })
    }
    if (leaders.length > 1) {
      const reports = reportsOf(endpoints, gathered, describe)
      throw new EndpointDisagreementError({ subject: 'the chain that they serve', reports })
    }
    expected = leader.value
    for (const endpoint of gathered.answers.keys()) endpoint.isOtherChain = endpoint.chainId !== expected
    return expected
  }

  async function chainId(): Promise<number> {
    confirmed ??= confirmChain()
    return confirmed.catch((error: unknown) => {
      confirmed = undefined
      throw error
    })
  }

  /** Asks an endpoint for a block, after its chain; one of another chain counts as silent. */
  async function askBlock(
    endpoint: Endpoint,
    method: string,
    of: string,
    signal?: AbortSignal,
  ): Promise<RawBlock | null> {
    await chainIdOf(endpoint, signal)
    if (endpoint.isOtherChain) return null
    const block = await endpoint.request(method, [of, false], signal)
    if (block === null) return null
    if (!isBlock(block) || (isHex(of) && ![block.number, block.hash].includes(of.toLowerCase() as Hex))) {
      throw endpoint.malformed('such block')
    }
    const number = hexToBigInt(block.number)
    if (endpoint.head === undefined || number > endpoint.head) endpoint.head = number
    return block
  }

  function remember(block: RawBlock, holders: readonly Endpoint[]): AgreedBlock {
    const agreed: AgreedBlock = {
      number: hexToBigInt(block.number),
      hash: block.hash,
      timestamp: hexToBigInt(block.timestamp),
      body: block,
      holders: new Set(endpoints.filter((endpoint) => holders.includes(endpoint))),
    }
    known.delete(agreed.hash)
    known.set(agreed.hash, agreed)
    for (const hash of known.keys()) if (known.size > remembered) known.delete(hash)
    return agreed
  }

  /** The verdict over what endpoints gave for one block. */
  function judge(gathered: Gathered<RawBlock | null>, subject: string): AgreedBlock | null {
    const { answers } = gathered
    // Laggards have nothing to say about a block that enough others have.
    const leaders = leadersOf(answers, identityOf, quorum)
    const named = leaders.filter(({ value }) => value !== null)
    const leader = named[0] ?? leaders[0]
    if (leader === undefined || named.length > 1) {
      const reports = reportsOf(endpoints, gathered, describeBlock)
      const identities = new Set([...answers.values()].filter((block) => block !== null).map(identityOf))
      if (identities.size > 1) {
        lastDisagreement = { subject, reports }
        throw new EndpointDisagreementError({ subject, reports })
      }
      const agreed = largestGroup(answers, identityOf)
      throw new NoQuorumError({ request: `Reading ${subject}`, agreed, needed: quorum, reports })
    }
    if (leader.value === null) return null
    for (const [endpoint, block] of answers) {
      if (block === null) continue
      if (identityOf(block) === identityOf(leader.value)) endpoint.agree()
      else endpoint.contradict(subject)
    }
    return remember(leader.value, leader.endpoints)
  }

  async function agreeOn(method: string, of: string, subject: string): Promise<AgreedBlock | null> {
    await chainId()
    const isDecided = (answers: ReadonlyMap<Endpoint, RawBlock | null>) =>
      leadersOf(answers, identityOf, quorum).length > 0
    const ask = (endpoint: Endpoint, signal: AbortSignal) => askBlock(endpoint, method, of, signal)
    return judge(await gather(endpoints, ask, isDecided, persistence), subject)
  }

  /** From the highest head down, with the parent of each, since a fork is most often of one block. */
  async function findHead(tag: HeadTag): Promise<AgreedBlock> {
    await chainId()
    const heads = await gather(
      endpoints,
      (endpoint, signal) => askBlock(endpoint, 'eth_getBlockByNumber', tag, signal),
      (answers) => [...answers.values()].filter((block) => block !== null).length >= quorum,
      persistence,
    )
    const numbers = new Map(
      [...heads.answers].flatMap(([endpoint, block]) =>
        block ? [[endpoint, hexToBigInt(block.number)] as const] : [],
      ),
    )
    for (const [endpoint, number] of numbers) if (tag === 'latest') endpoint.head = number
    const candidates = [...new Set([...numbers.values()].flatMap((number) => [number, number - 1n]))]
    const descending = candidates.filter((number) => number >= 0n).sort((a, b) => (a < b ? 1 : -1))
    for (const number of descending) {
      const able = [...numbers].filter(([, head]) => head >= number).map(([endpoint]) => endpoint)
      if (able.length < quorum) continue
      const gathered = await gather(
        able,
        async (endpoint, signal) => {
          const own = heads.answers.get(endpoint) ?? null
          if (numbers.get(endpoint) === number) return own
          return askBlock(endpoint, 'eth_getBlockByNumber', numberToHex(number), signal)
        },
        (answers) => leadersOf(answers, identityOf, quorum).some(({ value }) => value !== null),
        persistence,
      )
      const leaders = leadersOf(gathered.answers, identityOf, quorum).filter(({ value }) => value !== null)
      if (leaders.length === 1) return judge(gathered, `block ${number}`) as AgreedBlock
      if (gathered.answers.size >= quorum) {
        lastDisagreement = { subject: `block ${number}`, reports: reportsOf(able, gathered, describeBlock) }
      }
    }
    const reports = reportsOf(endpoints, heads, describeBlock)
    if (numbers.size >= quorum) throw new EndpointDisagreementError({ subject: `the ${tag} block`, reports })
    throw new NoQuorumError({ request: `Reading the ${tag} block`, agreed: numbers.size, needed: quorum, reports })
  }

  return {
    chainId,
    async head(tag) {
      const running = asking.get(tag) ?? findHead(tag).finally(() => asking.delete(tag))
      asking.set(tag, running)
      const head = await running
      if (tag === 'latest') agreedHead = head
      return head
    },
    atNumber: (number) => agreeOn('eth_getBlockByNumber', numberToHex(number), `block ${number}`),
    async atHash(hash) {
      const block = known.get(hash.toLowerCase() as Hash)
      if (block !== undefined && block.holders.size >= quorum) return block
      return agreeOn('eth_getBlockByHash', hash, `block ${hash}`)
    },
    async findHolders({ hash, body, holders }) {
      const others = endpoints.filter((endpoint) => !holders.has(endpoint))
      const ask = (endpoint: Endpoint, signal: AbortSignal) => askBlock(endpoint, 'eth_getBlockByHash', hash, signal)
      const { answers } = await gather(others, ask, () => false, { ...persistence, retryCount: 0 })
      const found = [...answers].filter(([, block]) => identityOf(block) === identityOf(body))
      for (const [endpoint] of found) holders.add(endpoint)
      return found.map(([endpoint]) => endpoint)
    },
    get lastDisagreement() {
      return lastDisagreement
    },
    get agreedHead() {
      return agreedHead
    },
  }
}

function isBlock(value: unknown): value is RawBlock {
  if (typeof value !== 'object' || value === null) return false
  const { number, hash, parentHash, timestamp } = value as Record<string, unknown>
  return [number, hash, parentHash, timestamp].every(
    (field) => isHex(field) && field === field.toLowerCase() && field.length > 2,
  )
}

/** What makes a block the same: not its hash alone, which an endpoint could put on another block. */
function identityOf(block: RawBlock | null): string {
  if (block === null) return 'none'
  return [block.number, block.hash, block.parentHash, block.timestamp].join(' ')
}

function describeBlock(block: RawBlock | null): string {
  return block === null ? 'has no such block' : `has block ${hexToBigInt(block.number)} as ${block.hash}`
}

/** Groups of at least `quorum` endpoints with the same answer. */
export function leadersOf<Value>(
  answers: ReadonlyMap<Endpoint, Value>,
  identity: (value: Value) => string,
  quorum: number,
): { readonly value: Value; readonly endpoints: readonly Endpoint[] }[] {
  const groups = new Map<string, { readonly value: Value; readonly endpoints: Endpoint[] }>()
  for (const [endpoint, value] of answers) {
    const group = groups.get(identity(value)) ?? { value, endpoints: [] }
    group.endpoints.push(endpoint)
    groups.set(identity(value), group)
  }
  return [...groups.values()].filter((group) => group.endpoints.length >= quorum)
}

function largestGroup<Value>(
  answers: ReadonlyMap<Endpoint, Value>,
  identity: (value: Value) => string,
  counts: (value: Value) => boolean = (value) => value !== null,
): number {
  const sizes = leadersOf(answers, identity, 1).filter(({ value }) => counts(value))
  return Math.max(0, ...sizes.map((group) => group.endpoints.length))
}
