import { MissingMarketDataError } from '../core/errors.ts'
import type { PriceSample } from './source.ts'

/** Moments at equal steps up to `end` in Unix seconds, and how old a price may be at each. */
export type PriceSteps = {
  /** What the prices are of, for the error. */
  readonly name: string
  readonly end: number
  readonly count: number
  /** Seconds. */
  readonly interval: number
  /** Seconds. */
  readonly maximumAge: number
}

/**
 * The price at each moment: the newest at or before it, as a reader of the feed would have seen it. Nothing is interpolated.
 *
 * @throws {MissingMarketDataError} naming the first moment for which no price is young enough.
 */
export function pricesAtSteps(
  samples: readonly PriceSample[],
  { name, end, count, interval, maximumAge }: PriceSteps,
): readonly PriceSample[] {
  return Array.from({ length: count }, (_, index) => {
    const time = end - (count - 1 - index) * interval
    const sample = samples.findLast((candidate) => candidate.time <= time)
    if (sample === undefined || time - sample.time > maximumAge) {
      const found = sample === undefined ? 'none' : `the newest is of ${sample.time}`
      throw new MissingMarketDataError(
        `There is no price of ${name} within ${maximumAge} s before ${time}: ${found}.`,
        { metaMessages: ['Ask for fewer closes, or allow prices to be older.'] },
      )
    }
    return { time, price: sample.price }
  })
}
