import { parseAbi } from 'viem'
import { z } from 'zod'
import { InconsistentReadError, MissingMarketDataError } from '../core/errors.ts'
import { readAll } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import { wad } from '../core/units.ts'
import { requireFresh } from './freshness.ts'
import type { PriceSource } from './source.ts'

const aggregatorAbi = parseAbi([
  'function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
  'function decimals() view returns (uint8)',
])

const configuration = z.strictObject({
  source: z.literal('chainlink'),
  /** Aggregator of the underlying against the US dollar. */
  feed: address,
  /** Seconds. */
  maxAge: z.int().positive(),
  /** If given, what the feed must answer to `decimals`. */
  decimals: z.int().min(0).max(36).optional(),
})

type ChainlinkConfiguration = z.output<typeof configuration>

/**
 * A Chainlink aggregator, scaled to WAD and rounded down; confidence is full.
 *
 * `read` throws {@link MissingMarketDataError} for an answer that is not positive or a round that is not complete,
 * {@link StaleMarketDataError} for one older than `maxAge`, {@link InconsistentReadError} for one from after the block.
 */
export const chainlink: PriceSource<ChainlinkConfiguration> = {
  id: 'chainlink',
  configuration,

  *read({ feed, maxAge, decimals: expected }, underlying, block) {
    const [[, answer, , updatedAt], decimals] = yield* readAll([
      { address: feed, abi: aggregatorAbi, functionName: 'latestRoundData' },
      { address: feed, abi: aggregatorAbi, functionName: 'decimals' },
    ])
    const source = `chainlink:${feed}`
    if (expected !== undefined && decimals !== expected) {
      throw new InconsistentReadError(`${source} of ${underlying} has ${decimals} decimals, not ${expected}.`, {
        metaMessages: ['Check `feed` and `decimals` of the price in the parameter set.'],
      })
    }
    const price = answer > 0n ? (answer * wad) / 10n ** BigInt(decimals) : 0n
    if (price === 0n || updatedAt === 0n) {
      throw new MissingMarketDataError(
        `${source} has no price of ${underlying}: it answers ${answer}, updated at ${updatedAt}.`,
        { metaMessages: ['Wait for the feed to recover, or name another source in the parameter set.'] },
      )
    }
    requireFresh({ what: `the price of ${underlying}`, source, updatedAt: Number(updatedAt), maxAge, block })
    return { price, confidence: wad, updatedAt: Number(updatedAt), source }
  },
}
