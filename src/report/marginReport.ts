import type { MarginLineId, MarginResult } from '../core/margin.ts'
import type { Position } from '../core/position.ts'
import { formatPercent, formatQuoteUnits, formatUsd, formatWad } from './money.ts'
import { formatTable } from './table.ts'

/** Names of the lines, for display. */
export const lineNames: Readonly<Record<MarginLineId, string>> = {
  scan: 'scan risk',
  wrappedBasis: 'wrapped basis',
  shortOptionMinimum: 'short-option minimum',
  hedgedDeltaMinimum: 'hedged-delta minimum',
  liquidity: 'liquidity and concentration',
  oracleConfidence: 'oracle confidence',
  settlementGap: 'settlement and gap',
  venueFailure: 'venue failure',
  venueFloor: 'venue floor',
  arithmetic: 'arithmetic',
  longOptionCap: 'long-option cap',
}

/** Names of assets by key, for display. */
export type AssetNames = Readonly<Record<string, { readonly symbol: string }>>

/** What an account holds, one line a position, values in USD. */
export function positionsReport({ positions, unpriced }: MarginResult, names: AssetNames): string {
  const rows = [...positions]
    .sort((a, b) => (a.venue < b.venue ? -1 : Number(a.venue > b.venue)))
    .map(({ venue, position, value, creditedValue }) => [
      venue,
      describePosition(position, names),
      formatUsd(value),
      formatUsd(creditedValue),
    ])
  const table = formatTable(
    [
      { title: 'venue' },
      { title: 'position' },
      { title: 'value USD', align: 'right' },
      { title: 'credited USD', align: 'right' },
    ],
    rows,
  )
  const zero = unpriced.map(({ venue, asset, reason }) => `counted as zero: ${asset} at ${venue} (${reason})`)
  return [table, ...zero].join('\n')
}

/** P&L of the book in every scenario of every underlying that it depends on; the binding one is marked. */
export function scenarioReport({ scan }: MarginResult): string {
  return scan.underlyings
    .map(({ underlying, spot, scenarios, worst }) => {
      const rows = scenarios.map(({ id, price, weight, pnl, loss }) => [
        `${id === worst ? '>' : ' '} ${id}`,
        formatUsd(price),
        formatUsd(pnl),
        formatPercent(weight),
        formatUsd(loss, 'up'),
      ])
      const title = `${underlying} at ${formatUsd(spot)}`
      return formatTable(
        [
          { title },
          { title: 'price', align: 'right' },
          { title: 'P&L USD', align: 'right' },
          { title: 'weight', align: 'right' },
          { title: 'loss USD', align: 'right' },
        ],
        rows,
      )
    })
    .join('\n\n')
}

/** Equity, requirement line by line, and what netting saves. */
export function breakdownReport(result: MarginResult): string {
  const { equity, initialMargin, maintenanceMargin, freeEquity, ratio, lines, standalone } = result
  const money = (value: bigint) => formatQuoteUnits(value, 'up')
  const pair = (name: string, { initial, maintenance }: { initial: bigint; maintenance: bigint }) => [
    name,
    money(initial),
    money(maintenance),
  ]
  const table = formatTable(
    [{ title: 'requirement, USD' }, { title: 'initial', align: 'right' }, { title: 'maintenance', align: 'right' }],
    [
      ...lines.map((line) => pair(`  ${lineNames[line.id]}`, line)),
      pair('margin', { initial: initialMargin, maintenance: maintenanceMargin }),
      pair('each venue alone, by this model', standalone.model),
      pair('  saving', standalone.savingAgainstModel),
      pair('each venue alone, by its own rule', standalone.venueOwn),
      pair('  saving', standalone.savingAgainstVenues),
    ],
  )
  const cover =
    ratio.kind === 'finite'
      ? `equity / maintenance ${formatPercent(ratio.value)}`
      : ratio.kind === 'unbounded'
        ? 'no requirement'
        : `deficit ${money(ratio.deficit)}`
  return `${table}\nequity ${formatQuoteUnits(equity)}, free equity ${formatQuoteUnits(freeEquity)}, ${cover}`
}

/** One position in words. */
export function describePosition(position: Position, names: AssetNames): string {
  const symbol = (key: string) => names[key]?.symbol ?? key
  switch (position.kind) {
    case 'balance':
      return `${symbol(position.asset)} held`
    case 'debt':
      return `${symbol(position.asset)} owed`
    case 'perpetual':
      return `${formatWad(position.size)} ${position.underlying} perpetual`
    case 'option': {
      const date = new Date(position.expiry * 1000).toISOString().slice(0, 10)
      return `${formatWad(position.size)} ${position.underlying} ${date} ${formatWad(position.strike)} ${position.right}`
    }
    case 'concentratedLiquidity':
      return `${symbol(position.token0)}/${symbol(position.token1)} liquidity, ticks ${position.tickLower}..${position.tickUpper}`
    case 'consumerDebt':
      return 'debt to a consumer of this record'
  }
}
