import { powerOfTen, wad } from '../../core/units.ts'
import type { LendingPoolRule } from '../../core/venueRule.ts'
import { basisPoints, wadDiv } from '../../kernel/aaveRounding.ts'
import { ceilDiv } from '../../kernel/fixedPoint.ts'
import { collateralQuote, debtQuote, itemValue, type VenueShift, type VenueState } from './shift.ts'

/** WAD USD in the pool's base unit of 1e-8 USD. */
const wadPerBase = 10n ** 10n

/**
 * State of an Aave v3 account (`GenericLogic.calculateUserAccountData`): liquidatable below a health factor of 1e18.
 *
 * Aave up to 3.4 (`truncated`): collateral and debt of each reserve rounded down to 1e-8 USD, the average threshold truncated to
 * basis points, `HF = wadDiv(percentMul(C, threshold), D)`, both rounding half up. A collateral that we do not know could
 * lower the average by almost a basis point however small it is, so it costs one.
 * Aave from 3.5 on (`exact`): debt rounded up, `HF = wadDiv(Σ value · threshold, D) / 10000`.
 *
 * The penalty is close factor × debt × the largest bonus among the collaterals. The slack is `Σ C · threshold − D` with the
 * debt rounded up and, up to 3.4, the truncated average, so that an account with slack is never liquidatable.
 */
export function lendingPoolState(rule: LendingPoolRule, shift: VenueShift): VenueState {
  const { averaging, collaterals, debts, closeFactor } = rule
  let collateral = 0n
  let weighted = 0n
  for (const held of collaterals) {
    const { value, capacity } = itemValue(held, shift.underlyingOf(held.asset), shift, () => {
      const value = (held.amount * collateralQuote(held, shift)) / powerOfTen(held.decimals)
      return { value, capacity: value * BigInt(held.liquidationThreshold) }
    })
    collateral += value
    weighted += capacity
  }
  let debtDown = 0n
  let debtUp = 0n
  for (const owed of debts) {
    const { down, up } = itemValue(owed, shift.underlyingOf(owed.asset), shift, () => {
      const numerator = owed.amount * debtQuote(owed, shift)
      const unit = powerOfTen(owed.decimals)
      return { down: numerator / unit, up: ceilDiv(numerator, unit) }
    })
    debtDown += down
    debtUp += up
  }

  const hasUnknown = collaterals.some(({ asset, amount }) => amount > 0n && shift.underlyingOf(asset) === undefined)
  // In basis points of the base unit.
  const capacity = averaging === 'exact' ? weighted : collateral * averageThreshold(weighted, collateral, hasUnknown)
  const bonus = collaterals.reduce((largest, held) => Math.max(largest, held.bonus), 0)
  return {
    isLiquidatable: averaging === 'exact' ? isBelowOneExact(capacity, debtUp) : isBelowOneTruncated(capacity, debtDown),
    penalty: ceilDiv(debtUp * wadPerBase * closeFactor * BigInt(bonus), wad * basisPoints),
    slack: (capacity * wadPerBase) / basisPoints - debtUp * wadPerBase,
  }
}

function averageThreshold(weighted: bigint, collateral: bigint, hasUnknown: boolean): bigint {
  if (collateral === 0n) return 0n
  const average = weighted / collateral
  return hasUnknown && average > 0n ? average - 1n : average
}

function isBelowOneTruncated(capacity: bigint, debt: bigint): boolean {
  return debt > 0n && wadDiv((capacity + basisPoints / 2n) / basisPoints, debt) < wad
}

function isBelowOneExact(capacity: bigint, debt: bigint): boolean {
  return debt > 0n && wadDiv(capacity, debt) / basisPoints < wad
}
