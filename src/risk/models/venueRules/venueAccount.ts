import { z } from 'zod'
import { parseWith } from '../../../core/schema.ts'
import { assessAaveV3 } from './aaveV3.ts'
import { aaveV3Schema } from './aaveV3Account.ts'
import type { VenueAssessment } from './assessment.ts'
import { assessCompoundV3, compoundV3Schema } from './compoundV3.ts'
import { assessDrift } from './drift.ts'
import { driftSchema } from './driftAccount.ts'
import { assessGmxV2, gmxV2Schema } from './gmxV2.ts'
import { assessHyperliquid, hyperliquidSchema } from './hyperliquid.ts'
import { mangoV4Schema } from './mangoAccount.ts'
import { assessMangoV4 } from './mangoV4.ts'
import { assessMorphoBlue, morphoBlueSchema } from './morphoBlue.ts'
import {
  assessLyraAvalon,
  assessPerpetualV2,
  assessSnapshotRule,
  lyraAvalonSchema,
  perpetualV2Schema,
  snapshotRuleSchema,
  statedSchema,
} from './venueTerms.ts'

/** An account at a venue in the venue's own integers, by the rule that the venue follows. */
export const venueAccountSchema = z.discriminatedUnion('rule', [
  aaveV3Schema,
  compoundV3Schema,
  morphoBlueSchema,
  gmxV2Schema,
  mangoV4Schema,
  driftSchema,
  hyperliquidSchema,
  perpetualV2Schema,
  lyraAvalonSchema,
  snapshotRuleSchema,
  statedSchema,
])

/** See {@link venueAccountSchema}. */
export type VenueAccountInput = z.input<typeof venueAccountSchema>

/** A parsed {@link VenueAccountInput}. */
export type RuledAccount = z.output<typeof venueAccountSchema>

/**
 * Parses an account of a book.
 *
 * @throws {InvalidInputError} naming path and value of every problem, an unknown field among them.
 */
export function parseVenueAccount(value: unknown, what = 'The venue account'): RuledAccount {
  return parseWith(venueAccountSchema, value, what)
}

/** What is known of an account: everything by a rule of ours, less where only the venue's own statement is. */
export type PartialAssessment = Partial<VenueAssessment> & Pick<VenueAssessment, 'details'>

/** The account by its venue's own rule, in whole units of the venue's unit of account. */
export function assessVenueAccount(account: RuledAccount): PartialAssessment {
  switch (account.rule) {
    case 'aave-v3':
      return assessAaveV3(account)
    case 'compound-v3':
      return assessCompoundV3(account)
    case 'morpho-blue':
      return assessMorphoBlue(account)
    case 'gmx-v2':
      return assessGmxV2(account)
    case 'mango-v4':
      return assessMangoV4(account)
    case 'drift':
      return assessDrift(account)
    case 'hyperliquid':
      return assessHyperliquid(account)
    case 'perpetual-v2':
      return assessPerpetualV2(account)
    case 'lyra-avalon':
      return assessLyraAvalon(account)
    case 'snapshot-rule':
      return assessSnapshotRule(account)
    case 'stated':
      return { details: {} }
  }
}
