import { optionPrice } from '../valuation.ts'
import type { ManagerParameters } from './parameters.ts'
import type { ExpiryHolding, OptionHolding } from './portfolio.ts'

/** Price of the spot over its price now, and the volatility of each option there. */
export type ExpiryShock = {
  readonly spot: number
  readonly volatility: (option: OptionHolding) => number
}

/** No move at all. */
export const unmoved: ExpiryShock = { spot: 1, volatility: ({ volatility }) => volatility }

/**
 * Values of the options of an expiry at a shock, in their order: `amount · Black-76(variable · spot + fixed, strike)`.
 * `discount` is 1 in the first version of the manager and in the standard manager.
 */
export function optionValues(
  { forward, years, options }: ExpiryHolding,
  { spot, volatility }: ExpiryShock,
  discount: number,
): number[] {
  const shocked = (forward.price - forward.fixed) * spot + forward.fixed
  return options.map((option) => {
    const { right, strike, amount } = option
    return amount * optionPrice({ right, forward: shocked, strike, volatility: volatility(option), years, discount })
  })
}

/** Values of an expiry at both basis scenarios, and its weighted losses there; losses are not above zero. */
export type BasisContingency = {
  readonly up: number
  readonly down: number
  readonly lossUp: number
  readonly lossDown: number
  readonly contingency: number
}

/**
 * Loss of an expiry to a move of the spot either way, times `add + mult · years`; not above zero. The volatility does not move.
 * Source: Derive v2, `_addBasisContingency`.
 */
export function basisContingency(
  expiry: ExpiryHolding,
  { basis }: Pick<ManagerParameters, 'basis'>,
  discount: number,
): BasisContingency {
  const now = total(optionValues(expiry, unmoved, discount))
  const up = total(optionValues(expiry, { ...unmoved, spot: basis.spotUp }, discount))
  const down = total(optionValues(expiry, { ...unmoved, spot: basis.spotDown }, discount))
  const factor = basis.addFactor + basis.multFactor * expiry.years
  const lossUp = Math.min(up - now, 0) * factor
  const lossDown = Math.min(down - now, 0) * factor
  return { up, down, lossUp, lossDown, contingency: Math.min(lossUp, lossDown) }
}

/** Sums over the expiries of a book. The lower of `up` and `down` is what Derive's test cases publish as "ForwardContingency". */
export function basisTotals(expiries: readonly { readonly basis: BasisContingency }[]) {
  return {
    contingency: total(expiries.map(({ basis }) => basis.contingency)),
    up: total(expiries.map(({ basis }) => basis.lossUp)),
    down: total(expiries.map(({ basis }) => basis.lossDown)),
  }
}

/**
 * Options sold that no option bought at the same strike covers, calls and puts alike, in units of the underlying.
 * Source: Derive v2, `_addOptionContingency`.
 */
export function nakedShorts({ options }: ExpiryHolding): number {
  const strikes = new Map<number, { call: number; put: number }>()
  for (const { strike, right, amount } of options) {
    const net = strikes.get(strike) ?? { call: 0, put: 0 }
    net[right] += amount
    strikes.set(strike, net)
  }
  let naked = 0
  for (const { call, put } of strikes.values()) {
    naked += call < 0 && put < 0 ? -call - put : Math.max(0, -Math.min(call, put) - Math.max(call, put, 0))
  }
  return naked
}

/** Sum of the sizes of the options, in units of the underlying; the same contract bought and sold counts net. */
export function grossOptions(expiry: ExpiryHolding): number {
  return total(netContracts(expiry).map(({ amount }) => Math.abs(amount)))
}

/** The options of an expiry with one entry for each contract, under the name of its first position. */
export function netContracts({ options }: ExpiryHolding): OptionHolding[] {
  const contracts = new Map<string, OptionHolding>()
  for (const option of options) {
    const key = `${option.right} ${option.strike}`
    const known = contracts.get(key)
    contracts.set(key, known === undefined ? option : { ...known, amount: known.amount + option.amount })
  }
  return [...contracts.values()].filter(({ amount }) => amount !== 0)
}

/** Charge for a feed that is not sure: `(1 − confidence) · factor · notional` below the threshold. */
export function confidenceContingency(
  { confidence: { threshold, factor } }: Pick<ManagerParameters, 'confidence'>,
  confidence: number,
  notional: number,
): number {
  return confidence < threshold ? (1 - confidence) * factor * notional : 0
}

/** What a stable currency below its peg adds to the factor of the initial margin. */
export function pegTerm({ peg: { threshold, factor } }: Pick<ManagerParameters, 'peg'>, stablePrice: number): number {
  return stablePrice < threshold ? (threshold - stablePrice) * factor : 0
}

/** Sum from left to right. */
export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
