import type { KeeperEvent } from '../events.ts'
import {
  type KeeperStanding,
  marginStanding,
  oldestOpenSeconds,
  postsLeft,
  quorumMissingSince,
  quorumOf,
  ratioOf,
  recordAge,
} from './standing.ts'

/** `critical` wakes somebody up, `warning` can wait for the morning, `info` is for the record. */
export type Severity = 'critical' | 'warning' | 'info'

/** Something that people should know: true from now on, or true no longer. */
export type Condition = {
  /** What kind it is; stable. */
  readonly kind: string
  /** Tells conditions of one kind apart: an account, a node, a peer. */
  readonly about?: string
  readonly severity: Severity
  readonly text: string
}

/** What an event says about conditions: those that hold from now on, and those that are over. */
export type ConditionChange = {
  readonly raised: readonly Condition[]
  readonly cleared: readonly Pick<Condition, 'kind' | 'about'>[]
}

/** From when on something is worth an alert. */
export type AlertBounds = {
  /** Seconds without a round. */
  readonly noRound: number
  /** Seconds for which an account is refused without a break. */
  readonly refused: number
  /** Seconds for which a transaction is out. */
  readonly stuck: number
  /** Seconds for which a node serves not, or too few do. */
  readonly node: number
  /** Age of a record, seconds. */
  readonly recordAge: number
  /** Posts that the purse pays for. */
  readonly posts: number
  /** Part of the daily cap that is spent, per cent. */
  readonly spentPercent: number
}

export const defaultAlertBounds: AlertBounds = {
  ...{ noRound: 120, refused: 300, stuck: 300, node: 60, recordAge: 480, posts: 50, spentPercent: 80 },
}

const nothing: ConditionChange = { raised: [], cleared: [] }

/** Conditions that begin or end with an event. */
export function changesOf(event: KeeperEvent): ConditionChange {
  switch (event.event) {
    case 'post':
      return postChange(event)
    case 'transaction':
      return transactionChange(event)
    case 'cosign':
      return cosignChange(event)
    case 'stopped': {
      const text = `The keeper of ${event.accounts} accounts has stopped.`
      return { raised: [{ kind: 'keeper-stopped', severity: 'warning', text }], cleared: [] }
    }
    case 'started':
      return { raised: [], cleared: [{ kind: 'keeper-stopped' }] }
    default:
      return nothing
  }
}

function postChange({ code, reason, form }: KeeperEvent & { readonly event: 'post' }): ConditionChange {
  const because = reason === undefined ? '' : `: ${reason}`
  const raise = (kind: string, severity: Severity, text: string): ConditionChange => ({
    ...{ raised: [{ kind, severity, text: `${text}${because}.` }], cleared: [] },
  })
  switch (code) {
    case 'sent':
      return { raised: [], cleared: postKinds.map((kind) => ({ kind })) }
    case 'spend-cap':
      return raise('spend-cap', 'critical', 'The daily cap forbids a post')
    case 'fee-cap':
      return raise('fee-cap', 'warning', 'The fee cap forbids a post')
    case 'foreign-nonce':
      return raise('foreign-nonce', 'critical', 'Something else sends for the payer')
    case 'not-sent':
      return raise('not-sent', 'warning', 'No node took a transaction')
    case 'quorum-missing':
      return raise('quorum-missing', 'critical', `Too few co-signers signed a post (${form})`)
    default:
      return nothing
  }
}

/** What a post that was sent ends. */
const postKinds = ['spend-cap', 'fee-cap', 'foreign-nonce', 'not-sent', 'quorum-missing']

/** Kinds of {@link changesOf}, beside those that a post ends. */
const otherKinds = ['reverted', 'cosign-differs', 'cosign-forged', 'keeper-stopped']

function transactionChange({ code, nonce }: KeeperEvent & { readonly event: 'transaction' }): ConditionChange {
  switch (code) {
    case 'mined':
      return { raised: [], cleared: [{ kind: 'reverted' }, { kind: 'fee-cap' }, { kind: 'spend-cap' }] }
    case 'reverted':
      return {
        raised: [{ kind: code, severity: 'warning', text: `A post with nonce ${nonce} reverted.` }],
        cleared: [],
      }
    case 'nonce-taken': {
      const text = `Another writer of the payer's key used nonce ${nonce}.`
      return { raised: [{ kind: 'foreign-nonce', severity: 'critical', text }], cleared: [] }
    }
    case 'fee-cap': {
      const text = `The fee cap forbids a higher bid for nonce ${nonce}.`
      return { raised: [{ kind: code, severity: 'warning', text }], cleared: [] }
    }
    case 'spend-cap': {
      const text = `The daily cap forbids a higher bid for nonce ${nonce}.`
      return { raised: [{ kind: code, severity: 'critical', text }], cleared: [] }
    }
    default:
      return nothing
  }
}

function cosignChange({ code, peer, field, reason }: KeeperEvent & { readonly event: 'cosign' }): ConditionChange {
  const detail = [field === undefined ? [] : `field ${field}`, reason ?? []].flat().join(', ')
  const about = { about: peer, severity: 'critical' } as const
  const suffix = detail === '' ? '' : `: ${detail}`
  switch (code) {
    case 'signed':
      return { raised: [], cleared: ['cosign-differs', 'cosign-forged'].map((kind) => ({ kind, about: peer })) }
    case 'differs': {
      const text = `Co-signer ${peer} computed something else from the same block${suffix}.`
      return { raised: [{ kind: 'cosign-differs', ...about, text }], cleared: [] }
    }
    case 'forged': {
      const text = `Co-signer ${peer} sent a signature that is not its own${suffix}.`
      return { raised: [{ kind: 'cosign-forged', ...about, text }], cleared: [] }
    }
    default:
      return nothing
  }
}

/** Every condition that holds by how the keeper stands, whatever event made it so; what is not in the list is over. */
export function conditionsOf(standing: KeeperStanding, now: number, bounds: AlertBounds): readonly Condition[] {
  return [
    ...roundConditions(standing, now, bounds),
    ...accountConditions(standing, now, bounds),
    ...purseConditions(standing, now, bounds),
    ...nodeConditions(standing, now, bounds),
  ]
}

/** Kinds of {@link conditionsOf}. */
export const standingKinds: ReadonlySet<string> = new Set([
  ...['no-round', 'account-refused', 'account-default', 'account-call', 'record-old', 'stuck-nonce', 'payer-low'],
  ...['spend-near', 'node', 'nodes-disagree', 'node-quorum'],
])

/** Every kind of condition. */
export const alertKinds: readonly string[] = [...standingKinds, ...postKinds, ...otherKinds]

function roundConditions(
  { lastRound, lastFailure, createdAt, stage }: KeeperStanding,
  now: number,
  { noRound }: AlertBounds,
): readonly Condition[] {
  const quiet = secondsSince(lastRound?.at ?? createdAt, now)
  if (stage === 'stopped' || quiet <= noRound) return []
  const since = lastRound?.at ?? createdAt
  const why =
    lastFailure !== undefined && lastFailure.at > since ? `: ${lastFailure.error}, ${lastFailure.message}` : ''
  return [{ kind: 'no-round', severity: 'critical', text: `No round for ${noRound} seconds and more${why}` }]
}

function accountConditions(
  { accounts, live, lastRound }: KeeperStanding,
  now: number,
  bounds: AlertBounds,
): readonly Condition[] {
  return [...accounts].flatMap(([address, account]): Condition[] => {
    const { decision, refusal, refusedSince } = account
    const found: Condition[] = []
    if (refusal !== undefined && refusedSince !== undefined && secondsSince(refusedSince, now) > bounds.refused) {
      const text = `${address} is refused: ${refusal.error}, ${refusal.message}`
      found.push({ kind: 'account-refused', about: address, severity: 'critical', text })
    }
    const standing = marginStanding(account)
    if (decision !== undefined && (standing === 'default' || standing === 'call')) {
      const ratio = ratioOf(decision).toFixed(3)
      const requirement = standing === 'default' ? 'maintenance' : 'initial'
      const severity = standing === 'default' ? 'critical' : 'warning'
      const text = `${address} is below its ${requirement} margin, equity over initial margin ${ratio}.`
      found.push({ kind: `account-${standing}`, about: address, severity, text })
    }
    const age = recordAge(account, now)
    if (live && lastRound !== undefined && age !== undefined && age > bounds.recordAge) {
      const text = `The record of ${address} is older than ${bounds.recordAge} seconds.`
      found.push({ kind: 'record-old', about: address, severity: 'critical', text })
    }
    return found
  })
}

function purseConditions(standing: KeeperStanding, now: number, bounds: AlertBounds): readonly Condition[] {
  const { payer, live } = standing
  if (payer === undefined || !live) return []
  const found: Condition[] = []
  const left = postsLeft(standing)
  if (payer.balance === 0n || (left !== undefined && left < bounds.posts)) {
    const text = `The payer ${payer.payer} can pay for fewer than ${bounds.posts} posts.`
    found.push({ kind: 'payer-low', severity: payer.balance === 0n ? 'critical' : 'warning', text })
  }
  if (payer.cap > 0n && payer.spent * 100n >= payer.cap * BigInt(bounds.spentPercent)) {
    const text = `More than ${bounds.spentPercent} % of the daily cap is spent.`
    found.push({ kind: 'spend-near', severity: 'warning', text })
  }
  if (oldestOpenSeconds(standing, now) > bounds.stuck) {
    const text = `A transaction has been out for more than ${bounds.stuck} seconds; see keeper unstick.`
    found.push({ kind: 'stuck-nonce', severity: 'critical', text })
  }
  return found
}

function nodeConditions(standing: KeeperStanding, now: number, { node: patience }: AlertBounds): readonly Condition[] {
  const isLong = (since: number | undefined) => since !== undefined && secondsSince(since, now) > patience
  const nodes = [...standing.endpoints.values()].flatMap(({ endpoint, status, problem, unwellSince }): Condition[] => {
    const detail = problem === undefined ? '' : `: ${problem}`
    if (status === 'disagreeing') {
      const text = `${endpoint} contradicts the other nodes${detail}.`
      return [{ kind: 'nodes-disagree', about: endpoint, severity: 'critical', text }]
    }
    if (!isLong(unwellSince)) return []
    return [{ kind: 'node', about: endpoint, severity: 'warning', text: `${endpoint} is ${status}${detail}.` }]
  })
  if (!isLong(quorumMissingSince(standing))) return nodes
  const { serving, quorum } = quorumOf(standing)
  const text = `Only ${serving} nodes serve, the quorum is ${quorum}: nothing is read.`
  return [...nodes, { kind: 'node-quorum', severity: 'critical', text }]
}

function secondsSince(then: number, now: number): number {
  return Math.floor((now - then) / 1000)
}
