import { BaseError } from '../core/errors.ts'
import { type Wad, wad } from '../core/units.ts'

/** A divisor that has no quotient here: zero, or not positive where the divisor must be. */
export class InvalidDivisorError extends BaseError {
  override readonly name = 'InvalidDivisorError'

  constructor(dividend: bigint, divisor: bigint) {
    super(`Cannot divide ${dividend} by ${divisor}.`, { metaMessages: ['Check the divisor before dividing.'] })
  }
}

/** Product of two WAD numbers, truncated toward zero. */
export function mul(a: Wad, b: Wad): Wad {
  return (a * b) / wad
}

/**
 * Quotient of two WAD numbers, truncated toward zero.
 *
 * @throws {InvalidDivisorError} when b is zero.
 */
export function div(a: Wad, b: Wad): Wad {
  if (b === 0n) throw new InvalidDivisorError(a, b)
  return (a * wad) / b
}

/** Product of two WAD numbers, rounded toward plus infinity. */
export function mulUp(a: Wad, b: Wad): Wad {
  return ceilDiv(a * b, wad)
}

/**
 * Quotient of two WAD numbers, rounded toward plus infinity.
 *
 * @throws {InvalidDivisorError} when b is zero.
 */
export function divUp(a: Wad, b: Wad): Wad {
  return b < 0n ? ceilDiv(-a * wad, -b) : ceilDiv(a * wad, b)
}

/**
 * Smallest integer not below a / b, for any a and positive b.
 *
 * @throws {InvalidDivisorError} when b is not positive.
 */
export function ceilDiv(a: bigint, b: bigint): bigint {
  return -floorDiv(-a, b)
}

/**
 * Largest integer not above a / b, for any a and positive b.
 *
 * @throws {InvalidDivisorError} when b is not positive.
 */
export function floorDiv(a: bigint, b: bigint): bigint {
  if (b <= 0n) throw new InvalidDivisorError(a, b)
  const quotient = a / b
  return a < 0n && quotient * b !== a ? quotient - 1n : quotient
}

export function abs(a: bigint): bigint {
  return a < 0n ? -a : a
}

export function max(a: bigint, b: bigint): bigint {
  return a < b ? b : a
}

export function min(a: bigint, b: bigint): bigint {
  return b < a ? b : a
}
