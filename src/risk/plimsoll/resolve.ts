import type { AssetKey, Underlying } from '../../core/asset.ts'
import { UnpricedLiabilityError } from '../../core/errors.ts'
import type { UnpricedAsset } from '../../core/margin.ts'
import { type Market, volatilityKey } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { Portfolio } from '../../core/portfolio.ts'
import { claimKey, type Option, type Position, venueAccountKey } from '../../core/position.ts'
import { powerOfTen, type Wad, wad } from '../../core/units.ts'
import { maxPrice, maxVolatility } from '../../kernel/black76.ts'
import { isPoolPrice, sqrtPriceOf, virtualSqrtPriceOf } from '../../kernel/concentratedLiquidity.ts'
import { ceilDiv, max, min, mul } from '../../kernel/fixedPoint.ts'
import type { Leg, PricedToken } from './legs.ts'
import { shockedVolatility } from './shock.ts'
import { ownEntry, rateOf, spotPrice } from './spot.ts'

/**
 * Resolves a claim against market and parameters: a leg, an asset that counts as zero, or nothing when its size is zero.
 *
 * @param scenarioPrices - Every price of an underlying that the book is valued at, WAD USD.
 * @throws {UnpricedLiabilityError} for a liability that cannot be valued.
 * @throws {MissingMarketDataError} when the market lacks the price or rate of an asset that the parameters know.
 */
export function resolveClaim(
  position: Position,
  { block }: Portfolio,
  market: Market,
  parameters: MarginParameters,
  scenarioPrices: (underlying: Underlying) => readonly Wad[],
): Leg | UnpricedAsset | undefined {
  const base = {
    key: claimKey(position.claim),
    venue: position.venueAccount.venue,
    failureGroup: failureGroupOf(position.venueAccount.venue, parameters),
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
      // What counts for nothing needs no price, so dust in a wallet cannot block the account when its feed is late.
      if (position.kind === 'balance' && base.credit === 0n && !isPriced(position.asset, market, parameters)) {
        return unpriced(position.asset, `control ${position.control} is not credited`)
      }
      const token = priceToken(position.asset, market, parameters)
      if (position.kind === 'balance') {
        if (!token) return unpriced(position.asset, unknown(position.asset))
        const quantity = toQuantity(position.amount, token.decimals)
        return { ...base, kind: 'token', token, quantity, underlyings: [token.underlying] }
      }
      if (!token) throw refusal(base, unknown(position.asset))
      const quantity = -ceilDiv(position.amount * wad, powerOfTen(token.decimals))
      return { ...base, kind: 'token', token, quantity, underlyings: [token.underlying] }
    }
    case 'perpetual': {
      const { size, cost, funding, underlying } = position
      if (size === 0n && cost === 0n && funding === 0n) return undefined
      const { quoteAsset } = position
      const quote = quoteAsset === null ? null : priceToken(quoteAsset, market, parameters)
      if (quote === undefined) throw refusal(base, `its quote ${unknown(quoteAsset as AssetKey)}`)
      if (!Object.hasOwn(parameters.underlyings, underlying))
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
        underlyings: quote === null ? [underlying] : distinct(underlying, quote),
      }
    }
    case 'option': {
      const { size, underlying, right, strike, expiry, surface, settlement } = position
      if (size === 0n) return undefined
      const fail = (reason: string): UnpricedAsset => {
        if (size < 0n) throw refusal(base, reason)
        return unpriced(`${underlying} ${right} ${strike} ${expiry}`, reason)
      }
      const quote = priceToken(position.quoteAsset, market, parameters)
      if (!quote) return fail(`its quote ${unknown(position.quoteAsset)}`)
      if (!Object.hasOwn(parameters.underlyings, underlying))
        return fail(`underlying ${underlying} is not in the parameter set`)
      const term = expiry - block.timestamp
      if (term <= 0) {
        if (settlement?.kind !== 'final') return fail(`it expired at ${expiry} and its settlement price is not known`)
        const value = settledValue(position, settlement.price, quote, market, parameters.expiredHaircut)
        return { ...base, kind: 'settledOption', underlying, expiry, size, value, underlyings: [] }
      }
      if (settlement?.kind === 'final')
        return fail(`it is settled at ${settlement.price} before it expires at ${expiry}`)
      const volatility = ownEntry(market.volatilities, volatilityKey({ surface, expiry, strike }))
      if (!volatility) return fail(`surface ${surface} has no volatility for strike ${strike} at ${expiry}`)
      const side = size > 0n ? volatility.low : volatility.high
      const outside = domainProblem(side, term, strike, parameters)
      if (outside) return fail(outside)
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
        isAveraging: settlement !== undefined,
        observed: settlement?.observed ?? 0n,
        average: settlement?.average ?? 0n,
        size,
        volatility: side,
        confidence: volatility.confidence,
        underlyings: distinct(underlying, quote),
      }
    }
    case 'concentratedLiquidity': {
      const { liquidity, tickLower, tickUpper, fees0, fees1 } = position
      if (liquidity === 0n && fees0 === 0n && fees1 === 0n) return undefined
      if (position.uncounted !== undefined) {
        return unpriced(`${position.token0} / ${position.token1}`, position.uncounted)
      }
      const token0 = priceToken(position.token0, market, parameters)
      const token1 = priceToken(position.token1, market, parameters)
      if (!token0 || !token1) {
        return unpriced(`${position.token0} / ${position.token1}`, unknown(token0 ? position.token1 : position.token0))
      }
      const outside = poolProblem(token0, token1, scenarioPrices)
      if (outside) return unpriced(`${position.token0} / ${position.token1}`, outside)
      const underlyings = distinct(token0.underlying, token1)
      return { ...base, kind: 'liquidity', token0, token1, liquidity, tickLower, tickUpper, fees0, fees1, underlyings }
    }
    case 'perpetualLiquidity': {
      const { underlying, liquidity, tickLower, tickUpper, baseDebt, quoteDebt } = position
      if (liquidity === 0n && baseDebt === 0n && quoteDebt === 0n) return undefined
      const quote = priceToken(position.quoteAsset, market, parameters)
      if (!quote) throw refusal(base, `its quote ${unknown(position.quoteAsset)}`)
      if (!Object.hasOwn(parameters.underlyings, underlying))
        throw refusal(base, `underlying ${underlying} is not in the parameter set`)
      const isHeld = scenarioPrices(underlying).every((price) => isPoolPrice(virtualSqrtPriceOf(price)))
      if (!isHeld) throw refusal(base, 'no pool can hold its price in every scenario')
      const order = { liquidity, tickLower, tickUpper, baseDebt, quoteDebt }
      return {
        ...base,
        kind: 'perpetualLiquidity',
        underlying,
        quote,
        ...order,
        underlyings: distinct(underlying, quote),
      }
    }
    case 'consumerDebt':
      return position.amount === 0n
        ? undefined
        : { ...base, kind: 'fixedDebt', amount: position.amount, underlyings: [] }
  }
}

/** Whole tokens in WAD, rounded down. */
export function toQuantity(amount: bigint, decimals: number): Wad {
  return (amount * wad) / powerOfTen(decimals)
}

/** Size × payoff at the settlement price; what is owed to the holder less a haircut, what the holder owes in full. */
function settledValue(
  { right, strike, size }: Option,
  price: Wad,
  quote: PricedToken,
  market: Market,
  haircut: Wad,
): Wad {
  const payoff = max(0n, right === 'call' ? price - strike : strike - price)
  const owed = mul(mul(size, payoff), mul(quote.rate, spotPrice(quote.underlying, market)))
  return size > 0n ? mul(owed, wad - haircut) : owed
}

function isPriced(asset: AssetKey, market: Market, parameters: MarginParameters): boolean {
  const entry = ownEntry(parameters.assets, asset)
  return !entry || (Object.hasOwn(market.rates, asset) && Object.hasOwn(market.prices, entry.underlying))
}

function priceToken(asset: AssetKey, market: Market, parameters: MarginParameters): PricedToken | undefined {
  const entry = ownEntry(parameters.assets, asset)
  if (!entry) return undefined
  const rate = rateOf(asset, market)
  spotPrice(entry.underlying, market)
  return { asset, underlying: entry.underlying, rate, decimals: entry.decimals }
}

function failureGroupOf(venue: string, { venues }: MarginParameters): string {
  const entry = venues.find(({ id }) => id === venue)
  return entry ? (entry.failureGroup ?? entry.adapter) : venue
}

/** Why an option cannot be priced in every scenario, if so. */
function domainProblem(
  volatility: Wad,
  term: number,
  strike: Wad,
  { volatilityShock }: MarginParameters,
): string | undefined {
  if (shockedVolatility(volatility, 'up', term, volatilityShock) > maxVolatility) {
    return `its shocked volatility exceeds ${maxVolatility}, the domain of the pricing`
  }
  return strike > maxPrice ? `its strike exceeds ${maxPrice}, the domain of the pricing` : undefined
}

/** Why a pool cannot stand at our own prices in every scenario, if so. */
function poolProblem(
  token0: PricedToken,
  token1: PricedToken,
  scenarioPrices: (underlying: Underlying) => readonly Wad[],
): string | undefined {
  const [[least0, most0], [least1, most1]] = [token0, token1].map(({ rate, underlying }) => {
    const prices = scenarioPrices(underlying).map((price) => mul(rate, price))
    return [prices.reduce(min), prices.reduce(max)]
  }) as [[Wad, Wad], [Wad, Wad]]
  if (least0 === 0n || least1 === 0n) return 'the price of a whole token is below 1e-18 dollars in a scenario'
  const holds = (p0: Wad, p1: Wad) => isPoolPrice(sqrtPriceOf(p0, token0.decimals, p1, token1.decimals))
  return holds(least0, most1) && holds(most0, least1) ? undefined : 'no pool can hold its price in every scenario'
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
