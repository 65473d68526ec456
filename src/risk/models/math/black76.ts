import { BaseError } from '../../../core/errors.ts'
import { exp, log } from './exponential.ts'
import { normalCdf, normalPdf } from './normal.ts'
import { logRatio, timeValue } from './timeValue.ts'

export type OptionRight = 'call' | 'put'

/** A volatility over the whole life, σ·√T, or per year with the years to expiry. */
export type VolatilityInput =
  | { readonly totalVolatility: number }
  | { readonly volatility: number; readonly time: number }

export type Black76Options = VolatilityInput & {
  readonly forward: number
  readonly strike: number
  /** Value today of one unit paid at expiry; 1 without interest. */
  readonly discount?: number
}

/** A European option on an asset with a continuous yield. Rates, yield and volatility per year, time in years. */
export type EuropeanOption = {
  readonly right: OptionRight
  readonly spot: number
  readonly strike: number
  readonly rate: number
  readonly dividendYield: number
  readonly time: number
  readonly volatility: number
}

/** Derivatives of a price, each to one input with all others held. */
export type Greeks = {
  /** To the forward. */
  readonly deltaForward: number
  /** To the spot. */
  readonly deltaSpot: number
  /** Second derivative to the spot. */
  readonly gamma: number
  /** To the volatility: per 1.00, so a hundredth of it per percentage point. */
  readonly vega: number
  /** To the calendar date, per year. */
  readonly theta: number
  /** To the interest rate, which moves the forward too. */
  readonly rho: number
  /** To the dividend yield. */
  readonly dividendRho: number
  /** To spot and volatility. */
  readonly vanna: number
  /** Second derivative to the volatility. */
  readonly volga: number
}

/** An input of an option formula that is negative, not a number or infinite. */
export class OptionInputError extends BaseError {
  override readonly name = 'OptionInputError'

  constructor(quantity: string, value: number) {
    super(`The ${quantity} ${value} is not a number of its range.`, {
      metaMessages: ['Prices, volatility, time and discount must be finite and not negative; rates must be finite.'],
    })
  }
}

/** Greeks of an option at the money without any volatility left, where the price has a kink. */
export class UndefinedGreeksError extends BaseError {
  override readonly name = 'UndefinedGreeksError'

  constructor(strike: number) {
    super(`The Greeks of the strike ${strike} are undefined: it equals the forward and no volatility is left.`, {
      metaMessages: ['Value the option at its pay-off, or before its expiry.'],
    })
  }
}

/**
 * Prices a European call and put on a forward (F. Black, "The pricing of commodity contracts", 1976).
 * Before discounting the out-of-the-money one is within 1e-15 of the smaller of forward and strike; the other adds the intrinsic
 * value, so call − put = discount·(forward − strike) to the rounding of these prices.
 *
 * @throws {OptionInputError} when an input is negative, infinite or not a number; only the volatility may be infinite.
 * @example
 * black76({ forward: 100, strike: 100, volatility: 0.2, time: 1 })
 * // { call: 7.965567455405804, put: 7.965567455405804 }
 */
export function black76(options: Black76Options): { readonly call: number; readonly put: number } {
  const { forward, strike, discount = 1 } = options
  const totalVolatility = toTotalVolatility(options)
  requireNotNegative('forward', forward)
  requireNotNegative('strike', strike)
  requireNotNegative('discount', discount)
  const value = timeValue(forward, strike, totalVolatility)
  return {
    call: discount * (forward > strike ? forward - strike + value : value),
    put: discount * (strike > forward ? strike - forward + value : value),
  }
}

/**
 * Prices a European option on an asset with a continuous yield (F. Black, M. Scholes, R. Merton, 1973) by its forward.
 *
 * @throws {OptionInputError} as {@link black76}.
 */
export function generalizedBlackScholes(option: EuropeanOption): number {
  const { forward, discount } = carry(option)
  return black76({ ...option, forward, discount })[option.right]
}

/**
 * Greeks of an option on a forward: {@link generalizedBlackScholesGreeks} with the forward as spot and no carry.
 * As the rate does not move a given forward, its rho is rho + dividendRho.
 *
 * @throws {OptionInputError} as {@link black76}; discount must be above zero, and time too unless discount is 1.
 * @throws {UndefinedGreeksError} at the money without volatility.
 */
export function black76Greeks(options: {
  readonly right: OptionRight
  readonly forward: number
  readonly strike: number
  readonly volatility: number
  readonly time: number
  readonly discount?: number
}): Greeks {
  const { forward, discount = 1 } = options
  const rate = discount === 1 ? 0 : -log(discount) / options.time
  return greeks({ ...options, spot: forward, rate, dividendYield: rate }, forward, discount)
}

/**
 * Greeks of {@link generalizedBlackScholes}.
 *
 * @throws {OptionInputError} as {@link black76}.
 * @throws {UndefinedGreeksError} at the money without volatility.
 */
export function generalizedBlackScholesGreeks(option: EuropeanOption): Greeks {
  const { forward, discount } = carry(option)
  return greeks(option, forward, discount)
}

function greeks(option: EuropeanOption, forward: number, discount: number): Greeks {
  const { right, spot, strike, rate, dividendYield, time, volatility } = option
  requireNotNegative('spot', spot)
  requireNotNegative('forward', forward)
  requireNotNegative('strike', strike)
  requireNotNegative('time', time)
  requireNotNegative('volatility', volatility)
  requireNotNegative('discount', discount)
  requireFinite('rate', rate)
  requireFinite('dividend yield', dividendYield)
  const total = volatility * Math.sqrt(time)
  if (total === 0 && forward === strike) throw new UndefinedGreeksError(strike)
  // Signed infinities at the ends, where every term with a density vanishes.
  const distance = total === 0 ? (forward > strike ? Infinity : -Infinity) : logRatio(forward, strike) / total
  const d1 = distance + total / 2
  const d2 = distance - total / 2
  const density = normalPdf(d1)
  const ifDense = (term: number) => (density === 0 ? 0 : discount * density * term)
  const sign = right === 'call' ? 1 : -1
  const forwardLeg = sign * discount * normalCdf(sign * d1)
  const strikeLeg = sign * discount * strike * normalCdf(sign * d2)
  const growth = forward / spot
  const root = Math.sqrt(time)
  return {
    deltaForward: forwardLeg,
    deltaSpot: forwardLeg * growth,
    gamma: ifDense(growth / (spot * total)),
    vega: ifDense(forward * root),
    theta: dividendYield * forward * forwardLeg - rate * strikeLeg - ifDense((forward * volatility) / (2 * root)),
    rho: time * strikeLeg,
    dividendRho: -time * forward * forwardLeg,
    vanna: ifDense((-growth * d2) / volatility),
    volga: ifDense((forward * root * d1 * d2) / volatility),
  }
}

/** Forward and discount of an option on a spot. */
function carry({ spot, rate, dividendYield, time }: EuropeanOption) {
  requireNotNegative('spot', spot)
  requireNotNegative('time', time)
  requireFinite('rate', rate)
  requireFinite('dividend yield', dividendYield)
  return { forward: spot * exp((rate - dividendYield) * time), discount: exp(-rate * time) }
}

function toTotalVolatility(input: VolatilityInput): number {
  if ('totalVolatility' in input) {
    const { totalVolatility } = input
    if (!(totalVolatility >= 0)) throw new OptionInputError('total volatility', totalVolatility)
    return totalVolatility
  }
  requireNotNegative('volatility', input.volatility)
  requireNotNegative('time', input.time)
  return input.volatility * Math.sqrt(input.time)
}

function requireNotNegative(quantity: string, value: number) {
  if (!(value >= 0 && value < Infinity)) throw new OptionInputError(quantity, value)
}

function requireFinite(quantity: string, value: number) {
  if (!Number.isFinite(value)) throw new OptionInputError(quantity, value)
}
