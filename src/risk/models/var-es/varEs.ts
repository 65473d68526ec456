import type { Book } from '../../../core/book.ts'
import { canonicalHash } from '../../../core/canonical.ts'
import type { Detail, ModelMargin, ModelScenario, ReferenceModel } from '../model.ts'
import { markPositions } from '../valuation.ts'
import { estimatePnl } from './estimate.ts'
import { type Estimate, type EstimateInput, estimateInput, type Outcome } from './estimateInput.ts'
import { bindingEstimate, marginLines, type Side, scaledTail } from './marginLines.ts'
import { type VarEsParameters, varEsSchema } from './parameters.ts'
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
  return listed.map(({ id, pnl, returns, pnlByPosition }: Outcome) => ({
    id,
    pnl,
    pnlByPosition: pnlByPosition ?? pnlOf(returns),
  }))
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
