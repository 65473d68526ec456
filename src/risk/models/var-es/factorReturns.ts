import type { Book } from '../../../core/book.ts'
import { InvalidInputError, MissingMarketDataError } from '../../../core/errors.ts'
import { exp, log } from '../math/exponential.ts'
import type { VarEsParameters } from './parameters.ts'

/** Past returns of everything that moves a book, over one horizon or one step each. */
export type FactorReturns = {
  /** In alphabetical order. */
  readonly underlyings: readonly string[]
  /** One row per period, oldest first, one return per underlying. */
  readonly rows: readonly (readonly number[])[]
  /** Seconds between closes. */
  readonly interval: number
  /** Steps in the horizon. */
  readonly steps: number
  /** Independent periods: fewer than rows where periods overlap. */
  readonly effective: number
  /** What says that it is invented, without repetition. */
  readonly synthetic: readonly string[]
}

/** Underlyings whose prices move the book, in alphabetical order. */
export function factorsOf({ portfolio, market }: Book): readonly string[] {
  const names = portfolio.positions.flatMap((position) => {
    if (position.kind === 'cash') return []
    if (position.kind !== 'liquidity' || !Object.hasOwn(market.underlyings, position.against))
      return [position.underlying]
    return [position.underlying, position.against]
  })
  return [...new Set(names)].sort()
}

/**
 * Returns of every factor, cut to what the look-back allows. Under `overlapping` each row covers the horizon, else one step.
 *
 * @throws {MissingMarketDataError} for a factor without history, or fewer returns than the look-back needs.
 * @throws {InvalidInputError} when histories have different steps, different lengths that may not be cut, or prices that are not above zero.
 */
export function factorReturns(
  book: Book,
  { returns, horizon, scaling, lookBack }: Pick<VarEsParameters, 'returns' | 'horizon' | 'scaling' | 'lookBack'>,
): FactorReturns {
  const underlyings = factorsOf(book)
  const histories = underlyings.map((underlying) => historyOf(book, underlying))
  const interval = histories[0]?.interval ?? horizon
  const different = histories.findIndex((history) => history.interval !== interval)
  if (different >= 0) {
    throw new InvalidInputError('The histories have different steps.', {
      metaMessages: [
        `${underlyings[0]}: ${interval} s; ${underlyings[different]}: ${histories[different]?.interval} s.`,
        'Give all histories the same step.',
      ],
    })
  }
  const series = histories.map((history, index) => returnsOf(history, returns, underlyings[index] as string))
  const steps = horizon / interval
  const aligned = align(series, underlyings, lookBack.unequal)
  const periods = scaling === 'overlapping' ? aligned.map((values) => overlapping(values, steps, returns)) : aligned
  const length = periods[0]?.length ?? 0
  if (underlyings.length > 0 && length < lookBack.minimum) {
    throw new MissingMarketDataError(`The histories have ${length} returns, ${lookBack.minimum} needed.`, {
      metaMessages: ['Give a longer history, or a parameter file with a smaller lookBack.minimum.'],
    })
  }
  const used = Math.min(length, lookBack.maximum ?? length)
  const rows = Array.from({ length: used }, (_, row) => periods.map((values) => values[length - used + row] as number))
  return {
    underlyings,
    rows,
    interval,
    steps,
    effective: scaling === 'overlapping' ? used / steps : used,
    synthetic: [...new Set(histories.flatMap(({ synthetic }) => synthetic ?? []))],
  }
}

function historyOf({ market }: Book, underlying: string) {
  const history = market.underlyings[underlying]?.history
  if (history !== undefined) return history
  throw new MissingMarketDataError(`There is no price history of ${underlying}.`, {
    metaMessages: ['Add market.underlyings.<name>.history to the book, or draw a synthetic one.'],
  })
}

function returnsOf(
  { kind, values }: ReturnType<typeof historyOf>,
  returns: 'log' | 'simple',
  underlying: string,
): readonly number[] {
  if (kind === 'returns') return values
  const bad = values.findIndex((value) => !(value > 0))
  if (bad >= 0) {
    throw new InvalidInputError(`Close ${bad} of ${underlying} is ${values[bad]}.`, {
      metaMessages: ['Every close must be above zero.'],
    })
  }
  return values.slice(1).map((value, index) => {
    const before = values[index] as number
    return returns === 'log' ? log(value / before) : value / before - 1
  })
}

function align(
  series: readonly (readonly number[])[],
  underlyings: readonly string[],
  unequal: 'refuse' | 'shortest',
): readonly (readonly number[])[] {
  const lengths = series.map(({ length }) => length)
  const shortest = Math.min(...lengths)
  if (unequal === 'refuse' && lengths.some((length) => length !== shortest)) {
    throw new InvalidInputError('The histories differ in length.', {
      metaMessages: [
        underlyings.map((underlying, index) => `${underlying}: ${lengths[index]} returns`).join('; '),
        'Fill the gap, or set lookBack.unequal to shortest if all end at the same close.',
      ],
    })
  }
  return series.map((values) => values.slice(values.length - shortest))
}

function overlapping(values: readonly number[], steps: number, returns: 'log' | 'simple'): readonly number[] {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new InvalidInputError(`The horizon is ${steps} steps of the history.`, {
      metaMessages: ['Overlapping periods need a whole number of steps; use another horizon or another scaling.'],
    })
  }
  return values.slice(steps - 1).map((_, start) => {
    const window = values.slice(start, start + steps)
    return returns === 'log'
      ? window.reduce((sum, value) => sum + value, 0)
      : window.reduce((product, value) => product * (1 + value), 1) - 1
  })
}

/** Price of an underlying after a return over its price before. It does not fall to zero, where payoffs in coin have no value. */
export function priceFactor(value: number, returns: 'log' | 'simple'): number {
  return Math.max(1e-6, returns === 'log' ? exp(value) : 1 + value)
}
