import { type Book, type BookPosition, positionId } from '../../../core/book.ts'
import { UnmodeledPositionError } from '../errors.ts'
import { exerciseValuerOf, withImpliedVolatility } from '../exercise.ts'
import { type TimsClass, type TimsParameters, valuationPoints } from './parameters.ts'

/** A position with its result at every valuation point of its class. */
export type TimsRow = {
  readonly index: number
  readonly id: string
  readonly className: string
  /** Market value: the mark where the position has one. */
  readonly value: number
  /** Value at the point less market value. */
  readonly pnl: readonly number[]
  readonly minimum: number
}

/** A class of the account: all positions on one underlying, netted in full. */
export type ClassResult = {
  readonly name: string
  readonly parameters: TimsClass
  readonly points: readonly number[]
  readonly rows: readonly TimsRow[]
  readonly pnl: readonly number[]
  readonly minimum: number
}

type Held = Exclude<BookPosition, { kind: 'cash' }>

/**
 * Classes of a book in the order of their names. Volatility stays at what the mark implies (or as given) and no time passes.
 *
 * @throws {UnmodeledPositionError} for an underlying without a class, and liquidity against another class.
 * @throws {MissingMarketDataError} for a price or volatility that is needed and not there.
 */
export function classesOf(book: Book, parameters: TimsParameters): readonly ClassResult[] {
  const rows = book.portfolio.positions.flatMap((position, index) =>
    position.kind === 'cash' ? [] : [rowOf(book, parameters, position, index)],
  )
  const names = [...new Set(rows.map(({ className }) => className))].toSorted()
  return names.map((name) => {
    const members = rows.filter(({ className }) => className === name)
    const settings = classOf(parameters, name)
    return {
      name,
      parameters: settings,
      points: valuationPoints(settings, parameters.pointsPerSide),
      rows: members,
      pnl: sumVectors(
        members.map(({ pnl }) => pnl),
        2 * parameters.pointsPerSide,
      ),
      minimum: members.reduce((sum, { minimum }) => sum + minimum, 0),
    }
  })
}

/** The sum of vectors of one length; zeros for none. */
export function sumVectors(vectors: readonly (readonly number[])[], length: number): readonly number[] {
  return Array.from({ length }, (_, index) => vectors.reduce((sum, vector) => sum + (vector[index] as number), 0))
}

function rowOf(book: Book, parameters: TimsParameters, given: Held, index: number): TimsRow {
  const { market, portfolio } = book
  const id = positionId(given, index)
  const mapped = membership(parameters, given.underlying)
  const className = mapped?.class ?? given.underlying
  const settings = classOf(parameters, className)
  const exercise = mapped?.exercise ?? settings.exercise
  if (given.kind === 'liquidity' && Object.hasOwn(market.underlyings, given.against)) {
    throw new UnmodeledPositionError(`${id} holds ${given.underlying} against ${given.against}.`, {
      metaMessages: ['TIMS moves one class at a time: use plimsoll-1 for such liquidity.'],
    })
  }
  const position = withImpliedVolatility(withExercise(given, exercise), market, portfolio.asOf, parameters.steps)
  const valuer = exerciseValuerOf(position, market, portfolio.asOf, parameters.steps)
  const marked =
    position.kind === 'option' && position.mark !== undefined && position.payoff !== 'inverse'
      ? position.amount * (position.multiplier ?? 1) * position.mark
      : undefined
  const value = position.kind === 'option' && position.premium === 'futures' ? 0 : (marked ?? valuer())
  const pnl = valuationPoints(settings, parameters.pointsPerSide).map(
    (move) => valuer({ prices: { [position.underlying]: 1 + move } }) - value,
  )
  return { index, id, className, value, pnl, minimum: minimumOf(position, parameters) }
}

function membership({ underlyings }: TimsParameters, underlying: string) {
  return underlyings !== undefined && Object.hasOwn(underlyings, underlying) ? underlyings[underlying] : undefined
}

function classOf(parameters: TimsParameters, className: string): TimsClass {
  const found = Object.hasOwn(parameters.classes, className) ? parameters.classes[className] : parameters.otherClasses
  if (found === undefined) {
    throw new UnmodeledPositionError(`The parameter set has no class ${className}.`, {
      metaMessages: ['Add it to classes, map the underlying in underlyings, or set otherClasses.'],
    })
  }
  return found
}

/** Options that do not say have the exercise of their underlying or class; what is paid in coin or marked daily has none to gain. */
function withExercise(position: Held, exercise: TimsClass['exercise'] = 'american'): Held {
  if (position.kind !== 'option' || position.style !== undefined) return position
  const european = position.payoff === 'inverse' || position.premium === 'futures'
  return { ...position, style: european ? 'european' : exercise }
}

function minimumOf(position: Held, { minimumPerContract }: TimsParameters): number {
  if (position.kind !== 'option' && position.kind !== 'future') return 0
  const rate = position.kind === 'option' ? minimumPerContract.option : minimumPerContract.future
  return Math.abs(position.amount) * (position.multiplier ?? 1) * rate
}
