import { leadersOf } from './coherentAgreement.ts'
import type { Endpoint } from './coherentEndpoint.ts'
import { EndpointFailure } from './coherentFailure.ts'
import { gather, type Persistence, reportsOf } from './coherentGather.ts'
import { EndpointDisagreementError, EndpointsFailedError, NoQuorumError } from './errors.ts'

/** A request whose answer `votes` endpoints must give alike; `subject` names it in errors, as `eth_call at block 7`. */
export type CoherentRead = {
  readonly method: string
  readonly params: readonly unknown[]
  readonly subject: string
  readonly votes: number
  /** The answer that an endpoint gives which knows nothing of it yet, or not how to: it is believed only when too few know more. */
  readonly nothing?: null | '0x'
}

/** An answer, or a revert, which is the EVM's own answer. */
type Outcome = { readonly result: unknown } | { readonly revert: EndpointFailure }

/**
 * Reads from endpoints that have the block: from the first `votes` of them, then from others in the place of those that fail or
 * that the request does not fit, and from all when two differ. An endpoint that lost the block is taken out of `holders`.
 *
 * @param findMore - Looks for further endpoints that have the block, when these are not enough.
 * @throws {EndpointDisagreementError} when not enough of them agree.
 * @throws {NoQuorumError | EndpointsFailedError} when too few or none of them answer.
 * @throws a viem error with the endpoint's name in the place of its URL, when the call reverts or does not fit.
 */
export async function readCoherently(
  holders: Set<Endpoint>,
  read: CoherentRead,
  { persistence, findMore }: { persistence: Persistence; findMore?: () => Promise<readonly Endpoint[]> },
): Promise<unknown> {
  const { method, params, subject, votes, nothing } = read
  const { clock, retryCount } = persistence
  const identity = (outcome: Outcome) => identityOfOutcome(method, outcome)
  const answers = new Map<Endpoint, Outcome>()
  const failures = new Map<Endpoint, EndpointFailure>()
  const attempts = new Map<Endpoint, number>()
  const left = new Set(holders)
  let hasLookedForMore = findMore === undefined

  const ask = async (endpoint: Endpoint, signal: AbortSignal): Promise<Outcome> => {
    try {
      return { result: await endpoint.request(method, params, signal) }
    } catch (error) {
      if (error instanceof EndpointFailure && error.kind === 'answer') return { revert: error }
      throw error
    }
  }
  const isTold = ({ value }: { readonly value: Outcome }) =>
    nothing === undefined || 'revert' in value || value.result !== nothing
  const leadersNow = () => leadersOf(answers, identity, votes).filter(isTold)
  const isSplit = () => new Set([...answers.values()].filter((value) => isTold({ value })).map(identity)).size > 1

  while (leadersNow().length === 0 || isSplit()) {
    if (left.size === 0) {
      if (hasLookedForMore || leadersNow().length > 0) break
      hasLookedForMore = true
      for (const endpoint of (await findMore?.()) ?? []) if (!attempts.has(endpoint)) left.add(endpoint)
      continue
    }
    // Once they differ, everybody is asked.
    const needed = votes - Math.max(0, ...leadersOf(answers, identity, 1).map(({ endpoints }) => endpoints.length))
    const next = preferred(left, clock.now()).slice(0, isSplit() ? left.size : Math.max(1, needed))
    for (const endpoint of next) {
      left.delete(endpoint)
      attempts.set(endpoint, (attempts.get(endpoint) ?? 0) + 1)
    }
    // The place of a failing endpoint is taken by another, so it is asked again only after those.
    const given = await gather(next, ask, () => false, { ...persistence, retryCount: 0 })
    for (const [endpoint, outcome] of given.answers) answers.set(endpoint, outcome)
    for (const [endpoint, failure] of given.failures) {
      failures.set(endpoint, failure)
      if (failure.kind === 'missing') holders.delete(endpoint)
      if (isPassing(failure) && (attempts.get(endpoint) ?? 0) <= retryCount) left.add(endpoint)
    }
  }

  const leaders = leadersNow()
  const [leader] = leaders
  if (leader === undefined || leaders.length > 1) {
    if (nothing !== undefined && answers.size >= votes && !isSplit()) return nothing
    // A smaller or simpler request may get an answer where this one does not fit.
    const unfit = [...failures.values()].find(({ kind }) => kind === 'limit' || kind === 'unsupported')
    if (unfit !== undefined && !isSplit()) throw unfit.error
    const asked = [...attempts.keys()]
    const reports = reportsOf(asked, { answers, failures }, (outcome) => shorten(identity(outcome)))
    if (isSplit()) throw new EndpointDisagreementError({ subject, reports })
    if (answers.size === 0) throw new EndpointsFailedError({ request: subject, reports })
    throw new NoQuorumError({ request: subject, agreed: answers.size, needed: votes, reports })
  }
  for (const [endpoint, outcome] of answers) {
    if (!isTold({ value: outcome }) || identity(outcome) === identity(leader.value)) continue
    endpoint.distrust(subject)
    holders.delete(endpoint)
  }
  if ('revert' in leader.value) throw leader.value.revert.error
  return leader.value.result
}

function identityOfOutcome(method: string, outcome: Outcome): string {
  return 'revert' in outcome ? `revert ${outcome.revert.data}` : identityOfAnswer(method, outcome.result)
}

function isPassing({ kind }: EndpointFailure): boolean {
  return kind === 'busy' || kind === 'broken'
}

/** Those that need not be left alone first, in the order of the configuration. */
function preferred(endpoints: Iterable<Endpoint>, now: number): Endpoint[] {
  const pauseOf = ({ excludedUntil }: Endpoint) => Math.max(0, excludedUntil - now)
  return [...endpoints].sort((a, b) => pauseOf(a) - pauseOf(b))
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 76)}… of ${text.length} characters` : text
}

/** Fields that consensus fixes; nodes add others as they like. */
const fixedFields: Readonly<Record<string, readonly string[]>> = {
  eth_getLogs: ['address', 'topics', 'data', 'blockHash', 'transactionHash', 'logIndex'],
  eth_getTransactionByHash: ['hash', 'blockHash', 'from', 'to', 'input', 'value', 'nonce'],
  eth_getTransactionReceipt: ['transactionHash', 'blockHash', 'status', 'gasUsed', 'contractAddress'],
}

function identityOfAnswer(method: string, result: unknown): string {
  const fields = fixedFields[method]
  const pick = (item: unknown) =>
    fields === undefined || typeof item !== 'object' || item === null
      ? item
      : fields.map((name) => (item as Record<string, unknown>)[name] ?? null)
  const text = JSON.stringify(Array.isArray(result) ? result.map(pick) : pick(result), sortedKeys)
  return text.replace(/^"(.*)"$/, '$1').toLowerCase()
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
