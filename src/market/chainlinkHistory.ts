import { type Address, parseAbi } from 'viem'
import { z } from 'zod'
import { InconsistentReadError, MissingMarketDataError } from '../core/errors.ts'
import { type ReadPlan, readAll, readEach } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import { wad } from '../core/units.ts'
import { windowFrom } from './priceHistory.ts'
import { InsufficientHistoryError } from './rangeMultiplier.ts'
import type { PriceHistorySource, PriceSample } from './source.ts'

const aggregatorAbi = parseAbi([
  'function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
  'function getRoundData(uint80 _roundId) view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
  'function decimals() view returns (uint8)',
])

const configuration = z.strictObject({
  source: z.literal('chainlink'),
  /** Aggregator, or the proxy before it, of the underlying against the US dollar. */
  feed: address,
  /** The most rounds to walk back. */
  maximumRounds: z.int().min(1).max(20_000),
  /** If given, what the feed must answer to `decimals`. */
  decimals: z.int().min(0).max(36).optional(),
})

type ChainlinkHistoryConfiguration = z.output<typeof configuration>

/** A round of an aggregator behind a proxy: its id at the proxy is `phase · 2^64 + number`, numbers from 1. */
type RoundId = { readonly phase: bigint; readonly number: bigint }
type Round = RoundId & { readonly answer: bigint; readonly updatedAt: bigint }

/** Rounds asked for at once: at first, and at most, so that no round of reading is larger than a node answers. */
const pages = { first: 64, largest: 1_024 }
const phaseBits = 64n
/** Aggregators count rounds in 32 bits. */
const maximumNumber = 2n ** 32n - 1n
const probes = 32n

/**
 * The rounds of a Chainlink feed at the block, walked back from the newest one in pages that double up to 1,024, through the
 * phases of a proxy. Prices are scaled to WAD and rounded down. Rounds that were never completed are left out, as are rounds that
 * a retired aggregator went on to report after the next one had started, and all but the newest of one second.
 *
 * `read` throws {@link InsufficientHistoryError} when `maximumRounds` do not reach back far enough,
 * {@link MissingMarketDataError} for a completed round whose answer is not positive, and {@link InconsistentReadError} for a
 * feed of other decimals or whose rounds are not in the order of time. An aggregator that reverts on rounds it never had cannot be
 * walked into from the phase after it: its last round is found by asking for some.
 */
export const chainlinkHistory: PriceHistorySource<ChainlinkHistoryConfiguration> = {
  id: 'chainlink',
  configuration,

  *read({ feed, maximumRounds, decimals: expected }, underlying, { from, block }) {
    const source = `chainlink:${feed}`
    const [[latestId], decimals] = yield* readAll([
      { address: feed, abi: aggregatorAbi, functionName: 'latestRoundData' },
      { address: feed, abi: aggregatorAbi, functionName: 'decimals' },
    ])
    if (expected !== undefined && decimals !== expected) {
      throw new InconsistentReadError(`${source} of ${underlying} has ${decimals} decimals, not ${expected}.`, {
        metaMessages: ['Check `feed` and `decimals` of the history in the parameter set.'],
      })
    }

    const newestFirst: (PriceSample & { readonly phase: bigint })[] = []
    const append = (round: Round): void => {
      const time = Number(round.updatedAt)
      const after = newestFirst.at(-1)
      if (after !== undefined && after.time <= from) return
      if (after !== undefined && time > after.time && after.phase === round.phase) {
        throw new InconsistentReadError(
          `${source} of ${underlying} dates round ${round.number} at ${time}, after the round that followed it (${after.time}).`,
        )
      }
      if (time === 0 || time > block.timestamp || (after !== undefined && time >= after.time)) return
      const price = round.answer > 0n ? (round.answer * wad) / 10n ** BigInt(decimals) : 0n
      if (price === 0n) {
        throw new MissingMarketDataError(
          `${source} has no price of ${underlying} in round ${round.number} of phase ${round.phase}: it answers ${round.answer}.`,
          { metaMessages: ['Name another history in the parameter set, or let the multiplier be fixed.'] },
        )
      }
      newestFirst.push({ time, price, phase: round.phase })
    }

    let next: RoundId | undefined = { phase: latestId >> phaseBits, number: latestId & (2n ** phaseBits - 1n) }
    let walked = 0
    let page = pages.first
    while (next !== undefined) {
      if (walked >= maximumRounds) {
        throw new InsufficientHistoryError(
          `${source} of ${underlying} has more than ${maximumRounds} rounds since ${from}; the oldest of them is of ${newestFirst.at(-1)?.time ?? 'no time'}.`,
          { metaMessages: ['Raise `maximumRounds` of the history in the parameter set.'] },
        )
      }
      const last: RoundId = next
      const size: bigint = BigInt(Math.min(page, maximumRounds - walked, Number(last.number)))
      const rounds: readonly Round[] = yield* readRounds(
        feed,
        Array.from({ length: Number(size) }, (_, index) => ({ ...last, number: last.number - BigInt(index) })),
      )
      for (const round of rounds) append(round)
      walked += rounds.length
      page = Math.min(page * 2, pages.largest)
      if ((newestFirst.at(-1)?.time ?? from + 1) <= from) break
      next = last.number > size ? { ...last, number: last.number - size } : yield* lastRoundBefore(feed, last.phase)
    }
    return windowFrom(
      newestFirst.reverse().map(({ time, price }) => ({ time, price })),
      from,
    )
  },
}

function* readRounds(feed: Address, ids: readonly RoundId[]): ReadPlan<readonly Round[]> {
  const answers = yield* readEach(
    ids.map(
      ({ phase, number }) =>
        ({
          address: feed,
          abi: aggregatorAbi,
          functionName: 'getRoundData',
          args: [(phase << phaseBits) + number],
        }) as const,
    ),
  )
  return answers.map(([, answer, , updatedAt], index) => ({ ...(ids[index] as RoundId), answer, updatedAt }))
}

/**
 * The last round of the phase before, undefined when there is none: the newest number that has a time, found by narrowing 32
 * ways at a time, since a proxy tells the last round of its present phase only.
 */
function* lastRoundBefore(feed: Address, phase: bigint): ReadPlan<RoundId | undefined> {
  const before = phase - 1n
  if (before < 1n) return undefined
  let known = 0n
  let beyond = maximumNumber + 1n
  while (beyond - known > 1n) {
    const step = (beyond - known + probes - 1n) / probes
    const asked: RoundId[] = []
    for (let number = known + step; number < beyond; number += step) asked.push({ phase: before, number })
    const rounds: readonly Round[] = yield* readRounds(feed, asked)
    const missing = rounds.findIndex(({ updatedAt }) => updatedAt === 0n)
    known = rounds[missing < 0 ? rounds.length - 1 : missing - 1]?.number ?? known
    beyond = rounds[missing]?.number ?? beyond
  }
  return known === 0n ? undefined : { phase: before, number: known }
}
