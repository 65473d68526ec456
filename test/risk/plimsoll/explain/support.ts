import type { Balance, Debt } from '../../../../src/core/position.ts'
import { wad } from '../../../../src/core/units.ts'
import type { LendingPoolRule } from '../../../../src/core/venueRule.ts'

/** WETH at 2,000 USD, threshold 82.5 %, bonus 5 %, against USDC. */
export function lendingRule(supply: Balance, loan: Debt): LendingPoolRule {
  return {
    kind: 'lendingPool',
    venueAccount: supply.venueAccount,
    averaging: 'truncated',
    collaterals: [
      {
        asset: supply.asset,
        amount: supply.amount,
        decimals: 18,
        quote: 2_000n * 10n ** 8n,
        liquidationThreshold: 8_250,
        bonus: 500,
      },
    ],
    debts: [{ asset: loan.asset, amount: loan.amount, decimals: 6, quote: 10n ** 8n }],
    closeFactor: wad,
  }
}
