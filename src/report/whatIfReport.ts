import type { MarginLine, MarginResult } from '../core/margin.ts'
import type { NearestRung } from '../risk/plimsoll/ladder.ts'
import { describeSubject } from './ladderReport.ts'
import { lineNames } from './marginReport.ts'
import { formatPercent, formatQuoteUnits, formatUsd } from './money.ts'
import { formatTable } from './table.ts'

/** A margin and what happens in which order when one price moves; null when nobody looked. */
export type Assessment = { readonly margin: MarginResult; readonly order: readonly NearestRung[] | null }

/** Equity, requirement and what is liquidated first, before and after, with the difference; USD. */
export function whatIfReport(before: Assessment, after: Assessment): string {
  const money = (name: string, of: (margin: MarginResult) => bigint, rounding: 'up' | 'down') => {
    const [from, to] = [of(before.margin), of(after.margin)]
    const difference = `${to > from ? '+' : ''}${formatQuoteUnits(to - from, rounding)}`
    return [name, formatQuoteUnits(from, rounding), formatQuoteUnits(to, rounding), difference]
  }
  const line = (id: MarginLine['id']) => (margin: MarginResult) =>
    margin.lines.find((candidate) => candidate.id === id)?.initial ?? 0n
  const table = formatTable(
    [
      { title: 'USD' },
      { title: 'before', align: 'right' },
      { title: 'after', align: 'right' },
      { title: 'difference', align: 'right' },
    ],
    [
      money('equity', ({ equity }) => equity, 'down'),
      ...before.margin.lines.map(({ id }) => money(`  ${lineNames[id]}`, line(id), 'up')),
      money('initial margin', ({ initialMargin }) => initialMargin, 'up'),
      money('maintenance margin', ({ maintenanceMargin }) => maintenanceMargin, 'up'),
      money('free equity', ({ freeEquity }) => freeEquity, 'down'),
      ['equity / maintenance', coverOf(before.margin), coverOf(after.margin), ''],
    ],
  )
  const sides = [
    ['before', before],
    ['after', after],
  ] as const
  return [
    table,
    ...sides.map(([when, side]) => `first, ${when}: ${firstOf(side, () => true)}`),
    ...sides.map(
      ([when, side]) => `first liquidation, ${when}: ${firstOf(side, ({ subject }) => subject.kind === 'venue')}`,
    ),
  ].join('\n')
}

function coverOf({ ratio }: MarginResult): string {
  if (ratio.kind === 'finite') return formatPercent(ratio.value)
  return ratio.kind === 'unbounded' ? 'unbounded' : 'deficit'
}

function firstOf({ order }: Assessment, counts: (rung: NearestRung) => boolean): string {
  if (!order) return 'not looked for'
  const found = order.find(counts)
  if (!found) return 'nothing within the prices looked at'
  const { subject, underlying, price, distance } = found
  if (distance === 0n) return `${describeSubject(subject)} already now`
  return `${describeSubject(subject)} at ${underlying} ${formatUsd(price)} (${formatPercent(distance)})`
}
