import { z } from 'zod'
import type { Volatility } from '../core/market.ts'
import { fraction, positive, unixSeconds } from '../core/schema.ts'
import { type Wad, wad } from '../core/units.ts'
import { ceilDiv, min } from '../kernel/fixedPoint.ts'

/** The JSON form of the points of a surface: annual volatility of longs and shorts per strike and expiry, all WAD. */
export const pointsSchema = z
  .array(
    z
      .strictObject({
        expiry: unixSeconds,
        strike: positive,
        low: positive,
        high: positive,
        confidence: fraction.default(wad),
      })
      .refine(({ low, high }) => low <= high, 'low must not exceed high'),
  )
  .refine(isUnique, 'a strike and expiry is listed twice')

type Point = z.output<typeof pointsSchema>[number]
type Contract = { readonly strike: Wad; readonly expiry: number }

/**
 * Volatility of one strike and expiry. A strike that is not listed lies, with `linear`, on the line between its neighbors of the
 * same expiry, that of longs rounded down and that of shorts up, at the lesser confidence of the two; never beyond the first and
 * last strike, and never between expiries. Undefined for what is not listed and may not be interpolated.
 */
export function pointVolatility(
  {
    points,
    interpolation,
  }: {
    readonly points: readonly Point[]
    readonly interpolation: 'none' | 'linear'
  },
  { strike, expiry }: Contract,
): Omit<Volatility, 'source'> | undefined {
  const smile = points.filter((point) => point.expiry === expiry)
  const listed = smile.find((point) => point.strike === strike)
  if (listed !== undefined) return { low: listed.low, high: listed.high, confidence: listed.confidence }
  const below = nearest(
    smile.filter((point) => point.strike < strike),
    strike,
  )
  const above = nearest(
    smile.filter((point) => point.strike > strike),
    strike,
  )
  if (interpolation === 'none' || below === undefined || above === undefined) return undefined
  const total = above.strike - below.strike
  const between = (side: 'low' | 'high') =>
    below[side] * (above.strike - strike) + above[side] * (strike - below.strike)
  return {
    low: between('low') / total,
    high: ceilDiv(between('high'), total),
    confidence: min(below.confidence, above.confidence),
  }
}

function nearest(points: readonly Point[], strike: Wad): Point | undefined {
  const distance = (point: Point) => (point.strike < strike ? strike - point.strike : point.strike - strike)
  return points.reduce<Point | undefined>(
    (best, point) => (best === undefined || distance(point) < distance(best) ? point : best),
    undefined,
  )
}

function isUnique(points: readonly Contract[]): boolean {
  return new Set(points.map(({ expiry, strike }) => `${expiry}:${strike}`)).size === points.length
}
