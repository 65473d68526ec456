import { type Address, erc20Abi, maxUint128, maxUint256, parseAbi } from 'viem'
import { stableCategory } from '../../../scripts/devnet/aaveMarkets.ts'
import { borrowFromAave, supplyToAave } from '../../../scripts/devnet/aaveV3.ts'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import type { DevnetDeployment } from '../../../scripts/devnet/deployment.ts'
import { setPrices } from '../../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../../scripts/devnet/tokens.ts'
import { aaveV3 } from '../../../src/adapters/aaveV3.ts'
import type { AaveV3Configuration, AaveV3Raw } from '../../../src/adapters/aaveV3Read.ts'
import type { VenueReading } from '../../../src/adapters/readVenue.ts'
import { wad } from '../../../src/core/units.ts'
import { healthFactor } from '../../../src/kernel/aaveRounding.ts'
import { readPoolAccount, requireAsPool } from '../support/aavePool.ts'
import { contextOf } from '../support/context.ts'
import type { Action, AnySubject, ConformanceSubject, PureCase, RuleView, World } from '../support/subject.ts'

const poolAbi = parseAbi([
  'function withdraw(address asset, uint256 amount, address to) returns (uint256)',
  'function repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf) returns (uint256)',
  'function swapBorrowRateMode(address asset, uint256 interestRateMode)',
  'function setUserEMode(uint8 categoryId)',
  'function setUserUseReserveAsCollateral(address asset, bool useAsCollateral)',
])
const dataProviderAbi = parseAbi([
  'function getReserveTokensAddresses(address asset) view returns (address aToken, address stableDebtToken, address variableDebtToken)',
])
const million = 10n ** 6n
/** The pool's unit of account, 1e-8 USD, in WAD. */
const base = 10n ** 10n
const elsewhere: Address = '0x000000000000000000000000000000000000bEEF'
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`

type Do = Action<AaveV3Configuration>
type Asset = 'weth' | 'usdc' | 'wbtc' | 'dai' | 'sUSD'
type Market = 'aave' | 'spark'

const assetOf = ({ tokens, lyra }: DevnetDeployment, asset: Asset): Address =>
  asset === 'sUSD' ? lyra.sUSD : tokens[asset]

/** The actions of one pool of the devnet. */
function actionsAt(market: Market) {
  const onPool =
    (functionName: string, args: (deployment: DevnetDeployment, user: Address) => readonly unknown[]): Do =>
    (user, { deployment }) =>
      user.send(
        { name: 'Pool', address: deployment[market].pool, abi: poolAbi },
        functionName,
        args(deployment, user.address),
      )
  return {
    onPool,
    supply:
      (asset: Asset, amount: bigint): Do =>
      (user, { deployment }) =>
        supplyToAave(user, deployment[market], { asset: assetOf(deployment, asset), amount }),
    borrow:
      (asset: Asset, amount: bigint, rate: 'stable' | 'variable' = 'variable'): Do =>
      (user, { deployment }) =>
        borrowFromAave(user, deployment[market], { asset: assetOf(deployment, asset), amount, rate }),
    enterEMode: onPool('setUserEMode', () => [stableCategory.id]),
    transferSupplied: (async (user, { client, deployment }) => {
      const [aToken] = await client.readContract({
        address: deployment[market].dataProvider,
        abi: dataProviderAbi,
        functionName: 'getReserveTokensAddresses',
        args: [deployment.tokens.weth],
      })
      await user.send({ name: 'AToken', address: aToken, abi: erc20Abi }, 'transfer', [elsewhere, wad])
    }) satisfies Do,
  }
}

const inTurn =
  (...actions: readonly Do[]): Do =>
  async (user, world) => {
    for (const act of actions) await act(user, world)
  }

/** One reserve held and owed, at a price of 1e8 per whole token. */
function pureCase(amount: bigint, decimals: number): PureCase<AaveV3Configuration, AaveV3Raw> {
  const unit = 10n ** BigInt(decimals)
  const price = 10n ** 8n
  const up = (value: bigint) => (value + unit - 1n) / unit
  const [collateral, debt] = [(amount * price) / unit, (2n * amount * price) / unit]
  const factor = healthFactor('truncated', { collateral, weighted: collateral * 8_250n, debt })
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
          isBorrowed: true,
          risk: { price, liquidationThreshold: 8_250, bonus: 500, counts: true },
        },
      ],
      totals: {
        collateral,
        debt,
        liquidationThreshold: 8_250n,
        ltv: 8_000n,
        healthFactor: factor ?? maxUint256,
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

const atAave = actionsAt('aave')
const atSpark = actionsAt('spark')

const fund =
  (market: Market): Do =>
  async (user, { chain, deployment }) => {
    const deployer = sendAs(chain, deployment.operators.deployer)
    const to = user.address
    const { weth, usdc, wbtc, dai } = deployment.tokens
    const { sUSD } = deployment.lyra
    await mintToken(deployer, usdc, { to, amount: 50_000n * million })
    await mintToken(deployer, wbtc, { to, amount: 10n ** 8n })
    await mintToken(deployer, dai, { to, amount: 50_000n * wad })
    await mintToken(deployer, sUSD, { to, amount: 50_000n * wad })
    await wrapEther(user, weth, 12n * wad)
    await approveAll(user, [weth, usdc, wbtc, dai, sUSD], [deployment[market].pool])
  }

/** What one can do with one's account at either pool. */
const commonActions = ({ supply, borrow, onPool, transferSupplied }: typeof atAave): Readonly<Record<string, Do>> => ({
  'a supply': supply('weth', 1n),
  'a supply of another asset': supply('usdc', 1n),
  'a withdrawal': onPool('withdraw', ({ tokens }, user) => [tokens.weth, 1n, user]),
  borrowing: borrow('usdc', 1n),
  'borrowing of another asset': borrow('dai', wad),
  'a repayment': onPool('repay', ({ tokens }, user) => [tokens.usdc, 1_000n, 2n, user]),
  'repaying all': onPool('repay', ({ tokens }, user) => [tokens.usdc, maxUint256, 2n, user]),
  'a transfer of what is supplied': transferSupplied,
  'a supply that is no collateral': inTurn(
    supply('usdc', million),
    onPool('setUserUseReserveAsCollateral', ({ tokens }) => [tokens.usdc, false]),
  ),
})

const common = {
  adapter: aaveV3,
  control: 'venue',
  largest: pureCase(maxUint256, 18),
  decimals: (decimals: number) => pureCase(maxUint128, decimals),
} as const

/** Asserts amounts, collateral, debt and health factor to the last unit. */
const agree = (market: Market) => (reading: VenueReading, world: World<AaveV3Configuration>, account: Address) =>
  requireAsPool(reading, world, { pool: world.deployment[market], account })

const ruleOf = (
  market: Market,
  view: Pick<RuleView<AaveV3Configuration>, 'underlying' | 'opening' | 'prices' | 'setPrice'>,
): RuleView<AaveV3Configuration> => ({
  ...view,
  isLiquidatable: async (world, account) =>
    (await readPoolAccount(world, world.deployment[market], account)).healthFactor < wad,
  slack: async (world, account) => {
    const { collateral, debt, liquidationThreshold } = await readPoolAccount(world, world.deployment[market], account)
    // Of each debt less than one unit is rounded up.
    return { value: (collateral * liquidationThreshold * base) / 10_000n - debt * base, below: 3n * base }
  },
})

const usd = (prices: readonly bigint[]) => prices.map((price) => price * wad)
const etherRule = { underlying: 'ETH', opening: 2_000n * wad } as const

/** Ether as collateral, at the pool that has been there from the first. */
const plain: ConformanceSubject<AaveV3Configuration, AaveV3Raw> = {
  ...common,
  venue: 'aave-v3',
  fund: fund('aave'),
  open: inTurn(atAave.supply('weth', 10n * wad), atAave.borrow('usdc', 8_250n * million)),
  openDust: atAave.supply('weth', 1n),
  actions: {
    ...commonActions(atAave),
    'a supply of eight decimals': atAave.supply('wbtc', 1n),
    'stable debt': atAave.borrow('dai', wad, 'stable'),
    'a change of the rate': inTurn(
      atAave.borrow('dai', wad, 'stable'),
      atAave.onPool('swapBorrowRateMode', ({ tokens }) => [tokens.dai, 1n]),
    ),
    'entering e-mode': atAave.enterEMode,
  },
  requireAsVenue: agree('aave'),
  rule: ruleOf('aave', {
    ...etherRule,
    // Liquidatable below 1,000 USD and, with some interest, a little above.
    prices: usd([500n, 900n, 999n, 1_001n, 1_200n, 2_000n, 3_000n]),
    setPrice: ({ chain, deployment }, price) => setPrices(chain, deployment, { ETH: price }),
  }),
}

/** In the e-mode of the stablecoins, with ether and bitcoin outside of the category and both kinds of debt. */
const inEMode: ConformanceSubject<AaveV3Configuration, AaveV3Raw> = {
  ...plain,
  venue: 'aave-v3',
  title: 'aave-v3 in e-mode',
  open: inTurn(
    atAave.supply('weth', wad),
    atAave.supply('usdc', 10_000n * million),
    atAave.supply('wbtc', 10n ** 6n),
    atAave.borrow('dai', 5_000n * wad),
    atAave.borrow('dai', 1_000n * wad, 'stable'),
    atAave.enterEMode,
    atAave.borrow('dai', 4_600n * wad),
  ),
  actions: {
    'a supply': atAave.supply('weth', 1n),
    borrowing: atAave.borrow('usdc', 1n),
    'a repayment of stable debt': atAave.onPool('repay', ({ tokens }, user) => [tokens.dai, wad, 1n, user]),
    'a change of the rate': atAave.onPool('swapBorrowRateMode', ({ tokens }) => [tokens.dai, 1n]),
    'leaving e-mode with less debt': inTurn(
      atAave.onPool('repay', ({ tokens }, user) => [tokens.dai, 6_000n * wad, 2n, user]),
      atAave.onPool('setUserEMode', () => [0]),
    ),
  },
  rule: ruleOf('aave', {
    ...{ underlying: 'DAI', opening: wad },
    // 1 WETH at 82.5 %, 10,000 USDC at 95 % and 0.01 WBTC at 75 %: 11,600 USD against 10,600 DAI, 1.0943 each.
    prices: [90n, 100n, 109n, 110n, 120n].map((cents) => (cents * wad) / 100n),
    setPrice: ({ chain, deployment }, price) => setPrices(chain, deployment, { DAI: price }),
  }),
}

/** Isolated collateral, against which two reserves may be borrowed up to a ceiling. */
const isolated: ConformanceSubject<AaveV3Configuration, AaveV3Raw> = {
  ...plain,
  title: 'aave-v3 in isolation mode',
  open: inTurn(
    atAave.supply('sUSD', 10_000n * wad),
    // Isolated collateral is not used as such by itself.
    atAave.onPool('setUserUseReserveAsCollateral', ({ lyra }) => [lyra.sUSD, true]),
    atAave.borrow('dai', 3_000n * wad),
    atAave.borrow('usdc', 2_500n * million),
  ),
  openDust: atAave.supply('sUSD', 1n),
  actions: {
    'a supply that cannot be collateral': atAave.supply('weth', 1n),
    'a withdrawal': atAave.onPool('withdraw', ({ lyra }, user) => [lyra.sUSD, 1n, user]),
    borrowing: atAave.borrow('usdc', 1n),
    'repaying all of one': atAave.onPool('repay', ({ tokens }, user) => [tokens.dai, maxUint256, 2n, user]),
  },
  rule: ruleOf('aave', {
    ...{ underlying: 'SUSD', opening: wad },
    // 10,000 sUSD at 70 % against 5,500 USD: 78.57 cents.
    prices: [60n, 78n, 79n, 90n, 100n].map((cents) => (cents * wad) / 100n),
    setPrice: ({ chain, deployment }, price) => setPrices(chain, deployment, { sUSD: price }),
  }),
}

/** The same code at other addresses, found by their provider. */
const spark: ConformanceSubject<AaveV3Configuration, AaveV3Raw> = {
  ...common,
  venue: 'spark',
  fund: fund('spark'),
  open: inTurn(atSpark.supply('weth', 10n * wad), atSpark.borrow('usdc', 8_250n * million)),
  openDust: atSpark.supply('dai', 1n),
  actions: { ...commonActions(atSpark), 'entering e-mode': atSpark.enterEMode },
  requireAsVenue: agree('spark'),
  rule: ruleOf('spark', {
    ...etherRule,
    prices: usd([900n, 999n, 1_001n, 2_000n]),
    setPrice: ({ chain, deployment }, price) => setPrices(chain, deployment, { ETH: price }),
  }),
}

export const subjects: readonly AnySubject[] = [plain, inEMode, isolated, spark]
