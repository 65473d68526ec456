import { z } from 'zod'
import { InvalidInputError } from '../../../core/errors.ts'
import { fraction, natural } from '../../../core/schema.ts'
import { wad } from '../../../core/units.ts'
import { ceilDiv, divUp, max, mul } from '../../../kernel/fixedPoint.ts'
import { liquidationIncentive, maximumBorrow, oracleScale } from '../../venues/isolatedLoan.ts'
import { accountFields, toDetails, toReal, type VenueAssessment } from './assessment.ts'

/** `SharesMathLib.VIRTUAL_SHARES` and `VIRTUAL_ASSETS`. */
const virtualShares = 10n ** 6n
const virtualAssets = 1n

/** A borrower's position in one Morpho Blue market, in the market's own integers. */
export const morphoBlueSchema = z.strictObject({
  rule: z.literal('morpho-blue'),
  ...accountFields,
  /** Smallest units of the collateral token. */
  collateral: natural,
  /** The debt in shares with the market's totals; or in assets, smallest units of the loan token. */
  borrowShares: natural.optional(),
  totalBorrowAssets: natural.optional(),
  totalBorrowShares: natural.optional(),
  borrowed: natural.optional(),
  /** Loan smallest units per collateral smallest unit, scaled by 1e36. */
  oraclePrice: natural,
  /** WAD. */
  lltv: fraction,
  loanDecimals: z.int().min(0).max(36),
  /** A call of `liquidate`, by what is seized or by the shares that are repaid. */
  liquidation: z
    .union([z.strictObject({ seizedAssets: natural }), z.strictObject({ repaidShares: natural })])
    .optional(),
})

/** See {@link morphoBlueSchema}. */
export type MorphoBlueAccount = z.output<typeof morphoBlueSchema>

type Totals = { readonly assets: bigint; readonly shares: bigint }

/** Assets for shares, rounded up (`toAssetsUp`). */
export function toAssetsUp(shares: bigint, { assets, shares: total }: Totals): bigint {
  return ceilDiv(shares * (assets + virtualAssets), total + virtualShares)
}

/** Assets for shares, rounded down (`toAssetsDown`). */
export function toAssetsDown(shares: bigint, { assets, shares: total }: Totals): bigint {
  return (shares * (assets + virtualAssets)) / (total + virtualShares)
}

/** Shares for assets, rounded down (`toSharesDown`). */
export function toSharesDown(amount: bigint, { assets, shares }: Totals): bigint {
  return (amount * (shares + virtualShares)) / (assets + virtualAssets)
}

/** Shares for assets, rounded up (`toSharesUp`). */
export function toSharesUp(amount: bigint, { assets, shares }: Totals): bigint {
  return ceilDiv(amount * (shares + virtualShares), assets + virtualAssets)
}

/** The debt in loan tokens and what the collateral allows (`Morpho._isHealthy`). */
export function morphoBlueState(account: MorphoBlueAccount) {
  const borrowed = borrowedAssets(account)
  const maxBorrow = maximumBorrow(account.collateral, account.oraclePrice, account.lltv)
  return {
    ...{ borrowed, maxBorrow },
    isHealthy: borrowed === 0n || maxBorrow >= borrowed,
    liquidationIncentiveFactor: liquidationIncentive(account.lltv),
    collateralValue: (account.collateral * account.oraclePrice) / oracleScale,
  }
}

/**
 * `Morpho.liquidate`: what is seized and repaid, both in favor of the market, and the debt that is written off when no
 * collateral remains.
 *
 * @throws {InvalidInputError} without the market's totals, or when the position holds or owes less than the call takes.
 */
export function liquidateMorphoBlue(account: MorphoBlueAccount, call: NonNullable<MorphoBlueAccount['liquidation']>) {
  const totals = totalsOf(account)
  const incentive = liquidationIncentive(account.lltv)
  let seizedAssets: bigint
  let repaidAssets: bigint
  let repaidShares: bigint
  if ('seizedAssets' in call) {
    seizedAssets = call.seizedAssets
    repaidAssets = divUp(ceilDiv(seizedAssets * account.oraclePrice, oracleScale), incentive)
    repaidShares = toSharesDown(repaidAssets, totals)
  } else {
    repaidShares = call.repaidShares
    repaidAssets = toAssetsUp(repaidShares, totals)
    seizedAssets = account.oraclePrice === 0n ? 0n : (mul(repaidAssets, incentive) * oracleScale) / account.oraclePrice
  }
  const sharesLeft = (account.borrowShares ?? 0n) - repaidShares
  if (seizedAssets > account.collateral || sharesLeft < 0n) {
    throw new InvalidInputError(
      `A liquidation takes ${seizedAssets} of ${account.collateral} collateral and ${repaidShares} of ${account.borrowShares} shares.`,
      { metaMessages: ['Seize or repay no more than the position holds; the market would revert.'] },
    )
  }
  const after: Totals = { assets: max(0n, totals.assets - repaidAssets), shares: totals.shares - repaidShares }
  const badDebtShares = seizedAssets === account.collateral ? sharesLeft : 0n
  return { seizedAssets, repaidAssets, repaidShares, badDebtShares, badDebtAssets: toAssetsUp(badDebtShares, after) }
}

/** The position by its market's rule: collateral less what it lets the borrower owe, none without debt. */
export function assessMorphoBlue(account: MorphoBlueAccount): VenueAssessment {
  const state = morphoBlueState(account)
  const unit = 10n ** BigInt(account.loanDecimals)
  const demanded = state.borrowed === 0n ? 0 : toReal(state.collateralValue - state.maxBorrow, unit)
  return {
    equity: toReal(state.collateralValue - state.borrowed, unit),
    initial: demanded,
    maintenance: demanded,
    isLiquidatable: !state.isHealthy,
    details: toDetails({
      ...state,
      ltv: state.collateralValue === 0n ? null : (state.borrowed * wad) / state.collateralValue,
      healthFactor: state.borrowed === 0n ? null : (state.maxBorrow * wad) / state.borrowed,
      ...(account.liquidation && { liquidation: liquidateMorphoBlue(account, account.liquidation) }),
    }),
  }
}

function borrowedAssets(account: MorphoBlueAccount): bigint {
  if (account.borrowed !== undefined) return account.borrowed
  return account.borrowShares === undefined ? 0n : toAssetsUp(account.borrowShares, totalsOf(account))
}

function totalsOf({ totalBorrowAssets, totalBorrowShares }: MorphoBlueAccount): Totals {
  if (totalBorrowAssets !== undefined && totalBorrowShares !== undefined) {
    return { assets: totalBorrowAssets, shares: totalBorrowShares }
  }
  throw new InvalidInputError('A Morpho Blue position in shares has no totals of its market.', {
    metaMessages: ['Give totalBorrowAssets and totalBorrowShares, or the debt as `borrowed`.'],
  })
}
