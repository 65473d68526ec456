import { expect } from 'chai'
import { type Address, BaseError, type Hex, maxUint128, parseAbi, parseUnits } from 'viem'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import {
  borrowFromMorpho,
  supplyCollateralToMorpho,
  supplyToMorpho,
  toParameters,
} from '../../../scripts/devnet/morphoBlue.ts'
import { setPrices } from '../../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../../scripts/devnet/tokens.ts'
import { morphoBlue } from '../../../src/adapters/morphoBlue.ts'
import type { MorphoBlueConfiguration, MorphoBlueRaw } from '../../../src/adapters/morphoBlueRead.ts'
import { wad } from '../../../src/core/units.ts'
import { morphoAbi, viewMorphoMarket } from '../../support/morphoView.ts'
import { contextOf } from '../support/context.ts'
import type { Action, AnySubject, ConformanceSubject, PureCase, World } from '../support/subject.ts'

type Do = Action<MorphoBlueConfiguration>
type MarketName = 'wethUsdc' | 'usdcWeth'

const oracleAbi = parseAbi(['function price() view returns (uint256)'])
const usdc = (amount: string) => parseUnits(amount, 6)
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
const id: Hex = `0x${'0a'.repeat(32)}`

const order =
  (send: typeof supplyToMorpho, name: MarketName, amount: bigint): Do =>
  (user, { deployment: { morphoBlue: deployed } }) =>
    send(user, { morpho: deployed.morpho, market: deployed.markets[name], amount })

const onMorpho =
  (functionName: string, name: MarketName, args: (user: Address) => readonly unknown[]): Do =>
  (user, { deployment: { morphoBlue: deployed } }) =>
    user.send({ name: 'Morpho', address: deployed.morpho, abi: morphoAbi }, functionName, [
      toParameters(deployed.markets[name]),
      ...args(user.address),
    ])

/** All three legs of one market with tokens of so many decimals; a share is worth one smallest unit. */
function pureCase(amount: bigint, decimals: number): PureCase<MorphoBlueConfiguration, MorphoBlueRaw> {
  const [shares, assets] = [10n ** 24n, 10n ** 24n + 10n ** 6n - 1n]
  return {
    raw: {
      isFeeRecipient: false,
      markets: [
        {
          id,
          loanToken: token(1),
          collateralToken: token(2),
          liquidationLtv: (86n * wad) / 100n,
          supplyShares: amount,
          borrowShares: amount,
          collateral: amount,
          totals: {
            supplyAssets: assets,
            supplyShares: shares,
            borrowAssets: assets,
            borrowShares: shares,
            lastUpdate: 1n,
            fee: 0n,
          },
          decimals: new Map([
            [token(1), decimals],
            [token(2), decimals],
          ]),
          price: 10n ** 36n,
        },
      ],
    },
    context: {
      ...contextOf({ morpho: token(9), markets: [id], fromBlock: 0n }, { [token(1)]: decimals, [token(2)]: decimals }),
      ids: [],
    },
    amounts: [amount, amount, amount],
  }
}

/** What Morpho lets the account owe and what it owes, in 1e-6 USDC. */
async function limitsOf(world: World<MorphoBlueConfiguration>, account: Address) {
  const market = world.deployment.morphoBlue.markets.wethUsdc
  const { collateral, debt } = await viewMorphoMarket(world, market, account)
  const price = await world.client.readContract({ address: market.oracle, abi: oracleAbi, functionName: 'price' })
  return { most: (((collateral * price) / 10n ** 36n) * BigInt(market.lltv)) / wad, owed: await debt() }
}

const subject: ConformanceSubject<MorphoBlueConfiguration, MorphoBlueRaw> = {
  adapter: morphoBlue,
  venue: 'morpho-blue',
  control: 'venue',
  // The devnet's own configuration leaves one market to discovery; a witness covers all that may be entered only where all are listed.
  deploy: async ({ deployment: { morphoBlue: deployed } }) => ({
    morpho: deployed.morpho,
    markets: Object.values(deployed.markets).map((market) => market.id),
  }),
  fund: async (user, { chain, deployment }) => {
    const { weth, usdc: dollars } = deployment.tokens
    const deployer = sendAs(chain, deployment.operators.deployer)
    await mintToken(deployer, dollars, { to: user.address, amount: usdc('50000') })
    await wrapEther(user, weth, 30n * wad)
    await approveAll(user, [weth, dollars], [deployment.morphoBlue.morpho])
  },
  open: async (user, world) => {
    await order(supplyCollateralToMorpho, 'wethUsdc', 10n * wad)(user, world)
    await order(borrowFromMorpho, 'wethUsdc', usdc('8600'))(user, world)
    await order(supplyToMorpho, 'usdcWeth', 5n * wad)(user, world)
  },
  openDust: order(supplyCollateralToMorpho, 'wethUsdc', 1n),
  actions: {
    lending: order(supplyToMorpho, 'usdcWeth', 10n ** 9n),
    'lending to another market': order(supplyToMorpho, 'wethUsdc', usdc('1')),
    'a withdrawal of what was lent': onMorpho('withdraw', 'usdcWeth', (user) => [wad, 0n, user, user]),
    'more collateral': order(supplyCollateralToMorpho, 'wethUsdc', 1n),
    'collateral in another market': order(supplyCollateralToMorpho, 'usdcWeth', 1n),
    'a withdrawal of collateral': onMorpho('withdrawCollateral', 'wethUsdc', (user) => [1n, user, user]),
    borrowing: order(borrowFromMorpho, 'wethUsdc', 1n),
    'a loan in another market': async (user, world) => {
      await order(supplyCollateralToMorpho, 'usdcWeth', usdc('4000'))(user, world)
      await order(borrowFromMorpho, 'usdcWeth', wad)(user, world)
    },
    'a repayment': onMorpho('repay', 'wethUsdc', (user) => [usdc('1'), 0n, user, '0x']),
  },
  requireAsVenue: async ({ positions, rules }, world, account) => {
    const found = new Map(positions.map((position) => [position.claim.id, 'amount' in position && position.amount]))
    let owing = 0
    for (const market of Object.values(world.deployment.morphoBlue.markets)) {
      const { supply, debt, collateral } = await viewMorphoMarket(world, market, account)
      const theirs = { supply: await supply(), collateral, debt: await debt() }
      for (const [leg, amount] of Object.entries(theirs)) {
        expect(found.get(`${market.id}:${leg}`) ?? 0n, `${leg} of ${market.id}`).to.equal(amount)
      }
      if (theirs.debt > 0n) owing += 1
    }
    expect(rules).to.have.lengthOf(owing)
  },
  rule: {
    underlying: 'ETH',
    opening: 2_000n * wad,
    // Liquidatable below 1,000 USD and, with some interest, a little above.
    prices: [500n, 900n, 999n, 1_001n, 1_200n, 2_000n, 3_000n].map((price) => price * wad),
    setPrice: ({ chain, deployment }, price) => setPrices(chain, deployment, { ETH: price }),
    isLiquidatable: async ({ client, deployment, bystander }, account) => {
      const { morpho, markets } = deployment.morphoBlue
      try {
        await client.simulateContract({
          address: morpho,
          abi: morphoAbi,
          account: bystander,
          blockNumber: await client.getBlockNumber(),
          functionName: 'liquidate',
          args: [toParameters(markets.wethUsdc), account, 0n, 10n ** 6n, '0x'],
        })
        return true
      } catch (error) {
        if (error instanceof BaseError && error.message.includes('position is healthy')) return false
        throw error
      }
    },
    slack: async (world, account) => {
      const { most, owed } = await limitsOf(world, account)
      return { value: (most - owed) * 10n ** 12n, below: 0n }
    },
  },
  largest: pureCase(maxUint128, 18),
  decimals: (decimals) => pureCase(10n ** 30n, decimals),
}

export const subjects: readonly AnySubject[] = [subject]
