import { expect } from 'chai'
import type { BookPosition } from '../../../src/core/book.ts'
import { calculateSpan } from '../../../src/risk/models/span/calculation.ts'
import { spanModel } from '../../../src/risk/models/span/span.ts'
import { timsModel } from '../../../src/risk/models/tims/tims.ts'
import { expectClose } from '../../support/close.ts'
import { bookOf, commodityOf, parametersOf, payoff } from './span/books.ts'

// Every option is at the end of its life, so that its value is its payoff and each figure can be worked out by hand. X costs 100.
// SPAN moves it to 100, 106 2/3, 93 1/3, 113 1/3, 86 2/3, 120, 80 in full, and to 140 and 60 at 35 %.
// TIMS moves it by 3 %, 6 %, 9 %, 12 % and 15 % either way.
const spread = [
  {
    priority: 1,
    rate: 3,
    legs: [
      { tier: 1, side: 'A' as const },
      { tier: 2, side: 'B' as const },
    ],
  },
]
const tiers = [
  { tier: 1, from: 0, to: 30 },
  { tier: 2, from: 31, to: 999 },
]
const parameters = parametersOf({ X: commodityOf(20, { tiers: { spread: tiers }, spreads: spread }) })

type Expected = { readonly scan: number; readonly value: number; readonly span: number; readonly tims: number }

function check(name: string, arithmetic: string, positions: readonly BookPosition[], expected: Expected) {
  it(`${name}: ${arithmetic}`, () => {
    const book = bookOf(positions)
    const [found] = calculateSpan(book, parameters).commodities
    expectClose(found?.scan.scanRisk, expected.scan, 1e-9)
    expectClose(found?.risk.netOptionValue, expected.value, 1e-9)
    expectClose(spanModel.calculate({ book, parameters }).maintenanceMargin, expected.span, 1e-9)
    const tims = { ...timsModel.defaults, minimumPerContract: { option: 0, future: 0 } }
    expectClose(timsModel.calculate({ book, parameters: tims }).maintenanceMargin, expected.tims, 1e-9)
  })
}

const share = (amount: number): BookPosition => ({ kind: 'spot', underlying: 'X', amount })

describe('Strategies', () => {
  check(
    'long vertical spread of calls 90 and 110',
    'worth 10; at 80 it loses all of it, so SPAN asks risk 10 − value 10; TIMS at 85 loses 10',
    [payoff('call', 90, 1), payoff('call', 110, -1)],
    { scan: 10, value: 10, span: 0, tims: 10 },
  )
  check(
    'short vertical spread of calls 90 and 110',
    'owes 10; at 120 it owes the width of 20: risk 10 + 10; TIMS at +12 % loses 10',
    [payoff('call', 90, -1), payoff('call', 110, 1)],
    { scan: 10, value: -10, span: 20, tims: 10 },
  )
  check(
    'long butterfly of calls 90, 100, 110',
    'worth 10 at its center, 0 beyond the wings: risk 10 − value 10; TIMS at ±12 % loses 10',
    [payoff('call', 90, 1), payoff('call', 100, -2), payoff('call', 110, 1)],
    { scan: 10, value: 10, span: 0, tims: 10 },
  )
  check(
    'short straddle of 100',
    'worth 0; at 120 or 80 it owes 20, at 140 or 60 35 % of 40 = 14: risk 20; TIMS at ±15 % owes 15',
    [payoff('call', 100, -1), payoff('put', 100, -1)],
    { scan: 20, value: 0, span: 20, tims: 15 },
  )
  check(
    'risk reversal, long call 110 and short put 90',
    'worth 0; at 80 the put owes 10, at 60 35 % of 30 = 10.5: risk 10.5; TIMS at −15 % owes 5',
    [payoff('call', 110, 1), payoff('put', 90, -1)],
    { scan: 10.5, value: 0, span: 10.5, tims: 5 },
  )
  check(
    'collar, long share with put 90 and short call 110',
    'share down to 80 loses 20, the put pays 10: risk 10; TIMS at −12 % and −15 % loses 10',
    [share(1), payoff('put', 90, 1), payoff('call', 110, -1)],
    { scan: 10, value: 0, span: 10, tims: 10 },
  )
  check(
    'covered call at 95',
    'owes 5; at 80 the share loses 20 and the call gains 5: risk 15 + 5; TIMS at −15 % loses 15 − 5',
    [share(1), payoff('call', 95, -1)],
    { scan: 15, value: -5, span: 20, tims: 10 },
  )
  check(
    'box of 90 and 110',
    'worth 20 at every price: no risk, and value nobody asks for',
    [payoff('call', 90, 1), payoff('call', 110, -1), payoff('put', 110, 1), payoff('put', 90, -1)],
    { scan: 0, value: 20, span: 0, tims: 0 },
  )
  check(
    'conversion, long share, long put 100, short call 100',
    'worth the strike at every price: no risk',
    [share(1), payoff('put', 100, 1), payoff('call', 100, -1)],
    { scan: 0, value: 0, span: 0, tims: 0 },
  )
  check(
    'calendar of futures over 10 and 90 days',
    'nets to nothing in every scenario, and one spread of tiers 1 and 2 at 3; TIMS nets it in full',
    [
      { kind: 'future', underlying: 'X', amount: 1, years: 10 / 365 },
      { kind: 'future', underlying: 'X', amount: -1, years: 90 / 365 },
    ],
    { scan: 0, value: 0, span: 3, tims: 0 },
  )

  it('long options alone are never charged beyond their value', () => {
    const book = bookOf([
      { kind: 'option', underlying: 'X', right: 'call', strike: 140, years: 0.2, volatility: 0.6, amount: 5 },
      { kind: 'option', underlying: 'X', right: 'put', strike: 100, years: 0.2, volatility: 0.6, amount: 5 },
    ])
    expect(spanModel.calculate({ book, parameters: spanModel.defaults }).initialMargin).to.equal(0)
  })

  it('a far call sold many times is charged by the short option minimum', () => {
    const book = bookOf([
      { kind: 'option', underlying: 'X', right: 'call', strike: 400, years: 5 / 365, volatility: 0.6, amount: -10_000 },
    ])
    const margin = spanModel.calculate({ book, parameters: spanModel.defaults })
    // 2 % of the price of 100 for each of 10,000.
    expect(margin.maintenanceMargin).to.be.at.least(20_000)
  })
})
