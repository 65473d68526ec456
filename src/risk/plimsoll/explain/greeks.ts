import type { Underlying } from '../../../core/asset.ts'
import type { GreekBucket } from '../../../core/explanation.ts'
import { secondsPerYear, type Wad, wad } from '../../../core/units.ts'
import { black76, black76Density, totalVolatility } from '../../../kernel/black76.ts'
import { sqrtPriceX96, sqrtRatioAtTick, virtualSqrtPriceOf } from '../../../kernel/concentratedLiquidity.ts'
import { max, mul } from '../../../kernel/fixedPoint.ts'
import { isqrt } from '../../../kernel/squareRoot.ts'
import type { Leg, LiquidityLeg, OptionLeg, PerpetualLiquidityLeg, PricedToken } from '../legs.ts'
import { forwardOf, orderProfit, perpetualProfit, type Valuer } from '../revalue.ts'

const secondsPerDay = 86_400n
const none = { delta: 0n, gamma: 0n, vega: 0n, theta: 0n }

/**
 * Sensitivities of the full value by underlying and expiry, in closed form (methodology section 0 with F = S and no rates):
 * gamma n(d1)/(S·σ√τ), vega S·n(d1)·√τ, theta −S·n(d1)·σ/(2√τ) per year, here per day; τ in years of 365 days. What a claim
 * pays in a quote token is worth the token's price, and its value is delta in the token's underlying. Liquidity has the delta
 * of its amounts and the gamma −rate·x/(2·S) inside its range, x the virtual amount of its token.
 */
export function greeksOf(legs: readonly Leg[], valuer: Valuer): readonly GreekBucket[] {
  const buckets = new Map<string, GreekBucket>()
  for (const part of legs.flatMap((leg) => legGreeks(leg, valuer))) {
    const key = `${part.expiry ?? ''}|${part.underlying}`
    const sum = buckets.get(key) ?? { ...part, ...none }
    buckets.set(key, {
      ...sum,
      delta: sum.delta + part.delta,
      gamma: sum.gamma + part.gamma,
      vega: sum.vega + part.vega,
      theta: sum.theta + part.theta,
    })
  }
  return [...buckets.values()].sort((a, b) =>
    a.underlying === b.underlying ? (a.expiry ?? 0) - (b.expiry ?? 0) : a.underlying < b.underlying ? -1 : 1,
  )
}

function legGreeks(leg: Leg, valuer: Valuer): readonly GreekBucket[] {
  const linear = (underlying: Underlying, delta: Wad, gamma: Wad = 0n): GreekBucket => ({
    ...none,
    underlying,
    expiry: null,
    delta,
    gamma,
  })
  switch (leg.kind) {
    case 'token':
      return [linear(leg.token.underlying, mul(leg.quantity, leg.token.rate))]
    case 'perpetual': {
      const { underlying, quote, size } = leg
      if (quote === null) return [linear(underlying, size)]
      return [
        linear(underlying, mul(size, tokenPrice(quote, valuer)), crossGamma({ underlying, quote }, size)),
        linear(quote.underlying, mul(perpetualProfit(leg, valuer.base), quote.rate)),
      ]
    }
    case 'option':
      return optionGreeks(leg, valuer, linear)
    case 'liquidity': {
      const { token0, token1 } = leg
      const { quantity0, quantity1 } = valuer.liquidity(leg)
      const [gamma0, gamma1] = liquidityGammas(leg, valuer)
      return [
        linear(token0.underlying, mul(quantity0, token0.rate), gamma0),
        linear(token1.underlying, mul(quantity1, token1.rate), gamma1),
      ]
    }
    case 'perpetualLiquidity': {
      const { underlying, quote } = leg
      const { base } = valuer.order(leg)
      const gamma = mul(orderGamma(leg, valuer), tokenPrice(quote, valuer))
      return [
        linear(underlying, mul(base, tokenPrice(quote, valuer)), gamma + crossGamma(leg, base)),
        linear(quote.underlying, mul(orderProfit(leg, valuer.base), quote.rate)),
      ]
    }
    case 'settledOption':
    case 'fixedDebt':
      return []
  }
}

function optionGreeks(
  leg: OptionLeg,
  valuer: Valuer,
  linear: (underlying: Underlying, delta: Wad) => GreekBucket,
): readonly GreekBucket[] {
  const { underlying, expiry, quote, size, right, strike, term, volatility, observed } = leg
  const forward = forwardOf(leg, valuer.base)
  const total = max(totalVolatility(volatility, BigInt(term)), 1n)
  const density = black76Density(forward, strike, total)
  const paid = mul(size, tokenPrice(quote, valuer))
  const moving = wad - observed
  const rootOfYears = isqrt(((BigInt(term) * wad) / secondsPerYear) * wad)

  const delta = mul(valuer.optionDelta(leg), moving)
  const gamma = mul(mul((density * wad * wad) / (forward * total), moving), moving)
  const dailyDecay = (mul(mul(forward, density), total) * secondsPerDay) / (2n * BigInt(term))
  return [
    {
      underlying,
      expiry,
      delta: mul(paid, delta),
      gamma: mul(paid, gamma) + crossGamma(leg, mul(size, delta)),
      vega: mul(paid, mul(mul(forward, density), rootOfYears)),
      theta: -mul(paid, dailyDecay),
    },
    linear(quote.underlying, mul(mul(size, black76(right, forward, strike, total)), quote.rate)),
  ]
}

/** What is paid in the underlying itself moves twice with its price: 2 · d(quantity)/dS · rate. */
function crossGamma({ underlying, quote }: { underlying: Underlying; quote: PricedToken }, slope: Wad): Wad {
  return underlying === quote.underlying ? 2n * mul(slope, quote.rate) : 0n
}

/** Both second derivatives are of one function of the price ratio; where both tokens have one underlying it stands still. */
function liquidityGammas(
  { token0, token1, liquidity, tickLower, tickUpper }: LiquidityLeg,
  valuer: Valuer,
): readonly [Wad, Wad] {
  if (token0.underlying === token1.underlying) return [0n, 0n]
  const [price0, price1] = [tokenPrice(token0, valuer), tokenPrice(token1, valuer)]
  const sqrtPrice = sqrtPriceX96(price0, token0.decimals, price1, token1.decimals)
  if (sqrtPrice < sqrtRatioAtTick(tickLower) || sqrtPrice >= sqrtRatioAtTick(tickUpper)) return [0n, 0n]
  const virtual0 = ((liquidity << 96n) * wad) / (sqrtPrice * 10n ** BigInt(token0.decimals))
  const virtual1 = (liquidity * sqrtPrice * wad) / ((10n ** BigInt(token1.decimals)) << 96n)
  const gamma = ({ underlying, rate }: PricedToken, virtual: Wad) =>
    -(mul(virtual, rate) * wad) / (2n * valuer.base.price(underlying))
  return [gamma(token0, virtual0), gamma(token1, virtual1)]
}

/** −x/(2·S) inside the range, x the virtual base of the range. */
function orderGamma({ underlying, liquidity, tickLower, tickUpper }: PerpetualLiquidityLeg, { base }: Valuer): Wad {
  const price = base.price(underlying)
  const sqrtPrice = virtualSqrtPriceOf(price)
  if (sqrtPrice < sqrtRatioAtTick(tickLower) || sqrtPrice >= sqrtRatioAtTick(tickUpper)) return 0n
  return -(((liquidity << 96n) / sqrtPrice) * wad) / (2n * price)
}

function tokenPrice({ rate, underlying }: PricedToken, { base }: Valuer): Wad {
  return mul(rate, base.price(underlying))
}
