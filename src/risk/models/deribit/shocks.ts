import type { Book } from '../../../core/book.ts'
import { underlyingMarket } from '../forward.ts'
import { exp } from '../math/exponential.ts'
import type { Instrument } from './instruments.ts'
import type { CurrencyRules, DeribitPmParameters, PairRules } from './parameters.ts'
import type { RiskVector } from './riskMatrix.ts'

/** The instruments on one underlying that settle in one currency, with their results. */
export type Pair = {
  readonly name: string
  readonly underlying: string
  readonly rules: PairRules
  readonly inCoin: boolean
  readonly instruments: readonly { readonly instrument: Instrument; readonly vector: RiskVector }[]
  readonly preAggregated: RiskVector
  readonly aggregated: RiskVector
}

/** Net delta of every expiry times the move that a roll between expiries costs. Source: verified at the least move. */
export function rollShockOf(
  { instruments, underlying, inCoin }: Pair,
  { minAnnualisedMove, annualisedMoveRisk }: CurrencyRules,
  { market }: Book,
  unit: number,
  { rollMove }: DeribitPmParameters,
): number {
  const expiries = new Map<number, number>()
  for (const { instrument } of instruments) {
    expiries.set(instrument.years, (expiries.get(instrument.years) ?? 0) + instrument.delta)
  }
  let shock = 0
  for (const [years, delta] of expiries) {
    const grown = annualisedMoveRisk * years
    const move = Math.max(minAnnualisedMove, rollMove === 'exponential' ? exp(grown) - 1 : grown)
    shock += Math.abs(delta) * move
  }
  return inCoin ? shock : (shock * underlyingMarket(market, underlying).price) / unit
}

/** Rate that grows with the delta beyond a threshold, on the whole delta; third-party sources only, no published figure above zero. */
export function deltaShockOf({ instruments, underlying, rules, inCoin }: Pair, { market }: Book, unit: number): number {
  const price = underlyingMarket(market, underlying).price
  const delta = Math.abs(deltaOf(instruments))
  const excess = Math.max(0, delta - rules.deltaThreshold / price)
  const shock = delta * Math.min(rules.maxDeltaShock, rules.deltaIncrement * excess)
  return inCoin ? shock : (shock * price) / unit
}

/** Net delta in units of the underlying. */
export function deltaOf(instruments: Pair['instruments']): number {
  return instruments.reduce((sum, { instrument }) => sum + instrument.delta, 0)
}
