import { parseUnits } from 'viem'
import { InvalidInputError } from '../../src/core/errors.ts'
import type { Wad } from '../../src/core/units.ts'

/**
 * A decimal number that is not negative, with at most 18 decimals, as WAD.
 *
 * @throws {InvalidInputError} for anything else.
 */
export function toWad(text: string, name: string): Wad {
  if (!/^\d{1,30}(\.\d{1,18})?$/.test(text)) {
    throw new InvalidInputError(`${name} must be a decimal number with at most 18 decimals, got ${text}.`)
  }
  return parseUnits(text, 18)
}
