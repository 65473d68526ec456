import type { SrmParameters } from './parameters.ts'
import type { ExpiryHolding, OptionHolding } from './portfolio.ts'

/** Margins of one option by itself: negative for a short one, zero for a long one. */
export type Isolated = { readonly initial: number; readonly maintenance: number }

type OptionRules = NonNullable<SrmParameters['markets'][string]['option']>

/**
 * Margins of an option by itself, from the value of its position (negative when short). Source: Derive v2,
 * `_getIsolatedMarginForCall` and `_getIsolatedMarginForPut`.
 */
export function isolatedMargin(rules: OptionRules, option: OptionHolding, spot: number, value: number): Isolated {
  const { amount, strike, right } = option
  if (amount > 0) return { initial: 0, maintenance: 0 }
  const outOfTheMoney = Math.max(0, right === 'call' ? strike - spot : spot - strike) / spot
  const initialNotional = amount * spot * Math.max(rules.maxSpot - outOfTheMoney, rules.minSpot)
  if (right === 'call') {
    return { initial: initialNotional + value, maintenance: amount * spot * rules.maintenanceCallSpot + value }
  }
  const maintenance = Math.min(amount * spot * rules.maintenancePutSpot, value * rules.maintenancePutMark) + value
  return { initial: Math.min(initialNotional + value, maintenance * rules.maintenanceOffset), maintenance }
}

/** Payoff of the options of an expiry, not above zero, at a settlement price of zero and at every strike. */
export function settlementLosses({ options }: ExpiryHolding): { readonly id: string; readonly pnl: number }[] {
  const prices = [...new Set([0, ...options.map(({ strike }) => strike)])]
  return prices.map((price) => {
    let payoff = 0
    for (const { right, strike, amount } of options) {
      payoff += amount * Math.max(0, right === 'call' ? price - strike : strike - price)
    }
    return { id: `settles at ${price}`, pnl: Math.min(0, payoff) }
  })
}
