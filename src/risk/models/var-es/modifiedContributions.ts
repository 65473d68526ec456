import { normalPdf, normalQuantile } from '../math/normal.ts'
import { mean } from '../math/statistics.ts'
import { cornishFisher, edgeworthTail } from './parametricTail.ts'

/** Part of one position in the modified VaR and ES. */
export type Contribution = { readonly valueAtRisk: number; readonly expectedShortfall: number }

/**
 * Part of each position in the modified VaR and ES: the derivative of each to the size of the position. The parts sum to the whole, which
 * is homogeneous of degree one, as long as neither bounds nor the monotone form bind.
 * Source: Boudt, Peterson and Croux (2008), 3.2, with co-moments taken from the P&L of positions instead of tensors.
 *
 * @param pnl - One row per outcome, one P&L per position.
 */
export function modifiedContributions(
  pnl: readonly (readonly number[])[],
  confidence: number,
): readonly Contribution[] {
  const tail = 1 - confidence
  const z = normalQuantile(tail)
  const columns = (pnl[0] ?? []).map((_, position) => pnl.map((row) => row[position] as number))
  const totals = centered(pnl.map((row) => row.reduce((sum, value) => sum + value, 0)))
  const squares = totals.map((value) => value * value)
  const cubes = totals.map((value) => value * value * value)
  const second = mean(squares)
  const third = mean(cubes)
  const fourth = meanProduct(cubes, totals)
  const deviation = Math.sqrt(second)
  const skewness = third / (second * deviation)
  const shape = { skewness, excessKurtosis: fourth / (second * second) - 3 }
  const h = cornishFisher(z, shape)
  const shortfall = -edgeworthTail(h, shape) / tail
  const slopes = tailSlopes(h, shape)
  return columns.map((column) => {
    const deviations = centered(column)
    const bySecond = 2 * meanProduct(totals, deviations)
    const byThird = 3 * meanProduct(squares, deviations)
    const byFourth = 4 * meanProduct(cubes, deviations)
    const byDeviation = bySecond / (2 * deviation)
    const bySkewness = (byThird - (1.5 * third * bySecond) / second) / (second * deviation)
    const byKurtosis = (byFourth - (2 * fourth * bySecond) / second) / (second * second)
    const byQuantile =
      ((z * z - 1) * bySkewness) / 6 +
      ((z * z - 3) * z * byKurtosis) / 24 -
      ((2 * z * z - 5) * z * skewness * bySkewness) / 18
    const valueAtRisk = 0 - mean(column) - h * byDeviation - deviation * byQuantile
    if (shortfall >= h) return { valueAtRisk, expectedShortfall: valueAtRisk }
    const byTail = slopes.quantile * byQuantile + slopes.skewness * bySkewness + slopes.kurtosis * byKurtosis
    const expectedShortfall = 0 - mean(column) - shortfall * byDeviation + (deviation * byTail) / tail
    return { valueAtRisk, expectedShortfall }
  })
}

/** Derivatives of `edgeworthTail`. */
function tailSlopes(h: number, { skewness, excessKurtosis }: Parameters<typeof edgeworthTail>[1]) {
  const s = h * h
  const density = normalPdf(h)
  return {
    quantile:
      density *
      (-h +
        (h * (-s * s + 6 * s - 3) * excessKurtosis) / 24 +
        ((3 * s - s * s) * skewness) / 6 +
        (h * (-s * s * s + 15 * s * s - 45 * s + 15) * skewness * skewness) / 72),
    skewness: density * ((h * s) / 6 + ((s * s * s - 9 * s * s + 9 * s + 3) * skewness) / 36),
    kurtosis: (density * (s * s - 2 * s - 1)) / 24,
  }
}

function meanProduct(a: readonly number[], b: readonly number[]): number {
  return mean(a.map((value, index) => value * (b[index] as number)))
}

function centered(values: readonly number[]): readonly number[] {
  const center = mean(values)
  return values.map((value) => value - center)
}
