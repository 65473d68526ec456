import type { Backtest, ChargedSeries } from '../backtest.ts'
import type { CountReport, SeriesReport } from '../risk/validation/exceptionReport.ts'
import type { TestResult } from '../risk/validation/likelihoodRatio.ts'
import { formatMoney } from './modelReport.ts'
import { formatTable } from './table.ts'

/** A back-test for people: what was tested, the tests, and what the margin did. */
export function backtestReport(backtest: Backtest): string {
  const { model, name, requirement, quote, report, worst, window, horizon, interval, synthetic, assumptions } = backtest
  const days = (steps: number) => `${Number(((steps * interval) / 86_400).toPrecision(6))} days`
  return [
    `${model}${name === model ? '' : ` with ${name}`}, ${requirement} margin against losses over ${days(horizon)}, closes of ${days(window)} known${synthetic === null ? '' : ', SYNTHETIC history'}`,
    observationReport(report),
    worst === null
      ? 'No loss was above the margin.'
      : `Deepest shortfall: ${formatMoney(worst.shortfall)} ${quote}, from close ${worst.close} on.`,
    `${chargedTable(backtest.charged, quote)}\nPeak over trough within 250 steps and rises are of the margin at the prices of the book.`,
    assumptions.map((text) => `- ${text}`).join('\n'),
  ].join('\n\n')
}

/** A count of exceptions and what it says. */
export function countReport(report: CountReport): string {
  return [countLine(report), testTable(countRows(report)), lightLine(report)].join('\n\n')
}

/** A series of exceptions and what it says. */
export function observationReport(report: SeriesReport): string {
  const { firstFailure, independence, conditionalCoverage, timeBetweenFailures, mixedKupiec } = report
  return [
    countLine(report),
    testTable([
      ...countRows(report),
      row('first failure (TUFF)', firstFailure),
      row('independence (Christoffersen)', independence),
      row('conditional coverage', conditionalCoverage),
      row('times between failures', timeBetweenFailures),
      row('mixed Kupiec', mixedKupiec),
      row('dynamic quantile', report.dynamicQuantile),
      row('durations (Weibull)', report.weibullDuration),
    ]),
    lightLine(report),
  ].join('\n\n')
}

function countLine({ observations, exceptions, expected, confidence, observedLevel }: CountReport): string {
  const level = (value: number) => `${Number((value * 100).toPrecision(6))} %`
  return `${exceptions} exceptions in ${observations} observations; ${Number(expected.toPrecision(4))} expected at ${level(confidence)}, covered ${level(observedLevel)}`
}

function lightLine({ trafficLight: { zone, cumulative, increase, baselIncrease } }: CountReport): string {
  const addition = zone === 'green' ? '' : `, multiplier + ${(baselIncrease ?? increase).toFixed(2)}`
  return `Traffic light: ${zone} (probability of at most so many ${cumulative.toPrecision(5)}${addition})`
}

type Row = readonly [string, string, string, string, string]

function countRows({ binomial, kupiec }: CountReport): readonly Row[] {
  return [
    row('Kupiec (POF)', kupiec),
    ['binomial (z)', binomial.zScore.toFixed(4), '', binomial.pValue.toPrecision(4), binomial.verdict],
  ]
}

function row(name: string, { statistic, degrees, pValue, verdict }: TestResult): Row {
  return [name, statistic?.toFixed(4) ?? '', `${degrees}`, pValue?.toPrecision(4) ?? '', verdict]
}

function testTable(rows: readonly Row[]): string {
  return formatTable(
    [
      { title: 'test' },
      { title: 'statistic', align: 'right' },
      { title: 'degrees', align: 'right' },
      { title: 'p-value', align: 'right' },
      { title: 'verdict' },
    ],
    rows,
  )
}

function chargedTable(charged: readonly ChargedSeries[], quote: string): string {
  return formatTable(
    [
      { title: 'charged' },
      { title: 'exceptions', align: 'right' },
      { title: `mean ${quote}`, align: 'right' },
      { title: 'peak/trough', align: 'right' },
      { title: 'largest 5-step rise', align: 'right' },
    ],
    charged.map(({ tools, exceptions, meanRequirement, procyclicality: { peakToTrough, largestRise } }) => [
      tools.length === 0 ? 'the model' : `with ${tools.join(', ')}`,
      `${exceptions}`,
      formatMoney(meanRequirement),
      peakToTrough?.toFixed(3) ?? '',
      largestRise.share === null ? formatMoney(largestRise.amount) : `${(largestRise.share * 100).toFixed(1)} %`,
    ]),
  )
}
