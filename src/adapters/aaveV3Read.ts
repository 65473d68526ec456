import { type Address, erc20Abi, parseAbi, zeroAddress } from 'viem'
import { z } from 'zod'
import { type PlannedCall, type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address, fraction } from '../core/schema.ts'
import { wad } from '../core/units.ts'
import { rayMul } from '../kernel/aaveRounding.ts'
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
  'function getEModeCategoryCollateralConfig(uint8 id) view returns ((uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus))',
  'function getEModeCategoryCollateralBitmap(uint8 id) view returns (uint128)',
  'function getEModeCategoryData(uint8 id) view returns ((uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus, address priceSource, string label))',
])
const dataProviderAbi = parseAbi([
  'function getReserveTokensAddresses(address asset) view returns (address aToken, address stableDebtToken, address variableDebtToken)',
  'function getReserveConfigurationData(address asset) view returns (uint256 decimals, uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus, uint256 reserveFactor, bool usageAsCollateralEnabled, bool borrowingEnabled, bool stableBorrowRateEnabled, bool isActive, bool isFrozen)',
  'function getReserveEModeCategory(address asset) view returns (uint256)',
])
const oracleAbi = parseAbi(['function getAssetPrice(address asset) view returns (uint256)'])
const scaledTokenAbi = parseAbi(['function scaledBalanceOf(address user) view returns (uint256)'])
const stableDebtTokenAbi = parseAbi(['function principalBalanceOf(address user) view returns (uint256)'])

/** Versions of the pool, in ascending order of their text. */
const versions = ['3.0', '3.1', '3.2', '3.3', '3.4', '3.5', '3.6', '3.7'] as const

/** What changed in how a pool counts an account, and since which version (`GenericLogic`, the features of each release). */
export const since = {
  /** An e-mode category lists its reserves in a bitmap, and has no price source; before, each reserve names one category. */
  categoryBitmap: '3.2',
  /** The health factor takes the thresholds without averaging them first, and debt is rounded up. */
  exactAveraging: '3.5',
  /** A supply is rounded down and a debt up; before, both half up (`TokenMath`, `WadRayMath.rayMul`). */
  directedRounding: '3.5',
  /** A reserve counts as collateral whether or not it has a threshold outside of e-mode. */
  categoryThreshold: '3.6',
} as const satisfies Record<string, (typeof versions)[number]>

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
type Version = AaveV3Configuration['version']

/** How the pool counts a reserve for this account; threshold and bonus in basis points, the price in 1e-8 USD. */
export type AaveV3Risk = {
  readonly price: bigint
  readonly liquidationThreshold: number
  /** Beyond 100 %. */
  readonly bonus: number
  /** Whether the pool counts the reserve when it is used as collateral. */
  readonly counts: boolean
}

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

/** The category that an account chose: a reserve belongs to it by its own word or by a bit of the category. */
type EMode = {
  readonly liquidationThreshold: number
  readonly liquidationBonus: number
  readonly members:
    | { readonly by: 'category'; readonly category: bigint; readonly priceSource: Address }
    | { readonly by: 'bitmap'; readonly bitmap: bigint }
}

/**
 * Reads all reserves of an account. Balances follow from the scaled ones, which the witness asks, and from the indices of the
 * reserves at the block, which all accounts share; stable debts, each with a rate of its own, are asked of their token.
 */
export function* readAaveV3({
  configuration,
  account,
}: Pick<AdapterContext<AaveV3Configuration>, 'configuration' | 'account'>): ReadPlan<AaveV3Raw> {
  const { version } = configuration
  const { pool, dataProvider } = yield* findContracts(configuration)
  const [assets, { data: bits }, category, provider] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'getReservesList' },
    { address: pool, abi: poolAbi, functionName: 'getUserConfiguration', args: [account] },
    { address: pool, abi: poolAbi, functionName: 'getUserEMode', args: [account] },
    { address: pool, abi: poolAbi, functionName: 'ADDRESSES_PROVIDER' },
  ])
  const [[oracle], eMode, totals, listed] = yield* readTogether([
    readAll([{ address: provider, abi: addressesProviderAbi, functionName: 'getPriceOracle' }]),
    readEMode(pool, category, version),
    readTotals(pool, bits, account),
    readTogether(assets.map((asset) => readListed(asset, { pool, dataProvider }))),
  ])
  const source = { dataProvider, oracle, eMode, version }
  const reserves = yield* readTogether(listed.map((reserve) => readReserve(reserve, { bits, account, source })))
  return { pool, reserves, ...(totals && { totals }) }
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
  { bits, account, source }: { readonly bits: bigint; readonly account: Address; readonly source: RiskSource },
): ReadPlan<AaveV3Reserve> {
  const [isBorrowed, isCollateral] = [hasBit(bits, 2 * id), hasBit(bits, 2 * id + 1)]
  const [[scaled], [scaledDebt = 0n, principal = 0n], risk] = yield* readTogether([
    readAll([suppliedCall(tokens, account)]),
    readEach(isBorrowed ? debtCalls(tokens, account) : []),
    isBorrowed || isCollateral ? readRisk({ id, asset: tokens.asset }, source) : readNothing(),
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

function hasBit(bits: bigint, place: number): boolean {
  return ((bits >> BigInt(place)) & 1n) === 1n
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

function* readEMode(pool: Address, category: bigint, version: Version): ReadPlan<EMode | undefined> {
  if (category === 0n) return undefined
  const args = [Number(category)] as const
  if (version < since.categoryBitmap) {
    const [{ priceSource, ...data }] = yield* readAll([
      { address: pool, abi: poolAbi, functionName: 'getEModeCategoryData', args },
    ])
    return { ...data, members: { by: 'category', category, priceSource } }
  }
  const [data, bitmap] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'getEModeCategoryCollateralConfig', args },
    { address: pool, abi: poolAbi, functionName: 'getEModeCategoryCollateralBitmap', args },
  ])
  return { ...data, members: { by: 'bitmap', bitmap } }
}

type RiskSource = {
  readonly dataProvider: Address
  readonly oracle: Address
  readonly eMode: EMode | undefined
  readonly version: Version
}

/** Threshold, bonus and price of a reserve (`GenericLogic`, `LiquidationLogic._getConfigurationData`). */
function* readRisk(reserve: Pick<Listed, 'id' | 'asset'>, source: RiskSource): ReadPlan<AaveV3Risk> {
  const { asset } = reserve
  const { dataProvider, oracle, eMode, version } = source
  const [[[, , threshold, bonus], ownPrice], inEMode] = yield* readTogether([
    readAll([
      { address: dataProvider, abi: dataProviderAbi, functionName: 'getReserveConfigurationData', args: [asset] },
      priceOf(oracle, asset),
    ]),
    readMembership(reserve, source),
  ])
  const { liquidationThreshold, liquidationBonus } =
    eMode !== undefined && inEMode.isMember
      ? eMode
      : { liquidationThreshold: Number(threshold), liquidationBonus: Number(bonus) }
  return {
    price: inEMode.price ?? ownPrice,
    liquidationThreshold,
    bonus: Math.max(0, liquidationBonus - 10_000),
    counts: threshold > 0n || version >= since.categoryThreshold,
  }
}

/** Whether a reserve belongs to the category of the account, and the price that the category gives it, if any. */
function* readMembership(
  { id, asset }: Pick<Listed, 'id' | 'asset'>,
  { dataProvider, oracle, eMode }: RiskSource,
): ReadPlan<{ readonly isMember: boolean; readonly price?: bigint }> {
  if (eMode === undefined) return { isMember: false }
  const { members } = eMode
  if (members.by === 'bitmap') return { isMember: hasBit(members.bitmap, id) }
  const [[category], [price]] = yield* readTogether([
    readAll([{ address: dataProvider, abi: dataProviderAbi, functionName: 'getReserveEModeCategory', args: [asset] }]),
    readEach(members.priceSource === zeroAddress ? [] : [priceOf(oracle, members.priceSource)]),
  ])
  const isMember = category === members.category
  // A category whose source has no price leaves each of its reserves its own.
  return { isMember, ...(isMember && price && { price }) }
}

function priceOf(oracle: Address, token: Address) {
  return { address: oracle, abi: oracleAbi, functionName: 'getAssetPrice', args: [token] } as const
}
