import { expiresAt } from '../attest/record.ts'
import type { QuoteUnits, Wad } from '../core/units.ts'
import { wad } from '../core/units.ts'
import { abs, max, min } from '../kernel/fixedPoint.ts'

/** When a margin is worth posting. Times in seconds, deviations as WAD fractions of the initial margin. */
export type PostPolicy = {
  /** Longest age of a posted record; half of a record's own validity where that is shorter. */
  readonly heartbeat: number
  /** Fall of free equity that triggers a post; tighter than a rise, because silence about it lends money away. */
  readonly worseDeviation: Wad
  readonly betterDeviation: Wad
  /** Near a requirement a change of `deviation` in either direction is enough. */
  readonly boundary: BoundaryPolicy
}

/** Equity is near a requirement between the requirement divided by `ratio` and the requirement times `ratio`; both WAD. */
export type BoundaryPolicy = { readonly ratio: Wad; readonly deviation: Wad }

/** The part of a record, or of a fresh margin, that a policy looks at. */
export type PostedMargin = {
  readonly initialMargin: QuoteUnits
  readonly maintenanceMargin: QuoteUnits
  readonly equity: QuoteUnits
  /** Unix seconds. */
  readonly observedAt: number
  /** Of the record; its validity lies in them. */
  readonly flags: number
}

/** The stored record. `isUsable` is false when it expired, or its model or time is no longer trusted. */
export type LastPost = PostedMargin & { readonly isUsable: boolean }

/** Why a margin is posted, or why not; codes are stable log fields. */
export type PostDecision =
  | {
      readonly post: true
      readonly code: 'first' | 'unusable' | 'heartbeat' | 'worse' | 'better' | 'boundary' | 'boundary-zone'
    }
  | { readonly post: false; readonly code: 'not-newer' | 'unchanged' }

/** A decision and what it was made of. Times in seconds. */
export type PostExplanation = {
  readonly decision: PostDecision
  /** Since the stored record was observed; the rest is absent, too, where there is no record to compare with. */
  readonly age?: number
  /** Age at which the record is replaced whatever else happens. */
  readonly heartbeat?: number
  /** Change of free equity since the stored record, as a signed fraction of the initial margin. */
  readonly change?: Wad
  /** Deviations that apply to it now. */
  readonly worse?: Wad
  readonly better?: Wad
  /** Whether either record stands near one of its requirements. */
  readonly isNearBoundary?: boolean
}

/** Deviations are measured against at least one dollar, or dust could make a keeper post on every block. */
const smallestScale: QuoteUnits = 1_000_000n

export const defaultPostPolicy: PostPolicy = {
  heartbeat: 240,
  worseDeviation: wad / 100n,
  betterDeviation: wad / 20n,
  boundary: { ratio: (wad * 11n) / 10n, deviation: wad / 500n },
}

/** Decides from the last posted margin and the next one; `now` is block time. */
export function shouldPost(policy: PostPolicy, last: LastPost | null, next: PostedMargin, now: number): PostDecision {
  return explainPost(policy, last, next, now).decision
}

/** The decision of {@link shouldPost} with the distances that led to it. */
export function explainPost(
  policy: PostPolicy,
  last: LastPost | null,
  next: PostedMargin,
  now: number,
): PostExplanation {
  if (!last) return { decision: { post: true, code: 'first' } }
  const change = freeEquityOf(next) - freeEquityOf(last)
  const scale = max(max(last.initialMargin, next.initialMargin), smallestScale)
  const isNearBoundary = [last, next].some((margin) => isNear(margin, policy.boundary.ratio))
  const tightest = (deviation: Wad) => (isNearBoundary ? min(deviation, policy.boundary.deviation) : deviation)
  const age = now - last.observedAt
  const heartbeat = Math.min(policy.heartbeat, validityOf(last) / 2)
  const exceeds = (deviation: Wad) => abs(change) * wad > deviation * scale
  const codeOf = (): PostDecision['code'] => {
    if (next.observedAt <= last.observedAt) return 'not-newer'
    if (!last.isUsable) return 'unusable'
    if (standingOf(last) !== standingOf(next)) return 'boundary'
    if (change < 0n && exceeds(policy.worseDeviation)) return 'worse'
    if (change > 0n && exceeds(policy.betterDeviation)) return 'better'
    if (isNearBoundary && exceeds(policy.boundary.deviation)) return 'boundary-zone'
    return age >= heartbeat ? 'heartbeat' : 'unchanged'
  }
  const code = codeOf()
  return {
    decision: code === 'not-newer' || code === 'unchanged' ? { post: false, code } : { post: true, code },
    age,
    heartbeat,
    change: (change * wad) / scale,
    worse: tightest(policy.worseDeviation),
    better: tightest(policy.betterDeviation),
    isNearBoundary,
  }
}

/** Whether equity is within the ratio of either requirement, above or below it. */
function isNear({ equity, initialMargin, maintenanceMargin }: PostedMargin, ratio: Wad): boolean {
  return [initialMargin, maintenanceMargin].some(
    (required) => required > 0n && equity * wad <= required * ratio && equity * ratio >= required * wad,
  )
}

/** What an account may still use. */
export function freeEquityOf({ equity, initialMargin }: Pick<PostedMargin, 'equity' | 'initialMargin'>): QuoteUnits {
  return equity - initialMargin
}

/** Seconds. */
function validityOf(record: PostedMargin): number {
  return expiresAt(record) - record.observedAt
}

/** Which side of its requirements an account stands on. */
function standingOf({ equity, initialMargin, maintenanceMargin }: PostedMargin): 'free' | 'call' | 'default' {
  if (equity >= initialMargin) return 'free'
  return equity >= maintenanceMargin ? 'call' : 'default'
}
