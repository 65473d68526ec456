import type { Underlying } from '../../core/asset.ts'
import type { Market } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { Scenario } from '../../core/scenario.ts'
import { type Wad, wad } from '../../core/units.ts'
import { black76, black76Delta, totalVolatility } from '../../kernel/black76.ts'
import { amountsForLiquidity, sqrtPriceX96 } from '../../kernel/concentratedLiquidity.ts'
import { max, min, mul } from '../../kernel/fixedPoint.ts'
import type { ShortContract, VenueShift } from '../venues/shift.ts'
import type { Leg, LiquidityLeg, OptionLeg, PricedToken } from './legs.ts'
import { memoize } from './memoize.ts'
import { toQuantity } from './resolve.ts'
import { shockedPrice, shockedVolatility } from './shock.ts'
import { ownEntry, rateOf, scanRange, spotPrice } from './spot.ts'

/** Prices and volatility shocks at which a book is valued. */
export type MarketState = {
  readonly price: (underlying: Underlying) => Wad
  readonly vol: (underlying: Underlying) => Scenario['vol']
  /** Where prices follow from scenarios: the one of an underlying, undefined when it stands still. */
  readonly scenario?: (underlying: Underlying) => Scenario | undefined
}

/** Values legs, pricing each (contract, state) once for all legs that share it. */
export type Valuer = {
  /** Full value of a leg in WAD USD (model section 2). */
  readonly value: (leg: Leg, state: MarketState) => Wad
  readonly base: MarketState
  /** Amounts of a position at the marks, fees included, whole tokens in WAD. */
  readonly liquidity: (leg: LiquidityLeg) => { readonly quantity0: Wad; readonly quantity1: Wad }
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

/** Profit of a perpetual in its quote asset: mul(size, S) − cost + funding. */
export function perpetualProfit(leg: Leg & { kind: 'perpetual' }, state: MarketState): Wad {
  return mul(leg.size, state.price(leg.underlying)) - leg.cost + leg.funding
}

/** The spot price; inside a settlement window the part already observed stands still (model section 3). */
export function forwardOf({ underlying, observed, average }: OptionLeg, state: MarketState): Wad {
  return mul(observed, average) + mul(wad - observed, state.price(underlying))
}

/** What is known of one strike, expiry and volatility: total volatilities by shock, call prices by scenario. */
type KnownContract = {
  readonly volatilities: Map<Scenario['vol'], Wad>
  readonly calls: Map<Scenario | undefined, Wad>
}

export function createValuer(market: Market, parameters: MarginParameters, timestamp: number): Valuer {
  const contracts = new Map<string, KnownContract>()
  const contractOfLeg = new WeakMap<OptionLeg, KnownContract>()

  const contractOf = (leg: OptionLeg): KnownContract => {
    const own = contractOfLeg.get(leg)
    if (own) return own
    const { underlying, strike, term, volatility, observed, average } = leg
    const key = `${underlying}|${strike}|${term}|${volatility}|${observed}|${average}`
    const contract = contracts.get(key) ?? { volatilities: new Map(), calls: new Map() }
    contracts.set(key, contract)
    contractOfLeg.set(leg, contract)
    return contract
  }

  const totalVolatilityOf = (leg: OptionLeg, vol: Scenario['vol']): Wad => {
    const { volatilities } = contractOf(leg)
    const known = volatilities.get(vol)
    if (known !== undefined) return known
    const volatility = shockedVolatility(leg.volatility, vol, leg.term, parameters.volatilityShock)
    const total = totalVolatility(volatility, BigInt(leg.term))
    volatilities.set(vol, total)
    return total
  }

  const callPrice = (leg: OptionLeg, forward: Wad, state: MarketState): Wad => {
    const price = () => black76('call', forward, leg.strike, totalVolatilityOf(leg, state.vol(leg.underlying)))
    if (!state.scenario) return price()
    const { calls } = contractOf(leg)
    const scenario = state.scenario(leg.underlying)
    const known = calls.get(scenario)
    if (known !== undefined) return known
    const call = price()
    calls.set(scenario, call)
    return call
  }

  const optionPrice = (leg: OptionLeg, state: MarketState): Wad => {
    const forward = forwardOf(leg, state)
    const call = callPrice(leg, forward, state)
    // Put–call parity holds to the wei in the kernel (docs/kernel.md).
    return leg.right === 'call' ? call : call + leg.strike - forward
  }

  const value = (leg: Leg, state: MarketState): Wad => {
    switch (leg.kind) {
      case 'token':
        return tokenValue(leg.quantity, leg.token, state)
      case 'perpetual':
        return tokenValue(perpetualProfit(leg, state), leg.quote, state)
      case 'option':
        return tokenValue(mul(leg.size, optionPrice(leg, state)), leg.quote, state)
      case 'liquidity': {
        const { quantity0, quantity1 } = liquidityQuantities(leg, state)
        return tokenValue(quantity0, leg.token0, state) + tokenValue(quantity1, leg.token1, state)
      }
      case 'settledOption':
        return leg.value
      case 'fixedDebt':
        return -leg.amount
    }
  }

  const base: MarketState = {
    price: memoize((underlying: Underlying) => spotPrice(underlying, market)),
    vol: () => 'none',
    scenario: () => undefined,
  }

  const liquidity = memoize((leg: LiquidityLeg) => liquidityQuantities(leg, base))
  const optionDelta = memoize((leg: OptionLeg) =>
    black76Delta(leg.right, forwardOf(leg, base), leg.strike, totalVolatilityOf(leg, 'none')),
  )

  const shocked = (scenarios: ReadonlyMap<Underlying, Scenario>): MarketState => {
    const prices = new Map<Underlying, Wad>()
    for (const [underlying, scenario] of scenarios) {
      const range = scanRange(underlying, market, parameters)
      prices.set(underlying, shockedPrice(spotPrice(underlying, market), scenario, range))
    }
    return {
      price: (underlying) => prices.get(underlying) ?? base.price(underlying),
      vol: (underlying) => scenarios.get(underlying)?.vol ?? 'none',
      scenario: (underlying) => scenarios.get(underlying),
    }
  }

  const priced = (prices: ReadonlyMap<Underlying, Wad>): MarketState => ({
    price: (underlying) => prices.get(underlying) ?? base.price(underlying),
    vol: base.vol,
  })

  // A short that differs from another in its collateral alone has the same minimum.
  const contractTerms = memoize(({ right, collateralIn, strike, expiry, amount }: ShortContract) =>
    [right, collateralIn, strike, expiry, amount].join('|'),
  )
  const minimums = memoize((_terms: object) => memoize((_contract: string) => new Map<Wad, Wad>()))
  const shiftTo = (state: MarketState): VenueShift => ({
    price: state.price,
    base: base.price,
    underlyingOf: (asset) => ownEntry(parameters.assets, asset)?.underlying,
    rate: (asset) => rateOf(asset, market),
    timestamp,
    once: (terms, contract, price, compute) => {
      const values = minimums(terms)(contractTerms(contract))
      const known = values.get(price)
      if (known !== undefined) return known
      const value = compute()
      values.set(price, value)
      return value
    },
  })

  return { value, base, liquidity, optionDelta, shocked, priced, shiftTo }
}

/** Price of one whole token: mul(rate, S). */
function tokenPrice(token: PricedToken, state: MarketState): Wad {
  return mul(token.rate, state.price(token.underlying))
}

/** mul(mul(quantity, rate), S). */
function tokenValue(quantity: Wad, token: PricedToken, state: MarketState): Wad {
  return mul(mul(quantity, token.rate), state.price(token.underlying))
}
