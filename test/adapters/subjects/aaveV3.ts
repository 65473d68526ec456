import { expect } from 'chai'
import { type Address, erc20Abi, maxUint128, maxUint256, parseAbi } from 'viem'
import { borrowFromAave, supplyToAave } from '../../../scripts/devnet/aaveV3.ts'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import { setPrices } from '../../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../../scripts/devnet/tokens.ts'
import { aaveV3 } from '../../../src/adapters/aaveV3.ts'
import type { AaveV3Configuration, AaveV3Raw } from '../../../src/adapters/aaveV3Read.ts'
import { wad } from '../../../src/core/units.ts'
import { readAaveAccount } from '../../support/devnetViews.ts'
import { contextOf } from '../support/context.ts'
import type { Action, AnySubject, ConformanceSubject, PureCase } from '../support/subject.ts'

const poolAbi = parseAbi([
  'function withdraw(address asset, uint256 amount, address to) returns (uint256)',
  'function repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf) returns (uint256)',
  'function setUserUseReserveAsCollateral(address asset, bool useAsCollateral)',
])
const million = 10n ** 6n
/** The pool's unit of account, 1e-8 USD, in WAD. */
const base = 10n ** 10n
const elsewhere: Address = '0x000000000000000000000000000000000000bEEF'
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`

type Do = Action<AaveV3Configuration>

const onPool =
  (functionName: string, args: (of: Parameters<Do>[1]['deployment'], user: Address) => readonly unknown[]): Do =>
  (user, { deployment }) =>
    user.send(
      { name: 'Pool', address: deployment.aave.pool, abi: poolAbi },
      functionName,
      args(deployment, user.address),
    )

const supply =
  (asset: 'weth' | 'usdc', amount: bigint): Do =>
  (user, { deployment: { aave, tokens } }) =>
    supplyToAave(user, aave, { asset: tokens[asset], amount })

const borrow =
  (asset: 'weth' | 'usdc', amount: bigint): Do =>
  (user, { deployment: { aave, tokens } }) =>
    borrowFromAave(user, aave, { asset: tokens[asset], amount })

/** One reserve held and owed, at a price of 1e8 per whole token. */
function pureCase(amount: bigint, decimals: number): PureCase<AaveV3Configuration, AaveV3Raw> {
  const unit = 10n ** BigInt(decimals)
  const price = 10n ** 8n
  const up = (value: bigint) => (value + unit - 1n) / unit
  return {
    raw: {
      pool: token(8),
      reserves: [
        {
          asset: token(1),
          decimals,
          aToken: token(2),
          stableDebtToken: token(3),
          variableDebtToken: token(4),
          supplied: amount,
          stableDebt: amount,
          variableDebt: amount,
          isCollateral: true,
          risk: { price, liquidationThreshold: 8_250, bonus: 500, hasThreshold: true },
        },
      ],
      totals: {
        collateral: (amount * price) / unit,
        debt: (2n * amount * price) / unit,
        liquidationThreshold: 8_250n,
        ltv: 8_000n,
      },
    },
    context: contextOf(
      { pool: token(8), dataProvider: token(9), version: '3.0', closeFactor: wad },
      { [token(1)]: decimals },
    ),
    amounts: [amount, amount, amount],
    venueValues: [(amount * wad) / unit, -up(amount * wad), -up(amount * wad)],
  }
}

const subject: ConformanceSubject<AaveV3Configuration, AaveV3Raw> = {
  adapter: aaveV3,
  venue: 'aave-v3',
  control: 'venue',
  fund: async (user, { chain, deployment }) => {
    const { weth, usdc } = deployment.tokens
    await mintToken(sendAs(chain, deployment.operators.deployer), usdc, { to: user.address, amount: 5_000n * million })
    await wrapEther(user, weth, 12n * wad)
    await approveAll(user, [weth, usdc], [deployment.aave.pool])
  },
  open: async (user, world) => {
    await supply('weth', 10n * wad)(user, world)
    await borrow('usdc', 8_250n * million)(user, world)
  },
  openDust: supply('weth', 1n),
  actions: {
    'a supply': supply('weth', 1n),
    'a supply of another asset': supply('usdc', 1n),
    'a withdrawal': onPool('withdraw', ({ tokens }, user) => [tokens.weth, 1n, user]),
    borrowing: borrow('usdc', 1n),
    'borrowing of another asset': borrow('weth', 1n),
    'a repayment': onPool('repay', ({ tokens }, user) => [tokens.usdc, 1_000n, 2n, user]),
    'a transfer of what is supplied': async (user, { client, configuration, deployment }) => {
      if (!('dataProvider' in configuration)) throw new Error('a data provider was expected')
      const [aToken] = await client.readContract({
        address: configuration.dataProvider,
        abi: dataProviderAbi,
        functionName: 'getReserveTokensAddresses',
        args: [deployment.tokens.weth],
      })
      await user.send({ name: 'AToken', address: aToken, abi: erc20Abi }, 'transfer', [elsewhere, wad])
    },
    'a supply that is no collateral': async (user, world) => {
      await supply('usdc', million)(user, world)
      await onPool('setUserUseReserveAsCollateral', ({ tokens }) => [tokens.usdc, false])(user, world)
    },
  },
  requireAsVenue: async ({ positions, rules }, { client, deployment }, account) => {
    for (const position of positions) {
      if (position.kind !== 'balance' && position.kind !== 'debt') return expect.fail(position.kind)
      const { contract } = position.claim
      const held = client.readContract({ address: contract, abi: erc20Abi, functionName: 'balanceOf', args: [account] })
      expect(position.amount).to.equal(await held)
    }
    const { collateral, debt } = await readAaveAccount({ client, deployment }, account)
    const [rule] = rules
    expect(rule === undefined).to.equal(debt === 0n)
    if (rule?.kind !== 'lendingPool') return
    const sum = (held: typeof rule.debts) =>
      held.reduce((total, { amount, quote, decimals }) => total + (amount * quote) / 10n ** BigInt(decimals), 0n)
    expect([sum(rule.collaterals), sum(rule.debts)]).to.deep.equal([collateral, debt])
  },
  rule: {
    underlying: 'ETH',
    opening: 2_000n * wad,
    // Liquidatable below 1,000 USD and, with some interest, a little above.
    prices: [500n, 900n, 999n, 1_001n, 1_200n, 2_000n, 3_000n].map((price) => price * wad),
    setPrice: ({ chain, deployment }, price) => setPrices(chain, deployment, { ETH: price }),
    isLiquidatable: async (world, account) => (await readAaveAccount(world, account)).healthFactor < wad,
    slack: async (world, account) => {
      const { collateral, debt, liquidationThreshold } = await readAaveAccount(world, account)
      return { value: (collateral * liquidationThreshold * base) / 10_000n - debt * base, below: base }
    },
  },
  largest: pureCase(maxUint256, 18),
  decimals: (decimals) => pureCase(maxUint128, decimals),
}

const dataProviderAbi = parseAbi([
  'function getReserveTokensAddresses(address asset) view returns (address aToken, address stableDebtToken, address variableDebtToken)',
])

export const subjects: readonly AnySubject[] = [subject]
