import type { MarginResult } from '../core/margin.ts'
import type { ComparedMargin } from '../margin.ts'
import type { ModelMargin } from '../risk/models/model.ts'
import { formatMoney } from './modelReport.ts'
import { formatTable } from './table.ts'

/** One row of a comparison: money in the quote currency, null where the model refuses. */
export type ComparedRow = {
  readonly model: string
  readonly name: string
  readonly initialMargin: number | null
  readonly maintenanceMargin: number | null
  readonly equity: number | null
  /** Equity less the initial margin. */
  readonly free: number | null
  /** What binds, the first where several groups are scanned alone. */
  readonly binding: string | null
  /** Why the model refuses; null when it does not. */
  readonly refusal: { readonly error: string; readonly reason: string } | null
}

/** The comparison as rows in one currency: quote units of `plimsoll-1` become dollars. */
export function comparedRows(compared: readonly ComparedMargin[]): readonly ComparedRow[] {
  return compared.map((entry): ComparedRow => {
    const { model, name } = entry
    const nothing = { initialMargin: null, maintenanceMargin: null, equity: null, free: null, binding: null }
    if (entry.status === 'refused') {
      return { model, name, ...nothing, refusal: { error: entry.error, reason: entry.reason } }
    }
    return { model, name, ...figuresOf(entry.margin), refusal: null }
  })
}

/** All models side by side; refusals with their reasons below. */
export function compareReport(compared: readonly ComparedMargin[], quote: string): string {
  const rows = comparedRows(compared)
  const money = (value: number | null) => (value === null ? 'refused' : formatMoney(value))
  const table = formatTable(
    [
      { title: `model, ${quote}` },
      { title: 'initial', align: 'right' },
      { title: 'maintenance', align: 'right' },
      { title: 'equity', align: 'right' },
      { title: 'free', align: 'right' },
      { title: 'binding' },
    ],
    rows.map(({ model, initialMargin, maintenanceMargin, equity, free, binding }) => [
      model,
      ...[initialMargin, maintenanceMargin, equity, free].map(money),
      binding ?? '',
    ]),
  )
  const refusals = rows.flatMap(({ model, refusal }) =>
    refusal === null ? [] : [`${model} refuses: ${refusal.reason}`],
  )
  return [table, ...(refusals.length === 0 ? [] : [refusals.join('\n')])].join('\n\n')
}

type Figures = Omit<ComparedRow, 'model' | 'name' | 'refusal'>

function figuresOf(margin: MarginResult | ModelMargin): Figures {
  if (margin.model !== 'plimsoll-1') {
    const { initialMargin, maintenanceMargin, equity, free, worst } = margin
    const [first] = worst
    const group = first?.group === undefined ? '' : `${first.group} `
    const binding = first === undefined ? null : `${group}${first.scenario}`
    return { initialMargin, maintenanceMargin, equity, free: free.initial, binding }
  }
  const dollars = (units: bigint) => Number(units) / 1e6
  return {
    initialMargin: dollars(margin.initialMargin),
    maintenanceMargin: dollars(margin.maintenanceMargin),
    equity: dollars(margin.equity),
    free: dollars(margin.freeEquity),
    binding: bindingOf(margin),
  }
}

function bindingOf({ scan }: MarginResult): string | null {
  const [first] = [...scan.underlyings].sort((a, b) => Number(b.charge - a.charge))
  return first === undefined || first.worst === null ? null : `${first.underlying} ${first.worst}`
}
