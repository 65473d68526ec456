import { type Inputs, Refusal } from './claims.ts'
import {
  arithmeticLine,
  hedgedDeltaMinimumLine,
  isLongOnly,
  liquidityLine,
  oracleConfidenceLine,
  type Side,
  scanLine,
  settlementGapLine,
  shortOptionMinimumLine,
  venueNeed,
  worstFailure,
  wrappedBasisLine,
} from './lines.ts'
import { ceilToQuoteUnits, floorToQuoteUnits, fromQuoteUnits, max, min, type Real, sum } from './real.ts'
import { type Book, toBook } from './scan.ts'

/** Lines in the order of their sum. */
export const lineIds = [
  'scan',
  'wrappedBasis',
  'shortOptionMinimum',
  'hedgedDeltaMinimum',
  'liquidity',
  'oracleConfidence',
  'settlementGap',
  'venueFailure',
  'venueFloor',
  'arithmetic',
  'longOptionCap',
] as const

export type LineId = (typeof lineIds)[number]
export type Lines = Readonly<Record<LineId, Real>>

/** Requirements and equity of a portfolio without any rounding but those that the model's text defines. */
export type ExactMargin = {
  readonly book: Book
  readonly equity: Real
  readonly initial: Lines
  readonly maintenance: Lines
}

/**
 * The margin model from its text, on numbers with 72 decimals.
 *
 * @throws {Refusal} where the text refuses.
 */
export function exactMargin(inputs: Inputs): ExactMargin {
  const book = toBook(inputs)
  const equity = sum(book.claims.map((claim) => book.valuer.equityOf(claim)))
  const initial = linesOf(book, 'initial', equity)
  if (inputs.portfolio.scope === 'enforceable') requireRecordable(equity, totalOf(initial))
  return { book, equity, initial, maintenance: linesOf(book, 'maintenance', equity) }
}

/** @throws {Refusal} for figures beyond 64 bits of quote units: the account is refused by a record. */
function requireRecordable(equity: Real, initial: Real): void {
  const signed = floorToQuoteUnits(equity)
  if (signed < -(2n ** 63n) || signed >= 2n ** 63n || ceilToQuoteUnits(initial) >= 2n ** 64n) {
    throw new Refusal('no record holds the margin')
  }
}

function linesOf(book: Book, side: Side, equity: Real): Lines {
  const first = {
    scan: scanLine(book, side),
    wrappedBasis: wrappedBasisLine(book, side),
    shortOptionMinimum: shortOptionMinimumLine(book, side),
    hedgedDeltaMinimum: hedgedDeltaMinimumLine(book, side),
    liquidity: liquidityLine(book, side),
    oracleConfidence: oracleConfidenceLine(book, side),
    settlementGap: settlementGapLine(book, side),
  }
  const above = sum(Object.values(first))
  const venueFailure = max(0n, worstFailure(book, side) - above)
  const venueFloor = side === 'initial' ? max(0n, venueNeed(book) - above - venueFailure) : 0n
  const arithmetic = arithmeticLine(book)
  const total = above + venueFailure + venueFloor + arithmetic
  const signed = fromQuoteUnits(floorToQuoteUnits(equity))
  const longOptionCap = isLongOnly(book) ? min(0n, max(0n, signed) - total) : 0n
  return { ...first, venueFailure, venueFloor, arithmetic, longOptionCap }
}

/** The sum of the lines. */
export function totalOf(lines: Lines): Real {
  return sum(Object.values(lines))
}

/** Each line rounded up by itself, as a record would carry it. */
export function roundedLines(lines: Lines): Readonly<Record<LineId, bigint>> {
  return Object.fromEntries(lineIds.map((id) => [id, ceilToQuoteUnits(lines[id])])) as Record<LineId, bigint>
}
