import type { ExplainedMargin } from '../core/explanation.ts'
import type { MarginLineId, Requirement } from '../core/margin.ts'
import { type AssetNames, describePosition, lineNames } from './marginReport.ts'
import { formatPercent, formatQuoteUnits, formatUsd, formatWad } from './money.ts'
import { formatTable } from './table.ts'

/** Why a margin is what it is: what each position contributes and would save, sensitivities, marks and netting. */
export function explanationReport(result: ExplainedMargin, names: AssetNames): string {
  return [
    contributionTable(result, names),
    lineTable(result, names),
    greekTable(result),
    ...(result.explanation.markGaps.length > 0 ? [markTable(result, names)] : []),
    nettingTable(result),
    ...result.firstLiquidations
      .slice(0, 1)
      .map(
        ({ venueAccount, underlying, scenario, price }) =>
          `first venue to liquidate: ${venueAccount}, at ${underlying} ${formatUsd(price)} (${scenario})`,
      ),
  ].join('\n\n')
}

const money = (value: bigint) => formatQuoteUnits(value, 'up')
const right = (title: string) => ({ title, align: 'right' as const })

function namesOf({ positions }: ExplainedMargin, names: AssetNames) {
  const known = new Map(positions.map(({ key, venue, position }) => [key, [venue, describePosition(position, names)]]))
  return (key: string): readonly string[] => known.get(key) ?? ['', key]
}

function contributionTable(result: ExplainedMargin, names: AssetNames): string {
  const { binding, contributions, incremental } = result.explanation
  const nameOf = namesOf(result, names)
  const without = new Map(incremental.map(({ key, difference }) => [key, difference]))
  const table = formatTable(
    [
      { title: 'venue' },
      { title: 'position' },
      right('initial'),
      right('by liquidation'),
      right('maintenance'),
      right('closing it frees'),
    ],
    [
      ...contributions.map(({ key, total, liquidation }) => [
        ...nameOf(key),
        money(total.initial),
        money(liquidation.initial),
        money(total.maintenance),
        money(without.get(key)?.initial ?? 0n),
      ]),
      ['', 'margin', money(result.initialMargin), '', money(result.maintenanceMargin), ''],
    ],
  )
  const rows = binding.map(
    ({ underlying, id, liquidated }) =>
      `binding: ${underlying ?? 'joint'} ${id}${liquidated.length > 0 ? `, liquidates ${liquidated.join(', ')}` : ''}`,
  )
  return [table, ...rows].join('\n')
}

/** Initial margin of every position in every line that charges or relieves anything. */
function lineTable(result: ExplainedMargin, names: AssetNames): string {
  const nameOf = namesOf(result, names)
  const ids: readonly MarginLineId[] = result.lines.filter(({ initial }) => initial !== 0n).map(({ id }) => id)
  return formatTable(
    [{ title: 'initial margin by line' }, ...ids.map((id) => right(lineNames[id]))],
    result.explanation.contributions.map(({ key, lines }) => [
      nameOf(key)[1] ?? key,
      ...ids.map((id) => money(lines.find((line) => line.id === id)?.initial ?? 0n)),
    ]),
  )
}

function greekTable({ explanation }: ExplainedMargin): string {
  return formatTable(
    [
      { title: 'underlying' },
      { title: 'expiry' },
      right('delta'),
      right('gamma'),
      right('vega, USD per 1 %'),
      right('theta, USD per day'),
    ],
    explanation.greeks.map(({ underlying, expiry, delta, gamma, vega, theta }) => [
      underlying,
      expiry === null ? 'none' : new Date(expiry * 1000).toISOString().slice(0, 10),
      formatWad(delta),
      formatWad(gamma),
      formatUsd(vega / 100n),
      formatUsd(theta),
    ]),
  )
}

function markTable(result: ExplainedMargin, names: AssetNames): string {
  const nameOf = namesOf(result, names)
  return formatTable(
    [{ title: 'venue' }, { title: 'position' }, right('model USD'), right('venue USD'), right('gap'), right('gap %')],
    result.explanation.markGaps.map(({ key, model, venue, gap, relative }) => [
      ...nameOf(key),
      formatUsd(model),
      formatUsd(venue),
      formatUsd(gap),
      relative === null ? '' : formatPercent(relative),
    ]),
  )
}

function nettingTable({ explanation: { netting } }: ExplainedMargin): string {
  const row = (name: string, { initial, maintenance }: Requirement) => [name, money(initial), money(maintenance)]
  return formatTable(
    [{ title: 'where netting saves, USD' }, right('initial'), right('maintenance')],
    [
      row('each position alone', netting.positions),
      row('  saved within venue accounts', netting.withinAccounts),
      row('  saved between accounts of one venue', netting.withinVenues),
      row('  saved across venues', netting.acrossVenues),
      row('margin', netting.book),
    ],
  )
}
