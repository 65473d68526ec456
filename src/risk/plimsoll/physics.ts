import type { Underlying } from '../../core/asset.ts'
import type { Wad } from '../../core/units.ts'
import { min } from '../../kernel/fixedPoint.ts'
import type { VenueState } from '../venues/venueState.ts'

/** What rows do to a venue account, one entry per row: P&L with venue physics, and the venue's verdict where it has a rule. */
export type AccountRows = {
  readonly pnl: readonly Wad[]
  /** Rows in which the venue liquidates the account, there or on the way there. */
  readonly isLiquidated: readonly boolean[]
  readonly states: readonly VenueState[] | undefined
}

/** Where a row stands relative to another: sign of the move and distance from spot, per underlying that moves. */
export type Shift = ReadonlyMap<Underlying, { readonly sign: -1 | 0 | 1; readonly distance: Wad }>

/** Place of a row among the rows that it is compared with: those of its own regime. */
export type RowPlace = { readonly shift: Shift; readonly regime: string }

/** Rows of an account whose venue has no rule. */
export function withoutRule(plain: readonly Wad[]): AccountRows {
  return { pnl: plain, isLiquidated: plain.map(() => false), states: undefined }
}

/**
 * `P_v(s)` of one venue account in every row: its worst P&L over s and the rows on the way to s in which its venue liquidates
 * it, less the penalty when there is any (model section 4). A liquidation never improves a scenario.
 */
export function withPhysics(
  places: readonly RowPlace[],
  plain: readonly Wad[],
  states: readonly VenueState[],
): AccountRows {
  const liquidating = places.flatMap((place, index) => (states[index]?.isLiquidatable ? [{ place, index }] : []))
  if (liquidating.length === 0) return { ...withoutRule(plain), states }
  const pnl: Wad[] = []
  const isLiquidated: boolean[] = []
  places.forEach(({ shift, regime }, at) => {
    const { isLiquidatable, penalty } = states[at] as VenueState
    let closes = isLiquidatable
    let worst = plain[at] as Wad
    for (const { place, index } of liquidating) {
      if (place.regime !== regime || !liesWithin(place.shift, shift)) continue
      closes = true
      worst = min(worst, plain[index] as Wad)
    }
    pnl.push(closes ? worst - penalty : worst)
    isLiquidated.push(closes)
  })
  return { pnl, isLiquidated, states }
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
