import type { AssetKey, Underlying } from '../../core/asset.ts'
import type { PerpetualAccountRule, VenueRule } from '../../core/venueRule.ts'
import { makerAmounts, moveSqrtPrice } from './makerOrders.ts'
import { debtQuote, moveDown, moveUp, type VenueShift } from './shift.ts'

/**
 * The rule as its venue would have it after the move: its quotes moved as our prices have moved, collateral rounded down and
 * debt up as `venueState` does. A quote of a token that we do not know stands.
 */
export function moveRule(rule: VenueRule, shift: VenueShift): VenueRule {
  const down = <Held extends { readonly asset: AssetKey; readonly quote: bigint }>(held: Held): Held => {
    const underlying = shift.underlyingOf(held.asset)
    return underlying === undefined ? held : { ...held, quote: moveDown(held.quote, underlying, shift) }
  }
  switch (rule.kind) {
    case 'lendingPool':
      return {
        ...rule,
        collaterals: rule.collaterals.map(down),
        debts: rule.debts.map((owed) => ({ ...owed, quote: debtQuote(owed, shift) })),
      }
    case 'moneyMarket':
      return {
        ...rule,
        collaterals: rule.collaterals.map(down),
        debts: rule.debts.map((owed) => ({ ...owed, quote: debtQuote(owed, shift) })),
      }
    case 'baseDebt':
      return {
        ...rule,
        collaterals: rule.collaterals.map(down),
        debt: { ...rule.debt, quote: debtQuote(rule.debt, shift) },
      }
    case 'isolatedLoan': {
      const move = (asset: AssetKey) => {
        const underlying = shift.underlyingOf(asset)
        return underlying === undefined
          ? { from: 1n, to: 1n }
          : { from: shift.base(underlying), to: shift.price(underlying) }
      }
      const [held, owed] = [move(rule.collateral.asset), move(rule.debt.asset)]
      return { ...rule, quote: (rule.quote * held.to * owed.from) / (held.from * owed.to) }
    }
    case 'perpetualAccount':
      return {
        ...rule,
        collaterals: rule.collaterals.map((held) => ({
          ...held,
          value: down({ asset: held.asset, quote: held.value }).quote,
        })),
        markets: rule.markets.map((market) => ({
          ...market,
          quote: (isShort(market, shift) ? moveUp : moveDown)(market.quote, market.underlying, shift),
          ...(market.maker && {
            maker: { ...market.maker, sqrtPrice: moveSqrtPrice(market.maker.sqrtPrice, market.underlying, shift) },
          }),
        })),
      }
    case 'isolatedPerpetual':
      return { ...rule, quote: (rule.size < 0n ? moveUp : moveDown)(rule.quote, rule.underlying, shift) }
    case 'collateralizedPerpetual':
      return {
        ...rule,
        quote: (rule.size < 0n ? moveUp : moveDown)(rule.quote, rule.underlying, shift),
        collateral: down(rule.collateral),
      }
    case 'optionCollateral': {
      // One quote serves calls and puts; what it loses by rounding is a wei of the venue's price.
      const hasCalls = rule.shorts.some(({ right }) => right === 'call')
      return { ...rule, quote: (hasCalls ? moveUp : moveDown)(rule.quote, rule.underlying, shift) }
    }
  }
}

/** Whether size and orders together are short after the move. */
function isShort({ size, maker, underlying }: PerpetualAccountRule['markets'][number], shift: VenueShift): boolean {
  return size + makerAmounts(maker, underlying, shift).base < 0n
}

/** Underlyings whose price can decide whether the venue liquidates, in alphabetical order. */
export function ruleUnderlyings(rule: VenueRule, underlyingOf: VenueShift['underlyingOf']): readonly Underlying[] {
  const named = (): readonly (Underlying | undefined)[] => {
    switch (rule.kind) {
      case 'lendingPool':
      case 'moneyMarket':
        return [...rule.collaterals, ...rule.debts].map(({ asset }) => underlyingOf(asset))
      case 'baseDebt':
        return [...rule.collaterals, rule.debt].map(({ asset }) => underlyingOf(asset))
      case 'isolatedLoan':
        return [underlyingOf(rule.collateral.asset), underlyingOf(rule.debt.asset)]
      case 'perpetualAccount':
        return [
          ...rule.collaterals.map(({ asset }) => underlyingOf(asset)),
          ...rule.markets.map(({ underlying }) => underlying),
        ]
      case 'collateralizedPerpetual':
        return [underlyingOf(rule.collateral.asset), rule.underlying]
      case 'isolatedPerpetual':
      case 'optionCollateral':
        return [rule.underlying]
    }
  }
  return [...new Set(named().flatMap((underlying) => underlying ?? []))].sort()
}
