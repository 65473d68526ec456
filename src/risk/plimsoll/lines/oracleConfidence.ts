import type { Underlying } from '../../../core/asset.ts'
import type { Market } from '../../../core/market.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { abs, min, mulUp } from '../../../kernel/fixedPoint.ts'
import type { Leg } from '../legs.ts'
import { spotOf } from '../spot.ts'
import { credited, tokensOf } from './exposures.ts'
import { type MinimumInputs, sumOf } from './minimums.ts'

/**
 * `(1 − c)` × Σ abs(quantity)·S where confidence is below the threshold, initial only. Tokens net per asset and venue account,
 * each perpetual contract and order by itself; options count by themselves with the lower of the spot's and their expiry's confidence,
 * past their expiry with the spot's. WAD USD.
 */
export function oracleConfidence({ legs, valuer, parameters }: MinimumInputs, market: Market): Wad {
  const { threshold } = parameters.lines.oracleConfidence
  const charge = (confidence: Wad, notional: Wad) => (confidence < threshold ? mulUp(wad - confidence, notional) : 0n)

  const isSure = legs.every(
    (leg) =>
      // A settled option does not move with its underlying, and is charged by its confidence all the same.
      [...leg.underlyings, ...(leg.kind === 'settledOption' ? [leg.underlying] : [])].every(
        (underlying) => spotOf(underlying, market).confidence >= threshold,
      ) &&
      (leg.kind !== 'option' || leg.confidence >= threshold),
  )
  if (isSure) return 0n

  const linear = new Map<string, { underlying: Underlying; quantity: Wad; rate: Wad }>()
  const addLinear = (key: string, entry: { underlying: Underlying; quantity: Wad; rate: Wad }) =>
    linear.set(key, { ...entry, quantity: (linear.get(key)?.quantity ?? 0n) + entry.quantity })
  for (const leg of legs) {
    for (const { token, quantity } of tokensOf(leg, valuer)) {
      const { asset, underlying, rate } = token
      addLinear(`${leg.venueAccount}|${asset}`, { underlying, rate, quantity: credited(leg, quantity) })
    }
    if (leg.kind === 'perpetual') {
      addLinear(leg.key, { underlying: leg.underlying, rate: wad, quantity: credited(leg, leg.size) })
    }
    if (leg.kind === 'perpetualLiquidity') {
      const quantity = credited(leg, valuer.order(leg).base)
      addLinear(leg.key, { underlying: leg.underlying, rate: wad, quantity })
    }
  }

  const linearCharge = sumOf([...linear.values()], ({ underlying, quantity, rate }) =>
    charge(spotOf(underlying, market).confidence, mulUp(mulUp(abs(quantity), rate), valuer.base.price(underlying))),
  )
  const confidenceOf = optionConfidence(legs, market)
  const optionCharge = sumOf(legs, (leg) => {
    if (leg.kind !== 'option' && leg.kind !== 'settledOption') return 0n
    return charge(confidenceOf(leg), mulUp(abs(credited(leg, leg.size)), valuer.base.price(leg.underlying)))
  })
  return linearCharge + optionCharge
}

/** The least confidence among the volatilities of an option's expiry in the book and its spot. */
export function optionConfidence(
  legs: readonly Leg[],
  market: Market,
): (leg: Leg & { kind: 'option' | 'settledOption' }) => Wad {
  const least = new Map<string, Wad>()
  for (const leg of legs) {
    if (leg.kind !== 'option') continue
    const key = `${leg.underlying}|${leg.expiry}`
    least.set(key, min(least.get(key) ?? leg.confidence, leg.confidence))
  }
  return ({ underlying, expiry }) => {
    const spot = spotOf(underlying, market).confidence
    return min(spot, least.get(`${underlying}|${expiry}`) ?? spot)
  }
}
