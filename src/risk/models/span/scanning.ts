import { roundTo } from './rounding.ts'

/** What one scan of 16 losses gives; scenarios are numbered from 1. */
export type Scan = {
  readonly losses: readonly number[]
  /** Largest loss, not below zero. */
  readonly scanRisk: number
  /** Lowest scenario with the largest loss. */
  readonly activeScenario: number
  /** The scenario of the same price move and the other volatility; 15 and 16 are their own. */
  readonly pairedScenario: number
  /** Mean loss of scenarios 1 and 2: what a day costs at an unchanged price. */
  readonly timeRisk: number
  /** Mean loss of the active scenario and its pair. */
  readonly volatilityAdjustedScan: number
  /** Half the difference of both. */
  readonly volatilityRisk: number
  /** `volatilityAdjustedScan − timeRisk`, the part that a move of the price alone explains; not below zero. */
  readonly priceRisk: number
}

/** Moves of the price as shares of the price scan range, in the order of the scenarios; the last two are extreme. */
export const priceMoves: readonly number[] = [0, 1 / 3, -1 / 3, 2 / 3, -2 / 3, 1, -1].flatMap((move) => [move, move])

/**
 * Scans losses of the 16 scenarios. A scan without any loss has no price risk, so that no credit comes from it.
 * Source: CME, "Components of SPAN", and the fields of its Scanning Tier Requirements report.
 */
export function scanLosses(losses: readonly number[], places?: number): Scan {
  const largest = losses.reduce((worst, loss) => Math.max(worst, loss), Number.NEGATIVE_INFINITY)
  const active = losses.indexOf(largest)
  const paired = active >= 14 ? active : active ^ 1
  const pairedLoss = losses[paired] as number
  const timeRisk = roundTo(((losses[0] as number) + (losses[1] as number)) / 2, places)
  const volatilityRisk = roundTo((largest - pairedLoss) / 2, places)
  const scanRisk = Math.max(0, roundTo(largest, places))
  return {
    losses,
    scanRisk,
    activeScenario: active + 1,
    pairedScenario: paired + 1,
    timeRisk,
    volatilityAdjustedScan: largest - volatilityRisk,
    volatilityRisk,
    priceRisk: scanRisk > 0 ? Math.max(0, scanRisk - volatilityRisk - timeRisk) : 0,
  }
}

/** The sum of arrays, scenario by scenario; zeros for none. */
export function sumLosses(arrays: readonly (readonly number[])[]): number[] {
  const sum: number[] = Array.from({ length: 16 }, () => 0)
  for (const array of arrays) {
    for (const [scenario, loss] of array.entries()) sum[scenario] = (sum[scenario] as number) + loss
  }
  return sum
}
