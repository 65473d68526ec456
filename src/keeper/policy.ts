import { expiresAt } from '../attest/record.ts'
import type { QuoteUnits, Wad } from '../core/units.ts'
import { wad } from '../core/units.ts'
import { abs, max } from '../kernel/fixedPoint.ts'

/** When a margin is worth posting. Times in seconds, deviations as WAD fractions of the initial margin. */
export type PostPolicy = {
  /** Longest age of a posted record; half of a record's own validity where that is shorter. */
  readonly heartbeat: number
  /** Fall of free equity that triggers a post; tighter than a rise, because silence about it lends money away. */
  readonly worseDeviation: Wad
  readonly betterDeviation: Wad
}

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
  | { readonly post: true; readonly code: 'first' | 'unusable' | 'heartbeat' | 'worse' | 'better' | 'boundary' }
  | { readonly post: false; readonly code: 'not-newer' | 'unchanged' }

/** Deviations are measured against at least one dollar, or dust could make a keeper post on every block. */
const smallestScale: QuoteUnits = 1_000_000n

export const defaultPostPolicy: PostPolicy = {
  heartbeat: 240,
  worseDeviation: wad / 100n,
  betterDeviation: wad / 20n,
}

/** Decides from the last posted margin and the next one; `now` is block time. */
export function shouldPost(policy: PostPolicy, last: LastPost | null, next: PostedMargin, now: number): PostDecision {
  if (!last) return { post: true, code: 'first' }
  if (next.observedAt <= last.observedAt) return { post: false, code: 'not-newer' }
  if (!last.isUsable) return { post: true, code: 'unusable' }
  if (standingOf(last) !== standingOf(next)) return { post: true, code: 'boundary' }
  const change = freeEquityOf(next) - freeEquityOf(last)
  const scale = max(max(last.initialMargin, next.initialMargin), smallestScale)
  const exceeds = (deviation: Wad) => abs(change) * wad > deviation * scale
  if (change < 0n && exceeds(policy.worseDeviation)) return { post: true, code: 'worse' }
  if (change > 0n && exceeds(policy.betterDeviation)) return { post: true, code: 'better' }
  if (now - last.observedAt >= Math.min(policy.heartbeat, validityOf(last) / 2))
    return { post: true, code: 'heartbeat' }
  return { post: false, code: 'unchanged' }
}

function freeEquityOf({ equity, initialMargin }: PostedMargin): QuoteUnits {
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
