import { z } from 'zod'
import {
  BaseError,
  InvalidInputError,
  MissingMarketDataError,
  StaleMarketDataError,
  UncertainMarketDataError,
} from '../core/errors.ts'
import type { SpotPrice } from '../core/market.ts'
import { type Attempt, attempt, type ReadPlan, readTogether } from '../core/readPlan.ts'
import { fraction, positive } from '../core/schema.ts'
import { type Wad, wad } from '../core/units.ts'
import { choose } from './choose.ts'
import { requireFresh } from './freshness.ts'
import type { PriceSource } from './source.ts'

/** Sources that must tell one price tell different ones. */
export class PriceDeviationError extends BaseError {
  override readonly name = 'PriceDeviationError'
}

/** Fewer sources than a median asks for have a price. */
export class TooFewSourcesError extends BaseError {
  override readonly name = 'TooFewSourcesError'
}

const configuration = z
  .strictObject({
    source: z.literal('median'),
    /** Entries of other price sources, each with bounds of its own. */
    of: z
      .array(
        z
          .looseObject({ source: z.string().min(1) })
          .refine(({ source }) => source !== 'median', 'a median of medians is none'),
      )
      .min(2)
      .max(16),
    /** Sources that must have a price. */
    minimumSources: z.int().min(2),
    /** The most by which the highest price may exceed the lowest, as a share of the lowest. */
    maximumDeviation: positive,
    /** Seconds; the age at which any of the prices counts as absent, whatever its own source allows. */
    maxAge: z.int().positive(),
    /** The least confidence of any of the prices; zero when left out. */
    minimumConfidence: fraction.default(0n),
  })
  .refine(({ of, minimumSources }) => minimumSources <= of.length, {
    path: ['minimumSources'],
    message: 'exceeds the number of sources',
  })

type MedianConfiguration = z.output<typeof configuration>

/** What one source of several may throw without stopping the others. */
const absences = [MissingMarketDataError, StaleMarketDataError]

/**
 * The median price of several sources, read side by side; of an even number the mean of the middle two, rounded down. A price
 * serves longs and shorts alike, so neither of the two is the careful one. Confidence is the least and `updatedAt` the oldest
 * of the prices that count.
 *
 * A source whose price is missing or stale is left out while `minimumSources` remain, and named in `source` with its reason. Any
 * other failure stops the reading: a call that reverts, a price from after the block, an interval that is too wide.
 *
 * `read` throws {@link TooFewSourcesError} naming what is absent, {@link PriceDeviationError} naming the two prices that are
 * furthest apart, {@link UncertainMarketDataError} below `minimumConfidence`, {@link InvalidInputError} when one source is listed twice.
 */
export const median: PriceSource<MedianConfiguration> = {
  id: 'median',
  configuration,

  *read(options, underlying, block, atHand = { prices: [], volatilities: [], rates: [] }) {
    const plans = options.of.map((entry, index): ReadPlan<SpotPrice> => {
      const chosen = choose(atHand.prices, entry, `prices.${underlying}.of.${index}`)
      return fresh(chosen.source.read(chosen.configuration, underlying, block, atHand), ({ source, updatedAt }) =>
        requireFresh({ what: `the price of ${underlying}`, source, updatedAt, maxAge: options.maxAge, block }),
      )
    })
    const attempts = yield* readTogether(plans.map((plan) => attempt(plan, absences)))
    return combine(underlying, attempts, options)
  },
}

/** Middle of at least one price; of an even number the mean of the middle two, rounded down. */
export function medianOf(prices: readonly Wad[]): Wad {
  const sorted = prices.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  if (low === undefined || high === undefined) throw new InvalidInputError('There is no median of nothing.')
  return (low + high) / 2n
}

function* fresh(plan: ReadPlan<SpotPrice>, requireFresh: (spot: SpotPrice) => void): ReadPlan<SpotPrice> {
  const spot = yield* plan
  requireFresh(spot)
  return spot
}

function combine(
  underlying: string,
  attempts: readonly Attempt<SpotPrice>[],
  { minimumSources, maximumDeviation, minimumConfidence }: MedianConfiguration,
): SpotPrice {
  const found = attempts.flatMap((outcome) => (outcome.status === 'read' ? [outcome.result] : []))
  const absent = attempts.flatMap((outcome) => (outcome.status === 'failed' ? [outcome.error] : []))
  if (found.length < minimumSources) {
    throw new TooFewSourcesError(
      `The median price of ${underlying} has ${found.length} of the ${minimumSources} sources that it needs.`,
      { metaMessages: absent.map(({ shortMessage }) => shortMessage), retryable: true },
    )
  }
  const sources = found.map(({ source }) => source)
  const repeated = sources.find((source, index) => sources.indexOf(source) !== index)
  if (repeated !== undefined) {
    throw new InvalidInputError(`The median price of ${underlying} counts ${repeated} twice.`, {
      metaMessages: ['List every source once: two answers of one source are no second opinion.'],
    })
  }
  const unsure = found.find(({ confidence }) => confidence < minimumConfidence)
  if (unsure !== undefined) {
    throw new UncertainMarketDataError(
      `${unsure.source} gives ${underlying} a confidence of ${unsure.confidence}; the median asks for ${minimumConfidence}.`,
      { metaMessages: ['Wait for the source to recover, or lower `minimumConfidence`.'], retryable: true },
    )
  }
  requireAgreement(underlying, found, maximumDeviation)
  const without = absent.map(({ shortMessage }) => `; without: ${shortMessage}`)
  return {
    price: medianOf(found.map(({ price }) => price)),
    confidence: found.map(({ confidence }) => confidence).reduce((a, b) => (b < a ? b : a), wad),
    updatedAt: Math.min(...found.map(({ updatedAt }) => updatedAt)),
    source: `median(${sources.join(', ')}${without.join('')})`,
  }
}

function requireAgreement(underlying: string, found: readonly SpotPrice[], maximumDeviation: Wad): void {
  const lowest = found.reduce((a, b) => (b.price < a.price ? b : a))
  const highest = found.reduce((a, b) => (b.price > a.price ? b : a))
  if ((highest.price - lowest.price) * wad > maximumDeviation * lowest.price) {
    throw new PriceDeviationError(
      `${lowest.source} gives ${underlying} ${lowest.price} and ${highest.source} ${highest.price} (WAD).`,
      {
        metaMessages: [
          `They may be ${maximumDeviation} of 1e18 apart.`,
          'Wait until they agree, or find out which is wrong before you raise `maximumDeviation`.',
        ],
        retryable: true,
      },
    )
  }
}
