import { expect } from 'chai'
import { type Address, erc20Abi, maxUint256 } from 'viem'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import {
  borrowFromMarket,
  enterMarkets,
  sendChecked,
  supplyEther,
  supplyToMarket,
} from '../../../scripts/devnet/compoundV2.ts'
import type { DevnetDeployment } from '../../../scripts/devnet/deployment.ts'
import { setPrices } from '../../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../../scripts/devnet/tokens.ts'
import { compoundV2 } from '../../../src/adapters/compoundV2.ts'
import type { CompoundV2Configuration, CompoundV2Pool } from '../../../src/adapters/compoundV2Read.ts'
import { wad } from '../../../src/core/units.ts'
import { contextOf } from '../support/context.ts'
import {
  compoundPool,
  comptrollerAbi,
  type MoneyMarketPool,
  marketAbi,
  readCurrent,
  readLiquidity,
  venusPool,
} from '../support/moneyMarkets.ts'
import type { Action, AnySubject, ConformanceSubject, PureCase } from '../support/subject.ts'

type Do = Action<CompoundV2Configuration>
type Raw = readonly CompoundV2Pool[]
type Subject = ConformanceSubject<CompoundV2Configuration, Raw>

const million = 10n ** 6n
const elsewhere: Address = '0x000000000000000000000000000000000000bEEF'
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`

/** One market held and owed, its token worth a dollar, of which three quarters carry debt. */
function pureCase(
  variant: CompoundV2Configuration['variant'],
  amount: bigint,
  decimals: number,
): PureCase<CompoundV2Configuration, Raw> {
  const price = 10n ** BigInt(36 - decimals)
  const factor = (3n * wad) / 4n
  const carried = (((factor * price) / wad) * amount) / wad
  const net = carried - (price * amount) / wad
  return {
    raw: [
      {
        comptroller: token(9),
        liquidationIncentive: wad,
        liquidity: { error: 0n, liquidity: 0n, shortfall: -net },
        all: [{ market: token(2), isEntered: true, isListed: true }],
        markets: [
          {
            market: token(2),
            asset: token(1),
            decimals,
            isEntered: true,
            shares: amount,
            exchangeRate: wad,
            debt: amount,
            stored: { exchangeRate: wad, debt: amount },
            risk: { price, collateralFactor: factor, liquidationThreshold: factor, isForced: false },
          },
        ],
      },
    ],
    context: contextOf(
      { variant, comptrollers: [token(9)], nativeMarkets: [], closeFactor: wad },
      { [token(1)]: decimals },
    ),
    amounts: [amount, amount],
    venueValues: [(amount * price) / wad, -((amount * price + wad - 1n) / wad)],
  }
}

/** A pool of which 10 ether of collateral back dollars, liquidatable below about 1,000 USD. */
function subjectOf({
  venue,
  variant,
  poolOf,
  supply,
  dust,
  borrowed,
}: {
  readonly venue: MoneyMarketPool['venue']
  readonly variant: CompoundV2Configuration['variant']
  readonly poolOf: (deployment: DevnetDeployment) => MoneyMarketPool
  /** Supplies ether in the form that the pool takes. */
  readonly supply: (amount: bigint) => Do
  /** Wei of ether in a few of the smallest shares. */
  readonly dust: bigint
  readonly borrowed: bigint
}): Subject {
  const onMarket =
    (side: 'ether' | 'dollars', functionName: string, amount: bigint): Do =>
    (user, { deployment }) =>
      sendChecked(user, { name: 'Market', address: poolOf(deployment)[side], abi: marketAbi }, functionName, [amount])
  const borrow =
    (side: 'ether' | 'dollars', amount: bigint): Do =>
    (user, { deployment }) =>
      borrowFromMarket(user, poolOf(deployment)[side], amount)
  return {
    adapter: compoundV2,
    venue,
    control: 'venue',
    fund: async (user, { chain, deployment }) => {
      const { weth, usdc } = deployment.tokens
      const { ether, dollars } = poolOf(deployment)
      const minter = sendAs(chain, deployment.operators.deployer)
      await mintToken(minter, usdc, { to: user.address, amount: 5_000n * million })
      await wrapEther(user, weth, 12n * wad)
      await approveAll(user, [weth], [ether])
      await approveAll(user, [usdc], [dollars])
    },
    open: async (user, world) => {
      const { comptroller, ether } = poolOf(world.deployment)
      await supply(10n * wad)(user, world)
      await enterMarkets(user, comptroller, [ether])
      await borrow('dollars', borrowed * million)(user, world)
    },
    openDust: supply(dust),
    actions: {
      'a supply': supply(dust),
      'a supply of another asset': (user, { deployment }) => supplyToMarket(user, poolOf(deployment).dollars, million),
      'a withdrawal': onMarket('ether', 'redeemUnderlying', wad / 10n),
      borrowing: borrow('dollars', 1n),
      'borrowing of another asset': borrow('ether', wad / 1_000n),
      'a repayment': onMarket('dollars', 'repayBorrow', million),
      'repaying all and leaving the market': async (user, world) => {
        const { comptroller, dollars } = poolOf(world.deployment)
        const { usdc } = world.deployment.tokens
        const minter = sendAs(world.chain, world.deployment.operators.deployer)
        await mintToken(minter, usdc, { to: user.address, amount: borrowed * million })
        await onMarket('dollars', 'repayBorrow', maxUint256)(user, world)
        await sendChecked(user, { name: 'Comptroller', address: comptroller, abi: comptrollerAbi }, 'exitMarket', [
          dollars,
        ])
      },
      'a transfer of shares': (user, { deployment }) =>
        user.send({ name: 'Shares', address: poolOf(deployment).ether, abi: erc20Abi }, 'transfer', [elsewhere, 1n]),
    },
    requireAsVenue: async ({ positions, rules }, world, account) => {
      const pool = poolOf(world.deployment)
      const expected: [Address, string, bigint][] = []
      for (const market of [pool.ether, pool.dollars]) {
        const { supplied, debt } = await readCurrent(world, market, { account })
        if (supplied > 0n) expected.push([market, '', supplied])
        if (debt > 0n) expected.push([market, 'debt', debt])
      }
      expect(positions.map(({ claim }) => [claim.contract, claim.id])).to.deep.equal(
        expected.map(([market, id]) => [market, id]),
      )
      for (const [index, position] of positions.entries()) {
        if (position.kind !== 'balance' && position.kind !== 'debt') return expect.fail(position.kind)
        // A debt is the most that the venue can count, two smallest units too many at the most.
        const over = position.amount - (expected[index]?.[2] ?? 0n)
        expect(over).to.be.oneOf(position.kind === 'debt' ? [0n, 1n, 2n] : [0n])
      }
      expect(rules).to.have.lengthOf(positions.some(({ kind }) => kind === 'debt') ? 1 : 0)
    },
    rule: {
      underlying: 'ETH',
      opening: 2_000n * wad,
      prices: [500n, 900n, 999n, 1_001n, 1_200n, 2_000n, 3_000n].map((price) => price * wad),
      setPrice: ({ chain, deployment }, price) => setPrices(chain, deployment, { ETH: price }),
      isLiquidatable: async (world, account) =>
        (await readLiquidity(world, poolOf(world.deployment), { account })) < 0n,
      slack: async (world, account) => ({
        value: await readLiquidity(world, poolOf(world.deployment), { account }),
        // Two smallest units of dollars.
        below: 2n * 10n ** 12n,
      }),
    },
    largest: pureCase(variant, maxUint256, 18),
    decimals: (decimals) => pureCase(variant, 10n ** 30n, decimals),
  }
}

export const subjects: readonly AnySubject[] = [
  subjectOf({
    venue: 'compound-v2',
    variant: 'compound',
    poolOf: compoundPool,
    supply:
      (amount) =>
      (user, { deployment }) =>
        supplyEther(user, deployment.compoundV2, amount),
    dust: 3n * 10n ** 8n,
    borrowed: 8_250n,
  }),
  subjectOf({
    venue: 'venus',
    variant: 'venus-isolated',
    poolOf: venusPool,
    supply:
      (amount) =>
      (user, { deployment }) =>
        supplyToMarket(user, deployment.venus.vWeth, amount),
    dust: 3n * 10n ** 10n,
    borrowed: 8_000n,
  }),
]
