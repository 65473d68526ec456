import type { Underlying } from '../../core/asset.ts'
import type { Book, BookPosition } from '../../core/book.ts'
import type { UnpricedAsset } from '../../core/margin.ts'
import type { Market } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { Portfolio, VenueRequirement } from '../../core/portfolio.ts'
import { venueAccountKey } from '../../core/position.ts'
import { type Wad, wad } from '../../core/units.ts'
import type { VenueRule } from '../../core/venueRule.ts'
import { sqrtRatioAtTick } from '../../kernel/concentratedLiquidity.ts'
import { mul } from '../../kernel/fixedPoint.ts'
import { buildBook } from '../plimsoll/book.ts'
import type {
  Leg,
  LiquidityLeg,
  OptionLeg,
  PerpetualLeg,
  PerpetualLiquidityLeg,
  PricedToken,
} from '../plimsoll/legs.ts'
import { spotPrice } from '../plimsoll/spot.ts'
import type { VenueAccountInput } from './venueRules/venueAccount.ts'

/** A portfolio as the reference models see it, and what they do not get to see. */
export type ConvertedBook = {
  readonly book: Book
  /** Assets that `plimsoll-1` credits nothing either: unpriced ones, and those of a control that is not credited. */
  readonly omitted: readonly UnpricedAsset[]
}

/**
 * The book of a snapshot, in doubles, with the claims netted as `plimsoll-1` nets them.
 *
 * An underlying whose class moves by absolute shocks without volatility is money: holdings of it become `cash`, everything else
 * `spot`; with `money: 'spot'` everything is `spot`, so that scenarios can move stablecoins too. Options carry the volatility of their side (longs low, shorts high) and the forward is the spot price, with what a
 * settlement window has already fixed. Contracts are paid in their quote asset at its price of now. Liquidity becomes a range
 * of one underlying against the other, an order in a perpetual market a range against dollars and a
 * perpetual of what was borrowed for it. Rules and requirements become the accounts of the model `venue-rules`.
 *
 * @throws {UnpricedLiabilityError} for a liability that cannot be valued.
 * @throws {MissingMarketDataError} when the market lacks the price or rate of an asset that the parameters know.
 */
export function bookOf(
  { portfolio, market }: { readonly portfolio: Portfolio; readonly market: Market },
  parameters: MarginParameters,
  { money = 'cash' }: { readonly money?: 'cash' | 'spot' } = {},
): ConvertedBook {
  const { legs, unpriced } = buildBook(portfolio, market, parameters)
  const credited = legs.filter(({ credit, control }) => credit > 0n || control === 'consumer')
  const context: Context = { market, parameters, isMoney: money === 'cash' ? moneyOf(parameters) : () => false }
  const positions = credited.flatMap((leg): BookPosition[] => {
    const held = { id: leg.key, venue: leg.venueAccount }
    if (leg.kind !== 'perpetualLiquidity') return [{ ...positionOf(leg, context), ...held }]
    return [
      { ...rangeOf(leg, context), ...held },
      { ...borrowedOf(leg, context), ...held, id: `${leg.key}/borrowed` },
    ]
  })
  return {
    book: {
      schema: 'plimsoll-book/1',
      portfolio: {
        account: portfolio.account,
        asOf: portfolio.block.timestamp,
        quote: 'USD',
        positions,
        venueAccounts: accountsOf(portfolio, credited),
      },
      market: marketOf(credited, positions, context),
    },
    omitted: [
      ...unpriced,
      ...legs
        .filter((leg) => !credited.includes(leg))
        .map(({ key, venue, control, underlyings }) => ({
          ...{ key, venue, asset: underlyings.join(' / ') },
          reason: `control ${control} is not credited`,
        })),
    ],
  }
}

type Context = {
  readonly market: Market
  readonly parameters: MarginParameters
  readonly isMoney: (underlying: Underlying) => boolean
}

/** The nearest double of a WAD amount. */
export function fromWad(value: Wad): number {
  return Number(value) / 1e18
}

function moneyOf({ classes, underlyings }: MarginParameters): (underlying: Underlying) => boolean {
  const money = new Set(
    Object.entries(classes)
      .filter(([, { scenarios }]) => scenarios.every(({ kind, vol }) => kind === 'absolute' && vol === 'none'))
      .map(([name]) => name),
  )
  return (underlying) => money.has(underlyings[underlying]?.class ?? '')
}

function positionOf(leg: Exclude<Leg, PerpetualLiquidityLeg>, context: Context): BookPosition {
  switch (leg.kind) {
    case 'token': {
      const { underlying, rate } = leg.token
      if (context.isMoney(underlying)) {
        return { kind: 'cash', currency: underlying, amount: fromWad(mul(leg.quantity, rate)) }
      }
      const { symbol } = context.parameters.assets[leg.token.asset] ?? { symbol: underlying }
      const own = rate === wad ? {} : { rate: fromWad(rate) }
      return { kind: 'spot', underlying, asset: symbol, amount: fromWad(leg.quantity), ...own }
    }
    case 'perpetual':
      return perpetualOf(leg, context)
    case 'option':
      return {
        kind: 'option',
        underlying: leg.underlying,
        right: leg.right,
        strike: fromWad(leg.strike),
        expiry: leg.expiry,
        amount: fromWad(leg.size) * quotePrice(leg.quote, context),
        volatility: fromWad(leg.volatility),
        settlement: leg.quote.underlying,
      }
    case 'liquidity':
      return liquidityOf(leg, context)
    case 'settledOption':
      return { kind: 'cash', currency: 'USD', amount: fromWad(leg.value) }
    case 'fixedDebt':
      return { kind: 'cash', currency: 'USD', amount: -fromWad(leg.amount) }
  }
}

function perpetualOf({ underlying, size, cost, funding, quote }: PerpetualLeg, context: Context): BookPosition {
  const price = quote === null ? 1 : quotePrice(quote, context)
  const entry = size === 0n ? 0 : Number(cost) / Number(size)
  const result =
    entry > 0 ? { entry } : { unrealizedPnl: fromWad(mul(size, spotPrice(underlying, context.market)) - cost) * price }
  return {
    kind: 'perpetual',
    underlying,
    amount: fromWad(size) * price,
    ...result,
    funding: fromWad(funding) * price,
    ...(quote === null ? {} : { settlement: quote.underlying }),
  }
}

/** The range of an order as liquidity against dollars, paid in the quote asset at its price of now. */
function rangeOf(leg: PerpetualLiquidityLeg, context: Context): BookPosition {
  const boundAt = (tick: number): number => {
    const root = Number(sqrtRatioAtTick(tick)) / Number(1n << 96n)
    return root * root
  }
  return {
    ...{ kind: 'liquidity', underlying: leg.underlying, against: 'USD' },
    ...{ lowerPrice: boundAt(leg.tickLower), upperPrice: boundAt(leg.tickUpper) },
    liquidity: fromWad(leg.liquidity) * quotePrice(leg.quote, context),
  }
}

/** What was borrowed for an order: so much base sold, and so much quote owed. */
function borrowedOf({ baseDebt, quoteDebt, ...leg }: PerpetualLiquidityLeg, context: Context): BookPosition {
  const borrowed = { size: -baseDebt, cost: quoteDebt, funding: 0n }
  return perpetualOf({ ...leg, kind: 'perpetual', ...borrowed }, context)
}

/** L and bounds of one underlying in the other: token amounts times their rates, prices over them. */
function liquidityOf(leg: LiquidityLeg, { isMoney }: Context): BookPosition {
  const [first, second] = [leg.token0, leg.token1]
  const rates = fromWad(first.rate) / fromWad(second.rate)
  const units = powerOfTen(first.decimals) / powerOfTen(second.decimals)
  const boundAt = (tick: number): number => {
    const root = Number(sqrtRatioAtTick(tick)) / Number(1n << 96n)
    return (root * root * units) / rates
  }
  const [lower, upper] = [boundAt(leg.tickLower), boundAt(leg.tickUpper)]
  const scale = Math.sqrt(powerOfTen(first.decimals)) * Math.sqrt(powerOfTen(second.decimals))
  const liquidity = (Number(leg.liquidity) / scale) * Math.sqrt(fromWad(first.rate)) * Math.sqrt(fromWad(second.rate))
  const feesOf = (amount: bigint, { decimals, rate }: PricedToken) =>
    (Number(amount) / powerOfTen(decimals)) * fromWad(rate)
  const [fees0, fees1] = [feesOf(leg.fees0, first), feesOf(leg.fees1, second)]
  return isMoney(first.underlying) && !isMoney(second.underlying)
    ? {
        ...{ kind: 'liquidity', underlying: second.underlying, against: first.underlying, liquidity },
        ...{ lowerPrice: 1 / upper, upperPrice: 1 / lower, fees: fees1, feesAgainst: fees0 },
      }
    : {
        ...{ kind: 'liquidity', underlying: first.underlying, against: second.underlying, liquidity },
        ...{ lowerPrice: lower, upperPrice: upper, fees: fees0, feesAgainst: fees1 },
      }
}

/** The nearest double; the `**` of doubles is not the same on every machine. */
function powerOfTen(exponent: number): number {
  return Number(10n ** BigInt(exponent))
}

function quotePrice({ rate, underlying }: PricedToken, { market }: Context): number {
  return fromWad(mul(rate, spotPrice(underlying, market)))
}

function marketOf(legs: readonly Leg[], positions: readonly BookPosition[], context: Context): Book['market'] {
  const named = new Set(positions.flatMap((position) => ('underlying' in position ? [position.underlying] : [])))
  const underlyings: Book['market']['underlyings'] = {}
  const currencies: NonNullable<Book['market']['currencies']> = {}
  for (const [name, { price, confidence }] of Object.entries(context.market.prices)) {
    const entry = { price: fromWad(price), confidence: fromWad(confidence) }
    if (context.isMoney(name)) currencies[name] = entry
    // Liquidity between two kinds of money is a range of one of them, which then needs a price of its own.
    if (!context.isMoney(name) || named.has(name))
      underlyings[name] = { ...entry, forwards: forwardsOf(name, legs, entry.price) }
  }
  return { underlyings, currencies }
}

function forwardsOf(underlying: Underlying, legs: readonly Leg[], spot: number) {
  const options = legs.filter((leg): leg is OptionLeg => leg.kind === 'option' && leg.underlying === underlying)
  const expiries = [...new Set(options.map(({ expiry }) => expiry))].sort((a, b) => a - b)
  return expiries.map((expiry) => {
    const listed = options.filter((option) => option.expiry === expiry)
    const [first] = listed
    const observed = fromWad(first?.observed ?? 0n)
    const fixed = observed * fromWad(first?.average ?? 0n)
    const confidences = listed.map(({ confidence }) => fromWad(confidence))
    return {
      ...{ expiry, price: fixed + (1 - observed) * spot, fixed },
      volatilityConfidence: confidences.reduce((least, confidence) => Math.min(least, confidence), 1),
    }
  })
}

/** One account per rule; venue accounts without a rule state what they demand, consumers of our own nothing beyond the debt. */
function accountsOf(portfolio: Portfolio, legs: readonly Leg[]): VenueAccountInput[] {
  const stated = new Map<string, { initial: Wad; maintenance: Wad }>()
  const add = (key: string, { initial, maintenance }: Pick<VenueRequirement, 'initial' | 'maintenance'>) => {
    const sum = stated.get(key) ?? { initial: 0n, maintenance: 0n }
    stated.set(key, { initial: sum.initial + initial, maintenance: sum.maintenance + maintenance })
  }
  for (const requirement of portfolio.requirements) add(venueAccountKey(requirement.venueAccount), requirement)
  for (const { control, venueAccount } of legs) {
    if (control === 'consumer') add(venueAccount, { initial: 0n, maintenance: 0n })
  }
  const rules = new Map(portfolio.rules.map((rule) => [venueAccountKey(rule.venueAccount), rule]))
  return [...stated].map(([id, demand]): VenueAccountInput => {
    const rule: VenueRule | undefined = rules.get(id)
    return rule === undefined
      ? { rule: 'stated', id, stated: demand }
      : { rule: 'snapshot-rule', id, stated: demand, terms: rule as never, timestamp: portfolio.block.timestamp }
  })
}
