import type { Book, BookPosition, Term } from '../../../core/book.ts'
import { positionId, secondsTo, yearsTo } from '../../../core/book.ts'
import { MissingMarketDataError } from '../../../core/errors.ts'
import { UnmodeledPositionError } from '../errors.ts'
import { type Forward, forwardOf, sameTerm, underlyingMarket } from '../forward.ts'
import { exp } from '../math/exponential.ts'
import { currencyPrice, perpetualPrice, spotPrice, unrealizedResult } from '../valuation.ts'
import { type OptionPosition, volatilityOf } from '../volatility.ts'

/** One option of an expiry; `amount` in units of the underlying, `position` its place in the book. */
export type OptionHolding = {
  readonly id: string
  readonly position: number
  readonly right: 'call' | 'put'
  readonly strike: number
  readonly amount: number
  readonly volatility: number
}

/** The options of one expiry with what the market says of it. */
export type ExpiryHolding = {
  readonly term: Term
  readonly seconds: number
  readonly years: number
  readonly forward: Forward
  /** Rate not below zero, as Derive uses it. */
  readonly rate: number
  readonly discount: number
  /** Lowest confidence of forward, rate and volatility. */
  readonly confidence: number
  readonly options: readonly OptionHolding[]
}

/** An asset held as collateral; `value` in the stable currency, before any haircut. */
export type CollateralHolding = {
  readonly id: string
  readonly position: number
  readonly asset: string
  readonly underlying: string
  readonly amount: number
  readonly price: number
  readonly value: number
  readonly confidence: number
}

/** The perpetuals of one market, net; `unrealized` with funding. */
export type PerpetualHolding = {
  readonly amount: number
  readonly price: number
  readonly confidence: number
  readonly unrealized: number
  readonly amounts: readonly { readonly position: number; readonly amount: number; readonly unrealized: number }[]
}

/** What an account of Derive holds, sorted as its managers see it. */
export type Holdings = {
  /** Price of the stable currency in the quote. */
  readonly stablePrice: number
  /** At face. */
  readonly cash: number
  readonly cashPositions: readonly number[]
  readonly collaterals: readonly CollateralHolding[]
  /** By underlying, in the order of the book. */
  readonly markets: ReadonlyMap<string, MarketHoldings>
}

/** What an account holds of one underlying. */
export type MarketHoldings = {
  readonly spot: number
  readonly spotConfidence: number
  readonly perpetual: PerpetualHolding
  readonly expiries: readonly ExpiryHolding[]
}

/**
 * Sorts a book into cash, collateral and markets.
 *
 * @throws {UnmodeledPositionError} for what Derive v2 does not list, and for collateral that is owed.
 * @throws {MissingMarketDataError} for a price or volatility that the book does not have.
 */
export function holdingsOf(
  book: Book,
  { stable, settlementWindow = 0 }: { readonly stable: string; readonly settlementWindow?: number },
): Holdings {
  const { portfolio, market } = book
  const stablePrice = currencyPrice(market, stable)
  if (!(stablePrice > 0)) throw new MissingMarketDataError(`The currency ${stable} has no price.`)
  const collaterals: CollateralHolding[] = []
  const cashPositions: number[] = []
  const grouped = new Map<string, { perpetuals: Placed<'perpetual'>[]; options: Placed<'option'>[] }>()
  let cash = 0

  for (const [index, position] of portfolio.positions.entries()) {
    const id = positionId(position, index)
    switch (position.kind) {
      case 'cash':
        if (position.currency !== stable && position.currency !== portfolio.quote) {
          throw refusal(
            id,
            `cash in ${position.currency}`,
            `Derive counts cash in ${stable} only; hold others as spot.`,
          )
        }
        cash += position.amount
        cashPositions.push(index)
        break
      case 'spot':
        if (position.amount < 0) throw refusal(id, 'a base asset that is owed', 'Derive lends cash only.')
        collaterals.push(collateralOf(position, index, book, stablePrice))
        break
      case 'perpetual':
      case 'option': {
        if (position.payoff === 'inverse') throw refusal(id, 'an inverse contract', 'Derive lists linear ones only.')
        const market = grouped.get(position.underlying) ?? { perpetuals: [], options: [] }
        grouped.set(position.underlying, market)
        if (position.kind === 'perpetual') market.perpetuals.push({ position, index, id })
        else market.options.push({ position, index, id })
        break
      }
      case 'future':
      case 'liquidity':
        throw refusal(id, `a position of kind ${position.kind}`, 'Derive lists options, perpetuals and base assets.')
    }
  }

  const markets = new Map<string, MarketHoldings>()
  for (const [underlying, { perpetuals, options }] of grouped) {
    const { price, confidence = 1 } = underlyingMarket(market, underlying)
    markets.set(underlying, {
      spot: price,
      spotConfidence: confidence,
      perpetual: perpetualOf(perpetuals, book, underlying),
      expiries: expiriesOf(options, book, settlementWindow),
    })
  }
  return { stablePrice, cash, cashPositions, collaterals, markets }
}

/** The perpetual of a market that holds none. */
export function noPerpetual(book: Book, underlying: string): PerpetualHolding {
  return perpetualOf([], book, underlying)
}

type Held<Kind extends BookPosition['kind']> = Extract<BookPosition, { kind: Kind }>
type Placed<Kind extends BookPosition['kind']> = {
  readonly position: Held<Kind>
  readonly index: number
  readonly id: string
}

function refusal(id: string, what: string, remedy: string): UnmodeledPositionError {
  return new UnmodeledPositionError(`${id} is ${what}, which this model does not cover.`, { metaMessages: [remedy] })
}

function collateralOf(position: Held<'spot'>, index: number, book: Book, stablePrice: number): CollateralHolding {
  const { underlying, amount, asset = underlying } = position
  const price = spotPrice(position, book.market)
  const { confidence = 1 } = underlyingMarket(book.market, underlying)
  return {
    id: positionId(position, index),
    position: index,
    asset,
    underlying,
    amount,
    price,
    value: (amount * price) / stablePrice,
    // A price of its own has a confidence of its own.
    confidence: position.confidence ?? (position.price === undefined ? confidence : 1),
  }
}

function perpetualOf(placed: readonly Placed<'perpetual'>[], { market }: Book, underlying: string): PerpetualHolding {
  const quoted = underlyingMarket(market, underlying)
  const price = perpetualPrice(quoted)
  const amounts = placed.map(({ position, index }) => ({
    position: index,
    amount: position.amount,
    unrealized: unrealizedResult(position, price, quoted.price),
  }))
  return {
    amount: amounts.reduce((sum, { amount }) => sum + amount, 0),
    price,
    confidence: quoted.perpetual?.confidence ?? 1,
    unrealized: amounts.reduce((sum, { unrealized }) => sum + unrealized, 0),
    amounts,
  }
}

function expiriesOf(placed: readonly Placed<'option'>[], book: Book, settlementWindow: number): ExpiryHolding[] {
  const { asOf } = book.portfolio
  const groups: Placed<'option'>[][] = []
  for (const item of placed) {
    const group = groups.find(([first]) => first !== undefined && sameTerm(first.position, item.position, asOf))
    if (group === undefined) groups.push([item])
    else group.push(item)
  }
  return groups.map((group) => expiryOf(group, book, settlementWindow))
}

function expiryOf(group: readonly Placed<'option'>[], { portfolio, market }: Book, settlementWindow: number) {
  const { asOf } = portfolio
  const { position: first } = group[0] as Placed<'option'>
  const forward = forwardOf(market, first.underlying, first, asOf, settlementWindow)
  const years = yearsTo(first, asOf)
  const rate = Math.max(0, forward.rate)
  return {
    term: first.expiry !== undefined ? { expiry: first.expiry } : { years: first.years },
    seconds: secondsTo(first, asOf),
    years,
    forward,
    rate,
    discount: exp(-rate * years),
    confidence: Math.min(forward.confidence, forward.rateConfidence, forward.volatilityConfidence),
    options: group.map(({ position, index, id }) => optionOf(position, index, id, market, asOf)),
  }
}

function optionOf(position: OptionPosition, index: number, id: string, market: Book['market'], asOf: number) {
  if (position.style === 'american') throw refusal(id, 'an American option', 'Derive lists European options only.')
  return {
    id,
    position: index,
    right: position.right,
    strike: position.strike,
    amount: position.amount * (position.multiplier ?? 1),
    volatility: volatilityOf(market, position, asOf),
  }
}
