import { expect } from 'chai'
import fc from 'fast-check'
import type { Book, BookPosition } from '../../../src/core/book.ts'
import type { ModelMargin } from '../../../src/risk/models/model.ts'
import { spanModel } from '../../../src/risk/models/span/span.ts'
import { timsModel } from '../../../src/risk/models/tims/tims.ts'
import { expectClose } from '../../support/close.ts'
import { expectSums } from '../../support/publishedCases.ts'

const amount = fc.integer({ min: -50, max: 50 }).map((tenths) => tenths / 10)
const underlying = fc.constantFrom('BTC', 'ETH')
const years = fc.constantFrom(3 / 365, 20 / 365, 0.2, 0.8)

const position: fc.Arbitrary<BookPosition> = fc.oneof(
  fc.record({ kind: fc.constant('spot' as const), underlying, amount }),
  fc.record({ kind: fc.constant('perpetual' as const), underlying, amount }),
  fc.record({ kind: fc.constant('future' as const), underlying, amount, years }),
  fc.record({
    kind: fc.constant('option' as const),
    underlying,
    right: fc.constantFrom('call' as const, 'put' as const),
    strike: fc.constantFrom(60, 90, 100, 115, 180),
    years,
    volatility: fc.constantFrom(0.4, 0.9),
    amount,
  }),
)
const positions = fc.array(position, { minLength: 1, maxLength: 8 })

function bookOf(held: readonly BookPosition[]): Book {
  return {
    schema: 'plimsoll-book/1',
    portfolio: { asOf: 0, quote: 'USD', positions: [...held] },
    market: { underlyings: { BTC: { price: 100, rate: 0.03 }, ETH: { price: 100 } } },
  }
}

const models = {
  span: (held: readonly BookPosition[]) => spanModel.calculate({ book: bookOf(held), parameters: spanModel.defaults }),
  tims: (held: readonly BookPosition[]) => timsModel.calculate({ book: bookOf(held), parameters: timsModel.defaults }),
}

/** Largest loss over the scenarios of each group, added over groups. */
function scanOf({ scenarios }: ModelMargin): number {
  const worst = new Map<string, number>()
  for (const { group = '', pnl } of scenarios) worst.set(group, Math.max(worst.get(group) ?? 0, -pnl))
  return [...worst.values()].reduce((sum, loss) => sum + loss, 0)
}

const runs = { numRuns: 60 }

for (const [name, calculate] of Object.entries(models)) {
  describe(`Laws of ${name}`, () => {
    it('lines sum, margins are not negative and initial is not below maintenance', () => {
      fc.assert(
        fc.property(positions, (held) => {
          const margin = calculate(held)
          expectSums(margin)
          expect(margin.maintenanceMargin).to.be.at.least(0)
          expect(margin.initialMargin).to.be.at.least(margin.maintenanceMargin)
        }),
        runs,
      )
    })

    it('the scan of two books is not above the sum of their scans', () => {
      fc.assert(
        fc.property(positions, positions, (left, right) => {
          const [both, one, other] = [calculate([...left, ...right]), calculate(left), calculate(right)].map(scanOf)
          expect(both).to.be.at.most((one as number) + (other as number) + 1e-9)
        }),
        runs,
      )
    })

    it('a book and its opposite scan to nothing', () => {
      fc.assert(
        fc.property(positions, (held) => {
          const opposite = held.map((item) => ('amount' in item ? { ...item, amount: -item.amount } : item))
          expectClose(scanOf(calculate([...held, ...opposite])), 0, 1e-9)
        }),
        runs,
      )
    })

    it('order and an empty position change nothing', () => {
      fc.assert(
        fc.property(positions, (held) => {
          const margin = calculate(held)
          const turned = calculate([...held].reverse())
          const padded = calculate([...held, { kind: 'perpetual', underlying: 'BTC', amount: 0 }])
          for (const other of [turned, padded]) {
            expectClose(other.initialMargin, margin.initialMargin, 1e-9)
            expectClose(other.equity, margin.equity, 1e-9)
          }
        }),
        runs,
      )
    })

    it('results of positions sum to the scenario', () => {
      fc.assert(
        fc.property(positions, (held) => {
          for (const { pnl, pnlByPosition = [] } of calculate(held).scenarios) {
            expectClose(
              pnlByPosition.reduce((sum, part) => sum + part, 0),
              pnl,
              1e-9,
            )
          }
        }),
        runs,
      )
    })

    it('twice the book needs twice the margin', () => {
      fc.assert(
        fc.property(positions, (held) => {
          const twice = held.map((item) => ('amount' in item ? { ...item, amount: 2 * item.amount } : item))
          expectClose(calculate(twice).initialMargin, 2 * calculate(held).initialMargin, 1e-8)
        }),
        runs,
      )
    })
  })
}
