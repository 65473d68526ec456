import type { Underlying } from '../../core/asset.ts'
import type { Market } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { Scenario } from '../../core/scenario.ts'
import { type Wad, wad } from '../../core/units.ts'
import { black76Delta } from '../../kernel/black76.ts'
import { amountsForLiquidity, sqrtPriceX96, virtualSqrtPriceOf } from '../../kernel/concentratedLiquidity.ts'
import { max, min, mul } from '../../kernel/fixedPoint.ts'
import type { VenueShift } from '../venues/shift.ts'
import type { Leg, LiquidityLeg, OptionLeg, PerpetualLiquidityLeg, PricedToken } from './legs.ts'
import { memoize } from './memoize.ts'
import { createOptionPrices, type OptionPrices } from './optionPrices.ts'
import { toQuantity } from './resolve.ts'
import { shockedPrice } from './shock.ts'
import { ownEntry, rateOf, scanRange, spotPrice } from './spot.ts'

/** Prices and volatility shocks at which a book is valued. */
export type MarketState = {
  readonly price: (underlying: Underlying) => Wad
  readonly vol: (underlying: Underlying) => Scenario['vol']
}

/** Values legs, pricing each (contract, state) once for all legs that share it. */
export type Valuer = {
  /** Full value of a leg in WAD USD (model section 2). */
  readonly value: (leg: Leg, state: MarketState) => Wad
  readonly base: MarketState
  /** Amounts of a position at the marks, fees included, whole tokens in WAD. */
  readonly liquidity: (leg: LiquidityLeg) => { readonly quantity0: Wad; readonly quantity1: Wad }
  /** Virtual tokens of an order beyond its debts at the marks, WAD. */
  readonly order: (leg: PerpetualLiquidityLeg) => { readonly base: Wad; readonly quote: Wad }
  /** N(d1) or N(d1) − 1 of an option at the marks, WAD. */
  readonly optionDelta: (leg: OptionLeg) => Wad
  /** The base state with the given scenarios applied. */
  readonly shocked: (scenarios: ReadonlyMap<Underlying, Scenario>) => MarketState
  /** The base state with other spot prices. */
  readonly priced: (prices: ReadonlyMap<Underlying, Wad>) => MarketState
  /** What a venue rule sees of a state. */
  readonly shiftTo: (state: MarketState) => VenueShift
}

/** Share of a value that counts: credit on the positive part, the whole of the negative (model section 1.3). */
export function creditedValue(leg: Leg, value: Wad): Wad {
  return mul(leg.credit, max(value, 0n)) + min(value, 0n)
}

/** Token amounts of a position at our own price, fees included, as whole tokens in WAD. */
export function liquidityQuantities(leg: LiquidityLeg, state: MarketState): { quantity0: Wad; quantity1: Wad } {
  const { token0, token1, liquidity, tickLower, tickUpper, fees0, fees1 } = leg
  const sqrtPrice = sqrtPriceX96(tokenPrice(token0, state), token0.decimals, tokenPrice(token1, state), token1.decimals)
  const { amount0, amount1 } = amountsForLiquidity({ sqrtPrice, tickLower, tickUpper, liquidity })
  return {
    quantity0: toQuantity(amount0 + fees0, token0.decimals),
    quantity1: toQuantity(amount1 + fees1, token1.decimals),
  }
}

/** Virtual tokens of an order beyond its debts at our own price, WAD, rounded down: what a pool would give back for them. */
export function orderAmounts(
  leg: PerpetualLiquidityLeg,
  state: MarketState,
): { readonly base: Wad; readonly quote: Wad } {
  const { underlying, liquidity, tickLower, tickUpper, baseDebt, quoteDebt } = leg
  const sqrtPrice = virtualSqrtPriceOf(state.price(underlying))
  const { amount0, amount1 } = amountsForLiquidity({ sqrtPrice, tickLower, tickUpper, liquidity })
  return { base: amount0 - baseDebt, quote: amount1 - quoteDebt }
}

/** Profit of an order in its quote asset: mul(base − baseDebt, S) + quote − quoteDebt. */
export function orderProfit(leg: PerpetualLiquidityLeg, state: MarketState): Wad {
  const { base, quote } = orderAmounts(leg, state)
  return mul(base, state.price(leg.underlying)) + quote
}

/** Profit of a perpetual in its quote asset, or in dollars where it has none: mul(size, S) − cost + funding. */
export function perpetualProfit(leg: Leg & { kind: 'perpetual' }, state: MarketState): Wad {
  return mul(leg.size, state.price(leg.underlying)) - leg.cost + leg.funding
}

/** The spot price; inside a settlement window the part already observed stands still (model section 3). */
export function forwardOf({ underlying, observed, average }: OptionLeg, state: MarketState): Wad {
  return mul(observed, average) + mul(wad - observed, state.price(underlying))
}

/** A valuer of one market; `prices` may be shared with other markets at the same block. */
export function createValuer(
  market: Market,
  parameters: MarginParameters,
  timestamp: number,
  prices: OptionPrices = createOptionPrices(parameters),
): Valuer {
  const optionPrice = (leg: OptionLeg, state: MarketState): Wad => {
    const forward = forwardOf(leg, state)
    const call = prices(leg.underlying).call(leg, forward, state.vol(leg.underlying))
    // Put–call parity holds to the wei in the kernel (docs/kernel.md).
    return leg.right === 'call' ? call : call + leg.strike - forward
  }

  const value = (leg: Leg, state: MarketState): Wad => {
    switch (leg.kind) {
      case 'token':
        return tokenValue(leg.quantity, leg.token, state)
      case 'perpetual':
        return leg.quote === null
          ? perpetualProfit(leg, state)
          : tokenValue(perpetualProfit(leg, state), leg.quote, state)
      case 'option':
        return tokenValue(mul(leg.size, optionPrice(leg, state)), leg.quote, state)
      case 'liquidity': {
        const { quantity0, quantity1 } = liquidityQuantities(leg, state)
        return tokenValue(quantity0, leg.token0, state) + tokenValue(quantity1, leg.token1, state)
      }
      case 'perpetualLiquidity':
        return tokenValue(orderProfit(leg, state), leg.quote, state)
      case 'settledOption':
        return leg.value
      case 'fixedDebt':
        return -leg.amount
    }
  }

  const base: MarketState = {
    price: memoize((underlying: Underlying) => spotPrice(underlying, market)),
    vol: () => 'none',
  }

  const liquidity = memoize((leg: LiquidityLeg) => liquidityQuantities(leg, base))
  const order = memoize((leg: PerpetualLiquidityLeg) => orderAmounts(leg, base))
  const optionDelta = memoize((leg: OptionLeg) =>
    black76Delta(leg.right, forwardOf(leg, base), leg.strike, prices(leg.underlying).totalVolatility(leg, 'none')),
  )

  const shockedPrices = memoize((underlying: Underlying) => {
    const range = scanRange(underlying, market, parameters)
    return memoize((scenario: Scenario) => shockedPrice(base.price(underlying), scenario, range))
  })
  const shocked = (scenarios: ReadonlyMap<Underlying, Scenario>): MarketState => {
    const prices = new Map<Underlying, Wad>()
    for (const [underlying, scenario] of scenarios) prices.set(underlying, shockedPrices(underlying)(scenario))
    return {
      price: (underlying) => prices.get(underlying) ?? base.price(underlying),
      vol: (underlying) => scenarios.get(underlying)?.vol ?? 'none',
    }
  }

  const priced = (prices: ReadonlyMap<Underlying, Wad>): MarketState => ({
    price: (underlying) => prices.get(underlying) ?? base.price(underlying),
    vol: base.vol,
  })

  const items = memoize((_item: object) => new Map<Wad, unknown>())
  const shiftTo = (state: MarketState): VenueShift => ({
    price: state.price,
    base: base.price,
    underlyingOf: (asset) => ownEntry(parameters.assets, asset)?.underlying,
    rate: (asset) => rateOf(asset, market),
    timestamp,
    item: <Value>(item: object, underlying: Underlying, compute: () => Value): Value => {
      const known = items(item) as Map<Wad, Value>
      const price = state.price(underlying)
      const found = known.get(price)
      if (found !== undefined) return found
      const value = compute()
      known.set(price, value)
      return value
    },
    once: (rule, short, spot, compute) => prices(rule.underlying).minimum(rule, short, spot, compute),
  })

  return { value, base, liquidity, order, optionDelta, shocked, priced, shiftTo }
}

/** Price of one whole token: mul(rate, S). */
function tokenPrice(token: PricedToken, state: MarketState): Wad {
  return mul(token.rate, state.price(token.underlying))
}

/** mul(mul(quantity, rate), S). */
function tokenValue(quantity: Wad, token: PricedToken, state: MarketState): Wad {
  return mul(mul(quantity, token.rate), state.price(token.underlying))
}
