import type { Underlying } from '../../../core/asset.ts'
import type { Market } from '../../../core/market.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { abs, min, mulUp } from '../../../kernel/fixedPoint.ts'
import { spotOf } from '../spot.ts'
import { credited, tokensOf } from './exposures.ts'
import { type MinimumInputs, sumOf } from './minimums.ts'

/**
 * `(1 − c)` × Σ abs(quantity)·S where confidence is below the threshold, initial only. Tokens and perpetuals net per asset and
 * venue account; options count by themselves with the lower of the spot's and their expiry's confidence. WAD USD.
 */
export function oracleConfidence({ legs, valuer, parameters }: MinimumInputs, market: Market): Wad {
  const { threshold } = parameters.lines.oracleConfidence
  const charge = (confidence: Wad, notional: Wad) => (confidence < threshold ? mulUp(wad - confidence, notional) : 0n)

  const isSure = legs.every(
    (leg) =>
      leg.underlyings.every((underlying) => spotOf(underlying, market).confidence >= threshold) &&
      (leg.kind !== 'option' || leg.confidence >= threshold),
  )
  if (isSure) return 0n

  const linear = new Map<string, { underlying: Underlying; quantity: Wad; rate: Wad }>()
  const addLinear = (key: string, entry: { underlying: Underlying; quantity: Wad; rate: Wad }) =>
    linear.set(key, { ...entry, quantity: (linear.get(key)?.quantity ?? 0n) + entry.quantity })
  const expiryConfidence = new Map<string, Wad>()
  for (const leg of legs) {
    for (const { token, quantity } of tokensOf(leg, valuer)) {
      const { asset, underlying, rate } = token
      addLinear(`${leg.venueAccount}|${asset}`, { underlying, rate, quantity: credited(leg, quantity) })
    }
    if (leg.kind === 'perpetual') {
      const { venueAccount, underlying } = leg
      addLinear(`${venueAccount}|perpetual|${underlying}`, { underlying, rate: wad, quantity: credited(leg, leg.size) })
    }
    if (leg.kind === 'option') {
      const key = `${leg.underlying}|${leg.expiry}`
      expiryConfidence.set(key, min(expiryConfidence.get(key) ?? leg.confidence, leg.confidence))
    }
  }

  const linearCharge = sumOf([...linear.values()], ({ underlying, quantity, rate }) =>
    charge(spotOf(underlying, market).confidence, mulUp(mulUp(abs(quantity), rate), valuer.base.price(underlying))),
  )
  const optionCharge = sumOf(legs, (leg) => {
    if (leg.kind !== 'option') return 0n
    const own = expiryConfidence.get(`${leg.underlying}|${leg.expiry}`) ?? leg.confidence
    const confidence = min(spotOf(leg.underlying, market).confidence, own)
    return charge(confidence, mulUp(abs(credited(leg, leg.size)), valuer.base.price(leg.underlying)))
  })
  return linearCharge + optionCharge
}
