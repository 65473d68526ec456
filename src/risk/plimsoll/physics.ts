import type { Underlying } from '../../core/asset.ts'
import type { Wad } from '../../core/units.ts'
import { min } from '../../kernel/fixedPoint.ts'
import type { VenueState } from '../venues/venueState.ts'

/** What a row does to a venue account: P&L with venue physics, and the venue's verdict where there is a rule. */
export type AccountRow = {
  readonly pnl: Wad
  readonly isLiquidated: boolean
  readonly state: VenueState | undefined
}

/** Where a row stands relative to another: sign of the move and distance from spot, per underlying that moves. */
export type Shift = ReadonlyMap<Underlying, { readonly sign: -1 | 0 | 1; readonly distance: Wad }>

/** Place of a row among the rows that it is compared with: those of its own regime. */
export type RowPlace = { readonly shift: Shift; readonly regime: string }

/**
 * `P_v(s)` of one venue account in every row: its worst P&L over s and the rows on the way to s in which its venue liquidates
 * it, less the penalty when there is any (model section 4). A liquidation never improves a scenario.
 */
export function withPhysics(
  places: readonly RowPlace[],
  plain: readonly Wad[],
  states: readonly (VenueState | undefined)[],
): readonly AccountRow[] {
  const liquidating = places.flatMap((place, index) => (states[index]?.isLiquidatable ? [{ place, index }] : []))
  return places.map(({ shift, regime }, at): AccountRow => {
    const own = plain[at] as Wad
    const state = states[at]
    if (!state) return { pnl: own, isLiquidated: false, state }
    let isLiquidated = state.isLiquidatable
    let worst = own
    for (const { place, index } of liquidating) {
      if (place.regime !== regime || !liesWithin(place.shift, shift)) continue
      isLiquidated = true
      worst = min(worst, plain[index] as Wad)
    }
    return { pnl: isLiquidated ? worst - state.penalty : own, isLiquidated, state }
  })
}

/** Plain P&L in every row beside the venue's verdict: what a parameter set without physics charges. */
export function withoutLiquidation(
  places: readonly RowPlace[],
  plain: readonly Wad[],
  states: readonly (VenueState | undefined)[],
): readonly AccountRow[] {
  return places.map((_, at) => ({ pnl: plain[at] as Wad, isLiquidated: false, state: states[at] }))
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
