import { expect } from 'chai'
import type { Book, BookPosition } from '../../../../src/core/book.ts'
import { InvalidInputError } from '../../../../src/core/errors.ts'
import { UnmodeledPositionError } from '../../../../src/risk/models/errors.ts'
import { crr } from '../../../../src/risk/models/math/binomial.ts'
import { type TimsParameters, valuationPoints } from '../../../../src/risk/models/tims/parameters.ts'
import { timsModel } from '../../../../src/risk/models/tims/tims.ts'
import { expectClose } from '../../../support/close.ts'

const parameters: TimsParameters = {
  schema: 'plimsoll-model/1',
  model: 'tims',
  name: 'test',
  pointsPerSide: 5,
  steps: 100,
  minimumPerContract: { option: 0.375, future: 0.375 },
  classes: {
    A: { range: { down: 0.1, up: 0.1 }, productGroup: 'near' },
    B: { range: { down: 0.1, up: 0.1 }, productGroup: 'near' },
    C: { range: { down: 0.1, up: 0.1 }, productGroup: 'far' },
  },
  otherClasses: { range: { down: 0.15, up: 0.15 } },
  productGroups: { near: { offset: 0.9, portfolioGroup: 'all' }, far: { offset: 0.9, portfolioGroup: 'all' } },
  portfolioGroups: { all: { offset: 0.5 } },
}

function calculate(positions: readonly BookPosition[], more: Partial<TimsParameters> = {}) {
  const names = positions.flatMap((position) => ('underlying' in position ? [position.underlying] : []))
  const book: Book = {
    schema: 'plimsoll-book/1',
    portfolio: { asOf: 0, quote: 'USD', positions: [...positions] },
    market: { underlyings: Object.fromEntries(names.map((name) => [name, { price: 100, rate: 0.05 }])) },
  }
  return timsModel.calculate({ book, parameters: { ...parameters, ...more } })
}

const share = (underlying: string, amount: number): BookPosition => ({ kind: 'spot', underlying, amount })

describe('TIMS valuation points', () => {
  it('are equidistant on each side, without zero', () => {
    const points = valuationPoints({ range: { down: 0.08, up: 0.06 } }, 5)
    const percent = points.map((point) => Math.round(point * 1e6) / 1e4)
    expect(percent).to.deep.equal([-8, -6.4, -4.8, -3.2, -1.6, 1.2, 2.4, 3.6, 4.8, 6])
  })

  it('are wider for leveraged products, and a price does not fall below nothing', () => {
    const points = valuationPoints({ range: { down: 0.4, up: 0.4 }, leverage: 3 }, 2)
    expect(points[0]).to.equal(-1)
    expectClose(points[3], 1.2, 1e-12)
  })
})

describe('TIMS groups', () => {
  it('net a class in full', () => {
    const future: BookPosition = { kind: 'future', underlying: 'S', amount: -100, years: 0 }
    const margin = calculate([share('S', 100), future])
    // Nothing but the minimum of 100 contracts.
    expectClose(margin.maintenanceMargin, 37.5, 1e-9)
    expect(margin.lines.map(({ id }) => id)).to.deep.equal(['S:scan', 'S:contract-minimum'])
    expectClose(margin.lines[1]?.initial, 37.5, 1e-9)
  })

  it('keep classes without a group apart', () => {
    expectClose(calculate([share('S', 10), share('T', -10)]).maintenanceMargin, 300, 1e-9)
  })

  it('count gains within a product group at its offset', () => {
    // At −10 % A loses 100 and B gains 60: 100 − 54. At +10 % B loses 60 and A gains 100: all of it covered.
    const margin = calculate([share('A', 10), share('B', -6)])
    expectClose(margin.maintenanceMargin, 46, 1e-9)
    expect(margin.worst).to.have.lengthOf(1)
    expect(margin.worst[0]).to.include({ group: 'all', scenario: '-10%' })
  })

  it('count gains of a product group in its portfolio group at a lower offset', () => {
    // A loses 100 at −10 %; C gains 60, of which 90 % reach its product group and half of that the portfolio group.
    expectClose(calculate([share('A', 10), share('C', -6)]).maintenanceMargin, 100 - 60 * 0.9 * 0.5, 1e-9)
  })

  it('ask the minimum of all contracts of a group where the scan is below it', () => {
    const option = (amount: number, right: 'call' | 'put'): BookPosition => ({
      kind: 'option',
      underlying: 'A',
      right,
      strike: 100,
      years: 0.5,
      volatility: 0.3,
      multiplier: 100,
      amount,
      style: 'european',
    })
    expect(calculate([option(4, 'call'), option(4, 'put')]).maintenanceMargin).to.equal(8 * 100 * 0.375)
    expect(calculate([option(4, 'call'), option(4, 'put')], { initialRatio: 2 }).initialMargin).to.equal(600)
  })

  it('put an index and its fund in one class, each at its own price and exercise', () => {
    const underlyings = { F: { class: 'A', exercise: 'american' as const } }
    const margin = calculate([share('A', 10), share('F', -10)], { underlyings })
    expectClose(margin.maintenanceMargin, 0, 1e-9)
    expect(Object.keys(margin.details.classes as object)).to.deep.equal(['A'])
  })
})

describe('TIMS values', () => {
  const put = { kind: 'option', underlying: 'S', right: 'put', strike: 110, years: 0.5, amount: -1 } as const

  it('exercise early where the class does', () => {
    const value = (price: number) =>
      crr({
        spot: price,
        strike: 110,
        rate: 0.05,
        dividendYield: 0,
        time: 0.5,
        volatility: 0.2,
        right: 'put',
        exercise: 'american',
        steps: 100,
      })
    const margin = calculate([{ ...put, volatility: 0.2 }])
    expectClose(margin.maintenanceMargin, value(85) - value(100), 1e-9)
    const european = calculate([{ ...put, volatility: 0.2, style: 'european' }])
    expect(european.maintenanceMargin).to.be.below(margin.maintenanceMargin)
  })

  it('imply volatility from the mark, and count the result from the mark', () => {
    const quoted = calculate([{ ...put, volatility: 0.2 }])
    const mark = -(quoted.positions[0]?.value ?? 0)
    const marked = calculate([{ ...put, mark }])
    expectClose(marked.maintenanceMargin, quoted.maintenanceMargin, 1e-6)
    expectClose(
      calculate([{ ...put, volatility: 0.2, mark: mark - 1 }]).maintenanceMargin,
      quoted.maintenanceMargin + 1,
      1e-9,
    )
  })

  it('count options and cash in the equity', () => {
    const margin = calculate([
      { kind: 'cash', currency: 'USD', amount: 50 },
      share('S', 2),
      { ...put, mark: 12, volatility: 0.2 },
    ])
    expect(margin.equity).to.equal(50 + 200 - 12)
    expect(margin.free.initial).to.equal(margin.equity - margin.initialMargin)
  })

  it('are the same for options that are paid in coin or margined daily, which gain nothing by early exercise', () => {
    const futuresStyle = calculate([{ ...put, volatility: 0.2, premium: 'futures' }])
    expect(futuresStyle.positions[0]?.value).to.equal(0)
    expect(futuresStyle.maintenanceMargin).to.be.above(10)
    expect(calculate([{ ...put, volatility: 0.2, payoff: 'inverse' }]).maintenanceMargin).to.be.above(10)
  })
})

describe('TIMS refusals', () => {
  it('name a class or a group that the parameter set does not have', () => {
    const { otherClasses: _, ...strict } = parameters
    const book: Book = {
      schema: 'plimsoll-book/1',
      portfolio: { asOf: 0, quote: 'USD', positions: [share('S', 1)] },
      market: { underlyings: { S: { price: 1 } } },
    }
    expect(() => timsModel.calculate({ book, parameters: strict })).to.throw(UnmodeledPositionError, 'no class S')
    expect(() => calculate([share('A', 1)], { portfolioGroups: {} })).to.throw(InvalidInputError, 'the group all')
  })

  it('hold for liquidity against another underlying, and a mark that no volatility explains', () => {
    const liquidity: BookPosition = {
      kind: 'liquidity',
      underlying: 'A',
      against: 'B',
      liquidity: 1,
      lowerPrice: 0.5,
      upperPrice: 2,
    }
    expect(() => calculate([liquidity, share('B', 1)])).to.throw(UnmodeledPositionError, 'against B')
    const put = { kind: 'option', underlying: 'S', right: 'put', strike: 110, years: 0.5, amount: 1, mark: 9 } as const
    expect(() => calculate([put])).to.throw('no implied volatility')
  })
})
