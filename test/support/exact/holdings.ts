import type { AssetKey, Underlying } from '../../../src/core/asset.ts'
import type { Claim } from './claims.ts'
import { abs, fromWad, type Real, sum, times } from './real.ts'
import type { Book } from './scan.ts'

/** A quantity of an underlying in one claim, signed. `asset` is null for a perpetual and an order. */
export type Holding = {
  readonly claim: Claim
  readonly underlying: Underlying
  readonly asset: AssetKey | null
  /** Units of the underlying, before credit. */
  readonly quantity: Real
}

/** Quantities of balances, debts, perpetuals, orders beyond their debts and both tokens of liquidity at the marks. */
export function holdingsOf({ valuer }: Book, claim: Claim): Holding[] {
  switch (claim.kind) {
    case 'balance':
    case 'debt': {
      const { asset, underlying, rate } = claim.token
      const quantity = times(claim.amount, fromWad(rate))
      return [{ claim, underlying, asset, quantity: claim.kind === 'debt' ? -quantity : quantity }]
    }
    case 'perpetual':
      return [{ claim, underlying: claim.underlying, asset: null, quantity: claim.size }]
    case 'perpetualLiquidity':
      return [{ claim, underlying: claim.underlying, asset: null, quantity: valuer.orderTokens(claim, {})[0] }]
    case 'concentratedLiquidity': {
      const held = valuer.liquidityTokens(claim, {})
      return claim.tokens.map(({ asset, underlying, rate }, index) => ({
        claim,
        underlying,
        asset,
        quantity: times(held[index] ?? 0n, fromWad(rate)),
      }))
    }
    case 'option':
    case 'consumerDebt':
      return []
  }
}

export type Deltas = { readonly gross: Real; readonly net: Real }

/** Gross and net delta per underlying: credited, supply and borrow of an asset in one venue account as one (model section 6). */
export function deltasOf(book: Book): Map<Underlying, Deltas> {
  const { claims, valuer } = book
  const groups = new Map<string, { underlying: Underlying; delta: Real }>()
  const add = (key: string, underlying: Underlying, delta: Real): void => {
    const known = groups.get(key)?.delta ?? 0n
    groups.set(key, { underlying, delta: known + delta })
  }
  for (const claim of claims) {
    const isToken = claim.kind === 'balance' || claim.kind === 'debt'
    for (const { underlying, asset, quantity } of holdingsOf(book, claim)) {
      const key = isToken ? `${claim.account}|${asset}` : `${claim.key}|${underlying}`
      add(key, underlying, valuer.credited(claim, quantity))
    }
    if (claim.kind === 'option') {
      add(claim.key, claim.underlying, times(valuer.credited(claim, claim.size), valuer.deltaOf(claim)))
    }
  }
  const result = new Map<Underlying, Deltas>()
  for (const { underlying, delta } of groups.values()) {
    const { gross, net } = result.get(underlying) ?? { gross: 0n, net: 0n }
    result.set(underlying, { gross: gross + abs(delta), net: net + delta })
  }
  return result
}

/** Options short without a long one on the other side of the same strike, per underlying (methodology section 3.1). */
export function nakedShortsOf({ claims, valuer }: Book): Map<Underlying, Real> {
  const strikes = new Map<string, { underlying: Underlying; call: Real; put: Real }>()
  for (const claim of claims) {
    if (claim.kind !== 'option' || claim.term <= 0n) continue
    const key = [claim.underlying, claim.expiry, claim.strike].join('|')
    const known = strikes.get(key) ?? { underlying: claim.underlying, call: 0n, put: 0n }
    strikes.set(key, { ...known, [claim.right]: known[claim.right] + valuer.credited(claim, claim.size) })
  }
  const result = new Map<Underlying, Real>()
  for (const { underlying, call, put } of strikes.values()) {
    const isCovered = call < 0n !== put < 0n
    const short = sum([call, put].filter((size) => size < 0n).map((size) => -size))
    const long = sum([call, put].filter((size) => size > 0n))
    const naked = isCovered ? (short > long ? short - long : 0n) : short
    result.set(underlying, (result.get(underlying) ?? 0n) + naked)
  }
  return result
}
