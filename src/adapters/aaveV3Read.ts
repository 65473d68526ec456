import { type Address, erc20Abi, parseAbi, zeroAddress } from 'viem'
import { z } from 'zod'
import { type PlannedCall, type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address, fraction } from '../core/schema.ts'
import { readOnce } from '../core/sharedPlan.ts'
import { wad } from '../core/units.ts'
import { rayMul } from '../kernel/aaveRounding.ts'
import { type AaveV3Risk, hasBit, type RiskSource, readEMode, readRisk, since, versions } from './aaveV3Risk.ts'
import type { AdapterContext } from './adapter.ts'

const addressesProviderAbi = parseAbi([
  'function getPool() view returns (address)',
  'function getPoolDataProvider() view returns (address)',
  'function getPriceOracle() view returns (address)',
])
const poolAbi = parseAbi([
  'function ADDRESSES_PROVIDER() view returns (address)',
  'function getReservesList() view returns (address[])',
  'function getUserAccountData(address user) view returns (uint256 totalCollateralBase, uint256 totalDebtBase, uint256 availableBorrowsBase, uint256 currentLiquidationThreshold, uint256 ltv, uint256 healthFactor)',
  'function getUserConfiguration(address user) view returns ((uint256 data))',
  'function getUserEMode(address user) view returns (uint256)',
  'function getReserveNormalizedIncome(address asset) view returns (uint256)',
  'function getReserveNormalizedVariableDebt(address asset) view returns (uint256)',
  'function getReserveData(address asset) view returns ((uint256 configuration, uint128 liquidityIndex, uint128 currentLiquidityRate, uint128 variableBorrowIndex, uint128 currentVariableBorrowRate, uint128 currentStableBorrowRate, uint40 lastUpdateTimestamp, uint16 id, address aTokenAddress, address stableDebtTokenAddress, address variableDebtTokenAddress, address interestRateStrategyAddress, uint128 accruedToTreasury, uint128 unbacked, uint128 isolationModeTotalDebt))',
])
const dataProviderAbi = parseAbi([
  'function getReserveTokensAddresses(address asset) view returns (address aToken, address stableDebtToken, address variableDebtToken)',
])
const scaledTokenAbi = parseAbi(['function scaledBalanceOf(address user) view returns (uint256)'])
const stableDebtTokenAbi = parseAbi(['function principalBalanceOf(address user) view returns (uint256)'])

const options = {
  /** The version of the pool (`POOL_REVISION` and its release), which decides how it counts. */
  version: z.enum(versions).default('3.0'),
  /** Share of the debt that one liquidation repays, WAD; the pool itself may take all of it. */
  closeFactor: fraction.default(wad),
}

export const aaveV3Configuration = z.union([
  z.strictObject({ pool: address, dataProvider: address, ...options }),
  z.strictObject({ addressesProvider: address, ...options }),
])

export type AaveV3Configuration = z.output<typeof aaveV3Configuration>

export type AaveV3Reserve = {
  readonly asset: Address
  readonly decimals: number
  readonly aToken: Address
  readonly stableDebtToken: Address
  readonly variableDebtToken: Address
  /** Smallest units, accrued to the block. */
  readonly supplied: bigint
  readonly stableDebt: bigint
  readonly variableDebt: bigint
  readonly isCollateral: boolean
  /** Whether the pool says that the account owes some; it has no debt token of other reserves. */
  readonly isBorrowed: boolean
  /** Of reserves that are owed or used as collateral. */
  readonly risk?: AaveV3Risk
}

export type AaveV3Raw = {
  readonly pool: Address
  readonly reserves: readonly AaveV3Reserve[]
  /**
   * Of an account that owes: all collateral and debt as the pool counts them, in its base unit of 1e-8 USD; the ratios in basis
   * points, the health factor in WAD.
   */
  readonly totals?: {
    readonly collateral: bigint
    readonly debt: bigint
    readonly liquidationThreshold: bigint
    readonly ltv: bigint
    readonly healthFactor: bigint
  }
}

type Contracts = { readonly pool: Address; readonly dataProvider: Address }

/**
 * Reads all reserves of an account. Balances follow from the scaled ones, which the witness asks, and from the indices of the
 * reserves at the block, which all accounts share; stable debts, each with a rate of its own, are asked of their token.
 */
export function* readAaveV3({
  configuration,
  account,
  shared,
}: Pick<AdapterContext<AaveV3Configuration>, 'configuration' | 'account' | 'shared'>): ReadPlan<AaveV3Raw> {
  const { version } = configuration
  const contracts = yield* readOnce(shared, 'contracts', () => findContracts(configuration))
  const { pool } = contracts
  const [{ oracle, listed }, { bits, category, totals }] = yield* readTogether([
    readOnce(shared, 'reserves', () => readPool(contracts)),
    readUser(pool, account),
  ])
  const eMode = yield* readOnce(shared, `category ${category}`, () => readEMode(pool, category, version))
  const source = { dataProvider: contracts.dataProvider, oracle, eMode, version }
  const reserves = yield* readTogether(listed.map((reserve) => readReserve(reserve, { bits, account, source, shared })))
  return { pool, reserves, ...(totals && { totals }) }
}

function* readUser(pool: Address, account: Address) {
  const [{ data: bits }, category] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'getUserConfiguration', args: [account] },
    { address: pool, abi: poolAbi, functionName: 'getUserEMode', args: [account] },
  ])
  return { bits, category, totals: yield* readTotals(pool, bits, account) }
}

/** What every account finds at the pool. */
function* readPool({ pool, dataProvider }: Contracts) {
  const [assets, provider] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'getReservesList' },
    { address: pool, abi: poolAbi, functionName: 'ADDRESSES_PROVIDER' },
  ])
  const [[oracle], listed] = yield* readTogether([
    readAll([{ address: provider, abi: addressesProviderAbi, functionName: 'getPriceOracle' }]),
    readTogether(assets.map((asset) => readListed(asset, { pool, dataProvider }))),
  ])
  return { oracle, listed }
}

/**
 * Balances and settings that only an action of the account changes: no price, no interest. Debt tokens of reserves that the pool
 * does not count as borrowed are left out: it notes a reserve with the first debt there and strikes it out with the last
 * (`UserConfiguration.setBorrowing`), and debt tokens cannot be transferred, so a new debt changes `getUserConfiguration`.
 */
export function aaveV3Witness(pool: Address, reserves: readonly AaveV3Reserve[], account: Address): PlannedCall[] {
  return [
    { address: pool, abi: poolAbi, functionName: 'getUserConfiguration', args: [account] },
    { address: pool, abi: poolAbi, functionName: 'getUserEMode', args: [account] },
    ...reserves.flatMap((reserve): readonly PlannedCall[] => [
      suppliedCall(reserve, account),
      ...(reserve.isBorrowed ? debtCalls(reserve, account) : []),
    ]),
  ]
}

function* findContracts(configuration: AaveV3Configuration): ReadPlan<Contracts> {
  if ('pool' in configuration) return configuration
  const provider = { address: configuration.addressesProvider, abi: addressesProviderAbi } as const
  const [pool, dataProvider] = yield* readAll([
    { ...provider, functionName: 'getPool' },
    { ...provider, functionName: 'getPoolDataProvider' },
  ])
  return { pool, dataProvider }
}

/** A reserve as every account finds it, with its indices at the block, 1e27 for one. */
type Listed = Tokens & {
  readonly id: number
  readonly income: bigint
  readonly debtIndex: bigint
}

type Tokens = Pick<AaveV3Reserve, 'asset' | 'decimals' | 'aToken' | 'stableDebtToken' | 'variableDebtToken'>

function* readListed(asset: Address, { pool, dataProvider }: Contracts): ReadPlan<Listed> {
  const args = [asset] as const
  const [[aToken, stableDebtToken, variableDebtToken], { id }, income, debtIndex, decimals] = yield* readAll([
    { address: dataProvider, abi: dataProviderAbi, functionName: 'getReserveTokensAddresses', args },
    { address: pool, abi: poolAbi, functionName: 'getReserveData', args },
    { address: pool, abi: poolAbi, functionName: 'getReserveNormalizedIncome', args },
    { address: pool, abi: poolAbi, functionName: 'getReserveNormalizedVariableDebt', args },
    { address: asset, abi: erc20Abi, functionName: 'decimals' },
  ])
  return { asset, decimals, aToken, stableDebtToken, variableDebtToken, id, income, debtIndex }
}

/** What the pool counts of an account; one that owes nothing has no liquidation for it to decide. */
function* readTotals(pool: Address, bits: bigint, account: Address): ReadPlan<AaveV3Raw['totals']> {
  if ((bits & borrowedBits) === 0n) return undefined
  const [[collateral, debt, , liquidationThreshold, ltv, healthFactor]] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'getUserAccountData', args: [account] },
  ])
  return { collateral, debt, liquidationThreshold, ltv, healthFactor }
}

/** Two bits a reserve, by its id: whether it is borrowed, and whether it is used as collateral (`UserConfigurationMap`). */
const borrowedBits = BigInt(`0x${'5'.repeat(64)}`)

function* readReserve(
  { id, income, debtIndex, ...tokens }: Listed,
  {
    bits,
    account,
    source,
    shared,
  }: Pick<AdapterContext<unknown>, 'account' | 'shared'> & { readonly bits: bigint; readonly source: RiskSource },
): ReadPlan<AaveV3Reserve> {
  const [isBorrowed, isCollateral] = [hasBit(bits, 2 * id), hasBit(bits, 2 * id + 1)]
  const [[scaled], [scaledDebt = 0n, principal = 0n], risk] = yield* readTogether([
    readAll([suppliedCall(tokens, account)]),
    readEach(isBorrowed ? debtCalls(tokens, account) : []),
    isBorrowed || isCollateral
      ? readOnce(shared, `risk ${id} in ${source.eMode?.category}`, () => readRisk({ id, asset: tokens.asset }, source))
      : readNothing(),
  ])
  const [stableDebt = 0n] = yield* readEach(
    principal === 0n
      ? []
      : [{ address: tokens.stableDebtToken, abi: erc20Abi, functionName: 'balanceOf', args: [account] } as const],
  )
  const isDirected = source.version >= since.directedRounding
  const supplied = rayMul(scaled, income, isDirected ? 'down' : 'half')
  const variableDebt = rayMul(scaledDebt, debtIndex, isDirected ? 'up' : 'half')
  const counts = stableDebt + variableDebt > 0n || (isCollateral && supplied > 0n)
  return {
    ...tokens,
    ...{ supplied, stableDebt, variableDebt, isCollateral, isBorrowed },
    ...(counts && risk && { risk }),
  }
}

// biome-ignore lint/correctness/useYield: a plan that asks nothing.
function* readNothing(): ReadPlan<undefined> {
  return undefined
}

function suppliedCall({ aToken }: Tokens, account: Address) {
  return { address: aToken, abi: scaledTokenAbi, functionName: 'scaledBalanceOf', args: [account] } as const
}

function debtCalls({ variableDebtToken, stableDebtToken }: Tokens, account: Address) {
  const args = [account] as const
  return [
    { address: variableDebtToken, abi: scaledTokenAbi, functionName: 'scaledBalanceOf', args },
    ...(stableDebtToken === zeroAddress
      ? []
      : [{ address: stableDebtToken, abi: stableDebtTokenAbi, functionName: 'principalBalanceOf', args } as const]),
  ] as const
}
