import type { VenueRule } from '../../core/venueRule.ts'
import { baseDebtState } from './baseDebt.ts'
import { collateralizedPerpetualState } from './collateralizedPerpetual.ts'
import { isolatedLoanState } from './isolatedLoan.ts'
import { isolatedPerpetualState } from './isolatedPerpetual.ts'
import { lendingPoolState } from './lendingPool.ts'
import { moneyMarketState } from './moneyMarket.ts'
import { optionCollateralState } from './optionCollateral.ts'
import { perpetualAccountState } from './perpetualAccount.ts'
import type { VenueShift, VenueState } from './shift.ts'

export type { VenueShift, VenueState } from './shift.ts'

/**
 * What a venue does to a venue account by its own rule, with the venue's own quotes moved as our prices have moved
 * (model sections 4 and 6). With no move it is the venue's own answer.
 *
 * @throws {UnpricedLiabilityError} when the venue settles in a token that the parameter set does not know.
 * @example
 * venueState(rule, shift).isLiquidatable
 */
export function venueState(rule: VenueRule, shift: VenueShift): VenueState {
  switch (rule.kind) {
    case 'lendingPool':
      return lendingPoolState(rule, shift)
    case 'isolatedLoan':
      return isolatedLoanState(rule, shift)
    case 'baseDebt':
      return baseDebtState(rule, shift)
    case 'moneyMarket':
      return moneyMarketState(rule, shift)
    case 'perpetualAccount':
      return perpetualAccountState(rule, shift)
    case 'isolatedPerpetual':
      return isolatedPerpetualState(rule, shift)
    case 'collateralizedPerpetual':
      return collateralizedPerpetualState(rule, shift)
    case 'optionCollateral':
      return optionCollateralState(rule, shift)
  }
}
