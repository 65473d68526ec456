import type { Book, BookMarket, BookPosition } from '../../../../src/core/book.ts'
import type { Commodity } from '../../../../src/risk/models/span/commodity.ts'
import type { SpanParameters } from '../../../../src/risk/models/span/parameters.ts'
import { priceMoves } from '../../../../src/risk/models/span/scanning.ts'

/** A book over underlyings at 100. */
export function bookOf(positions: readonly BookPosition[], underlyings: BookMarket['underlyings'] = {}): Book {
  const names = positions.flatMap((position) => ('underlying' in position ? [position.underlying] : []))
  const market = { underlyings: { ...Object.fromEntries(names.map((name) => [name, { price: 100 }])), ...underlyings } }
  return { schema: 'plimsoll-book/1', portfolio: { asOf: 0, quote: 'USD', positions: [...positions] }, market }
}

/** A parameter set with the classic extreme move and nothing rounded. */
export function parametersOf(
  commodities: SpanParameters['commodities'],
  more: Partial<SpanParameters> = {},
): SpanParameters {
  return {
    schema: 'plimsoll-model/1',
    model: 'span',
    name: 'test',
    lookAhead: 0,
    extremeMove: { multiplier: 2, cover: 0.35 },
    compositeDelta: { weights: [0.27, 0.217, 0.11, 0.037], normalize: true },
    commodities,
    ...more,
  }
}

/** A commodity that moves by so many points. */
export function commodityOf(points: number, more: Partial<Commodity> = {}): Commodity {
  return {
    priceScanRange: { kind: 'points', value: points },
    volatilityScanRange: { kind: 'relative', value: 0 },
    ...more,
  }
}

/** Array of one long future whose outright rate is given. */
export function futureArray(rate: number): number[] {
  const loss = (move: number) => 0 - move * rate
  return [...priceMoves.map(loss), loss(0.7), loss(-0.7)]
}

/** A future on an instrument of the parameter file. */
export function future(underlying: string, amount: number, contract: string): BookPosition {
  return { kind: 'future', underlying, amount, contract }
}

/** An option on an instrument of the parameter file. */
export function optionOn(underlying: string, right: 'call' | 'put', amount: number, contract: string): BookPosition {
  return { kind: 'option', underlying, right, strike: 100, years: 0.5, amount, contract }
}

/** An option whose term is over, so that every value is its payoff. */
export function payoff(right: 'call' | 'put', strike: number, amount: number, underlying = 'X'): BookPosition {
  return { kind: 'option', underlying, right, strike, years: 0, volatility: 0.5, amount }
}
