import { normalQuantile } from '../math/normal.ts'
import { mean } from '../math/statistics.ts'
import { cornishFisher } from './parametricTail.ts'

/**
 * Part of each position in the modified VaR: the derivative of the VaR to the size of the position. The parts sum to the VaR, which is
 * homogeneous of degree one, as long as neither bounds nor the monotone form bind.
 * Source: Boudt, Peterson and Croux (2008), 3.2, with co-moments taken from the P&L of positions instead of tensors.
 *
 * @param pnl - One row per outcome, one P&L per position.
 */
export function modifiedContributions(pnl: readonly (readonly number[])[], confidence: number): readonly number[] {
  const z = normalQuantile(1 - confidence)
  const columns = (pnl[0] ?? []).map((_, position) => pnl.map((row) => row[position] as number))
  const totals = centered(pnl.map((row) => row.reduce((sum, value) => sum + value, 0)))
  const moment = (weights: readonly number[], values: readonly number[]) =>
    mean(values.map((value, index) => value * (weights[index] as number)))
  const squares = totals.map((value) => value * value)
  const cubes = totals.map((value) => value * value * value)
  const second = mean(squares)
  const third = mean(cubes)
  const fourth = moment(cubes, totals)
  const deviation = Math.sqrt(second)
  const skewness = third / (second * deviation)
  const h = cornishFisher(z, { skewness, excessKurtosis: fourth / (second * second) - 3 })
  return columns.map((column) => {
    const deviations = centered(column)
    const bySecond = 2 * moment(totals, deviations)
    const byThird = 3 * moment(squares, deviations)
    const byFourth = 4 * moment(cubes, deviations)
    const byDeviation = bySecond / (2 * deviation)
    const bySkewness = (byThird - (1.5 * third * bySecond) / second) / (second * deviation)
    const byKurtosis = (byFourth - (2 * fourth * bySecond) / second) / (second * second)
    const slope =
      ((z * z - 1) * bySkewness) / 6 +
      ((z * z - 3) * z * byKurtosis) / 24 -
      ((2 * z * z - 5) * z * skewness * bySkewness) / 18
    return 0 - mean(column) - h * byDeviation - deviation * slope
  })
}

function centered(values: readonly number[]): readonly number[] {
  const center = mean(values)
  return values.map((value) => value - center)
}
