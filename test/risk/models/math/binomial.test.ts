import { expect } from 'chai'
import fc from 'fast-check'
import { crr, TreeProbabilityError } from '../../../../src/risk/models/math/binomial.ts'
import { generalizedBlackScholes, OptionInputError } from '../../../../src/risk/models/math/black76.ts'
import { expectClose } from '../../../support/close.ts'

const stock = { spot: 50, strike: 50, rate: 0.1, dividendYield: 0, volatility: 0.4, time: 5 / 12 }
const within = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true })

describe('crr', () => {
  it('reproduces the trees of J. C. Hull, Options, Futures, and Other Derivatives, to their printed digits', () => {
    const put = { ...stock, right: 'put', exercise: 'american' } as const
    const bySteps = [5, 30, 50, 100, 500].map((steps) => crr({ ...put, steps }))
    expect(bySteps.map((price) => price.toFixed(3))).to.deep.equal(['4.488', '4.263', '4.272', '4.278', '4.283'])
    expect(crr({ ...put, exercise: 'european', steps: 5 }).toFixed(2)).to.equal('4.32')
    const index = { spot: 810, strike: 800, rate: 0.05, dividendYield: 0.02, volatility: 0.2, time: 0.5, steps: 2 }
    expect(crr({ ...index, right: 'call', exercise: 'european' }).toFixed(2)).to.equal('53.39')
    const futures = { spot: 31, strike: 30, rate: 0.05, dividendYield: 0.05, volatility: 0.3, time: 0.75, steps: 3 }
    expect(crr({ ...futures, right: 'put', exercise: 'american' }).toFixed(2)).to.equal('2.84')
    const currency = {
      spot: 0.61,
      strike: 0.6,
      rate: 0.05,
      dividendYield: 0.07,
      volatility: 0.12,
      time: 0.25,
      steps: 3,
    }
    expect(crr({ ...currency, right: 'call', exercise: 'american' }).toFixed(3)).to.equal('0.019')
  })

  it('comes within 0.001 of trees of 10,000 steps (J. Huang, M. Subrahmanyam, G. Yu, 1996, table 1)', () => {
    // Rows by volatility 0.2, 0.3, 0.4 and strike 35, 40, 45; columns by 0.0833, 0.3333, 0.5833 years.
    const table = [
      [0.0062, 0.2004, 0.4328],
      [0.8522, 1.5798, 1.9904],
      [5.0, 5.0883, 5.267],
      [0.0774, 0.6975, 1.2198],
      [1.3099, 2.4825, 3.1696],
      [5.0597, 5.7056, 6.2436],
      [0.2466, 1.346, 2.1549],
      [1.7681, 3.3874, 4.3526],
      [5.2868, 6.5099, 7.383],
    ]
    for (const [row, values] of table.entries()) {
      for (const [column, value] of values.entries()) {
        const price = crr({
          right: 'put',
          exercise: 'american',
          spot: 40,
          strike: 35 + 5 * (row % 3),
          rate: 0.0488,
          dividendYield: 0,
          time: [0.0833, 0.3333, 0.5833][column] as number,
          volatility: 0.2 + 0.1 * Math.floor(row / 3),
          steps: 1_000,
        })
        expect(Math.abs(price - value), `row ${row} column ${column}`).to.be.below(1e-3)
      }
    }
  })

  it('behavior: European trees close in on the formula as 1 / steps', () => {
    for (const right of ['call', 'put'] as const) {
      const option = { ...stock, strike: 55, dividendYield: 0.03, right }
      const exact = generalizedBlackScholes(option)
      for (const steps of [100, 400, 1_600]) {
        expect(Math.abs(crr({ ...option, exercise: 'european', steps }) - exact) * steps).to.be.below(2)
      }
    }
  })

  it('behavior: early exercise adds value, never to a call without yield, and a deep put is worth its pay-off', () => {
    const anyInput = fc.tuple(within(20, 90), within(0, 0.1), within(0, 0.1), within(0.1, 1), within(0.01, 2))
    fc.assert(
      fc.property(anyInput, ([spot, rate, dividendYield, volatility, time]) => {
        const option = { spot, strike: 50, rate, dividendYield, volatility, time, steps: 60 }
        for (const right of ['call', 'put'] as const) {
          const american = crr({ ...option, right, exercise: 'american' })
          expect(american).to.be.at.least(crr({ ...option, right, exercise: 'european' }))
          expect(american).to.be.at.least(right === 'call' ? spot - 50 : 50 - spot)
        }
        const plain = { ...option, right: 'call', dividendYield: 0 } as const
        const european = crr({ ...plain, exercise: 'european' })
        expectClose(crr({ ...plain, exercise: 'american' }), european, 1e-12)
      }),
      { seed: 1, numRuns: 200 },
    )
    const deep = { ...stock, spot: 10, right: 'put', steps: 100 } as const
    expect(crr({ ...deep, exercise: 'american' })).to.equal(40)
  })

  it('behavior: without volatility or time only the path of the forward is left', () => {
    const calm = { ...stock, right: 'put', spot: 45, volatility: 0, steps: 10 } as const
    expect(crr({ ...calm, exercise: 'american' })).to.equal(5)
    expectClose(crr({ ...calm, exercise: 'european' }), generalizedBlackScholes(calm), 1e-13)
    expect(crr({ ...calm, volatility: 0.4, time: 0, exercise: 'european' })).to.equal(5)
  })

  it('error: TreeProbabilityError says how many steps are enough', () => {
    const fast = { ...stock, volatility: 0.01, right: 'call', exercise: 'american' } as const
    expect(() => crr({ ...fast, steps: 10 })).to.throw(TreeProbabilityError, 'more than 42 steps')
    expectClose(crr({ ...fast, steps: 43 }), generalizedBlackScholes(fast), 1e-3)
  })

  it('error: OptionInputError', () => {
    const option = { ...stock, right: 'call', exercise: 'american', steps: 10 } as const
    for (const wrong of [{ steps: 0 }, { steps: 1.5 }, { spot: -1 }, { rate: NaN }, { time: Infinity }]) {
      expect(() => crr({ ...option, ...wrong })).to.throw(OptionInputError)
    }
  })
})
