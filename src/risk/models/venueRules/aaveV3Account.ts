import { z } from 'zod'
import { name, natural, positive } from '../../../core/schema.ts'
import { accountFields } from './assessment.ts'

/** Versions that round or liquidate differently; name the last of these that is not newer than the pool. */
export const aaveV3Versions = ['3.0', '3.3', '3.5', '3.7'] as const

/** A version of the pool. */
export type AaveV3Version = (typeof aaveV3Versions)[number]

const decimals = z.int().min(0).max(36)
const basisPointsField = z.int().min(0).max(65_535)

const reserve = z.strictObject({
  asset: name,
  decimals,
  /** Oracle price of one whole token in base units (1e-8 USD on most pools). */
  price: positive,
  /** Balance of the aToken, smallest units; or scaled with its index. */
  supplied: natural.optional(),
  scaledSupplied: natural.optional(),
  liquidityIndex: positive.optional(),
  /** Balance of the variable and stable debt tokens, smallest units; or scaled with its index. */
  debt: natural.optional(),
  scaledDebt: natural.optional(),
  borrowIndex: positive.optional(),
  /** Whether the account uses it as collateral, yes by default. */
  isCollateral: z.boolean().optional(),
  /** Basis points. */
  ltv: basisPointsField,
  liquidationThreshold: basisPointsField,
  /** Value of seized collateral per value repaid, basis points: 10500 is a bonus of 5 %. */
  liquidationBonus: basisPointsField.optional(),
  /** Share of the bonus that the protocol takes, basis points. */
  liquidationProtocolFee: basisPointsField.optional(),
  /** Whether it belongs to the account's e-mode category (from 3.2 on: to the category's collateral bitmap). */
  inEMode: z.boolean().optional(),
})

/** An account of an Aave v3 pool in the pool's own integers. */
export const aaveV3Schema = z.strictObject({
  rule: z.literal('aave-v3'),
  ...accountFields,
  version: z.enum(aaveV3Versions),
  /** Base units in one unit of account, 1e8 by default (`BASE_CURRENCY_UNIT`). */
  baseUnit: positive.optional(),
  reserves: z.array(reserve),
  eMode: z
    .strictObject({
      ltv: basisPointsField,
      liquidationThreshold: basisPointsField,
      liquidationBonus: basisPointsField.optional(),
      /** Price of the category, which Aave up to 3.1 uses for its assets when it is set. */
      price: positive.optional(),
    })
    .optional(),
  /** A call of `liquidationCall` to work out. */
  liquidation: z.strictObject({ collateral: name, debt: name, debtToCover: natural }).optional(),
})

/** See {@link aaveV3Schema}. */
export type AaveV3Account = z.output<typeof aaveV3Schema>

/** One reserve of an account with its balances and value in base units. */
export type AaveV3Position = {
  readonly reserve: AaveV3Account['reserves'][number]
  readonly price: bigint
  readonly unit: bigint
  readonly supplied: bigint
  readonly debt: bigint
  readonly suppliedInBase: bigint
  readonly debtInBase: bigint
}

/** What `Pool.getUserAccountData` returns, in base units, basis points and WAD. */
export type AaveV3AccountData = {
  readonly totalCollateral: bigint
  readonly totalDebt: bigint
  readonly availableBorrows: bigint
  /** Averages of the collaterals, rounded down to basis points. */
  readonly liquidationThreshold: bigint
  readonly ltv: bigint
  /** Null without debt. */
  readonly healthFactor: bigint | null
  readonly hasZeroLtvCollateral: boolean
  readonly positions: readonly AaveV3Position[]
  /** Σ value · threshold, basis points of base units. */
  readonly weightedThreshold: bigint
}
