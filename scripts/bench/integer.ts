import type { Portfolio } from '../../src/core/portfolio.ts'
import { calculateMargin } from '../../src/risk/plimsoll/calculateMargin.ts'
import { explainMargin } from '../../src/risk/plimsoll/explain/explainMargin.ts'
import { benchMarket, benchOptions, benchParameters, benchPortfolio } from './book.ts'
import { medianCpu } from './medianCpu.ts'
import type { BenchRow } from './row.ts'

// Beyond 128 positions the options of the book repeat their contracts and net.
const sizes = [16, 32, 64, 128]

/**
 * The integer lane. `integer.1x32x24`: one snapshot of 32 positions and 24 scenarios to its explained margin.
 * `integer.slope`: nanoseconds per further position × scenario, of the margin alone and with its explanation, each with the r² of
 * the line and with its growth: the time of 128 positions over four times that of 32, which is 1 when linear.
 *
 * The margin alone is linear in positions × scenarios. In the explanation the margin without each claim is not: it applies the
 * rule of the claim's venue account anew, whose cost is what that account holds times scenarios, and the minimum lines look at
 * every other claim once. Prices and P&L of the other claims and accounts are reused. The growth says what that comes to.
 */
export function integerRows(): readonly BenchRow[] {
  const market = benchMarket()
  const parameters = benchParameters()
  const margin = (portfolio: Portfolio) => () => calculateMargin({ portfolio, market, parameters })
  const explain = (portfolio: Portfolio) => () => explainMargin({ portfolio, market, parameters })

  const scenarios = parameters.classes.volatile?.scenarios.length ?? 0
  const slopeRows = (suffix: string, run: typeof margin, times: number): readonly BenchRow[] => {
    const points = sizes.map((size) => ({
      x: size * scenarios,
      y: medianCpu(run(benchPortfolio(size)), times) * 1e6,
    }))
    const { slope, fit } = leastSquares(points)
    const at = (size: number) => points[sizes.indexOf(size)]?.y ?? Number.NaN
    return [
      { name: `integer.slope${suffix}`, value: round(slope), unit: 'ns per position × scenario' },
      { name: `integer.slope${suffix}.r2`, value: round(fit), unit: '1' },
      { name: `integer.slope${suffix}.growth`, value: round(at(128) / (4 * at(32))), unit: '1' },
    ]
  }
  const slopes = [...slopeRows('', margin, 40), ...slopeRows('.explained', explain, 20)]
  return [
    { name: 'integer.1x32x24', value: round(medianCpu(explain(benchPortfolio(32)), 100)), unit: 'ms', gate: 30 },
    { name: 'integer.1x32x24.options', value: round(medianCpu(explain(benchOptions(32)), 60)), unit: 'ms', gate: 30 },
    { name: 'integer.1x32x24.margin', value: round(medianCpu(margin(benchPortfolio(32)), 100)), unit: 'ms' },
    ...slopes,
  ]
}

function leastSquares(points: readonly { readonly x: number; readonly y: number }[]) {
  const mean = (value: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + value(point), 0) / points.length
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)]
  const covariance = mean((point) => (point.x - x) * (point.y - y))
  const [varianceX, varianceY] = [mean((point) => (point.x - x) ** 2), mean((point) => (point.y - y) ** 2)]
  return { slope: covariance / varianceX, fit: covariance ** 2 / (varianceX * varianceY) }
}

const round = (value: number) => Math.round(value * 1000) / 1000
