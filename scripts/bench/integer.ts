import type { Portfolio } from '../../src/core/portfolio.ts'
import { calculateMargin } from '../../src/risk/plimsoll/calculateMargin.ts'
import { explainMargin } from '../../src/risk/plimsoll/explain/explainMargin.ts'
import { benchMarket, benchOptions, benchParameters, benchPortfolio } from './book.ts'
import { medianCpu } from './medianCpu.ts'
import type { BenchRow } from './row.ts'

const sizes = [16, 32, 64, 128]

/**
 * The integer lane. `integer.1x32x24`: one snapshot of 32 positions and 24 scenarios to its explained margin.
 * `integer.slope`: nanoseconds of the margin alone per further position × scenario, with the r² of the line.
 */
export function integerRows(): readonly BenchRow[] {
  const market = benchMarket()
  const parameters = benchParameters()
  const explain = (portfolio: Portfolio) => () => explainMargin({ portfolio, market, parameters })

  const scenarios = parameters.classes.volatile?.scenarios.length ?? 0
  const points = sizes.map((size) => {
    const portfolio = benchPortfolio(size)
    const milliseconds = medianCpu(() => calculateMargin({ portfolio, market, parameters }), 40)
    return { x: size * scenarios, y: milliseconds * 1e6 }
  })
  const { slope, fit } = leastSquares(points)
  return [
    { name: 'integer.1x32x24', value: round(medianCpu(explain(benchPortfolio(32)), 100)), unit: 'ms', gate: 30 },
    { name: 'integer.1x32x24.options', value: round(medianCpu(explain(benchOptions(32)), 60)), unit: 'ms', gate: 30 },
    {
      name: 'integer.1x32x24.margin',
      value: round(medianCpu(() => calculateMargin({ portfolio: benchPortfolio(32), market, parameters }), 100)),
      unit: 'ms',
    },
    { name: 'integer.slope', value: round(slope), unit: 'ns per position × scenario' },
    { name: 'integer.slope.r2', value: round(fit), unit: '1' },
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
