import type { Commodity, IntraSpread, PeriodRange, Rate } from './commodity.ts'
import { consume, type DeltaLedger, remainingOn } from './deltas.ts'
import { roundTo } from './rounding.ts'

/** Spreads that were formed from one definition in one direction. */
export type FormedIntraSpread = {
  readonly priority: number
  readonly longSide: 'A' | 'B'
  readonly spreads: number
  readonly rate: number
  readonly charge: number
}

/** Money of a rate; a share refers to the price of one standard contract. */
export function moneyOf(rate: Rate, contractPrice: number): number {
  return typeof rate === 'number' ? rate : rate.shareOfPrice * contractPrice
}

/**
 * Forms calendar spreads and consumes the deltas that they use.
 *
 * Strategy spreads come first, then spreads between named periods, then those between tiers; within each by priority. Each is
 * tried with side A long and B short, then the other way round. Number of spreads = the least of remaining delta / ratio over
 * the legs. Source: CME, Intracommodity Spreading Tier Requirements report; the two passes are those of its method 10.
 */
export function formIntraSpreads(input: {
  readonly ledger: DeltaLedger
  readonly commodity: Commodity
  readonly contractPrice: number
  readonly places?: { readonly spreads?: number | undefined; readonly amount?: number | undefined } | undefined
}): readonly FormedIntraSpread[] {
  const { ledger, commodity, contractPrice, places } = input
  const formed: FormedIntraSpread[] = []
  for (const spread of inOrder(commodity.spreads ?? [])) {
    const legs = legsOf(spread, commodity)
    const rate = moneyOf(spread.rate, contractPrice)
    for (const longSide of ['A', 'B'] as const) {
      const signOf = (side: 'A' | 'B') => (side === longSide ? 1 : -1)
      const possible = Math.min(
        ...legs.map(({ side, range, ratio }) =>
          range === undefined ? 0 : remainingOn(ledger, signOf(side), range) / ratio,
        ),
      )
      const spreads = roundTo(possible, places?.spreads)
      if (!(spreads > 0)) continue
      for (const { side, range, ratio } of legs) consume(ledger, signOf(side), spreads * ratio, range)
      formed.push({
        priority: spread.priority,
        longSide,
        spreads,
        rate,
        charge: roundTo(spreads * rate, places?.amount),
      })
    }
  }
  return formed
}

type Leg = { readonly side: 'A' | 'B'; readonly range: PeriodRange | undefined; readonly ratio: number }

/** Legs with their ranges; two legs on one side of one range are one leg of both ratios. */
function legsOf(spread: IntraSpread, commodity: Commodity): readonly Leg[] {
  const legs = new Map<string, Leg>()
  for (const { tier, period, ratio = 1, side } of spread.legs) {
    const range =
      period === undefined
        ? commodity.tiers?.spread?.find((candidate) => candidate.tier === tier)
        : { from: period, to: period }
    const key = `${side} ${range?.from} ${range?.to} ${tier}`
    legs.set(key, { side, range, ratio: ratio + (legs.get(key)?.ratio ?? 0) })
  }
  return [...legs.values()]
}

function inOrder(spreads: readonly IntraSpread[]): readonly IntraSpread[] {
  const phase = ({ strategy, legs }: IntraSpread) =>
    strategy === true ? 0 : legs.some(({ period }) => period !== undefined) ? 1 : 2
  return spreads.toSorted((left, right) => phase(left) - phase(right) || left.priority - right.priority)
}
