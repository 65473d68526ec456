import { expect } from 'chai'
import { type Book, parseBook } from '../src/core/book.ts'
import { InvalidInputError } from '../src/core/errors.ts'
import { wad } from '../src/core/units.ts'
import { calculateMargin, compareMargins, defaultParameters, parseAnyParameters } from '../src/margin.ts'
import { bookOf } from '../src/risk/models/bookOf.ts'
import { UnmodeledPositionError } from '../src/risk/models/errors.ts'
import { snapshotOf, toWad } from '../src/risk/models/snapshotOf.ts'
import { markPositions } from '../src/risk/models/valuation.ts'
import { bookParameters } from '../src/risk/plimsoll/bookParameters.ts'
import { calculateMargin as calculatePlimsoll } from '../src/risk/plimsoll/calculateMargin.ts'
import {
  assets,
  balance,
  consumerDebt,
  debt,
  liquidity,
  option,
  perpetual,
  portfolioOf,
  testMarket,
  testParameters,
} from './support/books.ts'
import { expectClose } from './support/close.ts'

const parameters = testParameters()
const market = testMarket()
const chain = {
  portfolio: portfolioOf(
    balance(assets.weth, 3n * wad),
    debt(assets.usdc, 1_500n * 10n ** 6n),
    perpetual(-2n * wad),
    option('put', 2000, 5n * wad),
    option('call', 2500, -3n * wad),
    liquidity(-202_000, -198_000, 10n ** 15n),
    consumerDebt(7n * wad),
  ),
  market,
}

const book = (positions: readonly unknown[], underlying: object = {}): Book =>
  parseBook(
    JSON.stringify({
      schema: 'plimsoll-book/1',
      portfolio: { asOf: 1_800_000_000, quote: 'USD', positions },
      market: { underlyings: { ETH: { price: 2000, ...underlying } } },
    }),
  )

describe('calculateMargin', () => {
  it('default: gives a chain portfolio to plimsoll-1 as it is', () => {
    const result = calculateMargin({ ...chain, parameters })
    expect(result).to.deep.equal(calculatePlimsoll({ ...chain, parameters }))
  })

  it('behavior: gives a book to plimsoll-1 and to reference models', () => {
    const own = book([{ kind: 'perpetual', underlying: 'ETH', amount: 10, entry: 1990 }])
    const result = calculateMargin({ ...own, parameters: bookParameters })
    expect(result.model).to.equal('plimsoll-1')
    // 10 · (2,000 − 1,990), of which the paper haircut takes a tenth; the scan is 18 % of 20,000 and more.
    expect(result.equity).to.equal(90_000_000n)
    expect(Number(result.initialMargin)).to.be.greaterThan(3_600e6)
    const tims = calculateMargin({ ...own, parameters: defaultParameters('tims') })
    expect(tims).to.include({ model: 'tims', quote: 'USD' })
    expect(tims.initialMargin).to.be.greaterThan(0)
  })

  it('behavior: a chain portfolio reaches a reference model through its assets only', () => {
    const span = defaultParameters('span')
    expect(() => calculateMargin({ ...chain, parameters: span })).to.throw(InvalidInputError, 'no parameter set')
    const [position] = chain.portfolio.positions
    if (position === undefined) expect.fail('no position')
    const { venueAccount } = position
    const requirements = [{ venueAccount, initial: 900n * wad, maintenance: 400n * wad }]
    const holdings = { market, portfolio: { ...chain.portfolio, requirements } }
    const margin = calculateMargin({ ...holdings, parameters: defaultParameters('venue-rules'), assets: parameters })
    expect(margin).to.include({ model: 'venue-rules', initialMargin: 900, maintenanceMargin: 400 })
    // All but the debt to a consumer is worth what the account holds; that debt demands nothing beyond itself.
    const { equity } = calculatePlimsoll({ ...chain, parameters: { ...parameters, paperHaircut: 0n } })
    expectClose(margin.equity, Number(equity) / 1e6, 1e-4)
  })

  it('behavior: names what the book of a chain portfolio leaves out', () => {
    const holdings = { market, portfolio: portfolioOf({ ...balance(assets.weth, wad), control: 'free' as const }) }
    const { assumptions } = calculateMargin({ ...holdings, parameters: defaultParameters('tims'), assets: parameters })
    expect(assumptions.join(' ')).to.contain('Counted as zero: ETH').and.contain('not credited')
  })
})

describe('compareMargins', () => {
  it('default: one refusal stops no other model, and says why', () => {
    const own = book([{ kind: 'perpetual', underlying: 'ETH', amount: 10, entry: 2000, payoff: 'inverse' }])
    const compared = compareMargins(own, {
      parameters: [bookParameters, defaultParameters('deribit-pm'), defaultParameters('venue-rules')],
    })
    expect(compared.map(({ model, status }) => [model, status])).to.deep.equal([
      ['plimsoll-1', 'refused'],
      ['deribit-pm', 'calculated'],
      ['venue-rules', 'refused'],
    ])
    expect(compared[0]).to.include({ error: 'UnmodeledPositionError' })
  })
})

describe('parseAnyParameters', () => {
  it('default: reads the parameters of every model back, and refuses an unknown field', () => {
    for (const model of ['span', 'derive-pmrm', 'derive-pmrm-2', 'derive-srm', 'tims', 'deribit-pm'] as const) {
      const plain = JSON.parse(JSON.stringify(defaultParameters(model)))
      expect(parseAnyParameters(plain), model).to.deep.equal(defaultParameters(model))
      expect(() => parseAnyParameters({ ...plain, surprise: 1 }), model).to.throw(InvalidInputError, 'surprise')
    }
  })
  it('error: a model that does not exist, and none at all', () => {
    expect(() => parseAnyParameters({ model: 'nonsense' })).to.throw(InvalidInputError, 'There is no model nonsense')
    expect(() => parseAnyParameters({ name: 'x' })).to.throw(InvalidInputError, 'does not say which model')
  })
})

describe('bookOf', () => {
  it('default: every claim is worth in doubles what it is worth in integers', () => {
    const { positions } = calculatePlimsoll({ ...chain, parameters })
    const { book: own, omitted } = bookOf(chain, parameters)
    const marks = new Map(markPositions(own).map(({ id, value }) => [id, value]))
    expect(omitted).to.deep.equal([])
    expect(marks.size).to.equal(positions.length)
    for (const { key, value } of positions) {
      const exact = Number(value) / 1e18
      // Liquidity holds whole smallest units, of which a USDC is the millionth of a dollar.
      expectClose(marks.get(key), exact, 1e-6 + Math.abs(exact) * 1e-12, key)
    }
  })
  it('behavior: money is cash, or with `money: spot` an underlying', () => {
    const kinds = (money: 'cash' | 'spot') =>
      bookOf({ portfolio: portfolioOf(debt(assets.usdc, 10n ** 6n)), market }, parameters, { money }).book.portfolio
        .positions
    expect(kinds('cash')[0]).to.include({ kind: 'cash', currency: 'USDC', amount: -1 })
    expect(kinds('spot')[0]).to.include({ kind: 'spot', underlying: 'USDC', amount: -1 })
  })
})

describe('snapshotOf', () => {
  const convert = (positions: readonly unknown[], underlying: object = {}) =>
    snapshotOf(book(positions, underlying), bookParameters)
  const call = {
    kind: 'option',
    underlying: 'ETH',
    right: 'call',
    strike: 2000,
    years: 0.25,
    amount: 1,
    volatility: 0.5,
  }

  it('default: integers of the book', () => {
    const { portfolio, market: converted } = convert([
      { kind: 'spot', underlying: 'ETH', amount: -1.5 },
      { ...call, multiplier: 10 },
      { kind: 'cash', currency: 'USD', amount: -12.25 },
    ])
    const [owed, contract, fixed] = portfolio.positions
    expect(owed).to.include({ kind: 'debt', amount: (3n * wad) / 2n })
    expect(contract).to.include({ kind: 'option', size: 10n * wad, expiry: 1_800_000_000 + 7_884_000 })
    expect(fixed).to.include({ kind: 'consumerDebt', amount: (49n * wad) / 4n })
    expect(converted.prices.ETH).to.include({ price: 2000n * wad })
    expect(Object.values(converted.volatilities)[0]).to.include({ low: wad / 2n, high: wad / 2n })
  })
  it('behavior: a decimal fraction stays what it was written as', () => {
    expect(toWad(0.1)).to.equal(wad / 10n)
    expect(toWad(-1e-18)).to.equal(-1n)
    expect(toWad(1.5e21)).to.equal(1_500n * wad * wad)
    expect(toWad(4e-19)).to.equal(0n)
  })
  it('error: what plimsoll-1 does not model', () => {
    const refused: readonly (readonly [string, unknown, object?])[] = [
      ['inverse', { kind: 'perpetual', underlying: 'ETH', amount: 1, entry: 2000, payoff: 'inverse' }],
      ['marked away', { kind: 'perpetual', underlying: 'ETH', amount: 1 }, { perpetual: { price: 2001 } }],
      ['future', { kind: 'future', underlying: 'ETH', amount: 1, expiry: 1_900_000_000 }],
      ['American', { ...call, style: 'american' }],
      ['paid in coin', { ...call, payoff: 'inverse' }],
      ['like a future', { ...call, premium: 'futures' }],
      ['discounted', call, { rate: 0.05, dividendYield: 0.05 }],
      ['away from the spot', call, { forwards: [{ years: 0.25, price: 2010 }] }],
    ]
    for (const [reason, position, underlying] of refused) {
      expect(() => convert([position], underlying), reason).to.throw(UnmodeledPositionError, reason)
    }
    expect(() => convert([{ kind: 'cash', currency: 'EUR', amount: 1 }])).to.throw(InvalidInputError, 'no asset of EUR')
  })
})
