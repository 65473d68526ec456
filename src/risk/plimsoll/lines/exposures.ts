import type { Underlying } from '../../../core/asset.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { abs, mul, mulUp } from '../../../kernel/fixedPoint.ts'
import type { Leg, PricedToken } from '../legs.ts'
import { memoizePair } from '../memoize.ts'
import type { Valuer } from '../revalue.ts'

/** 1.0 of a delta: exact products of two WAD numbers. */
export const deltaUnit = wad * wad

/** Gross and net delta of a book in one underlying, in units of it scaled by {@link deltaUnit}. */
export type Exposure = { readonly gross: bigint; readonly net: bigint }

/** Tokens held (positive) or owed, uncredited whole tokens in WAD. */
export type TokenQuantity = { readonly token: PricedToken; readonly quantity: Wad }

/** Tokens that a leg holds or owes at the marks. */
export const tokensOf = memoizePair((leg: Leg, valuer: Valuer): readonly TokenQuantity[] => {
  switch (leg.kind) {
    case 'token':
      return [{ token: leg.token, quantity: leg.quantity }]
    case 'liquidity': {
      const { quantity0, quantity1 } = valuer.liquidity(leg)
      return [
        { token: leg.token0, quantity: quantity0 },
        { token: leg.token1, quantity: quantity1 },
      ]
    }
    case 'perpetual':
    case 'perpetualLiquidity':
    case 'option':
    case 'settledOption':
    case 'fixedDebt':
      return []
  }
})

/** credit × long + full short. */
export function credited(leg: Leg, quantity: Wad): Wad {
  return quantity > 0n ? mul(leg.credit, quantity) : quantity
}

/** USD value of a quantity of tokens without its sign, rounded up. */
export function absoluteValue(quantity: Wad, token: PricedToken, { base }: Valuer): Wad {
  return mulUp(mulUp(abs(quantity), token.rate), base.price(token.underlying))
}

/** What one leg adds to the delta of one underlying, in units of it scaled by {@link deltaUnit}; equal keys net first. */
export type DeltaPart = { readonly key: string; readonly underlying: Underlying; readonly delta: bigint }

/**
 * Delta of a leg (model section 6, hedged-delta minimum): quantity × rate of tokens, size of perpetuals, base of an order
 * beyond its debt, size × N(d1) or
 * N(d1) − 1 of options less what a settlement window has observed. Supply and debt of one asset at one venue account have
 * one key.
 */
export const deltaParts = memoizePair((leg: Leg, valuer: Valuer): readonly DeltaPart[] => {
  switch (leg.kind) {
    case 'token':
    case 'liquidity':
      return tokensOf(leg, valuer).map(({ token, quantity }) => ({
        key: leg.kind === 'token' ? `${leg.venueAccount}|${token.asset}` : `${leg.key}|${token.asset}`,
        underlying: token.underlying,
        delta: credited(leg, quantity) * token.rate,
      }))
    case 'perpetual':
      return [{ key: leg.key, underlying: leg.underlying, delta: credited(leg, leg.size) * wad }]
    case 'perpetualLiquidity':
      return [{ key: leg.key, underlying: leg.underlying, delta: credited(leg, valuer.order(leg).base) * wad }]
    case 'option': {
      const delta = credited(leg, leg.size) * mul(valuer.optionDelta(leg), wad - leg.observed)
      return [{ key: leg.key, underlying: leg.underlying, delta }]
    }
    case 'settledOption':
    case 'fixedDebt':
      return []
  }
})

/** Delta per underlying: equal keys net, gross sums the rest by absolute value. */
export function deltaExposures(legs: readonly Leg[], valuer: Valuer): ReadonlyMap<Underlying, Exposure> {
  const parts = new Map<string, DeltaPart>()
  for (const leg of legs) {
    for (const part of deltaParts(leg, valuer)) {
      const known = parts.get(part.key)
      parts.set(part.key, known ? { ...part, delta: known.delta + part.delta } : part)
    }
  }
  const exposures = new Map<Underlying, Exposure>()
  for (const { underlying, delta } of parts.values()) {
    const { gross, net } = exposures.get(underlying) ?? { gross: 0n, net: 0n }
    exposures.set(underlying, { gross: gross + abs(delta), net: net + delta })
  }
  return exposures
}
