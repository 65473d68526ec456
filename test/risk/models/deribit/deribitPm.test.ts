import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { type BookPosition, parseBook } from '../../../../src/core/book.ts'
import { MissingMarketDataError } from '../../../../src/core/errors.ts'
import { deribitPm } from '../../../../src/risk/models/deribit/deribitPm.ts'
import { UnmodeledPositionError } from '../../../../src/risk/models/errors.ts'
import { expectClose } from '../../../support/close.ts'

type Vectors = {
  readonly [name: string]: { readonly standard: readonly number[]; readonly extended: readonly number[] }
}
type Expected = {
  readonly initialRiskVectors: Vectors
  readonly preAggregatedRiskVectors: Vectors
  readonly aggregatedRiskVectors: Vectors
  readonly deltaShock: number
  readonly rollShock: number
  readonly worstCase: number
  readonly worstCaseBucket: object
  readonly riskMatrixMargin: number
  readonly initialMargin: number
  readonly maintenanceMargin: number
}
type Case = {
  readonly name: string
  readonly book: unknown
  readonly parameters: { readonly currency: 'BTC' | 'ETH'; readonly rules: object; readonly pair: object }
  readonly expected: Expected
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../../vectors/models/deribit/simulate.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly Case[] }

const { defaults, calculate } = deribitPm
const asOf = 1_700_000_000
const day = 86_400

const bookOf = (positions: readonly BookPosition[], price = 40_000) =>
  parseBook(
    JSON.stringify({
      schema: 'plimsoll-book/1',
      portfolio: { asOf, quote: 'USD', positions },
      market: {
        underlyings: { BTC: { price, smiles: [{ kind: 'flat', volatility: 0.6 }] }, ETH: { price: 2000 } },
      },
    }),
  )

const option = (changes: Partial<Extract<BookPosition, { kind: 'option' }>> = {}): BookPosition => ({
  kind: 'option',
  underlying: 'BTC',
  right: 'call',
  strike: 42_000,
  amount: 1,
  expiry: asOf + 10 * day,
  ...changes,
})

describe('deribit-pm', () => {
  for (const { name, book, parameters, expected } of cases) {
    it(`reproduces the published response: ${name}`, () => {
      const { currency, rules, pair } = parameters
      const result = calculate({
        book: parseBook(JSON.stringify(book)),
        parameters: {
          ...defaults,
          currencies: { [currency]: { ...(defaults.currencies[currency] as object), ...rules } as never },
          pairs: { [currency]: { ...(defaults.pairs[currency] as object), ...pair } as never },
        },
      })
      const details = result.details as unknown as Expected & {
        readonly margins: { readonly [currency: string]: Expected & { readonly worstCaseBuckets: readonly object[] } }
      }
      for (const kind of ['initialRiskVectors', 'preAggregatedRiskVectors', 'aggregatedRiskVectors'] as const) {
        for (const [id, vector] of Object.entries(expected[kind])) {
          for (const table of ['standard', 'extended'] as const) {
            const computed = details[kind][id]?.[table] ?? []
            expect(computed.length, `${kind} ${id}`).to.equal(vector[table].length)
            for (const [index, value] of vector[table].entries()) {
              expectClose(computed[index], value, 1e-15, `${kind} ${id} ${table} ${index}`)
            }
          }
        }
      }
      const margins = details.margins[currency]
      for (const figure of ['deltaShock', 'rollShock', 'worstCase', 'riskMatrixMargin', 'maintenanceMargin'] as const) {
        expectClose(margins?.[figure], expected[figure], 1e-15, figure)
      }
      expect(margins?.initialMargin).to.equal(expected.initialMargin)
      expect(margins?.worstCaseBuckets).to.deep.equal([
        { group: `${currency}_${currency}`, ...expected.worstCaseBucket },
      ])
    })
  }

  it('has 27 entries and eight tails, none of which moves an empty matrix', () => {
    const { scenarios, worst, initialMargin } = calculate({
      book: bookOf([option({ amount: 0 })]),
      parameters: defaults,
    })
    expect(scenarios.length).to.equal(35)
    expect(worst).to.deep.equal([{ group: 'BTC_USD', scenario: 'none', loss: 0 }])
    expect(initialMargin).to.equal(0)
  })

  it('charges far out-of-the-money short calls by the extended table', () => {
    const far = option({ strike: 160_000, amount: -10_000, volatility: 0.5, expiry: asOf + 30 * day })
    const { worst } = calculate({ book: bookOf([far]), parameters: defaults })
    expect(worst[0]?.scenario).to.match(/^spot \+\d+ %, volatility up, dampened$/)
    expect(worst[0]?.loss).to.be.above(1_000_000)
  })

  it('moves short volatilities up to the floor at least', () => {
    const short = option({ volatility: 0.1, amount: -1, expiry: asOf + 30 * day })
    const { scenarios } = calculate({ book: bookOf([short]), parameters: defaults })
    const at = (volatility: number) =>
      calculate({
        book: bookOf([option({ volatility, amount: -1, expiry: asOf + 30 * day })]),
        parameters: {
          ...defaults,
          pairs: {
            BTC: { ...(defaults.pairs.BTC as object), volatilityRangeUp: 0, minVolatilityForShockUp: 0 } as never,
          },
        },
      })
    const pick = (all: typeof scenarios) => all.find(({ id }) => id === 'spot 0 %, volatility up')?.pnl ?? Number.NaN
    const difference = at(0.5).positions[0]?.value ?? Number.NaN
    expectClose(pick(scenarios), difference - (at(0.1).positions[0]?.value ?? Number.NaN), 1e-6)
  })

  it('settles inverse contracts in coin and linear ones in money, apart', () => {
    const { details, initialMargin } = calculate({
      book: bookOf([
        { kind: 'perpetual', underlying: 'BTC', amount: 40_000, payoff: 'inverse' },
        { kind: 'perpetual', underlying: 'BTC', amount: -1 },
      ]),
      parameters: defaults,
    })
    const margins = details.margins as {
      readonly [currency: string]: { readonly worstCase: number; readonly rollShock: number }
    }
    expectClose(margins.BTC?.worstCase, 1 / 0.84 - 1, 1e-12)
    expectClose(margins.USD?.worstCase, 0.16 * 40_000, 1e-9)
    expect(margins.BTC?.rollShock).to.equal(0.01)
    expect(margins.USD?.rollShock).to.equal(400)
    expectClose(initialMargin, (1 / 0.84 - 1 + 0.01) * 40_000 + 6400 + 400, 1e-4)
  })

  it('charges the move of long terms and large deltas', () => {
    const parameters = {
      ...defaults,
      currencies: { USD: { ...(defaults.currencies.USD as object), annualisedMoveRisk: 0.1 } as never },
    }
    const future: BookPosition = { kind: 'future', underlying: 'BTC', amount: 1000, years: 0.5 }
    const { details } = calculate({ book: bookOf([future]), parameters })
    const margins = details.margins as {
      readonly [currency: string]: { readonly rollShock: number; readonly deltaShock: number }
    }
    expectClose(margins.USD?.rollShock, 1000 * 40_000 * Math.expm1(0.05), 1e-6)
    // 500 coins beyond the threshold of 20 million at 0.00005 each.
    expectClose(margins.USD?.deltaShock, 0.025 * 1000 * 40_000, 1e-6)
  })

  it('scans without credit between underlyings unless they are a correlation set', () => {
    const positions: readonly BookPosition[] = [
      { kind: 'perpetual', underlying: 'BTC', amount: 1 },
      { kind: 'perpetual', underlying: 'ETH', amount: -20 },
    ]
    const currencies = (correlationSet: boolean) => ({
      USD: { ...(defaults.currencies.USD as object), correlationSet, pnlOffset: 0.5, maxOffsetablePnl: 1e9 } as never,
    })
    const run = (set: boolean) =>
      calculate({ book: bookOf(positions), parameters: { ...defaults, currencies: currencies(set) } })
    expect(run(true).initialMargin).to.be.below(run(false).initialMargin)
    expect(run(false).worst.length).to.equal(2)
    expect(run(true).worst.length).to.equal(1)
  })

  it('does not depend on the order of positions, and scans sub-additively', () => {
    const amounts = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 4, maxLength: 4 })
    const list = ([a, b, c, d]: readonly number[]): BookPosition[] => [
      option({ amount: a ?? 0, payoff: 'inverse', id: 'a' }),
      option({ amount: b ?? 0, payoff: 'inverse', right: 'put', strike: 35_000, id: 'b' }),
      { kind: 'perpetual', underlying: 'BTC', amount: 1000 * (c ?? 0), payoff: 'inverse', id: 'c' },
      { kind: 'future', underlying: 'BTC', amount: 1000 * (d ?? 0), payoff: 'inverse', years: 0.3, id: 'd' },
    ]
    // The dampener is a credit per account and move, so two accounts get it twice: only without it is a sum never worse.
    const { BTC } = defaults.currencies
    const parameters = {
      ...defaults,
      currencies: { ...defaults.currencies, BTC: { ...(BTC as object), extendedDampener: 0 } as never },
    }
    const worst = (positions: readonly BookPosition[]) =>
      calculate({ book: bookOf(positions), parameters }).worst[0]?.loss ?? 0
    fc.assert(
      fc.property(amounts, amounts, (first, second) => {
        const one = worst(list(first))
        const other = worst(list(second))
        const both = worst(list(first.map((amount, index) => amount + (second[index] ?? 0))))
        expectClose(worst(list(first).toReversed()), one, 1e-6 * (1 + one))
        expect(both).to.be.at.most((one + other) * (1 + 1e-9) + 1e-6)
      }),
      {
        numRuns: 40,
        examples: [
          [
            [0, -48, 0, 0],
            [-32, -49, 0, 0],
          ],
        ],
      },
    )
  })

  it('refuses what it does not know', () => {
    expect(() => calculate({ book: bookOf([option({ style: 'american' })]), parameters: defaults })).to.throw(
      UnmodeledPositionError,
    )
    expect(() => calculate({ book: bookOf([option({ settlement: 'EUR' })]), parameters: defaults })).to.throw(
      MissingMarketDataError,
    )
  })
})
