import { type Address, erc20Abi, parseAbi, zeroAddress } from 'viem'
import { z } from 'zod'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { VenueRequirement } from '../core/portfolio.ts'
import type { Position, VenueAccount } from '../core/position.ts'
import { type PlannedCall, type ReadPlan, readAll, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import type { Adapter, AdapterContext } from './adapter.ts'
import { requireDecimals } from './decimals.ts'

const addressesProviderAbi = parseAbi([
  'function getPool() view returns (address)',
  'function getPoolDataProvider() view returns (address)',
])
const poolAbi = parseAbi([
  'function getReservesList() view returns (address[])',
  'function getUserAccountData(address user) view returns (uint256 totalCollateralBase, uint256 totalDebtBase, uint256 availableBorrowsBase, uint256 currentLiquidationThreshold, uint256 ltv, uint256 healthFactor)',
  'function getUserConfiguration(address user) view returns ((uint256 data))',
  'function getUserEMode(address user) view returns (uint256)',
])
const dataProviderAbi = parseAbi([
  'function getReserveTokensAddresses(address asset) view returns (address aToken, address stableDebtToken, address variableDebtToken)',
  'function getUserReserveData(address asset, address user) view returns (uint256 aTokenBalance, uint256 stableDebt, uint256 variableDebt, uint256 principalStableDebt, uint256 scaledVariableDebt, uint256 stableBorrowRate, uint256 liquidityRate, uint40 stableRateLastUpdated, bool usageAsCollateralEnabled)',
])
const scaledTokenAbi = parseAbi(['function scaledBalanceOf(address user) view returns (uint256)'])
const stableDebtTokenAbi = parseAbi(['function principalBalanceOf(address user) view returns (uint256)'])

const configuration = z.union([
  z.strictObject({ pool: address, dataProvider: address }),
  z.strictObject({ addressesProvider: address }),
])

type AaveV3Configuration = z.output<typeof configuration>
type Contracts = { readonly pool: Address; readonly dataProvider: Address }

type Reserve = {
  readonly asset: Address
  readonly decimals: number
  readonly aToken: Address
  readonly stableDebtToken: Address
  readonly variableDebtToken: Address
  /** Smallest units, accrued to the block. */
  readonly supplied: bigint
  readonly stableDebt: bigint
  readonly variableDebt: bigint
}

export type AaveV3Raw = {
  readonly pool: Address
  readonly reserves: readonly Reserve[]
  /** Of all collateral and debt, in the pool's base unit of 1e-8 USD; the ratios in basis points. */
  readonly totals: {
    readonly collateral: bigint
    readonly debt: bigint
    readonly liquidationThreshold: bigint
    readonly ltv: bigint
  }
}

/**
 * Aave v3 and its forks whose base currency is the US dollar with 8 decimals. Every supply is a balance, whether or not it is
 * used as collateral; every debt is reported, whatever the asset. With debt `D > 0` the pool demands of collateral `C`
 * `C · (1 − LTV)` to borrow and `C · (1 − LT)` to stay open, at its own prices and averaged ratios.
 */
export const aaveV3: Adapter<AaveV3Configuration, AaveV3Raw> = {
  id: 'aave-v3',
  configuration,

  *read({ configuration, account }) {
    const { pool, dataProvider } = yield* findContracts(configuration)
    const [assets, [collateral, debt, , liquidationThreshold, ltv]] = yield* readAll([
      { address: pool, abi: poolAbi, functionName: 'getReservesList' },
      { address: pool, abi: poolAbi, functionName: 'getUserAccountData', args: [account] },
    ])
    const reserves = yield* readTogether(assets.map((asset) => readReserve(dataProvider, asset, account)))
    return { pool, reserves, totals: { collateral, debt, liquidationThreshold, ltv } }
  },

  toPositions({ pool, reserves, totals }, context) {
    const { account, block, venue } = context
    const venueAccount = { chainId: block.chainId, venue, instance: pool, holder: account, subAccount: '' }
    const positions = reserves.flatMap((reserve) => reservePositions(reserve, venueAccount, context))
    const owes = positions.some(({ kind }) => kind === 'debt')
    if (totals.debt > 0n && !owes) {
      throw new InconsistentReadError(`${venue}: the pool counts a debt of ${totals.debt}, no reserve shows one.`, {
        metaMessages: ['The data provider may belong to another pool than the configured one.'],
      })
    }
    return { positions, requirements: owes ? [requirementOf(totals, venueAccount)] : [], rules: [] }
  },

  witness({ pool, reserves }, { account }) {
    return [
      { address: pool, abi: poolAbi, functionName: 'getUserConfiguration', args: [account] },
      { address: pool, abi: poolAbi, functionName: 'getUserEMode', args: [account] },
      ...reserves.flatMap((reserve): PlannedCall[] => [
        { address: reserve.aToken, abi: scaledTokenAbi, functionName: 'scaledBalanceOf', args: [account] },
        { address: reserve.variableDebtToken, abi: scaledTokenAbi, functionName: 'scaledBalanceOf', args: [account] },
        ...(reserve.stableDebtToken === zeroAddress
          ? []
          : [
              {
                address: reserve.stableDebtToken,
                abi: stableDebtTokenAbi,
                functionName: 'principalBalanceOf',
                args: [account],
              },
            ]),
      ]),
    ]
  },
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

function* readReserve(dataProvider: Address, asset: Address, account: Address): ReadPlan<Reserve> {
  const provider = { address: dataProvider, abi: dataProviderAbi } as const
  const [[aToken, stableDebtToken, variableDebtToken], [supplied, stableDebt, variableDebt], decimals] = yield* readAll(
    [
      { ...provider, functionName: 'getReserveTokensAddresses', args: [asset] },
      { ...provider, functionName: 'getUserReserveData', args: [asset, account] },
      { address: asset, abi: erc20Abi, functionName: 'decimals' },
    ],
  )
  return { asset, decimals, aToken, stableDebtToken, variableDebtToken, supplied, stableDebt, variableDebt }
}

function reservePositions(
  { asset, decimals, aToken, stableDebtToken, variableDebtToken, ...amounts }: Reserve,
  venueAccount: VenueAccount,
  context: AdapterContext<AaveV3Configuration>,
): Position[] {
  const { chainId, holder } = venueAccount
  const key = toAssetKey(chainId, asset)
  requireDecimals(context, key, decimals)
  const legs = [
    { kind: 'balance', contract: aToken, amount: amounts.supplied },
    { kind: 'debt', contract: stableDebtToken, amount: amounts.stableDebt },
    { kind: 'debt', contract: variableDebtToken, amount: amounts.variableDebt },
  ] as const
  return legs
    .filter(({ amount }) => amount > 0n)
    .map(({ kind, contract, amount }) => ({
      kind,
      claim: { chainId, contract, holder, id: '' },
      venueAccount,
      control: 'venue',
      asset: key,
      amount,
    }))
}

function requirementOf(
  { collateral, liquidationThreshold, ltv }: AaveV3Raw['totals'],
  venueAccount: VenueAccount,
): VenueRequirement {
  // 1e-8 USD to WAD is 1e10 and a basis point 1e-4, so nothing is rounded.
  const wadPerBasisPoint = 10n ** 6n
  return {
    venueAccount,
    initial: collateral * (10_000n - ltv) * wadPerBasisPoint,
    maintenance: collateral * (10_000n - liquidationThreshold) * wadPerBasisPoint,
  }
}
