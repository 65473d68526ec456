import { z } from 'zod'
import { MissingMarketDataError } from '../core/errors.ts'
import { type Volatility, volatilityKey } from '../core/market.ts'
import { fraction, parseWith, positive, unixSeconds } from '../core/schema.ts'
import { wad } from '../core/units.ts'
import { requireFresh } from './freshness.ts'
import type { PriceSource, VolatilitySource } from './source.ts'

const confidence = fraction.default(wad)

const fileSchema = z.strictObject({
  schema: z.literal('plimsoll-market/1'),
  name: z.string().min(1),
  /** WAD USD. */
  prices: z.record(z.string(), z.strictObject({ price: positive, confidence, updatedAt: unixSeconds })),
  /** Points of each surface; volatilities annual, all WAD. */
  volatilities: z.record(
    z.string(),
    z.strictObject({
      updatedAt: unixSeconds,
      points: z
        .array(
          z
            .strictObject({ expiry: unixSeconds, strike: positive, low: positive, high: positive, confidence })
            .refine(({ low, high }) => low <= high, 'low must not exceed high'),
        )
        .refine(isUnique, 'a strike and expiry is listed twice'),
    }),
  ),
})

const configuration = z.strictObject({
  source: z.literal('file'),
  /** Seconds. */
  maxAge: z.int().positive(),
})

type FileConfiguration = z.output<typeof configuration>

/** Prices and volatilities from a plain JSON value, as sources that parameter entries name `file`. */
export type FileMarket = {
  readonly price: PriceSource<FileConfiguration>
  readonly volatility: VolatilitySource<FileConfiguration>
}

/**
 * Makes sources of a market file. Both hold their points to the `maxAge` of the parameter entry, and throw
 * {@link MissingMarketDataError} for what the file does not list; nothing is interpolated.
 *
 * @throws {InvalidInputError} naming path and value of every problem of the file.
 */
export function fileMarket(value: unknown): FileMarket {
  const { name, prices, volatilities } = parseWith(fileSchema, value, 'The market file')
  const source = `file:${name}`
  return {
    price: {
      id: 'file',
      configuration,
      // biome-ignore lint/correctness/useYield: a plan that asks nothing.
      *read({ maxAge }, underlying, block) {
        const found = prices[underlying]
        if (found === undefined) throw missing(source, `price of ${underlying}`)
        requireFresh({ what: `the price of ${underlying}`, source, updatedAt: found.updatedAt, maxAge, block })
        return { ...found, source }
      },
    },
    volatility: {
      id: 'file',
      configuration,
      *read({ maxAge }, surface, options, block) {
        const { points, updatedAt } = volatilities[surface] ?? { points: [], updatedAt: block.timestamp }
        requireFresh({ what: `the volatilities of ${surface}`, source, updatedAt, maxAge, block })
        return Object.fromEntries(
          options.map(({ strike, expiry }): [string, Volatility] => {
            const point = points.find((candidate) => candidate.strike === strike && candidate.expiry === expiry)
            if (point === undefined) {
              throw missing(source, `volatility on ${surface} for strike ${strike} and expiry ${expiry}`)
            }
            const { low, high, confidence } = point
            return [volatilityKey({ surface, strike, expiry }), { low, high, confidence, source }]
          }),
        )
      },
    },
  }
}

function isUnique(points: readonly { readonly expiry: number; readonly strike: bigint }[]): boolean {
  return new Set(points.map(({ expiry, strike }) => `${expiry}:${strike}`)).size === points.length
}

function missing(source: string, what: string): MissingMarketDataError {
  return new MissingMarketDataError(`${source} has no ${what}.`, { metaMessages: ['Add it to the market file.'] })
}
