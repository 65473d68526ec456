import { z } from 'zod'
import { BaseError } from '../core/errors.ts'
import type { Volatility } from '../core/market.ts'
import { fraction, integer, natural, positive, unixSeconds } from '../core/schema.ts'
import { secondsPerYear, type Wad, wad } from '../core/units.ts'
import { expWad, lnWad } from '../kernel/exponential.ts'
import { ceilDiv, max, min, mul } from '../kernel/fixedPoint.ts'
import { isqrt } from '../kernel/squareRoot.ts'
import { durrleman, leastVariance, mixSmiles, type SmilePoint, smileAt, steepestSlope, unit } from './svi.ts'

/** A volatility surface lets somebody buy for nothing what may pay something. */
export class ArbitrageError extends BaseError {
  override readonly name = 'ArbitrageError'
}

const slice = z.strictObject({
  expiry: unixSeconds,
  /** Forward of this expiry when the surface was fitted, WAD USD. */
  forward: positive,
  a: integer,
  b: natural,
  rho: integer.refine((value) => -wad < value && value < wad, 'expected more than −1e18 and less than 1e18'),
  m: integer,
  sigma: positive,
  /** Taken off the volatility of longs and added to that of shorts, WAD. */
  halfSpread: natural.default(0n),
  confidence: fraction.default(wad),
})

/** Furthest log-moneyness, WAD: strikes at a 150th and at 150 times the forward. */
const furthest = 5n * wad

/** The JSON form of an SVI surface: raw parameters per expiry, in total variance from the time at which it was fitted. */
export const sviSchema = z
  .strictObject({
    /** Log-moneyness, WAD, within which the surface was fitted, is checked and may be used. */
    range: z
      .strictObject({
        least: integer.refine((value) => value >= -furthest, 'expected at least −5e18'),
        most: integer.refine((value) => value <= furthest, 'expected at most 5e18'),
      })
      .refine(({ least, most }) => least < most, 'least must be below most'),
    /** Before the first and past the last expiry: nothing, or the volatility of that expiry at the same moneyness. */
    beyond: z.enum(['refuse', 'flat']).default('refuse'),
    slices: z.array(slice).min(1).max(64),
  })
  .refine(
    ({ slices }) => slices.every(({ expiry }, index) => expiry > (slices[index - 1]?.expiry ?? -1)),
    'slices must be in the order of their expiries',
  )

export type SviSurface = z.output<typeof sviSchema>
type Slice = SviSurface['slices'][number]

/** A surface with what its messages call it and the time at which it was fitted, Unix seconds. */
export type FittedSurface = { readonly name: string; readonly updatedAt: number; readonly surface: SviSurface }

/** Steps of the range at which a surface is checked. */
const steps = 400n

/**
 * Asserts that a surface has no static arbitrage where it may be used: positive variance, wings no steeper than 2 (Lee), a
 * density that is nowhere negative (Durrleman) at 401 strikes per expiry, and total variance that does not fall from one expiry
 * to the next at equal moneyness (Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", 2014). Between these strikes
 * {@link sviVolatility} leaves out those that are asked for and fail.
 *
 * @throws {ArbitrageError} naming expiry and strike.
 */
export function requireNoArbitrage({ name, surface: { range, slices } }: FittedSurface): void {
  const grid = Array.from(
    { length: Number(steps) + 1 },
    (_, index) => range.least + ((range.most - range.least) * BigInt(index)) / steps,
  )
  slices.forEach((current, index) => {
    const { expiry } = current
    if (leastVariance(current) <= 0n) {
      throw arbitrage(name, `has a variance of zero or less at expiry ${expiry}`)
    }
    if (steepestSlope(current) > 2n * unit) {
      throw arbitrage(
        name,
        `is steeper far out than 2, at expiry ${expiry}: b·(1 + |rho|) is ${steepestSlope(current)}e-36`,
      )
    }
    for (const k of grid) requireDensity(name, smileAt(current, k), { k, expiry, strike: strikeAt(current, k) })
    const before = slices[index - 1]
    if (before === undefined) return
    const fallen = grid.find((k) => smileAt(current, k).variance < smileAt(before, k).variance)
    if (fallen !== undefined) {
      throw arbitrage(
        name,
        `has less total variance at expiry ${expiry} than at ${before.expiry}, at the strike ${strikeAt(current, fallen)}`,
      )
    }
  })
}

/**
 * Volatility of one strike and expiry: longs rounded down, shorts up, the half spread off and on. Between expiries total variance
 * and forward are linear in time. The volatility of a strike stands still until the surface is fitted again, however spot moves.
 * Undefined for a strike outside the range, an expiry beyond the surface unless it is flat there, and a strike at which the
 * density is negative.
 */
export function sviVolatility(
  { updatedAt, surface }: FittedSurface,
  { strike, expiry }: { readonly strike: Wad; readonly expiry: number },
): Omit<Volatility, 'source'> | undefined {
  const { range, beyond, slices } = surface
  const later = slices.find((candidate) => candidate.expiry >= expiry)
  const earlier = slices.findLast((candidate) => candidate.expiry <= expiry)
  const [near, far] = [earlier ?? later, later ?? earlier] as [Slice, Slice]
  if ((later === undefined || earlier === undefined) && beyond === 'refuse') return undefined
  const [weight, total] = near === far ? [0n, 1n] : [BigInt(expiry - near.expiry), BigInt(far.expiry - near.expiry)]
  const forward = (near.forward * (total - weight) + far.forward * weight) / total
  const k = lnWad(strike) - lnWad(forward)
  if (k < range.least || k > range.most) return undefined
  // Flat beyond the ends: total variance in proportion to time.
  const time = BigInt(expiry - updatedAt)
  const fitted = near === far ? BigInt(near.expiry - updatedAt) : time
  const nothing: SmilePoint = { variance: 0n, slope: 0n, curvature: 0n }
  const mixed = mixSmiles(smileAt(near, k), smileAt(far, k), weight, total)
  const smile = time === fitted ? mixed : mixSmiles(nothing, mixed, time, fitted)
  if (!hasDensity(smile, k)) return undefined
  const halfSpread = max(near.halfSpread, far.halfSpread)
  const [low, high] = annualVolatility(smile, time)
  return { low: max(low - halfSpread, 1n), high: high + halfSpread, confidence: min(near.confidence, far.confidence) }
}

/** `√(w / T)` rounded down and up, WAD; `seconds` from the fit to the expiry. */
function annualVolatility({ variance }: SmilePoint, seconds: bigint): readonly [low: Wad, high: Wad] {
  const low = isqrt((variance * secondsPerYear) / seconds)
  const most = ceilDiv(variance * secondsPerYear, seconds)
  const high = isqrt(most)
  return [low, high * high === most ? high : high + 1n]
}

function requireDensity(
  name: string,
  smile: SmilePoint,
  { k, expiry, strike }: { readonly k: Wad; readonly expiry: number; readonly strike: Wad },
): void {
  if (hasDensity(smile, k)) return
  throw arbitrage(name, `has a negative density at expiry ${expiry} and strike ${strike}`)
}

/** Whether variance is positive and the density not negative. */
function hasDensity(smile: SmilePoint, k: Wad): boolean {
  return smile.variance > 0n && durrleman(smile, k) >= 0n
}

function strikeAt({ forward }: Slice, k: Wad): Wad {
  return mul(forward, expWad(k))
}

function arbitrage(name: string, what: string): ArbitrageError {
  return new ArbitrageError(`${name} ${what}.`, {
    metaMessages: ['Fit the surface again under the constraints that exclude arbitrage.'],
  })
}
