import type { Book, BookPosition } from '../../src/core/book.ts'
import { power } from '../../src/risk/models/math/exponential.ts'
import type { BookFamily } from '../../src/risk/validation/modelGap.ts'

/** Price of ether and moment of every book of the probe; bitcoin costs thirty times as much. */
export const spot = 3_000
const bitcoin = 90_000
const asOf = 1_800_000_000
const day = 86_400

type Draw = readonly number[]

/** Between two bounds, evenly or by ratio. */
const even = (least: number, most: number, draw = 0.5) => least + (most - least) * draw
const term = (draw?: number) => Math.round(power(2, even(-2, 6, draw)) * day)
const volatilityOf = (draw?: number) => even(0.3, 1.2, draw)

type OptionTerms = {
  readonly right: 'call' | 'put'
  readonly strike: number
  readonly amount: number
  readonly seconds: number
  readonly volatility: number
}

function option({ right, strike, amount, seconds, volatility }: OptionTerms): BookPosition {
  return {
    ...{ kind: 'option', underlying: 'ETH', settlement: 'USDC', right, strike, amount, volatility },
    expiry: asOf + seconds,
  }
}

/** Without cash, which would have a requirement of its own: what is asked on top of it is the margin all the same. */
function book(positions: readonly BookPosition[]): Book {
  return {
    schema: 'plimsoll-book/1',
    portfolio: {
      asOf,
      quote: 'USD',
      positions: [...positions],
    },
    market: {
      underlyings: { ETH: { price: spot }, BTC: { price: bitcoin } },
      currencies: { USDC: { price: 1 } },
    },
  }
}

const family = (id: string, dimensions: number, make: (draw: Draw) => readonly BookPosition[]): BookFamily => ({
  ...{ id, dimensions, scale: 10 * spot },
  make: (draw) => book(make(draw)),
})

/** Strikes at a center, half a body and a wing away from it, by their signed amounts from the lowest up. */
function spread(draw: Draw, amounts: readonly number[], right: 'call' | 'put' = 'call'): readonly BookPosition[] {
  const center = spot * even(0.82, 1.18, draw[0])
  const width = spot * even(0.003, 0.08, draw[1])
  const [seconds, volatility] = [term(draw[2]), volatilityOf(draw[3])]
  return amounts.flatMap((amount, index) => {
    const strike = center + width * (index - (amounts.length - 1) / 2)
    return amount === 0 ? [] : [option({ right, strike, amount: amount * 10, seconds, volatility })]
  })
}

/** `near` calls of a near term against as many of a far one at the same strike. */
function calendar(draw: Draw, near: number): readonly BookPosition[] {
  const seconds = term(draw[1])
  const terms = { right: 'call', strike: spot * even(0.82, 1.18, draw[0]), volatility: volatilityOf(draw[3]) } as const
  return [
    option({ ...terms, amount: near, seconds }),
    option({ ...terms, amount: -near, seconds: seconds + term(draw[2]) }),
  ]
}

/** What may lose between or beyond the points of the grid. */
export const families: readonly BookFamily[] = [
  family('short butterfly', 4, (draw) => spread(draw, [-1, 2, -1])),
  family('short condor', 4, (draw) => spread(draw, [-1, 1, 1, -1])),
  family('short butterflies in a row', 4, (draw) => spread(draw, [-1, 2, -2, 2, -1])),
  family('short digital', 4, (draw) => spread(draw, [-5, 5])),
  family('short calendar', 4, (draw) => calendar(draw, 10)),
  family('long calendar', 4, (draw) => calendar(draw, -10)),
  family('ratio spread', 5, (draw) => {
    const [low, high] = [spot * even(0.9, 1.2, draw[0]), spot * even(1.2, 2, draw[1])]
    const [seconds, volatility] = [term(draw[2]), volatilityOf(draw[3])]
    return [
      option({ right: 'call', strike: low, amount: 10, seconds, volatility }),
      option({ right: 'call', strike: high, amount: -10 * even(1, 6, draw[4]), seconds, volatility }),
    ]
  }),
  family('short strangle', 4, (draw) => {
    const [seconds, volatility] = [term(draw[2]), volatilityOf(draw[3])]
    return [
      option({ right: 'put', strike: spot * even(0.4, 0.95, draw[0]), amount: -10, seconds, volatility }),
      option({ right: 'call', strike: spot * even(1.05, 2.5, draw[1]), amount: -10, seconds, volatility }),
    ]
  }),
  family('short put beyond the range', 3, (draw) => [
    option({
      ...{ right: 'put', strike: spot * even(0.3, 0.8, draw[0]), amount: -10 },
      ...{ seconds: term(draw[1]), volatility: volatilityOf(draw[2]) },
    }),
  ]),
  family('hedged short straddle', 4, (draw) => {
    const strike = spot * even(0.9, 1.1, draw[0])
    const [seconds, volatility] = [term(draw[1]), volatilityOf(draw[2])]
    return [
      option({ right: 'call', strike, amount: -10, seconds, volatility }),
      option({ right: 'put', strike, amount: -10, seconds, volatility }),
      { kind: 'perpetual', underlying: 'ETH', amount: even(-10, 10, draw[3]), entry: spot, settlement: 'USDC' },
    ]
  }),
  family('hedged liquidity', 3, (draw) => {
    const lowerPrice = spot * even(0.8, 1.02, draw[0])
    const upperPrice = Math.max(lowerPrice * 1.01, spot * even(0.98, 1.25, draw[1]))
    return [
      { kind: 'liquidity', underlying: 'ETH', against: 'USDC', liquidity: 10_000, lowerPrice, upperPrice },
      { kind: 'perpetual', underlying: 'ETH', amount: -even(0, 30, draw[2]), entry: spot, settlement: 'USDC' },
    ]
  }),
  family('ether against bitcoin', 2, (draw) => [
    { kind: 'perpetual', underlying: 'ETH', amount: 30, entry: spot, settlement: 'USDC' },
    {
      ...{ kind: 'perpetual', underlying: 'BTC', amount: -even(0.2, 2, draw[0]), entry: bitcoin, settlement: 'USDC' },
    },
    option({ right: 'call', strike: spot * even(1, 1.3, draw[1]), amount: -10, seconds: 7 * day, volatility: 0.7 }),
  ]),
]
