import type { MarginLine, MarginLineId, Requirement } from '../../../core/margin.ts'
import type { Market } from '../../../core/market.ts'
import type { MarginParameters } from '../../../core/parameters.ts'
import { type QuoteUnits, type Wad, wad, wadPerQuoteUnit } from '../../../core/units.ts'
import { abs, ceilDiv, max, min, mul, mulUp } from '../../../kernel/fixedPoint.ts'
import { scanCharges } from '../aggregate.ts'
import type { Leg } from '../legs.ts'
import { memoizePair } from '../memoize.ts'
import { forwardOf, type Valuer } from '../revalue.ts'
import type { ScenarioPnl } from '../scenarioPnl.ts'
import { deltaExposures, tokensOf } from './exposures.ts'
import { liquidityCharge } from './liquidity.ts'
import { hedgedDeltaMinimum, type Stage, settlementGap, shortOptionMinimum, sumOf, wrappedBasis } from './minimums.ts'
import { oracleConfidence } from './oracleConfidence.ts'
import { venueFailure, venueNeeds } from './venueLines.ts'

/** What the lines of a book are computed from. */
export type LineInputs = {
  readonly pnl: ScenarioPnl
  readonly market: Market
  readonly parameters: MarginParameters
  readonly valuer: Valuer
  /** Unix seconds. */
  readonly timestamp: number
  /** Equity as signed. */
  readonly equity: QuoteUnits
}

/**
 * The requirement of a book as lines that sum to it (model section 6). Products, quotients and roots are rounded up, quantities
 * are exact, each line is rounded up to quote units by itself.
 */
export function marginLines(inputs: LineInputs): readonly MarginLine[] {
  const { pnl, parameters, market, valuer, timestamp } = inputs
  const { legs } = pnl
  const minimums = { legs, valuer, parameters, timestamp, exposures: deltaExposures(legs, valuer) }
  const scanWithout = scanCharges(pnl, parameters)
  const scan = scanWithout(new Set()).charge

  const lines: MarginLine[] = []
  const add = (id: MarginLineId, rule: (stage: Stage) => QuoteUnits) =>
    lines.push({ id, initial: rule('initial'), maintenance: rule('maintenance') })
  const addUp = (id: MarginLineId, rule: (stage: Stage) => Wad) => add(id, (stage) => toQuoteUnitsUp(rule(stage)))
  const initialOnly = (value: Wad) => (stage: Stage) => (stage === 'initial' ? value : 0n)

  addUp('scan', (stage) => mulUp(parameters.lines.scan[stage], scan))
  addUp('wrappedBasis', wrappedBasis(minimums))
  addUp('shortOptionMinimum', shortOptionMinimum(minimums))
  addUp('hedgedDeltaMinimum', hedgedDeltaMinimum(minimums))
  addUp('liquidity', liquidityCharge(minimums))
  addUp('oracleConfidence', initialOnly(oracleConfidence(minimums, market)))
  addUp('settlementGap', settlementGap(minimums))

  const aboveFailure = totalOf(lines)
  const failure = venueFailure(pnl, parameters, scanWithout)
  add('venueFailure', (stage) => max(0n, toQuoteUnitsUp(failure(stage).cost) - aboveFailure[stage]))
  const aboveFloor = totalOf(lines)
  const needed = toQuoteUnitsUp(sumOf(venueNeeds(pnl), ({ need }) => need))
  add('venueFloor', initialOnly(max(0n, needed - aboveFloor.initial)))

  const arithmetic = arithmeticBound(inputs)
  add('arithmetic', () => arithmetic)
  const cap = longOptionCap(inputs, totalOf(lines))
  add('longOptionCap', (stage) => cap[stage])
  return lines
}

/** Sum of requirements. */
export function totalOf(requirements: readonly Requirement[]): Requirement {
  return requirements.reduce(
    (total, { initial, maintenance }) => ({
      initial: total.initial + initial,
      maintenance: total.maintenance + maintenance,
    }),
    { initial: 0n, maintenance: 0n },
  )
}

/** WAD USD to quote units, rounded up. */
export function toQuoteUnitsUp(value: Wad): QuoteUnits {
  return ceilDiv(value, wadPerQuoteUnit)
}

/** One ceil of `Σ abs(quantity) · ε · forward`, uncredited: the kernel's two-sided error (docs/kernel.md). */
function arithmeticBound({ pnl, valuer, parameters }: LineInputs): QuoteUnits {
  const notional = sumOf(pnl.legs, (leg) => arithmeticNotional(leg, valuer))
  return ceilDiv(notional * parameters.lines.arithmetic.epsilon, wad * wad * wadPerQuoteUnit)
}

/** `abs(quantity) · forward` of a leg, uncredited, USD scaled by 1e36. */
export const arithmeticNotional = memoizePair((leg: Leg, valuer: Valuer): bigint => {
  const { base } = valuer
  switch (leg.kind) {
    case 'perpetual':
    case 'settledOption':
      return abs(leg.size) * base.price(leg.underlying)
    case 'option':
      return abs(leg.size) * forwardOf(leg, base)
    case 'perpetualLiquidity':
      // The base of the range and what was borrowed, each with an error of its own.
      return (abs(valuer.order(leg).base) + 2n * leg.baseDebt) * base.price(leg.underlying)
    case 'token':
    case 'liquidity':
      return sumOf(
        tokensOf(leg, valuer),
        ({ token, quantity }) => abs(mul(quantity, token.rate)) * base.price(token.underlying),
      )
    case 'fixedDebt':
      return 0n
  }
})

/** A book that cannot lose more than its worth is not charged more than its equity. */
function longOptionCap({ pnl, equity }: LineInputs, { initial, maintenance }: Requirement): Requirement {
  const neverNegative = pnl.legs.every(
    (leg) =>
      leg.kind === 'liquidity' ||
      (leg.kind === 'token' && leg.quantity > 0n) ||
      ((leg.kind === 'option' || leg.kind === 'settledOption') && leg.size > 0n),
  )
  if (!neverNegative) return { initial: 0n, maintenance: 0n }
  const limit = max(0n, equity)
  return { initial: min(0n, limit - initial), maintenance: min(0n, limit - maintenance) }
}
