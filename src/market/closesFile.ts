import { InvalidInputError } from '../core/errors.ts'

/** Closes of one or several prices at equal steps, oldest first. */
export type Closes = {
  /** Seconds from close to close; for trading days, those of one day. */
  readonly interval: number
  /** Unix seconds of each close. */
  readonly times: readonly number[]
  readonly columns: { readonly [column: string]: readonly number[] }
}

export type ClosesOptions = {
  /**
   * What may lie between two rows. `equal` (the default): every step is as long as the first. `trading-days`: days may be missing for
   * weekends and holidays, up to five in a row, and each row counts as one step.
   */
  readonly steps?: 'equal' | 'trading-days'
}

const day = 86_400
const longestBreak = 6 * day

/**
 * Reads closes from CSV text. The first line names the columns: `date` (or `time`) and one column per price, `close` when there is
 * only one. A date is `2024-01-31`, an ISO moment in UTC, or Unix seconds. Lines that begin with # are comments.
 *
 * @throws {InvalidInputError} naming the line, for rows out of order, gaps, missing or non-positive prices.
 */
export function parseCloses(text: string, { steps = 'equal' }: ClosesOptions = {}): Closes {
  const [header, ...rows] = text
    .split(/\r?\n/)
    .map((line, index) => ({ line: index + 1, cells: line.split(',').map(unquote), text: line.trim() }))
    .filter((row) => row.text !== '' && !row.text.startsWith('#'))
  if (header === undefined) throw invalid('no line', 'The first line names the columns, such as date,close.')
  const dateColumn = header.cells.findIndex((cell) => /^(date|time|timestamp)$/i.test(cell))
  const names = header.cells.filter((_, index) => index !== dateColumn)
  if (dateColumn < 0 || names.length === 0 || new Set(names).size < names.length || names.some((name) => name === '')) {
    throw invalid(`the columns ${header.cells.join(',')}`, 'Name one column date and every other one differently.')
  }
  if (rows.length < 2) throw invalid(`${rows.length} rows`, 'Give at least two closes.')
  const times = rows.map(({ cells, line }) => momentOf(cells[dateColumn] ?? '', line))
  const interval = requireSteps(times, rows, steps)
  const prices = rows.map(({ cells, line }) => pricesOf(cells, header.cells.length, dateColumn, line))
  return {
    interval,
    times,
    columns: Object.fromEntries(names.map((name, index) => [name, prices.map((row) => row[index] as number)])),
  }
}

function requireSteps(times: readonly number[], rows: readonly { line: number }[], steps: 'equal' | 'trading-days') {
  const interval = steps === 'equal' ? (times[1] as number) - (times[0] as number) : day
  for (const [index, time] of times.entries()) {
    const before = times[index - 1]
    if (before === undefined) continue
    const line = rows[index]?.line
    const step = time - before
    if (step <= 0) throw invalid(`line ${line}`, 'Its date does not come after that of the line before it.')
    if (steps === 'equal' && step !== interval) {
      throw invalid(`line ${line}`, `It follows after ${step} s where the first step is ${interval} s: fill the gap.`)
    }
    if (steps === 'trading-days' && (step < day / 2 || step > longestBreak)) {
      throw invalid(`line ${line}`, `It follows after ${step} s, which is no trading day: fill the gap.`)
    }
  }
  return interval
}

function momentOf(cell: string, line: number): number {
  const date = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.0+)?Z?)?$/.exec(cell)
  const seconds =
    date === null
      ? /^\d{1,11}$/.test(cell)
        ? Number(cell)
        : NaN
      : Date.parse(`${date[1]}T${date[2] ?? '00:00'}Z`) / 1_000
  // A day that no month has is moved into the next one by the language.
  const read =
    date !== null && !Number.isNaN(seconds) ? new Date(seconds * 1_000).toISOString().slice(0, 10) : date?.[1]
  if (Number.isNaN(seconds) || read !== date?.[1]) throw invalid(`line ${line}`, `${cell || 'nothing'} is not a date.`)
  return seconds
}

function pricesOf(cells: readonly string[], width: number, dateColumn: number, line: number): readonly number[] {
  if (cells.length !== width) throw invalid(`line ${line}`, `It has ${cells.length} cells for ${width} columns.`)
  return cells
    .filter((_, index) => index !== dateColumn)
    .map((cell) => {
      const price = /^\d+(\.\d*)?([eE][+-]?\d+)?$/.test(cell) ? Number(cell) : NaN
      if (!(price > 0 && price < Infinity))
        throw invalid(`line ${line}`, `${cell || 'nothing'} is not a price above zero.`)
      return price
    })
}

function unquote(cell: string): string {
  return cell.trim().replace(/^"(.*)"$/, '$1')
}

function invalid(where: string, remedy: string): InvalidInputError {
  return new InvalidInputError(`The closes cannot be read: ${where}.`, { metaMessages: [remedy] })
}
