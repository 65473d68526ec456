import { getAbiItem, numberToHex, pad } from 'viem'
import { toAssetKey } from '../core/asset.ts'
import type { ConcentratedLiquidity } from '../core/position.ts'
import type { Adapter } from './adapter.ts'
import { requireTokenDecimals } from './decimals.ts'
import { permissionsOverWithdrawal } from './uniswapV4Hooks.ts'
import {
  configuration,
  isCounted,
  positionInfoCall,
  positionManagerAbi,
  type Read,
  readPositions,
  type UniswapV4Configuration,
  type UniswapV4Raw,
} from './uniswapV4Read.ts'
import { unreadTokens } from './unreadTokens.ts'

const transfer = getAbiItem({ abi: positionManagerAbi, name: 'Transfer' })

/**
 * Liquidity of Uniswap v4 held through the position manager. No view lists the position tokens of an owner, so their ids come
 * from the manager's `Transfer` logs or from the user; a count that differs from `balanceOf` refuses. Uncollected fees are
 * `floor(liquidity · (growthInside − growthInsideLast) / 2^128)`, growth modulo 2^256 (`Position.update`): what a decrease by
 * zero liquidity pays. Ether is the asset of the zero address.
 *
 * A position whose pool has a hook that can revert or keep withdrawals, or with a token outside the parameter set, is named and
 * credited nothing; so are, as one claim, position tokens beyond `maximumPositions`. A subscriber changes nothing: it can make
 * changes of a position revert, but the owner can always take it off, and a transfer does.
 */
export const uniswapV4: Adapter<UniswapV4Configuration, UniswapV4Raw> = {
  id: 'uniswap-v4',
  configuration,

  discovery: {
    // Whatever the account holds came to it; what has left or was burnt is dropped by the read.
    filters: ({ configuration: { positionManager, fromBlock }, account }) => [
      { address: positionManager, event: transfer, args: { to: account }, fromBlock },
    ],
    toIds: (logs) => [...new Set(logs.map(({ args }) => `${args.id}`))],
  },

  read: readPositions,

  toPositions({ balance, read, decimals }, context) {
    requireTokenDecimals(context, decimals)
    const { configuration, account, block, venue } = context
    const { chainId } = block
    const contract = configuration.positionManager
    const positions = read
      .filter(({ liquidity }) => liquidity > 0n)
      .map((position): ConcentratedLiquidity => {
        const { key, id, liquidity, tickLower, tickUpper } = position
        const permissions = permissionsOverWithdrawal(key.hooks)
        const [fees0, fees1] = isCounted(position, context) ? feesOf(position) : [0n, 0n]
        return {
          kind: 'concentratedLiquidity',
          claim: { chainId, contract, holder: account, id: `${id}` },
          venueAccount: { chainId, venue, instance: contract, holder: account, subAccount: '' },
          control: 'venue',
          ...(permissions.length === 0 ? {} : { uncounted: `hook ${key.hooks} has ${permissions.join(', ')}` }),
          token0: toAssetKey(chainId, key.currency0),
          token1: toAssetKey(chainId, key.currency1),
          liquidity,
          tickLower,
          tickUpper,
          fees0,
          fees1,
        }
      })
    const unread = unreadTokens(context, { contract, count: balance - BigInt(read.length) })
    return { positions: [...positions, ...unread], requirements: [], rules: [] }
  },

  witness({ read }, { configuration, account }) {
    const manager = { address: configuration.positionManager, abi: positionManagerAbi } as const
    return [
      { ...manager, functionName: 'balanceOf', args: [account] },
      ...read.flatMap((position) => [
        { ...manager, functionName: 'ownerOf', args: [position.id] },
        { ...manager, functionName: 'getPoolAndPositionInfo', args: [position.id] },
        positionInfoCall(position, configuration),
      ]),
    ]
  },

  // The pools tell of liquidity, with the id of the token as its salt; the position manager of owners and subscribers.
  toldBy({ poolManager, read }, { configuration: { positionManager }, account }) {
    const ids = read.map(({ id }) => numberToHex(id, { size: 32 }))
    return [
      { contract: positionManager, words: [pad(account), ...ids] },
      ...(ids.length === 0 ? [] : [{ contract: poolManager, words: ids }]),
    ]
  },
}

function feesOf({ liquidity, growth, growthLast }: Read): readonly [bigint, bigint] {
  const fees = (currency: 0 | 1) => (BigInt.asUintN(256, growth[currency] - growthLast[currency]) * liquidity) >> 128n
  return [fees(0), fees(1)]
}
