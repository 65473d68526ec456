import {
  type Address,
  encodeAbiParameters,
  encodePacked,
  getCreate2Address,
  type Hex,
  keccak256,
  parseAbi,
  parseAbiParameters,
} from 'viem'
import { z } from 'zod'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import { type ReadPlan, readAll, readTogether } from '../core/readPlan.ts'
import { address, bytes32 } from '../core/schema.ts'
import type { AdapterContext } from './adapter.ts'
import { readDecimals, type TokenDecimals } from './decimals.ts'
import type { FeeGrowth } from './uniswapV3Fees.ts'
import { defaultMaximumPositions } from './unreadTokens.ts'

export const positionManagerAbi = parseAbi([
  'function balanceOf(address owner) view returns (uint256)',
  'function tokenOfOwnerByIndex(address owner, uint256 index) view returns (uint256)',
  'function positions(uint256 tokenId) view returns (uint96 nonce, address operator, address token0, address token1, uint24 fee, int24 tickLower, int24 tickUpper, uint128 liquidity, uint256 feeGrowthInside0LastX128, uint256 feeGrowthInside1LastX128, uint128 tokensOwed0, uint128 tokensOwed1)',
])
const factoryAbi = parseAbi(['function getPool(address tokenA, address tokenB, uint24 fee) view returns (address)'])
const poolAbi = parseAbi([
  'function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16 observationIndex, uint16 observationCardinality, uint16 observationCardinalityNext, uint8 feeProtocol, bool unlocked)',
  'function feeGrowthGlobal0X128() view returns (uint256)',
  'function feeGrowthGlobal1X128() view returns (uint256)',
  'function ticks(int24 tick) view returns (uint128 liquidityGross, int128 liquidityNet, uint256 feeGrowthOutside0X128, uint256 feeGrowthOutside1X128, int56 tickCumulativeOutside, uint160 secondsPerLiquidityOutsideX128, uint32 secondsOutside, bool initialized)',
  'function positions(bytes32 key) view returns (uint128 liquidity, uint256 feeGrowthInside0LastX128, uint256 feeGrowthInside1LastX128, uint128 tokensOwed0, uint128 tokensOwed1)',
])

/** keccak256 of the creation code of Uniswap's own `UniswapV3Pool`. */
const canonicalInitCodeHash: Hex = '0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54'

export const configuration = z.strictObject({
  positionManager: address,
  factory: address,
  /** For forks of Uniswap with a pool of their own. */
  poolInitCodeHash: bytes32.default(canonicalInitCodeHash),
  /** Position tokens of one account that are read, in the order in which the manager lists them. */
  maximumPositions: z.int().positive().default(defaultMaximumPositions),
})

export type UniswapV3Configuration = z.output<typeof configuration>

export type Context = AdapterContext<UniswapV3Configuration>

/** Liquidity with its fee growth at the last touch and the fees owed since before it, per token. */
export type Accrued = { readonly liquidity: bigint; readonly growthLast: FeeGrowth; readonly owed: FeeGrowth }

/** A position as the manager keeps it. */
export type Stored = Accrued & {
  readonly id: bigint
  readonly token0: Address
  readonly token1: Address
  readonly fee: number
  readonly tickLower: number
  readonly tickUpper: number
}

/** A pool, as far as the positions in it need: fee growth outside their ticks, and what it owes the manager per range. */
export type Pool = {
  readonly tick: number
  readonly growth: FeeGrowth
  readonly outside: ReadonlyMap<number, FeeGrowth>
  readonly ranges: ReadonlyMap<string, Accrued>
}

export type UniswapV3Raw = {
  /** Position tokens of the account; at most `maximumPositions` of them are in `stored`. */
  readonly balance: bigint
  readonly stored: readonly Stored[]
  /** Of the positions that hold something and whose tokens are both in the parameter set, by address. */
  readonly pools: ReadonlyMap<Address, Pool>
  readonly decimals: readonly TokenDecimals[]
}

export function* readPositions(context: Context): ReadPlan<UniswapV3Raw> {
  const { configuration, account } = context
  const manager = { address: configuration.positionManager, abi: positionManagerAbi } as const
  const [balance] = yield* readAll([{ ...manager, functionName: 'balanceOf', args: [account] }])
  const indices = listedIndices(balance, configuration)
  const stored = yield* readTogether(
    indices.map((index) => readPosition(configuration.positionManager, account, index)),
  )
  const counted = stored.filter((position) => !isEmpty(position) && isKnown(position, context))
  const [pools, decimals] = yield* readTogether([
    readPools(counted, configuration),
    readDecimals(counted.flatMap(({ token0, token1 }) => [token0, token1])),
  ])
  return { balance, stored, pools, decimals }
}

/** Indices of the position tokens that are read. */
export function listedIndices(balance: bigint, { maximumPositions }: UniswapV3Configuration): bigint[] {
  const length = balance < BigInt(maximumPositions) ? Number(balance) : maximumPositions
  return Array.from({ length }, (_, index) => BigInt(index))
}

/** Names the liquidity that all positions of one range share in a pool. */
export function rangeKey({ tickLower, tickUpper }: Pick<Stored, 'tickLower' | 'tickUpper'>): string {
  return `${tickLower}..${tickUpper}`
}

export function isEmpty({ liquidity, owed }: Stored): boolean {
  return liquidity === 0n && owed.every((amount) => amount === 0n)
}

export function isKnown({ token0, token1 }: Stored, { block, assets }: Context): boolean {
  return [token0, token1].every((token) => toAssetKey(block.chainId, token) in assets)
}

export function poolAddress({ token0, token1, fee }: Stored, configuration: UniswapV3Configuration): Address {
  return getCreate2Address({
    from: configuration.factory,
    salt: keccak256(encodeAbiParameters(parseAbiParameters('address, address, uint24'), [token0, token1, fee])),
    bytecodeHash: configuration.poolInitCodeHash,
  })
}

function* readPosition(positionManager: Address, account: Address, index: bigint): ReadPlan<Stored> {
  const manager = { address: positionManager, abi: positionManagerAbi } as const
  const [id] = yield* readAll([{ ...manager, functionName: 'tokenOfOwnerByIndex', args: [account, index] }])
  const [position] = yield* readAll([{ ...manager, functionName: 'positions', args: [id] }])
  const [, , token0, token1, fee, tickLower, tickUpper, liquidity, growth0, growth1, owed0, owed1] = position
  const accrued: Accrued = { liquidity, growthLast: [growth0, growth1], owed: [owed0, owed1] }
  return { id, token0, token1, fee, tickLower, tickUpper, ...accrued }
}

function* readPools(stored: readonly Stored[], configuration: UniswapV3Configuration): ReadPlan<Map<Address, Pool>> {
  const wanted = new Map<Address, Stored[]>()
  for (const position of stored) {
    const pool = poolAddress(position, configuration)
    wanted.set(pool, [...(wanted.get(pool) ?? []), position])
  }
  const pools = yield* readTogether(
    [...wanted].map(([address, positions]) => readPool(address, positions, configuration)),
  )
  return new Map([...wanted.keys()].map((address, index) => [address, pools[index] as Pool]))
}

function* readPool(
  address: Address,
  positions: readonly Stored[],
  { factory, positionManager }: UniswapV3Configuration,
): ReadPlan<Pool> {
  const pool = { address, abi: poolAbi } as const
  const { token0, token1, fee } = positions[0] as Stored
  const ticks = new Set(positions.flatMap(({ tickLower, tickUpper }) => [tickLower, tickUpper]))
  const ranges = new Map(positions.map((position) => [rangeKey(position), position]))
  const [[registered, [, tick], growth0, growth1], outside, shared] = yield* readTogether([
    readAll([
      { address: factory, abi: factoryAbi, functionName: 'getPool', args: [token0, token1, fee] },
      { ...pool, functionName: 'slot0' },
      { ...pool, functionName: 'feeGrowthGlobal0X128' },
      { ...pool, functionName: 'feeGrowthGlobal1X128' },
    ]),
    readTogether([...ticks].map((at) => readTick(address, at))),
    readTogether([...ranges].map(([key, range]) => readRange(address, positionManager, key, range))),
  ])
  requireSame(address, registered)
  return { tick, growth: [growth0, growth1], outside: new Map(outside), ranges: new Map(shared) }
}

function* readTick(pool: Address, tick: number): ReadPlan<readonly [number, FeeGrowth]> {
  const [[, , outside0, outside1]] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'ticks', args: [tick] },
  ])
  return [tick, [outside0, outside1]]
}

function* readRange(
  pool: Address,
  owner: Address,
  name: string,
  { tickLower, tickUpper }: Stored,
): ReadPlan<readonly [string, Accrued]> {
  const key = keccak256(encodePacked(['address', 'int24', 'int24'], [owner, tickLower, tickUpper]))
  const [[liquidity, growth0, growth1, owed0, owed1]] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'positions', args: [key] },
  ])
  return [name, { liquidity, growthLast: [growth0, growth1], owed: [owed0, owed1] }]
}

function requireSame(derived: Address, registered: Address): void {
  if (derived === registered) return
  throw new InconsistentReadError(
    `The pool derived from its init code hash is ${derived}, the factory has ${registered}.`,
    {
      metaMessages: ['Set `poolInitCodeHash` to that of the pools of this factory.'],
    },
  )
}
