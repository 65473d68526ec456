import { BaseError } from '../core/errors.ts'

/** A negative number has no real square root. */
export class NegativeSquareRootError extends BaseError {
  override readonly name = 'NegativeSquareRootError'

  constructor(x: bigint) {
    super(`Cannot take the square root of ${x}.`, { metaMessages: ['Check the sign of the argument.'] })
  }
}

/**
 * Floor of the square root, exact for any size.
 *
 * @throws {NegativeSquareRootError} when x is negative.
 */
export function isqrt(x: bigint): bigint {
  if (x < 0n) throw new NegativeSquareRootError(x)
  if (x < 2n) return x
  // Newton's iteration falls monotonically from any start above the root; x < 16^digits, so 4^digits is one.
  let root = 1n << BigInt(2 * x.toString(16).length)
  for (;;) {
    const next = (root + x / root) >> 1n
    if (next >= root) return root
    root = next
  }
}
