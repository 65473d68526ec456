import type { Matrix } from '../math/linearAlgebra.ts'
import { excessKurtosis, mean, skewness, standardDeviation } from '../math/statistics.ts'
import type { Detail } from '../model.ts'
import { type Estimate, type EstimateInput, total } from './estimateInput.ts'
import type { FactorReturns } from './factorReturns.ts'
import { modifiedContributions } from './modifiedContributions.ts'
import type { Estimator } from './parameters.ts'
import { cornishFisherTail, type Moments } from './parametricTail.ts'
import { sampleTail } from './sampleTail.ts'
import { variancePath } from './variances.ts'

/** Returns over the horizon: one step each under the scaling `result`, as observed under `overlapping`. */
export function scaledRows({ parameters, history }: EstimateInput, rows: Matrix): Matrix {
  if (parameters.scaling !== 'returns') return rows
  const factor = Math.sqrt(history().steps)
  return rows.map((row) => row.map((value) => value * factor))
}

/** Plain historical simulation over some rows of the history: what stress and floor are measured with. */
export function historicalEstimate(input: EstimateInput, rows: Matrix): Estimate {
  return sampled(input, scaledRows(input, rows))
}

/** Outcomes of past returns, with their weights where they are not equal. */
export function sampled(
  { parameters, pnlOf }: EstimateInput,
  rows: Matrix,
  weights?: readonly number[],
  details: Estimate['details'] = {},
): Estimate {
  const outcomes = rows.map((returns, index) => {
    const age = rows.length - index
    const pnlByPosition = pnlOf(returns)
    return { id: age === 1 ? '1 step ago' : `${age} steps ago`, returns, pnl: total(pnlByPosition), pnlByPosition }
  })
  const pnl = outcomes.map((outcome) => outcome.pnl)
  const { quantile, shortfall } = parameters
  return {
    regime: 'observed',
    tail: (confidence) => sampleTail(pnl, { confidence, quantile, shortfall, weights }),
    outcomes,
    details: { observations: rows.length, ...details },
  }
}

/** Returns times volatility now over volatility then, of each factor by itself; one date moves all factors together. */
export function filteredRows(
  { rows, underlyings }: FactorReturns,
  { variance, ratio, demean }: Extract<Estimator, { kind: 'filtered' }>,
) {
  const columns = underlyings.map((underlying, factor) => {
    const observed = rows.map((row) => row[factor] as number)
    const center = demean ? mean(observed) : 0
    const values = observed.map((value) => value - center)
    const { variances, garch } = variancePath(values, underlying, variance)
    const now = variances.at(-1) as number
    const scaled = values.map((value, index) => {
      const then = variances[index] as number
      const free = then === now ? 1 : Math.sqrt(now / then)
      return value * Math.min(ratio.maximum ?? Infinity, Math.max(ratio.minimum, free))
    })
    return { scaled, volatility: Math.sqrt(now), garch }
  })
  const details: Estimate['details'] = {
    volatilities: Object.fromEntries(columns.map(({ volatility }, i) => [underlyings[i] as string, volatility])),
    ...(variance.kind === 'garch'
      ? { garch: Object.fromEntries(columns.map(({ garch }, i) => [underlyings[i] as string, { ...garch } as Detail])) }
      : {}),
  }
  return { rows: rows.map((_, row) => columns.map(({ scaled }) => scaled[row] as number)), details }
}

/** Modified VaR and ES from the moments of the outcomes, or from given ones. */
export function modified(input: EstimateInput, estimator: Extract<Estimator, { kind: 'cornish-fisher' }>): Estimate {
  const { monotone, limits, moments: given } = estimator
  const base = given === undefined ? sampled(input, scaledRows(input, input.history().rows)) : undefined
  const moments = given ?? momentsOf((base?.outcomes ?? []).map(({ pnl }) => pnl))
  const limited = {
    ...moments,
    skewness: clamp(moments.skewness, limits?.skewness),
    excessKurtosis: clamp(moments.excessKurtosis, limits?.excessKurtosis),
  }
  const outcomes = base?.outcomes ?? []
  const { confidence } = input.parameters.initial
  return {
    regime: 'observed',
    tail: (at) => cornishFisherTail(limited, at, monotone),
    outcomes,
    details: {
      ...base?.details,
      moments: limited,
      ...(outcomes.length === 0 || limited.deviation === 0
        ? {}
        : {
            contributions: modifiedContributions(
              outcomes.map(({ pnlByPosition = [] }) => pnlByPosition),
              confidence,
            ),
          }),
    },
  }
}

/** Population moments, as PerformanceAnalytics takes them; a P&L that never changes has no shape. */
function momentsOf(pnl: readonly number[]): Moments {
  const center = mean(pnl)
  const deviation = standardDeviation(pnl, 'population')
  if (deviation === 0) return { mean: center, deviation, skewness: 0, excessKurtosis: 0 }
  return {
    mean: center,
    deviation,
    skewness: skewness(pnl, 'population'),
    excessKurtosis: excessKurtosis(pnl, 'population'),
  }
}

function clamp(value: number, bound: number | undefined): number {
  return bound === undefined ? value : Math.max(-bound, Math.min(bound, value))
}
