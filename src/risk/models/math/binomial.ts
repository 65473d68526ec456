import { BaseError } from '../../../core/errors.ts'
import { type EuropeanOption, OptionInputError } from './black76.ts'
import { exp } from './exponential.ts'

/** An option on an asset with a continuous yield, valued on a tree. */
export type TreeOption = EuropeanOption & {
  readonly exercise: 'american' | 'european'
  /** Time steps of the tree; 100 or more for prices. */
  readonly steps: number
}

/** A tree whose steps are so long that the carry outruns both branches, which leaves no probability for them. */
export class TreeProbabilityError extends BaseError {
  override readonly name = 'TreeProbabilityError'

  constructor(steps: number, needed: number) {
    super(`The up probability of a tree of ${steps} steps is not between 0 and 1.`, {
      metaMessages: [`The volatility is small against rate and yield; use more than ${needed} steps.`],
    })
  }
}

/**
 * Values an option on a recombining tree (J. Cox, S. Ross, M. Rubinstein, "Option pricing: a simplified approach", 1979):
 * up factor exp(σ·√Δt), down factor its inverse, up probability (exp((r − q)·Δt) − d) / (u − d). Time and memory grow with
 * the square of the steps and the steps.
 *
 * @throws {OptionInputError} when a price, volatility or time is negative, an input is not finite or steps is no positive integer.
 * @throws {TreeProbabilityError} when more steps are needed.
 */
export function crr(option: TreeOption): number {
  requireInputs(option)
  const { spot, strike, rate, dividendYield, time, volatility, right, exercise, steps } = option
  const sign = right === 'call' ? 1 : -1
  const payoff = (price: number) => Math.max(0, sign * (price - strike))
  const step = time / steps
  if (volatility === 0 || time === 0) return withoutVolatility(option, payoff)

  const move = volatility * Math.sqrt(step)
  const up = exp(move)
  const down = exp(-move)
  const probability = (exp((rate - dividendYield) * step) - down) / (up - down)
  if (!(probability >= 0 && probability <= 1)) {
    const drift = (rate - dividendYield) / volatility
    const needed = drift * drift * time
    throw new TreeProbabilityError(steps, Math.ceil(needed))
  }
  const discount = exp(-rate * step)
  const upWeight = discount * probability
  const downWeight = discount * (1 - probability)

  // The tree has only 2·steps + 1 prices; entry steps + k is the spot after k net moves up.
  const prices = Float64Array.from({ length: 2 * steps + 1 }, (_, index) => spot * exp((index - steps) * move))
  const payoffs = prices.map(payoff)
  const values = Float64Array.from({ length: steps + 1 }, (_, ups) => payoffs[2 * ups] as number)
  for (let level = steps - 1; level >= 0; level--) {
    for (let ups = 0; ups <= level; ups++) {
      const held = upWeight * (values[ups + 1] as number) + downWeight * (values[ups] as number)
      values[ups] = exercise === 'european' ? held : Math.max(held, payoffs[steps - level + 2 * ups] as number)
    }
  }
  return values[0] as number
}

/** One path only: the pay-off at its end or, American, at the best of its steps. */
function withoutVolatility(option: TreeOption, payoff: (price: number) => number): number {
  const { spot, rate, dividendYield, time, exercise, steps } = option
  const valueAt = (t: number) => exp(-rate * t) * payoff(spot * exp((rate - dividendYield) * t))
  let best = valueAt(time)
  if (exercise === 'european') return best
  for (let index = 0; index < steps; index++) best = Math.max(best, valueAt((time * index) / steps))
  return best
}

function requireInputs({ spot, strike, rate, dividendYield, time, volatility, steps }: TreeOption) {
  for (const [quantity, value] of Object.entries({ spot, strike, time, volatility })) {
    if (!(value >= 0 && value < Infinity)) throw new OptionInputError(quantity, value)
  }
  for (const [quantity, value] of Object.entries({ rate, 'dividend yield': dividendYield })) {
    if (!Number.isFinite(value)) throw new OptionInputError(quantity, value)
  }
  if (!(Number.isSafeInteger(steps) && steps > 0)) throw new OptionInputError('number of steps', steps)
}
