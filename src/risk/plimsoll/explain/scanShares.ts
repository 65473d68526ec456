import type { BindingRow } from '../../../core/explanation.ts'
import type { MarginParameters } from '../../../core/parameters.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { abs, floorDiv, max } from '../../../kernel/fixedPoint.ts'
import { scanCharges, type WorstRow } from '../aggregate.ts'
import type { ScenarioPnl, UnderlyingPnl } from '../scenarioPnl.ts'
import { type FineShare, sharesPerWad, split } from './apportion.ts'

/** The scan charge of a book by leg, before the factor of the line: from P&L, and from liquidation by venues. */
export type ScanShares = {
  readonly binding: readonly BindingRow[]
  readonly pnl: readonly FineShare[]
  readonly liquidation: readonly FineShare[]
}

/**
 * Scan charge by leg of a book without some of its venue accounts: the loss of each leg in the binding rows, `d` of the worst
 * row of each underlying and `1 − d` of the worst joint row, or the joint row alone where it exceeds the sum. What liquidation
 * by a venue adds to the loss of its account is split by {@link stakes}.
 */
export function scanShares(
  pnl: ScenarioPnl,
  parameters: MarginParameters,
  gone: ReadonlySet<string> = new Set(),
): ScanShares {
  const rows = bindingRows(pnl, parameters, gone)
  const fromPnl = pnl.legs.map(() => 0n)
  const fromLiquidation = pnl.legs.map(() => 0n)
  const stake = stakes(pnl)
  for (const { legs: legRows, accounts: accountRows, at, binding } of rows) {
    const toShare = (loss: Wad) => floorDiv(loss * binding.weight * binding.share * sharesPerWad, wad * wad)
    pnl.accounts.forEach(({ key, legs }, account) => {
      if (gone.has(key)) return
      let plain = 0n
      for (const leg of legs) {
        const own = legRows[leg]?.[at] ?? 0n
        plain += own
        fromPnl[leg] = (fromPnl[leg] ?? 0n) + toShare(-own)
      }
      const loss = plain - (accountRows[account]?.pnl[at] ?? 0n)
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

type BindingPlace = Pick<UnderlyingPnl, 'legs' | 'accounts'> & { readonly at: number; readonly binding: BindingRow }

/** The rows that the scan rests on, with their place in the P&L. */
function bindingRows(
  pnl: ScenarioPnl,
  parameters: MarginParameters,
  gone: ReadonlySet<string>,
): readonly BindingPlace[] {
  const scan = scanCharges(pnl, parameters)(gone)
  const jointBinds = scan.joint.charge > scan.sum
  const ownShare = jointBinds ? 0n : parameters.decorrelation
  const jointShare = jointBinds ? wad : wad - parameters.decorrelation

  const places: BindingPlace[] = []
  const add = (
    { at }: WorstRow,
    { legs, accounts }: Pick<UnderlyingPnl, 'legs' | 'accounts'>,
    row: (at: number) => Omit<BindingRow, 'share' | 'liquidated'>,
    share: Wad,
  ) => {
    if (at === undefined || share === 0n) return
    const liquidated = pnl.accounts.flatMap(({ key }, index) =>
      accounts[index]?.isLiquidated[at] && !gone.has(key) ? [key] : [],
    )
    places.push({ legs, accounts, at, binding: { ...row(at), liquidated, share } })
  }
  pnl.underlyings.forEach((own, index) => {
    const worst = scan.underlyings[index]
    if (!worst) return
    const { underlying } = own
    const row = (at: number) => {
      const { id = '', weight = 0n } = own.rows[at]?.scenario ?? {}
      return { underlying, id, weight }
    }
    add(worst, own, row, ownShare)
  })
  const row = (at: number) => {
    const { id = '', weight = 0n } = pnl.joint.rows[at] ?? {}
    return { underlying: null, id, weight }
  }
  add(scan.joint, pnl.joint, row, jointShare)
  return places
}

/** What is at stake in a leg: its credited value by amount and the most that any scenario moves it. WAD USD. */
export function stakes({ legs, creditedValues, underlyings }: ScenarioPnl): readonly Wad[] {
  return legs.map((_, index) => {
    let most = 0n
    for (const own of underlyings) for (const pnl of own.legs[index] ?? []) most = max(most, abs(pnl))
    return abs(creditedValues[index] ?? 0n) + most
  })
}
