import type { Book, BookMarket, BookPosition, Term } from '../../core/book.ts'

type Underlyings = BookMarket['underlyings']

/**
 * How a book lives through a history.
 *
 * - `restruck`: every day the same book anew. Strikes, entries, ranges and forwards keep their distance from the price, terms their
 *   length.
 * - `held`: the book as it is, growing older. Strikes, entries and ranges stay; expiries come nearer.
 */
export type BookLife = 'restruck' | 'held'

/** Where the history stands: price of each underlying over its price in the book, and seconds since the book's moment. */
export type Close = { readonly factors: { readonly [underlying: string]: number }; readonly elapsed: number }

/**
 * The book at a close. Volatilities stay as the book has them, at the same distance from the forward; forwards move with the price.
 * Venue accounts, which are in the integers of their venues, are left out.
 */
export function bookAtClose(book: Book, { factors, elapsed }: Close, life: BookLife): Book {
  const factorOf = (underlying: string): number => (Object.hasOwn(factors, underlying) ? (factors[underlying] ?? 1) : 1)
  const { venueAccounts: _, ...portfolio } = book.portfolio
  const moved: Underlyings = Object.fromEntries(
    Object.entries(book.market.underlyings).map(([name, market]) => [name, marketAt(market, factorOf(name))]),
  )
  const age = life === 'held' ? elapsed : 0
  const market =
    age === 0 ? moved : Object.fromEntries(Object.entries(moved).map(([name, each]) => [name, older(each, age)]))
  return {
    ...book,
    portfolio: {
      ...portfolio,
      asOf: portfolio.asOf + age,
      positions: portfolio.positions.map((position) =>
        life === 'held' ? heldAt(shorter(position, age), factorOf) : restruckAt(position, factorOf),
      ),
    },
    market: { ...book.market, underlyings: market },
  }
}

function marketAt(market: Underlyings[string], factor: number): Underlyings[string] {
  const { perpetual, forwards, smiles } = market
  return {
    ...market,
    price: market.price * factor,
    ...(perpetual && { perpetual: { ...perpetual, price: perpetual.price * factor } }),
    ...(forwards && {
      forwards: forwards.map((forward) => ({
        ...forward,
        price: forward.price * factor,
        ...(forward.fixed !== undefined && { fixed: forward.fixed * factor }),
      })),
    }),
    ...(smiles && {
      smiles: smiles.map((smile) => {
        if (smile.kind === 'flat') return smile
        if (smile.kind === 'svi')
          return smile.forward === undefined ? smile : { ...smile, forward: smile.forward * factor }
        return { ...smile, points: smile.points.map((point) => ({ ...point, strike: point.strike * factor })) }
      }),
    }),
  }
}

/** Terms that are given as lengths, after some seconds. */
function older(market: Underlyings[string], age: number): Underlyings[string] {
  const { forwards, smiles } = market
  return {
    ...market,
    ...(forwards && { forwards: forwards.map((forward) => shorter(forward, age)) }),
    ...(smiles && { smiles: smiles.map((smile) => shorter(smile, age)) }),
  }
}

function shorter<Entry extends object>(entry: Entry & Term, age: number): Entry {
  return entry.years === undefined ? entry : { ...entry, years: Math.max(0, entry.years - age / 31_536_000) }
}

type FactorOf = (underlying: string) => number

/** What a position quotes of the market of the day. */
function heldAt(position: BookPosition, factorOf: FactorOf): BookPosition {
  switch (position.kind) {
    case 'spot':
      return position.price === undefined
        ? position
        : { ...position, price: position.price * factorOf(position.underlying) }
    case 'option':
      return position.mark === undefined ? position : withoutMark(position)
    default:
      return position
  }
}

/** A quoted mark belongs to one price and one day; elsewhere the model values the option itself. */
function withoutMark(option: Extract<BookPosition, { kind: 'option' }>): BookPosition {
  const { mark: _, ...rest } = option
  return rest
}

function restruckAt(position: BookPosition, factorOf: FactorOf): BookPosition {
  switch (position.kind) {
    case 'cash':
      return position
    case 'spot':
      return heldAt(position, factorOf)
    case 'perpetual':
    case 'future':
      return position.entry === undefined
        ? position
        : { ...position, entry: position.entry * factorOf(position.underlying) }
    case 'option': {
      const factor = factorOf(position.underlying)
      const isInCoin = position.payoff === 'inverse'
      return {
        ...position,
        strike: position.strike * factor,
        ...(position.mark !== undefined && { mark: isInCoin ? position.mark : position.mark * factor }),
      }
    }
    case 'liquidity': {
      const factor = factorOf(position.underlying) / factorOf(position.against)
      // The same amount of the underlying in a range at the same distance: liquidity goes with the root of the price.
      return {
        ...position,
        liquidity: position.liquidity * Math.sqrt(factor),
        lowerPrice: position.lowerPrice * factor,
        upperPrice: position.upperPrice * factor,
      }
    }
  }
}
