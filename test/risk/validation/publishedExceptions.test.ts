import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  acceptedExceptions,
  binomialTest,
  exceptionProbabilities,
  firstFailureTest,
  kupiecTest,
} from '../../../src/risk/validation/coverage.ts'
import { reportObservations } from '../../../src/risk/validation/exceptionReport.ts'
import { independenceTest } from '../../../src/risk/validation/independence.ts'
import { chiSquareTest } from '../../../src/risk/validation/likelihoodRatio.ts'
import { trafficLight } from '../../../src/risk/validation/trafficLight.ts'
import { expectClose } from '../../support/close.ts'

const vectors = JSON.parse(readFileSync(new URL('../../vectors/validation/exceptions.json', import.meta.url), 'utf8'))

/** Equal at the digits that were printed: within half a unit of the last one, and the rounding of its own sum. */
function expectPrinted(actual: number | null, printed: string) {
  if (printed === '0') {
    expect(actual).to.equal(0)
    return
  }
  const [mantissa = '', exponent = '0'] = printed.split('e')
  const unit = Number(`1e${Number(exponent) - (mantissa.split('.')[1]?.length ?? 0)}`)
  expectClose(actual ?? Number.NaN, Number(printed), unit * 0.5000001 + 1e-14 * Math.abs(Number(printed)))
}

describe('published back-tests', () => {
  for (const { source, observations, exceptions, confidence, testLevel, ...printed } of vectors.kupiec) {
    it(`Kupiec, ${source}: ${exceptions} of ${observations} at ${confidence}`, () => {
      const result = kupiecTest({ observations, exceptions, probability: 1 - confidence }, { testLevel })
      expectPrinted(result.statistic, printed.statistic)
      if (printed.pValue !== undefined) expectPrinted(result.pValue, printed.pValue)
      expect(result.verdict).to.equal(printed.verdict)
    })
  }
  for (const { source, observations, exceptions, confidence, zScore, tail } of vectors.binomial) {
    it(`binomial, ${source}: ${exceptions} of ${observations}`, () => {
      const result = binomialTest({ observations, exceptions, probability: 1 - confidence })
      expectPrinted(result.zScore, zScore)
      expectPrinted(result.tail, tail)
      expect(result.pValue).to.equal(2 * result.tail)
    })
  }
  for (const { source, observations, first, confidence, ...printed } of vectors.firstFailure) {
    it(`time until first failure, ${source}: day ${first}`, () => {
      const result = firstFailureTest({ observations, first, probability: 1 - confidence })
      expectPrinted(result.statistic, printed.statistic)
      expectPrinted(result.pValue, printed.pValue)
      expect(result.verdict).to.equal(printed.verdict)
    })
  }
  for (const { source, n00, n01, n10, n11, ...printed } of vectors.independence) {
    it(`independence, ${source}: ${n00}, ${n01}, ${n10}, ${n11}`, () => {
      const result = independenceTest({ n00, n01, n10, n11 })
      expectPrinted(result.statistic, printed.statistic)
      expectPrinted(result.pValue, printed.pValue)
      expect(result.verdict).to.equal(printed.verdict)
    })
  }
  for (const {
    source,
    observations,
    exceptions,
    confidence,
    n00,
    n01,
    n10,
    n11,
    ...printed
  } of vectors.conditionalCoverage) {
    it(`conditional coverage, ${source}: ${exceptions} of ${observations}`, () => {
      const coverage = kupiecTest({ observations, exceptions, probability: 1 - confidence })
      const independence = independenceTest({ n00, n01, n10, n11 })
      const result = chiSquareTest((coverage.statistic ?? 0) + (independence.statistic ?? 0), 2)
      expectPrinted(result.statistic, printed.statistic)
      expectPrinted(result.pValue, printed.pValue)
      expect(result.verdict).to.equal(printed.verdict)
    })
  }
  for (const { source, kupiec, timeBetweenFailures, failures, ...printed } of vectors.mixed) {
    it(`times between failures, ${source}: degrees of freedom and p-values`, () => {
      const mixed = chiSquareTest(Number(kupiec) + Number(timeBetweenFailures), failures + 1)
      expectPrinted(mixed.statistic, printed.statistic)
      // The printed ratios are rounded; so much moves the third digit of a p-value.
      expectClose(mixed.pValue ?? 0, Number(printed.pValue), 2e-6)
      expectClose(
        chiSquareTest(Number(timeBetweenFailures), failures).pValue ?? 0,
        Number(printed.independencePValue),
        2e-6,
      )
    })
  }
  for (const { source, observations, confidence, days, ...printed } of vectors.series) {
    it(`a series, ${source}: ${days.length} of ${observations}`, () => {
      const series = Array.from({ length: observations }, (_, day) => ({ pnl: days.includes(day) ? -2 : 0, margin: 1 }))
      const report = reportObservations(series, { confidence })
      expectPrinted(report.kupiec.statistic, printed.kupiec)
      expectPrinted(report.independence.statistic, printed.independence)
      expectPrinted(report.conditionalCoverage.statistic, printed.conditionalCoverage)
      expectPrinted(report.conditionalCoverage.pValue, printed.conditionalCoveragePValue)
    })
  }
  for (const { source, observations, exceptions, confidence, ...printed } of vectors.trafficLight) {
    it(`traffic light, ${source}: ${exceptions} of ${observations}`, () => {
      const light = trafficLight({ observations, exceptions, probability: 1 - confidence })
      expect(light.zone).to.equal(printed.zone)
      expectPrinted(light.cumulative, printed.cumulative)
      expectPrinted(light.typeOneError, printed.typeOneError)
      expectPrinted(light.increase, printed.increase)
    })
  }
  for (const [exceptions, exactly, atLeast, cumulative, zone, increase] of vectors.basel.rows) {
    it(`Basel table: ${exceptions} exceptions are ${zone}`, () => {
      const coverage = { observations: 250, exceptions, probability: 1 - 0.99 }
      const light = trafficLight(coverage)
      expect(light.zone).to.equal(zone)
      expect(light.baselIncrease).to.equal(increase)
      expect((exceptionProbabilities(coverage).exactly * 100).toFixed(1)).to.equal(exactly)
      expect((light.typeOneError * 100).toFixed(1)).to.equal(atLeast)
      expect((light.cumulative * 100).toFixed(2)).to.equal(cumulative)
    })
  }
  for (const [probability, observations, above, below] of vectors.acceptedExceptions.rows) {
    it(`Kupiec region: ${observations} days at ${probability}`, () => {
      const { least, most } = acceptedExceptions({ observations, probability })
      expect(most + 1).to.equal(below)
      if (above !== null) expect(least - 1).to.equal(above)
    })
  }
  for (const { source, observations, exceptions, confidence, atLeast } of vectors.exceptionProbabilities) {
    it(`binomial tail, ${source}: ${exceptions} of ${observations}`, () => {
      expectPrinted(exceptionProbabilities({ observations, exceptions, probability: 1 - confidence }).atLeast, atLeast)
    })
  }
})
