import type { Estimate, EstimateInput } from './estimateInput.ts'
import { byRegime } from './regimeEstimate.ts'
import { filteredRows, modified, sampled, scaledRows } from './sampledEstimate.ts'
import { ageWeights } from './sampleTail.ts'

/**
 * The distribution of the P&L over the horizon, per regime; of one step under the scaling `result`.
 *
 * @throws {MissingMarketDataError} for missing or short histories, or given volatilities that lack a factor.
 * @throws {InvalidInputError} for histories that do not fit together.
 * @throws {GarchFitError} where a fit is asked for and fails.
 */
export function estimatePnl(input: EstimateInput): readonly Estimate[] {
  const { estimator } = input.parameters
  switch (estimator.kind) {
    case 'historical':
      return [sampled(input, scaledRows(input, input.history().rows))]
    case 'age-weighted': {
      const { rows } = input.history()
      return [sampled(input, scaledRows(input, rows), ageWeights(rows.length, estimator.lambda))]
    }
    case 'filtered': {
      const { rows, details } = filteredRows(input.history(), estimator)
      return [sampled(input, scaledRows(input, rows), undefined, details)]
    }
    case 'cornish-fisher':
      return [modified(input, estimator)]
    default:
      return byRegime(input, estimator)
  }
}
