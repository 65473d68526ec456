import { BaseError } from './errors.ts'
import { claimKey, type Position } from './position.ts'

/** The same tokens are claimed twice, by two venues or by one. */
export class DuplicateClaimError extends BaseError {
  override readonly name = 'DuplicateClaimError'
}

/**
 * Positions in the order of their claims.
 *
 * @throws {DuplicateClaimError} when two carry the same claim.
 */
export function orderDistinctClaims<Some extends Pick<Position, 'claim' | 'venueAccount'>>(
  positions: readonly Some[],
): readonly Some[] {
  const byClaim = new Map<string, Some>()
  for (const position of positions) {
    const key = claimKey(position.claim)
    const other = byClaim.get(key)
    if (other) {
      throw new DuplicateClaimError(
        `${other.venueAccount.venue} and ${position.venueAccount.venue} both claim ${key}.`,
        { metaMessages: ['List the token at one venue of the parameter set only.'] },
      )
    }
    byClaim.set(key, position)
  }
  return [...byClaim].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, position]) => position)
}
