import { type Book, type BookPosition, positionId } from '../../../core/book.ts'
import type { ModelPosition } from '../model.ts'
import { markPositions, type Shock, valuersOf } from '../valuation.ts'
import { priceFactor } from './factorReturns.ts'
import type { VarEsParameters } from './parameters.ts'

/** P&L of every position, in the order of the book, under returns in the order of the factors. */
export type ProfitAndLoss = (returns: readonly number[]) => readonly number[]

/** Delta and gamma of a position in money: change of its value per unit of return, and its second derivative. */
export type Exposure = {
  readonly id: string
  readonly delta: readonly number[]
  readonly gamma: readonly (readonly number[])[]
  /** Change of value over the horizon when nothing moves; zero unless decay counts. */
  readonly decay: number
}

type Settings = Pick<VarEsParameters, 'valuation' | 'returns' | 'horizon' | 'decay'>

const yearSeconds = 31_536_000

/** Turns returns into P&L, as `valuation` says. Errors as `valuersOf`. */
export function profitAndLossOf(book: Book, factors: readonly string[], settings: Settings): ProfitAndLoss {
  if (settings.valuation !== 'full') {
    const exposures = exposuresOf(book, factors, settings)
    const curved = settings.valuation === 'delta-gamma'
    return (returns) => exposures.map((exposure) => expansion(exposure, returns, curved))
  }
  const valuers = valuersOf(book)
  const now = valuers.map((value) => value())
  const elapsed = settings.decay ? settings.horizon / yearSeconds : 0
  return (returns) => {
    const prices = Object.fromEntries(
      factors.map((factor, index) => [factor, priceFactor(returns[index] as number, settings.returns)]),
    )
    const shock: Shock = { prices, elapsed }
    return valuers.map((value, index) => value(shock) - (now[index] as number))
  }
}

/** Sensitivities of every position to the factors. Errors as `valuersOf`. */
export function exposuresOf(book: Book, factors: readonly string[], settings: Settings): readonly Exposure[] {
  const marks = markPositions(book)
  return book.portfolio.positions.map((position, index) => {
    const mark = marks[index] as ModelPosition
    const delta = factors.map(() => 0)
    const gamma = factors.map(() => factors.map(() => 0))
    const decay = settings.decay ? ((mark.theta ?? 0) * settings.horizon) / yearSeconds : 0
    const exposure = { id: positionId(position, index), delta, gamma, decay }
    if (position.kind === 'cash') return exposure
    const price = priceOf(book, position.underlying)
    const own = factors.indexOf(position.underlying)
    const slope = (mark.delta ?? 0) * price
    const curve = (mark.gamma ?? 0) * price * price
    delta[own] = slope
    setSymmetric(gamma, own, own, curve)
    const against = againstOf(position, factors)
    if (against !== undefined) {
      // The value is homogeneous of degree one in the two prices, which gives the other derivatives (Euler).
      delta[against] = mark.value - slope
      setSymmetric(gamma, own, against, -curve)
      setSymmetric(gamma, against, against, curve)
    }
    return exposure
  })
}

function againstOf(position: BookPosition, factors: readonly string[]): number | undefined {
  const index = position.kind === 'liquidity' ? factors.indexOf(position.against) : -1
  return index < 0 ? undefined : index
}

function priceOf({ market }: Book, underlying: string): number {
  return market.underlyings[underlying]?.price ?? 0
}

function setSymmetric(matrix: number[][], i: number, j: number, value: number) {
  ;(matrix[i] as number[])[j] = value
  ;(matrix[j] as number[])[i] = value
}

function expansion({ delta, gamma, decay }: Exposure, returns: readonly number[], curved: boolean): number {
  let sum = decay
  for (const [i, value] of returns.entries()) {
    sum += (delta[i] as number) * value
    if (!curved) continue
    const row = gamma[i] as readonly number[]
    for (const [j, other] of returns.entries()) sum += ((row[j] as number) * value * other) / 2
  }
  return sum
}
