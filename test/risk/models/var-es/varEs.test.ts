import { expect } from 'chai'
import fc from 'fast-check'
import type { Book } from '../../../../src/core/book.ts'
import { InvalidInputError, MissingMarketDataError } from '../../../../src/core/errors.ts'
import { stressedSettings, syntheticHistory } from '../../../../src/risk/history/syntheticHistory.ts'
import { UnmodeledPositionError } from '../../../../src/risk/models/errors.ts'
import type { CovarianceRule, Estimator, VarEsParameters } from '../../../../src/risk/models/var-es/parameters.ts'
import { varEsSchema } from '../../../../src/risk/models/var-es/parameters.ts'
import { varEsModel } from '../../../../src/risk/models/var-es/varEs.ts'
import { varEsDefaults } from '../../../../src/risk/models/var-es/varEsDefaults.ts'
import { expectClose } from '../../../support/close.ts'
import { plain, returnsBook } from './support.ts'

type Position = Book['portfolio']['positions'][number]

const drawn = syntheticHistory({
  ...stressedSettings,
  seed: 7,
  closes: 501,
  underlyings: [
    { underlying: 'ETH', price: 2_000, volatility: 0.7 },
    { underlying: 'BTC', price: 40_000, volatility: 0.5 },
  ],
})

const bookOf = (positions: readonly Position[], market: Partial<Book['market']['underlyings']> = {}): Book => ({
  schema: 'plimsoll-book/1',
  portfolio: { asOf: 0, quote: 'USD', positions: [...positions] },
  market: {
    underlyings: {
      ETH: { price: 2_000, history: drawn.ETH },
      BTC: { price: 40_000, history: drawn.BTC },
      ...(market as Book['market']['underlyings']),
    },
  },
})

const spot = (underlying: string, amount: number): Position => ({ kind: 'spot', underlying, amount })
const call = (amount: number): Position => ({
  kind: 'option',
  underlying: 'ETH',
  right: 'call',
  strike: 2_200,
  years: 0.1,
  volatility: 0.7,
  amount,
})

const sample: CovarianceRule = { kind: 'sample', moments: 'sample', center: 'mean' }
const margin = (book: Book, parameters: VarEsParameters) => varEsModel.calculate({ book, parameters })
const initial = (book: Book, parameters: VarEsParameters) => margin(book, parameters).initialMargin

const monteCarlo = (changes: Partial<Extract<Estimator, { kind: 'monte-carlo' }>> = {}): Estimator => ({
  kind: 'monte-carlo',
  covariance: sample,
  draws: 2_000,
  seed: 1,
  degrees: null,
  marginals: { kind: 'normal' },
  ...changes,
})

const estimators: readonly Estimator[] = [
  { kind: 'historical' },
  { kind: 'age-weighted', lambda: 0.98 },
  {
    kind: 'filtered',
    variance: { kind: 'ewma', lambda: 0.94, start: 'sample' },
    ratio: { minimum: 0.5, maximum: 4 },
    demean: false,
  },
  {
    kind: 'filtered',
    variance: { kind: 'garch', mean: 'zero', presample: 'mean-square' },
    ratio: { minimum: 0, maximum: null },
    demean: true,
  },
  { kind: 'delta-normal', covariance: sample },
  { kind: 'delta-normal', covariance: { kind: 'ewma', lambda: 0.94, start: 'normalized' } },
  {
    kind: 'delta-normal',
    covariance: { kind: 'garch', mean: 'constant', presample: 'backcast', term: 'mean-reverting' },
  },
  { kind: 'student-t', covariance: sample, degrees: 4 },
  { kind: 'cornish-fisher', monotone: true, limits: { skewness: 1, excessKurtosis: 6 } },
  { kind: 'delta-gamma', covariance: sample, monotone: true },
  monteCarlo({ degrees: 4, marginals: { kind: 'empirical' } }),
]

describe('var-es', () => {
  it('behavior: the published defaults fit their schema', () => {
    expect(varEsSchema.parse(varEsDefaults)).to.deep.equal(varEsDefaults)
    const answer = margin(bookOf([spot('ETH', 1)]), varEsDefaults)
    expect(answer.initialMargin).to.be.greaterThan(answer.maintenanceMargin)
    expect(answer.assumptions[0]).to.equal('synthetic: GARCH(1,1) with jumps, seed 7')
  })

  for (const estimator of estimators) {
    const label = `${estimator.kind} ${JSON.stringify('covariance' in estimator ? estimator.covariance.kind : '')}`
    const parameters: VarEsParameters = { ...varEsDefaults, estimator }

    it(`behavior: ${label}: lines add up, size scales, order and empty positions do not count`, () => {
      const held = [spot('ETH', 3), spot('BTC', -0.1), call(-5)]
      const answer = margin(bookOf(held), parameters)
      expect(answer.lines.reduce((sum, line) => sum + line.initial, 0)).to.equal(answer.initialMargin)
      expect(answer.initialMargin).to.be.at.least(answer.maintenanceMargin * 0.999999)
      const turned = margin(bookOf([...held].reverse()), parameters)
      expectClose(turned.initialMargin, answer.initialMargin, 1e-6)
      const padded = margin(bookOf([...held, spot('ETH', 0), call(0)]), parameters)
      expectClose(padded.initialMargin, answer.initialMargin, 1e-6)
      const double = margin(bookOf([...held, spot('ETH', 3), spot('BTC', -0.1), call(-5)]), parameters)
      expectClose(double.initialMargin, 2 * answer.initialMargin, 1e-4)
    })

    it(`behavior: ${label}: positions that offset exactly need nothing`, () => {
      const answer = margin(bookOf([spot('ETH', 1), spot('ETH', -1), call(2), call(-2)]), parameters)
      expectClose(answer.initialMargin, 0, 1e-6)
    })

    it(`behavior: ${label}: more confidence never needs less`, () => {
      const at = (confidence: number) =>
        initial(bookOf([spot('ETH', 1), call(-3)]), { ...parameters, initial: { measure: 'var', confidence } })
      const steps = [0.9, 0.95, 0.99, 0.995].map(at)
      expect(steps).to.deep.equal([...steps].sort((a, b) => a - b))
    })
  }

  it('behavior: coherent expected shortfall is at most additive over books', () => {
    const parameters = plain(
      { kind: 'historical' },
      { initial: { measure: 'es', confidence: 0.95 }, shortfall: 'coherent' },
    )
    const amount = fc.double({ min: -5, max: 5, noNaN: true })
    fc.assert(
      fc.property(amount, amount, amount, amount, (eth, btc, short, calls) => {
        const [one, other] = [
          [spot('ETH', eth), call(calls)],
          [spot('BTC', btc / 20), spot('ETH', short)],
        ]
        const whole = initial(bookOf([...one, ...other]), parameters)
        const parts = initial(bookOf(one), parameters) + initial(bookOf(other), parameters)
        expect(whole).to.be.at.most(parts + 1e-6 * (1 + Math.abs(parts)))
      }),
      { numRuns: 30 },
    )
  })

  it('behavior: one position of one unit repeats the sample, whatever the quantile', () => {
    const values = [-3, -1, 0, 1, 2, 4, 5, 7, 8, 9].map((value) => value / 100)
    // By hand from the definitions, at a tail of a quarter.
    const expected = [0, 0, -0.01, -0.005, 0, -0.0025, 0.0025, -0.000833333, -0.000625]
    for (const [index, value] of expected.entries()) {
      const quantile = (index + 1) as VarEsParameters['quantile']
      const parameters = plain({ kind: 'historical' }, { quantile, initial: { measure: 'var', confidence: 0.75 } })
      expectClose(initial(returnsBook({ X: values }, [1]), parameters), -value, 1e-8, `type ${quantile}`)
    }
  })

  it('behavior: the definitions of expected shortfall', () => {
    const values = [-0.05, -0.04, -0.03, -0.02, -0.01, 0, 0.01, 0.02, 0.03, 0.04]
    const at = (shortfall: VarEsParameters['shortfall'], confidence: number) =>
      initial(
        returnsBook({ X: values }, [1]),
        plain({ kind: 'historical' }, { quantile: 1, shortfall, initial: { measure: 'es', confidence } }),
      )
    expectClose(at('below', 0.8), 0.05, 1e-12)
    expectClose(at('at-or-below', 0.8), 0.045, 1e-12)
    expectClose(at('coherent', 0.75), (0.05 + 0.04 + 0.5 * 0.03) / 2.5, 1e-12)
  })

  it('behavior: age weights put the newest loss first', () => {
    const values = [-0.09, 0.01, 0.01, 0.01, -0.05]
    const at = (estimator: Estimator) =>
      initial(
        returnsBook({ X: values }, [1]),
        plain(estimator, { quantile: 1, initial: { measure: 'var', confidence: 0.9 } }),
      )
    expectClose(at({ kind: 'historical' }), 0.09, 1e-15)
    expectClose(at({ kind: 'age-weighted', lambda: 0.99 }), 0.09, 1e-15)
    expectClose(at({ kind: 'age-weighted', lambda: 0.2 }), 0.05, 1e-15)
  })

  it('behavior: filtering raises the margin of a calm past in a stormy present, and its bounds hold', () => {
    const values = Array.from({ length: 120 }, (_, index) => (index < 100 ? 0.01 : 0.05) * (index % 2 === 0 ? 1 : -1))
    const at = (maximum: number | null) =>
      initial(
        returnsBook({ X: values }, [1]),
        plain({
          kind: 'filtered',
          variance: { kind: 'ewma', lambda: 0.9, start: 'first' },
          ratio: { minimum: 1, maximum },
          demean: false,
        }),
      )
    const plainMargin = initial(returnsBook({ X: values }, [1]), plain({ kind: 'historical' }))
    expect(at(null)).to.be.greaterThan(plainMargin)
    expectClose(at(1), plainMargin, 1e-15)
  })

  it('behavior: simulation with normal marginals meets the closed form within its standard error', () => {
    const held = [spot('ETH', 3), spot('BTC', -0.1)]
    const settings: Partial<VarEsParameters> = { valuation: 'delta', returns: 'log' }
    const simulated = margin(bookOf(held), plain(monteCarlo({ draws: 20_000 }), settings))
    const closed = initial(bookOf(held), plain({ kind: 'delta-normal', covariance: sample }, settings))
    const { estimated } = simulated.details.initial as Record<string, { standardError: number }>
    expect(Math.abs(simulated.initialMargin - closed)).to.be.lessThan(4 * (estimated?.standardError ?? NaN))
    expect(simulated.scenarios).to.have.length(100)
    expect(simulated.worst[0]?.scenario).to.equal(simulated.scenarios[0]?.id)
  })

  it('behavior: Student-t marginals under their own copula meet the closed form', () => {
    const settings: Partial<VarEsParameters> = { valuation: 'delta', returns: 'log' }
    const simulated = monteCarlo({ draws: 20_000, degrees: 5, marginals: { kind: 'student-t', degrees: 5 } })
    const answer = margin(bookOf([spot('ETH', 1)]), plain(simulated, settings))
    const closed = initial(
      bookOf([spot('ETH', 1)]),
      plain({ kind: 'student-t', covariance: sample, degrees: 5 }, settings),
    )
    const { estimated } = answer.details.initial as Record<string, { standardError: number }>
    expect(Math.abs(answer.initialMargin - closed)).to.be.lessThan(4 * (estimated?.standardError ?? NaN))
  })

  it('behavior: delta-gamma meets a full simulation of a curved book', () => {
    const book = bookOf([call(-5), spot('ETH', 4)])
    const shared: Partial<VarEsParameters> = { returns: 'log', initial: { measure: 'var', confidence: 0.99 } }
    const closed = initial(book, plain({ kind: 'delta-gamma', covariance: sample, monotone: true }, shared))
    const simulated = initial(book, plain(monteCarlo({ draws: 20_000 }), { ...shared, valuation: 'delta-gamma' }))
    expect(closed / simulated).to.be.within(0.95, 1.05)
  })

  it('behavior: the largest regime counts, so naming more of them never needs less', () => {
    const regimes: VarEsParameters['regimes'] = [
      { kind: 'estimated' },
      { kind: 'blended', theta: 0.5 },
      { kind: 'all-one' },
      { kind: 'sign-flipped' },
      { kind: 'undiversified' },
    ]
    for (const held of [
      [spot('ETH', 3), spot('BTC', -0.15)],
      [spot('ETH', 3), spot('BTC', 0.15)],
    ]) {
      const margins = regimes.map((_, count) =>
        initial(
          bookOf(held),
          plain({ kind: 'delta-normal', covariance: sample }, { regimes: regimes.slice(0, count + 1) }),
        ),
      )
      expect(margins).to.deep.equal([...margins].sort((a, b) => a - b))
      const alone = held.map((position) =>
        initial(bookOf([position]), plain({ kind: 'delta-normal', covariance: sample })),
      )
      expectClose(margins.at(-1), (alone[0] ?? 0) + (alone[1] ?? 0), 1e-6)
    }
  })

  it('behavior: a correlation matrix that no regime leaves semidefinite is repaired and says so', () => {
    const names = ['A', 'B', 'C']
    const covariance: CovarianceRule = {
      kind: 'given',
      interval: 86_400,
      underlyings: names,
      volatilities: [0.1, 0.1, 0.1],
      correlation: [
        [1, 0.9, -0.9],
        [0.9, 1, 0.9],
        [-0.9, 0.9, 1],
      ],
    }
    const { details } = margin(
      returnsBook({ A: [0], B: [0], C: [0] }, [1, 1, 1]),
      plain({ kind: 'delta-normal', covariance }),
    )
    expect((details.estimates as Record<string, { repaired: boolean }>).estimated?.repaired).to.equal(true)
  })

  it('behavior: parts of the factors and of the positions sum to the whole', () => {
    const held = [spot('ETH', 3), spot('BTC', -0.1), call(-5)]
    const normal = margin(bookOf(held), plain({ kind: 'delta-normal', covariance: sample }))
    const { estimated } = normal.details.estimates as Record<
      string,
      { moments: { deviation: number }; contributions: { part: number }[] }
    >
    const parts = estimated?.contributions.reduce((sum, { part }) => sum + part, 0)
    expectClose(parts, estimated?.moments.deviation ?? NaN, 1e-9)
    const parameters = plain({ kind: 'cornish-fisher', monotone: false, limits: null })
    const modified = margin(bookOf(held), parameters)
    const { observed } = modified.details.estimates as Record<
      string,
      { contributions: { valueAtRisk: number; expectedShortfall: number }[] }
    >
    const parted = observed?.contributions ?? []
    expectClose(
      parted.reduce((sum, part) => sum + part.valueAtRisk, 0),
      modified.initialMargin,
      1e-9,
    )
    expectClose(
      parted.reduce((sum, part) => sum + part.expectedShortfall, 0),
      modified.maintenanceMargin,
      1e-9,
    )
    const more = margin(bookOf([spot('ETH', 3 * 1.000001), ...held.slice(1)]), parameters)
    expectClose((more.initialMargin - modified.initialMargin) / 1e-6, parted[0]?.valueAtRisk ?? NaN, 0.01)
    expectClose((more.maintenanceMargin - modified.maintenanceMargin) / 1e-6, parted[0]?.expectedShortfall ?? NaN, 0.01)
  })

  it('behavior: expected gains count only where the parameters say so', () => {
    const values = Array.from({ length: 100 }, (_, index) => 0.02 + 0.01 * (index % 2 === 0 ? 1 : -1))
    const at = (mean: VarEsParameters['mean']) =>
      initial(returnsBook({ X: values }, [1]), plain({ kind: 'delta-normal', covariance: sample }, { mean }))
    expectClose(at('zero') - at('sample'), 0.02, 1e-12)
  })

  it('behavior: three ways from one step to the horizon', () => {
    const book = bookOf([spot('ETH', 1)])
    const at = (scaling: VarEsParameters['scaling'], estimator: Estimator) =>
      initial(book, plain(estimator, { scaling, horizon: 4 * 86_400, returns: 'log', valuation: 'delta' }))
    const historical: Estimator = { kind: 'historical' }
    expectClose(at('result', historical), at('returns', historical), 1e-9)
    expect(at('overlapping', historical)).to.not.equal(at('returns', historical))
    const normal: Estimator = { kind: 'delta-normal', covariance: sample }
    expectClose(at('result', normal), at('returns', normal), 1e-9)
    expect(() => initial(book, plain(historical, { scaling: 'overlapping', horizon: 100_000 }))).to.throw(
      InvalidInputError,
      'whole number of steps',
    )
  })

  it('behavior: tools against procyclicality add lines, and a released buffer takes its own back', () => {
    const at = (antiProcyclicality: VarEsParameters['antiProcyclicality']) =>
      margin(bookOf([spot('ETH', 1)]), {
        ...varEsDefaults,
        lookBack: { ...varEsDefaults.lookBack, maximum: 400 },
        antiProcyclicality,
      })
    const bare = at({ buffer: null, stressed: null, floor: null })
    const buffered = at({ buffer: { share: 0.25, released: 0 }, stressed: null, floor: null })
    expectClose(buffered.initialMargin, 1.25 * bare.initialMargin, 1e-9)
    const released = at({ buffer: { share: 0.25, released: 1 }, stressed: null, floor: null })
    expect(released.initialMargin).to.equal(bare.initialMargin)
    const long = margin(bookOf([spot('ETH', 1)]), {
      ...varEsDefaults,
      antiProcyclicality: { buffer: null, stressed: null, floor: null },
    })
    const all = at({ buffer: null, stressed: { weight: 0.25, observations: 500 }, floor: { observations: 500 } })
    expect(all.lines.map(({ id }) => id)).to.deep.equal(['model', 'stressed', 'floor', 'volatility'])
    const blend = 0.75 * bare.initialMargin + 0.25 * long.initialMargin
    expectClose((all.lines[0]?.initial ?? 0) + (all.lines[1]?.initial ?? 0), blend, 1e-9)
    expectClose(all.initialMargin, Math.max(blend, long.initialMargin), 1e-9)
    expect(() => at({ buffer: null, stressed: null, floor: { observations: 501 } })).to.throw(MissingMarketDataError)
  })

  it('behavior: volatilities are charged for apart from prices', () => {
    const naked = margin(bookOf([call(-5)]), varEsDefaults)
    expect(naked.lines.at(-1)?.id).to.equal('volatility')
    expect(naked.lines.at(-1)?.initial).to.be.greaterThan(0)
    expect(margin(bookOf([spot('ETH', 1)]), varEsDefaults).lines.at(-1)?.initial).to.equal(0)
  })

  it('behavior: a range of liquidity against another factor moves with both', () => {
    const position: Position = {
      kind: 'liquidity',
      underlying: 'ETH',
      against: 'BTC',
      liquidity: 100,
      lowerPrice: 0.03,
      upperPrice: 0.08,
    }
    const settings: Partial<VarEsParameters> = { returns: 'log', horizon: 60 }
    const full = initial(bookOf([position]), plain({ kind: 'historical' }, { ...settings, valuation: 'full' }))
    const curved = initial(bookOf([position]), plain({ kind: 'historical' }, { ...settings, valuation: 'delta-gamma' }))
    expectClose(curved / full, 1, 2e-3)
  })

  it('behavior: cash alone needs nothing and reads no history', () => {
    const book = bookOf([{ kind: 'cash', currency: 'USD', amount: 100 }], { ETH: { price: 1 }, BTC: { price: 1 } })
    const answer = margin(book, varEsDefaults)
    expect([answer.initialMargin, answer.equity]).to.deep.equal([0, 100])
  })

  it('error: histories that are missing, short, of unequal step or length', () => {
    const eth = drawn.ETH as NonNullable<typeof drawn.ETH>
    const both = [spot('ETH', 1), spot('BTC', 1)]
    const at = (history: typeof eth | undefined, changes: Partial<VarEsParameters> = {}) =>
      initial(bookOf(both, { BTC: history === undefined ? { price: 1 } : { price: 1, history } }), {
        ...varEsDefaults,
        ...changes,
      })
    expect(() => at(undefined)).to.throw(MissingMarketDataError, 'no price history of BTC')
    expect(() => at({ ...eth, values: eth.values.slice(-300) })).to.throw(InvalidInputError, 'differ in length')
    const cut = { lookBack: { minimum: 365, maximum: null, unequal: 'shortest' } } as const
    expect(() => at({ ...eth, values: eth.values.slice(-300) }, cut)).to.throw(
      MissingMarketDataError,
      '299 returns, 365',
    )
    expect(at({ ...eth, values: eth.values.slice(-400) }, cut)).to.be.greaterThan(0)
    expect(() => at({ ...eth, interval: 3_600 })).to.throw(InvalidInputError, 'different steps')
    expect(() => at({ ...eth, values: eth.values.map((value, index) => (index === 9 ? 0 : value)) })).to.throw(
      InvalidInputError,
      'Close 9 of BTC is 0',
    )
  })

  it('error: American options and regimes without the estimated one', () => {
    const american = { ...call(1), style: 'american' } as Position
    expect(() => initial(bookOf([american]), varEsDefaults)).to.throw(UnmodeledPositionError)
    expect(varEsSchema.safeParse({ ...varEsDefaults, regimes: [{ kind: 'all-one' }] }).success).to.equal(false)
  })
})
