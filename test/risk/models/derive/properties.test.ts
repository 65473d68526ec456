import { expect } from 'chai'
import fc from 'fast-check'
import { type Book, type BookPosition, parseBook } from '../../../../src/core/book.ts'
import { InvalidInputError, MissingMarketDataError } from '../../../../src/core/errors.ts'
import { derivePmrm } from '../../../../src/risk/models/derive/pmrm.ts'
import { derivePmrm2 } from '../../../../src/risk/models/derive/pmrm2.ts'
import { skewMultiplier } from '../../../../src/risk/models/derive/skew.ts'
import { deriveSrm } from '../../../../src/risk/models/derive/srm.ts'
import { UnmodeledPositionError } from '../../../../src/risk/models/errors.ts'
import type { ModelMargin } from '../../../../src/risk/models/model.ts'
import { expectClose } from '../../../support/close.ts'

const asOf = 1_700_000_000
const day = 86_400
const market = (changes: object = {}) => ({
  underlyings: {
    ETH: {
      price: 2000,
      perpetual: { price: 2002 },
      forwards: [
        { expiry: asOf + 7 * day, price: 2004, rate: 0.04 },
        { expiry: asOf + 90 * day, price: 2030, rate: 0.05 },
      ],
      smiles: [{ kind: 'flat', volatility: 0.7 }],
      ...changes,
    },
  },
})

const bookOf = (positions: readonly unknown[], changes: object = {}, currencies: object = {}): Book =>
  parseBook(
    JSON.stringify({
      schema: 'plimsoll-book/1',
      portfolio: { asOf, quote: 'USD', positions },
      market: { ...market(changes), currencies },
    }),
  )

const pmrm2Defaults = {
  ...derivePmrm2.defaults,
  collaterals: { ETH: { riskCancelling: true, maintenanceHaircut: 0.02, initialHaircut: 0.01 } },
}

const models: readonly (readonly [name: string, run: (book: Book) => ModelMargin])[] = [
  ['derive-pmrm', (book) => derivePmrm.calculate({ book, parameters: derivePmrm.defaults })],
  ['derive-pmrm-2', (book) => derivePmrm2.calculate({ book, parameters: pmrm2Defaults })],
  ['derive-srm', (book) => deriveSrm.calculate({ book, parameters: deriveSrm.defaults })],
]

const contracts = fc.constantFrom(
  ...[7, 90].flatMap((days) =>
    (['call', 'put'] as const).flatMap((right) =>
      [1500, 2000, 2600].map((strike) => ({
        kind: 'option' as const,
        underlying: 'ETH',
        right,
        strike,
        expiry: asOf + days * day,
      })),
    ),
  ),
)
const option = fc
  .tuple(contracts, fc.integer({ min: -20, max: 20 }))
  .map(([contract, amount]) => ({ ...contract, amount }))
const other = fc.oneof(
  fc
    .integer({ min: -5, max: 5 })
    .map((amount): Sized => ({ kind: 'perpetual', underlying: 'ETH', amount, entry: 1950 })),
  fc.integer({ min: 0, max: 5 }).map((amount): Sized => ({ kind: 'spot', underlying: 'ETH', amount })),
  fc.integer({ min: -9000, max: 9000 }).map((amount): Sized => ({ kind: 'cash', currency: 'USDC', amount })),
)
type Sized = BookPosition & { readonly amount: number }
const positions: fc.Arbitrary<Sized[]> = fc.array(fc.oneof(option, other), { maxLength: 8 })

describe('derive models', () => {
  for (const [name, run] of models) {
    it(`${name}: lines sum to the requirement and the order of positions does not matter`, () => {
      fc.assert(
        fc.property(positions, (list) => {
          const result = run(bookOf(list))
          const scale = 1 + Math.abs(result.initialMargin) + Math.abs(result.equity)
          const sum = (key: 'initial' | 'maintenance') => result.lines.reduce((total, line) => total + line[key], 0)
          expectClose(sum('initial'), result.initialMargin, 1e-9 * scale)
          expectClose(sum('maintenance'), result.maintenanceMargin, 1e-9 * scale)
          expect(result.maintenanceMargin).to.be.at.most(result.initialMargin + 1e-9 * scale)
          const reversed = run(bookOf(list.toReversed()))
          expectClose(reversed.free.initial, result.free.initial, 1e-8 * scale)
          expectClose(reversed.free.maintenance, result.free.maintenance, 1e-8 * scale)
        }),
        { numRuns: 50 },
      )
    })

    it(`${name}: a position of nothing changes nothing, and cash is worth its face`, () => {
      fc.assert(
        fc.property(positions, contracts, (list, contract) => {
          const plain = run(bookOf(list))
          const more = run(
            bookOf([...list, { ...contract, amount: 0 }, { kind: 'cash', currency: 'USDC', amount: 100 }]),
          )
          const scale = 1 + Math.abs(plain.free.initial)
          expectClose(more.free.initial - plain.free.initial, 100, 1e-8 * scale)
          expectClose(more.initialMargin, plain.initialMargin, 1e-8 * scale)
        }),
        { numRuns: 30 },
      )
    })

    it(`${name}: grows in proportion with the book`, () => {
      fc.assert(
        fc.property(positions, fc.integer({ min: 2, max: 9 }), (list, factor) => {
          const one = run(bookOf(list))
          const many = run(bookOf(list.map((position) => ({ ...position, amount: position.amount * factor }))))
          const scale = factor * (1 + Math.abs(one.free.initial))
          expectClose(many.free.initial, factor * one.free.initial, 1e-8 * scale)
          expectClose(many.free.maintenance, factor * one.free.maintenance, 1e-8 * scale)
        }),
        { numRuns: 30 },
      )
    })

    it(`${name}: refuses what it does not cover`, () => {
      const refused: readonly unknown[] = [
        { kind: 'future', underlying: 'ETH', amount: 1, years: 0.1 },
        { kind: 'perpetual', underlying: 'ETH', amount: 1, payoff: 'inverse' },
        { kind: 'spot', underlying: 'ETH', amount: -1 },
        { kind: 'cash', currency: 'EUR', amount: 1 },
        { kind: 'option', underlying: 'ETH', right: 'put', strike: 1900, amount: 1, years: 0.1, style: 'american' },
      ]
      for (const position of refused) expect(() => run(bookOf([position]))).to.throw(UnmodeledPositionError)
      const noVolatility = { kind: 'option', underlying: 'ETH', right: 'put', strike: 1900, amount: -1, years: 0.1 }
      expect(() => run(bookOf([noVolatility], { smiles: [] }))).to.throw(MissingMarketDataError)
    })
  }

  for (const [name, run] of models.slice(0, 2)) {
    it(`${name}: positions add up to the scenario, and the lowest result binds`, () => {
      fc.assert(
        fc.property(positions, (list) => {
          const { scenarios, worst, details } = run(bookOf(list))
          for (const { pnl, pnlByPosition } of scenarios) {
            expect(pnlByPosition?.length).to.equal(list.length)
            expect((pnlByPosition ?? []).reduce((sum, part) => sum + part, 0)).to.equal(pnl)
          }
          const lowest = Math.min(details.basisContingency as number, ...scenarios.map(({ pnl }) => pnl))
          expect(worst[0]?.loss).to.equal(-lowest)
          const { index } = details.worst as { readonly index: number }
          expect(index <= scenarios.length && (scenarios[index]?.pnl ?? details.basisContingency) === lowest).to.equal(
            true,
          )
        }),
        { numRuns: 30 },
      )
    })

    it(`${name}: charges more when a scenario is added, a confidence falls or the peg breaks`, () => {
      fc.assert(
        fc.property(positions, (list) => {
          const base = run(bookOf(list)).initialMargin
          const scale = 1e-9 * (1 + base)
          expect(run(bookOf(list, { confidence: 0.3 })).initialMargin).to.be.at.least(base - scale)
          // Collateral is restated in the cheaper unit, where it also covers more of a perpetual that it hedges.
          const derivatives = list.filter(({ kind }) => kind !== 'spot')
          const pegged = run(bookOf(derivatives)).initialMargin
          const depegged = run(bookOf(derivatives, {}, { USDC: { price: 0.97 } })).initialMargin
          expect(depegged).to.be.at.least(pegged - 1e-9 * (1 + pegged))
        }),
        { numRuns: 30 },
      )
      const book = bookOf([
        { kind: 'option', underlying: 'ETH', right: 'call', strike: 2000, amount: -3, expiry: asOf + 7 * day },
      ])
      const fewer = (count: number) =>
        name === 'derive-pmrm'
          ? derivePmrm.calculate({
              book,
              parameters: { ...derivePmrm.defaults, scenarios: derivePmrm.defaults.scenarios.slice(0, count) },
            })
          : derivePmrm2.calculate({
              book,
              parameters: { ...pmrm2Defaults, scenarios: pmrm2Defaults.scenarios.slice(0, count) },
            })
      let last = 0
      for (let count = 1; count <= 23; count++) {
        const { initialMargin } = fewer(count)
        expect(initialMargin).to.be.at.least(last)
        last = initialMargin
      }
    })

    it(`${name}: a trusted assessor sees the basis scenarios and the maintenance margin`, () => {
      const book = bookOf([{ kind: 'perpetual', underlying: 'ETH', amount: 2 }])
      const { details, equity } = run(book)
      const { worst, margin } = details.trustedAssessor as {
        readonly worst: { readonly pnl: number }
        readonly margin: number
      }
      const spotDown = name === 'derive-pmrm' ? 0.95 : 0.955
      expectClose(worst.pnl, 2 * 2002 * (spotDown - 1), 1e-9)
      const factor = name === 'derive-pmrm' ? 1 : 0.8
      expectClose(margin, worst.pnl * factor - 0.03 * 2 * 2000 + equity, 1e-9)
    })
  }

  it('derive-pmrm-2 takes the worst skew of each expiry alone', () => {
    const list = [
      { kind: 'option', underlying: 'ETH', right: 'put', strike: 1500, amount: -5, expiry: asOf + 7 * day },
      { kind: 'option', underlying: 'ETH', right: 'put', strike: 1500, amount: 9, expiry: asOf + 90 * day },
    ]
    const skew = (positionsOf: readonly unknown[], id: string) =>
      derivePmrm2
        .calculate({ book: bookOf(positionsOf), parameters: pmrm2Defaults })
        .scenarios.find((scenario) => scenario.id.includes(id))?.pnl ?? Number.NaN
    for (const id of ['linear', 'absolute']) {
      expectClose(skew(list, id), skew(list.slice(0, 1), id) + skew(list.slice(1), id), 1e-9)
      expect(skew(list, id)).to.be.below(0)
    }
  })

  it('derive-pmrm-2 charges for each feed of an option that is not sure, alone', () => {
    const positions = [
      { kind: 'option', underlying: 'ETH', right: 'call', strike: 2000, expiry: asOf + 7 * day, amount: -1 },
      { kind: 'option', underlying: 'ETH', right: 'put', strike: 2000, expiry: asOf + 90 * day, amount: 2 },
    ]
    const [near, far] = market().underlyings.ETH.forwards
    const free = (changes: object) =>
      derivePmrm2.calculate({ book: bookOf(positions, changes), parameters: pmrm2Defaults }).free
    const { confidence } = pmrm2Defaults
    const low = confidence.threshold / 2
    const sure = free({})
    for (const field of ['confidence', 'rateConfidence', 'volatilityConfidence']) {
      const unsure = free({ forwards: [near, { ...far, [field]: low }] })
      expectClose(sure.initial - unsure.initial, (1 - low) * confidence.factor * 2 * 2000, 1e-9, field)
      expect(unsure.maintenance, field).to.equal(sure.maintenance)
    }
    const all = free({ confidence: low })
    expectClose(sure.initial - all.initial, (1 - low) * confidence.factor * 3 * 2000, 1e-9, 'spot')
  })

  it('derive-pmrm-2 behavior: basis moves to nothing and skews without width stay finite', () => {
    const parameters = {
      ...pmrm2Defaults,
      basis: { ...pmrm2Defaults.basis, spotDown: 0 },
      skew: { ...pmrm2Defaults.skew, minKStar: 0, widthScale: 0 },
      scenarios: [
        { spot: 1, volatility: 'linear' as const, dampening: 1 },
        { spot: 1, volatility: 'absolute' as const, dampening: 1 },
      ],
    }
    const option = { kind: 'option', underlying: 'ETH', right: 'call', expiry: asOf + 7 * day, amount: 1 }
    const at = { strike: 2004, forward: 2004, years: 0.5 }
    expect(skewMultiplier(parameters, 'linear', at).multiplier).to.equal(1)
    const { cap, multiplier } = skewMultiplier(parameters, 'linear', { ...at, strike: 2005 })
    expect(multiplier).to.equal(1 + cap)
    const positions = [1500, 2004, 2600].map((strike) => ({ ...option, strike }))
    const { scenarios, details } = derivePmrm2.calculate({ book: bookOf(positions), parameters })
    for (const { pnl } of scenarios) expect(pnl).to.be.finite
    const { basisContingency, markToMarket } = details as unknown as {
      basisContingency: number
      markToMarket: { options: number }
    }
    const factor = parameters.basis.addFactor + (parameters.basis.multFactor * 7) / 365
    expectClose(basisContingency, -markToMarket.options * factor, 1e-9)
  })

  it('derive-pmrm-2 behavior: without a floor on the term an expired option keeps its pay-off', () => {
    const { volatility } = pmrm2Defaults
    const positions = [{ kind: 'option', underlying: 'ETH', right: 'put', strike: 2500, expiry: asOf, amount: -1 }]
    const book = bookOf(positions, { forwards: [{ expiry: asOf, price: 2004, rate: 0 }] })
    const free = (termFloor: number) =>
      derivePmrm2.calculate({ book, parameters: { ...pmrm2Defaults, volatility: { ...volatility, termFloor } } }).free
    expect(free(0)).to.deep.equal(free(day))
  })

  it('derive-pmrm-2 needs the haircuts of every collateral', () => {
    const book = bookOf([{ kind: 'spot', underlying: 'ETH', asset: 'weETH', price: 2100, amount: 1 }])
    expect(() => derivePmrm2.calculate({ book, parameters: derivePmrm2.defaults })).to.throw(
      MissingMarketDataError,
      'weETH',
    )
  })

  it('managers cover one market', () => {
    const two = {
      schema: 'plimsoll-book/1',
      portfolio: {
        asOf,
        quote: 'USD',
        positions: [
          { kind: 'perpetual', underlying: 'ETH', amount: 1 },
          { kind: 'perpetual', underlying: 'BTC', amount: 1 },
        ],
      },
      market: { underlyings: { ETH: { price: 2000 }, BTC: { price: 40_000 } } },
    }
    const parsed = parseBook(JSON.stringify(two))
    expect(() => derivePmrm.calculate({ book: parsed, parameters: derivePmrm.defaults })).to.throw(
      UnmodeledPositionError,
      'derivatives on BTC',
    )
    expectClose(deriveSrm.calculate({ book: parsed, parameters: deriveSrm.defaults }).initialMargin, 4200, 1e-9)
    const none = parseBook(JSON.stringify({ ...two, portfolio: { ...two.portfolio, positions: [] } }))
    expect(() => derivePmrm.calculate({ book: none, parameters: derivePmrm.defaults })).to.throw(InvalidInputError)
    const named = { ...derivePmrm.defaults, underlying: 'ETH' }
    expect(derivePmrm.calculate({ book: none, parameters: named }).initialMargin).to.equal(0)
  })
})
