import { zeroAddress, zeroHash } from 'viem'
import type { AssetKey } from '../../core/asset.ts'
import { type Book, type BookPosition, positionId } from '../../core/book.ts'
import { InvalidInputError } from '../../core/errors.ts'
import { type Market, volatilityKey } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type {
  Balance,
  ConcentratedLiquidity,
  ConsumerDebt,
  Debt,
  Option,
  Perpetual,
  Position,
} from '../../core/position.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import { type Wad, wad } from '../../core/units.ts'
import { ceilDiv, mul } from '../../kernel/fixedPoint.ts'
import { UnmodeledPositionError } from './errors.ts'
import { forwardOf, underlyingMarket } from './forward.ts'
import { log } from './math/exponential.ts'
import { currencyPrice, perpetualPrice } from './valuation.ts'
import { volatilityOf } from './volatility.ts'

type Held = Pick<Position, 'claim' | 'venueAccount' | 'control'>
type Kind<Name extends BookPosition['kind']> = Extract<BookPosition, { kind: Name }>
type Token = { readonly key: AssetKey; readonly decimals: number }

/** A tick is a step of 1.0001 in price. */
const logOfTick = log(1.0001)

/**
 * The snapshot of a book, for `plimsoll-1`: integers from doubles, each to the nearest unit, amounts held rounded down and
 * amounts owed up.
 *
 * - `spot` and `cash` become the parameter set's asset of that underlying or currency: the one that the position names, else the
 *   first without a basis. Money owed in the book's own currency that the set does not know is a debt that no scenario moves.
 * - Contracts and options settle in the asset of `settlement`, else of the book's currency, else of USDC.
 * - Expiries are rounded to seconds, bounds of liquidity to the nearest tick, half a basis point.
 *
 * Everything is held at the venue that the position names, under its rule of control `venue`. Range multipliers are at their
 * floors. What `plimsoll-1` does not model is refused: inverse contracts, futures, American exercise, forwards away from the
 * spot, options margined like futures, perpetuals marked away from the spot.
 *
 * @throws {UnmodeledPositionError} for such a position.
 * @throws {InvalidInputError} for an asset that the parameter set does not have.
 * @throws {MissingMarketDataError} for a price or volatility that the book does not have.
 */
export function snapshotOf(book: Book, parameters: MarginParameters): Snapshot {
  const { portfolio } = book
  const rates: Record<AssetKey, Wad> = {}
  const volatilities: Record<string, Market['volatilities'][string]> = {}
  const context: Context = { book, parameters, rates, volatilities, timestamp: Math.round(portfolio.asOf) }
  const positions = portfolio.positions.flatMap((position, index) => {
    const converted = convert(position, { ...context, held: heldAt(position, index, context) })
    return converted === undefined ? [] : [converted]
  })
  for (const key of Object.keys(parameters.assets) as AssetKey[]) rates[key] ??= wad
  return {
    schema: 'plimsoll-snapshot/1',
    portfolio: {
      account: zeroAddress,
      scope: 'observed',
      block: { chainId: parameters.chainId, number: 0n, hash: zeroHash, timestamp: context.timestamp },
      positions,
      ...{ venues: [], requirements: [], rules: [] },
    },
    market: { prices: pricesOf(context), rates, volatilities, rangeMultipliers: multipliersOf(parameters) },
    witnesses: [],
  }
}

type Context = {
  readonly book: Book
  readonly parameters: MarginParameters
  readonly rates: Record<AssetKey, Wad>
  readonly volatilities: Record<string, Market['volatilities'][string]>
  readonly timestamp: number
}

type HeldContext = Context & { readonly held: Held & { readonly id: string } }

/** The nearest WAD of a double: as decimal text, so that 0.1 is 0.1. */
export function toWad(value: number): Wad {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e')
  const [whole = '0', places = ''] = mantissa.split('.')
  const shift = 18 + Number(exponent) - places.length
  const digits = BigInt(`${whole}${places}`)
  if (shift >= 0) return digits * 10n ** BigInt(shift)
  const scale = 10n ** BigInt(-shift)
  return digits < 0n ? -((-digits + scale / 2n) / scale) : (digits + scale / 2n) / scale
}

function convert(position: BookPosition, context: HeldContext): Position | undefined {
  switch (position.kind) {
    case 'cash':
      return cashOf(position, context)
    case 'spot':
      return spotOf(position, context)
    case 'perpetual':
      return perpetualOf(position, context)
    case 'option':
      return optionOf(position, context)
    case 'liquidity':
      return liquidityOf(position, context)
    case 'future':
      throw unmodeled(context, 'is a future with an expiry')
  }
}

function heldAt({ venue = 'book', id }: BookPosition, index: number, { parameters }: Context): HeldContext['held'] {
  const name = positionId({ id } as BookPosition, index)
  const { chainId } = parameters
  return {
    id: name,
    claim: { chainId, contract: zeroAddress, holder: zeroAddress, id: `${index}:${name}` },
    venueAccount: { chainId, venue, instance: zeroAddress, holder: zeroAddress, subAccount: '' },
    control: 'venue',
  }
}

function cashOf(position: Kind<'cash'>, context: HeldContext): Balance | Debt | ConsumerDebt {
  const { currency, amount } = position
  if (assetOf(currency, context) === undefined && currency === context.book.portfolio.quote && amount < 0) {
    const { claim, venueAccount } = context.held
    return { claim, venueAccount, control: 'consumer', kind: 'consumerDebt', amount: toWad(-amount) }
  }
  return tokensOf(amount, requireAsset(currency, context), context)
}

function spotOf({ underlying, asset, amount, rate, price }: Kind<'spot'>, context: HeldContext): Balance | Debt {
  const token = requireAsset(underlying, context, asset)
  const own = price === undefined ? (rate ?? 1) : price / underlyingMarket(context.book.market, underlying).price
  requireRate(token.key, toWad(own), context)
  return tokensOf(amount, token, context)
}

function tokensOf(amount: number, { key: asset, decimals }: Token, { held }: HeldContext): Balance | Debt {
  const exact = toWad(amount < 0 ? -amount : amount) * 10n ** BigInt(decimals)
  const { claim, venueAccount, control } = held
  return amount < 0
    ? { claim, venueAccount, control, kind: 'debt', asset, amount: ceilDiv(exact, wad) }
    : { claim, venueAccount, control, kind: 'balance', asset, amount: exact / wad }
}

function perpetualOf(position: Kind<'perpetual'>, context: HeldContext): Perpetual {
  const { underlying, amount, payoff, entry, unrealizedPnl, funding = 0 } = position
  if (payoff === 'inverse') throw unmodeled(context, 'is an inverse contract')
  const market = underlyingMarket(context.book.market, underlying)
  if (perpetualPrice(market) !== market.price) throw unmodeled(context, 'is marked away from the spot price')
  const size = toWad(amount)
  const spot = toWad(market.price)
  const atEntry = mul(size, toWad(entry ?? market.price))
  const cost = unrealizedPnl === undefined ? atEntry : mul(size, spot) - toWad(unrealizedPnl)
  const { claim, venueAccount, control } = context.held
  return {
    ...{ claim, venueAccount, control, kind: 'perpetual', underlying, size, cost },
    quoteAsset: settlementAsset(position.settlement, context),
    funding: toWad(funding),
  }
}

function optionOf(position: Kind<'option'>, context: HeldContext): Option {
  const { underlying, right, amount, multiplier = 1 } = position
  if (position.payoff === 'inverse') throw unmodeled(context, 'is paid in coin')
  if (position.style === 'american') throw unmodeled(context, 'has American exercise')
  if (position.premium === 'futures') throw unmodeled(context, 'is margined like a future')
  if (position.strike === 0) throw unmodeled(context, 'has a strike of zero')
  const { asOf } = context.book.portfolio
  const { market } = context.book
  const { price, fixed, rate, volatilityConfidence } = forwardOf(market, underlying, position, asOf)
  const spot = underlyingMarket(market, underlying).price
  if (rate !== 0) throw unmodeled(context, 'is discounted')
  const observed = 1 - (price - fixed) / spot
  if (fixed === 0 ? price !== spot : observed <= 0 || observed > 1)
    throw unmodeled(context, 'has a forward away from the spot')

  const strike = toWad(position.strike)
  const expiry = Math.round(position.expiry ?? asOf + (position.years ?? 0) * 31_536_000)
  const volatility = toWad(volatilityOf(market, position, asOf))
  const surface = `${underlying}:${context.held.id}`
  context.volatilities[volatilityKey({ surface, expiry, strike })] = {
    ...{ low: volatility, high: volatility },
    ...{ confidence: toWad(volatilityConfidence), source: 'book' },
  }
  const { claim, venueAccount, control } = context.held
  return {
    ...{ claim, venueAccount, control, kind: 'option', underlying, right, strike, expiry, surface },
    quoteAsset: settlementAsset(position.settlement, context),
    size: toWad(amount * multiplier),
    ...(fixed > 0 && {
      settlement: { kind: 'averaging', observed: toWad(observed), average: toWad(fixed / observed) } as const,
    }),
  }
}

function liquidityOf(position: Kind<'liquidity'>, context: HeldContext): ConcentratedLiquidity {
  const token0 = requireAsset(position.underlying, context)
  const token1 = requireAsset(position.against, context)
  const unit = (decimals: number): number => Number(10n ** BigInt(decimals))
  const tickAt = (price: number): number => {
    const smallest = (price * unit(token1.decimals)) / unit(token0.decimals)
    return Math.max(-887_272, Math.min(887_272, smallest > 0 ? Math.round(log(smallest) / logOfTick) : -887_272))
  }
  const [tickLower, tickUpper] = [tickAt(position.lowerPrice), tickAt(position.upperPrice)]
  if (tickLower >= tickUpper) throw unmodeled(context, 'is a range narrower than a tick')
  const fees = (amount: number, { decimals }: Token) => (toWad(amount) * 10n ** BigInt(decimals)) / wad
  const { claim, venueAccount, control } = context.held
  return {
    ...{ claim, venueAccount, control, kind: 'concentratedLiquidity', tickLower, tickUpper },
    ...{ token0: token0.key, token1: token1.key },
    liquidity: BigInt(
      Math.floor(position.liquidity * Math.sqrt(unit(token0.decimals)) * Math.sqrt(unit(token1.decimals))),
    ),
    fees0: fees(position.fees ?? 0, token0),
    fees1: fees(position.feesAgainst ?? 0, token1),
  }
}

/** The named asset, else the first of the underlying that has no basis. */
function assetOf(underlying: string, { parameters }: Context, symbol?: string): Token | undefined {
  const entries = Object.entries(parameters.assets).filter(([, asset]) => asset.underlying === underlying)
  const found =
    entries.find(([key, asset]) => asset.symbol === symbol || key === symbol) ??
    entries.find(([, { basis }]) => basis.initial === 0n && basis.maintenance === 0n)
  return found && { key: found[0] as AssetKey, decimals: found[1].decimals }
}

function requireAsset(underlying: string, context: HeldContext, symbol?: string): Token {
  const asset = assetOf(underlying, context, symbol)
  if (asset !== undefined) return asset
  const { name, assets } = context.parameters
  throw new InvalidInputError(`The parameter set ${name} has no asset of ${underlying} for ${context.held.id}.`, {
    metaMessages: [
      `It has assets of ${[...new Set(Object.values(assets).map((entry) => entry.underlying))].join(', ') || 'nothing'}.`,
      'Add one without a basis, or name one of the underlying as the asset of the position.',
    ],
  })
}

function settlementAsset(settlement: string | undefined, context: HeldContext): AssetKey {
  const named = settlement ?? context.book.portfolio.quote
  return (assetOf(named, context) ?? requireAsset(settlement ?? 'USDC', context)).key
}

/** One asset has one rate, whatever positions are in it. */
function requireRate(key: AssetKey, rate: Wad, { rates, held }: HeldContext): void {
  const known = rates[key]
  if (known !== undefined && known !== rate) {
    throw new InvalidInputError(`${held.id} gives ${key} the rate ${rate}; another position gave it ${known}.`, {
      metaMessages: ['Name different assets of the parameter set, or give both one rate.'],
    })
  }
  rates[key] = rate
}

function pricesOf({ book, parameters, timestamp }: Context): Market['prices'] {
  const { underlyings } = book.market
  const known = Object.keys(parameters.underlyings).filter(
    (name) => Object.hasOwn(underlyings, name) || isCurrency(name, book),
  )
  return Object.fromEntries(
    known.map((name) => {
      const entry = Object.hasOwn(underlyings, name) ? underlyings[name] : book.market.currencies?.[name]
      const price = toWad(entry?.price ?? currencyPrice(book.market, name))
      return [name, { price, confidence: toWad(entry?.confidence ?? 1), updatedAt: timestamp, source: 'book' }]
    }),
  )
}

/** A currency that positions are in or settle in needs a price; one that the book does not list is worth its face. */
function isCurrency(name: string, { portfolio, market }: Book): boolean {
  if (market.currencies !== undefined && Object.hasOwn(market.currencies, name)) return true
  return portfolio.positions.some(
    (position) =>
      (position.kind === 'cash' && position.currency === name) ||
      (position.kind === 'liquidity' && position.against === name) ||
      ('settlement' in position && position.settlement === name) ||
      ((position.kind === 'perpetual' || position.kind === 'option') && name === 'USDC'),
  )
}

function multipliersOf({ underlyings }: MarginParameters): Market['rangeMultipliers'] {
  return Object.fromEntries(Object.entries(underlyings).map(([name, { multiplier }]) => [name, multiplier.floor]))
}

function unmodeled({ held }: HeldContext, reason: string): UnmodeledPositionError {
  return new UnmodeledPositionError(`plimsoll-1 does not model ${held.id}: it ${reason}.`, {
    metaMessages: ['Use a reference model that does, such as deribit-pm, span or tims.'],
  })
}
