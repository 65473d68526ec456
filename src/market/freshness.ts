import { InconsistentReadError, StaleMarketDataError } from '../core/errors.ts'
import type { PinnedBlock } from '../core/portfolio.ts'

/**
 * Asserts that a market input is not older than `maxAge` seconds at the block, and not from after it.
 *
 * @throws {StaleMarketDataError} when it is older.
 * @throws {InconsistentReadError} when it is from after the block.
 */
export function requireFresh(input: {
  readonly what: string
  readonly source: string
  /** Unix seconds. */
  readonly updatedAt: number
  readonly maxAge: number
  readonly block: PinnedBlock
}): void {
  const { what, source, updatedAt, maxAge, block } = input
  const age = block.timestamp - updatedAt
  if (age < 0) {
    throw new InconsistentReadError(
      `${source} dates ${what} ${-age} s after block ${block.number} (${updatedAt} against ${block.timestamp}).`,
    )
  }
  if (age > maxAge) {
    throw new StaleMarketDataError(`${source} gives ${what} ${age} s old; ${maxAge} s are allowed.`, {
      metaMessages: ['Wait for an update, or raise `maxAge` of the source if its rhythm is that slow.'],
      retryable: true,
    })
  }
}
