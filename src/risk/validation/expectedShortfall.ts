import { InvalidInputError } from '../../core/errors.ts'

/** One observation with its forecasts: result (a loss is negative), value at risk and expected shortfall (positive). */
export type ShortfallObservation = { readonly pnl: number; readonly var: number; readonly es: number }

/** Statistics of Acerbi and Szekely; both are zero in expectation if the model is right and negative if it charges too little. */
export type ShortfallTest = {
  /** Their test 1: how deep exceptions go beyond the expected shortfall; null without exceptions. */
  readonly conditional: number | null
  /** Their test 2: depth and frequency at once. */
  readonly unconditional: number
  readonly exceptions: number
  /** Of the unconditional statistic against the critical value. */
  readonly verdict: 'accept' | 'reject'
}

/**
 * Back-test of the expected shortfall: C. Acerbi and B. Szekely, "Backtesting expected shortfall" (2014). The critical value −0.7 of
 * theirs stands for 95 % confidence with about 250 observations at 97.5 %, whatever the tail of the distribution; longer samples
 * have values nearer to zero, so name one for them.
 *
 * @throws {InvalidInputError} when there is no observation, an expected shortfall is not positive, or the probability is not in (0, 1).
 */
export function expectedShortfallTest(
  observations: readonly ShortfallObservation[],
  { probability, criticalValue = -0.7 }: { readonly probability: number; readonly criticalValue?: number },
): ShortfallTest {
  const isValid =
    observations.length > 0 && observations.every(({ es }) => es > 0) && probability > 0 && probability < 1
  if (!isValid) {
    throw new InvalidInputError('The expected shortfall cannot be tested.', {
      metaMessages: ['Give observations with a shortfall above zero and a probability between 0 and 1.'],
    })
  }
  const exceptions = observations.filter(({ pnl, var: valueAtRisk }) => -pnl > valueAtRisk)
  const depth = exceptions.reduce((sum, { pnl, es }) => sum + pnl / es, 0)
  const unconditional = depth / (observations.length * probability) + 1
  return {
    conditional: exceptions.length === 0 ? null : depth / exceptions.length + 1,
    unconditional,
    exceptions: exceptions.length,
    verdict: unconditional < criticalValue ? 'reject' : 'accept',
  }
}
