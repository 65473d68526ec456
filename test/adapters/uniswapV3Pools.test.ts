import { expect } from 'chai'
import { type Address, maxUint128, parseAbi } from 'viem'
import { type Sender, sendAs } from '../../scripts/devnet/chain.ts'
import { approveAll, mintToken, wrapEther } from '../../scripts/devnet/tokens.ts'
import { encodeSqrtPrice } from '../../scripts/devnet/uniswapV3.ts'
import type { ConcentratedLiquidity } from '../../src/core/position.ts'
import { amountsForLiquidity } from '../../src/kernel/concentratedLiquidity.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { readDevnetVenue } from './support/devnetVenue.ts'

const wad = 10n ** 18n
const deadline = 10n ** 12n

const managerAbi = parseAbi([
  'struct CollectParams { uint256 tokenId; address recipient; uint128 amount0Max; uint128 amount1Max; }',
  'struct DecreaseParams { uint256 tokenId; uint128 liquidity; uint256 amount0Min; uint256 amount1Min; uint256 deadline; }',
  'struct MintParams { address token0; address token1; uint24 fee; int24 tickLower; int24 tickUpper; uint256 amount0Desired; uint256 amount1Desired; uint256 amount0Min; uint256 amount1Min; address recipient; uint256 deadline; }',
  'function collect(CollectParams params) payable returns (uint256 amount0, uint256 amount1)',
  'function decreaseLiquidity(DecreaseParams params) payable returns (uint256 amount0, uint256 amount1)',
  'function burn(uint256 tokenId) payable',
  'function mint(MintParams params) payable returns (uint256 tokenId, uint128 liquidity, uint256 amount0, uint256 amount1)',
  'function createAndInitializePoolIfNecessary(address token0, address token1, uint24 fee, uint160 sqrtPriceX96) payable returns (address pool)',
  'function positions(uint256 tokenId) view returns (uint96 nonce, address operator, address token0, address token1, uint24 fee, int24 tickLower, int24 tickUpper, uint128 liquidity, uint256 feeGrowthInside0LastX128, uint256 feeGrowthInside1LastX128, uint128 tokensOwed0, uint128 tokensOwed1)',
  'function transferFrom(address from, address to, uint256 tokenId)',
])
const factoryAbi = parseAbi(['function getPool(address tokenA, address tokenB, uint24 fee) view returns (address)'])
const poolAbi = parseAbi([
  'function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16, uint16, uint16, uint8, bool)',
  'function burn(int24 tickLower, int24 tickUpper, uint128 amount) returns (uint256 amount0, uint256 amount1)',
])
const routerAbi = parseAbi([
  'struct ExactInputSingleParams { address tokenIn; address tokenOut; uint24 fee; address recipient; uint256 deadline; uint256 amountIn; uint256 amountOutMinimum; uint160 sqrtPriceLimitX96; }',
  'function exactInputSingle(ExactInputSingleParams params) payable returns (uint256 amountOut)',
])

/** A pool by its tokens in their order; `unit0`, `unit1` are worth the same, in smallest units. */
type Pool = {
  readonly address: Address
  readonly token0: Address
  readonly token1: Address
  readonly fee: number
  readonly spacing: number
  readonly unit0: bigint
  readonly unit1: bigint
}

const managerOf = ({ deployment }: DevnetFixture) => ({
  name: 'NonfungiblePositionManager',
  address: deployment.uniswapV3.positionManager,
  abi: managerAbi,
})

/** Pools of every tier over tokens of 6 and 18 decimals, opened at the devnet's prices. */
async function openPools(fixture: DevnetFixture): Promise<Pool[]> {
  const { chain, client, deployment } = fixture
  const { weth, usdc } = deployment.tokens
  const { sUSD, sETH } = deployment.lyra
  const deployer = sendAs(chain, deployment.operators.deployer)
  // What 2,000 USD are of each token.
  const units = new Map([
    [weth, wad],
    [sETH, wad],
    [usdc, 2_000n * 10n ** 6n],
    [sUSD, 2_000n * wad],
  ])
  const pools: Pool[] = []
  for (const [one, other, fee, spacing] of [
    [weth, usdc, 3_000, 60],
    [usdc, sUSD, 500, 10],
    [sETH, weth, 500, 10],
    [sUSD, weth, 10_000, 200],
    [usdc, sETH, 10_000, 200],
  ] as const) {
    const [token0, token1] = BigInt(one) < BigInt(other) ? [one, other] : [other, one]
    const [unit0, unit1] = [units.get(token0) ?? 0n, units.get(token1) ?? 0n]
    const price = encodeSqrtPrice(unit0, unit1)
    await deployer.send(managerOf(fixture), 'createAndInitializePoolIfNecessary', [token0, token1, fee, price])
    const address = await client.readContract({
      address: deployment.uniswapV3.factory,
      abi: factoryAbi,
      functionName: 'getPool',
      args: [token0, token1, fee],
    })
    pools.push({ address, token0, token1, fee, spacing, unit0, unit1 })
  }
  return pools
}

/** Gives an account plenty of every token and lets manager and router take them. */
async function fund({ chain, deployment }: DevnetFixture, sender: Sender): Promise<void> {
  const { weth, usdc } = deployment.tokens
  const { sUSD, sETH } = deployment.lyra
  const deployer = sendAs(chain, deployment.operators.deployer)
  await wrapEther(sender, weth, 100n * wad)
  await mintToken(deployer, usdc, { to: sender.address, amount: 10n ** 12n })
  await mintToken(deployer, sUSD, { to: sender.address, amount: 10n ** 24n })
  await mintToken(deployer, sETH, { to: sender.address, amount: 500n * wad })
  const { positionManager, swapRouter } = deployment.uniswapV3
  await approveAll(sender, [weth, usdc, sUSD, sETH], [positionManager, swapRouter])
}

/** Mints a position from `lower` to `upper` spacings around the tick of the pool, worth about `size` millionths of a unit; returns its id. */
async function mint(
  fixture: DevnetFixture,
  sender: Sender,
  pool: Pool,
  { lower, upper, size = 1_000_000n }: { lower: number; upper: number; size?: bigint },
): Promise<bigint> {
  const [, tick] = await fixture.client.readContract({ address: pool.address, abi: poolAbi, functionName: 'slot0' })
  const middle = Math.round(tick / pool.spacing)
  const params = {
    token0: pool.token0,
    token1: pool.token1,
    fee: pool.fee,
    tickLower: (middle + lower) * pool.spacing,
    tickUpper: (middle + upper) * pool.spacing,
    amount0Desired: (pool.unit0 * size) / 1_000_000n,
    amount1Desired: (pool.unit1 * size) / 1_000_000n,
    amount0Min: 0n,
    amount1Min: 0n,
    recipient: sender.address,
    deadline,
  }
  const { result } = await fixture.client.simulateContract({
    account: sender.address,
    ...managerOf(fixture),
    functionName: 'mint',
    args: [params],
  })
  await sender.send(managerOf(fixture), 'mint', [params])
  return result[0]
}

/** Sells `amount` of one token of the pool to it. */
async function swap({ deployment }: DevnetFixture, sender: Sender, pool: Pool, isToken0: boolean, amountIn: bigint) {
  const { token0, token1, fee } = pool
  const [tokenIn, tokenOut] = isToken0 ? [token0, token1] : [token1, token0]
  await sender.send({ name: 'Router', address: deployment.uniswapV3.swapRouter, abi: routerAbi }, 'exactInputSingle', [
    {
      tokenIn,
      tokenOut,
      fee,
      recipient: sender.address,
      deadline,
      amountIn,
      amountOutMinimum: 0n,
      sqrtPriceLimitX96: 0n,
    },
  ])
}

async function positionsOf(fixture: DevnetFixture, account: Address): Promise<ConcentratedLiquidity[]> {
  const { positions } = await readDevnetVenue(fixture, 'uniswap-v3', { account })
  return positions.map((position) => {
    if (position.kind !== 'concentratedLiquidity') throw new Error(position.kind)
    return position
  })
}

/** Asserts fees against what `collect` of the manager pays, amounts against what `burn` of the pool pays the manager. */
async function requireAsPaid(fixture: DevnetFixture, pools: readonly Pool[], account: Address) {
  const { client } = fixture
  const manager = managerOf(fixture)
  const positions = await positionsOf(fixture, account)
  for (const { claim, fees0, fees1, liquidity, tickLower, tickUpper } of positions) {
    const tokenId = BigInt(claim.id)
    const collect = await client.simulateContract({
      account,
      ...manager,
      functionName: 'collect',
      args: [{ tokenId, recipient: account, amount0Max: maxUint128, amount1Max: maxUint128 }],
    })
    expect([fees0, fees1], `fees of ${tokenId}`).to.deep.equal(collect.result)
    if (liquidity === 0n) continue
    const stored = await client.readContract({ ...manager, functionName: 'positions', args: [tokenId] })
    const pool = pools.find(({ token0, token1, fee }) => [token0, token1, fee].join() === stored.slice(2, 5).join())
    if (pool === undefined) continue
    const [sqrtPrice] = await client.readContract({ address: pool.address, abi: poolAbi, functionName: 'slot0' })
    const burnt = await client.simulateContract({
      account: manager.address,
      address: pool.address,
      abi: poolAbi,
      functionName: 'burn',
      args: [tickLower, tickUpper, liquidity],
    })
    const { amount0, amount1 } = amountsForLiquidity({ sqrtPrice, tickLower, tickUpper, liquidity })
    expect([amount0, amount1], `amounts of ${tokenId}`).to.deep.equal(burnt.result)
  }
  return positions
}

describe('uniswapV3 over many pools', function () {
  this.timeout(240_000)

  it('reads every tier, both orders of tokens, positions in and out of range, withdrawn and burnt ones, to the last unit', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const user = sendAs(chain, deployment.accounts.empty)
    const maker = sendAs(chain, deployment.operators.maker)
    for (const sender of [user, maker]) await fund(fixture, sender)
    const pools = await openPools(fixture)
    const ether = new Set([deployment.tokens.weth, deployment.lyra.sETH])
    const orders = new Set(pools.map(({ token0, token1 }) => `${ether.has(token0)},${ether.has(token1)}`))
    expect([...orders]).to.include.members(['true,false', 'false,true'])
    expect(new Set(pools.map(({ fee }) => fee))).to.deep.equal(new Set([500, 3_000, 10_000]))

    const withdrawn: bigint[] = []
    for (const pool of pools) {
      await mint(fixture, maker, pool, { lower: -40, upper: 40, size: 20_000_000n })
      await mint(fixture, user, pool, { lower: -3, upper: 3 })
      await mint(fixture, user, pool, { lower: -20, upper: -5 })
      await mint(fixture, user, pool, { lower: 5, upper: 20 })
      withdrawn.push(await mint(fixture, user, pool, { lower: -2, upper: 4 }))
    }
    const trade = async () => {
      for (const pool of pools) {
        for (const isToken0 of [true, false]) {
          await swap(fixture, maker, pool, isToken0, (isToken0 ? pool.unit0 : pool.unit1) / 3n)
        }
      }
    }
    await trade()
    const before = await requireAsPaid(fixture, pools, user.address)
    expect(before).to.have.lengthOf(4 * pools.length)
    expect(before.filter(({ fees0, fees1 }) => fees0 > 0n && fees1 > 0n).length).to.be.at.least(2 * pools.length)
    expect(before.some(({ fees0, fees1 }) => fees0 === 0n && fees1 === 0n)).to.equal(true)

    // One of each pool loses all liquidity and keeps what it is owed; of these the first is collected and burnt.
    for (const tokenId of withdrawn) {
      const { liquidity } = before.find(({ claim }) => claim.id === `${tokenId}`) ?? expect.fail()
      const args = { tokenId, liquidity, amount0Min: 0n, amount1Min: 0n, deadline }
      await user.send(managerOf(fixture), 'decreaseLiquidity', [args])
    }
    await trade()
    const [burnt] = withdrawn
    await user.send(managerOf(fixture), 'collect', [
      { tokenId: burnt, recipient: user.address, amount0Max: maxUint128, amount1Max: maxUint128 },
    ])
    expect(await requireAsPaid(fixture, pools, user.address)).to.have.lengthOf(4 * pools.length - 1)
    await user.send(managerOf(fixture), 'burn', [burnt])
    const after = await requireAsPaid(fixture, pools, user.address)
    expect(after).to.have.lengthOf(4 * pools.length - 1)
    const emptied = after.filter(({ liquidity }) => liquidity === 0n)
    expect(emptied.map(({ claim }) => claim.id).sort()).to.deep.equal(withdrawn.slice(1).map(String).sort())
    expect(emptied.every(({ fees0, fees1 }) => fees0 > 0n && fees1 > 0n)).to.equal(true)
  })

  it('gives no more than the pool owes where positions share a range and the pool has rounded down more often', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const user = sendAs(chain, deployment.accounts.empty)
    const maker = sendAs(chain, deployment.operators.maker)
    for (const sender of [user, maker]) await fund(fixture, sender)
    const pool = (await openPools(fixture))[0] ?? expect.fail()
    // Touching the small position touches the range, of which the large one has next to all.
    const small = await mint(fixture, user, pool, { lower: -3, upper: 3, size: 10n })
    const large = await mint(fixture, user, pool, { lower: -3, upper: 3 })
    const collect = { tokenId: small, recipient: user.address, amount0Max: maxUint128, amount1Max: maxUint128 }
    for (let round = 0n; round < 12n; round += 1n) {
      await swap(fixture, maker, pool, true, pool.unit0 / 1_000n + round)
      await swap(fixture, maker, pool, false, pool.unit1 / 1_000n + round)
      await user.send(managerOf(fixture), 'collect', [collect])
      await requireAsPaid(fixture, [pool], user.address)
    }

    // The manager writes down what it owes, and the pool pays less than that.
    const positions = await positionsOf(fixture, user.address)
    const { fees0, fees1 } = positions.find(({ claim }) => claim.id === `${large}`) ?? expect.fail()
    const args = { tokenId: large, liquidity: 1n, amount0Min: 0n, amount1Min: 0n, deadline }
    await user.send(managerOf(fixture), 'decreaseLiquidity', [args])
    const stored = await client.readContract({ ...managerOf(fixture), functionName: 'positions', args: [large] })
    expect(stored[10] > fees0 && stored[11] > fees1).to.equal(true)
    await requireAsPaid(fixture, [pool], user.address)
  })

  it('sees neither what a staking contract holds nor what was sent away', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { hedged } = deployment.accounts
    const [position] = await positionsOf(fixture, hedged)
    const stake = deployment.aave.pool
    await sendAs(chain, hedged).send(managerOf(fixture), 'transferFrom', [
      hedged,
      stake,
      BigInt(position?.claim.id ?? 0),
    ])
    expect(await positionsOf(fixture, hedged)).to.deep.equal([])
    expect((await positionsOf(fixture, stake)).map(({ claim }) => claim.id)).to.deep.equal([position?.claim.id])
  })
})
