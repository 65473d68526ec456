import type { Book, BookPosition } from '../../../core/book.ts'
import { positionId, secondsTo, yearsTo } from '../../../core/book.ts'
import { UnmodeledPositionError } from '../errors.ts'
import { forwardOf, underlyingMarket } from '../forward.ts'
import { currencyPrice, optionGreeks, optionPrice, perpetualPrice, unrealizedResult } from '../valuation.ts'
import { volatilityOf } from '../volatility.ts'
import type { DeribitPmParameters } from './parameters.ts'
import type { Repricer } from './riskMatrix.ts'

type Held<Kind extends BookPosition['kind']> = Extract<BookPosition, { kind: Kind }>

/** A perpetual, future or option as the risk matrix sees it; amounts of money in its settlement currency. */
export type Instrument = {
  readonly id: string
  readonly underlying: string
  readonly settlement: string
  /** Settled in the underlying itself. */
  readonly inCoin: boolean
  /** Zero for a perpetual. */
  readonly years: number
  /** What the position is worth; of a future its unrealized result. */
  readonly value: number
  /** In units of the underlying. */
  readonly delta: number
  readonly reprice: Repricer
}

/**
 * The instrument of a position.
 *
 * @throws {UnmodeledPositionError} for a position that Deribit does not list.
 */
export function instrumentOf(
  position: Held<'perpetual'> | Held<'future'> | Held<'option'>,
  index: number,
  book: Book,
  parameters: DeribitPmParameters,
): Instrument {
  const { portfolio, market } = book
  const inCoin = position.payoff === 'inverse'
  const shared = {
    id: positionId(position, index),
    underlying: position.underlying,
    settlement: position.settlement ?? (inCoin ? position.underlying : portfolio.quote),
    inCoin,
  }
  if (inCoin && shared.settlement !== position.underlying) {
    throw new UnmodeledPositionError(`${shared.id} pays in coin but settles in ${shared.settlement}.`, {
      metaMessages: [`Leave its settlement out, or make it ${position.underlying}.`],
    })
  }
  const unit = inCoin ? 1 : currencyPrice(market, shared.settlement)
  if (position.kind === 'option') return { ...shared, ...optionOf(position, book, parameters, unit) }
  const quoted = underlyingMarket(market, position.underlying)
  const forward = position.kind === 'future' ? forwardOf(market, position.underlying, position, portfolio.asOf) : null
  const mark = forward?.price ?? perpetualPrice(quoted)
  const fixed = forward?.fixed ?? 0
  const size = position.amount * (position.kind === 'future' ? (position.multiplier ?? 1) : 1)
  const result = unrealizedResult(position, mark, quoted.price)
  return {
    ...shared,
    years: position.kind === 'future' ? yearsTo(position, portfolio.asOf) : 0,
    value: inCoin ? result / quoted.price : result / unit,
    delta: inCoin ? size / mark : size,
    reprice: (move) => {
      const shocked = (mark - fixed) * (1 + move) + fixed
      return inCoin ? size * (1 / mark - 1 / shocked) : (size * (shocked - mark)) / unit
    },
  }
}

function optionOf(position: Held<'option'>, book: Book, parameters: DeribitPmParameters, unit: number) {
  const { portfolio, market } = book
  const { right, strike, amount, multiplier = 1, payoff, underlying, style } = position
  if (style === 'american') {
    throw new UnmodeledPositionError(`The ${right} on ${underlying} at ${strike} has American exercise.`, {
      metaMessages: ['Deribit lists European options only.'],
    })
  }
  const inCoin = payoff === 'inverse'
  const years = yearsTo(position, portfolio.asOf)
  const seconds = secondsTo(position, portfolio.asOf)
  const { price, fixed } = forwardOf(market, underlying, position, portfolio.asOf)
  const volatility = volatilityOf(market, position, portfolio.asOf)
  const size = amount * multiplier
  // Deribit prices without interest; in coin the price is in units of the forward.
  const priceOf = (forward: number, moved: number) => {
    const plain = optionPrice({ right, forward, strike, volatility: moved, years, discount: 1 })
    return inCoin ? plain / forward : plain / unit
  }
  const now = priceOf(price, volatility)
  const mark = position.mark === undefined ? now : position.mark / (inCoin ? 1 : unit)
  const black = optionGreeks({ right, forward: price, strike, volatility, years, discount: 1 }).deltaForward
  return {
    years,
    value: size * mark,
    delta: size * (inCoin && parameters.optionDelta === 'net-transaction' ? black - mark : black),
    reprice: (move: number, moveOf: (volatility: number, seconds: number) => number) =>
      size * (priceOf((price - fixed) * (1 + move) + fixed, moveOf(volatility, seconds)) - now),
  }
}
