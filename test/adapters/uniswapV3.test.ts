import { expect } from 'chai'
import fc from 'fast-check'
import { type Address, encodeFunctionData, maxUint128, parseAbi } from 'viem'
import { loadArtifact } from '../../scripts/devnet/artifacts.ts'
import { noDeadline, sendAs } from '../../scripts/devnet/chain.ts'
import { approveAll, mintToken, wrapEther } from '../../scripts/devnet/tokens.ts'
import { alignPoolPrice, mintPosition, readPoolPrice } from '../../scripts/devnet/uniswapV3.ts'
import { uniswapV3 } from '../../src/adapters/uniswapV3.ts'
import { uncollectedFees } from '../../src/adapters/uniswapV3Fees.ts'
import { type Pool, poolAddress, type UniswapV3Raw } from '../../src/adapters/uniswapV3Read.ts'
import { CallFailedError } from '../../src/chain/errors.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError } from '../../src/core/errors.ts'
import type { ConcentratedLiquidity, Position } from '../../src/core/position.ts'
import { amountsForLiquidity } from '../../src/kernel/concentratedLiquidity.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { rejection, thrown } from '../support/rejection.ts'
import { contextOf } from './support/context.ts'
import { readDevnetVenue } from './support/devnetVenue.ts'

const managerAbi = parseAbi([
  'struct CollectParams { uint256 tokenId; address recipient; uint128 amount0Max; uint128 amount1Max; }',
  'struct DecreaseParams { uint256 tokenId; uint128 liquidity; uint256 amount0Min; uint256 amount1Min; uint256 deadline; }',
  'struct MintParams { address token0; address token1; uint24 fee; int24 tickLower; int24 tickUpper; uint256 amount0Desired; uint256 amount1Desired; uint256 amount0Min; uint256 amount1Min; address recipient; uint256 deadline; }',
  'function collect(CollectParams params) payable returns (uint256 amount0, uint256 amount1)',
  'function decreaseLiquidity(DecreaseParams params) payable returns (uint256 amount0, uint256 amount1)',
  'function burn(uint256 tokenId) payable',
  'function mint(MintParams params) payable returns (uint256 tokenId, uint128 liquidity, uint256 amount0, uint256 amount1)',
  'function createAndInitializePoolIfNecessary(address token0, address token1, uint24 fee, uint160 sqrtPriceX96) payable returns (address pool)',
  'function multicall(bytes[] data) payable returns (bytes[] results)',
])

function managerOf({ deployment }: DevnetFixture) {
  return { name: 'NonfungiblePositionManager', address: deployment.uniswapV3.positionManager, abi: managerAbi }
}

function liquidityOf(positions: readonly Position[]): ConcentratedLiquidity[] {
  return positions.map((position) => {
    if (position.kind !== 'concentratedLiquidity') throw new Error(position.kind)
    return position
  })
}

/** Asserts every position against what the manager would pay its owner now. */
async function requireAsPaid(fixture: DevnetFixture, account: Address): Promise<ConcentratedLiquidity[]> {
  const { client, chain, deployment } = fixture
  const positions = liquidityOf((await readDevnetVenue(fixture, 'uniswap-v3', { account })).positions)
  const { sqrtPriceX96 } = await readPoolPrice(chain, deployment.uniswapV3.pool)
  const { address } = managerOf(fixture)
  for (const { claim, fees0, fees1, liquidity, tickLower, tickUpper } of positions) {
    const tokenId = BigInt(claim.id)
    const collect = await client.simulateContract({
      account,
      address,
      abi: managerAbi,
      functionName: 'collect',
      args: [{ tokenId, recipient: account, amount0Max: maxUint128, amount1Max: maxUint128 }],
    })
    expect([fees0, fees1]).to.deep.equal(collect.result)
    if (liquidity === 0n) continue
    const decrease = await client.simulateContract({
      account,
      address,
      abi: managerAbi,
      functionName: 'decreaseLiquidity',
      args: [{ tokenId, liquidity, amount0Min: 0n, amount1Min: 0n, deadline: noDeadline }],
    })
    const { amount0, amount1 } = amountsForLiquidity({ sqrtPrice: sqrtPriceX96, tickLower, tickUpper, liquidity })
    expect([amount0, amount1]).to.deep.equal(decrease.result)
  }
  return positions
}

async function mintForeign(fixture: DevnetFixture, recipient: Address, count: number): Promise<void> {
  const { chain, deployment } = fixture
  const sender = sendAs(chain, deployment.operators.deployer)
  const artifact = await loadArtifact(
    '@aave/core-v3/artifacts/contracts/mocks/tokens/MintableERC20.sol/MintableERC20.json',
  )
  const tokens = [await sender.deploy(artifact, ['A', 'A', 18]), await sender.deploy(artifact, ['B', 'B', 18])]
  const [token0, token1] = tokens.map(({ address }) => address).sort() as [Address, Address]
  for (const token of [token0, token1]) await mintToken(sender, token, { to: sender.address, amount: 10n ** 24n })
  const manager = managerOf(fixture)
  await approveAll(sender, [token0, token1], [manager.address])
  await sender.send(manager, 'createAndInitializePoolIfNecessary', [token0, token1, 3000, 2n ** 96n])
  const mint = {
    token0,
    token1,
    fee: 3000,
    tickLower: -60,
    tickUpper: 60,
    amount0Desired: 10n ** 6n,
    amount1Desired: 10n ** 6n,
    amount0Min: 0n,
    amount1Min: 0n,
    recipient,
    deadline: noDeadline,
  }
  const data = encodeFunctionData({ abi: managerAbi, functionName: 'mint', args: [mint] })
  for (let left = count; left > 0; left -= 40) {
    await sender.send(manager, 'multicall', [Array.from({ length: Math.min(left, 40) }, () => data)])
  }
}

describe('uniswapV3 on the devnet', function () {
  this.timeout(120_000)

  it('gives the amounts and fees that the manager would pay, in range and on both sides of it', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { hedged } = deployment.accounts
    const [first] = await requireAsPaid(fixture, hedged)
    expect(first?.fees0).not.to.equal(0n)
    for (const price of [1_500n, 2_600n, 2_000n]) {
      await alignPoolPrice(sendAs(chain, deployment.operators.maker), deployment, price * 10n ** 8n)
      expect(await requireAsPaid(fixture, hedged)).to.have.lengthOf(1)
    }
  })

  it('counts what the manager already owes once, in partly and wholly withdrawn positions', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { hedged } = deployment.accounts
    const sender = sendAs(chain, hedged)
    const manager = managerOf(fixture)
    await wrapEther(sender, deployment.tokens.weth, 10n ** 18n)
    await mintToken(sendAs(chain, deployment.operators.deployer), deployment.tokens.usdc, {
      to: hedged,
      amount: 10n ** 10n,
    })
    await mintPosition(sender, deployment, { weth: 10n ** 18n, usdc: 2n * 10n ** 9n, ticks: 500 })
    const [old, young] = await requireAsPaid(fixture, hedged)
    if (old === undefined || young === undefined) return expect.fail('two positions expected')
    const withdraw = (position: ConcentratedLiquidity, liquidity: bigint) =>
      sender.send(manager, 'decreaseLiquidity', [
        { tokenId: BigInt(position.claim.id), liquidity, amount0Min: 0n, amount1Min: 0n, deadline: noDeadline },
      ])

    await withdraw(old, old.liquidity / 3n)
    await withdraw(young, young.liquidity)
    await alignPoolPrice(sendAs(chain, deployment.operators.maker), deployment, 2_050n * 10n ** 8n)
    const owed = await requireAsPaid(fixture, hedged)
    expect(owed.map(({ liquidity }) => liquidity)).to.deep.equal([old.liquidity - old.liquidity / 3n, 0n])
    expect(owed[1]?.fees0).not.to.equal(0n)

    const tokenId = BigInt(young.claim.id)
    await sender.send(manager, 'collect', [
      { tokenId, recipient: hedged, amount0Max: maxUint128, amount1Max: maxUint128 },
    ])
    expect(await requireAsPaid(fixture, hedged)).to.have.lengthOf(1)
  })

  it('lists 500 foreign positions by name, beside the priced one', async () => {
    const fixture = await devnetFixture()
    const { deployment } = fixture
    const { hedged } = deployment.accounts
    await mintForeign(fixture, hedged, 500)
    const { positions, ethCalls, rounds } = await readDevnetVenue(fixture, 'uniswap-v3', { account: hedged })
    const known = new Set(Object.values(deployment.tokens).map((token) => toAssetKey(deployment.chainId, token)))
    const foreign = liquidityOf(positions).filter(({ token0 }) => !known.has(token0))
    expect(foreign).to.have.lengthOf(500)
    expect(foreign.every(({ fees0, fees1, liquidity }) => fees0 === 0n && fees1 === 0n && liquidity > 0n)).to.equal(
      true,
    )
    expect(positions).to.have.lengthOf(501)
    expect(rounds).to.equal(4)
    expect(ethCalls).to.be.at.most(25)
  })

  it('refuses to read with the init code hash of other pools', async () => {
    const fixture = await devnetFixture()
    const { uniswapV3: venue, accounts } = fixture.deployment
    const { factory, positionManager } = venue
    const configuration = { factory, positionManager, poolInitCodeHash: `0x${'00'.repeat(32)}` }
    await rejection(
      readDevnetVenue(fixture, 'uniswap-v3', { account: accounts.hedged, configuration }),
      CallFailedError,
    )
  })
})

describe('uniswapV3.toPositions', () => {
  const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
  const configuration = {
    positionManager: token(8),
    factory: token(9),
    poolInitCodeHash: `0x${'22'.repeat(32)}` as const,
    maximumPositions: 3,
  }
  const context = contextOf(configuration, { [token(1)]: 18, [token(2)]: 6 })
  type Stored = UniswapV3Raw['stored'][number]
  const stored: Stored = {
    id: 7n,
    token0: token(1),
    token1: token(2),
    fee: 500,
    tickLower: -10,
    tickUpper: 10,
    liquidity: 0n,
    growthLast: [0n, 0n],
    owed: [3n, 4n],
  }
  const pool: Pool = {
    tick: 0,
    growth: [0n, 0n],
    outside: new Map([-10, 10].map((tick) => [tick, [0n, 0n]])),
    ranges: new Map([['-10..10', { liquidity: 9n, growthLast: [0n, 0n], owed: [100n, 4n] }]]),
  }
  const positionsOf = (
    changes: readonly Partial<Stored>[],
    { pools = new Map(), balance = BigInt(changes.length), decimals = [] }: Partial<UniswapV3Raw> = {},
  ) =>
    uniswapV3.toPositions(
      { balance, stored: changes.map((change) => ({ ...stored, ...change })), pools, decimals },
      context,
    ).positions

  it('keeps owed fees of a withdrawn position, at most what the pool owes for its range, and drops an empty one', () => {
    const pools = new Map([[poolAddress(stored, configuration), pool]])
    const positions = liquidityOf(
      positionsOf([{}, { id: 8n, owed: [0n, 0n] }, { id: 9n, liquidity: 1n, owed: [0n, 5n] }], { pools }),
    )
    expect(positions.map(({ claim, fees0, fees1 }) => [claim.id, fees0, fees1])).to.deep.equal([
      ['7', 3n, 4n],
      ['9', 0n, 4n],
    ])
  })

  it('names position tokens beyond the maximum as one claim that no parameter set may price', async () => {
    const [unread, ...others] = positionsOf([], { balance: 9_000n })
    expect(others).to.deep.equal([])
    expect(unread).to.include({ kind: 'balance', amount: 9_000n, asset: toAssetKey(1, token(8)), control: 'venue' })
    const priced = contextOf(configuration, { [token(8)]: 0 })
    const raw = { balance: 1n, stored: [], pools: new Map(), decimals: [] }
    await thrown(() => uniswapV3.toPositions(raw, priced), InconsistentReadError)
  })

  it('refuses a token with other decimals than the parameter set says', async () => {
    await thrown(() => positionsOf([], { decimals: [{ token: token(2), decimals: 18 }] }), InconsistentReadError)
  })

  it('lists 500 foreign positions without a pool being read, and refuses a known one whose pool was not', async () => {
    const foreign = Array.from({ length: 500 }, (_, id) => ({ id: BigInt(id), token1: token(3), liquidity: 1n }))
    const positions = liquidityOf(positionsOf(foreign))
    expect(positions.map(({ claim }) => claim.id)).to.deep.equal(foreign.map(({ id }) => `${id}`))
    expect(positions.every(({ fees0, fees1 }) => fees0 === 0n && fees1 === 0n)).to.equal(true)
    await thrown(() => positionsOf([{ liquidity: 1n }]), InconsistentReadError)
  })
})

describe('uncollectedFees', () => {
  const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })
  const tick = fc.integer({ min: -887272, max: 887271 })

  it('earns floor(liquidity · growth / 2^128) inside the range, wherever the counters stand', () => {
    fc.assert(
      fc.property(
        fc.record({
          start: uint256,
          lowerOutside: uint256,
          upperOutside: uint256,
          growth: fc.bigInt({ min: 0n, max: 2n ** 120n }),
          liquidity: fc.bigInt({ min: 0n, max: 2n ** 64n }),
          lower: tick,
        }),
        ({ start, lowerOutside, upperOutside, growth, liquidity, lower }) => {
          const wrap = (value: bigint) => BigInt.asUintN(256, value)
          const ticks = {
            current: lower,
            lower: { tick: lower, outside: [lowerOutside, 0n] as const },
            upper: { tick: lower + 1, outside: [upperOutside, 0n] as const },
          }
          const insideLast = wrap(start - lowerOutside - upperOutside)
          const position = { liquidity, growthLast: [insideLast, 0n] as const, owed: [5n, 0n] as const }
          const [fees] = uncollectedFees(position, [wrap(start + growth), 0n], ticks)
          expect(fees).to.equal(5n + ((liquidity * growth) >> 128n))
        },
      ),
    )
  })

  it('earns nothing outside the range', () => {
    for (const current of [-11, 10, 99]) {
      const position = { liquidity: 2n ** 127n, growthLast: [7n, 7n] as const, owed: [1n, 2n] as const }
      const [lowerOutside, upperOutside] = current < -10 ? [107n, 100n] : [100n, 107n]
      const ticks = {
        current,
        lower: { tick: -10, outside: [lowerOutside, lowerOutside] as const },
        upper: { tick: 10, outside: [upperOutside, upperOutside] as const },
      }
      for (const global of [200n, 100_000n]) {
        expect(uncollectedFees(position, [global, global], ticks)).to.deep.equal([1n, 2n])
      }
    }
  })
})
