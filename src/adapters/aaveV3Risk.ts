import { type Address, parseAbi, zeroAddress } from 'viem'
import { type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'

const poolAbi = parseAbi([
  'function getEModeCategoryCollateralConfig(uint8 id) view returns ((uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus))',
  'function getEModeCategoryCollateralBitmap(uint8 id) view returns (uint128)',
  'function getEModeCategoryData(uint8 id) view returns ((uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus, address priceSource, string label))',
])
const dataProviderAbi = parseAbi([
  'function getReserveConfigurationData(address asset) view returns (uint256 decimals, uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus, uint256 reserveFactor, bool usageAsCollateralEnabled, bool borrowingEnabled, bool stableBorrowRateEnabled, bool isActive, bool isFrozen)',
  'function getReserveEModeCategory(address asset) view returns (uint256)',
])
const oracleAbi = parseAbi(['function getAssetPrice(address asset) view returns (uint256)'])

/** Versions of the pool, in ascending order of their text. */
export const versions = ['3.0', '3.1', '3.2', '3.3', '3.4', '3.5', '3.6', '3.7'] as const

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

export type Version = (typeof versions)[number]

/** How the pool counts a reserve for this account; threshold and bonus in basis points, the price in 1e-8 USD. */
export type AaveV3Risk = {
  readonly price: bigint
  readonly liquidationThreshold: number
  /** Beyond 100 %. */
  readonly bonus: number
  /** Whether the pool counts the reserve when it is used as collateral. */
  readonly counts: boolean
}

/** The category that an account chose: a reserve belongs to it by its own word or by a bit of the category. */
type EMode = {
  readonly category: bigint
  readonly liquidationThreshold: number
  readonly liquidationBonus: number
  readonly members:
    | { readonly by: 'category'; readonly category: bigint; readonly priceSource: Address }
    | { readonly by: 'bitmap'; readonly bitmap: bigint }
}

/** Whether a bit of a map of the pool is set. */
export function hasBit(bits: bigint, place: number): boolean {
  return ((bits >> BigInt(place)) & 1n) === 1n
}

export function* readEMode(pool: Address, category: bigint, version: Version): ReadPlan<EMode | undefined> {
  if (category === 0n) return undefined
  const args = [Number(category)] as const
  if (version < since.categoryBitmap) {
    const [{ priceSource, ...data }] = yield* readAll([
      { address: pool, abi: poolAbi, functionName: 'getEModeCategoryData', args },
    ])
    return { ...data, category, members: { by: 'category', category, priceSource } }
  }
  const [data, bitmap] = yield* readAll([
    { address: pool, abi: poolAbi, functionName: 'getEModeCategoryCollateralConfig', args },
    { address: pool, abi: poolAbi, functionName: 'getEModeCategoryCollateralBitmap', args },
  ])
  return { ...data, category, members: { by: 'bitmap', bitmap } }
}

/** A reserve with the place of its bits. */
export type ReserveKey = { readonly id: number; readonly asset: Address }

export type RiskSource = {
  readonly dataProvider: Address
  readonly oracle: Address
  readonly eMode: EMode | undefined
  readonly version: Version
}

/** Threshold, bonus and price of a reserve (`GenericLogic`, `LiquidationLogic._getConfigurationData`). */
export function* readRisk(reserve: ReserveKey, source: RiskSource): ReadPlan<AaveV3Risk> {
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
  { id, asset }: ReserveKey,
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
