import type { BookMarket } from '../../core/book.ts'
import { InvalidInputError } from '../../core/errors.ts'
import { exp } from '../models/math/exponential.ts'
import { normalDraw, uniformDraw } from '../models/math/random.ts'

/** Closes or returns at equal steps, as a book carries them. */
export type BookHistory = NonNullable<BookMarket['underlyings'][string]['history']>

/** One invented price. */
export type SyntheticUnderlying = {
  readonly underlying: string
  /** First close. */
  readonly price: number
  /** Long-run volatility per year of 365 days, without jumps. */
  readonly volatility: number
}

/** What a stressed path is drawn from. */
export type SyntheticSettings = {
  /** Integer from 0 to 2⁵³ − 1. The same seed draws the same path on every machine. */
  readonly seed: number
  /** Number of closes, 2 or more. */
  readonly closes: number
  /** Seconds from close to close. */
  readonly interval: number
  readonly underlyings: readonly SyntheticUnderlying[]
  /** Correlation of the daily innovations of every pair, 0 to 1. */
  readonly correlation: number
  /** Weight of the last squared return in the next variance. */
  readonly alpha: number
  /** Weight of the last variance in the next one. */
  readonly beta: number
  /** Jumps of the logarithm of every price at once, on top of the diffusion. */
  readonly jumps: { readonly perYear: number; readonly mean: number; readonly deviation: number }
}

/**
 * Settings that resemble crypto assets in bad years: clustered volatility and a few common jumps a year, more down than up. They are
 * chosen, not fitted.
 */
export const stressedSettings = {
  interval: 86_400,
  correlation: 0.7,
  alpha: 0.1,
  beta: 0.88,
  jumps: { perYear: 4, mean: -0.06, deviation: 0.09 },
} as const

const yearSeconds = 31_536_000

/** Addresses of the draws of one step: what all prices share comes first, so adding a price leaves the others as they are. */
const draws = { market: 0, jump: 1, jumpSize: 2, own: 3 } as const

/**
 * Invented closes of several prices: GARCH(1,1) returns with one common factor, and jumps that strike all prices at once. They enter the
 * next variance as any return does, so volatility stays high after one. Log returns are cut at ±2 (a fall of 86 %).
 * Every history says that it is synthetic.
 *
 * @throws {InvalidInputError} when a setting is out of its range.
 */
export function syntheticHistory(settings: SyntheticSettings): { readonly [underlying: string]: BookHistory } {
  requireSettings(settings)
  const { seed, closes, interval, underlyings, alpha, beta } = settings
  const jumps = jumpsOf(settings)
  const synthetic = `synthetic: GARCH(1,1) with jumps, seed ${seed}`
  return Object.fromEntries(
    underlyings.map(({ underlying, price, volatility }, factor) => {
      const longRun = (volatility * volatility * interval) / yearSeconds
      const values = [price]
      let variance = longRun
      let level = 0
      for (let step = 1; step < closes; step++) {
        const move = Math.sqrt(variance) * innovation(settings, step, factor) + (jumps[step] as number)
        const cut = Math.max(-2, Math.min(2, move))
        level += cut
        values.push(price * exp(level))
        variance = (1 - alpha - beta) * longRun + alpha * cut * cut + beta * variance
      }
      return [underlying, { kind: 'prices' as const, interval, values, synthetic }]
    }),
  )
}

function innovation({ seed, correlation }: SyntheticSettings, step: number, factor: number): number {
  const common = normalDraw(seed, step, draws.market)
  const own = normalDraw(seed, step, draws.own + factor)
  return Math.sqrt(correlation) * common + Math.sqrt(1 - correlation) * own
}

function jumpsOf({ seed, closes, interval, jumps }: SyntheticSettings): readonly number[] {
  const chance = (jumps.perYear * interval) / yearSeconds
  return Array.from({ length: closes }, (_, step) =>
    uniformDraw(seed, step, draws.jump) < chance
      ? jumps.mean + jumps.deviation * normalDraw(seed, step, draws.jumpSize)
      : 0,
  )
}

function requireSettings({ closes, interval, underlyings, correlation, alpha, beta, jumps }: SyntheticSettings) {
  const rules: readonly (readonly [boolean, string])[] = [
    [Number.isInteger(closes) && closes >= 2, `closes: expected a whole number from 2; got ${closes}`],
    [interval > 0, `interval: expected seconds above 0; got ${interval}`],
    [correlation >= 0 && correlation <= 1, `correlation: expected 0 to 1; got ${correlation}`],
    [alpha >= 0 && beta >= 0 && alpha + beta < 1, `alpha ${alpha} and beta ${beta}: expected a sum below 1`],
    [jumps.perYear >= 0 && jumps.deviation >= 0, 'jumps: expected no negative rate or deviation'],
    [new Set(underlyings.map(({ underlying }) => underlying)).size === underlyings.length, 'underlyings: listed twice'],
    ...underlyings.map(
      ({ underlying, price, volatility }) =>
        [price > 0 && volatility >= 0, `${underlying}: expected a price above 0 and no negative volatility`] as const,
    ),
  ]
  const problems = rules.filter(([holds]) => !holds).map(([, problem]) => problem)
  if (problems.length > 0) throw new InvalidInputError('No path can be drawn.', { metaMessages: problems })
}
