import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { firstFailureTest, kupiecTest } from '../../../src/risk/validation/coverage.ts'
import {
  durationsOf,
  mixedKupiecTest,
  summarizeDurations,
  timeBetweenFailuresTest,
} from '../../../src/risk/validation/durations.ts'
import { dynamicQuantileTest } from '../../../src/risk/validation/dynamicQuantile.ts'
import { reportObservations } from '../../../src/risk/validation/exceptionReport.ts'
import { expectedShortfallTest } from '../../../src/risk/validation/expectedShortfall.ts'
import { conditionalCoverageTest, independenceTest, transitionsOf } from '../../../src/risk/validation/independence.ts'
import { weibullDurationTest } from '../../../src/risk/validation/weibullDuration.ts'
import { expectClose } from '../../support/close.ts'

const series = fc.array(fc.boolean(), { minLength: 2, maxLength: 80 })
const days = (length: number, exceptions: readonly number[]) =>
  Array.from({ length }, (_, day) => exceptions.includes(day))

describe('tests of exceptions', () => {
  it('behavior: ratios are not negative, p-values are probabilities, joint tests add up', () => {
    fc.assert(
      fc.property(series, fc.double({ min: 0.001, max: 0.5, noNaN: true }), (exceptions, probability) => {
        const count = exceptions.filter(Boolean).length
        const coverage = kupiecTest({ observations: exceptions.length, exceptions: count, probability })
        const independence = independenceTest(transitionsOf(exceptions))
        const both = conditionalCoverageTest(exceptions, probability)
        const between = timeBetweenFailuresTest(exceptions, probability)
        const mixed = mixedKupiecTest(exceptions, probability)
        for (const { statistic, pValue } of [coverage, independence, both, between, mixed]) {
          if (statistic === null) continue
          expect(statistic).to.be.at.least(0)
          expect(pValue).to.be.within(0, 1)
        }
        expectClose(both.statistic as number, (coverage.statistic as number) + (independence.statistic as number), 1e-9)
        if (count > 0) {
          expectClose(mixed.statistic as number, (coverage.statistic as number) + (between.statistic as number), 1e-9)
          expect([between.degrees, mixed.degrees]).to.deep.equal([count, count + 1])
        }
      }),
    )
  })
  it('behavior: durations lead from exception to exception', () => {
    expect(durationsOf(days(10, [2, 3, 7]))).to.deep.equal([3, 1, 4])
    expect(durationsOf(days(4, []))).to.deep.equal([])
    expect(summarizeDurations([])).to.equal(null)
    expect(summarizeDurations([4])).to.include({ least: 4, median: 4, most: 4 })
    expect(summarizeDurations([1, 2, 3, 4])).to.deep.equal({
      ...{ least: 1, lowerQuartile: 1.5, median: 2.5, upperQuartile: 3.5, most: 4 },
    })
  })
  it('behavior: one exception makes the times between failures the time until the first', () => {
    const exceptions = days(300, [41])
    const first = firstFailureTest({ observations: 300, first: 42, probability: 0.01 })
    expect(timeBetweenFailuresTest(exceptions, 0.01)).to.deep.equal(first)
  })
  it('behavior: without a failure the model is undecided until any would come too late', () => {
    const none = (observations: number) => firstFailureTest({ observations, first: null, probability: 0.01 })
    expect(none(100)).to.deep.equal({ statistic: null, degrees: 1, pValue: null, verdict: 'accept' })
    expect(none(437).statistic).to.equal(null)
    expect(none(439)).to.include({ verdict: 'reject' })
    expect(none(439).statistic).to.be.greaterThan(3.84)
  })
  it('behavior: an exception on the first day has the ratio −2 ln p', () => {
    expectClose(
      firstFailureTest({ observations: 10, first: 1, probability: 0.05 }).statistic as number,
      -2 * Math.log(0.05),
      1e-14,
    )
  })
  it('behavior: clusters fail independence, an even spread does not', () => {
    const spread = days(500, [50, 150, 250, 350, 450])
    const cluster = days(500, [250, 251, 252, 253, 254])
    expect(independenceTest(transitionsOf(spread)).verdict).to.equal('accept')
    expect(independenceTest(transitionsOf(cluster)).verdict).to.equal('reject')
    const margins = spread.map((_, day) => 1 + (day % 7))
    const quantile = (exceptions: readonly boolean[]) => dynamicQuantileTest({ exceptions, margins, probability: 0.01 })
    expect(quantile(spread)).to.include({ verdict: 'accept', degrees: 6 })
    expect(quantile(cluster)).to.include({ verdict: 'reject', degrees: 6 })
  })
  it('behavior: the dynamic quantile statistic is that of the regression written out', () => {
    const exceptions = days(12, [3, 4, 9])
    const margins = exceptions.map((_, day) => 1 + ((day * 5) % 7))
    const probability = 0.25
    const { statistic, degrees } = dynamicQuantileTest({ exceptions, margins, probability }, { lags: 1 })
    const hits = exceptions.map((exception) => Number(exception) - probability)
    const rows = hits
      .slice(1)
      .map((hit, index) => ({ y: hit, x: [1, hits[index] as number, margins[index + 1] as number] }))
    const moment = (f: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + f(row), 0)
    const at = (row: (typeof rows)[number], index: number) => row.x[index] as number
    const a = [0, 1, 2].map((i) => [0, 1, 2].map((j) => moment((row) => at(row, i) * at(row, j))))
    const b = [0, 1, 2].map((i) => moment((row) => at(row, i) * row.y))
    const solution = solve(a, b)
    const explained = b.reduce((sum, value, index) => sum + value * (solution[index] as number), 0)
    expect(degrees).to.equal(3)
    expectClose(statistic as number, explained / (probability * (1 - probability)), 1e-10)
  })
  it('behavior: a margin that never changes costs no degree of freedom', () => {
    const exceptions = days(100, [10, 60])
    expect(dynamicQuantileTest({ exceptions, margins: exceptions.map(() => 5), probability: 0.01 }).degrees).to.equal(5)
  })
  it('behavior: expected shortfall that holds has statistics of zero', () => {
    const observations = Array.from({ length: 200 }, (_, day) => ({ pnl: day < 2 ? -4 : 1, var: 3, es: 4 }))
    const { conditional, unconditional, verdict } = expectedShortfallTest(observations, { probability: 0.01 })
    expect([conditional, verdict]).to.deep.equal([0, 'accept'])
    expectClose(unconditional, 0, 1e-12)
    const deep = observations.map(({ pnl, ...rest }) => ({ ...rest, pnl: pnl * 2 }))
    expect(expectedShortfallTest(deep, { probability: 0.01 })).to.include({ conditional: -1, verdict: 'reject' })
  })
  it('behavior: clusters have a Weibull shape below 1 and are rejected, equal stretches one above', () => {
    const clustered = days(500, [50, 51, 52, 53, 54, 200, 201, 202, 203, 204, 400, 401, 402, 403, 404])
    const clusters = weibullDurationTest(clustered)
    expect(clusters.verdict).to.equal('reject')
    expect(clusters.shape).to.be.lessThan(0.7)
    const equal = weibullDurationTest(days(500, [40, 80, 120, 160, 200, 240, 280, 320, 360, 400, 440, 480]))
    expect(equal.shape).to.be.greaterThan(2)
    expect(weibullDurationTest(days(500, [3, 8]))).to.include({ shape: null, verdict: 'accept' })
    expect(weibullDurationTest([])).to.include({ shape: null })
  })
  it('behavior: the Weibull statistic is twice the gain of the best shape, its likelihood written out', () => {
    const at = [3, 4, 6, 17, 18, 44, 70, 71]
    const { statistic, shape } = weibullDurationTest(days(90, at))
    const complete = at.slice(1).map((day, index) => day - (at[index] as number))
    const censored = [at[0] as number, 90 - (at.at(-1) as number)].map((stretch, index) =>
      index === 0 ? stretch + 1 : stretch - 1,
    )
    const likelihood = (b: number) => {
      const a = (complete.length / [...complete, ...censored].reduce((sum, d) => sum + d ** b, 0)) ** (1 / b)
      const density = (d: number) => b * Math.log(a) + Math.log(b) + (b - 1) * Math.log(d) - (a * d) ** b
      return complete.reduce((sum, d) => sum + density(d), 0) - censored.reduce((sum, d) => sum + (a * d) ** b, 0)
    }
    const shapes = Array.from({ length: 20_000 }, (_, index) => 0.05 + index / 5_000)
    const best = shapes.reduce((most, b) => (likelihood(b) > likelihood(most) ? b : most))
    expectClose(shape as number, best, 2e-4)
    expectClose(statistic as number, 2 * (likelihood(best) - likelihood(1)), 1e-6)
  })
  it('behavior: a loss equal to the margin is none too many', () => {
    const report = reportObservations(
      [
        { pnl: -5, margin: 5 },
        { pnl: -5.1, margin: 5 },
      ],
      { confidence: 0.99 },
    )
    expect(report).to.include({ observations: 2, exceptions: 1 })
    expect(report.firstFailure.day).to.equal(2)
  })
  it('error: counts that cannot be', () => {
    const refused = (observations: number, exceptions: number, probability: number) =>
      expect(() => kupiecTest({ observations, exceptions, probability })).to.throw(InvalidInputError)
    refused(0, 0, 0.01)
    refused(10, 11, 0.01)
    refused(10, 1.5, 0.01)
    refused(10, 1, 0)
    refused(10, 1, 1)
    expect(() => reportObservations([{ pnl: Number.NaN, margin: 1 }], { confidence: 0.9 })).to.throw('Observation 1')
    expect(() => expectedShortfallTest([], { probability: 0.01 })).to.throw(InvalidInputError)
    expect(() => dynamicQuantileTest({ exceptions: [true], margins: [], probability: 0.1 })).to.throw('0 margins')
  })
  it('behavior: nothing here uses a function whose result the language leaves open', () => {
    const folder = new URL('../../../src/risk/validation/', import.meta.url)
    const files = readdirSync(folder)
    expect(files).to.include('coverage.ts')
    for (const file of files) {
      const code = readFileSync(new URL(file, folder), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
      const used = [...code.matchAll(/Math\.(\w+)/g)].map((match) => match[1])
      expect(
        used.filter((name) => !['abs', 'floor', 'max', 'min', 'round', 'sign', 'sqrt'].includes(name ?? '')),
        file,
      ).to.deep.equal([])
      expect(code, file).not.to.match(/\*\*|\bDate\b|process\.|console\.|performance\./)
    }
  })
})

/** Solves a small linear system by Gauss with pivots. */
function solve(a: readonly (readonly number[])[], b: readonly number[]): readonly number[] {
  const rows = a.map((row, index) => [...row, b[index] as number])
  for (let column = 0; column < rows.length; column++) {
    const pivot = rows
      .slice(column)
      .reduce((best, row) => (Math.abs(row[column] as number) > Math.abs(best[column] as number) ? row : best))
    rows.splice(rows.indexOf(pivot), 1)
    rows.splice(column, 0, pivot)
    for (const row of rows) {
      if (row === pivot) continue
      const factor = (row[column] as number) / (pivot[column] as number)
      for (let index = column; index < row.length; index++)
        row[index] = (row[index] as number) - factor * (pivot[index] as number)
    }
  }
  return rows.map((row, index) => (row.at(-1) as number) / (row[index] as number))
}
