import type { Address } from 'viem'
import type {
  DecisionEvent,
  EndpointEvent,
  FailureEvent,
  KeeperEvent,
  KeeperObserver,
  PayerEvent,
  PostEvent,
  RefusalEvent,
  RoundEvent,
} from '../events.ts'

/** Something with the time when it was noticed, Unix milliseconds of this machine. */
export type Noticed<Thing> = Thing & { readonly at: number }

/** What is known of an account. Times are Unix milliseconds of this machine. */
export type AccountStanding = {
  /** The last number; stays when the account is refused later. */
  readonly decision?: Noticed<DecisionEvent>
  /** The last refusal, while no decision followed. */
  readonly refusal?: Noticed<RefusalEvent>
  readonly refusedSince?: number
  /** When the stored record was observed; absent without a record. */
  readonly recordFrom?: number
  readonly lastPost?: Noticed<Omit<PostEvent, 'accounts'>>
}

/** How a node stands, and since when it serves no longer, Unix milliseconds of this machine. */
export type EndpointStanding = EndpointEvent & { readonly unwellSince?: number }

/** What is known of a keeper from its events: the source of metrics, health and alerts. */
export type KeeperStanding = {
  readonly createdAt: number
  readonly live: boolean
  readonly stage: 'starting' | 'running' | 'draining' | 'stopped'
  /** When the loop last did anything. */
  readonly activeAt: number
  readonly accounts: ReadonlyMap<Address, AccountStanding>
  readonly endpoints: ReadonlyMap<string, EndpointStanding>
  readonly lastRound?: Noticed<RoundEvent>
  /** The last round that gave at least one account a number, or had none to give. */
  readonly lastGoodRound?: Noticed<RoundEvent>
  readonly lastFailure?: Noticed<FailureEvent>
  readonly payer?: Noticed<PayerEvent>
  /** Highest fee of the last transactions in the chain, wei. */
  readonly dearest?: bigint
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

const feesToRemember = 16

/** A standing that follows the events it is told. `now` is in Unix milliseconds. */
export function followKeeper(now: () => number = Date.now): {
  readonly standing: KeeperStanding
  readonly observe: KeeperObserver
} {
  const accounts = new Map<Address, AccountStanding>()
  const endpoints = new Map<string, EndpointStanding>()
  const started = now()
  const standing: Mutable<KeeperStanding> = {
    ...{ createdAt: started, activeAt: started, live: false, stage: 'starting', accounts, endpoints },
  }
  /** When the number behind the last post of an account was computed. */
  const posting = new Map<Address, number>()
  const fees: bigint[] = []

  const change = (account: Address, changed: (before: AccountStanding) => AccountStanding) =>
    accounts.set(account, changed(accounts.get(account) ?? {}))

  function decide(decision: Noticed<DecisionEvent>): void {
    const { account, at, action, ageSeconds } = decision
    if (action === 'posting') posting.set(account, at)
    change(account, ({ lastPost }) => ({
      ...{ decision, ...(lastPost && { lastPost }) },
      ...(ageSeconds === undefined ? {} : { recordFrom: at - ageSeconds * 1000 }),
    }))
  }

  function settle(at: number, { code, fee, accounts: posted }: KeeperEvent & { readonly event: 'transaction' }): void {
    if (fee !== undefined) {
      fees.push(fee)
      if (fees.length > feesToRemember) fees.shift()
      standing.dearest = fees.reduce((a, b) => (a > b ? a : b))
    }
    if (code !== 'mined') return
    for (const account of posted) {
      const from = posting.get(account) ?? at
      change(account, (before) => ({ ...before, recordFrom: from }))
    }
  }

  function observe(event: KeeperEvent): void {
    const at = now()
    if (event.event !== 'endpoint') standing.activeAt = at
    switch (event.event) {
      case 'decision':
        decide({ ...event, at })
        return
      case 'refused':
        change(event.account, (before) => ({
          ...{ ...before, refusal: { ...event, at }, refusedSince: before.refusedSince ?? at },
        }))
        return
      case 'post': {
        const { accounts: posted, ...post } = event
        for (const account of posted) change(account, (before) => ({ ...before, lastPost: { ...post, at } }))
        return
      }
      case 'transaction':
        settle(at, event)
        return
      case 'payer':
        standing.payer = { ...event, at }
        return
      case 'endpoint':
        endpoints.set(event.endpoint, {
          ...event,
          ...(isServing(event) ? {} : { unwellSince: endpoints.get(event.endpoint)?.unwellSince ?? at }),
        })
        return
      case 'round':
        standing.lastRound = { ...event, at }
        if (event.refused < event.accounts || event.accounts === 0) standing.lastGoodRound = { ...event, at }
        return
      case 'failure':
        standing.lastFailure = { ...event, at }
        return
      case 'started':
        standing.live = event.live
        standing.stage = 'running'
        return
      case 'draining':
        standing.stage = 'draining'
        return
      case 'stopped':
        standing.stage = 'stopped'
        return
      case 'cosign':
        return
    }
  }

  return { standing, observe }
}

/** Nodes so many blocks behind still count as serving: each of them is a block late now and then. */
const mostLag = 5

/** True for a node that reads may rely on. */
function isServing({ status, lag }: EndpointEvent): boolean {
  return status === 'ready' || (status === 'lagging' && lag <= mostLag)
}

/** Nodes that serve, and those that must agree on a block; 0 where one alone is read. */
export function quorumOf({ endpoints }: KeeperStanding): { readonly serving: number; readonly quorum: number } {
  const all = [...endpoints.values()]
  return { serving: all.filter(isServing).length, quorum: Math.max(0, ...all.map(({ quorum = 0 }) => quorum)) }
}

/** Since when fewer nodes serve than must agree; nothing while enough do. */
export function quorumMissingSince(standing: KeeperStanding): number | undefined {
  const { quorum } = quorumOf(standing)
  const unwell = [...standing.endpoints.values()].flatMap(({ unwellSince }) => unwellSince ?? []).sort((a, b) => a - b)
  // So many may be unwell.
  return quorum === 0 ? undefined : unwell[Math.max(0, standing.endpoints.size - quorum)]
}

/** Posts that the purse pays for at the dearest of the last fees; nothing while no fee is known. */
export function postsLeft({ payer, dearest }: KeeperStanding): number | undefined {
  if (payer === undefined || dearest === undefined || dearest === 0n) return undefined
  return Number(payer.balance / dearest)
}

/** Seconds for which the oldest transaction has been out by now, as far as is known; 0 without one. */
export function oldestOpenSeconds({ payer }: KeeperStanding, now: number): number {
  if (payer === undefined || payer.open === 0 || payer.oldestOpenSeconds === undefined) return 0
  return payer.oldestOpenSeconds + (now - payer.at) / 1000
}

/** How an account stands towards its requirements; `unknown` before there was a number. */
export function marginStanding({ decision }: AccountStanding): 'free' | 'call' | 'default' | 'unknown' {
  if (decision === undefined) return 'unknown'
  const { equity, initialMargin, maintenanceMargin } = decision
  if (equity >= initialMargin) return 'free'
  return equity >= maintenanceMargin ? 'call' : 'default'
}

/** Equity over initial margin, for watching; infinite without a requirement. */
export function ratioOf({ equity, initialMargin }: Pick<DecisionEvent, 'equity' | 'initialMargin'>): number {
  if (initialMargin === 0n) return equity < 0n ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return Number(equity) / Number(initialMargin)
}

/** Age of the stored record by now, in seconds. */
export function recordAge({ recordFrom }: AccountStanding, now: number): number | undefined {
  return recordFrom === undefined ? undefined : Math.max(0, (now - recordFrom) / 1000)
}
