import { one, type Real } from '../../../../support/exact/real.ts'

/** A decimal number as text, with or without an exponent, cut after 72 decimals. */
export function parseReal(text: string): Real {
  const [mantissa = '', exponent = '0'] = text.split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const places = BigInt(fraction.length) - BigInt(exponent)
  const digits = BigInt(whole + fraction) * one
  return places >= 0n ? digits / 10n ** places : digits * 10n ** -places
}
