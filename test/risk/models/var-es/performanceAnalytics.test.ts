import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Estimator } from '../../../../src/risk/models/var-es/parameters.ts'
import { varEsModel } from '../../../../src/risk/models/var-es/varEs.ts'
import { expectClose } from '../../../support/close.ts'
import { plain, returnsBook } from './support.ts'

type Vectors = {
  returns: Record<string, number[]>
  valueAtRisk: Record<string, Record<string, string>>
  ratios: Record<string, Record<string, string>>
  eventDriven: Record<string, string>
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/models/var-es/performance-analytics.json', import.meta.url), 'utf8'),
)

const estimators: Record<string, Estimator> = {
  historical: { kind: 'historical' },
  gaussian: { kind: 'delta-normal', covariance: { kind: 'sample', moments: 'population', center: 'mean' } },
  modified: { kind: 'cornish-fisher', monotone: false, limits: null },
}

const seriesOf = (name: string) => (vectors.returns[name] as number[]).map((value) => value / 1e4)

/** VaR and ES of an amount of one in the index. */
function tail(name: string, method: string, confidence: number) {
  const { initialMargin, maintenanceMargin } = varEsModel.calculate({
    book: returnsBook({ [name]: seriesOf(name) }, [1]),
    parameters: plain(estimators[method] as Estimator, {
      mean: 'sample',
      initial: { measure: 'var', confidence },
      maintenance: { measure: 'es', confidence },
    }),
  })
  return { valueAtRisk: initialMargin, expectedShortfall: maintenanceMargin }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('var-es against PerformanceAnalytics', () => {
  for (const [label, published] of Object.entries(vectors.valueAtRisk)) {
    const [method = '', confidence] = label.split(' ')
    for (const [name, value] of Object.entries(published)) {
      it(`behavior: VaR ${label} of ${name}`, () => {
        const { valueAtRisk } = tail(name, method, Number(confidence))
        expect(Number((-valueAtRisk).toPrecision(7))).to.equal(Number(value))
      })
    }
  }

  for (const [label, key] of [
    ['modified VaR 0.95', 'valueAtRisk'],
    ['modified ES 0.95', 'expectedShortfall'],
  ] as const) {
    for (const [name, value] of Object.entries(vectors.ratios[label] as Record<string, string>)) {
      it(`behavior: mean excess return over ${label} of ${name}`, () => {
        const ratio = (mean(seriesOf(name)) - 0.04 / 12) / tail(name, 'modified', 0.95)[key]
        expectClose(ratio, Number(value), 0.51 * 10 ** -(value.length - 2))
      })
    }
  }

  it('behavior: ratios of Event Driven', () => {
    const average = mean(seriesOf('Event Driven'))
    const modified = tail('Event Driven', 'modified', 0.95)
    expectClose(average / modified.valueAtRisk, 0.2710161, 5e-8)
    expectClose(average / modified.expectedShortfall, 0.1289815, 5e-8)
    const gaussian = tail('Event Driven', 'gaussian', 0.95)
    expectClose((average - 0.04 / 12) / gaussian.valueAtRisk, 0.1909461, 5e-8)
  })
})
