import { basisPoints, divide, healthFactor, percentMul, rayMul } from '../../../kernel/aaveRounding.ts'
import { max } from '../../../kernel/fixedPoint.ts'
import type { AaveV3Account, AaveV3AccountData, AaveV3Position } from './aaveV3Account.ts'
import { type AaveV3Liquidation, liquidateAaveV3 } from './aaveV3Liquidation.ts'
import { toDetails, toReal, type VenueAssessment } from './assessment.ts'

/**
 * `GenericLogic.calculateUserAccountData` with `calculateAvailableBorrows`.
 * Up to 3.4 values are rounded down and the average threshold is truncated; from 3.5 on debt is rounded up and the health
 * factor uses Σ value · threshold itself. Available borrows round the allowance half up before 3.5, down from then on.
 */
export function aaveV3AccountData(account: AaveV3Account): AaveV3AccountData {
  const isRoundedForPool = account.version === '3.5' || account.version === '3.7'
  const positions = account.reserves.map((entry) => positionIn(entry, account, isRoundedForPool))
  let totalCollateral = 0n
  let totalDebt = 0n
  let weightedLtv = 0n
  let weightedThreshold = 0n
  let hasZeroLtvCollateral = false
  for (const { reserve: held, suppliedInBase, debtInBase } of positions) {
    totalDebt += debtInBase
    if (held.liquidationThreshold === 0 || held.isCollateral === false) continue
    const category = held.inEMode === true ? account.eMode : undefined
    totalCollateral += suppliedInBase
    weightedThreshold += suppliedInBase * BigInt((category ?? held).liquidationThreshold)
    if (held.ltv === 0) hasZeroLtvCollateral ||= suppliedInBase > 0n
    else weightedLtv += suppliedInBase * BigInt((category ?? held).ltv)
  }
  const average = (weighted: bigint) => (totalCollateral === 0n ? 0n : weighted / totalCollateral)
  const ltv = average(weightedLtv)
  return {
    totalCollateral,
    totalDebt,
    availableBorrows: max(0n, percentMul(totalCollateral, ltv, isRoundedForPool ? 'down' : 'half') - totalDebt),
    liquidationThreshold: average(weightedThreshold),
    ltv,
    healthFactor: healthFactor(isRoundedForPool ? 'exact' : 'truncated', {
      collateral: totalCollateral,
      weighted: weightedThreshold,
      debt: totalDebt,
    }),
    hasZeroLtvCollateral,
    positions,
    weightedThreshold,
  }
}

/** The account by its pool's rule; requirements are collateral less what it lets the account owe, none without debt. */
export function assessAaveV3(account: AaveV3Account): VenueAssessment {
  const data = aaveV3AccountData(account)
  const { totalCollateral, totalDebt, healthFactor: health, positions, weightedThreshold, ...rest } = data
  const unit = account.baseUnit ?? 10n ** 8n
  const demanded = (share: bigint) =>
    totalDebt === 0n ? 0 : toReal(totalCollateral * (basisPoints - share), unit * basisPoints)
  const isLiquidatable = health !== null && health < 10n ** 18n
  const liquidation: AaveV3Liquidation | undefined =
    account.liquidation && liquidateAaveV3(account.version, { data, eMode: account.eMode, call: account.liquidation })
  return {
    equity: toReal(totalCollateral - totalDebt, unit),
    initial: demanded(rest.ltv),
    maintenance: demanded(rest.liquidationThreshold),
    isLiquidatable,
    details: toDetails({
      version: account.version,
      totalCollateralBase: totalCollateral,
      totalDebtBase: totalDebt,
      availableBorrowsBase: rest.availableBorrows,
      currentLiquidationThreshold: rest.liquidationThreshold,
      ltv: rest.ltv,
      healthFactor: health,
      hasZeroLtvCollateral: rest.hasZeroLtvCollateral,
      reserves: positions.map(({ reserve: { asset }, supplied, debt, suppliedInBase, debtInBase }) => ({
        ...{ asset, supplied, debt, suppliedInBase, debtInBase },
      })),
      ...(liquidation && { liquidation }),
    }),
  }
}

function positionIn(
  entry: AaveV3Account['reserves'][number],
  { eMode }: AaveV3Account,
  isRoundedForPool: boolean,
): AaveV3Position {
  const unit = 10n ** BigInt(entry.decimals)
  const price = (entry.inEMode === true ? eMode?.price : undefined) ?? entry.price
  const supplied =
    (entry.supplied ?? 0n) +
    rayMul(entry.scaledSupplied ?? 0n, entry.liquidityIndex ?? 0n, isRoundedForPool ? 'down' : 'half')
  const debt =
    (entry.debt ?? 0n) + rayMul(entry.scaledDebt ?? 0n, entry.borrowIndex ?? 0n, isRoundedForPool ? 'up' : 'half')
  return {
    ...{ reserve: entry, price, unit, supplied, debt },
    suppliedInBase: (supplied * price) / unit,
    debtInBase: divide(debt * price, unit, isRoundedForPool ? 'up' : 'down'),
  }
}
