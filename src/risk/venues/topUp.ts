import type { AssetKey, Underlying } from '../../core/asset.ts'
import { InvalidInputError } from '../../core/errors.ts'
import type { OptionCollateralRule, VenueRule } from '../../core/venueRule.ts'
import { withAmountChanged } from './moneyMarket.ts'

/** Tokens that can be moved to a venue account, and where in its rule they go. */
export type TopUp = {
  readonly action: 'repay' | 'addCollateral'
  /** The token; of base collateral of an option, which its rule does not name, the underlying. */
  readonly asset: AssetKey | Underlying
  readonly decimals: number
  /** Position in the rule's list of collaterals, debts or shorts. */
  readonly index: number
  /** The most that the rule can take, smallest units; null without a limit. */
  readonly limit: bigint | null
}

/**
 * The ways to move tokens to a venue account. Each of a list is an alternative; only of `optionCollateral`, whose shorts have
 * collateral of their own, all are needed.
 */
export function topUpsOf(rule: VenueRule): readonly TopUp[] {
  switch (rule.kind) {
    case 'lendingPool':
    case 'moneyMarket':
      return [
        ...rule.debts.map(({ asset, decimals, amount }, index) => repay({ asset, decimals, index, limit: amount })),
        ...rule.collaterals.map(({ asset, decimals }, index) => add({ asset, decimals, index })),
      ]
    case 'baseDebt':
      return [
        repay({ asset: rule.debt.asset, decimals: rule.debt.decimals, index: 0, limit: rule.debt.amount }),
        ...rule.collaterals.map(({ asset, decimals }, index) => add({ asset, decimals, index })),
      ]
    case 'isolatedLoan':
      return [repay({ asset: rule.debt.asset, decimals: rule.debt.decimals, index: 0, limit: rule.debt.amount })]
    case 'perpetualAccount':
      return [add({ asset: rule.quoteAsset, decimals: rule.quoteDecimals, index: 0 })]
    case 'isolatedPerpetual':
      // The venue keeps its margin with 18 decimals.
      return [add({ asset: rule.quoteAsset, decimals: 18, index: 0 })]
    case 'collateralizedPerpetual':
      return [add({ asset: rule.collateral.asset, decimals: rule.collateral.decimals, index: 0 })]
    case 'optionCollateral':
      return rule.shorts.map(({ collateralIn }, index) =>
        add({ asset: collateralIn === 'base' ? rule.underlying : rule.quoteAsset, decimals: 18, index }),
      )
  }
}

/**
 * The rule after `amount` smallest units went in.
 *
 * @throws {InvalidInputError} for an amount below zero or beyond what the rule can take.
 */
export function withTopUp(rule: VenueRule, { action, index, limit, asset }: TopUp, amount: bigint): VenueRule {
  if (amount < 0n || (limit !== null && amount > limit)) {
    throw new InvalidInputError(`Cannot move ${amount} smallest units of ${asset} to ${rule.venueAccount.venue}.`, {
      metaMessages: [`It takes 0 to ${limit ?? 'any number'}.`],
    })
  }
  const change = action === 'repay' ? -amount : amount
  const changed = <Held extends { readonly amount: bigint }>(held: Held): Held => ({
    ...held,
    amount: held.amount + change,
  })
  const changedAt = <Held extends { readonly amount: bigint }>(list: readonly Held[]): readonly Held[] =>
    list.map((held, at) => (at === index ? changed(held) : held))
  switch (rule.kind) {
    case 'lendingPool':
      return action === 'repay'
        ? { ...rule, debts: changedAt(rule.debts) }
        : { ...rule, collaterals: changedAt(rule.collaterals) }
    case 'moneyMarket':
      return action === 'repay'
        ? { ...rule, debts: changedAt(rule.debts) }
        : {
            ...rule,
            collaterals: rule.collaterals.map((held, at) => (at === index ? withAmountChanged(held, change) : held)),
          }
    case 'baseDebt':
      return action === 'repay'
        ? { ...rule, debt: changed(rule.debt) }
        : { ...rule, collaterals: changedAt(rule.collaterals) }
    case 'isolatedLoan':
      return { ...rule, debt: changed(rule.debt) }
    case 'perpetualAccount':
      return { ...rule, cash: rule.cash + amount * 10n ** BigInt(18 - rule.quoteDecimals) }
    case 'isolatedPerpetual':
      return { ...rule, margin: rule.margin + amount }
    case 'collateralizedPerpetual':
      return { ...rule, collateral: changed(rule.collateral) }
    case 'optionCollateral':
      return { ...rule, shorts: withCollateral(rule.shorts, index, amount) }
  }
}

function withCollateral(shorts: OptionCollateralRule['shorts'], index: number, amount: bigint) {
  return shorts.map((short, at) => (at === index ? { ...short, collateral: short.collateral + amount } : short))
}

function repay(way: Omit<TopUp, 'action'>): TopUp {
  return { action: 'repay', ...way }
}

function add(way: Omit<TopUp, 'action' | 'limit'>): TopUp {
  return { action: 'addCollateral', limit: null, ...way }
}
