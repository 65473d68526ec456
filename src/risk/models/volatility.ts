import type { BookMarket, BookPosition } from '../../core/book.ts'
import { yearsTo } from '../../core/book.ts'
import { MissingMarketDataError } from '../../core/errors.ts'
import { atTerm, forwardOf, underlyingMarket } from './forward.ts'
import { smileVolatility } from './math/smile.ts'

/** An option of a book. */
export type OptionPosition = Extract<BookPosition, { kind: 'option' }>

/**
 * Volatility of an option: its own, else of the smile of its expiry, else of a smile that names no expiry.
 *
 * @throws {MissingMarketDataError} when none of them is there.
 * @throws {SmileError} when the smile gives no volatility at the strike.
 */
export function volatilityOf(market: BookMarket, option: OptionPosition, asOf: number): number {
  if (option.volatility !== undefined) return option.volatility
  const { smiles = [] } = underlyingMarket(market, option.underlying)
  const smile =
    atTerm(smiles, option, asOf) ?? smiles.find(({ expiry, years }) => expiry === undefined && years === undefined)
  if (smile === undefined) {
    throw new MissingMarketDataError(
      `There is no volatility for the ${option.right} on ${option.underlying} at ${option.strike}.`,
      { metaMessages: ['Give the option a volatility, or the market a smile of its expiry.'] },
    )
  }
  switch (smile.kind) {
    case 'flat':
      return smile.volatility
    case 'points':
      return smileVolatility(
        { kind: 'points', axis: 'strike', points: smile.points.toSorted((left, right) => left.strike - right.strike) },
        { forward: forwardOf(market, option.underlying, option, asOf).price, strike: option.strike },
      )
    case 'svi': {
      const forward = smile.forward ?? forwardOf(market, option.underlying, option, asOf).price
      const time = smile.referenceYears ?? yearsTo(option, asOf)
      return smileVolatility({ ...smile, time }, { forward, strike: option.strike })
    }
  }
}
