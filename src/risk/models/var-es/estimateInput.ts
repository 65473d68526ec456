import type { Book } from '../../../core/book.ts'
import type { Detail } from '../model.ts'
import { type FactorReturns, factorReturns, factorsOf } from './factorReturns.ts'
import type { VarEsParameters } from './parameters.ts'
import { type ProfitAndLoss, profitAndLossOf } from './profitAndLoss.ts'
import type { Tail } from './sampleTail.ts'

/** One observed or simulated move of all factors. */
export type Outcome = {
  readonly id: string
  readonly returns: readonly number[]
  readonly pnl: number
  /** Kept for observed moves. */
  readonly pnlByPosition?: readonly number[]
}

/** The distribution of the P&L under one regime of correlations. */
export type Estimate = {
  readonly regime: string
  readonly tail: (confidence: number) => Tail
  /** In the order of time or of draws; empty for an estimator that has no outcomes. */
  readonly outcomes: readonly Outcome[]
  readonly details: { readonly [key: string]: Detail }
}

/** What every estimator needs to know of a book. */
export type EstimateInput = {
  readonly book: Book
  readonly parameters: VarEsParameters
  readonly factors: readonly string[]
  readonly pnlOf: ProfitAndLoss
  /** Read when an estimator asks for it. */
  readonly history: () => FactorReturns
  /** The same without the longest look-back, for what anti-procyclicality measures. */
  readonly longHistory: () => FactorReturns
  /** Marks of invented histories that were read. */
  readonly synthetic: () => readonly string[]
}

/** Prepares a book; nothing is read of its histories yet. Errors as `valuersOf`. */
export function estimateInput(book: Book, parameters: VarEsParameters): EstimateInput {
  const factors = factorsOf(book)
  const read = once(() => factorReturns(book, parameters))
  const readAll = once(() =>
    factorReturns(book, { ...parameters, lookBack: { ...parameters.lookBack, maximum: null } }),
  )
  return {
    book,
    parameters,
    factors,
    pnlOf: profitAndLossOf(book, factors, parameters),
    history: read.get,
    longHistory: readAll.get,
    synthetic: () => [...new Set([read, readAll].flatMap(({ found }) => found()?.synthetic ?? []))],
  }
}

function once<Value>(make: () => Value) {
  let value: Value | undefined
  return {
    get: () => {
      value ??= make()
      return value
    },
    found: () => value,
  }
}

/** Sum of a P&L by position, or of any numbers, in their order. */
export function total(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
