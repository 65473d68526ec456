import type { BindingRow } from '../../../core/explanation.ts'
import type { MarginParameters } from '../../../core/parameters.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { abs, floorDiv, max } from '../../../kernel/fixedPoint.ts'
import { scanRisk } from '../aggregate.ts'
import type { AccountRow } from '../physics.ts'
import type { ScenarioPnl } from '../scenarioPnl.ts'
import { type FineShare, sharesPerWad, split } from './apportion.ts'

/** The scan charge of a book by leg, before the factor of the line: from P&L, and from liquidation by venues. */
export type ScanShares = {
  readonly binding: readonly BindingRow[]
  readonly pnl: readonly FineShare[]
  readonly liquidation: readonly FineShare[]
}

type Row = { readonly legs: readonly Wad[]; readonly accounts: readonly AccountRow[] }

/**
 * Scan charge of the venue accounts that `includes` keeps by leg: the loss of each in the binding rows, `d` of the worst row of
 * each underlying and `1 − d` of the worst joint row, or the joint row alone where it exceeds the sum. What liquidation by a
 * venue adds to the loss of its account is split by {@link stakes}.
 */
export function scanShares(
  pnl: ScenarioPnl,
  parameters: MarginParameters,
  includes: (venueAccount: string) => boolean = () => true,
): ScanShares {
  const scan = scanRisk(pnl, parameters, includes)
  const jointBinds = scan.jointCharge > scan.sum
  const ownShare = jointBinds ? 0n : parameters.decorrelation
  const jointShare = jointBinds ? wad : wad - parameters.decorrelation

  const rows: { readonly row: Row; readonly binding: BindingRow }[] = []
  const add = (share: Wad, row: Row | undefined, outcome: Omit<BindingRow, 'share'> | undefined) => {
    if (row && outcome && share > 0n) rows.push({ row, binding: { ...outcome, share } })
  }
  scan.underlyings.forEach(({ underlying, scenarios, worst }, at) => {
    const index = scenarios.findIndex(({ id }) => id === worst)
    const outcome = scenarios[index]
    const { id, weight, liquidated } = outcome ?? { id: '', weight: 0n, liquidated: [] }
    add(ownShare, pnl.underlyings[at]?.rows[index], outcome && { underlying, id, weight, liquidated })
  })
  const index = scan.joint.findIndex(({ id }) => id === scan.worstJoint)
  const outcome = scan.joint[index]
  const { id, weight, liquidated } = outcome ?? { id: '', weight: 0n, liquidated: [] }
  add(jointShare, pnl.joint[index], outcome && { underlying: null, id, weight, liquidated })

  const fromPnl = pnl.legs.map(() => 0n)
  const fromLiquidation = pnl.legs.map(() => 0n)
  const stake = stakes(pnl)
  for (const { row, binding } of rows) {
    const toShare = (loss: Wad) => floorDiv(loss * binding.weight * binding.share * sharesPerWad, wad * wad)
    pnl.accounts.forEach(({ key, legs }, at) => {
      if (!includes(key)) return
      let plain = 0n
      for (const leg of legs) {
        const own = row.legs[leg] ?? 0n
        plain += own
        fromPnl[leg] = (fromPnl[leg] ?? 0n) + toShare(-own)
      }
      const loss = plain - (row.accounts[at]?.pnl ?? 0n)
      if (loss === 0n) return
      const parts = split(
        toShare(loss),
        legs.map((leg) => stake[leg] ?? 0n),
      )
      legs.forEach((leg, place) => {
        fromLiquidation[leg] = (fromLiquidation[leg] ?? 0n) + (parts[place] ?? 0n)
      })
    })
  }
  return { binding: rows.map(({ binding }) => binding), pnl: fromPnl, liquidation: fromLiquidation }
}

/** What is at stake in a leg: its credited value by amount and the most that any scenario moves it. WAD USD. */
export function stakes({ legs, creditedValues, underlyings }: ScenarioPnl): readonly Wad[] {
  return legs.map((_, index) => {
    let most = 0n
    for (const { rows } of underlyings) for (const row of rows) most = max(most, abs(row.legs[index] ?? 0n))
    return abs(creditedValues[index] ?? 0n) + most
  })
}
