import type { Underlying } from '../../../src/core/asset.ts'
import { type Inputs, scenarioPrices } from './claims.ts'
import { fromWad, type Real } from './real.ts'

/** A price of an underlying: at the mark (`index` −1) or in one of its scenarios. */
export type Point = {
  readonly index: number
  readonly id: string
  readonly kind: 'range' | 'absolute'
  /** WAD, rounded as the model defines it. */
  readonly price: bigint
  readonly move: bigint
  readonly vol: 'up' | 'down' | 'none'
  readonly weight: Real
}

/** Where each underlying stands; one that is not named stands at its mark. */
export type Shock = Readonly<Record<Underlying, Point>>

export type Axis = { readonly underlying: Underlying; readonly mark: Point; readonly points: readonly Point[] }

export type JointShock = {
  readonly id: string
  readonly regime: string
  readonly weight: Real
  readonly shock: Shock
}

/**
 * Scenario prices of the underlyings that a book depends on, S · (1 + m) rounded down (model section 3).
 *
 * @throws {Refusal} for a range multiplier outside its floor and clamp.
 */
export function toAxes({ market, parameters }: Inputs, held: ReadonlySet<Underlying>): Map<Underlying, Axis> {
  const axes = new Map<Underlying, Axis>()
  for (const [underlying, { class: name }] of Object.entries(parameters.underlyings)) {
    const spot = market.prices[underlying]?.price
    if (spot === undefined || !held.has(underlying)) continue
    const [, ...prices] = scenarioPrices({ market, parameters }, underlying)
    const points = (parameters.classes[name]?.scenarios ?? []).map(
      ({ id, kind, move, vol, weight }, index): Point => ({
        index,
        id,
        kind,
        move,
        vol,
        weight: fromWad(weight),
        price: prices[index] ?? 0n,
      }),
    )
    const mark = { index: -1, id: 'mark', kind: 'range', price: spot, move: 0n, vol: 'none', weight: 0n } as const
    axes.set(underlying, { underlying, mark, points })
  }
  return axes
}

/** Joint rows as shocks of all underlyings; `still` leaves a class at its marks. */
export function toJointShocks({ parameters }: Inputs, axes: ReadonlyMap<Underlying, Axis>): JointShock[] {
  return parameters.jointRows.map(({ id, regime, take, weight }) => {
    const shock: Record<Underlying, Point> = {}
    for (const { underlying, points } of axes.values()) {
      const taken = take[parameters.underlyings[underlying]?.class ?? '']
      const point = points.find((candidate) => candidate.id === taken)
      if (point !== undefined) shock[underlying] = point
    }
    return { id, regime, weight: fromWad(weight), shock }
  })
}
