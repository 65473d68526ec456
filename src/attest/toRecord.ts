import { BaseError } from '../core/errors.ts'
import type { MarginResult } from '../core/margin.ts'
import { encodeFlags, expiresAt, type MarginRecord } from './record.ts'

/** An option of the book expires before even the shortest record would. */
export class ExpiringBookError extends BaseError {
  override readonly name = 'ExpiringBookError'
}

export type ToRecordOptions = {
  /** Longest validity that the signer gives: 15 s · 2^code. The next expiry in the book may shorten it. */
  readonly validityCode: number
  /** The margin was read from a confirmed block rather than from the head. */
  readonly confirmed: boolean
  /** The record goes under a root; false by default. */
  readonly rootMode?: boolean
}

/**
 * Turns a margin into the record that signers vouch for. It never stays valid up to the next expiry in the book.
 *
 * @throws {ExpiringBookError} when the next expiry is 15 seconds away or nearer.
 */
export function toRecord(
  result: MarginResult,
  { validityCode, confirmed, rootMode = false }: ToRecordOptions,
): MarginRecord {
  const { account, scope, block, equity, initialMargin, maintenanceMargin, modelId, nextExpiry } = result
  const observedAt = block.timestamp
  const flagsFor = (code: number) =>
    encodeFlags({
      validityCode: code,
      confirmed,
      rootMode,
      venueCritical: result.venueCritical,
      enforceable: scope === 'enforceable',
    })
  let code = validityCode
  while (nextExpiry !== null && expiresAt({ observedAt, flags: flagsFor(code) }) >= nextExpiry) {
    if (code === 0) {
      throw new ExpiringBookError(
        `An option of ${account} expires at ${nextExpiry}, ${nextExpiry - observedAt} s after the block.`,
        {
          metaMessages: ['Wait until it has expired and is settled; no record can be valid across an expiry.'],
          retryable: true,
        },
      )
    }
    code -= 1
  }
  return {
    account,
    initialMargin,
    maintenanceMargin,
    equity,
    observedAt,
    lienSeq: 0,
    modelId,
    flags: flagsFor(code),
  }
}
