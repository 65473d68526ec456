import type { Book, BookPosition } from '../../../core/book.ts'
import { exerciseValuerOf } from '../exercise.ts'
import { forwardOf, underlyingMarket } from '../forward.ts'
import { perpetualPrice, type Shock, spotPrice } from '../valuation.ts'
import type { Commodity } from './commodity.ts'
import type { SpanParameters } from './parameters.ts'
import { roundTo } from './rounding.ts'
import { priceMoves } from './scanning.ts'

/** The risk array of one long contract, as the model prices it. */
export type ComputedArray = { readonly array: readonly number[]; readonly compositeDelta: number }

type Scanned = Exclude<BookPosition, { kind: 'cash' }>

/** Relative half-width of the difference that stands for a slope: its error is below 1e-8 of the price. */
const step = 1e-5

/** A price falls by all but this share at most. */
const leastFactor = 1e-9

/**
 * Values of one long contract in the 16 scenarios: value now less value after the look-ahead at the moved price and
 * volatility, so that a loss is positive; scenarios 15 and 16 move the price alone and count at their cover.
 * The composite delta is the weighted mean of the deltas at the seven price moves, after the look-ahead and at an unchanged
 * volatility; a linear position has its slope. Source: CME, "Components of SPAN".
 */
export function computeArray(input: {
  readonly book: Book
  readonly position: Scanned
  /** Price scan range in points of the underlying. */
  readonly points: number
  readonly volatility: Commodity['volatilityScanRange']
  readonly extremeMove: SpanParameters['extremeMove']
  readonly lookAhead: number
  readonly compositeDelta: SpanParameters['compositeDelta']
  readonly places?: number
}): ComputedArray {
  const { book, position, points, extremeMove, lookAhead } = input
  const amount = position.kind === 'liquidity' ? 1 : position.amount
  if (amount === 0) return { array: Array.from({ length: 16 }, () => 0), compositeDelta: 0 }
  const price = referencePrice(book, position)
  const valuer = exerciseValuerOf(position, book.market, book.portfolio.asOf)
  const now = valuer()
  const factorAt = (move: number) => Math.max(leastFactor, 1 + (move * points) / price)
  const shockAt = (factor: number, volatility?: 1 | -1): Shock => ({
    prices: { [position.underlying]: factor },
    elapsed: lookAhead,
    ...(volatility === undefined ? {} : { volatility: (value) => moveVolatility(value, input.volatility, volatility) }),
  })
  const array = Array.from({ length: 16 }, (_, scenario) => {
    const loss =
      scenario < 14
        ? now - valuer(shockAt(factorAt(priceMoves[scenario] as number), scenario % 2 === 0 ? 1 : -1))
        : (now - valuer(shockAt(factorAt(scenario === 14 ? extremeMove.multiplier : -extremeMove.multiplier)))) *
          extremeMove.cover
    // Adding zero makes a negative zero positive, which JSON could not keep.
    return roundTo(loss / amount, input.places) + 0
  })
  return { array, compositeDelta: linearDelta(book, position) ?? compositeDelta(input.compositeDelta, slopeAt) }

  function slopeAt(move: number): number {
    const factor = factorAt(move)
    const multiplier = position.kind === 'option' || position.kind === 'future' ? (position.multiplier ?? 1) : 1
    const change = valuer(shockAt(factor * (1 + step))) - valuer(shockAt(factor * (1 - step)))
    return change / (2 * step * factor * price * amount * multiplier)
  }
}

/** Delta per unit of what moves in a straight line; undefined for the rest. */
function linearDelta({ market }: Book, position: Scanned): number | undefined {
  switch (position.kind) {
    case 'spot':
      return spotPrice(position, market) / underlyingMarket(market, position.underlying).price
    case 'future':
    case 'perpetual':
      return position.payoff === 'inverse' ? undefined : 1
    default:
      return undefined
  }
}

/** The price that the scan moves: of the future, the perpetual, the forward of an option, or the spot. */
export function referencePrice({ market, portfolio }: Book, position: Scanned): number {
  switch (position.kind) {
    case 'option':
    case 'future':
      return forwardOf(market, position.underlying, position, portfolio.asOf).price
    case 'perpetual':
      return perpetualPrice(underlyingMarket(market, position.underlying))
    default:
      return underlyingMarket(market, position.underlying).price
  }
}

/** The price scan range in points of the price that the position follows. */
export function scanRangePoints(
  book: Book,
  position: Scanned,
  { contractSize = 1 }: Commodity,
  { priceScanRange: { kind, value } }: Pick<Commodity, 'priceScanRange'>,
): number {
  if (kind === 'points') return value
  if (kind === 'contract') return value / contractSize
  return value * referencePrice(book, position)
}

function compositeDelta(
  { weights, normalize }: SpanParameters['compositeDelta'],
  deltaAt: (move: number) => number,
): number {
  let sum = 0
  let total = 0
  for (const [third, weight] of weights.entries()) {
    const moves = third === 0 ? [0] : [third / 3, -third / 3]
    for (const move of moves) {
      sum += weight * deltaAt(move)
      total += weight
    }
  }
  return normalize ? sum / total : sum
}

function moveVolatility(volatility: number, { kind, value }: Commodity['volatilityScanRange'], sign: 1 | -1): number {
  return Math.max(0, kind === 'absolute' ? volatility + sign * value : volatility * (1 + sign * value))
}
