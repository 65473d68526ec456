import { type Address, parseAbi } from 'viem'
import { z } from 'zod'
import { type Volatility, volatilityKey } from '../core/market.ts'
import { type ReadPlan, readAll, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import { type Wad, wad } from '../core/units.ts'
import { max, min, mul, mulUp } from '../kernel/fixedPoint.ts'
import type { VolatilitySource } from './source.ts'

const optionMarketAbi = parseAbi([
  'struct OptionBoard { uint256 id; uint256 expiry; uint256 iv; bool frozen; uint256[] strikeIds; }',
  'struct Strike { uint256 id; uint256 strikePrice; uint256 skew; uint256 longCall; uint256 shortCallBase; uint256 shortCallQuote; uint256 longPut; uint256 shortPut; uint256 boardId; }',
  'function getLiveBoards() view returns (uint256[])',
  'function getBoardAndStrikeDetails(uint256 boardId) view returns (OptionBoard, Strike[], uint256[], uint256)',
])
const greekCacheAbi = parseAbi([
  'function getGreekCacheParams() view returns ((uint256 maxStrikesPerBoard, uint256 acceptableSpotPricePercentMove, uint256 staleUpdateDuration, uint256 varianceIvGWAVPeriod, uint256 varianceSkewGWAVPeriod, uint256 optionValueIvGWAVPeriod, uint256 optionValueSkewGWAVPeriod, uint256 gwavSkewFloor, uint256 gwavSkewCap, int256 rateAndCarry))',
  'function getIvGWAV(uint256 boardId, uint256 secondsAgo) view returns (uint256)',
  'function getSkewGWAV(uint256 strikeId, uint256 secondsAgo) view returns (uint256)',
])

const configuration = z.strictObject({ source: z.literal('lyra'), optionMarket: address, greekCache: address })

type LyraVolatilityConfiguration = z.output<typeof configuration>

type Listed = {
  readonly strikeId: bigint
  readonly boardId: bigint
  readonly strike: Wad
  readonly expiry: number
  readonly iv: Wad
  readonly skew: Wad
}

/**
 * Volatilities of the live boards of a Lyra Avalon market. Of every strike the board's own `iv · skew` and the product of
 * their geometric time-weighted averages, over the periods by which the greek cache values options: `low` is the smaller,
 * rounded down, `high` the larger, rounded up; confidence is full.
 *
 * A strike that no live board lists, or one whose volatility is zero, is left out: whoever values the portfolio refuses it when
 * it is short and names it when it is long.
 */
export const lyraVolatility: VolatilitySource<LyraVolatilityConfiguration> = {
  id: 'lyra',
  configuration,

  *read({ optionMarket, greekCache }, _surface, options) {
    const source = `lyra:${optionMarket}`
    const [boardIds, { optionValueIvGWAVPeriod, optionValueSkewGWAVPeriod }] = yield* readAll([
      { address: optionMarket, abi: optionMarketAbi, functionName: 'getLiveBoards' },
      { address: greekCache, abi: greekCacheAbi, functionName: 'getGreekCacheParams' },
    ])
    const listed = (yield* readTogether(boardIds.map((boardId) => readBoard(optionMarket, boardId)))).flat()
    const matching = options.map((option) =>
      listed.filter(({ strike, expiry }) => strike === option.strike && expiry === option.expiry),
    )
    const volatilities = yield* readTogether(
      matching.map((found) =>
        readTogether(
          found.map((strike) =>
            readVolatility(strike, greekCache, [optionValueIvGWAVPeriod, optionValueSkewGWAVPeriod]),
          ),
        ),
      ),
    )
    return Object.fromEntries(
      options.flatMap((option, index) => {
        const found = volatilities[index] ?? []
        if (found.length === 0) return []
        const low = found.map((volatility) => volatility.low).reduce(min)
        if (low === 0n) return []
        const high = found.map((volatility) => volatility.high).reduce(max)
        const volatility: Volatility = { low, high, confidence: wad, source }
        return [[volatilityKey(option), volatility]]
      }),
    )
  },
}

function* readBoard(optionMarket: Address, boardId: bigint): ReadPlan<Listed[]> {
  const [[board, strikes]] = yield* readAll([
    { address: optionMarket, abi: optionMarketAbi, functionName: 'getBoardAndStrikeDetails', args: [boardId] },
  ])
  const { expiry, iv } = board
  return strikes.map(({ id, strikePrice, skew }) => ({
    strikeId: id,
    boardId,
    strike: strikePrice,
    expiry: Number(expiry),
    iv,
    skew,
  }))
}

function* readVolatility(
  { strikeId, boardId, iv, skew }: Listed,
  greekCache: Address,
  [ivPeriod, skewPeriod]: readonly [bigint, bigint],
): ReadPlan<{ readonly low: Wad; readonly high: Wad }> {
  const [averageIv, averageSkew] = yield* readAll([
    { address: greekCache, abi: greekCacheAbi, functionName: 'getIvGWAV', args: [boardId, ivPeriod] },
    { address: greekCache, abi: greekCacheAbi, functionName: 'getSkewGWAV', args: [strikeId, skewPeriod] },
  ])
  return {
    low: min(mul(iv, skew), mul(averageIv, averageSkew)),
    high: max(mulUp(iv, skew), mulUp(averageIv, averageSkew)),
  }
}
