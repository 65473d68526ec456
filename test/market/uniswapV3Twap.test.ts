import { expect } from 'chai'
import { type Address, parseAbi } from 'viem'
import { advanceTime, readBlockTime, sendAs } from '../../scripts/devnet/chain.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../scripts/devnet/tokens.ts'
import { alignPoolPrice, encodeSqrtPrice, poolAbi, readPoolPrice } from '../../scripts/devnet/uniswapV3.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans } from '../../src/chain/runPlans.ts'
import {
  InconsistentReadError,
  InvalidInputError,
  MissingMarketDataError,
  StaleMarketDataError,
} from '../../src/core/errors.ts'
import type { SpotPrice } from '../../src/core/market.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { sqrtRatioAtTick } from '../../src/kernel/concentratedLiquidity.ts'
import { TooFewSourcesError } from '../../src/market/median.ts'
import { readMarket } from '../../src/market/readMarket.ts'
import { parametersOf } from '../adapters/support/devnetVenue.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { rejection } from '../support/rejection.ts'

const wad = 10n ** 18n
const managerAbi = parseAbi([
  'struct MintParams { address token0; address token1; uint24 fee; int24 tickLower; int24 tickUpper; uint256 amount0Desired; uint256 amount1Desired; uint256 amount0Min; uint256 amount1Min; address recipient; uint256 deadline; }',
  'function mint(MintParams params) payable returns (uint256 tokenId, uint128 liquidity, uint256 amount0, uint256 amount1)',
  'function createAndInitializePoolIfNecessary(address token0, address token1, uint24 fee, uint160 sqrtPriceX96) payable returns (address pool)',
])
const factoryAbi = parseAbi(['function getPool(address tokenA, address tokenB, uint24 fee) view returns (address)'])
const oracleAbi = parseAbi([
  'function liquidity() view returns (uint128)',
  'function observe(uint32[] secondsAgos) view returns (int56[] tickCumulatives, uint160[] secondsPerLiquidityCumulativeX128s)',
])

/** A price entry of ether over the devnet's WETH/USDC pool, with changes. */
const entryOf = ({ deployment }: DevnetFixture, changes: Record<string, unknown> = {}) => ({
  source: 'uniswap-v3-twap',
  base: deployment.tokens.weth,
  pools: [{ pool: deployment.uniswapV3.pool, minimumLiquidity: 1n }],
  window: 1_800,
  quote: {
    token: deployment.tokens.usdc,
    price: { source: 'chainlink', feed: deployment.feeds.usdcUsd, maxAge: 90_000 },
  },
  ...changes,
})

async function readEther(fixture: DevnetFixture, entry: MarginParameters['prices'][string]): Promise<SpotPrice> {
  const parameters = parametersOf(fixture)
  const changed = { ...parameters, prices: { ...parameters.prices, ETH: entry } } as MarginParameters
  const block = await pinBlock(fixture.client, { chainId: fixture.deployment.chainId })
  const request = { underlyings: ['ETH'], held: [], owed: [], options: [] }
  const plan = readMarket({ parameters: changed, request, block })
  const { results } = await runPlans(fixture.client, block, [{ name: 'market', plan }])
  return results[0]?.prices.ETH ?? expect.fail()
}

/** Gives the WETH/USDC pool room for 20 observations. */
async function enlarge({ chain, deployment }: DevnetFixture, pool: Address = deployment.uniswapV3.pool): Promise<void> {
  const deployer = sendAs(chain, deployment.operators.deployer)
  await deployer.send({ name: 'Pool', address: pool, abi: poolAbi }, 'increaseObservationCardinalityNext', [20])
}

/** Trades the pool to each price in turn and lets `seconds` pass there; the ticks with the seconds that they stood, to the latest block. */
async function tradeThrough(fixture: DevnetFixture, steps: readonly (readonly [dollars: bigint, seconds: number])[]) {
  const { chain, deployment } = fixture
  const maker = sendAs(chain, deployment.operators.maker)
  const path: { readonly tick: number; readonly since: bigint }[] = []
  for (const [dollars, seconds] of steps) {
    await alignPoolPrice(maker, deployment, dollars * 10n ** 8n)
    path.push({ tick: (await readPoolPrice(chain, deployment.uniswapV3.pool)).tick, since: await readBlockTime(chain) })
    await advanceTime(chain, seconds)
  }
  const end = await readBlockTime(chain)
  return path.map(({ tick, since }, index) => ({ tick, from: since, to: path[index + 1]?.since ?? end }))
}

describe('uniswapV3Twap', function () {
  this.timeout(240_000)

  it('is the price of the mean tick over the window times the price of the quote, as integrated trade by trade', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { pool } = deployment.uniswapV3
    await setPrices(chain, deployment, { USDC: (wad * 99n) / 100n })
    await enlarge(fixture)
    const path = await tradeThrough(fixture, [
      [2_000n, 2_000],
      [2_400n, 700],
      [1_700n, 500],
      [2_100n, 300],
    ])
    const end = await readBlockTime(chain)
    const start = end - 1_800n
    const sum = path.reduce((total, { tick, from, to }) => {
      const begin = from > start ? from : start
      return to > begin ? total + BigInt(tick) * (to - begin) : total
    }, 0n)
    // Rounded to negative infinity; the ticks of WETH/USDC are negative, USDC having 6 decimals.
    const meanTick = Number((sum - 1_799n) / 1_800n)
    expect(deployment.tokens.weth < deployment.tokens.usdc && meanTick < 0).to.equal(true)
    const price = await readEther(fixture, entryOf(fixture))

    // token1 per token0 = ratio² / 2^192 in smallest units; 10^18 of one against 10^6 of the other; USDC at 0.99.
    const ratio = sqrtRatioAtTick(meanTick)
    expect(price.price).to.equal((ratio * ratio * 10n ** 18n * ((wad * 99n) / 100n)) / (2n ** 192n * 10n ** 6n))
    const dollars = 1.0001 ** meanTick * 1e12 * 0.99
    expect(Math.abs(Number(price.price) / 1e18 / dollars - 1)).to.be.below(1e-10)
    expect(dollars).to.be.within(1_900, 2_200)
    expect(price.confidence).to.equal(wad)
    expect(price.source).to.equal(`uniswap-v3-twap:${pool}*chainlink:${deployment.feeds.usdcUsd}`)

    const [ticks] = await client.readContract({
      address: pool,
      abi: oracleAbi,
      functionName: 'observe',
      args: [[1_800, 0]],
    })
    expect((ticks[1] ?? 0n) - (ticks[0] ?? 0n)).to.equal(sum)
  })

  it('does not know of a trade in the block that it reads, and follows it from the next second on', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    await enlarge(fixture)
    await tradeThrough(fixture, [[2_000n, 1_900]])
    const before = await readEther(fixture, entryOf(fixture))
    await alignPoolPrice(sendAs(chain, deployment.operators.maker), deployment, 4_000n * 10n ** 8n)
    expect((await readEther(fixture, entryOf(fixture))).price).to.equal(before.price)
    await advanceTime(chain, 18)
    // 18 of 1,800 seconds at twice the price: 2^(1/100) is 0.7 % more.
    const gain = Number((await readEther(fixture, entryOf(fixture))).price) / Number(before.price)
    expect(gain).to.be.within(1.0068, 1.0071)
  })

  it('leads over two pools in either order of their tokens', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { weth, usdc } = deployment.tokens
    const { sETH } = deployment.lyra
    const deployer = sendAs(chain, deployment.operators.deployer)
    const maker = sendAs(chain, deployment.operators.maker)
    const { positionManager, factory, pool } = deployment.uniswapV3
    const manager = { name: 'Manager', address: positionManager, abi: managerAbi }
    const [token0, token1] = BigInt(sETH) < BigInt(weth) ? [sETH, weth] : [weth, sETH]
    // One sETH is 0.9 WETH.
    const sqrtPrice = token0 === sETH ? encodeSqrtPrice(10n, 9n) : encodeSqrtPrice(9n, 10n)
    await deployer.send(manager, 'createAndInitializePoolIfNecessary', [token0, token1, 500, sqrtPrice])
    const first = await client.readContract({
      address: factory,
      abi: factoryAbi,
      functionName: 'getPool',
      args: [weth, sETH, 500],
    })
    await mintToken(deployer, sETH, { to: maker.address, amount: 10n * wad })
    await wrapEther(maker, weth, wad)
    await approveAll(maker, [sETH], [positionManager])
    await maker.send(manager, 'mint', [
      {
        token0,
        token1,
        fee: 500,
        tickLower: -20_000,
        tickUpper: 20_000,
        amount0Desired: wad,
        amount1Desired: wad,
        amount0Min: 0n,
        amount1Min: 0n,
        recipient: maker.address,
        deadline: 10n ** 12n,
      },
    ])
    for (const one of [pool, first]) await enlarge(fixture, one)
    await tradeThrough(fixture, [[2_000n, 2_000]])
    const pools = [first, pool].map((one) => ({ pool: one, minimumLiquidity: 1n }))
    const { price } = await readEther(fixture, entryOf(fixture, { base: sETH, pools }))
    // Both means are rounded down to a tick, a hundredth of a percent.
    expect(Number(price) / 1e18).to.be.within(1_800 * 0.9998, 1_800 * 1.0002)

    for (const changes of [
      { base: sETH, pools: [...pools].reverse() },
      { base: sETH, pools: pools.slice(0, 1) },
      { base: usdc },
    ]) {
      await rejection(readEther(fixture, entryOf(fixture, changes)), InconsistentReadError)
    }
  })

  it('is one source of a median beside others, and absent from it while its observations are too few', async () => {
    const fixture = await devnetFixture()
    const feed = { source: 'chainlink', feed: fixture.deployment.feeds.ethUsd, maxAge: 90_000 }
    const of = [feed, entryOf(fixture)]
    const bounds = { minimumSources: 2, maximumDeviation: wad / 100n, maxAge: 90_000 }
    const read = () => readEther(fixture, { source: 'median', of, ...bounds })
    await rejection(read(), TooFewSourcesError)
    await enlarge(fixture)
    await tradeThrough(fixture, [[2_000n, 2_000]])
    const average = await readEther(fixture, entryOf(fixture))
    expect((await read()).price).to.equal((average.price + 2_000n * wad) / 2n)
  })

  it('refuses observations that do not reach back over the window, until they do', async () => {
    const fixture = await devnetFixture()
    const { chain } = fixture
    const missing = await rejection(readEther(fixture, entryOf(fixture)), MissingMarketDataError)
    expect(missing.message).to.contain('window is 1800 s').and.contain('increaseObservationCardinalityNext')
    await enlarge(fixture)
    await tradeThrough(fixture, [
      [2_010n, 1_000],
      [2_000n, 700],
    ])
    await rejection(readEther(fixture, entryOf(fixture)), MissingMarketDataError)
    await advanceTime(chain, 200)
    expect((await readEther(fixture, entryOf(fixture))).price > 0n).to.equal(true)
    // Another 25 trades fill the ring of 20, whose oldest observation is then a young one.
    await tradeThrough(
      fixture,
      Array.from({ length: 25 }, (_, index) => [2_000n + BigInt(index % 2), 60] as const),
    )
    const full = await rejection(readEther(fixture, entryOf(fixture)), MissingMarketDataError)
    expect(full.message).to.match(/observations of 1\d{3} s/)
    expect((await readEther(fixture, entryOf(fixture, { window: 600 }))).price > 0n).to.equal(true)
  })

  it('refuses a pool whose harmonic mean liquidity is below the least', async () => {
    const fixture = await devnetFixture()
    const { client, deployment } = fixture
    const { pool } = deployment.uniswapV3
    await enlarge(fixture)
    await tradeThrough(fixture, [[2_000n, 2_000]])
    // All of the window at one price, so the mean is the liquidity itself, to the rounding of its inverse.
    const liquidity = await client.readContract({ address: pool, abi: oracleAbi, functionName: 'liquidity' })
    const asking = (minimumLiquidity: bigint) =>
      readEther(fixture, entryOf(fixture, { pools: [{ pool, minimumLiquidity }] }))
    expect((await asking((liquidity * 999_999n) / 1_000_000n)).price > 0n).to.equal(true)
    const thin = await rejection(asking((liquidity * 1_000_001n) / 1_000_000n), MissingMarketDataError)
    expect(thin.message).to.contain('harmonic mean liquidity').and.contain(pool)
  })

  it('is as stale as its quote, and refuses windows and paths that it does not know', async () => {
    const fixture = await devnetFixture()
    const { chain } = fixture
    await enlarge(fixture)
    await tradeThrough(fixture, [[2_000n, 2_000]])
    const { quote } = entryOf(fixture)
    const fresh = { ...quote, price: { ...quote.price, maxAge: 10 } }
    await rejection(readEther(fixture, entryOf(fixture, { quote: fresh })), StaleMarketDataError)
    await advanceTime(chain, 1)
    for (const changes of [{ window: 599 }, { window: 86_401 }, { pools: [] }]) {
      await rejection(readEther(fixture, entryOf(fixture, changes)), InvalidInputError)
    }
  })
})
