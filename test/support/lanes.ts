import type { Book, BookPosition } from '../../src/core/book.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import type { Scenario } from '../../src/core/scenario.ts'
import type { Snapshot } from '../../src/core/snapshot.ts'
import { wad } from '../../src/core/units.ts'
import { bookOf, fromWad } from '../../src/risk/models/bookOf.ts'
import { snapshotOf } from '../../src/risk/models/snapshotOf.ts'
import { type Shock, valuersOf } from '../../src/risk/models/valuation.ts'
import { volatilityFactors } from '../../src/risk/models/volatilityShock.ts'
import { scanRisk } from '../../src/risk/plimsoll/aggregate.ts'
import { buildBook } from '../../src/risk/plimsoll/book.ts'
import { bookParameters } from '../../src/risk/plimsoll/bookParameters.ts'
import { createValuer } from '../../src/risk/plimsoll/revalue.ts'
import { createScenarioGrid } from '../../src/risk/plimsoll/scenarioGrid.ts'
import { revalueBook } from '../../src/risk/plimsoll/scenarioPnl.ts'
import { Random } from '../kernel/support/random.ts'

/** The default set without what happens at venues: the scan as a valuation alone. */
const parameters: MarginParameters = {
  ...bookParameters,
  venuePhysics: 'off',
  jointRows: bookParameters.jointRows.filter((_, index) => index % 12 === 0),
}

/** Block time of every book, and its prices. */
const asOf = 1_800_000_000
const tenth = (random: Random, least: bigint, most: bigint) =>
  Number(random.between(least * 1000n, most * 1000n)) / 1000

/** A book of one to three positions in ether, bitcoin and dollars. */
export function randomBook(seed: bigint): Book {
  const random = new Random(seed)
  const prices = { ETH: tenth(random, 200n, 9_000n), BTC: tenth(random, 9_000n, 200_000n) }
  const positions = random.many(Number(random.between(1n, 3n)), () => randomPosition(random, prices))
  return {
    schema: 'plimsoll-book/1',
    portfolio: { asOf, quote: 'USD', positions },
    market: {
      underlyings: { ETH: { price: prices.ETH }, BTC: { price: prices.BTC } },
      currencies: { USDC: { price: tenth(random, 980n, 1_010n) / 1000 } },
    },
  }
}

function randomPosition(random: Random, prices: { readonly ETH: number; readonly BTC: number }): BookPosition {
  const underlying = random.between(0n, 2n) === 0n ? 'BTC' : 'ETH'
  const price = prices[underlying]
  const sign = random.between(0n, 1n) === 0n ? -1 : 1
  const amount = sign * tenth(random, 0n, 500n)
  switch (random.between(0n, 6n)) {
    case 0n:
      return { kind: 'cash', currency: 'USDC', amount: amount * 1000 }
    case 1n:
      return { kind: 'spot', underlying, amount }
    case 2n:
      return {
        kind: 'perpetual',
        underlying,
        amount,
        entry: price * (tenth(random, 500n, 1_500n) / 1000),
        settlement: 'USDC',
      }
    case 3n: {
      const lowerPrice = price * (tenth(random, 300n, 990n) / 1000)
      const upperPrice = lowerPrice * (1 + tenth(random, 20n, 900n) / 1000)
      const liquidity = Math.abs(amount) * 10 + 1
      return { kind: 'liquidity', underlying, against: 'USDC', liquidity, lowerPrice, upperPrice }
    }
    default:
      return {
        kind: 'option',
        underlying,
        amount,
        right: random.between(0n, 1n) === 0n ? 'call' : 'put',
        strike: Math.round(price * (tenth(random, 300n, 2_500n) / 1000)) + 1,
        expiry: asOf + Number(random.between(600n, 31_536_000n)),
        volatility: tenth(random, 100n, 2_000n) / 1000,
        settlement: 'USDC',
      }
  }
}

/** One figure in both lanes, dollars, and the money that was moved to get it. */
export type LaneGap = { readonly gap: number; readonly moved: number }

/** The widest gap of each figure over some books, relative to the money moved and in dollars. */
export type LaneGaps = {
  readonly books: number
  readonly figures: number
  readonly value: { readonly relative: number; readonly dollars: number }
  readonly pnl: { readonly relative: number; readonly dollars: number }
  readonly scan: { readonly relative: number; readonly dollars: number }
}

/** How many books documents and tests compare, from seed 0 on. */
export const comparedBooks = 10_000

/** The gaps of several runs together. */
export function joinGaps(runs: readonly LaneGaps[]): LaneGaps {
  const widest = (figure: 'value' | 'pnl' | 'scan') => ({
    relative: runs.reduce((most, run) => Math.max(most, run[figure].relative), 0),
    dollars: runs.reduce((most, run) => Math.max(most, run[figure].dollars), 0),
  })
  return {
    books: runs.reduce((total, { books }) => total + books, 0),
    figures: runs.reduce((total, { figures }) => total + figures, 0),
    ...{ value: widest('value'), pnl: widest('pnl'), scan: widest('scan') },
  }
}

/** The gaps as the table of docs/models.md. */
export function laneTable({ books, figures, ...gaps }: LaneGaps): string {
  const rows = (['value', 'pnl', 'scan'] as const).map((figure) => {
    const { relative, dollars } = gaps[figure]
    return `| ${names[figure]} | ${relative.toExponential(1)} | ${dollars.toExponential(1)} |`
  })
  return [
    `Widest gaps over ${figures.toLocaleString('en-US')} figures of ${books.toLocaleString('en-US')} books:`,
    '',
    '| figure | of the money moved | USD |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n')
}

const names = { value: 'value of a position', pnl: 'P&L of a book in a scenario', scan: 'scan charge' } as const

/** Compares the lanes on books from `first` on: values now, P&L of every scenario, the scan charge. */
export function compareLanes(first: bigint, count: number): LaneGaps {
  const widest = {
    value: { relative: 0, dollars: 0 },
    pnl: { relative: 0, dollars: 0 },
    scan: { relative: 0, dollars: 0 },
  }
  let figures = 0
  const note = (figure: keyof typeof widest, { gap, moved }: LaneGap) => {
    figures++
    const entry = widest[figure]
    entry.dollars = Math.max(entry.dollars, Math.abs(gap))
    if (moved > 0) entry.relative = Math.max(entry.relative, Math.abs(gap) / moved)
  }
  for (let seed = first; seed < first + BigInt(count); seed++) {
    for (const { figure, ...gap } of gapsOf(snapshotOf(randomBook(seed), parameters))) note(figure, gap)
  }
  return { books: count, figures, ...widest }
}

function* gapsOf({ portfolio, market }: Snapshot): Generator<LaneGap & { figure: 'value' | 'pnl' | 'scan' }> {
  const { timestamp } = portfolio.block
  const { legs } = buildBook(portfolio, market, parameters)
  const grid = createScenarioGrid(createValuer(market, parameters, timestamp), parameters)
  const pnl = revalueBook(legs, new Map(), grid)
  const scan = scanRisk(pnl, parameters)

  const { book } = bookOf({ portfolio, market }, parameters, { money: 'spot' })
  const worth = valuesIn(book)
  const base = worth({})
  const gross = base.reduce((total, value) => total + Math.abs(value), 0)
  for (const [index, value] of base.entries()) {
    yield { figure: 'value', gap: value - fromWad(pnl.values[index] ?? 0n), moved: Math.abs(value) + 1 }
  }

  /** P&L of the book under scenarios by underlying, and the money on both sides of it. */
  const moveBy = (scenarios: ReadonlyMap<string, Scenario>) => {
    const values = worth(shockOf(scenarios))
    const result = values.reduce((total, value, index) => total + value - (base[index] ?? 0), 0)
    return { result, moved: gross + values.reduce((total, value) => total + Math.abs(value), 0) + 1 }
  }
  const losses: number[] = []
  let moved = gross + 1
  for (const { underlying, scenarios } of scan.underlyings) {
    const list = parameters.classes[parameters.underlyings[underlying]?.class ?? '']?.scenarios ?? []
    let worst = 0
    for (const [at, scenario] of list.entries()) {
      const { result, moved: money } = moveBy(new Map([[underlying, scenario]]))
      moved = Math.max(moved, money)
      worst = Math.max(worst, -result * fromWad(scenario.weight))
      yield { figure: 'pnl', gap: result - fromWad(scenarios[at]?.pnl ?? 0n), moved: money }
    }
    losses.push(worst)
  }
  let jointLoss = 0
  for (const [at, row] of parameters.jointRows.entries()) {
    const { result, moved: money } = moveBy(takenBy(row.take, scan.underlyings))
    moved = Math.max(moved, money)
    jointLoss = Math.max(jointLoss, -result * fromWad(row.weight))
    yield { figure: 'pnl', gap: result - fromWad(scan.joint[at]?.pnl ?? 0n), moved: money }
  }
  const d = fromWad(parameters.decorrelation)
  const sum = losses.reduce((total, loss) => total + loss, 0)
  const charge = Math.max(jointLoss, d * sum + (1 - d) * jointLoss)
  yield { figure: 'scan', gap: charge - fromWad(scan.charge), moved }
}

function takenBy(
  take: Readonly<Record<string, string>>,
  underlyings: readonly { readonly underlying: string }[],
): ReadonlyMap<string, Scenario> {
  return new Map(
    underlyings.flatMap(({ underlying }): [string, Scenario][] => {
      const name = parameters.underlyings[underlying]?.class ?? ''
      const scenario = parameters.classes[name]?.scenarios.find(({ id }) => id === take[name])
      return scenario === undefined ? [] : [[underlying, scenario]]
    }),
  )
}

/** Values of all positions at a shock; what settles in a token is paid at its shocked price. */
function valuesIn(book: Book): (shock: Shock) => readonly number[] {
  const valuers = valuersOf(book)
  return (shock) =>
    valuers.map((valuer, index) => {
      const position = book.portfolio.positions[index]
      const settlement = position !== undefined && 'settlement' in position ? position.settlement : undefined
      return valuer(shock) * (settlement === undefined ? 1 : (shock.prices?.[settlement] ?? 1))
    })
}

function shockOf(scenarios: ReadonlyMap<string, Scenario>): Shock {
  const { volatilityShock: shock } = parameters
  const terms = {
    up: fromWad(shock.up),
    down: fromWad(shock.down),
    shortTermPower: fromWad(shock.shortTermPower),
    longTermPower: fromWad(shock.longTermPower),
    termFloor: shock.shortestTerm,
  }
  return {
    prices: Object.fromEntries(
      [...scenarios].map(([underlying, scenario]) => [underlying, factorOf(underlying, scenario)]),
    ),
    volatility: (volatility, years, { underlying }) => {
      const vol = scenarios.get(underlying)?.vol ?? 'none'
      const factors = volatilityFactors(terms, years * 31_536_000)
      if (vol === 'none') return volatility
      return vol === 'up' ? Math.max(volatility * factors.up, fromWad(shock.minimumUp)) : volatility * factors.down
    },
  }
}

function factorOf(underlying: string, { kind, move }: Scenario): number {
  const { range = wad, multiplier } = parameters.underlyings[underlying] ?? {}
  const scale = kind === 'range' ? fromWad(range) * fromWad(multiplier?.floor ?? wad) : 1
  return 1 + fromWad(move) * scale
}
