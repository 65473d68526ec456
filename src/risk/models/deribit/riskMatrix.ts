import { volatilityFactors } from '../volatilityShock.ts'
import type { CurrencyRules, DeribitPmParameters, PairRules } from './parameters.ts'

/** Results in the settlement currency: price buckets from the lowest, each with volatility down, same and up; then the tails. */
export type RiskVector = { readonly standard: readonly number[]; readonly extended: readonly number[] }

/** Result of a position at a relative move of the price and a factor on its volatility with a floor. */
export type Repricer = (move: number, volatility: VolatilityMove) => number

/** What happens to the volatility of an option from its value and its term in seconds. */
export type VolatilityMove = (volatility: number, seconds: number) => number

type Matrix = Pick<DeribitPmParameters, 'bucketsPerSide' | 'extendedMoves' | 'termFloor'>

/** Relative price moves of the standard table, from the end of the range downwards to its end upwards. */
export function standardMoves({ bucketsPerSide }: Matrix, { priceRange }: PairRules): number[] {
  return Array.from(
    { length: 2 * bucketsPerSide + 1 },
    (_, index) => (priceRange * (index - bucketsPerSide)) / bucketsPerSide,
  )
}

/** Volatility down, same and up. Source: Deribit, "Portfolio Margin"; the floor binds upwards only. */
export function volatilityMoves({ termFloor }: Matrix, rules: PairRules): readonly VolatilityMove[] {
  const factors = (seconds: number) =>
    volatilityFactors(
      {
        up: rules.volatilityRangeUp,
        down: rules.volatilityRangeDown,
        shortTermPower: rules.shortTermVegaPower,
        longTermPower: rules.longTermVegaPower,
        termFloor,
      },
      seconds,
    )
  return [
    (volatility, seconds) => volatility * factors(seconds).down,
    (volatility) => volatility,
    (volatility, seconds) => Math.max(rules.minVolatilityForShockUp, volatility * factors(seconds).up),
  ]
}

/**
 * Results of one position. A tail counts `result · factor · range / |move|`, in coin also times `(1 + move) / (1 ± range)`, which is what
 * the loss would be at the end of the range. Source: verified on the responses that Deribit publishes.
 */
export function riskVector(matrix: Matrix, rules: PairRules, reprice: Repricer, inCoin: boolean): RiskVector {
  const moves = volatilityMoves(matrix, rules)
  const up = moves[2] as VolatilityMove
  const standard = standardMoves(matrix, rules).flatMap((move) => moves.map((volatility) => reprice(move, volatility)))
  const extended = matrix.extendedMoves.map((move) => {
    const scale = (rules.extendedTableFactor * rules.priceRange) / Math.abs(move)
    const coin = inCoin ? (1 + move) / (1 + Math.sign(move) * rules.priceRange) : 1
    return reprice(move, up) * scale * coin
  })
  return { standard, extended }
}

/** Sum of vectors of one length, entry by entry. */
export function sumVectors(vectors: readonly RiskVector[], { standard, extended }: RiskVector): RiskVector {
  const sum = (entries: readonly number[], pick: (vector: RiskVector) => readonly number[]) =>
    entries.map((_, index) => vectors.reduce((total, vector) => total + (pick(vector)[index] ?? 0), 0))
  return { standard: sum(standard, (vector) => vector.standard), extended: sum(extended, (vector) => vector.extended) }
}

/**
 * What counts of the results of one pair: a share of gains, and tails closer to zero by a sum of money per range that a move goes
 * beyond the range. `unit` is what a unit of the settlement currency is worth in the quote; in coin it moves with the tail.
 */
export function dampenVector(
  vector: RiskVector,
  matrix: Matrix,
  rules: PairRules,
  { pnlOffset, maxOffsetablePnl, extendedDampener }: CurrencyRules,
  { unit, inCoin }: { readonly unit: number; readonly inCoin: boolean },
): RiskVector {
  const most = maxOffsetablePnl === undefined || pnlOffset === 0 ? Infinity : maxOffsetablePnl / unit
  const offset = (result: number) => (result > 0 ? Math.min(result * pnlOffset, most) : result)
  return {
    standard: vector.standard.map(offset),
    extended: vector.extended.map((result, index) => {
      const move = matrix.extendedMoves[index] as number
      const counted = offset(result)
      const ranges = Math.max(Math.abs(move) / rules.priceRange - 1, 0)
      const worth = inCoin ? (1 + Math.sign(move) * rules.priceRange) * unit : unit
      const dampener = Math.min((ranges * extendedDampener) / worth, Math.abs(counted))
      return counted > 0 ? counted - dampener : counted + dampener
    }),
  }
}

/** The entry of the largest loss as Deribit names it: everything counts from 1. */
export type WorstBucket = {
  readonly source: 'standard' | 'extended'
  readonly index: number
  readonly bucket: number
  readonly side: 'left' | 'right' | 'center'
}

/** Largest loss, not below zero, with the first entry that attains it; the standard table comes first. */
export function worstCase(
  { standard, extended }: RiskVector,
  matrix: Matrix,
): { readonly loss: number; readonly bucket: WorstBucket | null } {
  let loss = 0
  let bucket: WorstBucket | null = null
  for (const [index, result] of standard.entries()) {
    if (-result <= loss) continue
    loss = -result
    const number = Math.floor(index / 3)
    bucket = { source: 'standard', index: index + 1, bucket: number + 1, side: sideOf(number - matrix.bucketsPerSide) }
  }
  for (const [index, result] of extended.entries()) {
    if (-result <= loss) continue
    loss = -result
    bucket = { source: 'extended', index: index + 1, bucket: index + 1, side: sideOf(matrix.extendedMoves[index] ?? 0) }
  }
  return { loss, bucket }
}

function sideOf(move: number): WorstBucket['side'] {
  return move < 0 ? 'left' : move > 0 ? 'right' : 'center'
}
