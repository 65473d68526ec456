import type { Address } from 'viem'
import { decodeFlags, type MarginRecord } from '../attest/record.ts'
import { type Wad, wad } from '../core/units.ts'
import { max } from '../kernel/fixedPoint.ts'
import type { Evaluated } from './evaluate.ts'
import type { DecisionEvent } from './events.ts'
import { type DuePost, type FormPolicy, type Rider, rideShare, usesRoots } from './forms.ts'
import { type PostPolicy, shouldPost } from './policy.ts'
import type { Turns } from './turn.ts'
import { isAdverse } from './urgency.ts'

/** What a round concludes for an account. */
export type Decided = { readonly evaluated: Evaluated; readonly code: DecisionEvent['code'] }

/** What a round would post. */
export type Decisions = {
  readonly decided: readonly Decided[]
  /** Due, and said by nothing that is out. */
  readonly due: readonly DuePost[]
  readonly riders: readonly Rider[]
  /** What is out must not make this news wait: it may take its place. */
  readonly isUrgent: boolean
}

export type DecideOptions = {
  readonly forms: FormPolicy
  readonly signatures: number
  /** WAD share of its heartbeat or deviation from which an account rides along at the earliest. */
  readonly rideAlong: Wad
  /** What is out, by account. */
  readonly out: ReadonlyMap<Address, MarginRecord>
  /** Of several keepers, this one's place and what it knows of since when accounts are due; without it nobody is waited for. */
  readonly turn?: { readonly turns: Turns; readonly rank: number } | undefined
}

/**
 * Decides for all accounts of a round. An account that is due is held against what is out for it as well: where that says enough,
 * it waits; where it promises more than is true by now it is news, also when what is stored is right. Only when there is urgent
 * news do all accounts that something is out for go out again with it, so that the new post can take the place of the one that
 * is out without dropping what that one said.
 */
export function decideRound(accounts: readonly Evaluated[], options: DecideOptions): Decisions {
  const { forms, signatures, rideAlong, out, turn } = options
  const decisions = accounts.map((evaluated) => {
    const { policy, last, record } = evaluated
    const fromStored = shouldPost(policy, last, record, record.observedAt)
    const pending = out.get(evaluated.account)
    const fromOut =
      pending === undefined ? fromStored : shouldPost(policy, { ...pending, isUsable: true }, record, record.observedAt)
    const isOutWrong = fromStored.code === 'unchanged' && fromOut.post && isAdverse(fromOut.code)
    const decision = isOutWrong ? fromOut : fromStored
    if (!decision.post) turn?.turns.rests(evaluated.account)
    const now = record.observedAt
    const waits = decision.post && turn?.turns.waits(evaluated.account, { last, now, rank: turn.rank }) === true
    return { evaluated, decision, fromOut, waits }
  })
  const isUrgent = decisions.some(
    ({ decision, fromOut, waits }) => !waits && decision.post && fromOut.post && isAdverse(fromOut.code),
  )
  const due: DuePost[] = []
  const decided: Decided[] = []
  const resting: Evaluated[] = []
  for (const { evaluated, decision, fromOut, waits } of decisions) {
    if (!decision.post) {
      resting.push(evaluated)
      decided.push({ evaluated, code: decision.code })
    } else if (waits) decided.push({ evaluated, code: 'not-my-turn' })
    else if (!fromOut.post && !isUrgent) decided.push({ evaluated, code: 'in-flight' })
    else {
      due.push({ ...riderOf(evaluated, forms), code: decision.code })
      decided.push({ evaluated, code: decision.code })
    }
  }
  const share = max(rideAlong, rideShare(due.length, signatures))
  const riders = resting.filter(({ account, policy, last, record }) => {
    if (out.has(account)) return isUrgent
    return due.length > 0 && share <= wad && shouldPost(scaled(policy, share), last, record, record.observedAt).post
  })
  return { decided, due, riders: riders.map((evaluated) => riderOf(evaluated, forms)), isUrgent }
}

function riderOf({ account, last, improvement, record, isBounded }: Evaluated, forms: FormPolicy): Rider {
  const outlivesRoots = last?.isUsable === true && !decodeFlags(last.flags).rootMode
  return {
    account,
    flags: record.flags,
    isFirst: improvement.stored === null,
    needsStorage: !usesRoots(forms) || outlivesRoots || isBounded,
  }
}

/** The policy at a share of its way: what it posts by then is that close to being due. */
function scaled(policy: PostPolicy, share: Wad): PostPolicy {
  const part = (deviation: Wad) => (deviation * share) / wad
  const { heartbeat, worseDeviation, betterDeviation, boundary } = policy
  return {
    heartbeat: (heartbeat * Number(share)) / Number(wad),
    worseDeviation: part(worseDeviation),
    betterDeviation: part(betterDeviation),
    boundary: { ...boundary, deviation: part(boundary.deviation) },
  }
}
