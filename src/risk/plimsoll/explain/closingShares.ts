import { type QuoteUnits, wad } from '../../../core/units.ts'
import { floorDiv } from '../../../kernel/fixedPoint.ts'
import type { Evaluation } from '../evaluateBook.ts'
import type { Stage } from '../lines/minimums.ts'
import { canFail, venueFailure, venueNeeds } from '../lines/venueLines.ts'
import { addShares, type FineShare, scaleDown, sharesPerQuoteUnit, sharesPerWad, split } from './apportion.ts'
import { scanShares, stakes } from './scanShares.ts'

/**
 * Shares in the venue failure line: of the venue that fails, what is lost by credited value; of the others, the scan that is
 * left without it. Pro rata to their sum, of which the line is what other lines do not cover.
 */
export function failureShares(
  { pnl, context }: Pick<Evaluation, 'pnl' | 'context'>,
  stage: Stage,
  line: QuoteUnits,
): readonly FineShare[] {
  const nothing = pnl.legs.map(() => 0n)
  if (line === 0n) return nothing
  const { parameters } = context
  const { group, lost } = venueFailure(pnl, parameters)(stage)
  const gone = new Set(
    pnl.accounts.filter((account) => account.failureGroup === group && canFail(account, pnl)).map(({ key }) => key),
  )
  const rest = scanShares(pnl, parameters, gone)
  const remaining = addShares(rest.pnl, rest.liquidation)
  const factor = parameters.lines.scan[stage]
  const share = wad - parameters.lines.venueFailure.recovery
  const weights = pnl.legs.map((leg, index) =>
    gone.has(leg.venueAccount)
      ? lost > 0n
        ? (pnl.creditedValues[index] ?? 0n) * share
        : 0n
      : floorDiv((remaining[index] ?? 0n) * factor, wad),
  )
  return scaleDown(line, weights)
}

/** Shares in the venue floor: what each venue account needs, split inside it by what is at stake. */
export function floorShares({ pnl }: Pick<Evaluation, 'pnl'>, line: QuoteUnits): readonly FineShare[] {
  const shares = pnl.legs.map(() => 0n)
  if (line === 0n) return shares
  const stake = stakes(pnl)
  for (const { venueAccount, need } of venueNeeds(pnl)) {
    const legs = pnl.accounts.find(({ key }) => key === venueAccount)?.legs ?? []
    const parts = split(
      need * sharesPerWad,
      legs.map((leg) => stake[leg] ?? 0n),
    )
    legs.forEach((leg, place) => {
      shares[leg] = parts[place] ?? 0n
    })
  }
  return scaleDown(line, shares)
}

/** Shares in the long-option cap: relief pro rata to what the other lines charge each leg. */
export function capShares(line: QuoteUnits, charged: readonly QuoteUnits[]): readonly FineShare[] {
  const sum = charged.reduce((total, own) => total + own, 0n)
  return charged.map((own) => (line === 0n || sum === 0n ? 0n : floorDiv(line * own * sharesPerQuoteUnit, sum)))
}
