import type { Underlying } from '../../core/asset.ts'
import type { Wad } from '../../core/units.ts'
import { min } from '../../kernel/fixedPoint.ts'
import type { VenueState } from '../venues/venueState.ts'

/** What rows do to a venue account, one entry per row: P&L with venue physics, and the venue's verdict where it has a rule. */
export type AccountRows = {
  readonly pnl: readonly Wad[]
  /** `weight · (−P)` of each row, USD scaled by 1e36; a gain is a negative loss. */
  readonly losses: readonly bigint[]
  /** Rows in which the venue liquidates the account, there or on the way there. */
  readonly isLiquidated: readonly boolean[]
  readonly states: readonly VenueState[] | undefined
}

/** Where a row stands relative to another: sign of the move and distance from spot, per underlying that moves. */
export type Shift = ReadonlyMap<Underlying, { readonly sign: -1 | 0 | 1; readonly distance: Wad }>

/** Place of a row among the rows that it is compared with: those of its own regime. */
export type RowPlace = { readonly shift: Shift; readonly regime: string }

/** For every row the rows of its regime that lie on the way to it, itself among them. */
export function rowsOnTheWay(places: readonly RowPlace[]): readonly (readonly number[])[] {
  return places.map(({ shift, regime }) =>
    places.flatMap((place, index) => (place.regime === regime && liesWithin(place.shift, shift) ? [index] : [])),
  )
}

/** Rows of an account whose venue has no rule. */
export function withoutRule(plain: readonly Wad[], weights: readonly Wad[]): AccountRows {
  return { pnl: plain, losses: lossesOf(plain, weights), isLiquidated: plain.map(() => false), states: undefined }
}

/**
 * `P_v(s)` of one venue account in every row: its worst P&L over s and the rows on the way to s in which its venue liquidates
 * it, less the penalty when there is any (model section 4). A liquidation never improves a scenario.
 *
 * @param onTheWay - As {@link rowsOnTheWay} gives it for the rows; asked for only when the account is liquidated in one.
 */
export function withPhysics(
  onTheWay: () => readonly (readonly number[])[],
  plain: readonly Wad[],
  weights: readonly Wad[],
  states: readonly VenueState[],
): AccountRows {
  if (!states.some(({ isLiquidatable }) => isLiquidatable)) return withoutLiquidation(plain, weights, states)
  const before = onTheWay()
  const isLiquidated: boolean[] = []
  const pnl = plain.map((own, at) => {
    let closes = false
    let worst = own
    for (const index of before[at] ?? []) {
      if (!states[index]?.isLiquidatable) continue
      closes = true
      worst = min(worst, plain[index] as Wad)
    }
    isLiquidated.push(closes)
    return closes ? worst - (states[at] as VenueState).penalty : own
  })
  return { pnl, losses: lossesOf(pnl, weights), isLiquidated, states }
}

function lossesOf(pnl: readonly Wad[], weights: readonly Wad[]): readonly bigint[] {
  return pnl.map((own, at) => -own * (weights[at] as Wad))
}

/** Plain P&L in every row beside the venue's verdict: what a parameter set without physics charges. */
export function withoutLiquidation(
  plain: readonly Wad[],
  weights: readonly Wad[],
  states: readonly VenueState[],
): AccountRows {
  return { ...withoutRule(plain, weights), states }
}

/** Every underlying of `inner` moves the way of `outer` or not at all, and no farther. */
function liesWithin(inner: Shift, outer: Shift): boolean {
  for (const [underlying, { sign, distance }] of inner) {
    if (sign === 0) continue
    const limit = outer.get(underlying)
    if (!limit || limit.sign !== sign || distance > limit.distance) return false
  }
  return true
}
