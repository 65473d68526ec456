import { type Book, positionId, secondsTo } from '../../core/book.ts'
import { InvalidInputError, MissingMarketDataError } from '../../core/errors.ts'
import { valuersOf } from '../models/valuation.ts'
import { type BookLife, bookAtClose } from './bookAtClose.ts'
import { stressedWindow } from './stressedWindow.ts'

/** What a model asks of a book on one day, in the quote currency of the book. */
export type BookMargin = {
  readonly initialMargin: number
  readonly maintenanceMargin: number
  /** What the model counts as money there. */
  readonly equity: number
}

/** Any model: the book carries its market of the day, and the closes up to that day as the history of each underlying. */
export type MarginOf = (book: Book) => BookMargin

/** Closes of several underlyings at equal steps, oldest first. */
export type PriceHistory = {
  /** Seconds from close to close. */
  readonly interval: number
  readonly closes: { readonly [underlying: string]: readonly number[] }
  /** The generator of invented closes. */
  readonly synthetic?: string
}

export type WalkForwardOptions = {
  readonly book: Book
  readonly history: PriceHistory
  readonly marginOf: MarginOf
  /** Requirement that losses are held against. */
  readonly requirement: 'initial' | 'maintenance'
  /** Closes that the model sees, those of the day included; the first day is the first one with so many. */
  readonly window: number
  /** Steps over which the book may lose: the margin period of risk. Days are tested this far apart, so that losses do not overlap. */
  readonly horizon: number
  /** Most days to test, the newest ones; all by default. */
  readonly days?: number
  readonly life: BookLife
  /** Closes of the long look-back whose margin each day is a floor (10 years in the regulation); none by default. */
  readonly floorWindow?: number
  /** True to calculate each day's margin under the most volatile window so far as well. */
  readonly stressed?: boolean
}

/** One tested day. Money in the quote currency of the book. */
export type TestedDay = {
  /** Number of the close, from 0. */
  readonly close: number
  /**
   * Mean price of the underlyings over that in the book where the book is struck anew, else 1: a model that stands still asks for
   * the same multiple of it every day.
   */
  readonly scale: number
  readonly value: number
  readonly requirement: number
  /**
   * What the account would own at the marks if it just met the requirement: the requirement, plus what the model does not count of
   * the value. A larger loss leaves a debt.
   */
  readonly cushion: number
  /** Change of value over the horizon, each option as its terms then are. */
  readonly pnl: number
  readonly isException: boolean
  /** The requirement under the most volatile window up to the day, where asked for. */
  readonly stressed?: number
  /** The requirement from the long look-back, where asked for. */
  readonly floor?: number
}

/** What a back-test rests on and does not test. */
export const walkForwardAssumptions: Readonly<Record<BookLife, string>> = {
  restruck:
    'The same book anew every day: strikes, entries and ranges at the same distance from the price, terms of the same length; volatilities as the book has them.',
  held: 'The book as it is, from its own prices on by the changes of the history; volatilities stay, at the same distance from the forward.',
}

/**
 * Tests a model day by day on what was known then: margin at a close from closes up to it, against the change of value until
 * `horizon` closes later, with every position valued in full.
 *
 * @throws {MissingMarketDataError} when the history lacks an underlying of a position.
 * @throws {InvalidInputError} when the history is too short, or a held position ends before the last day.
 * And whatever the model refuses.
 */
export function* walkForward(options: WalkForwardOptions): Generator<TestedDay, void> {
  const { book, window, horizon, life } = options
  const names = requireHistory(book, options.history)
  const tested = testedCloses(options)
  const start = tested[0] as number
  const history = life === 'held' ? rebased(options.history, book, names, start) : options.history
  requireTerms(book, life, ((tested.at(-1) as number) + horizon - start) * history.interval)
  const closeOf = (name: string, close: number): number => (history.closes[name] as readonly number[])[close] as number
  for (const close of tested) {
    const factors = Object.fromEntries(
      names.map((name) => [name, closeOf(name, close) / (book.market.underlyings[name]?.price as number)]),
    )
    const day = bookAtClose(book, { factors, elapsed: (close - start) * history.interval }, life)
    const demand = (range: Range) => demandOf(withHistory(day, history, names, range), options)
    const { demanded, equity } = demand({ from: close - window + 1, to: close })
    const shock = {
      prices: Object.fromEntries(names.map((name) => [name, closeOf(name, close + horizon) / closeOf(name, close)])),
      elapsed: (horizon * history.interval) / 31_536_000,
    }
    let value = 0
    let pnl = 0
    for (const valuer of valuersOf(day)) {
      const now = valuer()
      value += now
      pnl += valuer(shock) - now
    }
    const cushion = demanded + value - equity
    const exception = { cushion, pnl, isException: -pnl > cushion }
    yield {
      close,
      scale: scaleOf(factors, life),
      value,
      requirement: demanded,
      ...exception,
      ...variantsOf(options, names, close, demand),
    }
  }
}

/** The same changes of price, with the book's own prices on the first day: its strikes are those of its own market. */
function rebased(
  { closes, ...rest }: PriceHistory,
  { market }: Book,
  names: readonly string[],
  start: number,
): PriceHistory {
  return {
    ...rest,
    closes: Object.fromEntries(
      names.map((name) => {
        const list = closes[name] as readonly number[]
        const scale = (market.underlyings[name]?.price as number) / (list[start] as number)
        return [name, list.map((close) => close * scale)]
      }),
    ),
  }
}

function scaleOf(factors: Readonly<Record<string, number>>, life: BookLife): number {
  const list = Object.values(factors)
  return life === 'held' || list.length === 0 ? 1 : list.reduce((sum, factor) => sum + factor, 0) / list.length
}

type Range = { readonly from: number; readonly to: number }

function demandOf(book: Book, { marginOf, requirement }: WalkForwardOptions) {
  const { initialMargin, maintenanceMargin, equity } = marginOf(book)
  return { demanded: requirement === 'initial' ? initialMargin : maintenanceMargin, equity }
}

function variantsOf(
  { history, window, stressed, floorWindow }: WalkForwardOptions,
  names: readonly string[],
  close: number,
  demand: (range: Range) => { readonly demanded: number },
): Pick<TestedDay, 'stressed' | 'floor'> {
  const closes = names.map((name) => history.closes[name] as readonly number[])
  return {
    ...(stressed && { stressed: demand(stressedWindow(closes, { length: window, last: close })).demanded }),
    ...(floorWindow && { floor: demand({ from: Math.max(0, close - floorWindow + 1), to: close }).demanded }),
  }
}

/** The closes that are tested, oldest first. @throws {InvalidInputError} when there is none. */
export function testedCloses({ history, window, horizon, days = Infinity }: WalkForwardOptions): readonly number[] {
  const length = Math.min(...Object.values(history.closes).map((closes) => closes.length))
  const counts = { window, horizon, ...(days < Infinity && { days }) }
  const bad = Object.entries(counts).find(([, count]) => !Number.isSafeInteger(count) || count < 1)
  if (bad !== undefined) throw new InvalidInputError(`The back-test needs a count for ${bad[0]}, got ${bad[1]}.`)
  const most = Math.floor((length - window) / horizon)
  if (!(most >= 1)) {
    throw new InvalidInputError(`${length} closes are too few for a window of ${window} and a horizon of ${horizon}.`, {
      metaMessages: [`Give at least ${window + horizon} closes, or a shorter window.`],
    })
  }
  const count = Math.min(days, most)
  const last = length - 1 - horizon
  return Array.from({ length: count }, (_, index) => last - (count - 1 - index) * horizon)
}

function withHistory(
  book: Book,
  { interval, closes, synthetic }: PriceHistory,
  names: readonly string[],
  { from, to }: Range,
): Book {
  const underlyings = { ...book.market.underlyings }
  for (const name of names) {
    const market = underlyings[name]
    if (market === undefined) continue
    const values = (closes[name] as readonly number[]).slice(from, to + 1)
    const history = { kind: 'prices' as const, interval, values, ...(synthetic !== undefined && { synthetic }) }
    underlyings[name] = { ...market, history }
  }
  return { ...book, market: { ...book.market, underlyings } }
}

/** Underlyings that positions move with; the history must have every one of them. */
function requireHistory({ portfolio, market }: Book, { closes }: PriceHistory): readonly string[] {
  const lengths = new Set(Object.values(closes).map((list) => list.length))
  if (lengths.size > 1) throw new InvalidInputError('The histories of the underlyings differ in length.')
  const needed = new Set<string>()
  for (const position of portfolio.positions) {
    if ('underlying' in position) needed.add(position.underlying)
    if (position.kind === 'liquidity' && Object.hasOwn(market.underlyings, position.against))
      needed.add(position.against)
  }
  for (const name of needed) {
    if (Object.hasOwn(closes, name)) continue
    throw new MissingMarketDataError(`The history has no closes of ${name}.`, {
      metaMessages: [`It has ${Object.keys(closes).join(', ') || 'none'}.`, 'Add a column of that name.'],
    })
  }
  return Object.keys(market.underlyings).filter((name) => needed.has(name))
}

function requireTerms({ portfolio }: Book, life: BookLife, elapsed: number): void {
  if (life === 'restruck') return
  for (const [index, position] of portfolio.positions.entries()) {
    if (position.kind !== 'option' && position.kind !== 'future') continue
    const seconds = secondsTo(position, portfolio.asOf)
    if (seconds >= elapsed) continue
    throw new InvalidInputError(
      `${positionId(position, index)} ends ${seconds / 86_400} days after the first close; the test runs for ${elapsed / 86_400}.`,
      { metaMessages: ['Test fewer days, or let the book be struck anew every day.'] },
    )
  }
}
