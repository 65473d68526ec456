import type { Address } from 'viem'
import {
  type AccountStanding,
  type KeeperStanding,
  marginStanding,
  oldestOpenSeconds,
  postsLeft,
  quorumOf,
  ratioOf,
  recordAge,
} from './standing.ts'

/** When a keeper counts as alive and as ready. */
export type HealthBounds = {
  /** Longest time without any event of the loop, seconds. */
  readonly silence: number
  /** Longest time since the last good round, seconds. */
  readonly roundAge: number
  /** Posts that the purse must pay for. */
  readonly posts: number
}

export const defaultHealthBounds: HealthBounds = { silence: 600, roundAge: 120, posts: 5 }

/** Why a keeper is not alive or not ready; `code` is stable. */
export type HealthReason = {
  readonly code: 'silent' | 'stopped' | 'draining' | 'no-round' | 'round-old' | 'no-quorum' | 'payer-low'
  readonly text: string
}

/** Reasons to restart the process, none while it lives. That it can be asked at all says that its event loop turns. */
export function livenessOf(standing: KeeperStanding, now: number, { silence }: HealthBounds): readonly HealthReason[] {
  const quiet = secondsSince(standing.activeAt, now)
  return quiet > silence ? [{ code: 'silent', text: `the loop did nothing for ${quiet} seconds` }] : []
}

/** Reasons not to rely on the keeper now, none while it is ready. */
export function readinessOf(standing: KeeperStanding, now: number, bounds: HealthBounds): readonly HealthReason[] {
  const { stage, lastGoodRound, payer, live } = standing
  const reasons: HealthReason[] = []
  if (stage === 'draining' || stage === 'stopped') {
    reasons.push({ code: stage, text: stage === 'draining' ? 'it is about to stop' : 'it has stopped' })
  }
  if (lastGoodRound === undefined) {
    reasons.push({ code: 'no-round', text: 'no round has given any account a number yet' })
  } else {
    const age = secondsSince(lastGoodRound.at, now)
    if (age > bounds.roundAge) reasons.push({ code: 'round-old', text: `the last good round ended ${age} seconds ago` })
  }
  const { serving, quorum } = quorumOf(standing)
  if (serving < quorum) {
    reasons.push({ code: 'no-quorum', text: `${serving} nodes serve, the quorum is ${quorum}` })
  }
  const left = postsLeft(standing)
  if (live && payer !== undefined && (payer.balance === 0n || (left !== undefined && left < bounds.posts))) {
    reasons.push({ code: 'payer-low', text: `the payer can pay for ${left ?? 0} posts, wanted are ${bounds.posts}` })
  }
  return reasons
}

/** Most accounts of one report, those with the lowest ratio first. */
const mostAccounts = 1_000

/**
 * How the keeper and its accounts stand, as plain values. Amounts are US dollars with 6 decimals and wei as bigints, ages are
 * seconds. With an account it is about that account alone.
 */
export function statusReport(standing: KeeperStanding, now: number, only?: Address) {
  const { live, stage, lastRound, lastFailure, payer, endpoints } = standing
  const all = [...standing.accounts].filter(([address]) => only === undefined || address === only)
  const accounts = all.map(([address, account]) => accountReport(address, account, now)).sort(byUrgency)
  const counts = { free: 0, call: 0, default: 0, unknown: 0 }
  for (const { standing: label } of accounts) counts[label] += 1
  const ages = accounts.map(({ ageSeconds }) => ageSeconds).filter((age) => age !== undefined)
  return {
    ...{ live, stage },
    totals: {
      ...{ accounts: accounts.length, ...counts },
      refused: accounts.filter(({ refusedSeconds }) => refusedSeconds !== undefined).length,
      withoutRecord: accounts.filter(({ ageSeconds }) => ageSeconds === undefined).length,
      oldestSeconds: ages.reduce((a, b) => Math.max(a, b), 0),
    },
    ...(lastRound && {
      round: {
        ...{ blockNumber: lastRound.blockNumber, blockHash: lastRound.blockHash, time: lastRound.time },
        ...{ accounts: lastRound.accounts, recomputed: lastRound.recomputed, refused: lastRound.refused },
        ...{ posts: lastRound.posts, seconds: lastRound.seconds, secondsAgo: secondsSince(lastRound.at, now) },
      },
    }),
    ...(lastFailure && {
      failure: {
        ...{ stage: lastFailure.stage, error: lastFailure.error, message: lastFailure.message },
        secondsAgo: secondsSince(lastFailure.at, now),
      },
    }),
    ...(payer && {
      payer: {
        ...{ address: payer.payer, balance: payer.balance, spent: payer.spent, cap: payer.cap, open: payer.open },
        ...{ oldestOpenSeconds: Math.floor(oldestOpenSeconds(standing, now)), postsLeft: postsLeft(standing) },
      },
    }),
    quorum: quorumOf(standing),
    endpoints: [...endpoints.values()].map(({ endpoint, status, lag, problem }) => ({
      ...{ endpoint, status, lag, problem },
    })),
    accounts: accounts.slice(0, mostAccounts),
    ...(accounts.length > mostAccounts ? { omitted: accounts.length - mostAccounts } : {}),
  }
}

type AccountReport = ReturnType<typeof accountReport>

function accountReport(account: Address, standing: AccountStanding, now: number) {
  const { decision, refusal, refusedSince, lastPost } = standing
  const age = recordAge(standing, now)
  return {
    ...{ account, standing: marginStanding(standing), ageSeconds: age === undefined ? undefined : Math.floor(age) },
    ...(decision && {
      ...{ code: decision.code, action: decision.action, blockNumber: decision.blockNumber, time: decision.time },
      ...{ equity: decision.equity, initialMargin: decision.initialMargin },
      ...{ maintenanceMargin: decision.maintenanceMargin, ratio: ratioOf(decision) },
    }),
    ...(refusal && {
      refusal: { error: refusal.error, message: refusal.message, blockNumber: refusal.blockNumber },
      ...(refusedSince === undefined ? {} : { refusedSeconds: secondsSince(refusedSince, now) }),
    }),
    ...(lastPost && {
      post: {
        ...{ code: lastPost.code, form: lastPost.form, blockNumber: lastPost.blockNumber, hash: lastPost.hash },
        ...{ reason: lastPost.reason, secondsAgo: secondsSince(lastPost.at, now) },
      },
    }),
  }
}

/** Refused ones first, then those with the lowest ratio. */
function byUrgency(a: AccountReport, b: AccountReport): number {
  const rank = ({ refusal, ratio = 0 }: AccountReport) => (refusal === undefined ? ratio : Number.NEGATIVE_INFINITY)
  const [first, second] = [rank(a), rank(b)]
  return first === second ? 0 : first < second ? -1 : 1
}

function secondsSince(then: number, now: number): number {
  return Math.max(0, Math.floor((now - then) / 1000))
}
