import type { Clock, Endpoint } from './coherentEndpoint.ts'
import { EndpointFailure } from './coherentFailure.ts'
import type { EndpointReport } from './errors.ts'

/** How long and how often to wait; times in milliseconds. */
export type Persistence = {
  readonly clock: Clock
  /** Times that an endpoint is asked again within one request. */
  readonly retryCount: number
  /** How long the slower endpoints are waited for when the faster ones have decided. */
  readonly patience: number
  /** Longest pause for an endpoint that must be waited for. */
  readonly maximumWait: number
}

/** Who answered what, and why the others did not. */
export type Gathered<Value> = {
  readonly answers: ReadonlyMap<Endpoint, Value>
  readonly failures: ReadonlyMap<Endpoint, EndpointFailure>
}

/**
 * Asks endpoints side by side until the answers decide. An endpoint that is to be left alone is asked only when the others
 * do not decide; one that fails is asked again after its pause; the slower ones are given `patience` and then cut off.
 */
export async function gather<Value>(
  endpoints: readonly Endpoint[],
  ask: (endpoint: Endpoint, signal: AbortSignal) => Promise<Value>,
  isDecided: (answers: ReadonlyMap<Endpoint, Value>) => boolean,
  persistence: Persistence,
): Promise<Gathered<Value>> {
  const { clock, retryCount, maximumWait } = persistence
  const answers = new Map<Endpoint, Value>()
  const failures = new Map<Endpoint, EndpointFailure>()
  const attempts = new Map<Endpoint, number>()
  const isOpen = (endpoint: Endpoint) =>
    !answers.has(endpoint) &&
    !endpoint.isOtherChain &&
    (attempts.get(endpoint) ?? 0) <= retryCount &&
    isWorthAnotherTry(failures.get(endpoint))

  for (;;) {
    const open = endpoints.filter(isOpen)
    if (open.length === 0) break
    const now = clock.now()
    const ready = open.filter(({ excludedUntil }) => excludedUntil <= now)
    if (ready.length === 0) {
      const pause = Math.min(...open.map(({ excludedUntil }) => excludedUntil)) - now
      if (pause > maximumWait) break
      await clock.wait(pause)
      continue
    }
    for (const endpoint of ready) attempts.set(endpoint, (attempts.get(endpoint) ?? 0) + 1)
    await askSideBySide(ready, ask, { answers, failures, isDecided, persistence })
    if (isDecided(answers)) break
  }
  return { answers, failures }
}

function isWorthAnotherTry(failure: EndpointFailure | undefined): boolean {
  return failure === undefined || failure.kind === 'busy' || failure.kind === 'broken'
}

function askSideBySide<Value>(
  endpoints: readonly Endpoint[],
  ask: (endpoint: Endpoint, signal: AbortSignal) => Promise<Value>,
  state: {
    readonly answers: Map<Endpoint, Value>
    readonly failures: Map<Endpoint, EndpointFailure>
    readonly isDecided: (answers: ReadonlyMap<Endpoint, Value>) => boolean
    readonly persistence: Persistence
  },
): Promise<void> {
  const { answers, failures, isDecided, persistence } = state
  const { clock, patience } = persistence
  return new Promise((resolve, reject) => {
    const requests = new AbortController()
    const patient = new AbortController()
    let pending = endpoints.length
    let isPatient = false
    let isOver = false
    const finish = () => {
      if (isOver) return
      isOver = true
      requests.abort()
      patient.abort()
      resolve()
    }
    const settle = () => {
      pending -= 1
      if (isOver) return
      if (pending === 0) finish()
      else if (!isPatient && isDecided(answers)) {
        isPatient = true
        void clock.wait(patience, patient.signal).then(finish)
      }
    }
    for (const endpoint of endpoints) {
      ask(endpoint, requests.signal)
        .then(
          (value) => {
            if (!isOver) answers.set(endpoint, value)
          },
          (error: unknown) => {
            if (!(error instanceof EndpointFailure)) throw error
            if (!isOver) failures.set(endpoint, error)
          },
        )
        .then(settle)
        .catch(reject)
    }
  })
}

/** What to tell of endpoints: what they said, or why they said nothing. */
export function reportsOf<Value>(
  endpoints: readonly Endpoint[],
  { answers, failures }: Gathered<Value>,
  describe: (value: Value) => string,
): EndpointReport[] {
  return endpoints.map((endpoint) => {
    const failure = failures.get(endpoint)
    const answer = answers.get(endpoint)
    const said = endpoint.isOtherChain
      ? `serves chain ${endpoint.chainId}`
      : answers.has(endpoint)
        ? describe(answer as Value)
        : (failure?.message ?? endpoint.lastProblem ?? 'did not answer in time')
    return { endpoint: endpoint.name, said }
  })
}
