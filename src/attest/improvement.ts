import type { QuoteUnits } from '../core/units.ts'
import type { MarginRecord } from './record.ts'

/** How fast a model lets free equity rise. */
export type ChangeBounds = {
  /** At once. */
  readonly base: QuoteUnits
  /** Quote units per second. */
  readonly rate: QuoteUnits
  /** Seconds that count at most. */
  readonly cap: number
}

/** What an improvement is measured against: the bounds of the model and the record that the registry stores. */
export type Improvement = {
  readonly bounds: ChangeBounds
  readonly stored: Pick<MarginRecord, 'initialMargin' | 'equity' | 'observedAt'> | null
}

/**
 * Most free equity that the registry lets a record show: `max(stored free, 0) + base + rate · min(elapsed, cap)`, and the
 * base alone without a stored record. Twin of `ModelTerms.bound`.
 *
 * @param observedAt - Time of the record, not before the stored one's, Unix seconds.
 * @returns quote units, never negative.
 */
export function improvementBound({ bounds, stored }: Improvement, observedAt: number): QuoteUnits {
  const { base, rate, cap } = bounds
  if (stored === null) return base
  const free = stored.equity - stored.initialMargin
  return (free > 0n ? free : 0n) + base + rate * BigInt(Math.min(observedAt - stored.observedAt, cap))
}

/** The record with its equity lowered to what the registry accepts now, so that a signer is never stuck above the bound. */
export function withBoundedEquity(record: MarginRecord, improvement: Improvement): MarginRecord {
  const highest = record.initialMargin + improvementBound(improvement, record.observedAt)
  return record.equity > highest ? { ...record, equity: highest } : record
}
