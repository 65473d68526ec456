import { contains, type PeriodRange } from './commodity.ts'
import { roundTo } from './rounding.ts'

/** Net delta of one contract period, and what spreads have left of it. A period has one sign: its contracts net first. */
export type PeriodDelta = { readonly period: number; readonly net: number; remaining: number }

/** Deltas of one commodity by period, in ascending order; spreads consume them. */
export type DeltaLedger = readonly PeriodDelta[]

/** Nets deltas period by period. */
export function ledgerOf(
  rows: readonly { readonly period: number; readonly delta: number }[],
  places?: number,
): DeltaLedger {
  const net = new Map<number, number>()
  for (const { period, delta } of rows) net.set(period, (net.get(period) ?? 0) + delta)
  return [...net]
    .toSorted(([left], [right]) => left - right)
    .map(([period, delta]) => {
      const rounded = roundTo(delta, places)
      return { period, net: rounded, remaining: rounded }
    })
}

/** Sum of what remains in a range on one side, as a positive number. */
export function remainingOn(ledger: DeltaLedger, side: 1 | -1, within?: PeriodRange): number {
  return inRange(ledger, within).reduce((sum, { remaining }) => sum + Math.max(0, side * remaining), 0)
}

/** Long less short of what remains in a range. */
export function netRemaining(ledger: DeltaLedger, within?: PeriodRange): number {
  return inRange(ledger, within).reduce((sum, { remaining }) => sum + remaining, 0)
}

/** Long less short in a range, before any spread. */
export function netDelta(ledger: DeltaLedger, within?: PeriodRange): number {
  return inRange(ledger, within).reduce((sum, { net }) => sum + net, 0)
}

/** Takes deltas of one side out of a range, nearest period first. */
export function consume(ledger: DeltaLedger, side: 1 | -1, amount: number, within?: PeriodRange): void {
  let left = amount
  for (const entry of inRange(ledger, within)) {
    const taken = Math.min(left, Math.max(0, side * entry.remaining))
    entry.remaining -= side * taken
    left -= taken
  }
}

function inRange(ledger: DeltaLedger, within: PeriodRange | undefined): DeltaLedger {
  return within === undefined ? ledger : ledger.filter(({ period }) => contains(within, period))
}
