import { z } from 'zod'
import { MissingMarketDataError } from '../core/errors.ts'
import { type Volatility, volatilityKey } from '../core/market.ts'
import { fraction, parseWith, positive, unixSeconds } from '../core/schema.ts'
import { type Wad, wad } from '../core/units.ts'
import { requireFresh } from './freshness.ts'
import { pointsSchema, pointVolatility } from './pointSurface.ts'
import type { PriceSource, VolatilitySource } from './source.ts'
import { requireNoArbitrage, sviSchema, sviVolatility } from './sviSurface.ts'

/** The JSON form of a market file. */
export const marketFileSchema = z.strictObject({
  schema: z.literal('plimsoll-market/1'),
  name: z.string().min(1),
  /** WAD USD. */
  prices: z.record(
    z.string(),
    z.strictObject({ price: positive, confidence: fraction.default(wad), updatedAt: unixSeconds }),
  ),
  /** Each surface as points, or as SVI parameters per expiry; volatilities annual, all WAD. */
  volatilities: z.record(
    z.string(),
    z
      .strictObject({
        updatedAt: unixSeconds,
        points: pointsSchema.optional(),
        /** Whether strikes between those of the points are interpolated. */
        interpolation: z.enum(['none', 'linear']).optional(),
        svi: sviSchema.optional(),
      })
      .refine(({ points, svi }) => (points === undefined) !== (svi === undefined), 'expected either points or svi')
      .refine(
        ({ interpolation, svi }) => interpolation === undefined || svi === undefined,
        'svi is never interpolated so',
      )
      .refine(
        ({ updatedAt, svi }) => svi === undefined || svi.slices.every(({ expiry }) => expiry > updatedAt),
        'a slice expires before the surface was fitted',
      ),
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
 * Makes sources of a market file. Both hold what they give to the `maxAge` of the parameter entry, and throw
 * {@link MissingMarketDataError} for an underlying or a surface that the file does not list. A strike that a surface does not
 * list or reach is left out: whoever values the portfolio refuses it when it is short and names it when it is long, so that an
 * option that a stranger sends cannot block an account.
 *
 * @throws {InvalidInputError} naming path and value of every problem of the file.
 * @throws {ArbitrageError} naming expiry and strike at which an SVI surface has arbitrage.
 */
export function fileMarket(value: unknown): FileMarket {
  const { name, prices, volatilities } = parseWith(marketFileSchema, value, 'The market file')
  const source = `file:${name}`
  const surfaces = new Map(
    Object.entries(volatilities).map(([key, { updatedAt, points = [], interpolation = 'none', svi }]) => {
      const called = `${source}: ${key}`
      if (svi === undefined) {
        const surface = { points, interpolation }
        return [key, { updatedAt, source, at: (contract: Contract) => pointVolatility(surface, contract) }] as const
      }
      const fitted = { name: called, updatedAt, surface: svi }
      requireNoArbitrage(fitted)
      return [
        key,
        { updatedAt, source: `${source} (SVI)`, at: (contract: Contract) => sviVolatility(fitted, contract) },
      ] as const
    }),
  )
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
      *read({ maxAge }, name, options, block) {
        const surface = surfaces.get(name)
        if (surface === undefined) throw missing(source, `surface ${name}`)
        const { updatedAt, source: text, at } = surface
        requireFresh({ what: `the volatilities of ${name}`, source, updatedAt, maxAge, block })
        return Object.fromEntries(
          options.flatMap(({ strike, expiry }): [string, Volatility][] => {
            const found = at({ strike, expiry })
            return found ? [[volatilityKey({ surface: name, strike, expiry }), { ...found, source: text }]] : []
          }),
        )
      },
    },
  }
}

type Contract = { readonly strike: Wad; readonly expiry: number }

function missing(source: string, what: string): MissingMarketDataError {
  return new MissingMarketDataError(`${source} has no ${what}.`, { metaMessages: ['Add it to the market file.'] })
}
