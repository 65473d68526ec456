import { type BookMarket, type BookPosition, yearsTo } from '../../core/book.ts'
import { MissingMarketDataError } from '../../core/errors.ts'
import { UnmodeledPositionError } from './errors.ts'
import { forwardOf, underlyingMarket } from './forward.ts'
import { crr } from './math/binomial.ts'
import { exp, log } from './math/exponential.ts'
import { impliedVolatility } from './math/impliedVolatility.ts'
import { type Valuer, valuerOf } from './valuation.ts'
import { type OptionPosition, volatilityOf } from './volatility.ts'

/** Steps of a lattice unless a model chooses others. */
export const latticeSteps = 100

/**
 * A function that values the position at any shock, as `valuerOf` does, with early exercise where the option has it: a
 * Cox–Ross–Rubinstein lattice over the spot, with the yield that its forward implies.
 *
 * @throws {MissingMarketDataError} for a price or volatility that the book does not have.
 * @throws {UnmodeledPositionError} for American exercise of an option that is paid in coin or margined like a future.
 */
export function exerciseValuerOf(
  position: BookPosition,
  market: BookMarket,
  asOf: number,
  steps: number = latticeSteps,
): Valuer {
  if (position.kind !== 'option' || position.style !== 'american') return valuerOf(position, market, asOf)
  if (position.payoff === 'inverse' || position.premium === 'futures') {
    throw new UnmodeledPositionError(
      `The ${position.right} on ${position.underlying} at ${position.strike} has American exercise and is not paid up front in the quote.`,
      { metaMessages: ['Give it European exercise: exercising such an option early gains nothing.'] },
    )
  }
  const { underlying, amount, multiplier = 1 } = position
  const volatility = volatilityOf(market, position, asOf)
  const years = yearsTo(position, asOf)
  const unit = latticePrice(position, market, asOf, steps)
  return (shock) => {
    const remaining = Math.max(0, years - (shock?.elapsed ?? 0))
    const moved = shock?.volatility?.(volatility, years, position) ?? volatility
    return amount * multiplier * unit(shock?.prices?.[underlying] ?? 1, moved, remaining)
  }
}

/**
 * The position with the volatility that its mark implies, where it has a mark and no volatility of its own: a European option by
 * Black-76, an American one by bisection on the lattice, to 1e-9.
 *
 * @throws {ImpliedVolatilityError} for a mark of a European option that no volatility explains.
 * @throws {MissingMarketDataError} for such a mark of an American option.
 */
export function withImpliedVolatility<Position extends BookPosition>(
  position: Position,
  market: BookMarket,
  asOf: number,
  steps: number = latticeSteps,
): Position {
  if (position.kind !== 'option' || position.mark === undefined || position.volatility !== undefined) return position
  const time = yearsTo(position, asOf)
  if (time === 0) return { ...position, volatility: 0 }
  return { ...position, volatility: impliedBy(position, position.mark, market, asOf, steps, time) }
}

function impliedBy(
  position: OptionPosition,
  mark: number,
  market: BookMarket,
  asOf: number,
  steps: number,
  time: number,
): number {
  const { right, strike, payoff, premium } = position
  const { price: forward, rate } = forwardOf(market, position.underlying, position, asOf)
  if (position.style !== 'american') {
    const price = payoff === 'inverse' ? mark * forward : mark
    const discount = payoff === 'inverse' || premium === 'futures' ? 1 : exp(-rate * time)
    return impliedVolatility({ right, price, forward, strike, discount, time })
  }
  const unit = latticePrice(position, market, asOf, steps)
  const carry = Math.abs(log(forward / underlyingMarket(market, position.underlying).price)) / time
  // Below this volatility a step's carry outruns its branches and the lattice has no probability.
  let [low, high] = [1e-4 + 1.01 * carry * Math.sqrt(time / steps), 10]
  const [least, most] = [unit(1, low, time), unit(1, high, time)]
  if (!(mark > least && mark < most)) {
    throw new MissingMarketDataError(
      `The mark ${mark} of the ${right} on ${position.underlying} at ${strike} has no implied volatility: it must be between ${least} and ${most}.`,
      { metaMessages: ['Give the option a volatility.'] },
    )
  }
  while (high - low > 1e-9) {
    const middle = (low + high) / 2
    if (unit(1, middle, time) < mark) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Price of one unit at a factor on the spot, a volatility and the years that remain. */
function latticePrice(position: OptionPosition, market: BookMarket, asOf: number, steps: number) {
  const { right, strike, underlying } = position
  const spot = underlyingMarket(market, underlying).price
  const years = yearsTo(position, asOf)
  const { price: forward, rate } = forwardOf(market, underlying, position, asOf)
  const dividendYield = years > 0 ? rate - log(forward / spot) / years : 0
  return (factor: number, volatility: number, time: number): number =>
    crr({ spot: spot * factor, strike, rate, dividendYield, time, volatility, right, exercise: 'american', steps })
}
