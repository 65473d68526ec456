import {
  type Address,
  encodeAbiParameters,
  type Hex,
  keccak256,
  numberToHex,
  parseAbi,
  parseAbiParameters,
  zeroAddress,
} from 'viem'
import { z } from 'zod'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import { type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address, natural, parseWith } from '../core/schema.ts'
import type { AdapterContext } from './adapter.ts'
import { readDecimals, type TokenDecimals } from './decimals.ts'
import { IncompleteIdsError } from './errors.ts'
import { permissionsOverWithdrawal } from './uniswapV4Hooks.ts'
import { defaultMaximumPositions } from './unreadTokens.ts'

const poolKeyStruct =
  'struct PoolKey { address currency0; address currency1; uint24 fee; int24 tickSpacing; address hooks; }'

export const positionManagerAbi = parseAbi([
  poolKeyStruct,
  'function balanceOf(address owner) view returns (uint256)',
  'function ownerOf(uint256 id) view returns (address)',
  'function getPoolAndPositionInfo(uint256 tokenId) view returns (PoolKey poolKey, uint256 info)',
  'function poolManager() view returns (address)',
  'event Transfer(address indexed from, address indexed to, uint256 indexed id)',
])
export const stateViewAbi = parseAbi([
  'function poolManager() view returns (address)',
  'function getPositionInfo(bytes32 poolId, address owner, int24 tickLower, int24 tickUpper, bytes32 salt) view returns (uint128 liquidity, uint256 feeGrowthInside0LastX128, uint256 feeGrowthInside1LastX128)',
  'function getFeeGrowthInside(bytes32 poolId, int24 tickLower, int24 tickUpper) view returns (uint256 feeGrowthInside0X128, uint256 feeGrowthInside1X128)',
])

export const configuration = z.strictObject({
  positionManager: address,
  /** Uniswap's `StateView` of the same pool manager. */
  stateView: address,
  /** Block in which the position manager was deployed, where a search of its logs begins. */
  fromBlock: natural.default(0n),
  /** Position tokens of one account that are read: of pools that can be valued first, then in the order of their ids. */
  maximumPositions: z.int().positive().default(defaultMaximumPositions),
})

export type UniswapV4Configuration = z.output<typeof configuration>

export type Context = AdapterContext<UniswapV4Configuration>

type PoolKey = {
  readonly currency0: Address
  readonly currency1: Address
  readonly fee: number
  readonly tickSpacing: number
  readonly hooks: Address
}

/** One value per currency of a pool: currency0, currency1. */
type Growth = readonly [bigint, bigint]

/** A position token and the range that it stands for. */
export type Token = {
  readonly id: bigint
  readonly key: PoolKey
  readonly tickLower: number
  readonly tickUpper: number
}

/** A position of the account, with the fee growth in its range at its last touch and now. */
export type Read = Token & { readonly liquidity: bigint; readonly growthLast: Growth; readonly growth: Growth }

export type UniswapV4Raw = {
  readonly poolManager: Address
  /** Position tokens of the account; at most `maximumPositions` of them are in `read`. */
  readonly balance: bigint
  readonly read: readonly Read[]
  readonly decimals: readonly TokenDecimals[]
}

const tokenIds = z.array(natural.refine((id) => id < 2n ** 256n, 'expected an integer of 256 bits'))

/**
 * Reads the position tokens among the ids of the context that are the account's.
 *
 * @throws {IncompleteIdsError} when the position manager counts more or fewer.
 */
export function* readPositions(context: Context): ReadPlan<UniswapV4Raw> {
  const { configuration, account, venue, ids = [] } = context
  const { positionManager, stateView } = configuration
  const manager = { address: positionManager, abi: positionManagerAbi } as const
  const candidates = parseWith(tokenIds, ids, `The ids of ${venue}`)
  const [[balance, ofManager, ofView], minted] = yield* readTogether([
    readAll([
      { ...manager, functionName: 'balanceOf', args: [account] },
      { ...manager, functionName: 'poolManager' },
      { address: stateView, abi: stateViewAbi, functionName: 'poolManager' },
    ]),
    readMinted(positionManager, candidates),
  ])
  if (ofManager !== ofView) {
    throw new InconsistentReadError(
      `${venue}: the pool manager of positionManager is ${ofManager}, that of stateView ${ofView}.`,
      { metaMessages: ['Set `stateView` to the one of the same deployment.'] },
    )
  }
  const owners = yield* readEach(minted.map(({ id }) => ({ ...manager, functionName: 'ownerOf', args: [id] }) as const))
  const held = minted.filter((_, index) => owners[index] === account)
  if (BigInt(held.length) !== balance) throw new IncompleteIdsError({ venue, found: held.length, held: balance })
  const tokens = inCountingOrder(held, context).slice(0, configuration.maximumPositions)
  const counted = tokens.filter((token) => isCounted(token, context))
  const [read, decimals] = yield* readTogether([
    readTogether(tokens.map((token) => readPosition(token, configuration))),
    readDecimals(counted.flatMap(({ key }) => [key.currency0, key.currency1]).filter((token) => token !== zeroAddress)),
  ])
  return { poolManager: ofManager, balance, read, decimals }
}

/** Whether both tokens are in the parameter set and no hook of the pool decides over withdrawals. */
export function isCounted({ key }: Token, { block, assets }: Context): boolean {
  const isKnown = [key.currency0, key.currency1].every((currency) => toAssetKey(block.chainId, currency) in assets)
  return isKnown && permissionsOverWithdrawal(key.hooks).length === 0
}

/** The call that tells liquidity and fee growth at the last touch of a position. */
export function positionInfoCall({ id, key, tickLower, tickUpper }: Token, configuration: UniswapV4Configuration) {
  const salt = numberToHex(id, { size: 32 })
  return {
    address: configuration.stateView,
    abi: stateViewAbi,
    functionName: 'getPositionInfo',
    args: [poolId(key), configuration.positionManager, tickLower, tickUpper, salt],
  } as const
}

/** What counts before what does not, so that tokens sent by others displace nothing unless they are worth something; then by id. */
function inCountingOrder(tokens: readonly Token[], context: Context): Token[] {
  const rank = (token: Token) => (isCounted(token, context) ? 0 : 1)
  return [...tokens].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))
}

/** Tokens of the ids that exist: the manager keeps nothing of one that was burnt or never minted. */
function* readMinted(positionManager: Address, ids: readonly bigint[]): ReadPlan<Token[]> {
  const infos = yield* readEach(
    ids.map(
      (id) =>
        ({
          address: positionManager,
          abi: positionManagerAbi,
          functionName: 'getPoolAndPositionInfo',
          args: [id],
        }) as const,
    ),
  )
  return infos.flatMap(([key, info], index): Token[] => {
    if (info === 0n) return []
    const id = ids[index] as bigint
    // From the highest bit on: 200 of the pool id, 24 the upper tick, 24 the lower tick, 8 a subscriber (`PositionInfoLibrary`).
    if (info >> 56n !== BigInt(poolId(key)) >> 56n) {
      throw new InconsistentReadError(`Position ${id} of ${positionManager} is of another pool than its key.`)
    }
    const tickAt = (offset: bigint) => Number(BigInt.asIntN(24, info >> offset))
    return [{ id, key, tickLower: tickAt(8n), tickUpper: tickAt(32n) }]
  })
}

function* readPosition(token: Token, configuration: UniswapV4Configuration): ReadPlan<Read> {
  const { key, tickLower, tickUpper } = token
  const [[liquidity, last0, last1], growth] = yield* readAll([
    positionInfoCall(token, configuration),
    {
      address: configuration.stateView,
      abi: stateViewAbi,
      functionName: 'getFeeGrowthInside',
      args: [poolId(key), tickLower, tickUpper],
    },
  ])
  return { ...token, liquidity, growthLast: [last0, last1], growth }
}

function poolId(key: PoolKey): Hex {
  return keccak256(encodeAbiParameters(parseAbiParameters([poolKeyStruct, 'PoolKey key']), [key]))
}
