import type { BookMarket, Term } from '../../core/book.ts'
import { secondsTo, yearsTo } from '../../core/book.ts'
import { MissingMarketDataError } from '../../core/errors.ts'
import { exp } from './math/exponential.ts'

/** What is known of one underlying at one expiry. */
export type Forward = {
  readonly price: number
  /** The part of the price that a move of the spot does not reach. */
  readonly fixed: number
  /** Continuous rate that discounts the expiry, as given: it may be negative. */
  readonly rate: number
  readonly confidence: number
  readonly rateConfidence: number
  readonly volatilityConfidence: number
  /** True when the market gives neither forward nor rate, so that the spot stands for the forward. */
  readonly assumed: boolean
}

/** What the market says of one underlying. */
export type UnderlyingMarket = BookMarket['underlyings'][string]

/**
 * The market of an underlying.
 *
 * @throws {MissingMarketDataError} when the book has none.
 */
export function underlyingMarket(market: BookMarket, underlying: string): UnderlyingMarket {
  const found = Object.hasOwn(market.underlyings, underlying) ? market.underlyings[underlying] : undefined
  if (found === undefined) {
    throw new MissingMarketDataError(`The market has no underlying ${underlying}.`, {
      metaMessages: [`It has ${Object.keys(market.underlyings).join(', ') || 'none'}.`, 'Add its price to the book.'],
    })
  }
  return found
}

/** The first entry for the same expiry; a length in years and a moment name one expiry when they agree to a second. */
export function atTerm<Entry extends Term>(entries: readonly Entry[], term: Term, asOf: number): Entry | undefined {
  return entries.find((entry) => sameTerm(entry, term, asOf))
}

/** True when both terms name one expiry; expiries that are over stay apart. */
export function sameTerm(left: Term, right: Term, asOf: number): boolean {
  if (left.expiry !== undefined && right.expiry !== undefined) return left.expiry === right.expiry
  if ((left.expiry ?? left.years) === undefined || (right.expiry ?? right.years) === undefined) return false
  return Math.abs(yearsTo(left, asOf) - yearsTo(right, asOf)) * 31_536_000 <= 1
}

/**
 * Forward of an underlying at an expiry: as the market lists it, else `price · e^((rate − yield) · years)`.
 * Within `settlementWindow` seconds of the expiry the elapsed share of the price is fixed where the market does not say which
 * part is: it settles on an average over that window.
 *
 * @throws {MissingMarketDataError} when the market has no such underlying.
 */
export function forwardOf(
  market: BookMarket,
  underlying: string,
  term: Term,
  asOf: number,
  settlementWindow = 0,
): Forward {
  const { price, confidence = 1, forwards = [], rate, dividendYield } = underlyingMarket(market, underlying)
  const observed = settlementWindow === 0 ? 0 : Math.max(0, 1 - secondsTo(term, asOf) / settlementWindow)
  const listed = atTerm(forwards, term, asOf)
  if (listed !== undefined) {
    return {
      price: listed.price,
      fixed: listed.fixed ?? listed.price * observed,
      rate: listed.rate ?? rate ?? 0,
      confidence: listed.confidence ?? 1,
      rateConfidence: listed.rateConfidence ?? 1,
      volatilityConfidence: listed.volatilityConfidence ?? 1,
      assumed: false,
    }
  }
  const carried = price * exp(((rate ?? 0) - (dividendYield ?? 0)) * yearsTo(term, asOf))
  return {
    price: carried,
    fixed: carried * observed,
    rate: rate ?? 0,
    confidence,
    rateConfidence: 1,
    volatilityConfidence: 1,
    assumed: rate === undefined && dividendYield === undefined,
  }
}

/** A sentence for every expiry whose forward rests on the spot alone. */
export function forwardAssumptions(
  market: BookMarket,
  terms: readonly (Term & { underlying: string })[],
  asOf: number,
) {
  const assumed = terms.filter(({ underlying, ...term }) => forwardOf(market, underlying, term, asOf).assumed)
  return [...new Set(assumed.map(({ underlying }) => underlying))].map(
    (underlying) =>
      `The market gives no forward and no rate of ${underlying} for some expiry: its spot price stands for the forward.`,
  )
}

/** A sentence for every underlying whose perpetual has no mark of its own. */
export function perpetualAssumptions(market: BookMarket, underlyings: Iterable<string>): string[] {
  return [...new Set(underlyings)]
    .filter((underlying) => underlyingMarket(market, underlying).perpetual === undefined)
    .map((underlying) => `The market gives no mark of the perpetual on ${underlying}: its spot price stands for it.`)
}
