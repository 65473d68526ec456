import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parseBook } from '../../../../src/core/book.ts'
import { derivePmrm } from '../../../../src/risk/models/derive/pmrm.ts'
import { UnmodeledPositionError } from '../../../../src/risk/models/errors.ts'
import { expectClose } from '../../../support/close.ts'

type Case<Expected> = {
  readonly name: string
  readonly book: unknown
  readonly parameters: string
  readonly expected: Expected
}
type Chain = {
  readonly initial: number
  readonly maintenance: number
  readonly markToMarket: number
  readonly worst: number
  readonly staticContingency: number
  readonly basisContingency: number
}

const vector = JSON.parse(
  readFileSync(new URL('../../../vectors/models/derive/pmrm.json', import.meta.url), 'utf8'),
) as {
  readonly parameters: { readonly [name: string]: unknown }
  readonly integers: readonly Case<{ readonly initial: number; readonly maintenance: number }>[]
  readonly chain: readonly Case<Chain>[]
}

const calculate = ({ book, parameters }: Case<unknown>) =>
  derivePmrm.calculate({
    book: parseBook(JSON.stringify(book)),
    parameters: derivePmrm.parametersSchema.parse(vector.parameters[parameters]),
  })

describe('derive-pmrm', () => {
  for (const item of vector.integers) {
    it(`reproduces ${item.name} to the dollar`, () => {
      const { free } = calculate(item)
      expect(Math.trunc(free.initial) + 0).to.equal(item.expected.initial)
      expect(Math.trunc(free.maintenance) + 0).to.equal(item.expected.maintenance)
    })
  }

  for (const item of vector.chain) {
    it(`answers as the deployed contract: ${item.name}`, () => {
      const { free, equity, details } = calculate(item)
      const near = (actual: number, expected: number) =>
        expectClose(actual, expected, 1e-8 * Math.max(1, Math.abs(expected)))
      near(free.initial, item.expected.initial)
      near(free.maintenance, item.expected.maintenance)
      near(equity, item.expected.markToMarket)
      near(details.staticContingency as number, item.expected.staticContingency)
      near(details.basisContingency as number, item.expected.basisContingency)
      expect((details.worst as { readonly index: number }).index).to.equal(item.expected.worst)
    })
  }

  it('has one base asset', () => {
    const book = parseBook(
      JSON.stringify({
        schema: 'plimsoll-book/1',
        portfolio: {
          asOf: 0,
          quote: 'USD',
          positions: [
            { kind: 'perpetual', underlying: 'ETH', amount: 1 },
            { kind: 'spot', underlying: 'BTC', amount: 1 },
          ],
        },
        market: { underlyings: { ETH: { price: 2000 }, BTC: { price: 30_000 } } },
      }),
    )
    expect(() => derivePmrm.calculate({ book, parameters: derivePmrm.defaults })).to.throw(UnmodeledPositionError)
  })
})
