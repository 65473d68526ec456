import type { Closes } from './closesFile.ts'
import { type PriceSteps, pricesAtSteps } from './pricesAtSteps.ts'
import type { PriceSample } from './source.ts'

export type ClosesOfOptions = Omit<PriceSteps, 'name'> & {
  /** Column that the closes go to. */
  readonly column: string
}

/**
 * Closes at equal steps from the rounds of a feed.
 *
 * @throws {MissingMarketDataError} naming the first moment for which no price is young enough.
 */
export function closesOf(samples: readonly PriceSample[], { column, ...steps }: ClosesOfOptions): Closes {
  const prices = pricesAtSteps(samples, { ...steps, name: column })
  return {
    interval: steps.interval,
    times: prices.map(({ time }) => time),
    columns: { [column]: prices.map(({ price }) => Number(price) / 1e18) },
  }
}

/** The closes as CSV text that {@link parseCloses} reads, times in Unix seconds. */
export function formatCloses({ times, columns }: Closes): string {
  const names = Object.keys(columns)
  const rows = times.map((time, index) => [time, ...names.map((name) => columns[name]?.[index])].join(','))
  return `${[['time', ...names].join(','), ...rows].join('\n')}\n`
}
