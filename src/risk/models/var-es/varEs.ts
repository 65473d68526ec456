import type { Book } from '../../../core/book.ts'
import { canonicalHash } from '../../../core/canonical.ts'
import { MissingMarketDataError } from '../../../core/errors.ts'
import type { Detail, ModelLine, ModelMargin, ModelScenario, ReferenceModel } from '../model.ts'
import { markPositions, valuersOf } from '../valuation.ts'
import { volatilityFactors } from '../volatilityShock.ts'
import {
  type Estimate,
  type EstimateInput,
  estimateInput,
  estimatePnl,
  historicalEstimate,
  type Outcome,
} from './estimate.ts'
import { type VarEsParameters, varEsSchema } from './parameters.ts'
import type { Tail } from './sampleTail.ts'
import { varEsDefaults } from './varEsDefaults.ts'

/** Outcomes that a simulation lists; the worst ones. Observed ones are all listed. */
const listedDraws = 100

/**
 * Value at risk and expected shortfall of a book over a horizon. Its estimators and their sources: {@link VarEsParameters}.
 *
 * `calculate` throws MissingMarketDataError for a factor without history or volatility, InvalidInputError for histories that do not fit
 * together, UnmodeledPositionError for American options, GarchFitError where a fit fails.
 */
export const varEsModel: ReferenceModel<VarEsParameters> = {
  id: 'var-es',
  summary: 'value at risk or expected shortfall: historical, filtered, parametric and simulated',
  parametersSchema: varEsSchema,
  defaults: varEsDefaults,
  calculate: ({ book, parameters }) => {
    const input = estimateInput(book, parameters)
    const positions = markPositions(book)
    const equity = positions.reduce((sum, { value }) => sum + value, 0)
    const estimates = input.factors.length === 0 ? [] : estimatePnl(input)
    const lines = marginLines(input, estimates)
    const initialMargin = lines.reduce((sum, { initial }) => sum + initial, 0)
    const maintenanceMargin = lines.reduce((sum, { maintenance }) => sum + maintenance, 0)
    const binding = bindingEstimate(estimates, input)
    return {
      model: 'var-es',
      name: parameters.name,
      parametersHash: canonicalHash(parameters),
      asOf: book.portfolio.asOf,
      quote: book.portfolio.quote,
      equity,
      initialMargin,
      maintenanceMargin,
      free: { initial: equity - initialMargin, maintenance: equity - maintenanceMargin },
      lines,
      worst: worstOf(binding),
      scenarios: binding === undefined ? [] : scenariosOf(binding, input),
      positions,
      details: detailsOf(input, estimates, binding),
      assumptions: assumptionsOf(book, parameters, input, estimates),
    }
  },
}

type Side = 'initial' | 'maintenance'

/** The requirement of one distribution over the horizon, as `measure` and `confidence` of the side say. */
function requirement({ tail }: Estimate, input: EstimateInput, side: Side): number {
  const { parameters } = input
  const { measure, confidence } = parameters[side]
  const { valueAtRisk, expectedShortfall } = scaledTail(tail(confidence), input)
  const value = measure === 'var' ? valueAtRisk : expectedShortfall
  return parameters.floorAtZero ? Math.max(0, value) : value
}

/** The tail over the horizon, where it is of one step. */
function scaledTail(tail: Tail, { parameters, history }: EstimateInput): Tail {
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

function marginLines(input: EstimateInput, estimates: readonly Estimate[]): readonly ModelLine[] {
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
function bindingEstimate(estimates: readonly Estimate[], input: EstimateInput): Estimate | undefined {
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

function worstOf(binding: Estimate | undefined): ModelMargin['worst'] {
  if (binding === undefined) return []
  const [first] = binding.outcomes
  if (first === undefined) return []
  const worst = binding.outcomes.reduce((a, b) => (b.pnl < a.pnl ? b : a), first)
  return [{ scenario: worst.id, loss: 0 - worst.pnl }]
}

function scenariosOf({ outcomes }: Estimate, { parameters, pnlOf }: EstimateInput): readonly ModelScenario[] {
  const listed =
    parameters.estimator.kind === 'monte-carlo'
      ? [...outcomes].sort((a, b) => a.pnl - b.pnl).slice(0, listedDraws)
      : outcomes
  return listed.map(({ id, pnl, returns }: Outcome) => ({ id, pnl, pnlByPosition: pnlOf(returns) }))
}

function detailsOf(
  input: EstimateInput,
  estimates: readonly Estimate[],
  binding: Estimate | undefined,
): { readonly [key: string]: Detail } {
  const { parameters, factors } = input
  const tails = (side: Side): Detail =>
    Object.fromEntries(
      estimates.map((estimate) => [
        estimate.regime,
        { confidence: parameters[side].confidence, ...scaledTail(estimate.tail(parameters[side].confidence), input) },
      ]),
    )
  return {
    estimator: parameters.estimator.kind,
    factors,
    initial: tails('initial'),
    maintenance: tails('maintenance'),
    ...(binding === undefined ? {} : { regime: binding.regime }),
    estimates: Object.fromEntries(estimates.map(({ regime, details }) => [regime, details])),
  }
}

function assumptionsOf(
  { portfolio }: Book,
  { scaling, volatilityCharge: charge }: VarEsParameters,
  input: EstimateInput,
  estimates: readonly Estimate[],
): readonly string[] {
  const notes: string[] = []
  if (estimates.length > 0 && input.synthetic().length > 0) notes.push(...input.synthetic())
  if (estimates.length > 0 && scaling !== 'overlapping') {
    notes.push('Returns of different steps are independent: the horizon is scaled by the root of its steps.')
  }
  if (portfolio.positions.some((position) => position.kind === 'cash' && position.currency !== portfolio.quote)) {
    notes.push('Prices of currencies do not move.')
  }
  if (portfolio.positions.some(({ kind }) => kind === 'option')) {
    notes.push(
      charge === null
        ? 'Volatilities of options do not move.'
        : 'Volatilities of options move all up or all down at unmoved prices, not together with them.',
    )
  }
  return notes
}
