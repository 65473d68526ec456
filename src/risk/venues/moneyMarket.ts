import type { Address } from 'viem'
import type { Claim } from '../../core/position.ts'
import { type Wad, wad } from '../../core/units.ts'
import type { MoneyMarketRule } from '../../core/venueRule.ts'
import { ceilDiv, min, mul } from '../../kernel/fixedPoint.ts'
import { collateralQuote, debtQuote, itemValue, type VenueShift, type VenueState } from './shift.ts'

type Collateral = MoneyMarketRule['collaterals'][number]

/**
 * State of an account of Compound v2 (`Comptroller.getHypotheticalAccountLiquidityInternal`) or Venus
 * (`Comptroller._getHypotheticalLiquiditySnapshot`): liquidatable when
 * `Σ ⌊price · debt⌋ > Σ ⌊weighted price · shares⌋`, every product truncated to 1e-18, or when it owes what may be liquidated
 * whatever it is worth.
 *
 * The penalty is close factor × debt × (incentive − 1); of a forced debt all may be repaid at once. The slack is what the
 * shares carry less the debts rounded up; with a forced debt the account is short of at least all of that.
 */
export function moneyMarketState(rule: MoneyMarketRule, shift: VenueShift): VenueState {
  const { truncation, collaterals, debts, closeFactor, liquidationIncentive } = rule
  let capacity: Wad = 0n
  for (const held of collaterals) {
    capacity += itemValue(held, shift.underlyingOf(held.asset), shift, () =>
      capacityOf({ ...held, quote: collateralQuote(held, shift) }, truncation),
    )
  }
  let [debtDown, debtUp, forced, repayable]: [Wad, Wad, Wad, Wad] = [0n, 0n, 0n, 0n]
  for (const owed of debts) {
    const { down, up } = itemValue(owed, shift.underlyingOf(owed.asset), shift, () => {
      const value = owed.amount * debtQuote(owed, shift)
      return { down: value / wad, up: ceilDiv(value, wad) }
    })
    debtDown += down
    debtUp += up
    if (owed.isForced) forced += up
    repayable += up * (owed.isForced ? wad : closeFactor)
  }
  const slack = capacity - debtUp
  return {
    isLiquidatable: capacity < debtDown || forced > 0n,
    penalty: ceilDiv(repayable * (liquidationIncentive - wad), wad * wad),
    slack: forced > 0n ? min(slack, -forced) : slack,
  }
}

/** What shares are worth in smallest units of their asset, rounded down (`balanceOfUnderlying`). */
export function amountOfShares({ shares, exchangeRate }: Pick<Collateral, 'shares' | 'exchangeRate'>): bigint {
  return mul(shares, exchangeRate)
}

/** The collateral after `change` smallest units of its asset were supplied or, below zero, taken out; never below none. */
export function withAmountChanged(held: Collateral, change: bigint): Collateral {
  const { shares, exchangeRate } = held
  if (change === 0n) return held
  if (change < 0n) {
    const isAll = amountOfShares(held) + change <= 0n
    return { ...held, shares: isAll ? 0n : shares - min(shares, ceilDiv(-change * wad, exchangeRate)) }
  }
  return exchangeRate === 0n ? held : { ...held, shares: shares + (change * wad) / exchangeRate }
}

/** Whether a claim is on the shares or the debt of a market. */
export function isAtMarket({ market }: { readonly market: Address }, { contract }: Pick<Claim, 'contract'>): boolean {
  return market.toLowerCase() === contract.toLowerCase()
}

/** What shares carry, WAD USD. */
function capacityOf(
  { shares, exchangeRate, quote, factor }: Collateral,
  truncation: MoneyMarketRule['truncation'],
): Wad {
  const weighted =
    truncation === 'factorFirst' ? mul(mul(factor, exchangeRate), quote) : mul(factor, mul(exchangeRate, quote))
  return mul(weighted, shares)
}
