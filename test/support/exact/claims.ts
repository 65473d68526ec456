import type { AssetKey, Underlying } from '../../../src/core/asset.ts'
import { type Market, volatilityKey } from '../../../src/core/market.ts'
import type { MarginParameters } from '../../../src/core/parameters.ts'
import type { Portfolio } from '../../../src/core/portfolio.ts'
import {
  type ConcentratedLiquidity,
  type Control,
  claimKey,
  type Option,
  type Perpetual,
  type Position,
  venueAccountKey,
} from '../../../src/core/position.ts'
import { sqrtPrice, sqrtRatio } from './liquidity.ts'
import { floorToWad, fromDecimals, fromWad, type Real } from './real.ts'

/** What the reference reads. */
export type Inputs = { readonly portfolio: Portfolio; readonly market: Market; readonly parameters: MarginParameters }

/** The reference refuses too: a liability without a price, or a market that the text refuses. */
export class Refusal extends Error {}

/** A token whose price is known: `rate` units of `underlying` each. */
export type Token = {
  readonly asset: AssetKey
  readonly underlying: Underlying
  readonly rate: bigint
  readonly decimals: number
}

type Held = {
  readonly key: string
  readonly account: string
  readonly venue: string
  readonly control: Control
}

/** A priced claim after netting (model sections 1 and 2). */
export type Claim = Held &
  (
    | { readonly kind: 'balance' | 'debt'; readonly token: Token; readonly amount: Real }
    | {
        readonly kind: 'perpetual'
        readonly underlying: Underlying
        /** Null for dollars. */
        readonly quote: Token | null
        readonly size: Real
        readonly cost: Real
        readonly funding: Real
      }
    | {
        readonly kind: 'option'
        readonly underlying: Underlying
        readonly quote: Token
        readonly right: 'call' | 'put'
        readonly strike: Real
        readonly expiry: number
        /** Seconds to expiry, at most zero when expired. */
        readonly term: bigint
        readonly size: Real
        readonly settlement: Option['settlement']
        /** Mark volatility by the net sign; zero when expired. */
        readonly volatility: Real
        /** Confidence of the volatility; null when expired. */
        readonly confidence: Real | null
      }
    | {
        readonly kind: 'concentratedLiquidity'
        readonly tokens: readonly [Token, Token]
        readonly liquidity: bigint
        readonly tickLower: number
        readonly tickUpper: number
        readonly fees: readonly [bigint, bigint]
      }
    | {
        readonly kind: 'perpetualLiquidity'
        readonly underlying: Underlying
        readonly quote: Token
        readonly liquidity: bigint
        readonly tickLower: number
        readonly tickUpper: number
        readonly baseDebt: Real
        readonly quoteDebt: Real
      }
    | { readonly kind: 'consumerDebt'; readonly amount: Real }
  )

/** Underlyings whose prices the claim depends on; an expired option is settled and depends on none. */
export function underlyingsOf(claim: Claim): readonly Underlying[] {
  if (claim.kind === 'option' && claim.term <= 0n) return []
  switch (claim.kind) {
    case 'balance':
    case 'debt':
      return [claim.token.underlying]
    case 'perpetual':
    case 'perpetualLiquidity':
    case 'option':
      return claim.quote === null ? [claim.underlying] : [claim.underlying, claim.quote.underlying]
    case 'concentratedLiquidity':
      return claim.tokens.map(({ underlying }) => underlying)
    case 'consumerDebt':
      return []
  }
}

/**
 * The mark of an underlying, then its price in each scenario: S · (1 + m) rounded down (model section 3). WAD.
 *
 * @throws {Refusal} for a range multiplier outside its floor and clamp.
 */
export function scenarioPrices(
  { market, parameters }: Pick<Inputs, 'market' | 'parameters'>,
  underlying: Underlying,
): readonly bigint[] {
  const wad = 10n ** 18n
  const entry = parameters.underlyings[underlying]
  const spot = market.prices[underlying]?.price ?? 0n
  const asked = market.rangeMultipliers[underlying]
  if (entry === undefined || asked === undefined || asked < entry.multiplier.floor || asked > entry.multiplier.clamp) {
    throw new Refusal(`the range multiplier of ${underlying} is ${asked}`)
  }
  const widest = (entry.range * asked) / wad
  const moves = (parameters.classes[entry.class]?.scenarios ?? []).map(({ kind, move }) =>
    kind === 'range' ? (move * widest) / wad : move,
  )
  return [spot, ...moves.map((move) => (spot * (wad + move)) / wad)]
}

/**
 * Nets contracts, drops claims of size zero, leaves out assets outside the parameter set and long options without a volatility.
 *
 * @throws {Refusal} for a liability that cannot be priced, and for a token of the parameter set that the market does not price.
 */
export function toClaims({ portfolio, market, parameters }: Inputs): Claim[] {
  const { timestamp } = portfolio.block
  const tokenOf = (asset: AssetKey): Token | null => {
    const entry = parameters.assets[asset]
    if (entry === undefined) return null
    const rate = market.rates[asset]
    if (rate === undefined) throw new Refusal(`no rate of ${asset}`)
    if (!isPriced(entry.underlying)) throw new Refusal(`no price of ${entry.underlying}`)
    return { asset, underlying: entry.underlying, rate, decimals: entry.decimals }
  }
  const claims: Claim[] = []
  for (const position of net(portfolio.positions)) {
    if (isEmpty(position)) continue
    // What counts for nothing needs no price.
    if (isUncredited(position) && !assetsOf(position).every(isQuoted)) continue
    const claim = toClaim(position)
    if (claim !== null) claims.push(claim)
    else if (canBeNegative(position)) throw new Refusal(`no price for the liability ${claimKey(position.claim)}`)
  }
  return claims

  function toClaim(position: Position): Claim | null {
    const held = {
      key: claimKey(position.claim),
      account: venueAccountKey(position.venueAccount),
      venue: position.venueAccount.venue,
      control: position.control,
    }
    switch (position.kind) {
      case 'balance':
      case 'debt': {
        const token = tokenOf(position.asset)
        if (token === null) return null
        const amount = fromDecimals(position.amount, token.decimals)
        // Owned quantities are rounded down, owed ones up (methodology section 0).
        const counted = position.kind === 'balance' ? floorToWad(amount) : -floorToWad(-amount)
        return { ...held, kind: position.kind, token, amount: counted }
      }
      case 'perpetual': {
        const { kind, underlying, quoteAsset, size, cost, funding } = position
        const quote = quoteAsset === null ? null : tokenOf(quoteAsset)
        if ((quoteAsset !== null && quote === null) || !isPriced(underlying)) return null
        return {
          ...held,
          kind,
          underlying,
          quote,
          size: fromWad(size),
          cost: fromWad(cost),
          funding: fromWad(funding),
        }
      }
      case 'option': {
        const quote = tokenOf(position.quoteAsset)
        const { kind, underlying, right, expiry, size, settlement } = position
        if (quote === null || parameters.underlyings[underlying] === undefined) return null
        if (!isPriced(underlying)) throw new Refusal(`no price of ${underlying}`)
        const term = BigInt(expiry - timestamp)
        const surface = market.volatilities[volatilityKey(position)]
        if (term > 0n ? surface === undefined : settlement === undefined) return null
        return {
          ...held,
          kind,
          underlying,
          quote,
          right,
          strike: fromWad(position.strike),
          expiry,
          term,
          size: fromWad(size),
          settlement,
          volatility: term > 0n && surface ? fromWad(size > 0n ? surface.low : surface.high) : 0n,
          confidence: term > 0n && surface ? fromWad(surface.confidence) : null,
        }
      }
      case 'concentratedLiquidity': {
        if (position.uncounted !== undefined) return null
        const token0 = tokenOf(position.token0)
        const token1 = tokenOf(position.token1)
        if (token0 === null || token1 === null || !canPoolHold([token0, token1])) return null
        const { kind, liquidity, tickLower, tickUpper, fees0, fees1 } = position
        return { ...held, kind, tokens: [token0, token1], liquidity, tickLower, tickUpper, fees: [fees0, fees1] }
      }
      case 'perpetualLiquidity': {
        const quote = tokenOf(position.quoteAsset)
        const { kind, underlying, liquidity, tickLower, tickUpper } = position
        if (quote === null || !isPriced(underlying) || !canVirtualPoolHold(underlying)) return null
        const debts = { baseDebt: fromWad(position.baseDebt), quoteDebt: fromWad(position.quoteDebt) }
        return { ...held, kind, underlying, quote, liquidity, tickLower, tickUpper, ...debts }
      }
      case 'consumerDebt':
        return { ...held, kind: 'consumerDebt', amount: fromWad(position.amount) }
    }
  }

  /** Whether some pool can hold the price of the two at the marks and in every scenario (TickMath's ends). */
  function canPoolHold(tokens: readonly [Token, Token]): boolean {
    const [prices0, prices1] = tokens.map(({ rate, underlying }) =>
      scenarioPrices({ market, parameters }, underlying).map((price) => (rate * price) / 10n ** 18n),
    )
    return (prices0 ?? []).every((price0) =>
      (prices1 ?? []).every((price1) => {
        if (price0 === 0n || price1 === 0n) return false
        const root = sqrtPrice(price0, price1, tokens[0].decimals, tokens[1].decimals)
        return root >= sqrtRatio(-887272) && root < sqrtRatio(887272)
      }),
    )
  }

  /** The same of a pool of virtual tokens, base for dollars, both of 18 decimals. */
  function canVirtualPoolHold(underlying: Underlying): boolean {
    return scenarioPrices({ market, parameters }, underlying).every((price) => {
      const root = sqrtPrice(price, 10n ** 18n, 18, 18)
      return root >= sqrtRatio(-887272) && root < sqrtRatio(887272)
    })
  }

  function isQuoted(asset: AssetKey): boolean {
    const entry = parameters.assets[asset]
    return entry !== undefined && market.rates[asset] !== undefined && isPriced(entry.underlying)
  }

  function isUncredited(position: Position): boolean {
    return !canBeNegative(position) && position.control !== 'consumer' && parameters.credit[position.control] === 0n
  }

  function isPriced(underlying: Underlying): boolean {
    return market.prices[underlying] !== undefined && parameters.underlyings[underlying] !== undefined
  }
}

function assetsOf(position: Position): readonly AssetKey[] {
  switch (position.kind) {
    case 'balance':
    case 'debt':
      return [position.asset]
    case 'perpetual':
    case 'perpetualLiquidity':
    case 'option':
      return position.quoteAsset === null ? [] : [position.quoteAsset]
    case 'concentratedLiquidity':
      return [position.token0, position.token1]
    case 'consumerDebt':
      return []
  }
}

function net(positions: readonly Position[]): Position[] {
  const result = new Map<string, Position>()
  for (const position of positions) {
    const key = contractKey(position)
    const known = result.get(key)
    if (known?.kind === 'perpetual' && position.kind === 'perpetual') result.set(key, addPerpetual(known, position))
    else if (known?.kind === 'option' && position.kind === 'option') {
      result.set(key, { ...known, size: known.size + position.size })
    } else result.set(key, position)
  }
  return [...result.values()]
}

const addPerpetual = (a: Perpetual, b: Perpetual): Perpetual => ({
  ...a,
  size: a.size + b.size,
  cost: a.cost + b.cost,
  funding: a.funding + b.funding,
})

function contractKey(position: Position): string {
  const account = venueAccountKey(position.venueAccount)
  if (position.kind === 'perpetual') {
    return ['perpetual', account, position.underlying, position.quoteAsset].join('|')
  }
  if (position.kind === 'option') {
    const { underlying, quoteAsset, right, strike, expiry, surface } = position
    return ['option', account, underlying, quoteAsset, right, strike, expiry, surface].join('|')
  }
  return `claim|${claimKey(position.claim)}`
}

function isEmpty(position: Position): boolean {
  switch (position.kind) {
    case 'balance':
    case 'debt':
    case 'consumerDebt':
      return position.amount === 0n
    case 'perpetual':
      return position.size === 0n && position.cost === 0n && position.funding === 0n
    case 'option':
      return position.size === 0n
    case 'perpetualLiquidity':
      return position.liquidity === 0n && position.baseDebt === 0n && position.quoteDebt === 0n
    case 'concentratedLiquidity':
      return isEmptyLiquidity(position)
  }
}

function isEmptyLiquidity({ liquidity, fees0, fees1 }: ConcentratedLiquidity): boolean {
  return liquidity === 0n && fees0 === 0n && fees1 === 0n
}

function canBeNegative(position: Position): boolean {
  if (position.kind === 'option') return position.size < 0n
  return position.kind !== 'balance' && position.kind !== 'concentratedLiquidity'
}
