import { MissingMarketDataError } from '../../../core/errors.ts'
import type { ModelLine } from '../model.ts'
import { valuersOf } from '../valuation.ts'
import { volatilityFactors } from '../volatilityShock.ts'
import type { Estimate, EstimateInput } from './estimateInput.ts'
import { historicalEstimate } from './sampledEstimate.ts'
import type { Tail } from './sampleTail.ts'

/** Which of the two requirements. */
export type Side = 'initial' | 'maintenance'

/** The requirement of one distribution over the horizon, as `measure` and `confidence` of the side say. */
function requirement({ tail }: Estimate, input: EstimateInput, side: Side): number {
  const { parameters } = input
  const { measure, confidence } = parameters[side]
  const { valueAtRisk, expectedShortfall } = scaledTail(tail(confidence), input)
  const value = measure === 'var' ? valueAtRisk : expectedShortfall
  return parameters.floorAtZero ? Math.max(0, value) : value
}

/** The tail over the horizon, where it is of one step. */
export function scaledTail(tail: Tail, { parameters, history }: EstimateInput): Tail {
  if (parameters.scaling !== 'result') return tail
  const { estimator, horizon } = parameters
  const given = 'covariance' in estimator && estimator.covariance.kind === 'given' ? estimator.covariance : undefined
  const published = estimator.kind === 'cornish-fisher' && estimator.moments !== undefined
  const factor = published ? 1 : Math.sqrt(given === undefined ? history().steps : horizon / given.interval)
  return {
    valueAtRisk: tail.valueAtRisk * factor,
    expectedShortfall: tail.expectedShortfall * factor,
    standardError: tail.standardError === null ? null : tail.standardError * factor,
  }
}

/** The lines of the requirement; they sum to it. */
export function marginLines(input: EstimateInput, estimates: readonly Estimate[]): readonly ModelLine[] {
  const { stressed, floor, buffer } = input.parameters.antiProcyclicality
  const each = (value: (side: Side) => number) => ({ initial: value('initial'), maintenance: value('maintenance') })
  const model = each((side) => largest(estimates, input, side))
  const lines: ModelLine[] = [{ id: 'model', ...model }]
  const sum = (side: Side) => lines.reduce((total, line) => total + line[side], 0)
  if (estimates.length > 0 && stressed !== null) {
    const estimate = historicalEstimate(input, stressedRows(input, stressed.observations))
    lines.push({
      id: 'stressed',
      ...each((side) => stressed.weight * (requirement(estimate, input, side) - model[side])),
    })
  }
  if (estimates.length > 0 && floor !== null) {
    const estimate = historicalEstimate(input, longRows(input, floor.observations).slice(-floor.observations))
    lines.push({ id: 'floor', ...each((side) => Math.max(0, requirement(estimate, input, side) - sum(side))) })
  }
  if (buffer !== null) {
    const share = buffer.share * (1 - buffer.released)
    lines.push({ id: 'buffer', ...each((side) => share * Math.max(0, sum(side))) })
  }
  const volatility = volatilityCharge(input)
  if (volatility !== undefined) lines.push({ id: 'volatility', initial: volatility, maintenance: volatility })
  return lines
}

function largest(estimates: readonly Estimate[], input: EstimateInput, side: Side): number {
  return estimates.length === 0 ? 0 : Math.max(...estimates.map((estimate) => requirement(estimate, input, side)))
}

/** The first estimate with the largest initial requirement. */
export function bindingEstimate(estimates: readonly Estimate[], input: EstimateInput): Estimate | undefined {
  const most = largest(estimates, input, 'initial')
  return estimates.find((estimate) => requirement(estimate, input, 'initial') === most)
}

/** The `count` consecutive rows with the largest sum of squared P&L of this book; the oldest among equals. */
function stressedRows(input: EstimateInput, count: number) {
  const rows = longRows(input, count)
  const squares = rows.map((row) => {
    const pnl = input.pnlOf(row).reduce((sum, value) => sum + value, 0)
    return pnl * pnl
  })
  const last = Math.max(0, rows.length - count)
  let best = 0
  let most = -1
  for (let start = 0; start <= last; start++) {
    const sum = squares.slice(start, start + count).reduce((total, value) => total + value, 0)
    if (sum > most) [best, most] = [start, sum]
  }
  return rows.slice(best, best + count)
}

function longRows({ longHistory }: EstimateInput, least: number) {
  const { rows } = longHistory()
  if (rows.length >= least) return rows
  throw new MissingMarketDataError(
    `The histories have ${rows.length} returns, ${least} needed against procyclicality.`,
    {
      metaMessages: ['Give a longer history, or a parameter file that asks for fewer observations.'],
    },
  )
}

/** Largest loss from all volatilities up or all down, at unmoved prices. */
function volatilityCharge({ book, parameters }: EstimateInput): number | undefined {
  const { volatilityCharge: rule } = parameters
  if (rule === null) return undefined
  const valuers = valuersOf(book)
  const losses = (['up', 'down'] as const).map((side) =>
    valuers.reduce((sum, value) => {
      const moved = value({
        volatility: (volatility, years) => volatility * volatilityFactors(rule, years * 31_536_000)[side],
      })
      return sum + value() - moved
    }, 0),
  )
  return Math.max(0, ...losses)
}
