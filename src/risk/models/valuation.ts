import { type Book, type BookMarket, type BookPosition, positionId, yearsTo } from '../../core/book.ts'
import { UnmodeledPositionError } from './errors.ts'
import { forwardOf, type UnderlyingMarket, underlyingMarket } from './forward.ts'
import { black76, black76Greeks } from './math/black76.ts'
import { exp } from './math/exponential.ts'
import type { ModelPosition } from './model.ts'
import { type OptionPosition, volatilityOf } from './volatility.ts'

/** Where a book is valued, as a departure from its market. */
export type Shock = {
  /** Price of an underlying over its price now; one that is absent does not move. Forwards and marks move with it. */
  readonly prices?: { readonly [underlying: string]: number }
  /** Volatility of an option from its volatility now and its years to expiry now. Strikes keep their volatility else. */
  readonly volatility?: (volatility: number, years: number, option: OptionPosition) => number
  /** Years passed; forwards and volatilities stay. */
  readonly elapsed?: number
}

/** Prices a position at a shock, in the quote currency of the book. */
export type Valuer = (shock?: Shock) => number

/** What an option is priced from. */
export type OptionInputs = {
  readonly right: 'call' | 'put'
  readonly forward: number
  readonly strike: number
  readonly volatility: number
  readonly years: number
  readonly discount: number
}

/** Price of one European option (Black 1976), its payoff at a term or a volatility of zero. */
export function optionPrice({ right, forward, strike, volatility, years, discount }: OptionInputs): number {
  return black76({ forward, strike, volatility, time: years, discount })[right]
}

/** Derivatives of {@link optionPrice} to forward, volatility and date; a payoff has the slope of its side and nothing else. */
export function optionGreeks({ right, forward, strike, volatility, years, discount }: OptionInputs) {
  if (volatility * Math.sqrt(years) > 0) {
    const { deltaForward, gamma, vega, theta } = black76Greeks({
      right,
      forward,
      strike,
      volatility,
      time: years,
      discount,
    })
    return { deltaForward, gamma, vega, theta }
  }
  const inTheMoney = right === 'call' ? forward > strike : forward < strike
  return { deltaForward: inTheMoney ? (right === 'call' ? discount : -discount) : 0, gamma: 0, vega: 0, theta: 0 }
}

/**
 * A function that values the position at any shock; what does not depend on the shock is looked up once.
 *
 * - `spot`: amount · (its price, else rate · price of the underlying).
 * - `perpetual`, `future`: the unrealized result and funding, so zero when neither entry nor result is given. An inverse
 *   contract pays in coin, which is valued at the shocked spot.
 * - `option`: value of Black-76 with the rate of the expiry; one that is margined like a future counts its change only, without
 *   discount. Inverse: the coin price (undiscounted Black-76 over the forward) at the shocked spot. Source: Deribit.
 * - `liquidity`: amounts solved again at the shocked price (Uniswap v3), with fees.
 *
 * @throws {MissingMarketDataError} for a price or volatility that the book does not have.
 * @throws {UnmodeledPositionError} for American exercise, which needs a lattice.
 */
export function valuerOf(position: BookPosition, market: BookMarket, asOf: number): Valuer {
  switch (position.kind) {
    case 'cash': {
      const value = position.amount * currencyPrice(market, position.currency)
      return () => value
    }
    case 'spot': {
      const value = position.amount * spotPrice(position, market)
      return (shock) => value * move(shock, position.underlying)
    }
    case 'perpetual':
      return contractValuer(position, market, perpetualPrice(underlyingMarket(market, position.underlying)), 0)
    case 'future': {
      const { price, fixed } = forwardOf(market, position.underlying, position, asOf)
      return contractValuer(position, market, price, fixed)
    }
    case 'option':
      return optionValuer(position, market, asOf)
    case 'liquidity':
      return liquidityValuer(position, market)
  }
}

/** Values every position of a book at any shock, in the order of its positions. Errors as {@link valuerOf}. */
export function valuersOf({ portfolio, market }: Book): readonly Valuer[] {
  return portfolio.positions.map((position) => valuerOf(position, market, portfolio.asOf))
}

/** Value and sensitivities of every position at the book's market. Errors as {@link valuerOf}. */
export function markPositions({ portfolio, market }: Book): readonly ModelPosition[] {
  return portfolio.positions.map((position, index) => ({
    id: positionId(position, index),
    value: valuerOf(position, market, portfolio.asOf)(),
    ...sensitivities(position, market, portfolio.asOf),
  }))
}

/** Price of one unit of an asset held, in the quote. */
export function spotPrice({ underlying, rate = 1, price }: Held<'spot'>, market: BookMarket): number {
  return price ?? rate * underlyingMarket(market, underlying).price
}

/** Mark of the perpetual, the price of the underlying where the market has none. */
export function perpetualPrice({ price, perpetual }: UnderlyingMarket): number {
  return perpetual?.price ?? price
}

/** Price of a unit of a currency; one that the market does not list is worth its face. */
export function currencyPrice({ currencies }: BookMarket, currency: string): number {
  return currencies !== undefined && Object.hasOwn(currencies, currency) ? (currencies[currency]?.price ?? 1) : 1
}

/** Result of a contract at the book's market, with funding: what counts as its value. */
export function unrealizedResult(position: Held<'perpetual'> | Held<'future'>, mark: number, spot: number): number {
  const { amount, entry, payoff = 'linear', unrealizedPnl } = position
  const multiplier = position.kind === 'future' ? (position.multiplier ?? 1) : 1
  const funding = position.kind === 'perpetual' ? (position.funding ?? 0) : 0
  if (unrealizedPnl !== undefined) return unrealizedPnl + funding
  if (entry === undefined) return funding
  const result = payoff === 'linear' ? mark - entry : (1 / entry - 1 / mark) * spot
  return amount * multiplier * result + funding
}

type Held<Kind extends BookPosition['kind']> = Extract<BookPosition, { kind: Kind }>

function move(shock: Shock | undefined, underlying: string): number {
  return shock?.prices?.[underlying] ?? 1
}

function contractValuer(
  position: Held<'perpetual'> | Held<'future'>,
  market: BookMarket,
  mark: number,
  fixed: number,
): Valuer {
  const { underlying, amount, payoff = 'linear' } = position
  const spot = underlyingMarket(market, underlying).price
  const size = amount * (position.kind === 'future' ? (position.multiplier ?? 1) : 1)
  const now = unrealizedResult(position, mark, spot)
  return (shock) => {
    const factor = move(shock, underlying)
    const shocked = (mark - fixed) * factor + fixed
    if (payoff === 'linear') return now + size * (shocked - mark)
    return (now / spot + size * (1 / mark - 1 / shocked)) * spot * factor
  }
}

function optionValuer(position: OptionPosition, market: BookMarket, asOf: number): Valuer {
  const { right, strike, amount, underlying, payoff = 'linear', style, premium = 'equity', multiplier = 1 } = position
  if (style === 'american') {
    throw new UnmodeledPositionError(`The ${right} on ${underlying} at ${strike} has American exercise.`, {
      metaMessages: ['Use a model that prices early exercise, such as tims, or give the option European exercise.'],
    })
  }
  const years = yearsTo(position, asOf)
  const { price, fixed, rate } = forwardOf(market, underlying, position, asOf)
  const spot = underlyingMarket(market, underlying).price
  const volatility = volatilityOf(market, position, asOf)
  const value: Valuer = (shock) => {
    const factor = move(shock, underlying)
    const forward = (price - fixed) * factor + fixed
    const remaining = Math.max(0, years - (shock?.elapsed ?? 0))
    const inputs = {
      right,
      forward,
      strike,
      volatility: shock?.volatility?.(volatility, years, position) ?? volatility,
      years: remaining,
    }
    const unit =
      payoff === 'inverse'
        ? (optionPrice({ ...inputs, discount: 1 }) / forward) * spot * factor
        : optionPrice({ ...inputs, discount: premium === 'futures' ? 1 : exp(-rate * remaining) })
    return amount * multiplier * unit
  }
  if (premium === 'equity') return value
  const now = value()
  return (shock) => value(shock) - now
}

function liquidityValuer(position: Held<'liquidity'>, market: BookMarket): Valuer {
  const { underlying, against, liquidity, lowerPrice, upperPrice, fees = 0, feesAgainst = 0 } = position
  const price = underlyingMarket(market, underlying).price
  const priceAgainst = Object.hasOwn(market.underlyings, against)
    ? underlyingMarket(market, against).price
    : currencyPrice(market, against)
  return (shock) => {
    const quoted = price * move(shock, underlying)
    const quotedAgainst = priceAgainst * move(shock, against)
    const held = liquidityAmounts({ liquidity, lowerPrice, upperPrice, price: quoted / quotedAgainst })
    return (held.amount + fees) * quoted + (held.amountAgainst + feesAgainst) * quotedAgainst
  }
}

/** Amounts that a range of concentrated liquidity holds at a price. Source: Uniswap v3 whitepaper, §6.3. */
export function liquidityAmounts(range: {
  readonly liquidity: number
  readonly lowerPrice: number
  readonly upperPrice: number
  readonly price: number
}): { readonly amount: number; readonly amountAgainst: number } {
  const lower = Math.sqrt(range.lowerPrice)
  const upper = Math.sqrt(range.upperPrice)
  const root = Math.max(lower, Math.min(upper, Math.sqrt(range.price)))
  return {
    amount: range.liquidity * ((upper - root) / (root * upper)),
    amountAgainst: range.liquidity * (root - lower),
  }
}

type Sensitivities = Omit<ModelPosition, 'id' | 'value'>

/** Delta and gamma to the spot, vega per unit of volatility, theta per year at an unchanged forward. */
function sensitivities(position: BookPosition, market: BookMarket, asOf: number): Sensitivities {
  switch (position.kind) {
    case 'cash':
      return {}
    case 'spot':
      return {
        delta: (position.amount * spotPrice(position, market)) / underlyingMarket(market, position.underlying).price,
      }
    case 'perpetual':
      return contractDelta(position, market, perpetualPrice(underlyingMarket(market, position.underlying)), 0)
    case 'future': {
      const { price, fixed } = forwardOf(market, position.underlying, position, asOf)
      return contractDelta(position, market, price, fixed)
    }
    case 'option':
      return optionSensitivities(position, market, asOf)
    case 'liquidity': {
      const spot = underlyingMarket(market, position.underlying).price
      const priceAgainst = Object.hasOwn(market.underlyings, position.against)
        ? underlyingMarket(market, position.against).price
        : currencyPrice(market, position.against)
      const price = spot / priceAgainst
      const inside = price > position.lowerPrice && price < position.upperPrice
      return {
        delta: liquidityAmounts({ ...position, price }).amount + (position.fees ?? 0),
        gamma: inside ? -position.liquidity / (2 * price * Math.sqrt(price) * priceAgainst) : 0,
      }
    }
  }
}

function contractDelta(
  position: Held<'perpetual'> | Held<'future'>,
  market: BookMarket,
  mark: number,
  fixed: number,
): Sensitivities {
  const spot = underlyingMarket(market, position.underlying).price
  const size = position.amount * (position.kind === 'future' ? (position.multiplier ?? 1) : 1)
  const slope = (mark - fixed) / spot
  if (position.payoff !== 'inverse') return { delta: size * slope }
  return {
    delta: unrealizedResult(position, mark, spot) / spot + (size * spot * slope) / (mark * mark),
    gamma: (2 * size * slope * (1 - (spot * slope) / mark)) / (mark * mark),
  }
}

function optionSensitivities(position: OptionPosition, market: BookMarket, asOf: number): Sensitivities {
  const { right, strike, amount, payoff, premium, multiplier = 1 } = position
  const years = yearsTo(position, asOf)
  const { price, fixed, rate } = forwardOf(market, position.underlying, position, asOf)
  const spot = underlyingMarket(market, position.underlying).price
  const volatility = volatilityOf(market, position, asOf)
  const discounted = payoff !== 'inverse' && premium !== 'futures'
  const discount = discounted ? exp(-rate * years) : 1
  const slope = (price - fixed) / spot
  const inputs = { right, forward: price, strike, volatility, years, discount }
  const value = optionPrice(inputs)
  const { deltaForward: byForward, gamma: curvature, vega, theta: decay } = optionGreeks(inputs)
  const size = amount * multiplier
  if (payoff !== 'inverse') {
    return {
      delta: size * byForward * slope,
      gamma: size * curvature * slope * slope,
      vega: size * vega,
      theta: size * decay,
    }
  }
  // The value in the quote is value(forward) · spot / forward, where the forward moves by `slope` per unit of spot.
  const coin = spot / price
  const coinSlope = 1 / price - (spot * slope) / (price * price)
  const coinCurvature = (-2 * slope * coinSlope) / price
  return {
    delta: size * (byForward * slope * coin + value * coinSlope),
    gamma: size * (curvature * slope * slope * coin + 2 * byForward * slope * coinSlope + value * coinCurvature),
    vega: size * vega * coin,
    theta: size * decay * coin,
  }
}
