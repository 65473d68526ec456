import { expect } from 'chai'
import { type Address, maxUint128, parseAbi } from 'viem'
import { noDeadline, sendAs } from '../../../scripts/devnet/chain.ts'
import { approveAll, mintToken, wrapEther } from '../../../scripts/devnet/tokens.ts'
import { mintPosition, swapExactInput } from '../../../scripts/devnet/uniswapV3.ts'
import { uniswapV3 } from '../../../src/adapters/uniswapV3.ts'
import { poolAddress, type UniswapV3Raw } from '../../../src/adapters/uniswapV3Read.ts'
import { wad } from '../../../src/core/units.ts'
import { readUniswapPositions } from '../../support/devnetViews.ts'
import { contextOf } from '../support/context.ts'
import type { Action, AnySubject, ConformanceSubject, PureCase, World } from '../support/subject.ts'

type Configuration = ReturnType<typeof uniswapV3.configuration.parse>

const managerAbi = parseAbi([
  'struct CollectParams { uint256 tokenId; address recipient; uint128 amount0Max; uint128 amount1Max; }',
  'struct DecreaseParams { uint256 tokenId; uint128 liquidity; uint256 amount0Min; uint256 amount1Min; uint256 deadline; }',
  'struct IncreaseParams { uint256 tokenId; uint256 amount0Desired; uint256 amount1Desired; uint256 amount0Min; uint256 amount1Min; uint256 deadline; }',
  'function collect(CollectParams params) payable returns (uint256 amount0, uint256 amount1)',
  'function decreaseLiquidity(DecreaseParams params) payable returns (uint256 amount0, uint256 amount1)',
  'function increaseLiquidity(IncreaseParams params) payable returns (uint128 liquidity, uint256 amount0, uint256 amount1)',
  'function transferFrom(address from, address to, uint256 tokenId)',
])
const million = 10n ** 6n
const elsewhere: Address = '0x000000000000000000000000000000000000bEEF'
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`

const open: Action<Configuration> = (user, { deployment }) =>
  mintPosition(user, deployment, { weth: wad, usdc: 2_000n * million, ticks: 1_000 })

/** Acts on the first position of the user. */
const onFirst =
  (functionName: string, args: (tokenId: bigint, user: Address) => readonly unknown[]): Action<Configuration> =>
  async (user, world) => {
    const [first] = await readUniswapPositions(world, user.address)
    await user.send(manager(world), functionName, args(first?.tokenId ?? -1n, user.address))
  }

const manager = ({ deployment }: World<Configuration>) => ({
  name: 'NonfungiblePositionManager',
  address: deployment.uniswapV3.positionManager,
  abi: managerAbi,
})

function pureCase(amount: bigint, decimals: number): PureCase<Configuration, UniswapV3Raw> {
  const position = {
    id: 1n,
    token0: token(1),
    token1: token(2),
    fee: 500,
    tickLower: -887_220,
    tickUpper: 887_220,
    growthLast: [0n, 0n],
    owed: [amount, amount],
  } as const
  const withdrawn = { ...position, liquidity: 0n }
  const configuration = uniswapV3.configuration.parse({ positionManager: token(8), factory: token(9) })
  const nothing = [0n, 0n] as const
  const pool = {
    tick: 0,
    growth: nothing,
    outside: new Map([-887_220, 887_220].map((tick) => [tick, nothing])),
    ranges: new Map([['-887220..887220', withdrawn]]),
  }
  return {
    // Tokens outside the parameter set keep their liquidity; without liquidity fees are what is owed already.
    raw: {
      balance: 2n,
      stored: [withdrawn, { ...position, id: 2n, token0: token(3), liquidity: amount }],
      pools: new Map([[poolAddress(withdrawn, configuration), pool]]),
      decimals: [token(1), token(2)].map((one) => ({ token: one, decimals })),
    },
    context: contextOf(configuration, { [token(1)]: decimals, [token(2)]: decimals }),
    amounts: [0n, amount, amount, amount, 0n, 0n],
  }
}

const subject: ConformanceSubject<Configuration, UniswapV3Raw> = {
  adapter: uniswapV3,
  venue: 'uniswap-v3',
  control: 'venue',
  fund: async (user, { chain, deployment }) => {
    const { tokens, uniswapV3: venue } = deployment
    const grant = { to: user.address, amount: 20_000n * million }
    await mintToken(sendAs(chain, deployment.operators.deployer), tokens.usdc, grant)
    await wrapEther(user, tokens.weth, 10n * wad)
    await approveAll(user, [tokens.weth, tokens.usdc], [venue.positionManager, venue.swapRouter])
  },
  open: async (user, world) => {
    await open(user, world)
    // Both tokens are traded, so that fees accrue in both.
    const { weth, usdc } = world.deployment.tokens
    await swapExactInput(user, world.deployment, { tokenIn: usdc, amountIn: 2_000n * million })
    await swapExactInput(user, world.deployment, { tokenIn: weth, amountIn: wad })
  },
  openDust: (user, { deployment }) => mintPosition(user, deployment, { weth: 1_000_000n, usdc: 1n, ticks: 10 }),
  actions: {
    'another position': open,
    'more liquidity': onFirst('increaseLiquidity', (tokenId) => [
      {
        tokenId,
        amount0Desired: 10n ** 15n,
        amount1Desired: 10n ** 15n,
        amount0Min: 0n,
        amount1Min: 0n,
        deadline: noDeadline,
      },
    ]),
    'less liquidity': onFirst('decreaseLiquidity', (tokenId) => [
      { tokenId, liquidity: 1n, amount0Min: 0n, amount1Min: 0n, deadline: noDeadline },
    ]),
    'collecting the fees': onFirst('collect', (tokenId, recipient) => [
      { tokenId, recipient, amount0Max: maxUint128, amount1Max: maxUint128 },
    ]),
    'a transfer': onFirst('transferFrom', (tokenId, user) => [user, elsewhere, tokenId]),
  },
  requireAsVenue: async ({ positions }, world, account) => {
    const theirs = await readUniswapPositions(world, account)
    const ours = positions.map((position) => {
      if (position.kind !== 'concentratedLiquidity') return expect.fail(position.kind)
      const { claim, liquidity, tickLower, tickUpper, fees0, fees1 } = position
      return { tokenId: BigInt(claim.id), liquidity, tickLower, tickUpper, fees0, fees1 }
    })
    expect(ours).to.deep.equal(theirs.map(({ tick: _, ...position }) => position))
  },
  largest: pureCase(maxUint128, 18),
  decimals: (decimals) => pureCase(1n, decimals),
}

export const subjects: readonly AnySubject[] = [subject]
