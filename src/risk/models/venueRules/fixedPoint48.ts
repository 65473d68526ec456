import { z } from 'zod'

/** A number of Mango's fixed-point type `I80F48`: an integer of 2^−48. */
export type Fixed48 = bigint

const fractionBits = 48n

/** 1.0 as a {@link Fixed48}. */
export const one48 = 1n << fractionBits

const decimal = /^(-?)(\d+)\.?(\d*)$/

/** A decimal number as text or JSON number, to the nearest 2^−48. */
export const fixed48 = z
  .string()
  .regex(decimal, 'expected a decimal number')
  .transform(parseFixed48)
  .or(z.number().refine(Number.isFinite, 'expected a finite number').transform(fromNumber48))

/** The product, rounded down as the type does. */
export function mul48(a: Fixed48, b: Fixed48): Fixed48 {
  return (a * b) >> fractionBits
}

/** The nearest double. */
export function toNumber48(value: Fixed48): number {
  return Number(value) / Number(one48)
}

/** The nearest fixed-point number; the product by a power of two is exact. */
export function fromNumber48(value: number): Fixed48 {
  return BigInt(Math.round(value * Number(one48)))
}

/** The quotient through doubles, as Mango divides where it may be a little off (`checked_div_f64_precision`). */
export function divideThroughDoubles(a: Fixed48, b: Fixed48): Fixed48 {
  return fromNumber48(toNumber48(a) / toNumber48(b))
}

/** Decimal text rounded down to 15 places, past which the type has none. */
export function formatFixed48(value: Fixed48): string {
  const sign = value < 0n ? '-' : ''
  const digits = (((value < 0n ? -value : value) * 10n ** 15n) >> fractionBits).toString().padStart(16, '0')
  return `${sign}${digits.slice(0, -15)}.${digits.slice(-15)}`
}

function parseFixed48(text: string): Fixed48 {
  const [, sign = '', whole = '', places = ''] = decimal.exec(text) ?? []
  const scale = 10n ** BigInt(places.length)
  const value = ((BigInt(`${whole}${places}`) << fractionBits) + scale / 2n) / scale
  return sign === '-' ? -value : value
}
