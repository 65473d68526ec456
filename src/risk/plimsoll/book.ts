import type { AssetKey, Underlying } from '../../core/asset.ts'
import { MissingMarketDataError, OutOfRangeError, UnpricedLiabilityError } from '../../core/errors.ts'
import type { UnpricedAsset } from '../../core/margin.ts'
import { type Market, volatilityKey } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { Portfolio } from '../../core/portfolio.ts'
import {
  type Control,
  claimKey,
  type Option,
  type Perpetual,
  type Position,
  venueAccountKey,
} from '../../core/position.ts'
import { type Wad, wad } from '../../core/units.ts'
import { ceilDiv } from '../../kernel/fixedPoint.ts'

/** A token with all that its value needs; `rate` in units of the underlying per whole token. */
export type PricedToken = {
  readonly asset: AssetKey
  readonly underlying: Underlying
  readonly rate: Wad
  readonly decimals: number
}

type LegBase = {
  readonly key: string
  readonly venue: string
  readonly venueAccount: string
  readonly control: Control
  readonly credit: Wad
  readonly position: Position
  /** Underlyings that its value depends on. */
  readonly underlyings: readonly Underlying[]
}

/** Tokens held (`quantity` positive) or owed (negative), whole tokens in WAD. */
export type TokenLeg = LegBase & { readonly kind: 'token'; readonly token: PricedToken; readonly quantity: Wad }

export type PerpetualLeg = LegBase & {
  readonly kind: 'perpetual'
  readonly underlying: Underlying
  readonly quote: PricedToken
  readonly size: Wad
  readonly cost: Wad
  readonly funding: Wad
}

export type OptionLeg = LegBase & {
  readonly kind: 'option'
  readonly underlying: Underlying
  readonly quote: PricedToken
  readonly right: 'call' | 'put'
  readonly strike: Wad
  readonly expiry: number
  /** Seconds to expiry, positive. */
  readonly term: number
  readonly size: Wad
  /** Unshocked annual volatility of this side of the market. */
  readonly volatility: Wad
  readonly confidence: Wad
}

export type LiquidityLeg = LegBase & {
  readonly kind: 'liquidity'
  readonly token0: PricedToken
  readonly token1: PricedToken
  readonly liquidity: bigint
  readonly tickLower: number
  readonly tickUpper: number
  readonly fees0: bigint
  readonly fees1: bigint
}

/** A debt that no scenario moves, WAD USD. */
export type FixedDebtLeg = LegBase & { readonly kind: 'fixedDebt'; readonly amount: Wad }

/** One claim after netting, resolved against parameters and market. */
export type Leg = TokenLeg | PerpetualLeg | OptionLeg | LiquidityLeg | FixedDebtLeg

/** The claims that count and the assets that do not. */
export type Book = { readonly legs: readonly Leg[]; readonly unpriced: readonly UnpricedAsset[] }

/**
 * Nets, resolves and orders the claims of a portfolio (model sections 1 and 2).
 *
 * @throws {UnpricedLiabilityError} for a liability that cannot be valued.
 * @throws {MissingMarketDataError} when the market lacks the price or rate of an asset that the parameters know.
 */
export function buildBook(portfolio: Portfolio, market: Market, parameters: MarginParameters): Book {
  const legs: Leg[] = []
  const unpriced: UnpricedAsset[] = []
  for (const position of netContracts(portfolio.positions)) {
    const resolved = resolve(position, portfolio, market, parameters)
    if (resolved === undefined) continue
    if ('reason' in resolved) unpriced.push(resolved)
    else legs.push(resolved)
  }
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)
  return { legs: legs.sort(byKey), unpriced: unpriced.sort(byKey) }
}

/** True for a claim that can be worth less than nothing. */
export function isLiability(leg: Leg): boolean {
  switch (leg.kind) {
    case 'token':
      return leg.quantity < 0n
    case 'option':
      return leg.size < 0n
    case 'perpetual':
    case 'fixedDebt':
      return true
    case 'liquidity':
      return false
  }
}

/** The same contract in one venue account is one claim: sizes, costs and funding are summed. */
function netContracts(positions: readonly Position[]): readonly Position[] {
  const contracts = new Map<string, Option | Perpetual>()
  const others: Position[] = []
  for (const position of [...positions].sort((a, b) => (claimKey(a.claim) < claimKey(b.claim) ? -1 : 1))) {
    if (position.kind !== 'option' && position.kind !== 'perpetual') {
      others.push(position)
      continue
    }
    const key = contractKey(position)
    const netted = contracts.get(key)
    if (netted === undefined) contracts.set(key, position)
    else if (netted.kind === 'option') contracts.set(key, { ...netted, size: netted.size + position.size })
    else if (position.kind === 'perpetual') {
      contracts.set(key, {
        ...netted,
        size: netted.size + position.size,
        cost: netted.cost + position.cost,
        funding: netted.funding + position.funding,
      })
    }
  }
  return [...others, ...contracts.values()]
}

function contractKey(position: Option | Perpetual): string {
  const { kind, venueAccount, underlying, quoteAsset } = position
  const terms = kind === 'option' ? [position.surface, position.expiry, position.strike, position.right] : []
  return [kind, venueAccountKey(venueAccount), underlying, quoteAsset, ...terms].join('|')
}

function resolve(
  position: Position,
  { block }: Portfolio,
  market: Market,
  parameters: MarginParameters,
): Leg | UnpricedAsset | undefined {
  const base = {
    key: claimKey(position.claim),
    venue: position.venueAccount.venue,
    venueAccount: venueAccountKey(position.venueAccount),
    control: position.control,
    // A debt to a consumer is never positive, so its credit is never used.
    credit: position.control === 'consumer' ? 0n : parameters.credit[position.control],
    position,
  }
  const unpriced = (asset: string, reason: string): UnpricedAsset => ({
    key: base.key,
    venue: base.venue,
    asset,
    reason,
  })
  const unknown = (asset: AssetKey) => `asset ${asset} is not in the parameter set`

  switch (position.kind) {
    case 'balance':
    case 'debt': {
      if (position.amount === 0n) return undefined
      const token = priceToken(position.asset, market, parameters)
      if (position.kind === 'balance') {
        if (!token) return unpriced(position.asset, unknown(position.asset))
        const quantity = toQuantity(position.amount, token.decimals)
        return { ...base, kind: 'token', token, quantity, underlyings: [token.underlying] }
      }
      if (!token) throw refusal(base, unknown(position.asset))
      const quantity = -ceilDiv(position.amount * wad, 10n ** BigInt(token.decimals))
      return { ...base, kind: 'token', token, quantity, underlyings: [token.underlying] }
    }
    case 'perpetual': {
      const { size, cost, funding, underlying } = position
      if (size === 0n && cost === 0n && funding === 0n) return undefined
      const quote = priceToken(position.quoteAsset, market, parameters)
      if (!quote) throw refusal(base, `its quote ${unknown(position.quoteAsset)}`)
      if (!(underlying in parameters.underlyings))
        throw refusal(base, `underlying ${underlying} is not in the parameter set`)
      spotPrice(underlying, market)
      return {
        ...base,
        kind: 'perpetual',
        underlying,
        quote,
        size,
        cost,
        funding,
        underlyings: distinct(underlying, quote),
      }
    }
    case 'option': {
      const { size, underlying, right, strike, expiry, surface } = position
      if (size === 0n) return undefined
      const fail = (reason: string): UnpricedAsset => {
        if (size < 0n) throw refusal(base, reason)
        return unpriced(`${underlying} ${right} ${strike} ${expiry}`, reason)
      }
      const quote = priceToken(position.quoteAsset, market, parameters)
      if (!quote) return fail(`its quote ${unknown(position.quoteAsset)}`)
      if (!(underlying in parameters.underlyings)) return fail(`underlying ${underlying} is not in the parameter set`)
      const term = expiry - block.timestamp
      if (term <= 0) return fail(`it expired at ${expiry} and is not settled`)
      const volatility = market.volatilities[volatilityKey({ surface, expiry, strike })]
      if (!volatility) return fail(`surface ${surface} has no volatility for strike ${strike} at ${expiry}`)
      spotPrice(underlying, market)
      return {
        ...base,
        kind: 'option',
        underlying,
        quote,
        right,
        strike,
        expiry,
        term,
        size,
        volatility: size > 0n ? volatility.low : volatility.high,
        confidence: volatility.confidence,
        underlyings: distinct(underlying, quote),
      }
    }
    case 'concentratedLiquidity': {
      const { liquidity, tickLower, tickUpper, fees0, fees1 } = position
      if (liquidity === 0n && fees0 === 0n && fees1 === 0n) return undefined
      const token0 = priceToken(position.token0, market, parameters)
      const token1 = priceToken(position.token1, market, parameters)
      if (!token0 || !token1) {
        return unpriced(`${position.token0} / ${position.token1}`, unknown(token0 ? position.token1 : position.token0))
      }
      const underlyings = distinct(token0.underlying, token1)
      return { ...base, kind: 'liquidity', token0, token1, liquidity, tickLower, tickUpper, fees0, fees1, underlyings }
    }
    case 'consumerDebt':
      return position.amount === 0n
        ? undefined
        : { ...base, kind: 'fixedDebt', amount: position.amount, underlyings: [] }
  }
}

/** Whole tokens in WAD, rounded down. */
export function toQuantity(amount: bigint, decimals: number): Wad {
  return (amount * wad) / 10n ** BigInt(decimals)
}

/**
 * Spot price of an underlying.
 *
 * @throws {MissingMarketDataError} when the market has none.
 */
export function spotPrice(underlying: Underlying, market: Market): Wad {
  const spot = market.prices[underlying]
  if (!spot) {
    throw new MissingMarketDataError(`The market has no price of ${underlying}.`, {
      metaMessages: ['Add the price to the snapshot, or a price source to the parameter set.'],
    })
  }
  return spot.price
}

/**
 * Price scan range of an underlying with its dynamic multiplier: mul(R, multiplier).
 *
 * @throws {MissingMarketDataError} without a multiplier.
 * @throws {OutOfRangeError} when the multiplier is below its floor or above its clamp.
 */
export function scanRange(underlying: Underlying, market: Market, parameters: MarginParameters): Wad {
  const entry = parameters.underlyings[underlying]
  const multiplier = market.rangeMultipliers[underlying]
  if (!entry || multiplier === undefined) {
    throw new MissingMarketDataError(`The market has no range multiplier of ${underlying}.`)
  }
  if (multiplier < entry.multiplier.floor || multiplier > entry.multiplier.clamp) {
    throw new OutOfRangeError(`The range multiplier of ${underlying} is ${multiplier}.`, {
      metaMessages: [`The parameter set allows ${entry.multiplier.floor} to ${entry.multiplier.clamp}.`],
    })
  }
  return (entry.range * multiplier) / wad
}

function priceToken(asset: AssetKey, market: Market, parameters: MarginParameters): PricedToken | undefined {
  const entry = parameters.assets[asset]
  if (!entry) return undefined
  const rate = market.rates[asset]
  if (rate === undefined) throw new MissingMarketDataError(`The market has no rate of ${entry.symbol} (${asset}).`)
  spotPrice(entry.underlying, market)
  return { asset, underlying: entry.underlying, rate, decimals: entry.decimals }
}

function distinct(underlying: Underlying, token: PricedToken): readonly Underlying[] {
  return underlying === token.underlying ? [underlying] : [underlying, token.underlying]
}

function refusal({ key, venue }: { key: string; venue: string }, reason: string): UnpricedLiabilityError {
  return new UnpricedLiabilityError(`A liability at ${venue} cannot be valued: ${reason}.`, {
    metaMessages: [
      `Claim ${key}.`,
      'Add what is missing to the parameter set or the market; a debt is never counted as zero.',
    ],
  })
}
