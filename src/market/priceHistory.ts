import { z } from 'zod'
import type { Underlying } from '../core/asset.ts'
import { InvalidInputError, MissingMarketDataError } from '../core/errors.ts'
import { parseWith, positive, unixSeconds } from '../core/schema.ts'
import type { PriceHistorySource, PriceSample } from './source.ts'

/** The JSON form of a price history file; prices in WAD USD, times in Unix seconds. */
export const priceHistorySchema = z.strictObject({
  schema: z.literal('plimsoll-price-history/1'),
  name: z.string().min(1),
  samples: z.record(z.string(), z.array(z.strictObject({ time: unixSeconds, price: positive })).min(1)),
})

const configuration = z.strictObject({ source: z.literal('file') })

/** Past prices from a plain JSON value, as the source that a multiplier rule names `file`. */
export type FileHistory = PriceHistorySource<z.output<typeof configuration>>

/**
 * Makes a history source of a file. Its `read` throws {@link MissingMarketDataError} for an underlying that the file does not
 * list; nothing is interpolated.
 *
 * @throws {InvalidInputError} naming path and value of every problem of the file, or the samples that are out of order.
 */
export function fileHistory(value: unknown): FileHistory {
  const { name, samples } = parseWith(priceHistorySchema, value, 'The price history')
  const disordered = Object.entries(samples).flatMap(([underlying, list]) =>
    list.flatMap(({ time }, index) => {
      const before = list[index - 1]?.time ?? -1
      return time > before ? [] : [`samples.${underlying}.${index}.time: ${time} does not come after ${before}`]
    }),
  )
  if (disordered.length > 0) {
    throw new InvalidInputError('The price history is not in the order of time.', { metaMessages: disordered })
  }
  return {
    id: 'file',
    configuration,
    *read(_, underlying, { from, block }) {
      const found = samples[underlying]
      if (found === undefined) throw missing(`file:${name}`, underlying)
      return windowFrom(
        found.filter(({ time }) => time <= block.timestamp),
        from,
      )
    },
  }
}

/** Samples from the newest one at or before `from` on; all of them when there is none. */
export function windowFrom(samples: readonly PriceSample[], from: number): readonly PriceSample[] {
  const start = samples.findLastIndex(({ time }) => time <= from)
  return samples.slice(Math.max(start, 0))
}

function missing(source: string, underlying: Underlying): MissingMarketDataError {
  return new MissingMarketDataError(`${source} has no prices of ${underlying}.`, {
    metaMessages: ['Add them to the price history.'],
  })
}
