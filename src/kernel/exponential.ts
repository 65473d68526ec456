import { BaseError } from '../core/errors.ts'
import type { Wad } from '../core/units.ts'
import { mul } from './fixedPoint.ts'

/** The exponential does not fit a signed 256-bit integer with 18 decimals. */
export class ExponentialOverflowError extends BaseError {
  override readonly name = 'ExponentialOverflowError'

  constructor(x: Wad) {
    super(`exp(${x}) does not fit 256 bits.`, { metaMessages: [`The exponent must be below ${exponentEnd}.`] })
  }
}

/** The logarithm is asked of a number outside the positive signed 256-bit integers. */
export class LogarithmUndefinedError extends BaseError {
  override readonly name = 'LogarithmUndefinedError'

  constructor(x: Wad) {
    super(`ln(${x}) is undefined.`, { metaMessages: ['The argument must be between 1 and 2^255 - 1.'] })
  }
}

/** First exponent whose power exceeds (2^255 - 1) / 1e18. */
const exponentEnd = 135305999368893231589n
/** Last exponent whose power is below half a wei. */
const exponentOfZero = -41446531673892822313n
/** ln 2 in Q96. */
const ln2 = 54916777467707473351141471128n
const two95 = 1n << 95n

/**
 * e^x, 18 decimals; 0 below half a wei.
 * The (6, 7)-term rational approximation and the operation order are those of Solady's `FixedPointMathLib.expWad`.
 *
 * @throws {ExponentialOverflowError} when x ≥ 135.305999368893231589.
 */
export function expWad(x: Wad): Wad {
  if (x <= exponentOfZero) return 0n
  if (x >= exponentEnd) throw new ExponentialOverflowError(x)
  const scaled = (x << 78n) / 5n ** 18n
  const k = ((scaled << 96n) / ln2 + two95) >> 96n
  const r = scaled - k * ln2

  let y = r + 1346386616545796478920950773328n
  y = ((y * r) >> 96n) + 57155421227552351082224309758442n
  let p = y + r - 94201549194550492254356042504812n
  p = ((p * y) >> 96n) + 28719021644029726153956944680412240n
  p = p * r + (4385272521454847904659076985693276n << 96n)

  let q = r - 2855989394907223263936484059900n
  q = ((q * r) >> 96n) + 50020603652535783019961831881945n
  q = ((q * r) >> 96n) - 533845033583426703283633433725380n
  q = ((q * r) >> 96n) + 3604857256930695427073651918091429n
  q = ((q * r) >> 96n) - 14423608567350463180887372962807573n
  q = ((q * r) >> 96n) + 26449188498355588339934803723976023n

  return ((p / q) * 3822833074963236453042738258902158003155416615667n) >> (195n - k)
}

/**
 * Natural logarithm, 18 decimals.
 * The (8, 8)-term rational approximation and the operation order are those of Solady's `FixedPointMathLib.lnWad`.
 *
 * @throws {LogarithmUndefinedError} when x is not between 1 and 2^255 - 1.
 */
export function lnWad(x: Wad): Wad {
  if (x <= 0n || x >> 255n !== 0n) throw new LogarithmUndefinedError(x)
  const shift = BigInt(256 - bitLength(x))
  const r = (x << shift) >> 159n

  let p = r + 3273285459638523848632254066296n
  p = ((p * r) >> 96n) + 24828157081833163892658089445524n
  p = ((p * r) >> 96n) + 43456485725739037958740375743393n
  p = ((p * r) >> 96n) - 11111509109440967052023855526967n
  p = ((p * r) >> 96n) - 45023709667254063763336534515857n
  p = ((p * r) >> 96n) - 14706773417378608786704636184526n
  p = p * r - (795164235651350426258249787498n << 96n)

  let q = r + 5573035233440673466300451813936n
  q = ((q * r) >> 96n) + 71694874799317883764090561454958n
  q = ((q * r) >> 96n) + 283447036172924575727196451306956n
  q = ((q * r) >> 96n) + 401686690394027663651624208769553n
  q = ((q * r) >> 96n) + 204048457590392012362485061816622n
  q = ((q * r) >> 96n) + 31853899698501571402653359427138n
  q = ((q * r) >> 96n) + 909429971244387300277376558375n

  const fraction = (p / q) * 1677202110996718588342820967067443963516166n
  const powers = 16597577552685614221487285958193947469193820559219878177908093499208371n * (159n - shift)
  return (powers + fraction + 600920179829731861736702779321621459595472258049074101567377883020018308n) >> 174n
}

/**
 * x^p = exp(mul(p, ln x)), 18 decimals.
 *
 * @throws {LogarithmUndefinedError} when x is not positive.
 * @throws {ExponentialOverflowError} when the power does not fit 256 bits.
 */
export function powWad(x: Wad, p: Wad): Wad {
  return expWad(mul(p, lnWad(x)))
}

/** Number of binary digits of a positive number. */
function bitLength(x: bigint): number {
  const digits = x.toString(16)
  return 4 * digits.length - Math.clz32(Number.parseInt(digits.slice(0, 1), 16)) + 28
}
