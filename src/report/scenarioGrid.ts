import type { ScenarioOutcome, UnderlyingOutcome } from '../core/margin.ts'
import { wad } from '../core/units.ts'
import { formatPercent, formatUsd } from './money.ts'
import { formatTable } from './table.ts'

const vols = ['down', 'none', 'up'] as const

/** P&L of a book by price (rows, high to low) and volatility (columns) of one underlying; `*` marks the binding scenario. */
export function scenarioGrid({ underlying, spot, scenarios, worst, charge }: UnderlyingOutcome): string {
  const rows = new Map<string, ScenarioOutcome[]>()
  for (const scenario of scenarios) {
    const key = `${scenario.price}|${scenario.weight}`
    rows.set(key, [...(rows.get(key) ?? []), scenario])
  }
  const sorted = [...rows.values()].sort(([a], [b]) => Number((b?.price ?? 0n) - (a?.price ?? 0n) > 0n) * 2 - 1)
  const table = formatTable(
    [
      { title: `${underlying} P&L, USD` },
      { title: 'move', align: 'right' },
      { title: 'weight', align: 'right' },
      ...vols.map((vol) => ({ title: `vol ${vol}`, align: 'right' as const })),
    ],
    sorted.map((row) => {
      const [first] = row
      if (!first) return []
      const cells = vols.map((vol) => {
        const found = row.find((scenario) => scenario.vol === vol)
        return found ? `${found.id === worst ? '*' : ''}${formatUsd(found.pnl)}` : ''
      })
      return [
        formatUsd(first.price),
        formatPercent(((first.price - spot) * wad) / spot),
        formatPercent(first.weight),
        ...cells,
      ]
    }),
  )
  return `${table}\n* binds: its weighted loss is the charge of ${formatUsd(charge, 'up')}`
}
