import { toDetails, type VenueAssessment } from './assessment.ts'
import { formatFixed48, toNumber48 } from './fixedPoint48.ts'
import type { MangoV4Account } from './mangoAccount.ts'
import { type MangoHealthType, mangoBalanceSheet, mangoHealth, mangoHealthRatio } from './mangoHealth.ts'

/** The account by the venue's health: what it is worth at oracle prices less its initial and maintenance health. */
export function assessMangoV4(account: MangoV4Account): VenueAssessment {
  const perUnit = account.nativePerUnit ?? 1e6
  const { assets, liabilities } = mangoBalanceSheet(account)
  const health = (type: MangoHealthType) => mangoHealth(account, type)
  const [initial, maintenance, liquidationEnd] = [health('init'), health('maint'), health('liquidationEnd')]
  const inUnits = (value: bigint) => toNumber48(value) / perUnit
  const isEmpty = liabilities === 0n && initial >= 0n
  return {
    equity: inUnits(assets - liabilities),
    initial: isEmpty ? 0 : inUnits(assets - liabilities - initial),
    maintenance: isEmpty ? 0 : inUnits(assets - liabilities - maintenance),
    isLiquidatable: maintenance < 0n,
    details: toDetails({
      initHealth: formatFixed48(initial),
      maintHealth: formatFixed48(maintenance),
      liquidationEndHealth: formatFixed48(liquidationEnd),
      initHealthRatio: ratioOf(account, 'init'),
      maintHealthRatio: ratioOf(account, 'maint'),
      assets: formatFixed48(assets),
      liabilities: formatFixed48(liabilities),
    }),
  }
}

function ratioOf(account: MangoV4Account, type: MangoHealthType): string | null {
  const ratio = mangoHealthRatio(account, type)
  return ratio === null ? null : formatFixed48(ratio)
}
