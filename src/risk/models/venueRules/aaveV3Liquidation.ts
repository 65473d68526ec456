import { InvalidInputError } from '../../../core/errors.ts'
import { percentDiv, percentMul, type Rounding } from '../../../kernel/aaveRounding.ts'
import { min } from '../../../kernel/fixedPoint.ts'
import type { AaveV3Account, AaveV3AccountData, AaveV3Position, AaveV3Version } from './aaveV3Account.ts'

const closeFactorHealth = 95n * 10n ** 16n
/** Reserves below this many base units are closed in whole (`MIN_BASE_MAX_CLOSE_FACTOR_THRESHOLD`). */
const smallReserve = 2_000n * 10n ** 8n
/** The least that a liquidation may leave of both sides (`MIN_LEFTOVER_BASE`). */
const leastLeftover = smallReserve / 2n
const halfOfDebt = 5_000n

/** What one `liquidationCall` does, smallest units of collateral and debt. */
export type AaveV3Liquidation = {
  /** The most of this debt that one call may repay. */
  readonly maximumDebt: bigint
  readonly debtRepaid: bigint
  /** Collateral that goes to the liquidator. */
  readonly collateralSeized: bigint
  readonly protocolFee: bigint
  /** Why the pool would refuse the call; null when it would not. */
  readonly refusedAs: string | null
}

/**
 * `LiquidationLogic.executeLiquidationCall`: close factor, collateral seized, protocol fee.
 *
 * The close factor before 3.3 is half of this debt above a health factor of 0.95 and all of it otherwise. From 3.3 on it is all of it,
 * unless debt and collateral of the two reserves are both 2,000 base units of account or more and the health factor is above
 * 0.95: then it is half of all debt. Seized, base portion and fee round half up before 3.7 and down, down and up from then on;
 * debt needed for the last collateral rounds half up before 3.5 and up from then on.
 *
 * @throws {InvalidInputError} for a reserve that the account does not list or that has no bonus.
 */
export function liquidateAaveV3(
  version: AaveV3Version,
  {
    data,
    eMode,
    call,
  }: {
    readonly data: AaveV3AccountData
    readonly eMode: AaveV3Account['eMode']
    readonly call: NonNullable<AaveV3Account['liquidation']>
  },
): AaveV3Liquidation {
  const collateral = positionOf(data, call.collateral)
  const owed = positionOf(data, call.debt)
  const bonus = bonusOf(collateral, eMode)
  const maximumDebt = maximumRepayment(version, data, { collateral, owed })
  const debtToCover = min(call.debtToCover, maximumDebt)

  const seizeRounding: Rounding = version === '3.7' ? 'down' : 'half'
  const base = (owed.price * debtToCover * collateral.unit) / (collateral.price * owed.unit)
  const wanted = percentMul(base, bonus, seizeRounding)
  const takesAll = wanted > collateral.supplied
  const amount = takesAll ? collateral.supplied : wanted
  const debtRepaid = takesAll
    ? percentDiv(
        (collateral.price * amount * owed.unit) / (owed.price * collateral.unit),
        bonus,
        version === '3.5' || version === '3.7' ? 'up' : 'half',
      )
    : debtToCover
  const feeShare = BigInt(collateral.reserve.liquidationProtocolFee ?? 0)
  const protocolFee = percentMul(
    amount - percentDiv(amount, bonus, seizeRounding),
    feeShare,
    version === '3.7' ? 'up' : 'half',
  )
  const leavesDust =
    version !== '3.0' && debtRepaid < owed.debt && amount < collateral.supplied
      ? isBelow(owed, owed.debt - debtRepaid) || isBelow(collateral, collateral.supplied - amount)
      : false
  return {
    maximumDebt,
    debtRepaid,
    collateralSeized: amount - protocolFee,
    protocolFee,
    refusedAs: refusal(data, { collateral, owed, leavesDust }),
  }
}

function maximumRepayment(
  version: AaveV3Version,
  { healthFactor, totalDebt }: AaveV3AccountData,
  { collateral, owed }: { readonly collateral: AaveV3Position; readonly owed: AaveV3Position },
): bigint {
  const isAboveThreshold = healthFactor === null || healthFactor > closeFactorHealth
  if (version === '3.0') return isAboveThreshold ? percentMul(owed.debt, halfOfDebt) : owed.debt
  const owedInBase = (owed.debt * owed.price) / owed.unit
  const isLarge = collateral.suppliedInBase >= smallReserve && owedInBase >= smallReserve
  if (!isLarge || !isAboveThreshold) return owed.debt
  const half = percentMul(totalDebt, halfOfDebt)
  return owedInBase > half ? (half * owed.unit) / owed.price : owed.debt
}

function isBelow({ price, unit }: AaveV3Position, amount: bigint): boolean {
  return (amount * price) / unit < leastLeftover
}

function refusal(
  { healthFactor }: AaveV3AccountData,
  {
    collateral,
    owed,
    leavesDust,
  }: { readonly collateral: AaveV3Position; readonly owed: AaveV3Position; readonly leavesDust: boolean },
): string | null {
  if (healthFactor === null || healthFactor >= 10n ** 18n) return 'the health factor is not below its threshold'
  if (collateral.reserve.isCollateral === false || collateral.reserve.liquidationThreshold === 0) {
    return 'the collateral cannot be liquidated'
  }
  if (owed.debt === 0n) return 'the account does not owe this asset'
  return leavesDust ? 'it must not leave dust' : null
}

function positionOf({ positions }: AaveV3AccountData, asset: string): AaveV3Position {
  const position = positions.find(({ reserve }) => reserve.asset === asset)
  if (position !== undefined) return position
  throw new InvalidInputError(`A liquidation names ${asset}, which is not a reserve of the account.`, {
    metaMessages: [`Reserves: ${positions.map(({ reserve }) => reserve.asset).join(', ') || 'none'}.`],
  })
}

function bonusOf({ reserve }: AaveV3Position, eMode: AaveV3Account['eMode']): bigint {
  const bonus = (reserve.inEMode === true ? eMode?.liquidationBonus : undefined) ?? reserve.liquidationBonus
  if (bonus !== undefined && bonus > 0) return BigInt(bonus)
  throw new InvalidInputError(`The reserve ${reserve.asset} has no liquidation bonus, so nothing can be seized.`, {
    metaMessages: ['Give liquidationBonus in basis points, such as 10500.'],
  })
}
