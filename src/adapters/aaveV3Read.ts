import { type Address, erc20Abi, parseAbi, zeroAddress } from 'viem'
import { z } from 'zod'
import { type PlannedCall, type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address, fraction } from '../core/schema.ts'
import { wad } from '../core/units.ts'
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
  'function getReserveData(address asset) view returns ((uint256 configuration, uint128 liquidityIndex, uint128 currentLiquidityRate, uint128 variableBorrowIndex, uint128 currentVariableBorrowRate, uint128 currentStableBorrowRate, uint40 lastUpdateTimestamp, uint16 id, address aTokenAddress, address stableDebtTokenAddress, address variableDebtTokenAddress, address interestRateStrategyAddress, uint128 accruedToTreasury, uint128 unbacked, uint128 isolationModeTotalDebt))',
  'function getEModeCategoryCollateralConfig(uint8 id) view returns ((uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus))',
  'function getEModeCategoryCollateralBitmap(uint8 id) view returns (uint128)',
  'function getEModeCategoryData(uint8 id) view returns ((uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus, address priceSource, string label))',
])
const dataProviderAbi = parseAbi([
  'function getReserveTokensAddresses(address asset) view returns (address aToken, address stableDebtToken, address variableDebtToken)',
  'function getUserReserveData(address asset, address user) view returns (uint256 aTokenBalance, uint256 stableDebt, uint256 variableDebt, uint256 principalStableDebt, uint256 scaledVariableDebt, uint256 stableBorrowRate, uint256 liquidityRate, uint40 stableRateLastUpdated, bool usageAsCollateralEnabled)',
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
  /** Of reserves that are owed or used as collateral. */
  readonly risk?: AaveV3Risk
}

export type AaveV3Raw = {
  readonly pool: Address
  readonly reserves: readonly AaveV3Reserve[]
  /** Of all collateral and debt, in the pool's base unit of 1e-8 USD; the ratios in basis points, the health factor in WAD. */
  readonly totals: {
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

/** Reads all reserves of an account. The last round also asks what the witness will ask. */
export function* readAaveV3({
  configuration,
  account,
}: Pick<AdapterContext<AaveV3Configuration>, 'configuration' | 'account'>): ReadPlan<AaveV3Raw> {
  const { version } = configuration
  const { pool, dataProvider } = yield* findContracts(configuration)
  const [assets, [collateral, debt, , liquidationThreshold, ltv, healthFactor], category, provider] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'getReservesList' },
    { address: pool, abi: poolAbi, functionName: 'getUserAccountData', args: [account] },
    { address: pool, abi: poolAbi, functionName: 'getUserEMode', args: [account] },
    { address: pool, abi: poolAbi, functionName: 'ADDRESSES_PROVIDER' },
  ])
  const [[oracle], eMode, reserves] = yield* readTogether([
    readAll([{ address: provider, abi: addressesProviderAbi, functionName: 'getPriceOracle' }]),
    readEMode(pool, category, version),
    readTogether(assets.map((asset) => readReserve(dataProvider, asset, account))),
  ])
  const [risks] = yield* readTogether([
    readTogether(reserves.map((reserve) => readRisk(reserve, { pool, dataProvider, oracle, eMode, version }))),
    readEach(aaveV3Witness(pool, reserves, account)),
  ])
  return {
    pool,
    reserves: reserves.map((reserve, index) => {
      const risk = risks[index]
      return risk === undefined ? reserve : { ...reserve, risk }
    }),
    totals: { collateral, debt, liquidationThreshold, ltv, healthFactor },
  }
}

/** Balances and settings that only an action of the account changes: no price, no interest. */
export function aaveV3Witness(pool: Address, reserves: readonly AaveV3Reserve[], account: Address): PlannedCall[] {
  return [
    { address: pool, abi: poolAbi, functionName: 'getUserConfiguration', args: [account] },
    { address: pool, abi: poolAbi, functionName: 'getUserEMode', args: [account] },
    ...reserves.flatMap(({ aToken, variableDebtToken, stableDebtToken }): PlannedCall[] => [
      { address: aToken, abi: scaledTokenAbi, functionName: 'scaledBalanceOf', args: [account] },
      { address: variableDebtToken, abi: scaledTokenAbi, functionName: 'scaledBalanceOf', args: [account] },
      ...(stableDebtToken === zeroAddress
        ? []
        : [{ address: stableDebtToken, abi: stableDebtTokenAbi, functionName: 'principalBalanceOf', args: [account] }]),
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

function* readReserve(dataProvider: Address, asset: Address, account: Address): ReadPlan<AaveV3Reserve> {
  const provider = { address: dataProvider, abi: dataProviderAbi } as const
  const [[aToken, stableDebtToken, variableDebtToken], userData, decimals] = yield* readAll([
    { ...provider, functionName: 'getReserveTokensAddresses', args: [asset] },
    { ...provider, functionName: 'getUserReserveData', args: [asset, account] },
    { address: asset, abi: erc20Abi, functionName: 'decimals' },
  ])
  const [supplied, stableDebt, variableDebt, , , , , , isCollateral] = userData
  const tokens = { aToken, stableDebtToken, variableDebtToken }
  return { asset, decimals, ...tokens, supplied, stableDebt, variableDebt, isCollateral }
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
  readonly pool: Address
  readonly dataProvider: Address
  readonly oracle: Address
  readonly eMode: EMode | undefined
  readonly version: Version
}

/** Threshold, bonus and price of a reserve that counts (`GenericLogic`, `LiquidationLogic._getConfigurationData`). */
function* readRisk(
  { asset, supplied, stableDebt, variableDebt, isCollateral }: AaveV3Reserve,
  source: RiskSource,
): ReadPlan<AaveV3Risk | undefined> {
  if (stableDebt + variableDebt === 0n && !(isCollateral && supplied > 0n)) return undefined
  const { dataProvider, oracle, eMode, version } = source
  const [[[, , threshold, bonus], ownPrice], inEMode] = yield* readTogether([
    readAll([
      { address: dataProvider, abi: dataProviderAbi, functionName: 'getReserveConfigurationData', args: [asset] },
      priceOf(oracle, asset),
    ]),
    readMembership(asset, source),
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
  asset: Address,
  { pool, dataProvider, oracle, eMode }: RiskSource,
): ReadPlan<{ readonly isMember: boolean; readonly price?: bigint }> {
  if (eMode === undefined) return { isMember: false }
  const { members } = eMode
  if (members.by === 'bitmap') {
    const [{ id }] = yield* readAll([{ address: pool, abi: poolAbi, functionName: 'getReserveData', args: [asset] }])
    return { isMember: ((members.bitmap >> BigInt(id)) & 1n) === 1n }
  }
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
