import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parseBook } from '../../../../src/core/book.ts'
import { MissingMarketDataError } from '../../../../src/core/errors.ts'
import { deriveSrm } from '../../../../src/risk/models/derive/srm.ts'
import { expectClose } from '../../../support/close.ts'

type Both = { readonly initial: number; readonly maintenance: number }
type Case<Expected> = { readonly name: string; readonly book: unknown; readonly expected: Expected }

const vector = JSON.parse(
  readFileSync(new URL('../../../vectors/models/derive/srm.json', import.meta.url), 'utf8'),
) as {
  readonly parameters: unknown
  readonly wadParameters: unknown
  readonly integers: readonly Case<Both>[]
  readonly wad: readonly Case<
    Both & { readonly isolated: Both; readonly maxLoss: Both; readonly markToMarketDiscounted: number }
  >[]
  readonly isolated: Case<readonly (Both & { readonly markToMarket: number })[]>
}

const calculate = (book: unknown, parameters: unknown) =>
  deriveSrm.calculate({
    book: parseBook(JSON.stringify(book)),
    parameters: deriveSrm.parametersSchema.parse(parameters),
  })

const near = (actual: number, expected: number, tolerance = 1e-8) =>
  expectClose(actual, expected, tolerance * Math.max(1, Math.abs(expected)))

describe('derive-srm', () => {
  for (const { name, book, expected } of vector.integers) {
    it(`reproduces ${name} to the dollar`, () => {
      const { free } = calculate(book, vector.parameters)
      // A figure next to an integer is one: the source truncates exact decimals.
      const truncate = (value: number) => Math.trunc(Number(value.toFixed(8))) + 0
      expect({ maintenance: truncate(free.maintenance), initial: truncate(free.initial) }).to.deep.equal(expected)
    })
  }

  for (const { name, book, expected } of vector.wad) {
    it(`reproduces ${name} with its isolated margins and largest losses`, () => {
      const { free, details, equity } = calculate(book, vector.wadParameters)
      const { options } = (details.markets as unknown as { ETH: { options: { isolated: Both; maxLoss: Both } } }).ETH
      near(free.maintenance, expected.maintenance)
      near(free.initial, expected.initial)
      for (const key of ['initial', 'maintenance'] as const) {
        near(options.isolated[key], expected.isolated[key])
        near(options.maxLoss[key], expected.maxLoss[key])
      }
      near(equity, expected.markToMarketDiscounted, 1e-3)
    })
  }

  it('answers as the deployed contract for single options', () => {
    const { book, expected } = vector.isolated
    const { details } = calculate(book, deriveSrm.defaults)
    const { BTC } = details.markets as unknown as {
      readonly BTC: { readonly expiries: readonly { readonly options: readonly (Both & { markToMarket: number })[] }[] }
    }
    const options = BTC.expiries.flatMap((expiry) => expiry.options)
    expect(options.length).to.equal(expected.length)
    for (const [index, figures] of expected.entries()) {
      for (const key of ['initial', 'maintenance', 'markToMarket'] as const) {
        near(options[index]?.[key] ?? Number.NaN, figures[key])
      }
    }
  })

  it('refuses a market that the parameters do not have', () => {
    const book = {
      schema: 'plimsoll-book/1',
      portfolio: { asOf: 0, quote: 'USD', positions: [{ kind: 'perpetual', underlying: 'XRP', amount: 1 }] },
      market: { underlyings: { XRP: { price: 1 } } },
    }
    expect(() => calculate(book, deriveSrm.defaults)).to.throw(MissingMarketDataError, 'market XRP')
  })

  it('counts the same contract bought and sold once', () => {
    const option = { kind: 'option', underlying: 'ETH', right: 'put', strike: 1900, volatility: 0.6, years: 0.2 }
    const book = (amounts: readonly number[]) => ({
      schema: 'plimsoll-book/1',
      portfolio: { asOf: 0, quote: 'USD', positions: amounts.map((amount) => ({ ...option, amount })) },
      market: { underlyings: { ETH: { price: 2000, confidence: 0.1 } } },
    })
    const net = calculate(book([-2]), deriveSrm.defaults)
    const split = calculate(book([3, -5]), deriveSrm.defaults)
    near(split.free.initial, net.free.initial, 1e-12)
    near(split.free.maintenance, net.free.maintenance, 1e-12)
  })
})
