import { parseUnits } from 'viem'
import { InvalidInputError } from '../../src/core/errors.ts'
import type { QuoteUnits } from '../../src/core/units.ts'

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/**
 * Quote units of a decimal number of US dollars.
 *
 * @throws {InvalidInputError} for anything but digits with at most six decimals.
 *
 * @example
 * toQuoteUnits('-12.5', 'equity')
 * // -12500000n
 */
export function toQuoteUnits(usd: string, name: string): QuoteUnits {
  if (!/^-?\d{1,13}(\.\d{1,6})?$/.test(usd)) {
    throw new InvalidInputError(`${name} is a decimal number of US dollars with at most six decimals, got ${usd}.`, {
      metaMessages: ['Write it as a string, such as "192863.41".'],
    })
  }
  return parseUnits(usd, 6)
}

/**
 * Seconds of a duration.
 *
 * @throws {InvalidInputError} for anything but a whole number of s, m, h or d.
 *
 * @example
 * toSeconds('16m')
 * // 960
 */
export function toSeconds(duration: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(duration) ?? []
  const length = seconds[unit]
  if (length === undefined) {
    throw new InvalidInputError(`A duration is a whole number of s, m, h or d, got ${duration}.`, {
      metaMessages: ['Write it as a string, such as "16m".'],
    })
  }
  return Number(count) * length
}
