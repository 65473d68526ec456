import { MissingMarketDataError } from '../core/errors.ts'
import type { Closes } from './closesFile.ts'
import type { PriceSample } from './source.ts'

export type ClosesOfOptions = {
  /** Column that the closes go to. */
  readonly column: string
  /** Unix seconds of the newest close, and how many there are at steps of `interval` seconds up to it. */
  readonly end: number
  readonly count: number
  readonly interval: number
  /** Seconds that a close may be older than its moment; beyond that the feed was silent. */
  readonly maximumAge: number
}

/**
 * Closes at equal steps from the rounds of a feed: each is the newest price at or before its moment, as a reader of the feed
 * would have seen it. Nothing is interpolated.
 *
 * @throws {MissingMarketDataError} naming the first moment for which no price is young enough.
 */
export function closesOf(samples: readonly PriceSample[], options: ClosesOfOptions): Closes {
  const { column, end, count, interval, maximumAge } = options
  const times = Array.from({ length: count }, (_, index) => end - (count - 1 - index) * interval)
  const prices = times.map((time) => {
    const sample = samples.findLast((candidate) => candidate.time <= time)
    if (sample === undefined || time - sample.time > maximumAge) {
      const found = sample === undefined ? 'none' : `the newest is of ${sample.time}`
      throw new MissingMarketDataError(
        `There is no price of ${column} within ${maximumAge} s before ${time}: ${found}.`,
        {
          metaMessages: ['Ask for fewer closes, or allow prices to be older.'],
        },
      )
    }
    return Number(sample.price) / 1e18
  })
  return { interval, times, columns: { [column]: prices } }
}

/** The closes as CSV text that {@link parseCloses} reads, times in Unix seconds. */
export function formatCloses({ times, columns }: Closes): string {
  const names = Object.keys(columns)
  const rows = times.map((time, index) => [time, ...names.map((name) => columns[name]?.[index])].join(','))
  return `${[['time', ...names].join(','), ...rows].join('\n')}\n`
}
