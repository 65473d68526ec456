import type { MarginResult, ValuedPosition } from '../core/margin.ts'
import type { Market } from '../core/market.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { type QuoteUnits, type Wad, wad, wadPerQuoteUnit } from '../core/units.ts'
import { abs, max } from '../kernel/fixedPoint.ts'
import { type LastPost, type PostedMargin, type PostPolicy, shouldPost } from './policy.ts'

/** How long a margin may stand in for one of a later block. */
export type RecheckPolicy = {
  /** Most seconds of block time; accounts come round after half of it to the whole, so that they do not all at once. */
  readonly seconds: number
  /** Largest relative change of any input, WAD: a price, a rate, a volatility, an amount. */
  readonly move: Wad
}

export const defaultRecheckPolicy: RecheckPolicy = { seconds: 48, move: wad / 100n }

/** A margin and the snapshot that it was calculated from. */
export type Computed = {
  readonly snapshot: Snapshot
  readonly result: MarginResult
  /** What all positions together turn over, quote units: values, and the notional of derivatives. */
  readonly gross: QuoteUnits
}

/** Why an account is calculated anew. */
export type RecheckReason = 'touched' | 'moved' | 'aged' | 'may-flip'

/** The result of a snapshot with what a later block is held against. */
export function toComputed(snapshot: Snapshot, result: MarginResult): Computed {
  const total = result.positions.reduce((sum, position) => sum + turnoverOf(position, snapshot.market), 0n)
  return { snapshot, result, gross: total / wadPerQuoteUnit }
}

/**
 * Why the margin of an earlier block may not stand in at a later one, if it may not. It may while no user touched the positions
 * (the witnesses are equal), no input moved by more than `move`, the margin is younger than `seconds`, no option expired, and
 * the policy would post nothing even where free equity and both requirements had moved, either way, by twice the largest move of
 * an input times the turnover.
 */
export function recheckReason(
  recheck: RecheckPolicy,
  before: Computed,
  next: Snapshot,
  policyAt: { readonly policy: PostPolicy; readonly last: LastPost | null; readonly flags: number },
): RecheckReason | undefined {
  const { snapshot, result, gross } = before
  const { timestamp } = next.portfolio.block
  const age = timestamp - snapshot.portfolio.block.timestamp
  if (age < 0 || age >= recheck.seconds * spreadOf(result.account)) return 'aged'
  if (result.nextExpiry !== null && timestamp >= result.nextExpiry) return 'aged'
  if (!areWitnessesEqual(snapshot, next)) return 'touched'
  const limit = recheck.move
  const { portfolio } = snapshot
  const move = largest(marketMove(snapshot.market, next.market, limit), () =>
    moveOf(partsOf(portfolio), partsOf(next.portfolio), limit),
  )
  if (move > limit) return 'moved'
  // The requirements have not moved with nothing.
  const reach = (2n * move * gross) / wad + 1n
  return mayPost(policyAt, result, timestamp, reach) ? 'may-flip' : undefined
}

/** Whether the policy posts at any corner of what the margin may be by now. */
function mayPost(
  { policy, last, flags }: { readonly policy: PostPolicy; readonly last: LastPost | null; readonly flags: number },
  { equity, initialMargin, maintenanceMargin }: MarginResult,
  observedAt: number,
  reach: QuoteUnits,
): boolean {
  const corners = [-reach, 0n, reach].flatMap((step) =>
    [-reach, 0n, reach].map((rise): PostedMargin => {
      const initial = max(initialMargin + rise, 0n)
      const maintenance = max(maintenanceMargin + rise, 0n)
      return { equity: equity + step, initialMargin: initial, maintenanceMargin: maintenance, observedAt, flags }
    }),
  )
  return corners.some((corner) => shouldPost(policy, last, corner, observedAt).post)
}

type Parts = Pick<Snapshot['portfolio'], 'positions' | 'requirements' | 'rules' | 'scope'>

function partsOf({ positions, requirements, rules, scope }: Snapshot['portfolio']): Parts {
  return { positions, requirements, rules, scope }
}

function areWitnessesEqual({ witnesses }: Snapshot, { witnesses: others }: Snapshot): boolean {
  return (
    witnesses.length === others.length &&
    witnesses.every(({ venue, calls, results }, index) => {
      const other = others[index]
      return other?.venue === venue && other.calls === calls && other.results === results
    })
  )
}

/** Of two markets once, however many accounts share them. */
function marketMove(before: Market, next: Market, limit: Wad): Wad {
  if (before === next) return 0n
  const known = moves.get(next) ?? new WeakMap<Market, Wad>()
  moves.set(next, known)
  const found = known.get(before)
  if (found !== undefined) return found
  const move = moveOf(withoutAges(before), withoutAges(next), limit)
  known.set(before, move)
  return move
}

const moves = new WeakMap<Market, WeakMap<Market, Wad>>()

/** A feed that renews its answer has not moved. How old it may be is judged where it is read. */
function withoutAges({ prices, ...market }: Market): unknown {
  const aged = Object.entries(prices).map(([name, { updatedAt, ...price }]) => [name, price])
  return { ...market, prices: Object.fromEntries(aged) }
}

/** More than any limit: what differs has no size. */
const unlimited: Wad = 2n ** 255n

/**
 * Largest relative difference of two plain values that are otherwise the same: of integers by the larger of them, and beyond
 * measure for a change of sign, from nothing, or of anything that is no integer. Stops at the first above the limit.
 */
export function moveOf(before: unknown, next: unknown, limit: Wad): Wad {
  if (typeof before === 'bigint' && typeof next === 'bigint') return relativeMove(before, next)
  if (typeof before !== 'object' || typeof next !== 'object' || before === null || next === null) {
    return Object.is(before, next) ? 0n : unlimited
  }
  const names = Object.keys(before)
  if (names.length !== Object.keys(next).length) return unlimited
  let most: Wad = 0n
  for (const name of names) {
    if (!Object.hasOwn(next, name)) return unlimited
    const move = moveOf(before[name as never], next[name as never], limit)
    if (move > limit) return move
    if (move > most) most = move
  }
  return most
}

function relativeMove(before: bigint, next: bigint): Wad {
  if (before === next) return 0n
  if (before === 0n || next === 0n || before > 0n !== next > 0n) return unlimited
  return (abs(next - before) * wad) / max(abs(before), abs(next)) + 1n
}

function largest(first: Wad, second: () => Wad): Wad {
  return first >= unlimited ? first : max(first, second())
}

/** WAD USD that a position turns over, or would if it were closed at the prices of a market. */
function turnoverOf({ position, value }: ValuedPosition, { prices }: Market): Wad {
  const priceOf = (underlying: string) => prices[underlying]?.price ?? 0n
  switch (position.kind) {
    case 'perpetual':
      return abs(value) + (abs(position.size) * priceOf(position.underlying)) / wad + abs(position.cost)
    case 'option':
      return abs(value) + (abs(position.size) * max(priceOf(position.underlying), position.strike)) / wad
    case 'perpetualLiquidity':
      return abs(value) + 2n * (position.quoteDebt + (position.baseDebt * priceOf(position.underlying)) / wad)
    case 'balance':
    case 'debt':
    case 'concentratedLiquidity':
    case 'consumerDebt':
      return abs(value)
  }
}

/** From a half to one, by the account. */
function spreadOf(account: string): number {
  return 0.5 + Number.parseInt(account.slice(2, 6), 16) / 0x20000
}
