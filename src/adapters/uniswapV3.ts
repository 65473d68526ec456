import { numberToHex, pad } from 'viem'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { ConcentratedLiquidity } from '../core/position.ts'
import { min } from '../kernel/fixedPoint.ts'
import type { Adapter } from './adapter.ts'
import { requireTokenDecimals } from './decimals.ts'
import { type FeeGrowth, type TickFees, uncollectedFees } from './uniswapV3Fees.ts'
import {
  type Context,
  configuration,
  isEmpty,
  isKnown,
  listedIndices,
  poolAddress,
  positionManagerAbi,
  rangeKey,
  readPositions,
  type Stored,
  type UniswapV3Configuration,
  type UniswapV3Raw,
} from './uniswapV3Read.ts'
import { unreadTokens } from './unreadTokens.ts'

/**
 * Liquidity of Uniswap v3 held through the position manager. Uncollected fees follow from the pool's fee growth, modulo
 * 2^256 (Uniswap v3 whitepaper, 6.3 and 6.4), plus what the manager already owes: the amount that `collect` pays.
 * A position with a token outside the parameter set is listed with no fees, so that it is named and credited nothing, and
 * position tokens beyond `maximumPositions` are one claim that is named and credited nothing.
 */
export const uniswapV3: Adapter<UniswapV3Configuration, UniswapV3Raw> = {
  id: 'uniswap-v3',
  configuration,
  read: readPositions,

  toPositions({ balance, stored, pools, decimals }, context) {
    requireTokenDecimals(context, decimals)
    const { configuration, account, block, venue } = context
    const { chainId } = block
    const contract = configuration.positionManager
    const positions = stored
      .map((position): ConcentratedLiquidity => {
        const [fees0, fees1] = isKnown(position, context) ? feesOf(position, pools, context) : [0n, 0n]
        return {
          kind: 'concentratedLiquidity',
          claim: { chainId, contract, holder: account, id: `${position.id}` },
          venueAccount: { chainId, venue, instance: contract, holder: account, subAccount: '' },
          control: 'venue',
          token0: toAssetKey(chainId, position.token0),
          token1: toAssetKey(chainId, position.token1),
          liquidity: position.liquidity,
          tickLower: position.tickLower,
          tickUpper: position.tickUpper,
          fees0,
          fees1,
        }
      })
      .filter(({ liquidity, fees0, fees1 }) => liquidity > 0n || fees0 > 0n || fees1 > 0n)
    const unread = unreadTokens(context, { contract, count: balance - BigInt(stored.length) })
    return { positions: [...positions, ...unread], requirements: [], rules: [] }
  },

  witness({ balance, stored }, { configuration, account }) {
    const manager = { address: configuration.positionManager, abi: positionManagerAbi } as const
    return [
      { ...manager, functionName: 'balanceOf', args: [account] },
      ...listedIndices(balance, configuration).map((index) => ({
        ...manager,
        functionName: 'tokenOfOwnerByIndex',
        args: [account, index],
      })),
      ...stored.map(({ id }) => ({ ...manager, functionName: 'positions', args: [id] })),
    ]
  },

  // Anyone can add liquidity to a position, so a log may name its id alone.
  toldBy: ({ stored }, { configuration: { positionManager }, account }) => [
    { contract: positionManager, words: [pad(account), ...stored.map(({ id }) => numberToHex(id, { size: 32 }))] },
  ],
}

/**
 * What `collect` pays: fees of the position, but at most what the pool owes the manager for the whole range. The pool rounds
 * down at every touch of any position there, the manager at those of each position, so it can owe a few units more.
 */
function feesOf(position: Stored, pools: UniswapV3Raw['pools'], { configuration, venue }: Context): FeeGrowth {
  if (isEmpty(position)) return [0n, 0n]
  const address = poolAddress(position, configuration)
  const pool = pools.get(address)
  const range = pool?.ranges.get(rangeKey(position))
  const lower = pool?.outside.get(position.tickLower)
  const upper = pool?.outside.get(position.tickUpper)
  if (pool === undefined || range === undefined || lower === undefined || upper === undefined) {
    throw new InconsistentReadError(`${venue}: pool ${address} of position ${position.id} was not read.`)
  }
  // Without liquidity `collect` does not touch the pool, which then owes what it owed before.
  if (position.liquidity === 0n) return lesser(position.owed, range.owed)
  const ticks: TickFees = {
    current: pool.tick,
    lower: { tick: position.tickLower, outside: lower },
    upper: { tick: position.tickUpper, outside: upper },
  }
  return lesser(uncollectedFees(position, pool.growth, ticks), uncollectedFees(range, pool.growth, ticks))
}

function lesser([a0, a1]: FeeGrowth, [b0, b1]: FeeGrowth): FeeGrowth {
  return [min(a0, b0), min(a1, b1)]
}
