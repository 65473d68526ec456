import type { Transport } from 'viem'
import { EndpointFailure, toEndpointFailure } from './coherentFailure.ts'
import { secretsOfTransport } from './secrets.ts'

/** The time by which endpoints are left alone. `wait` may end early, without an error, when the signal says so. */
export type Clock = { now(): number; wait(milliseconds: number, signal?: AbortSignal): Promise<void> }

/** How an endpoint stands: not asked yet, serving, behind the agreed head, failing, contradicting others, of another chain. */
export type EndpointStatus = 'unknown' | 'ready' | 'lagging' | 'failing' | 'disagreeing' | 'other chain'

/** State of one endpoint, as plain data; times are Unix milliseconds. */
export type EndpointHealth = {
  readonly endpoint: string
  readonly status: EndpointStatus
  readonly chainId?: number
  /** Newest block that it named. */
  readonly head?: bigint
  /** Blocks that it is behind the agreed head. */
  readonly lag?: bigint
  readonly answers: number
  readonly failures: number
  /** Failures since the last answer. */
  readonly failuresInRow: number
  readonly disagreements: number
  /** Why it last failed or what it last contradicted, without URL and key. */
  readonly lastProblem?: string
  /** Not asked before this time while others can answer. */
  readonly excludedUntil?: number
}

/** One endpoint with what is known about it. */
export type Endpoint = {
  readonly name: string
  /** Sends once. @throws {EndpointFailure} */
  request(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown>
  /** The failure of an endpoint whose answer is none. */
  malformed(what: string): EndpointFailure
  /** Notes that it named a block as enough others do, or otherwise than they. */
  agree(): void
  contradict(about: string): void
  /** Notes that it gave another answer about the same block, and leaves it alone for long: reorganizations do not do that. */
  distrust(about: string): void
  chainId: number | undefined
  isOtherChain: boolean
  head: bigint | undefined
  readonly excludedUntil: number
  readonly lastProblem: string | undefined
  health(agreedHead: bigint | undefined): EndpointHealth
}

/** For how long an endpoint is left alone, in milliseconds. */
export type Pauses = {
  /** After a failure, doubled by each further one in a row. */
  readonly first: number
  readonly longest: number
  /** The most that an endpoint may ask for. */
  readonly asked: number
  /** After it was cut off. */
  readonly late: number
  /** After it contradicted the others about data. */
  readonly distrust: number
}

/** Wraps a transport that was set up for a client. */
export function createEndpoint(
  name: string,
  transport: ReturnType<Transport>,
  { clock, pauses }: { readonly clock: Clock; readonly pauses: Pauses },
): Endpoint {
  const secrets = secretsOfTransport(transport)
  const counts = { answers: 0, failures: 0, failuresInRow: 0, disagreements: 0 }
  let excludedUntil = 0
  let distrustedUntil = 0
  let isContradicting = false
  let lastProblem: string | undefined

  const succeed = () => {
    counts.answers += 1
    counts.failuresInRow = 0
  }
  const fail = ({ message, retryAfter }: EndpointFailure) => {
    counts.failures += 1
    counts.failuresInRow += 1
    lastProblem = message
    const own = Math.min(pauses.longest, pauses.first * 2 ** Math.min(counts.failuresInRow - 1, 20))
    const pause = retryAfter === undefined ? own : Math.min(retryAfter, pauses.asked)
    excludedUntil = Math.max(excludedUntil, clock.now() + pause)
  }

  const endpoint: Endpoint = {
    name,
    chainId: undefined,
    isOtherChain: false,
    head: undefined,
    get excludedUntil() {
      return Math.max(excludedUntil, distrustedUntil)
    },
    get lastProblem() {
      return lastProblem
    },
    async request(method, params, signal) {
      let result: unknown
      try {
        result = await transport.request({ method, params } as never, signal === undefined ? {} : { signal })
      } catch (error) {
        if (signal?.aborted === true) {
          const reason = 'slower than its quorum'
          const late = new EndpointFailure({ kind: 'broken', reason, error: error as Error, retryAfter: pauses.late })
          fail(late)
          throw late
        }
        const failure = toEndpointFailure(error, { name, method, secrets, now: clock.now() })
        if (failure.kind === 'busy' || failure.kind === 'broken') fail(failure)
        else succeed()
        throw failure
      }
      if (result === undefined) throw endpoint.malformed('result')
      succeed()
      return result
    },
    malformed(what) {
      const reason = `gave no ${what}`
      const failure = new EndpointFailure({ kind: 'broken', reason, error: new Error(`${name} ${reason}`) })
      fail(failure)
      return failure
    },
    agree() {
      isContradicting = false
    },
    contradict(about) {
      counts.disagreements += 1
      isContradicting = true
      lastProblem = `contradicts the others about ${about}`
    },
    distrust(about) {
      endpoint.contradict(about)
      distrustedUntil = clock.now() + pauses.distrust
    },
    health(agreedHead) {
      const { chainId, head } = endpoint
      const lag = agreedHead === undefined || head === undefined || head >= agreedHead ? 0n : agreedHead - head
      const until = Math.max(excludedUntil, distrustedUntil)
      return {
        ...{ endpoint: name, status: statusOf(lag), ...counts },
        ...(chainId === undefined ? {} : { chainId }),
        ...(head === undefined ? {} : { head }),
        ...(agreedHead === undefined || head === undefined ? {} : { lag }),
        ...(lastProblem === undefined ? {} : { lastProblem }),
        ...(until > clock.now() ? { excludedUntil: until } : {}),
      }
    },
  }

  function statusOf(lag: bigint): EndpointStatus {
    if (endpoint.isOtherChain) return 'other chain'
    if (isContradicting || distrustedUntil > clock.now()) return 'disagreeing'
    if (counts.failuresInRow > 0) return 'failing'
    if (counts.answers === 0) return 'unknown'
    return lag > 0n ? 'lagging' : 'ready'
  }

  return endpoint
}
