import { type Address, encodeAbiParameters, getCreate2Address, type Hex, keccak256, parseAbi } from 'viem'
import { z } from 'zod'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { ConcentratedLiquidity } from '../core/position.ts'
import { type ReadPlan, readAll, readTogether } from '../core/readPlan.ts'
import { address, bytes32 } from '../core/schema.ts'
import type { Adapter, AdapterContext } from './adapter.ts'
import { type FeeGrowth, type TickFees, uncollectedFees } from './uniswapV3Fees.ts'

const positionManagerAbi = parseAbi([
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
])

/** keccak256 of the creation code of Uniswap's own `UniswapV3Pool`. */
const canonicalInitCodeHash: Hex = '0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54'

/** More than any account holds: a count beyond it is another contract's answer. */
const mostPositions = 2n ** 20n

const configuration = z.strictObject({
  positionManager: address,
  factory: address,
  /** For forks of Uniswap with a pool of their own. */
  poolInitCodeHash: bytes32.default(canonicalInitCodeHash),
})

type UniswapV3Configuration = z.output<typeof configuration>

type Stored = {
  readonly id: bigint
  readonly token0: Address
  readonly token1: Address
  readonly fee: number
  readonly tickLower: number
  readonly tickUpper: number
  readonly liquidity: bigint
  /** Fee growth at the last touch and fees owed since before it, per token. */
  readonly growthLast: FeeGrowth
  readonly owed: FeeGrowth
}

type Pool = {
  readonly tick: number
  readonly growth: FeeGrowth
  readonly outside: ReadonlyMap<number, FeeGrowth>
}

export type UniswapV3Raw = {
  readonly balance: bigint
  readonly stored: readonly Stored[]
  /** Of the positions whose tokens are both in the parameter set, by address. */
  readonly pools: ReadonlyMap<Address, Pool>
}

type Context = AdapterContext<UniswapV3Configuration>

/**
 * Liquidity of Uniswap v3 held through the position manager. Uncollected fees follow from the pool's fee growth, modulo
 * 2^256 (Uniswap v3 whitepaper, 6.3 and 6.4), plus what the manager already owes: the amount that `collect` pays.
 * A position with a token outside the parameter set is listed with no fees, so that it is named and credited nothing.
 */
export const uniswapV3: Adapter<UniswapV3Configuration, UniswapV3Raw> = {
  id: 'uniswap-v3',
  configuration,

  *read(context) {
    const stored = yield* readStored(context)
    const pools = yield* readPools(
      stored.filter((position) => position.liquidity > 0n && isKnown(position, context)),
      context.configuration,
    )
    return { balance: BigInt(stored.length), stored, pools }
  },

  toPositions({ stored, pools }, context) {
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
    return { positions, requirements: [], rules: [] }
  },

  witness({ balance, stored }, { configuration, account }) {
    const manager = { address: configuration.positionManager, abi: positionManagerAbi } as const
    return [
      { ...manager, functionName: 'balanceOf', args: [account] },
      ...Array.from({ length: Number(balance) }, (_, index) => ({
        ...manager,
        functionName: 'tokenOfOwnerByIndex',
        args: [account, BigInt(index)],
      })),
      ...stored.map(({ id }) => ({ ...manager, functionName: 'positions', args: [id] })),
    ]
  },
}

function* readStored({ configuration, account, venue }: Context): ReadPlan<Stored[]> {
  const manager = { address: configuration.positionManager, abi: positionManagerAbi } as const
  const [balance] = yield* readAll([{ ...manager, functionName: 'balanceOf', args: [account] }])
  if (balance > mostPositions) {
    throw new InconsistentReadError(`${venue}: the account holds ${balance} positions, more than can be read.`, {
      metaMessages: ['Check `positionManager` in the configuration of the venue.'],
    })
  }
  const indices = Array.from({ length: Number(balance) }, (_, index) => BigInt(index))
  return yield* readTogether(indices.map((index) => readPosition(configuration.positionManager, account, index)))
}

function* readPosition(positionManager: Address, account: Address, index: bigint): ReadPlan<Stored> {
  const manager = { address: positionManager, abi: positionManagerAbi } as const
  const [id] = yield* readAll([{ ...manager, functionName: 'tokenOfOwnerByIndex', args: [account, index] }])
  const [position] = yield* readAll([{ ...manager, functionName: 'positions', args: [id] }])
  const [, , token0, token1, fee, tickLower, tickUpper, liquidity, growth0, growth1, owed0, owed1] = position
  return {
    id,
    token0,
    token1,
    fee,
    tickLower,
    tickUpper,
    liquidity,
    growthLast: [growth0, growth1],
    owed: [owed0, owed1],
  }
}

function* readPools(stored: readonly Stored[], configuration: UniswapV3Configuration): ReadPlan<Map<Address, Pool>> {
  const wanted = new Map<Address, { readonly position: Stored; readonly ticks: Set<number> }>()
  for (const position of stored) {
    const pool = poolAddress(position, configuration)
    const ticks = wanted.get(pool)?.ticks ?? new Set<number>()
    wanted.set(pool, { position, ticks: ticks.add(position.tickLower).add(position.tickUpper) })
  }
  const pools = yield* readTogether(
    [...wanted].map(([address, { position, ticks }]) => readPool(address, position, ticks, configuration.factory)),
  )
  return new Map([...wanted.keys()].map((address, index) => [address, pools[index] as Pool]))
}

function* readPool(
  address: Address,
  { token0, token1, fee }: Stored,
  ticks: ReadonlySet<number>,
  factory: Address,
): ReadPlan<Pool> {
  const pool = { address, abi: poolAbi } as const
  const [[registered, [, tick], growth0, growth1], outside] = yield* readTogether([
    readAll([
      { address: factory, abi: factoryAbi, functionName: 'getPool', args: [token0, token1, fee] },
      { ...pool, functionName: 'slot0' },
      { ...pool, functionName: 'feeGrowthGlobal0X128' },
      { ...pool, functionName: 'feeGrowthGlobal1X128' },
    ]),
    readTogether([...ticks].map((at) => readTick(address, at))),
  ])
  requireSame(address, registered)
  return { tick, growth: [growth0, growth1], outside: new Map(outside) }
}

function* readTick(pool: Address, tick: number): ReadPlan<readonly [number, FeeGrowth]> {
  const [[, , outside0, outside1]] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'ticks', args: [tick] },
  ])
  return [tick, [outside0, outside1]]
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

function feesOf(position: Stored, pools: UniswapV3Raw['pools'], { configuration, venue }: Context): FeeGrowth {
  if (position.liquidity === 0n) return position.owed
  const address = poolAddress(position, configuration)
  const pool = pools.get(address)
  const lower = pool?.outside.get(position.tickLower)
  const upper = pool?.outside.get(position.tickUpper)
  if (pool === undefined || lower === undefined || upper === undefined) {
    throw new InconsistentReadError(`${venue}: pool ${address} of position ${position.id} was not read.`)
  }
  const ticks: TickFees = {
    current: pool.tick,
    lower: { tick: position.tickLower, outside: lower },
    upper: { tick: position.tickUpper, outside: upper },
  }
  return uncollectedFees(position, pool.growth, ticks)
}

function isKnown({ token0, token1 }: Stored, { block, assets }: Context): boolean {
  return [token0, token1].every((token) => toAssetKey(block.chainId, token) in assets)
}

function poolAddress({ token0, token1, fee }: Stored, configuration: UniswapV3Configuration): Address {
  const key = encodeAbiParameters([{ type: 'address' }, { type: 'address' }, { type: 'uint24' }], [token0, token1, fee])
  return getCreate2Address({
    from: configuration.factory,
    salt: keccak256(key),
    bytecodeHash: configuration.poolInitCodeHash,
  })
}
