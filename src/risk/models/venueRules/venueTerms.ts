import { z } from 'zod'
import { fraction, natural, unixSeconds } from '../../../core/schema.ts'
import { optionCollateralSchema, perpetualAccountSchema, venueRuleSchema } from '../../../core/snapshot.ts'
import { wad } from '../../../core/units.ts'
import type { PerpetualAccountRule, VenueRule } from '../../../core/venueRule.ts'
import { abs, ceilDiv, max, mul } from '../../../kernel/fixedPoint.ts'
import { minimumCollateral } from '../../venues/optionCollateral.ts'
import { perpetualAccountTotals } from '../../venues/perpetualAccount.ts'
import type { VenueShift } from '../../venues/shift.ts'
import { venueState } from '../../venues/venueState.ts'
import { accountFields, toDetails, toReal, type VenueAssessment } from './assessment.ts'

const venueAccount = {
  chainId: 1,
  venue: 'venue',
  instance: '0x0000000000000000000000000000000000000000',
  holder: '0x0000000000000000000000000000000000000000',
  subAccount: '',
} as const

/** A Perpetual v2 account: the terms of a snapshot's rule, with what `Vault.getFreeCollateral` adds for opening. */
export const perpetualV2Schema = z.strictObject({
  rule: z.literal('perpetual-v2'),
  ...accountFields,
  ...perpetualAccountSchema.omit({ kind: true, venueAccount: true }).shape,
  initialRatio: fraction.optional(),
  /** What the account owes in all, WAD, which initial margin is also taken of (`getTotalDebtValue`). */
  debtValue: natural.optional(),
})

/** Short options of a Lyra Avalon market, with the moment of valuation. */
export const lyraAvalonSchema = z.strictObject({
  rule: z.literal('lyra-avalon'),
  ...accountFields,
  ...optionCollateralSchema.omit({ kind: true, venueAccount: true }).shape,
  shorts: z.array(
    optionCollateralSchema.shape.shorts.element.extend({
      /** The venue's price of one option, WAD of the quote asset; without it the whole minimum counts as the requirement. */
      mark: natural.optional(),
    }),
  ),
  timestamp: unixSeconds,
})

/** A rule as a snapshot carries it, with what its venue stated. */
export const snapshotRuleSchema = z.strictObject({
  rule: z.literal('snapshot-rule'),
  ...accountFields,
  terms: venueRuleSchema,
  timestamp: unixSeconds,
})

/** An account whose venue's demand is known and whose rule is not. */
export const statedSchema = z.strictObject({ rule: z.literal('stated'), ...accountFields })

/** The account by Perpetual v2's rule, quote asset in WAD; other collateral counts with its ratio in equity. */
export function assessPerpetualV2(account: z.output<typeof perpetualV2Schema>): VenueAssessment {
  const { initialRatio, debtValue } = account
  const rule: PerpetualAccountRule = { ...account, kind: 'perpetualAccount', venueAccount }
  const shift = standingStill(rule, 0)
  const { accountValue, positionValue, settlement, counted } = perpetualAccountTotals(rule, shift)
  const { isLiquidatable, penalty, slack } = venueState(rule, shift)
  const openNotional = rule.markets.reduce((total, { cost }) => total + abs(cost), 0n)
  const ratio = initialRatio ?? rule.maintenanceRatio
  const base = max(positionValue, debtValue ?? openNotional)
  return {
    equity: toReal(accountValue, wad),
    initial: toReal(ceilDiv(base * ratio, wad), wad),
    maintenance: toReal(accountValue - slack, wad),
    isLiquidatable,
    details: toDetails({
      ...{ accountValue, positionValue, settlement, countedCollateral: counted, liquidationPenalty: penalty, slack },
      marginRequirementForLiquidation: mul(positionValue, rule.maintenanceRatio),
      freeCollateral: accountValue - ceilDiv(base * ratio, wad),
    }),
  }
}

/**
 * The shorts by Lyra Avalon's rule, in the venue's quote asset: equity is collateral less marks, the requirement what the
 * minimum collateral exceeds the mark by. One ratio opens and keeps a position.
 */
export function assessLyraAvalon(account: z.output<typeof lyraAvalonSchema>): VenueAssessment {
  const { timestamp, quote, shorts, minimum } = account
  let equity = 0n
  let requirement = 0n
  const states = shorts.map((short) => {
    const required = minimumCollateral(short, minimum, { spot: quote, timestamp })
    const inQuote = (amount: bigint) => (short.collateralIn === 'base' ? mul(amount, quote) : amount)
    const mark = mul(short.mark ?? 0n, short.amount)
    equity += inQuote(short.collateral) - mark
    requirement += max(0n, inQuote(required) - mark)
    return { ...short, minimumCollateral: required, isLiquidatable: short.collateral < required }
  })
  return {
    equity: toReal(equity, wad),
    initial: toReal(requirement, wad),
    maintenance: toReal(requirement, wad),
    isLiquidatable: states.some((state) => state.isLiquidatable),
    details: toDetails({ shorts: states }),
  }
}

/** The account by a snapshot's rule: whether it is liquidatable, at what penalty, and what could be withdrawn. */
export function assessSnapshotRule({ terms, timestamp }: z.output<typeof snapshotRuleSchema>) {
  const { isLiquidatable, penalty, slack } = venueState(terms, standingStill(terms, timestamp))
  return { isLiquidatable, details: toDetails({ kind: terms.kind, liquidationPenalty: penalty, slack }) }
}

/** No price has moved: every asset stands at the venue's own quote, which counts for our price of it. */
function standingStill(rule: VenueRule, timestamp: number): VenueShift {
  const price = () => (rule.kind === 'optionCollateral' ? rule.quote : wad)
  const isQuote = (asset: string) => rule.kind === 'optionCollateral' && asset === rule.quoteAsset
  return {
    price: (underlying) => (underlying === 'quote' ? wad : price()),
    base: (underlying) => (underlying === 'quote' ? wad : price()),
    underlyingOf: (asset) => (isQuote(asset) ? 'quote' : 'asset'),
    rate: () => wad,
    timestamp,
  }
}
