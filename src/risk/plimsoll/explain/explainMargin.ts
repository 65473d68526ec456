import type { AccountPnlTable, ExplainedMargin, MarginExplanation, MarkGap } from '../../../core/explanation.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { abs } from '../../../kernel/fixedPoint.ts'
import { toMarginResult } from '../calculateMargin.ts'
import { type CalculateMarginOptions, type Evaluation, evaluatePortfolio } from '../evaluateBook.ts'
import { orRefusal } from '../refusal.ts'
import { contributionsOf } from './contributions.ts'
import { greeksOf } from './greeks.ts'
import { incrementalMargins, nettingSteps } from './incremental.ts'

/**
 * Calculates the margin of a portfolio as `calculateMargin` does, and why it is that. The margin is the same to the bit; the
 * explanation takes one further evaluation for every claim, every claim alone and every venue.
 *
 * @throws as `calculateMargin`.
 * @example
 * const { explanation } = explainMargin({ portfolio, market, parameters })
 * // explanation.contributions sum to the lines and to the total
 */
export function explainMargin(options: CalculateMarginOptions): ExplainedMargin {
  let explanation = unexplained
  const result = orRefusal(options, () => {
    const evaluation = evaluatePortfolio(options)
    const margin = toMarginResult(options.portfolio, evaluation)
    explanation = {
      ...contributionsOf(evaluation),
      incremental: incrementalMargins(evaluation),
      pnlByVenueAccount: accountPnlTable(evaluation),
      greeks: greeksOf(evaluation.legs, evaluation.context.valuer),
      markGaps: markGaps(evaluation),
      netting: nettingSteps(evaluation, margin.standalone.model),
    }
    return margin
  })
  return { ...result, explanation: result.refusal ? unexplained : explanation }
}

const nothing = { initial: 0n, maintenance: 0n }
/** Beside a refusal. */
const unexplained: MarginExplanation = {
  binding: [],
  contributions: [],
  incremental: [],
  pnlByVenueAccount: { venueAccounts: [], underlyings: [], joint: [] },
  greeks: [],
  markGaps: [],
  netting: {
    positions: nothing,
    accounts: nothing,
    venues: nothing,
    book: nothing,
    withinAccounts: nothing,
    withinVenues: nothing,
    acrossVenues: nothing,
  },
}

function accountPnlTable({ pnl, legs }: Evaluation): AccountPnlTable {
  return {
    venueAccounts: pnl.accounts.map(({ key, legs: [first] }) => ({
      venueAccount: key,
      venue: (first === undefined ? undefined : legs[first]?.venue) ?? '',
    })),
    underlyings: pnl.underlyings.map(({ underlying, rows, accounts }) => ({
      underlying,
      scenarios: rows.map(({ scenario: { id } }, at) => ({ id, pnl: accounts.map((own) => own.pnl[at] as Wad) })),
    })),
    joint: pnl.joint.rows.map(({ id }, at) => ({ id, pnl: pnl.joint.accounts.map((own) => own.pnl[at] as Wad) })),
  }
}

function markGaps({ pnl, legs }: Evaluation): readonly MarkGap[] {
  return legs.flatMap(({ key, position: { venueValue } }, index): readonly MarkGap[] => {
    if (venueValue === undefined) return []
    const model = pnl.values[index] ?? 0n
    const gap = model - venueValue
    return [{ key, model, venue: venueValue, gap, relative: venueValue === 0n ? null : (gap * wad) / abs(venueValue) }]
  })
}
