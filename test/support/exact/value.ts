import type { AssetKey, Underlying } from '../../../src/core/asset.ts'
import type { Axis, Point, Shock } from './axes.ts'
import type { Claim, Inputs, Token } from './claims.ts'
import { liquidityAmounts, sqrtPrice } from './liquidity.ts'
import { optionDelta, optionPrice, shockedVolatility, totalVolatility, type VolatilityShock } from './option.ts'
import { floorToWad, fromDecimals, fromWad, max, one, type Real, times } from './real.ts'

type OptionClaim = Extract<Claim, { kind: 'option' }>
type OrderClaim = Extract<Claim, { kind: 'perpetualLiquidity' }>
type LiquidityClaim = Extract<Claim, { kind: 'concentratedLiquidity' }>

/** Values claims at marks and in scenarios; keeps what it has priced. */
export type Valuer = ReturnType<typeof createValuer>

const wad = 10n ** 18n

export function createValuer({ market, parameters }: Inputs, axes: ReadonlyMap<Underlying, Axis>) {
  const { volatilityShock: given, credit } = parameters
  const volatilityShock: VolatilityShock = {
    up: fromWad(given.up),
    down: fromWad(given.down),
    minimumUp: fromWad(given.minimumUp),
    shortTermPower: fromWad(given.shortTermPower),
    longTermPower: fromWad(given.longTermPower),
    referenceTerm: BigInt(given.referenceTerm),
    shortestTerm: BigInt(given.shortestTerm),
  }
  const expiredHaircut = fromWad(parameters.expiredHaircut)
  const paperHaircut = fromWad(parameters.paperHaircut)
  const optionPrices = new Map<string, Real>()
  const amounts = new Map<string, readonly [Real, Real]>()

  const pointOf = (underlying: Underlying, shock: Shock): Point => {
    const point = shock[underlying] ?? axes.get(underlying)?.mark
    if (point !== undefined) return point
    const price = market.prices[underlying]?.price
    if (price === undefined) throw new Error(`No price of ${underlying}.`)
    return { index: -1, id: 'mark', kind: 'range', price, move: 0n, vol: 'none', weight: 0n }
  }
  const spotOf = (underlying: Underlying, shock: Shock = {}): Real => fromWad(pointOf(underlying, shock).price)
  const tokenPrice = ({ rate, underlying }: Token, shock: Shock): Real =>
    times(fromWad(rate), spotOf(underlying, shock))

  function priceOfAsset(asset: AssetKey, shock: Shock): Real {
    const entry = parameters.assets[asset]
    const rate = market.rates[asset]
    if (entry === undefined || rate === undefined) throw new Error(`No price of ${asset}.`)
    return times(fromWad(rate), spotOf(entry.underlying, shock))
  }

  /** Forward inside and outside a settlement window. */
  function forwardOf({ settlement, underlying }: OptionClaim, shock: Shock): Real {
    const spot = spotOf(underlying, shock)
    if (settlement?.kind !== 'averaging') return spot
    const observed = fromWad(settlement.observed)
    return times(observed, fromWad(settlement.average)) + times(one - observed, spot)
  }

  function priceOf(claim: OptionClaim, shock: Shock): Real {
    const { right, strike, volatility, term, settlement } = claim
    if (term <= 0n) {
      const average =
        settlement === undefined ? 0n : fromWad(settlement.kind === 'final' ? settlement.price : settlement.average)
      const payoff = max(0n, right === 'call' ? average - strike : strike - average)
      return claim.size > 0n ? times(payoff, one - expiredHaircut) : payoff
    }
    const point = pointOf(claim.underlying, shock)
    const key = `${claim.key}|${point.index}`
    const known = optionPrices.get(key)
    if (known !== undefined) return known
    const shocked = shockedVolatility(volatility, point.vol, term, volatilityShock)
    const price = optionPrice(right, forwardOf(claim, shock), strike, totalVolatility(shocked, term))
    optionPrices.set(key, price)
    return price
  }

  /** Whole tokens of both kinds, fees included, solved at our own price. */
  function liquidityTokens(claim: LiquidityClaim, shock: Shock): readonly [Real, Real] {
    const [token0, token1] = claim.tokens
    const point0 = pointOf(token0.underlying, shock)
    const point1 = pointOf(token1.underlying, shock)
    const key = `${claim.key}|${point0.index}|${point1.index}`
    const known = amounts.get(key)
    if (known !== undefined) return known
    const at = sqrtPrice(
      (token0.rate * point0.price) / wad,
      (token1.rate * point1.price) / wad,
      token0.decimals,
      token1.decimals,
    )
    const [amount0, amount1] = liquidityAmounts(claim.liquidity, claim.tickLower, claim.tickUpper, at)
    const result = [
      floorToWad(fromDecimals(amount0 + claim.fees[0], token0.decimals)),
      floorToWad(fromDecimals(amount1 + claim.fees[1], token1.decimals)),
    ] as const
    amounts.set(key, result)
    return result
  }

  /** Virtual tokens of an order beyond its debts. */
  function orderTokens(claim: OrderClaim, shock: Shock): readonly [Real, Real] {
    const at = sqrtPrice(pointOf(claim.underlying, shock).price, wad, 18, 18)
    const [base, quote] = liquidityAmounts(claim.liquidity, claim.tickLower, claim.tickUpper, at)
    return [fromDecimals(base, 18) - claim.baseDebt, fromDecimals(quote, 18) - claim.quoteDebt]
  }

  /** Full value in USD. */
  function value(claim: Claim, shock: Shock): Real {
    switch (claim.kind) {
      case 'balance':
        return times(claim.amount, tokenPrice(claim.token, shock))
      case 'debt':
        return -times(claim.amount, tokenPrice(claim.token, shock))
      case 'perpetual': {
        const profit = times(claim.size, spotOf(claim.underlying, shock)) - claim.cost + claim.funding
        return claim.quote === null ? profit : times(profit, tokenPrice(claim.quote, shock))
      }
      case 'option': {
        // An expired option keeps its value in every scenario.
        const at = claim.term > 0n ? shock : {}
        return times(times(claim.size, priceOf(claim, at)), tokenPrice(claim.quote, at))
      }
      case 'concentratedLiquidity': {
        const [amount0, amount1] = liquidityTokens(claim, shock)
        return times(amount0, tokenPrice(claim.tokens[0], shock)) + times(amount1, tokenPrice(claim.tokens[1], shock))
      }
      case 'perpetualLiquidity': {
        const [base, quote] = orderTokens(claim, shock)
        return times(times(base, spotOf(claim.underlying, shock)) + quote, tokenPrice(claim.quote, shock))
      }
      case 'consumerDebt':
        return -claim.amount
    }
  }

  const creditOf = ({ control }: Claim): Real => (control === 'consumer' ? 0n : fromWad(credit[control]))
  /** credit · max(x, 0) + min(x, 0). */
  const credited = (claim: Claim, x: Real): Real => (x > 0n ? times(creditOf(claim), x) : x)

  const marks = new Map<string, Real>()
  /** Full value at the mark. */
  function markOf(claim: Claim): Real {
    const mark = marks.get(claim.key) ?? value(claim, {})
    marks.set(claim.key, mark)
    return mark
  }

  function pnl(claim: Claim, shock: Shock): Real {
    const mark = markOf(claim)
    const moved = value(claim, shock)
    return moved === mark ? 0n : credited(claim, moved) - credited(claim, mark)
  }

  /** What equity counts: paper gains of long options and perpetuals less their haircut. */
  function equityOf(claim: Claim): Real {
    const counted = credited(claim, markOf(claim))
    const isPaper = ['option', 'perpetual', 'perpetualLiquidity'].includes(claim.kind)
    return isPaper && counted > 0n ? times(counted, one - paperHaircut) : counted
  }

  /** Delta per unit of an option at the mark. */
  function deltaOf(claim: OptionClaim): Real {
    if (claim.term <= 0n) return 0n
    const total = totalVolatility(claim.volatility, claim.term)
    const delta = optionDelta(claim.right, forwardOf(claim, {}), claim.strike, total)
    return claim.settlement?.kind === 'averaging' ? times(delta, one - fromWad(claim.settlement.observed)) : delta
  }

  return {
    value,
    markOf,
    pnl,
    credited,
    equityOf,
    creditOf,
    deltaOf,
    forwardOf,
    liquidityTokens,
    orderTokens,
    spotOf,
    priceOfAsset,
    pointOf,
  }
}
