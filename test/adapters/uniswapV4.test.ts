import { expect } from 'chai'
import { type Address, getAddress, parseAbi, zeroAddress } from 'viem'
import { loadArtifact } from '../../scripts/devnet/artifacts.ts'
import { advanceTime, type Contract, DevnetTransactionError, type Sender, sendAs } from '../../scripts/devnet/chain.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { mintToken, wrapEther } from '../../scripts/devnet/tokens.ts'
import { encodeSqrtPrice } from '../../scripts/devnet/uniswapV3.ts'
import {
  approveUniswapV4,
  mintV4Position,
  modifyLiquidities,
  openPool,
  type PoolKey,
  poolKeyOf,
  readV4PoolPrice,
  swapV4ExactInput,
} from '../../scripts/devnet/uniswapV4.ts'
import { IncompleteIdsError } from '../../src/adapters/errors.ts'
import { uniswapV4 } from '../../src/adapters/uniswapV4.ts'
import { permissionsOverWithdrawal } from '../../src/adapters/uniswapV4Hooks.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { searchLogs } from '../../src/chain/searchLogs.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError, InvalidInputError } from '../../src/core/errors.ts'
import type { FoundLog } from '../../src/core/logs.ts'
import type { ConcentratedLiquidity, Position } from '../../src/core/position.ts'
import { amountsForLiquidity } from '../../src/kernel/concentratedLiquidity.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { rejection, thrown } from '../support/rejection.ts'
import { contextOf, holder } from './support/context.ts'
import { readDevnetVenue } from './support/devnetVenue.ts'
import { burn, decrease, paidFor, takePair } from './support/uniswapV4.ts'

const wad = 10n ** 18n
const usdc = (amount: bigint) => amount * 10n ** 6n
const managerAbi = parseAbi([
  'function transferFrom(address from, address to, uint256 id)',
  'function subscribe(uint256 tokenId, address newSubscriber, bytes data) payable',
  'function unsubscribe(uint256 tokenId) payable',
])
/** Flags of a hook's address, by the bit (`Hooks.sol` of v4-core). */
const flags = {
  beforeInitialize: 13,
  afterInitialize: 12,
  beforeAddLiquidity: 11,
  afterAddLiquidity: 10,
  beforeRemoveLiquidity: 9,
  afterRemoveLiquidity: 8,
  beforeSwap: 7,
  afterSwap: 6,
  beforeDonate: 5,
  afterDonate: 4,
  beforeSwapReturnsDelta: 3,
  afterSwapReturnsDelta: 2,
  afterAddLiquidityReturnsDelta: 1,
  afterRemoveLiquidityReturnsDelta: 0,
} as const
type Flag = keyof typeof flags

/** An address with exactly these flags. */
const hookAddress = (names: readonly Flag[]): Address => {
  const bits = names.reduce((sum, name) => sum | (1n << BigInt(flags[name])), 0xabcdn << 64n)
  return getAddress(`0x${bits.toString(16).padStart(40, '0')}`)
}

const managerOf = ({ deployment }: DevnetFixture): Contract => ({
  name: 'PositionManager',
  address: deployment.uniswapV4.positionManager,
  abi: managerAbi,
})

/** The ids of an account as the logs of the devnet name them. */
async function findIds(fixture: DevnetFixture, account: Address): Promise<readonly string[]> {
  const { client, deployment } = fixture
  const { discovery } = uniswapV4
  if (discovery === undefined) throw new Error('no discovery')
  const { positionManager, stateView } = deployment.uniswapV4
  const configuration = { positionManager, stateView, fromBlock: 0n, maximumPositions: 1_000 }
  const context = { ...contextOf(configuration, {}), account }
  const search = {
    venue: 'uniswap-v4',
    account,
    filters: discovery.filters(context),
    toIds: (logs: readonly FoundLog[]) => discovery.toIds(logs, context),
  }
  const block = await pinBlock(client, { chainId: deployment.chainId })
  return (await searchLogs(client, [search], { block })).flatMap(({ ids }) => ids)
}

async function readV4(
  fixture: DevnetFixture,
  account: Address,
  options: { ids?: readonly string[]; configuration?: unknown } = {},
) {
  const ids = options.ids ?? (await findIds(fixture, account))
  return readDevnetVenue(fixture, 'uniswap-v4', { account, ...options, ids })
}

function liquidityOf(positions: readonly Position[]): ConcentratedLiquidity[] {
  return positions.map((position) => {
    if (position.kind !== 'concentratedLiquidity') throw new Error(position.kind)
    return position
  })
}

/** Asserts a position against what the manager pays for nothing, and for all of it. */
async function requireAsPaid(fixture: DevnetFixture, owner: Address, position: ConcentratedLiquidity, key: PoolKey) {
  const { chain, deployment } = fixture
  const { claim, fees0, fees1, liquidity, tickLower, tickUpper } = position
  const id = BigInt(claim.id)
  expect([fees0, fees1], claim.id).to.deep.equal(await paidFor(fixture, { owner, id, liquidity: 0n, key }))
  const { sqrtPriceX96 } = await readV4PoolPrice(chain, deployment.uniswapV4, key)
  const { amount0, amount1 } = amountsForLiquidity({ sqrtPrice: sqrtPriceX96, tickLower, tickUpper, liquidity })
  const all = await paidFor(fixture, { owner, id, liquidity, key })
  expect([amount0 + fees0, amount1 + fees1], claim.id).to.deep.equal(all)
}

/** The pools of the provider's two positions, in the order of their ids. */
const providerKeys = ({ deployment }: DevnetFixture) => [poolKeyOf(deployment, 'weth'), poolKeyOf(deployment, 'ether')]

/** Puts the code of a hook where its address says what it may do, and opens a WETH/USDC pool with it. */
async function openHookedPool(
  fixture: DevnetFixture,
  { hook, names, fee = 3_000 }: { hook: string; names: readonly Flag[]; fee?: number },
): Promise<PoolKey> {
  const { chain, client, deployment } = fixture
  const deployer = sendAs(chain, deployment.operators.deployer)
  const artifact = await loadArtifact(`@uniswap/v4-core/out/${hook}.sol/${hook}.json`)
  const takesManager = artifact.abi.some((item) => item.type === 'constructor' && item.inputs.length > 0)
  const { address } = await deployer.deploy(artifact, takesManager ? [deployment.uniswapV4.poolManager] : [])
  const hooks = hookAddress(names)
  await client.setCode({ address: hooks, bytecode: (await client.getCode({ address })) ?? '0x' })
  if (hook === 'DynamicFeesTestHook') {
    const abi = parseAbi(['function setManager(address manager)', 'function setFee(uint24 fee)'])
    await deployer.send({ name: hook, address: hooks, abi }, 'setManager', [deployment.uniswapV4.poolManager])
    await deployer.send({ name: hook, address: hooks, abi }, 'setFee', [12_345])
  }
  const key = { ...poolKeyOf(deployment, 'weth'), fee, tickSpacing: 60, hooks }
  const { weth } = deployment.tokens
  const price = key.currency0 === weth ? encodeSqrtPrice(10n ** 12n, 2_000n) : encodeSqrtPrice(2_000n, 10n ** 12n)
  await openPool(deployer, deployment.uniswapV4.poolManager, key, price)
  return key
}

/** Provides 1 WETH and 2,000 USDC around the price of a pool and trades in it, so that fees accrue. */
async function provideAndTrade(fixture: DevnetFixture, user: Sender, key: PoolKey): Promise<void> {
  const { chain, deployment } = fixture
  const deployer = sendAs(chain, deployment.operators.deployer)
  const maker = sendAs(chain, deployment.operators.maker)
  const { weth, usdc: dollar } = deployment.tokens
  await wrapEther(user, weth, wad)
  await mintToken(deployer, dollar, { to: user.address, amount: usdc(2_000n) })
  await approveUniswapV4(user, deployment.uniswapV4, [weth, dollar])
  const { tick } = await readV4PoolPrice(chain, deployment.uniswapV4, key)
  const near = (at: number) => Math.round(at / key.tickSpacing) * key.tickSpacing
  const [amount0, amount1] = key.currency0 === weth ? [wad, usdc(2_000n)] : [usdc(2_000n), wad]
  const range = { tickLower: near(tick - 3_000), tickUpper: near(tick + 3_000) }
  await mintV4Position(user, deployment, { key, ...range, amount0, amount1 })
  for (const zeroForOne of [true, false]) {
    const amountIn = (zeroForOne ? key.currency0 : key.currency1) === weth ? wad / 10n : usdc(200n)
    await swapV4ExactInput(maker, deployment, { key, zeroForOne, amountIn })
  }
}

describe('uniswapV4 on the devnet', function () {
  this.timeout(240_000)

  it('gives the amounts and fees that the manager pays, of WETH and of ether, in range and on both sides of it', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { provider } = deployment.accounts
    for (const price of [undefined, 1_400n, 2_900n, 2_000n]) {
      if (price !== undefined) await setPrices(chain, deployment, { ETH: price * wad })
      const positions = liquidityOf((await readV4(fixture, provider)).positions)
      expect(positions).to.have.lengthOf(2)
      for (const [index, key] of providerKeys(fixture).entries()) {
        const position = positions[index] ?? expect.fail()
        expect([position.token0, position.token1]).to.deep.equal(
          [key.currency0, key.currency1].map((currency) => toAssetKey(deployment.chainId, currency)),
        )
        expect(position.fees0 > 0n && position.fees1 > 0n).to.equal(true)
        await requireAsPaid(fixture, provider, position, key)
      }
    }
  })

  it('follows a partial and a whole withdrawal, a burn and a transfer', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { provider, empty } = deployment.accounts
    const sender = sendAs(chain, provider)
    const [first, second] = liquidityOf((await readV4(fixture, provider)).positions)
    if (first === undefined || second === undefined) return expect.fail('two positions expected')
    const [keyOfFirst, keyOfSecond] = providerKeys(fixture) as [PoolKey, PoolKey]
    const [id1, id2] = [BigInt(first.claim.id), BigInt(second.claim.id)]

    await modifyLiquidities(sender, deployment.uniswapV4, [
      decrease(id1, first.liquidity / 3n),
      takePair(keyOfFirst, provider),
    ])
    await modifyLiquidities(sender, deployment.uniswapV4, [
      decrease(id2, second.liquidity),
      takePair(keyOfSecond, provider),
    ])
    const [rest, ...none] = liquidityOf((await readV4(fixture, provider)).positions)
    expect(none).to.deep.equal([])
    expect([rest?.liquidity, rest?.fees0, rest?.fees1]).to.deep.equal([first.liquidity - first.liquidity / 3n, 0n, 0n])
    await setPrices(chain, deployment, { ETH: 2_100n * wad })
    const [earning] = liquidityOf((await readV4(fixture, provider)).positions)
    await requireAsPaid(fixture, provider, earning ?? expect.fail(), keyOfFirst)

    await modifyLiquidities(sender, deployment.uniswapV4, [burn(id2), takePair(keyOfSecond, provider)])
    const burnt = await readV4(fixture, provider, { ids: [`${id1}`, `${id2}`] })
    expect(burnt.positions.map(({ claim }) => claim.id)).to.deep.equal([first.claim.id])

    await sender.send(managerOf(fixture), 'transferFrom', [provider, empty, id1])
    expect((await readV4(fixture, provider, { ids: [`${id1}`, `${id2}`] })).positions).to.deep.equal([])
    const moved = await readV4(fixture, empty)
    expect(moved.positions.map(({ claim }) => [claim.id, claim.holder])).to.deep.equal([[first.claim.id, empty]])
    expect((await readV4(fixture, provider)).positions).to.deep.equal([])
  })

  it('refuses when ids are missing, and passes over those of others', async () => {
    const fixture = await devnetFixture()
    const { provider, empty } = fixture.deployment.accounts
    const ids = await findIds(fixture, provider)
    expect(ids).to.have.lengthOf(2)
    for (const some of [[], ids.slice(1)]) {
      const error = await rejection(readV4(fixture, provider, { ids: some }), IncompleteIdsError)
      expect(error.message).to.contain(`holds ${some.length}, the protocol counts 2`)
    }
    // The market maker's positions are 1 and 2; 77 was never minted.
    const more = await readV4(fixture, provider, { ids: ['1', '2', ...ids, '77'] })
    expect(more.positions.map(({ claim }) => claim.id)).to.deep.equal(ids)
    expect((await readV4(fixture, empty, { ids: [] })).positions).to.deep.equal([])
    for (const ids of [['x'], ['-1'], [`${2n ** 256n}`]]) {
      await rejection(readV4(fixture, empty, { ids }), InvalidInputError)
    }
  })

  it('refuses the view of another pool manager', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const deployer = sendAs(chain, deployment.operators.deployer)
    const artifact = await loadArtifact('@uniswap/v4-periphery/foundry-out/StateView.sol/StateView.json')
    const { address: stateView } = await deployer.deploy(artifact, [deployer.address])
    const { positionManager } = deployment.uniswapV4
    const configuration = { positionManager, stateView, fromBlock: 0n }
    await rejection(readV4(fixture, deployment.accounts.provider, { configuration }), InconsistentReadError)
  })

  it('counts what a pool with hooks holds where they cannot reach a withdrawal', async () => {
    const fixture = await devnetFixture()
    const user = sendAs(fixture.chain, fixture.deployment.accounts.empty)
    const keys = [
      await openHookedPool(fixture, {
        hook: 'MockHooks',
        names: [
          'beforeInitialize',
          'beforeAddLiquidity',
          'afterAddLiquidity',
          'beforeSwap',
          'afterSwap',
          'beforeDonate',
        ],
      }),
      await openHookedPool(fixture, {
        hook: 'DynamicFeesTestHook',
        names: ['afterInitialize', 'beforeSwap'],
        fee: 0x800000,
      }),
    ]
    for (const key of keys) await provideAndTrade(fixture, user, key)
    const positions = liquidityOf((await readV4(fixture, user.address)).positions)
    expect(positions.map(({ uncounted }) => uncounted)).to.deep.equal([undefined, undefined])
    for (const [index, position] of positions.entries()) {
      expect(position.fees0 > 0n && position.fees1 > 0n).to.equal(true)
      await requireAsPaid(fixture, user.address, position, keys[index] ?? expect.fail())
    }
  })

  it('names and does not count what a hook can keep or lock in, as one does', async () => {
    const fixture = await devnetFixture()
    const user = sendAs(fixture.chain, fixture.deployment.accounts.empty)
    const names = ['afterRemoveLiquidity', 'afterRemoveLiquidityReturnsDelta'] as const
    const key = await openHookedPool(fixture, { hook: 'LPFeeTakingHook', names })
    await provideAndTrade(fixture, user, key)
    const [position] = liquidityOf((await readV4(fixture, user.address)).positions)
    expect(position?.liquidity).not.to.equal(0n)
    expect(position).to.deep.include({
      fees0: 0n,
      fees1: 0n,
      uncounted: `hook ${key.hooks} has afterRemoveLiquidity, afterRemoveLiquidityReturnsDelta`,
    })
    // The hook takes the fees for itself: a collection alone reverts, a whole withdrawal pays what was provided and no more.
    const { claim, liquidity, tickLower, tickUpper } = position ?? expect.fail()
    const id = BigInt(claim.id)
    await rejection(paidFor(fixture, { owner: user.address, id, liquidity: 0n, key }), DevnetTransactionError)
    const { sqrtPriceX96: sqrtPrice } = await readV4PoolPrice(fixture.chain, fixture.deployment.uniswapV4, key)
    const { amount0, amount1 } = amountsForLiquidity({ sqrtPrice, liquidity, tickLower, tickUpper })
    expect(await paidFor(fixture, { owner: user.address, id, liquidity, key })).to.deep.equal([amount0, amount1])
  })

  it('keeps its witness through trades of others and changes it with every action of the owner', async () => {
    const actions: Record<string, (user: Sender, fixture: DevnetFixture, id: bigint) => Promise<void>> = {
      'new position': async (user, fixture) => {
        await provideAndTrade(fixture, user, poolKeyOf(fixture.deployment, 'weth'))
      },
      withdrawal: async (user, fixture, id) => {
        const key = poolKeyOf(fixture.deployment, 'weth')
        await modifyLiquidities(user, fixture.deployment.uniswapV4, [decrease(id, 1n), takePair(key, user.address)])
      },
      'collection of fees': async (user, fixture, id) => {
        const key = poolKeyOf(fixture.deployment, 'weth')
        await modifyLiquidities(user, fixture.deployment.uniswapV4, [decrease(id, 0n), takePair(key, user.address)])
      },
      transfer: async (user, fixture, id) => {
        await user.send(managerOf(fixture), 'transferFrom', [user.address, fixture.deployment.accounts.empty, id])
      },
      exchange: async (user, fixture, id) => {
        const { empty, provider } = fixture.deployment.accounts
        const other = sendAs(fixture.chain, empty)
        await provideAndTrade(fixture, other, poolKeyOf(fixture.deployment, 'weth'))
        const [theirs] = await findIds(fixture, empty)
        await user.send(managerOf(fixture), 'transferFrom', [provider, empty, id])
        await other.send(managerOf(fixture), 'transferFrom', [empty, provider, BigInt(theirs ?? 0)])
      },
    }
    for (const [name, act] of Object.entries(actions)) {
      const fixture = await devnetFixture()
      const { chain, deployment } = fixture
      const { provider } = deployment.accounts
      const [id] = await findIds(fixture, provider)
      const before = await readV4(fixture, provider)
      await setPrices(chain, deployment, { ETH: 2_080n * wad })
      await advanceTime(chain, 5_000)
      const later = await readV4(fixture, provider)
      expect(later.positions, name).not.to.deep.equal(before.positions)
      expect(later.witness, name).to.deep.equal(before.witness)
      await act(sendAs(chain, provider), fixture, BigInt(id ?? 0))
      expect((await readV4(fixture, provider)).witness, name).not.to.deep.equal(before.witness)
    }
  })

  it('counts a position with a subscriber as without: the owner can take off even one that reverts every change', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const user = sendAs(chain, deployment.accounts.provider)
    const subscriber = await sendAs(chain, deployment.operators.deployer).deploy(
      await loadArtifact('@uniswap/v4-periphery/foundry-out/MockBadSubscribers.sol/MockRevertSubscriber.json'),
      [deployment.uniswapV4.positionManager],
    )
    const before = await readV4(fixture, user.address)
    const [position] = liquidityOf(before.positions)
    if (position === undefined) return expect.fail('a position expected')
    const id = BigInt(position.claim.id)
    const [key] = providerKeys(fixture) as [PoolKey]
    await user.send(managerOf(fixture), 'subscribe', [id, subscriber.address, '0x'])
    const during = await readV4(fixture, user.address)
    expect(during.positions).to.deep.equal(before.positions)
    expect(during.witness).not.to.deep.equal(before.witness)
    await rejection(paidFor(fixture, { owner: user.address, id, liquidity: 0n, key }), DevnetTransactionError)
    await user.send(managerOf(fixture), 'unsubscribe', [id])
    expect((await readV4(fixture, user.address)).witness).to.deep.equal(before.witness)
    await requireAsPaid(fixture, user.address, position, key)
  })

  it('reads what counts first when it holds more position tokens than the maximum, and names the rest as one', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { provider } = deployment.accounts
    const maker = sendAs(chain, deployment.operators.maker)
    // Pool of a token that the parameter set does not know, with ids sent unasked.
    const artifact = await loadArtifact(
      '@aave/core-v3/artifacts/contracts/mocks/tokens/MintableERC20.sol/MintableERC20.json',
    )
    const { address: scam } = await maker.deploy(artifact, ['Scam', 'SCAM', 18])
    await mintToken(maker, scam, { to: maker.address, amount: 10n ** 24n })
    await approveUniswapV4(maker, deployment.uniswapV4, [scam])
    const key: PoolKey = { currency0: zeroAddress, currency1: scam, fee: 500, tickSpacing: 10, hooks: zeroAddress }
    await openPool(maker, deployment.uniswapV4.poolManager, key, 2n ** 96n)
    const dust = { key, tickLower: -100, tickUpper: 100, amount0: 10n ** 9n, amount1: 10n ** 9n, recipient: provider }
    for (let count = 0; count < 4; count += 1) await mintV4Position(maker, deployment, dust)

    const { positionManager, stateView } = deployment.uniswapV4
    const limited = (maximumPositions: number) =>
      readV4(fixture, provider, { configuration: { positionManager, stateView, fromBlock: 0n, maximumPositions } })
    const whole = liquidityOf((await limited(6)).positions)
    expect(whole).to.have.lengthOf(6)
    expect(whole.filter(({ token1 }) => token1 === toAssetKey(deployment.chainId, scam))).to.have.lengthOf(4)
    const { positions } = await limited(3)
    expect(positions.slice(0, 3)).to.deep.equal(whole.slice(0, 3))
    expect(
      positions.slice(3).map((position) => [position.kind, position.claim.id, 'amount' in position && position.amount]),
    ).to.deep.equal([['balance', 'unread', 3n]])
  })
})

describe('uniswapV4.discovery', () => {
  const configuration = {
    positionManager: '0x0000000000000000000000000000000000000008',
    stateView: '0x0000000000000000000000000000000000000009',
    fromBlock: 12n,
    maximumPositions: 10,
  } as const
  const context = contextOf(configuration, {})
  it('asks for transfers to the account since the block of the configuration, and takes every id once', () => {
    const { discovery } = uniswapV4
    const [filter, ...others] = discovery?.filters(context) ?? []
    expect(others).to.deep.equal([])
    expect(filter).to.deep.include({ address: configuration.positionManager, args: { to: holder }, fromBlock: 12n })
    expect(filter?.event.name).to.equal('Transfer')
    const logs = [1n, 2n, 1n].map((id) => ({ eventName: 'Transfer', args: { from: zeroAddress, to: holder, id } }))
    expect(discovery?.toIds(logs, context)).to.deep.equal(['1', '2'])
  })
})

describe('uniswapV4.toPositions', () => {
  const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
  const configuration = { positionManager: token(8), stateView: token(9), fromBlock: 0n, maximumPositions: 10 }
  const context = contextOf(configuration, { [token(0)]: 18, [token(2)]: 6 })
  const position = {
    id: 7n,
    key: { currency0: token(0), currency1: token(2), fee: 500, tickSpacing: 10, hooks: zeroAddress },
    tickLower: -10,
    tickUpper: 10,
    liquidity: 3n << 126n,
    growthLast: [2n ** 256n - 1n, 5n],
    growth: [3n, 5n],
  } as const

  it('earns floor(liquidity · growth / 2^128) of either currency, growth modulo 2^256', () => {
    const { positions } = uniswapV4.toPositions(
      { poolManager: token(9), balance: 1n, read: [position], decimals: [] },
      context,
    )
    // 4 units of growth on ¾ · 2^128 of liquidity.
    expect(positions[0]).to.include({ fees0: 3n, fees1: 0n })
  })

  it('lists a foreign token without fees, drops what is empty and refuses other decimals', async () => {
    const foreign = { ...position, id: 8n, key: { ...position.key, currency1: token(3) } }
    const read = [foreign, { ...position, id: 9n, liquidity: 0n }]
    const { positions } = uniswapV4.toPositions({ poolManager: token(9), balance: 2n, read, decimals: [] }, context)
    expect(liquidityOf(positions).map(({ claim, fees0, liquidity }) => [claim.id, fees0, liquidity])).to.deep.equal([
      ['8', 0n, position.liquidity],
    ])
    const raw = { poolManager: token(9), balance: 0n, read: [], decimals: [{ token: token(2), decimals: 8 }] }
    await thrown(() => uniswapV4.toPositions(raw, context), InconsistentReadError)
  })
})

describe('permissionsOverWithdrawal', () => {
  const over: readonly string[] = ['beforeRemoveLiquidity', 'afterRemoveLiquidity', 'afterRemoveLiquidityReturnsDelta']

  for (const name of Object.keys(flags) as Flag[]) {
    it(`${over.includes(name) ? 'names' : 'does not mind'} ${name}`, () => {
      expect(permissionsOverWithdrawal(hookAddress([name]))).to.deep.equal(over.includes(name) ? [name] : [])
    })
  }

  it('finds nothing in the zero address and everything in one with all flags', () => {
    expect(permissionsOverWithdrawal(zeroAddress)).to.deep.equal([])
    expect(permissionsOverWithdrawal(hookAddress(Object.keys(flags) as Flag[]))).to.deep.equal(over)
  })
})
