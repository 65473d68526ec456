import type { ModelScenario } from '../model.ts'
import type { DeribitPmParameters, PairRules } from './parameters.ts'
import { type RiskVector, standardMoves, type WorstBucket } from './riskMatrix.ts'

const volatilities = ['down', 'same', 'up'] as const

/** The entries of a vector as scenarios, in the quote. */
export function scenariosOf(
  group: string,
  { standard, extended }: RiskVector,
  unit: number,
  rules: PairRules,
  parameters: DeribitPmParameters,
): ModelScenario[] {
  const names = scenarioNames(rules, parameters)
  return [...standard, ...extended].map((result, index) => ({
    id: names[index] ?? `${index}`,
    group,
    pnl: result * unit,
  }))
}

function scenarioNames(rules: PairRules, parameters: DeribitPmParameters): string[] {
  return [
    ...standardMoves(parameters, rules).flatMap((move) =>
      volatilities.map((volatility) => `spot ${percent(move)}, volatility ${volatility}`),
    ),
    ...parameters.extendedMoves.map((move) => `spot ${percent(move)}, volatility up, dampened`),
  ]
}

/** Name of the entry that binds, `none` when nothing is lost. */
export function scenarioName(bucket: WorstBucket | null, rules: PairRules, parameters: DeribitPmParameters): string {
  if (bucket === null) return 'none'
  const standard = 3 * (2 * parameters.bucketsPerSide + 1)
  const index = bucket.source === 'standard' ? bucket.index - 1 : standard + bucket.index - 1
  return scenarioNames(rules, parameters)[index] ?? `${index}`
}

function percent(move: number): string {
  return `${move > 0 ? '+' : ''}${Number((100 * move).toFixed(6))} %`
}
