import { InvalidInputError } from '../../core/errors.ts'
import type { Journal } from './journal.ts'

const secondsPerDay = 86_400

/** Seconds that a journal keeps what is settled, unless it is told otherwise. */
export const defaultJournalKeep = 90 * secondsPerDay

/** Nothing that a keeper asks of its journal is older: neither the spending of a day nor a record that is still valid. */
export const shortestJournalKeep = 7 * secondsPerDay

/**
 * Lets a journal forget what is older than `keep` seconds, at the first time that it is told and then once a day; Unix seconds of
 * block time, so that a clock that is wrong forgets nothing.
 *
 * @throws {InvalidInputError} for less than {@link shortestJournalKeep}.
 */
export function pruneDaily(journal: Journal, keep: number): (now: number) => void {
  if (!(keep >= shortestJournalKeep)) {
    throw new InvalidInputError(`A journal keeps at least ${shortestJournalKeep} s of what it settled; got ${keep}.`)
  }
  let last = Number.NEGATIVE_INFINITY
  return (now) => {
    if (now - last < secondsPerDay) return
    journal.prune(now - keep)
    last = now
  }
}
