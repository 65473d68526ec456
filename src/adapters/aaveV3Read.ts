import { type Address, erc20Abi, parseAbi, zeroAddress } from 'viem'
import { z } from 'zod'
import { type PlannedCall, type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address, fraction } from '../core/schema.ts'
import { wad } from '../core/units.ts'
import type { AdapterContext } from './adapter.ts'
import { UnsupportedPositionError } from './errors.ts'

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

const options = {
  /**
   * How the pool computes a health factor: up to 3.6 it truncates the average threshold to basis points, from 3.7 on it does
   * not. E-mode is read as 3.0 and 3.1 keep it; an account in e-mode at a later pool is refused.
   */
  version: z.enum(['3.0', '3.7']).default('3.0'),
  /** Share of the debt that one liquidation repays, WAD; the pool itself may take all of it. */
  closeFactor: fraction.default(wad),
}

export const aaveV3Configuration = z.union([
  z.strictObject({ pool: address, dataProvider: address, ...options }),
  z.strictObject({ addressesProvider: address, ...options }),
])

export type AaveV3Configuration = z.output<typeof aaveV3Configuration>

/** How the pool counts a reserve for this account; threshold and bonus in basis points, the price in 1e-8 USD. */
export type AaveV3Risk = {
  readonly price: bigint
  readonly liquidationThreshold: number
  /** Beyond 100 %. */
  readonly bonus: number
  /** Whether the reserve has a threshold of its own, apart from any e-mode. */
  readonly hasThreshold: boolean
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
  /** Of all collateral and debt, in the pool's base unit of 1e-8 USD; the ratios in basis points. */
  readonly totals: {
    readonly collateral: bigint
    readonly debt: bigint
    readonly liquidationThreshold: bigint
    readonly ltv: bigint
  }
}

type Contracts = { readonly pool: Address; readonly dataProvider: Address }

/** The category that an account chose; `priceSource` may replace the price of its assets. */
type EMode = {
  readonly category: bigint
  readonly liquidationThreshold: number
  readonly liquidationBonus: number
  readonly priceSource: Address
}

/**
 * Reads all reserves of an account. The last round also asks what the witness will ask.
 *
 * @throws {UnsupportedPositionError} for an account in e-mode at a pool whose e-mode this does not read.
 */
export function* readAaveV3({
  configuration,
  account,
  venue,
}: Pick<AdapterContext<AaveV3Configuration>, 'configuration' | 'account' | 'venue'>): ReadPlan<AaveV3Raw> {
  const { pool, dataProvider } = yield* findContracts(configuration)
  const [assets, [collateral, debt, , liquidationThreshold, ltv], category, provider] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'getReservesList' },
    { address: pool, abi: poolAbi, functionName: 'getUserAccountData', args: [account] },
    { address: pool, abi: poolAbi, functionName: 'getUserEMode', args: [account] },
    { address: pool, abi: poolAbi, functionName: 'ADDRESSES_PROVIDER' },
  ])
  if (category !== 0n && configuration.version !== '3.0') {
    throw new UnsupportedPositionError({
      venue,
      position: `e-mode (category ${category})`,
      remedy: 'Leave e-mode; the categories of this version of the pool are not read.',
    })
  }
  const [[oracle], eMode, reserves] = yield* readTogether([
    readAll([{ address: provider, abi: addressesProviderAbi, functionName: 'getPriceOracle' }]),
    readEMode(pool, category),
    readTogether(assets.map((asset) => readReserve(dataProvider, asset, account))),
  ])
  const [risks] = yield* readTogether([
    readTogether(reserves.map((reserve) => readRisk(reserve, { dataProvider, oracle, eMode }))),
    readEach(aaveV3Witness(pool, reserves, account)),
  ])
  return {
    pool,
    reserves: reserves.map((reserve, index) => {
      const risk = risks[index]
      return risk === undefined ? reserve : { ...reserve, risk }
    }),
    totals: { collateral, debt, liquidationThreshold, ltv },
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

function* readEMode(pool: Address, category: bigint): ReadPlan<EMode | undefined> {
  if (category === 0n) return undefined
  const [data] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'getEModeCategoryData', args: [Number(category)] },
  ])
  return { category, ...data }
}

/** Threshold, bonus and price of a reserve that counts (`GenericLogic`, `LiquidationLogic._getConfigurationData`). */
function* readRisk(
  { asset, supplied, stableDebt, variableDebt, isCollateral }: AaveV3Reserve,
  { dataProvider, oracle, eMode }: { dataProvider: Address; oracle: Address; eMode: EMode | undefined },
): ReadPlan<AaveV3Risk | undefined> {
  if (stableDebt + variableDebt === 0n && !(isCollateral && supplied > 0n)) return undefined
  const provider = { address: dataProvider, abi: dataProviderAbi } as const
  const priceOf = (token: Address) =>
    ({ address: oracle, abi: oracleAbi, functionName: 'getAssetPrice', args: [token] }) as const
  const [[[, , threshold, bonus], ownPrice], [category], [categoryPrice]] = yield* readTogether([
    readAll([{ ...provider, functionName: 'getReserveConfigurationData', args: [asset] }, priceOf(asset)]),
    readEach(
      eMode === undefined ? [] : [{ ...provider, functionName: 'getReserveEModeCategory', args: [asset] } as const],
    ),
    readEach(eMode === undefined || eMode.priceSource === zeroAddress ? [] : [priceOf(eMode.priceSource)]),
  ])
  const isInEMode = eMode !== undefined && category === eMode.category
  return {
    price: isInEMode && categoryPrice ? categoryPrice : ownPrice,
    liquidationThreshold: isInEMode ? eMode.liquidationThreshold : Number(threshold),
    bonus: Math.max(0, (isInEMode ? eMode.liquidationBonus : Number(bonus)) - 10_000),
    hasThreshold: threshold > 0n,
  }
}
