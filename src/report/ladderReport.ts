import type { CollateralNeed } from '../risk/plimsoll/collateralNeeds.ts'
import type { Ladder, NearestRung, Rung, RungSubject, UnderlyingLadder } from '../risk/plimsoll/ladder.ts'
import type { AssetNames } from './marginReport.ts'
import { formatPercent, formatQuoteUnits, formatUnits, formatUsd, formatWad } from './money.ts'
import { formatTable } from './table.ts'

const subjects = {
  marginCall: 'equity below initial margin',
  maintenance: 'equity below maintenance margin',
  insolvency: 'equity below zero',
} as const

/** One price axis an underlying, high to low, with spot as a line and what happens where; then what to move, and where. */
export function ladderReport(ladder: Ladder, names: AssetNames): string {
  const { underlyings, order, range, withoutPhysics, assumptions } = ladder
  return [
    ...underlyings.map((entry) => axisOf(entry, ladder)),
    firstOf(order),
    ...underlyings
      .flatMap(({ needs }) => needs.filter(({ isSafe }) => !isSafe))
      .map((need) => adviceOf(need, range, names)),
    ...withoutPhysics.map(
      (account) => `${account} has debts or shorts and no known rule: where it is liquidated is not told.`,
    ),
    assumptions.map((text) => `- ${text}`).join('\n'),
  ].join('\n\n')
}

/** A rung's subject in words. */
export function describeSubject(subject: RungSubject): string {
  return subject.kind === 'venue' ? `${subject.venue} liquidates` : subjects[subject.kind]
}

function axisOf({ underlying, spot, step, rungs }: UnderlyingLadder, { margin }: Ladder): string {
  const ticks = rungs
    .flatMap((rung) => rung.crossings.map((crossing) => ({ rung, crossing })))
    .map(({ rung, crossing: { good, badSide, distance, equity } }) => ({
      price: good,
      cells: [
        formatUsd(good, badSide === 'below' ? 'up' : 'down'),
        `${distance > 0n ? '+' : ''}${formatPercent(distance)}`,
        `${describeSubject(rung.subject)} ${badSide}`,
        equity === null ? 'not known' : formatQuoteUnits(equity),
      ],
    }))
  const line = { price: spot, cells: [formatUsd(spot), '', `--- now${badNow(rungs)}`, formatQuoteUnits(margin.equity)] }
  const rows = [...ticks, line].sort((a, b) => compare(b.price, a.price)).map(({ cells }) => cells)
  const table = formatTable(
    [
      { title: `${underlying}, USD`, align: 'right' },
      { title: 'distance', align: 'right' },
      { title: 'what happens' },
      { title: 'equity USD', align: 'right' },
    ],
    rows,
  )
  const silent = rungs.filter(({ outcome, isBadNow }) => outcome !== 'one' && !(isBadNow && outcome === 'none'))
  return [table, ...silent.map(describeRung), resolutionOf(rungs, step)].join('\n')
}

function badNow(rungs: readonly Rung[]): string {
  const bad = [...new Set(rungs.filter(({ isBadNow }) => isBadNow).map(({ subject }) => describeSubject(subject)))]
  return bad.length === 0 ? '' : `: ${bad.join(', ')}`
}

/** No root, several, or an end of what could be looked at: never a blank. */
function describeRung({ subject, direction, outcome, scannedTo, refusal, crossings }: Rung): string {
  const what = outcome === 'none' ? 'nowhere' : `at ${crossings.length} prices`
  const until = `${direction} to ${formatUsd(scannedTo)}`
  return `  ${describeSubject(subject)}: ${what} ${until}${refusal === null ? '' : `; beyond it is refused: ${refusal}`}`
}

function resolutionOf(rungs: readonly Rung[], step: bigint): string {
  const grids = [...new Set(rungs.map(({ grid }) => grid))].map(formatPercent).join(' and ')
  return `  prices looked at are ${grids} apart, crossings found to ${formatWad(step)} USD`
}

function firstOf([first]: readonly NearestRung[]): string {
  if (!first) return 'Nothing happens within the prices looked at.'
  const { underlying, subject, price, distance } = first
  if (distance === 0n) return `Already now: ${describeSubject(subject)}.`
  return `First: ${describeSubject(subject)} at ${underlying} ${formatUsd(price)} (${formatPercent(distance)}).`
}

function adviceOf({ venue, underlying, alternatives }: CollateralNeed, range: bigint, names: AssetNames): string {
  const ways = alternatives.map((transfers) =>
    transfers
      .map(({ action, asset, decimals, amount, value }) => {
        const verb = action === 'repay' ? 'repay' : 'add'
        return `${verb} ${formatUnits(amount, decimals)} ${names[asset]?.symbol ?? asset} (${formatUsd(value, 'up')} USD)`
      })
      .join(' and '),
  )
  const purpose = `So that ${venue} does not liquidate within ${formatPercent(range)} of today's ${underlying}`
  return ways.length === 0 ? `${purpose}: no transfer that is known does.` : `${purpose}: ${ways.join('; or ')}.`
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b)
}
