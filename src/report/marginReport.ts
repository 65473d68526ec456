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
  const saving = (saved: { initial: bigint; maintenance: bigint }) => [pair('  saved by netting', saved)]
  const table = formatTable(
    [{ title: 'requirement, USD' }, { title: 'initial', align: 'right' }, { title: 'maintenance', align: 'right' }],
    [
      ...lines.map((line) => pair(`  ${lineNames[line.id]}`, line)),
      pair('margin', { initial: initialMargin, maintenance: maintenanceMargin }),
      pair('scan risk of each venue alone', standalone.scan),
      ...saving(standalone.savingOnScan),
      pair('margin of each venue alone', standalone.model),
      ...saving(standalone.savingAgainstModel),
      standalone.venueOwn
        ? pair('what the venues themselves demand', standalone.venueOwn)
        : ['what the venues themselves demand', 'unknown', 'unknown'],
    ],
  )
  const cover =
    ratio.kind === 'finite'
      ? `equity / maintenance ${formatPercent(ratio.value)}`
      : ratio.kind === 'unbounded'
        ? 'no requirement'
        : `deficit ${money(ratio.deficit)}`
  return [
    ...(result.refusal ? [`REFUSED: ${result.refusal.reason}`, ...result.refusal.details] : []),
    table,
    `equity ${formatQuoteUnits(equity)}, free equity ${formatQuoteUnits(freeEquity)}, ${cover}`,
    ...liquidationReport(result),
  ].join('\n')
}

/** Where venues liquidate first, by scenario, and a warning when that is near. */
function liquidationReport({ firstLiquidations, venueCritical }: MarginResult): readonly string[] {
  const [first] = firstLiquidations
  const warning = venueCritical
    ? ['CRITICAL: a venue liquidates within the critical distance of the present prices.']
    : []
  if (!first) return [...warning, 'no venue liquidates in any scenario of one underlying']
  const venue = first.venueAccount.split(':')[1]
  return [
    ...warning,
    `first: ${venue} liquidates in scenario ${first.scenario} of ${first.underlying}, at ${formatUsd(first.price)}`,
  ]
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
    case 'perpetualLiquidity':
      return `${position.underlying} perpetual market making, ticks ${position.tickLower}..${position.tickUpper}`
    case 'consumerDebt':
      return 'debt to a consumer of this record'
  }
}
