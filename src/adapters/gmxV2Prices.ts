import { type Address, parseAbi, zeroAddress } from 'viem'
import { InconsistentReadError } from '../core/errors.ts'
import { type ReadPlan, readAll, readTogether } from '../core/readPlan.ts'
import { max, min } from '../kernel/fixedPoint.ts'
import { UnsupportedPositionError } from './errors.ts'
import { gmxDataStoreAbi } from './gmxV2Abi.ts'
import { gmxKeys } from './gmxV2Keys.ts'

const feedAbi = parseAbi([
  'function decimals() view returns (uint8)',
  'function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
])

/** US dollars with 30 decimals for one smallest unit of a token. */
export type GmxPrice = { readonly min: bigint; readonly max: bigint }

/** A price with the decimals that the venue counts the token with. */
export type GmxToken = { readonly price: GmxPrice; readonly decimals: number }

/** 1.0 in the venue's factors, and its number of decimals. */
export const gmxUnit = 10n ** 30n

type Where = { readonly venue: string; readonly dataStore: Address; readonly timestamp: number }

/**
 * Prices of tokens as the venue's `ChainlinkPriceFeedProvider` forms them: answer of the reference feed × multiplier, and where
 * a stable price is set, the range between the two. The venue trades at prices that are signed off chain and within a bound
 * of these.
 *
 * @throws {UnsupportedPositionError} for a token without a reference feed, or whose feed is late by the venue's own heartbeat.
 * @throws {InconsistentReadError} for a multiplier that is no power of ten, or an answer that is not positive.
 */
export function* readGmxPrices(tokens: readonly Address[], where: Where): ReadPlan<ReadonlyMap<Address, GmxToken>> {
  const distinct = [...new Set(tokens)]
  const read = yield* readTogether(distinct.map((token) => readPrice(token, where)))
  return new Map(distinct.map((token, index) => [token, read[index] as GmxToken]))
}

function* readPrice(token: Address, { venue, dataStore, timestamp }: Where): ReadPlan<GmxToken> {
  const store = { address: dataStore, abi: gmxDataStoreAbi } as const
  const [feed, multiplier, heartbeat, stable] = yield* readAll([
    { ...store, functionName: 'getAddress', args: [gmxKeys.priceFeed(token)] },
    { ...store, functionName: 'getUint', args: [gmxKeys.priceFeedMultiplier(token)] },
    { ...store, functionName: 'getUint', args: [gmxKeys.priceFeedHeartbeat(token)] },
    { ...store, functionName: 'getUint', args: [gmxKeys.stablePrice(token)] },
  ])
  if (feed === zeroAddress) {
    throw new UnsupportedPositionError({
      venue,
      position: `a position whose price hangs on ${token}, of which the venue keeps no reference feed,`,
      remedy: 'Its prices are signed off chain alone; nothing on the chain says at which one the venue liquidates.',
    })
  }
  const [feedDecimals, [, answer, , updatedAt]] = yield* readAll([
    { address: feed, abi: feedAbi, functionName: 'decimals' },
    { address: feed, abi: feedAbi, functionName: 'latestRoundData' },
  ])
  if (BigInt(timestamp) > updatedAt + heartbeat) {
    throw new UnsupportedPositionError({
      venue,
      position: `a position whose price hangs on ${token}, of which the reference feed ${feed} is late,`,
      remedy: `Read again when it answers: its last round is of ${updatedAt}, its heartbeat ${heartbeat} s.`,
    })
  }
  const decimals = 60 - feedDecimals - (multiplier.toString().length - 1)
  if (answer <= 0n || decimals < 0 || decimals > 18 || multiplier !== 10n ** BigInt(60 - feedDecimals - decimals)) {
    throw new InconsistentReadError(
      `${venue}: the feed ${feed} of ${token} answers ${answer} with ${feedDecimals} decimals, its multiplier is ${multiplier}.`,
      { metaMessages: ['Check that the address in the configuration is the DataStore of GMX v2.'] },
    )
  }
  const price = (answer * multiplier) / gmxUnit
  if (stable === 0n) return { price: { min: price, max: price }, decimals }
  return { price: { min: min(price, stable), max: max(price, stable) }, decimals }
}
