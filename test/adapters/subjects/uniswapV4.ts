import { expect } from 'chai'
import { type Address, maxUint128, parseAbi, zeroAddress } from 'viem'
import { loadArtifact } from '../../../scripts/devnet/artifacts.ts'
import { type Sender, sendAs } from '../../../scripts/devnet/chain.ts'
import { mintToken, wrapEther } from '../../../scripts/devnet/tokens.ts'
import {
  approveUniswapV4,
  mintV4Position,
  modifyLiquidities,
  type PoolKey,
  type PoolName,
  poolKeyOf,
  readV4PoolPrice,
  swapV4ExactInput,
} from '../../../scripts/devnet/uniswapV4.ts'
import { uniswapV4 } from '../../../src/adapters/uniswapV4.ts'
import type { UniswapV4Raw } from '../../../src/adapters/uniswapV4Read.ts'
import { toAssetKey } from '../../../src/core/asset.ts'
import { wad } from '../../../src/core/units.ts'
import { contextOf } from '../support/context.ts'
import type { Action, AnySubject, ConformanceSubject, PureCase, World } from '../support/subject.ts'
import { burn, close, decrease, increase, paidFor, takePair } from '../support/uniswapV4.ts'

type Configuration = ReturnType<typeof uniswapV4.configuration.parse>

const managerAbi = parseAbi([
  'function transferFrom(address from, address to, uint256 id)',
  'function subscribe(uint256 tokenId, address newSubscriber, bytes data) payable',
  'function nextTokenId() view returns (uint256)',
  'function ownerOf(uint256 id) view returns (address)',
  'function getPositionLiquidity(uint256 tokenId) view returns (uint128)',
])
const million = 10n ** 6n
const elsewhere: Address = '0x000000000000000000000000000000000000bEEF'
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`

const managerOf = ({ deployment }: World<Configuration>) => ({
  name: 'PositionManager',
  address: deployment.uniswapV4.positionManager,
  abi: managerAbi,
})

/** Provides at most these amounts around the price of a pool. */
async function provide(
  user: Sender,
  { chain, deployment }: World<Configuration>,
  { name, ether, usdc, ticks }: { name: PoolName; ether: bigint; usdc: bigint; ticks: number },
): Promise<void> {
  const key = poolKeyOf(deployment, name)
  const { tick } = await readV4PoolPrice(chain, deployment.uniswapV4, key)
  const near = (at: number) => Math.round(at / key.tickSpacing) * key.tickSpacing
  const [amount0, amount1] = key.currency1 === deployment.tokens.usdc ? [ether, usdc] : [usdc, ether]
  const range = { tickLower: near(tick - ticks), tickUpper: near(tick + ticks) }
  await mintV4Position(user, deployment, { key, ...range, amount0, amount1 })
}

const openAt =
  (name: PoolName): Action<Configuration> =>
  (user, world) =>
    provide(user, world, { name, ether: wad, usdc: 2_000n * million, ticks: 1_200 })

/** Ids of an account, by asking for the owner of every id there is. */
async function idsOf(world: World<Configuration>, account: Address): Promise<bigint[]> {
  const { client } = world
  const manager = managerOf(world)
  const ids: bigint[] = []
  for (let id = 1n; id < (await client.readContract({ ...manager, functionName: 'nextTokenId' })); id += 1n) {
    // A burnt one has no owner and reverts.
    const owner = await client
      .readContract({ ...manager, functionName: 'ownerOf', args: [id] })
      .catch(() => zeroAddress)
    if (owner === account) ids.push(id)
  }
  return ids
}

/** Acts on the first position of the user, which is in the WETH pool. */
const onFirst =
  (
    act: (user: Sender, world: World<Configuration>, id: bigint, key: PoolKey) => Promise<void>,
  ): Action<Configuration> =>
  async (user, world) => {
    const [id] = await idsOf(world, user.address)
    await act(user, world, id ?? 0n, poolKeyOf(world.deployment, 'weth'))
  }

function pureCase(amount: bigint, decimals: number): PureCase<Configuration, UniswapV4Raw> {
  const position = {
    id: 1n,
    key: { currency0: zeroAddress, currency1: token(2), fee: 500, tickSpacing: 10, hooks: zeroAddress },
    tickLower: -887_220,
    tickUpper: 887_220,
    liquidity: amount,
    growthLast: [0n, 5n],
    // One unit of growth is 2^-128 of a token per unit of liquidity.
    growth: [2n ** 128n, 5n],
  } as const
  return {
    raw: {
      poolManager: token(9),
      balance: 2n,
      read: [position, { ...position, id: 2n, key: { ...position.key, currency1: token(3) } }],
      decimals: [{ token: token(2), decimals }],
    },
    context: contextOf(
      uniswapV4.configuration.parse({ positionManager: token(8), stateView: token(9), fromBlock: 0n }),
      { [zeroAddress]: 18, [token(2)]: decimals },
    ),
    amounts: [amount, amount, 0n, amount, 0n, 0n],
  }
}

const subject: ConformanceSubject<Configuration, UniswapV4Raw> = {
  adapter: uniswapV4,
  venue: 'uniswap-v4',
  control: 'venue',
  fund: async (user, { chain, deployment }) => {
    const { tokens } = deployment
    const grant = { to: user.address, amount: 20_000n * million }
    await mintToken(sendAs(chain, deployment.operators.deployer), tokens.usdc, grant)
    await wrapEther(user, tokens.weth, 10n * wad)
    await approveUniswapV4(user, deployment.uniswapV4, [tokens.weth, tokens.usdc])
  },
  open: async (user, world) => {
    for (const name of ['weth', 'ether'] as const) {
      await openAt(name)(user, world)
      // Both currencies are traded, so that fees accrue in both.
      const key = poolKeyOf(world.deployment, name)
      for (const zeroForOne of [true, false]) {
        const isUsdc = (zeroForOne ? key.currency0 : key.currency1) === world.deployment.tokens.usdc
        await swapV4ExactInput(user, world.deployment, {
          key,
          zeroForOne,
          amountIn: isUsdc ? 1_000n * million : wad / 2n,
        })
      }
    }
  },
  openDust: (user, world) => provide(user, world, { name: 'weth', ether: 1_000_000n, usdc: 1n, ticks: 10 }),
  actions: {
    'another position': openAt('ether'),
    'more liquidity': onFirst((user, { deployment }, id, key) =>
      modifyLiquidities(user, deployment.uniswapV4, [
        increase(id, 10n ** 9n),
        close(key.currency0),
        close(key.currency1),
      ]),
    ),
    'less liquidity': onFirst((user, { deployment }, id, key) =>
      modifyLiquidities(user, deployment.uniswapV4, [decrease(id, 1n), takePair(key, user.address)]),
    ),
    'collecting the fees': onFirst((user, { deployment }, id, key) =>
      modifyLiquidities(user, deployment.uniswapV4, [decrease(id, 0n), takePair(key, user.address)]),
    ),
    'a burn': onFirst((user, { deployment }, id, key) =>
      modifyLiquidities(user, deployment.uniswapV4, [burn(id), takePair(key, user.address)]),
    ),
    'a subscription': onFirst(async (user, world, id) => {
      const path = '@uniswap/v4-periphery/foundry-out/MockBadSubscribers.sol/MockReturnDataSubscriber.json'
      const { address } = await user.deploy(await loadArtifact(path), [managerOf(world).address])
      await user.send(managerOf(world), 'subscribe', [id, address, '0x'])
    }),
    'a transfer': onFirst((user, world, id) =>
      user.send(managerOf(world), 'transferFrom', [user.address, elsewhere, id]),
    ),
  },
  requireAsVenue: async ({ positions }, world, account) => {
    const ids = await idsOf(world, account)
    expect(positions.map(({ claim }) => claim.id)).to.deep.equal(ids.map(String))
    const { client, deployment } = world
    const keys = (['weth', 'ether'] as const).map((name) => poolKeyOf(deployment, name))
    for (const position of positions) {
      if (position.kind !== 'concentratedLiquidity') return expect.fail(position.kind)
      const { claim, liquidity, token0, fees0, fees1 } = position
      const id = BigInt(claim.id)
      const theirs = await client.readContract({
        ...managerOf(world),
        functionName: 'getPositionLiquidity',
        args: [id],
      })
      expect(liquidity).to.equal(theirs)
      const key = keys.find(({ currency0 }) => toAssetKey(deployment.chainId, currency0) === token0) ?? expect.fail()
      expect([fees0, fees1]).to.deep.equal(await paidFor(world, { owner: account, id, liquidity: 0n, key }))
    }
  },
  largest: pureCase(maxUint128, 18),
  decimals: (decimals) => pureCase(1n, decimals),
}

export const subjects: readonly AnySubject[] = [subject]
