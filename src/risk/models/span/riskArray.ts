import type { Book, BookPosition } from '../../../core/book.ts'
import { forwardOf, underlyingMarket } from '../forward.ts'
import { exerciseValuerOf } from '../pricedOption.ts'
import type { Shock } from '../valuation.ts'
import type { Commodity, SpanParameters } from './parameters.ts'
import { roundTo } from './parameters.ts'
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
 * volatility; that of a linear position is its slope. Source: CME, "Components of SPAN".
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
  const price = underlyingMarket(book.market, position.underlying).price
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
    return roundTo(loss / amount, input.places)
  })
  const slopeAt = (factor: number) =>
    (valuer(shockAt(factor * (1 + step))) - valuer(shockAt(factor * (1 - step)))) / (2 * step * factor * price)
  const units = amount * unitsOfDelta(book, position)
  return { array, compositeDelta: compositeDelta(input.compositeDelta, (move) => slopeAt(factorAt(move)) / units) }
}

/** The price scan range in points of the underlying. */
export function scanRangePoints(
  { market }: Book,
  { underlying }: Scanned,
  { contractSize = 1 }: Commodity,
  { priceScanRange: { kind, value } }: Pick<Commodity, 'priceScanRange'>,
): number {
  if (kind === 'points') return value
  if (kind === 'contract') return value / contractSize
  return value * underlyingMarket(market, underlying).price
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

/**
 * Units of slope that make one delta: an option's delta refers to its forward, which moves faster or slower than the spot,
 * and one contract to the units that it holds.
 */
function unitsOfDelta({ market, portfolio }: Book, position: Scanned): number {
  switch (position.kind) {
    case 'option':
    case 'future': {
      const { price, fixed } = forwardOf(market, position.underlying, position, portfolio.asOf)
      const slope = (price - fixed) / underlyingMarket(market, position.underlying).price
      return (position.multiplier ?? 1) * slope
    }
    default:
      return 1
  }
}
