import { z } from 'zod'
import { InvalidInputError } from '../../../core/errors.ts'
import { fraction, integer, name, natural, positive } from '../../../core/schema.ts'
import { wad } from '../../../core/units.ts'
import { ceilDiv, max, mul } from '../../../kernel/fixedPoint.ts'
import { accountFields, toDetails, toReal, type VenueAssessment } from './assessment.ts'

/** Scale of the indices (`BASE_INDEX_SCALE`) and of prices (`PRICE_FEED_DECIMALS` = 8). */
const indexScale = 10n ** 15n
const priceScale = 10n ** 8n

const decimals = z.int().min(0).max(36)

/** An account of a Comet market in the market's own integers. */
export const compoundV3Schema = z.strictObject({
  rule: z.literal('compound-v3'),
  ...accountFields,
  base: z.strictObject({
    decimals,
    /** Price of one base token, 8 decimals. */
    price: positive,
    /** Signed principal with the indices of its side, 15 decimals; or the present balance itself, negative when owed. */
    principal: integer.optional(),
    balance: integer.optional(),
    supplyIndex: positive.optional(),
    borrowIndex: positive.optional(),
  }),
  collaterals: z.array(
    z.strictObject({
      asset: name,
      decimals,
      /** Smallest units. */
      balance: natural,
      /** Price of one whole token, 8 decimals. */
      price: natural,
      /** WAD. */
      borrowCollateralFactor: fraction,
      liquidateCollateralFactor: fraction,
      /** Share of its price at which `absorb` credits it, WAD. */
      liquidationFactor: fraction,
    }),
  ),
  /** A call of `quoteCollateral`: base tokens, smallest units, and the share of the seizure's discount a buyer gets, WAD. */
  purchase: z.strictObject({ asset: name, baseAmount: natural, storeFrontPriceFactor: fraction }).optional(),
})

/** See {@link compoundV3Schema}. */
export type CompoundV3Account = z.output<typeof compoundV3Schema>

/** Prices in 1e-8 units of account. */
export type CompoundV3State = {
  /** Present balance of the base token, smallest units, negative when owed. */
  readonly presentValue: bigint
  /** `mulPrice(presentValue, price)`, truncated toward zero. */
  readonly baseValue: bigint
  readonly borrowLiquidity: bigint
  readonly liquidationLiquidity: bigint
  readonly isBorrowCollateralized: boolean
  readonly isLiquidatable: boolean
}

/**
 * `Comet.isBorrowCollateralized` and `isLiquidatable`: the base value, negative when owed, plus
 * `mulFactor(mulPrice(balance, price), factor)` of every collateral, each product truncated. Without a negative principal both
 * are as if there were nothing to cover. A factor of zero leaves the collateral out.
 */
export function compoundV3State(account: CompoundV3Account): CompoundV3State {
  const presentValue = presentBalance(account.base)
  const baseScale = 10n ** BigInt(account.base.decimals)
  const baseValue = (presentValue * account.base.price) / baseScale
  const liquidity = (factorOf: (held: CompoundV3Account['collaterals'][number]) => bigint) =>
    account.collaterals.reduce((total, held) => total + mul(collateralValue(held), factorOf(held)), baseValue)
  const borrowLiquidity = liquidity(({ borrowCollateralFactor }) => borrowCollateralFactor)
  const liquidationLiquidity = liquidity(({ liquidateCollateralFactor }) => liquidateCollateralFactor)
  return {
    ...{ presentValue, baseValue, borrowLiquidity, liquidationLiquidity },
    isBorrowCollateralized: presentValue >= 0n || borrowLiquidity >= 0n,
    isLiquidatable: presentValue < 0n && liquidationLiquidity < 0n,
  }
}

/**
 * What `absorb` does to the account: all collateral is taken at `liquidationFactor` of its price and credited in base; a
 * debt that this does not cover is the market's loss.
 */
export function absorbCompoundV3(account: CompoundV3Account) {
  const { presentValue } = compoundV3State(account)
  const baseScale = 10n ** BigInt(account.base.decimals)
  const credited = account.collaterals.reduce(
    (total, held) => total + mul(collateralValue(held), held.liquidationFactor),
    0n,
  )
  const newBalance = presentValue + (credited * baseScale) / account.base.price
  return {
    seized: account.collaterals.map(({ asset, balance }) => ({ asset, amount: balance })),
    creditedValue: credited,
    newBalance: max(0n, newBalance),
    basePaidOut: max(0n, newBalance) - presentValue,
    badDebt: max(0n, -newBalance),
  }
}

/** The account by the market's rule; requirements are collateral less what it lets the account owe, none without debt. */
export function assessCompoundV3(account: CompoundV3Account): VenueAssessment {
  const state = compoundV3State(account)
  const collateral = account.collaterals.reduce((total, held) => total + collateralValue(held), 0n)
  const demanded = (liquidity: bigint) =>
    state.presentValue >= 0n ? 0 : toReal(collateral + state.baseValue - liquidity, priceScale)
  return {
    equity: toReal(collateral + state.baseValue, priceScale),
    initial: demanded(state.borrowLiquidity),
    maintenance: demanded(state.liquidationLiquidity),
    isLiquidatable: state.isLiquidatable,
    details: toDetails({
      ...state,
      collateralValues: account.collaterals.map((held) => ({ asset: held.asset, value: collateralValue(held) })),
      absorb: absorbCompoundV3(account),
      ...(account.purchase && { collateralBought: quoteCompoundV3(account, account.purchase) }),
    }),
  }
}

/**
 * Collateral for `baseAmount` after an absorption (`Comet.quoteCollateral`), smallest units, truncated.
 *
 * @throws {InvalidInputError} for a collateral that the account does not list or that has no price.
 */
export function quoteCompoundV3(
  { base, collaterals }: CompoundV3Account,
  { asset, baseAmount, storeFrontPriceFactor }: NonNullable<CompoundV3Account['purchase']>,
): bigint {
  const held = collaterals.find((entry) => entry.asset === asset)
  if (held === undefined || held.price === 0n) {
    throw new InvalidInputError(`A purchase names ${asset}, of which the account gives no price.`, {
      metaMessages: [`Collaterals: ${collaterals.map((entry) => entry.asset).join(', ') || 'none'}.`],
    })
  }
  const discounted = mul(held.price, wad - mul(storeFrontPriceFactor, wad - held.liquidationFactor))
  return (base.price * baseAmount * 10n ** BigInt(held.decimals)) / discounted / 10n ** BigInt(base.decimals)
}

function collateralValue({
  balance,
  price,
  decimals: places,
}: Pick<CompoundV3Account['collaterals'][number], 'balance' | 'price' | 'decimals'>): bigint {
  return (balance * price) / 10n ** BigInt(places)
}

/** `presentValue`: supply `principal · supplyIndex / 1e15`, debt `principal · borrowIndex / 1e15`, both truncated. */
function presentBalance({ balance, principal, supplyIndex, borrowIndex }: CompoundV3Account['base']): bigint {
  if (balance !== undefined) return balance
  if (principal === undefined) return 0n
  const index = (principal >= 0n ? supplyIndex : borrowIndex) ?? indexScale
  return (principal * index) / indexScale
}

/** Principal of a present balance: supply rounded down, debt rounded up (`principalValue`). */
export function compoundV3Principal(
  balance: bigint,
  { supplyIndex, borrowIndex }: { readonly supplyIndex: bigint; readonly borrowIndex: bigint },
): bigint {
  return balance >= 0n ? (balance * indexScale) / supplyIndex : -ceilDiv(-balance * indexScale, borrowIndex)
}
