import { z } from 'zod'
import { toJson } from '../../../core/canonical.ts'
import { name, natural, positive } from '../../../core/schema.ts'
import type { Detail } from '../model.ts'

/**
 * What a venue's own rule says of one account. Money in whole units of the venue's unit of account: `equity` is what the
 * account is worth there, `initial` and `maintenance` what the venue wants it to be worth to open risk and not to be
 * liquidated.
 */
export type VenueAssessment = {
  readonly equity: number
  readonly initial: number
  readonly maintenance: number
  readonly isLiquidatable: boolean
  /** Everything that the venue's own views return, integers as decimal text in the venue's units. */
  readonly details: { readonly [key: string]: Detail }
}

/** Fields of every venue account. */
export const accountFields = {
  /** Names the account in results, and in the `venue` of positions that it covers; the rule with its index by default. */
  id: name.optional(),
  /** Price of the venue's unit of account in the quote currency of the book, WAD; 1 by default. */
  unitPrice: positive.optional(),
  /** What the venue itself stated of its demand, in the quote currency, WAD: taken in place of what the rule gives. */
  stated: z.strictObject({ initial: natural, maintenance: natural }).optional(),
}

/** The integer over its scale. */
export function toReal(value: bigint, scale: bigint): number {
  return Number(value) / Number(scale)
}

/** Details with every bigint as decimal text. */
export function toDetails(value: { readonly [key: string]: unknown }): { readonly [key: string]: Detail } {
  return toJson(value) as { readonly [key: string]: Detail }
}
