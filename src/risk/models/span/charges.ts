import { type Commodity, contains } from './commodity.ts'
import type { DeltaLedger } from './deltas.ts'
import { moneyOf } from './intraSpreads.ts'
import { roundTo } from './rounding.ts'
import type { Row } from './rows.ts'

/** Charge of one period near delivery. */
export type SpotChargeItem = {
  readonly period: number
  readonly remaining: number
  readonly consumed: number
  readonly charge: number
}

/**
 * Spot (delivery) charges: what remains and what spreads have consumed of each period's delta, at a rate for each.
 * Source: CME, type 4 records; the side is London SPAN's.
 */
export function spotCharges(
  ledger: DeltaLedger,
  { spotCharges: definitions = [] }: Commodity,
  contractPrice: number,
  places?: number,
): readonly SpotChargeItem[] {
  return ledger.flatMap(({ period, net, remaining }) => {
    const definition = definitions.find((candidate) => contains(candidate, period))
    if (definition === undefined) return []
    const { side = 'both' } = definition
    if ((side === 'long' && !(net > 0)) || (side === 'short' && !(net < 0))) return []
    const left = Math.abs(remaining)
    const consumed = Math.abs(net - remaining)
    const charge =
      left * moneyOf(definition.remaining ?? 0, contractPrice) +
      consumed * moneyOf(definition.consumed ?? 0, contractPrice)
    return [{ period, remaining: left, consumed, charge: roundTo(charge, places) }]
  })
}

/** What the short option minimum rests on. */
export type ShortOptionMinimum = {
  readonly shortCalls: number
  readonly shortPuts: number
  readonly charge: number
}

/**
 * Short option minimum: money for every short option contract, or a share of the price of what it controls; `gross` adds short
 * calls and short puts, `max` takes the larger charge. Source: CME, types 4 and S records ("2" and "1").
 */
export function shortOptionMinimum(
  rows: readonly Row[],
  { shortOptionMinimum: settings }: Commodity,
  places?: number,
): ShortOptionMinimum {
  const shorts = rows.filter(({ kind, amount }) => kind !== 'linear' && amount < 0)
  const chargeOf = (kind: Row['kind']) =>
    shorts
      .filter((row) => row.kind === kind)
      .reduce((sum, { amount, period, notional }) => {
        const rate = settings?.tiers?.find((tier) => contains(tier, period))?.rate ?? settings?.rate ?? 0
        return sum - amount * moneyOf(rate, -notional / amount)
      }, 0)
  const countOf = (kind: Row['kind']) =>
    shorts.filter((row) => row.kind === kind).reduce((sum, { amount }) => sum - amount, 0)
  const [calls, puts] = [chargeOf('call'), chargeOf('put')]
  return {
    shortCalls: countOf('call'),
    shortPuts: countOf('put'),
    charge: roundTo(settings?.method === 'max' ? Math.max(calls, puts) : calls + puts, places),
  }
}
