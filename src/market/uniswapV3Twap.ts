import { type Address, erc20Abi, parseAbi } from 'viem'
import { z } from 'zod'
import { InconsistentReadError, MissingMarketDataError } from '../core/errors.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import { type ReadPlan, readAll, readTogether } from '../core/readPlan.ts'
import { address, positive } from '../core/schema.ts'
import { powerOfTen } from '../core/units.ts'
import { sqrtRatioAtTick } from '../kernel/concentratedLiquidity.ts'
import { floorDiv } from '../kernel/fixedPoint.ts'
import { choose } from './choose.ts'
import type { PriceSource } from './source.ts'

const poolAbi = parseAbi([
  'function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16 observationIndex, uint16 observationCardinality, uint16 observationCardinalityNext, uint8 feeProtocol, bool unlocked)',
  'function token0() view returns (address)',
  'function token1() view returns (address)',
  'function observations(uint256 index) view returns (uint32 blockTimestamp, int56 tickCumulative, uint160 secondsPerLiquidityCumulativeX128, bool initialized)',
  'function observe(uint32[] secondsAgos) view returns (int56[] tickCumulatives, uint160[] secondsPerLiquidityCumulativeX128s)',
])

/** Seconds. Whoever can place the last trade of several blocks in a row moves a shorter average at little risk. */
const shortestWindow = 600
/** Seconds. A longer average says little of today. */
const longestWindow = 86_400

const configuration = z.strictObject({
  source: z.literal('uniswap-v3-twap'),
  /** Token that is worth one unit of the underlying. */
  base: address,
  /** The pool of `base`, or two pools one after the other that lead from it to the token of `quote`. */
  pools: z
    .array(
      z.strictObject({
        pool: address,
        /** Least harmonic mean of the liquidity in range over the window, in the pool's own unit. */
        minimumLiquidity: positive,
      }),
    )
    .min(1)
    .max(2),
  /** Seconds over which the tick is averaged. */
  window: z.int().min(shortestWindow).max(longestWindow),
  /** The token at the end of the pools and where its price in US dollars comes from. */
  quote: z.strictObject({
    token: address,
    price: z
      .looseObject({ source: z.string().min(1) })
      .refine(({ source }) => source !== 'uniswap-v3-twap', 'a path of pools is one entry'),
  }),
})

type TwapConfiguration = z.output<typeof configuration>

/** Price of a token in another as an exact quotient of smallest units. */
type Ratio = { readonly numerator: bigint; readonly denominator: bigint }

/**
 * The time-weighted average price of one or two Uniswap v3 pools, times the price of the token at their end; rounded down once.
 * Per pool it is 1.0001^tick of the arithmetic mean tick, which is the geometric mean price to one tick (0.01 %) below it in
 * token1 per token0. Formulas: Uniswap v3 `OracleLibrary.consult`, `getQuoteAtTick`. Confidence and `updatedAt` are those of
 * the quote. The pools are trusted as named, like feeds.
 *
 * `read` throws {@link MissingMarketDataError} when a pool's observations do not reach back over the window or its liquidity was
 * too thin, {@link InconsistentReadError} when the pools do not lead from base to quote, and what the source of the quote throws.
 */
export const uniswapV3Twap: PriceSource<TwapConfiguration> = {
  id: 'uniswap-v3-twap',
  configuration,

  *read({ base, pools, window, quote }, underlying, block, atHand = { prices: [], volatilities: [], rates: [] }) {
    const priced = choose(atHand.prices, quote.price, `prices.${underlying}.quote.price`)
    const [hops, [baseDecimals, quoteDecimals], quoted] = yield* readTogether([
      readTogether(pools.map((entry) => readPool(entry, window, underlying, block))),
      readAll([
        { address: base, abi: erc20Abi, functionName: 'decimals' },
        { address: quote.token, abi: erc20Abi, functionName: 'decimals' },
      ]),
      priced.source.read(priced.configuration, `the quote of ${underlying}`, block, atHand),
    ])
    const { numerator, denominator } = chain(base, quote.token, hops)
    const source = `uniswap-v3-twap:${pools.map(({ pool }) => pool).join('+')}*${quoted.source}`
    const price = floorDiv(numerator * quoted.price * powerOfTen(baseDecimals), denominator * powerOfTen(quoteDecimals))
    if (price === 0n) throw new MissingMarketDataError(`${source} gives a price of zero for ${underlying}.`)
    return { ...quoted, price, source }
  },
}

type Hop = { readonly pool: Address; readonly token0: Address; readonly token1: Address; readonly meanTick: number }

function* readPool(
  { pool: address, minimumLiquidity }: TwapConfiguration['pools'][number],
  window: number,
  underlying: string,
  block: PinnedBlock,
): ReadPlan<Hop> {
  const pool = { address, abi: poolAbi } as const
  const [[, , index, cardinality], token0, token1] = yield* readAll([
    { ...pool, functionName: 'slot0' },
    { ...pool, functionName: 'token0' },
    { ...pool, functionName: 'token1' },
  ])
  const what = `Pool ${address}, which prices ${underlying},`
  if (cardinality === 0) throw new MissingMarketDataError(`${what} has no price yet.`)
  // The oldest observation follows the newest in the ring, unless the ring was enlarged and is not full yet.
  const [next, first] = yield* readAll([
    { ...pool, functionName: 'observations', args: [BigInt((index + 1) % cardinality)] },
    { ...pool, functionName: 'observations', args: [0n] },
  ])
  const [oldest] = next[3] ? next : first
  const reach = Number(BigInt.asUintN(32, BigInt(block.timestamp) - BigInt(oldest)))
  if (reach < window) {
    throw new MissingMarketDataError(`${what} has observations of ${reach} s; the window is ${window} s.`, {
      metaMessages: [
        'Enlarge its ring by `increaseObservationCardinalityNext` and wait until it reaches back that far.',
      ],
    })
  }
  const [[ticks, secondsPerLiquidity]] = yield* readAll([{ ...pool, functionName: 'observe', args: [[window, 0]] }])
  const liquidity = harmonicMeanLiquidity(difference(secondsPerLiquidity), window)
  if (liquidity < minimumLiquidity) {
    throw new MissingMarketDataError(
      `${what} had a harmonic mean liquidity of ${liquidity} over ${window} s; the least is ${minimumLiquidity}.`,
      { metaMessages: ['Name a deeper pool, or another source.'] },
    )
  }
  const meanTick = Number(floorDiv(BigInt.asIntN(56, difference(ticks)), BigInt(window)))
  return { pool: address, token0, token1, meanTick }
}

/** `floor(window · (2^160 − 1) / (Δ · 2^32))`, Δ of the seconds per liquidity modulo 2^160. */
function harmonicMeanLiquidity(secondsPerLiquidity: bigint, window: number): bigint {
  const growth = BigInt.asUintN(160, secondsPerLiquidity)
  return growth === 0n ? 0n : (BigInt(window) * (2n ** 160n - 1n)) / (growth << 32n)
}

function difference(values: readonly bigint[]): bigint {
  const [then, now] = values
  if (then === undefined || now === undefined)
    throw new InconsistentReadError('A pool answered fewer moments than asked.')
  return now - then
}

/** Price of `base` in `quote`, smallest units, over the pools in their order. */
function chain(base: Address, quote: Address, hops: readonly Hop[]): Ratio {
  let token = base
  let price: Ratio = { numerator: 1n, denominator: 1n }
  for (const { pool, token0, token1, meanTick } of hops) {
    if (token !== token0 && token !== token1) {
      throw new InconsistentReadError(`Pool ${pool} trades ${token0} and ${token1}, not ${token}.`, {
        metaMessages: ['Name the pools in the order from `base` to the token of `quote`.'],
      })
    }
    const ratio = sqrtRatioAtTick(meanTick) ** 2n
    const [numerator, denominator] = token === token0 ? [ratio, 2n ** 192n] : [2n ** 192n, ratio]
    price = { numerator: price.numerator * numerator, denominator: price.denominator * denominator }
    token = token === token0 ? token1 : token0
  }
  if (token !== quote) {
    throw new InconsistentReadError(`The pools lead from ${base} to ${token}, the quote is in ${quote}.`, {
      metaMessages: ['Correct `pools` or the token of `quote`.'],
    })
  }
  return price
}
