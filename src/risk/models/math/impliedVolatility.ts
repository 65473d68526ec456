import { BaseError } from '../../../core/errors.ts'
import { OptionInputError, type OptionRight } from './black76.ts'
import { log } from './exponential.ts'
import { normalPdf } from './normal.ts'
import { logRatio, timeValue } from './timeValue.ts'

/** A price that no volatility gives: below intrinsic value, or not below the value at infinite volatility. */
export class ImpliedVolatilityError extends BaseError {
  override readonly name = 'ImpliedVolatilityError'

  constructor(price: number, least: number, most: number) {
    super(`The price ${price} has no implied volatility: it must be at least ${least} and below ${most}.`, {
      metaMessages: ['Check forward, strike, discount and the age of the quote.'],
    })
  }
}

export type ImpliedVolatilityOptions = {
  readonly right: OptionRight
  readonly price: number
  readonly forward: number
  readonly strike: number
  readonly discount?: number
}

/**
 * Solves Black-76 for the volatility over the whole life, σ·√T. The price is met to the last units; a price in the money leaves
 * of the volatility what its time value leaves of its digits.
 *
 * @throws {OptionInputError} when an input is negative, infinite or not a number, or forward or strike is zero.
 * @throws {ImpliedVolatilityError} when no volatility gives the price.
 * @example
 * impliedTotalVolatility({ right: 'call', price: 7.965567455405804, forward: 100, strike: 100 })
 * // 0.2
 */
export function impliedTotalVolatility(options: ImpliedVolatilityOptions): number {
  const { right, price, forward, strike, discount = 1 } = options
  for (const [quantity, value] of Object.entries({ forward, strike, discount })) {
    if (!(value > 0 && value < Infinity)) throw new OptionInputError(quantity, value)
  }
  const intrinsic = discount * Math.max(0, right === 'call' ? forward - strike : strike - forward)
  const most = discount * (right === 'call' ? forward : strike)
  if (!(price >= intrinsic && price < most)) throw new ImpliedVolatilityError(price, intrinsic, most)
  const lower = Math.min(forward, strike)
  const value = (price - intrinsic) / discount
  if (value === 0) return 0
  if (value >= lower) throw new ImpliedVolatilityError(price, intrinsic, most)
  return solve(lower, Math.max(forward, strike), value)
}

/**
 * {@link impliedTotalVolatility} per year.
 *
 * @param options.time - Years to expiry, above zero.
 * @throws {OptionInputError} as there, and when time is not above zero.
 * @throws {ImpliedVolatilityError} as there.
 */
export function impliedVolatility(options: ImpliedVolatilityOptions & { readonly time: number }): number {
  if (!(options.time > 0 && options.time < Infinity)) throw new OptionInputError('time', options.time)
  return impliedTotalVolatility(options) / Math.sqrt(options.time)
}

/**
 * Newton's method kept inside a shrinking bracket. The price as a function of s bends at √(2·|ln(F/K)|): above, its own slope
 * is used; below, that of 1/ln(price), which is nearly straight there (P. Jäckel, "Let's be rational", 2015).
 */
function solve(lower: number, upper: number, value: number): number {
  const distance = -logRatio(lower, upper)
  const bend = Math.sqrt(2 * distance)
  const far = value < timeValue(lower, upper, bend)
  const target = 1 / log(value / lower)
  let least = far ? 0 : bend
  // The price is within one unit of its limit here.
  let most = far ? bend : Math.max(bend, 17) + bend
  let guess = far ? bend / 2 : Math.max(1.01 * bend, value / lower)
  for (let step = 0; step < 200; step++) {
    const price = timeValue(lower, upper, guess)
    if (price === value) return guess
    if (price < value) least = guess
    else most = guess
    const next = guess - newtonStep(guess, price)
    const inside = next > least && next < most
    const moved = inside ? next : least === 0 ? most / 8 : (least + most) / 2
    if (Math.abs(moved - guess) <= (Number.EPSILON / 2) * guess || moved === least || moved === most) return moved
    guess = moved
  }
  return guess

  function newtonStep(s: number, price: number): number {
    const slope = lower * normalPdf(s / 2 - distance / s)
    if (!far) return (price - value) / slope
    const logarithm = log(price / lower)
    return ((target - 1 / logarithm) * price * logarithm * logarithm) / slope
  }
}
