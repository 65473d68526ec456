import { expect } from 'chai'
import { type Book, type BookPosition, parseBook } from '../../../src/core/book.ts'
import { InvalidInputError, MissingMarketDataError } from '../../../src/core/errors.ts'
import { bookAtClose } from '../../../src/risk/validation/bookAtClose.ts'
import { stressedWindow } from '../../../src/risk/validation/stressedWindow.ts'
import { type MarginOf, type WalkForwardOptions, walkForward } from '../../../src/risk/validation/walkForward.ts'
import { expectClose } from '../../support/close.ts'

const day = 86_400
const bookOf = (positions: readonly BookPosition[]): Book => ({
  schema: 'plimsoll-book/1',
  portfolio: { asOf: 1_000 * day, quote: 'USD', positions: [...positions] },
  market: {
    underlyings: {
      ETH: { price: 100, smiles: [{ kind: 'flat', volatility: 0.8 }] },
      BTC: { price: 1_000 },
    },
  },
})
const spot: BookPosition = { kind: 'spot', underlying: 'ETH', amount: 2 }
const closes = [100, 110, 99, 99, 90, 108]
const nothing: MarginOf = () => ({ initialMargin: 0, maintenanceMargin: 0, equity: 0 })
const options = (changes: Partial<WalkForwardOptions> = {}): WalkForwardOptions => ({
  book: bookOf([spot]),
  history: { interval: day, closes: { ETH: closes } },
  marginOf: ({ market }) => {
    const price = market.underlyings.ETH?.price ?? 0
    return { initialMargin: 0.2 * price, maintenanceMargin: 0.1 * price, equity: 2 * price }
  },
  ...{ requirement: 'initial', window: 2, horizon: 1, life: 'restruck' },
  ...changes,
})

describe('walk-forward back-test', () => {
  it('behavior: margins at a close stand against the loss to the next', () => {
    const tested = [...walkForward(options())]
    expect(tested.map(({ close }) => close)).to.deep.equal([1, 2, 3, 4])
    expect(tested.map(({ pnl }) => Math.round(pnl * 1e9) / 1e9)).to.deep.equal([-22, 0, -18, 36])
    expect(tested.map(({ requirement }) => Math.round(requirement * 10) / 10)).to.deep.equal([22, 19.8, 19.8, 18])
    expect(tested.map(({ isException }) => isException)).to.deep.equal([false, false, false, false])
    const strict = [...walkForward(options({ requirement: 'maintenance' }))]
    expect(strict.map(({ isException }) => isException)).to.deep.equal([true, false, true, false])
  })
  it('behavior: a longer horizon tests days that far apart, up to the last close', () => {
    const tested = [...walkForward(options({ horizon: 2 }))]
    expect(tested.map(({ close }) => close)).to.deep.equal([1, 3])
    expect(tested.map(({ pnl }) => Math.round(pnl))).to.deep.equal([-22, 18])
    expect([...walkForward(options({ days: 2 }))].map(({ close }) => close)).to.deep.equal([3, 4])
  })
  it('behavior: a model sees the closes up to its day and none after', () => {
    const seen: (readonly number[])[] = []
    const marginOf: MarginOf = ({ market }) => {
      const { price, history } = market.underlyings.ETH ?? {}
      expect(history?.values.at(-1)).to.equal(price)
      expect(history).to.include({ kind: 'prices', interval: day, synthetic: 'drawn' })
      seen.push(history?.values ?? [])
      return { initialMargin: 0, maintenanceMargin: 0, equity: 0 }
    }
    const history = { interval: day, closes: { ETH: closes }, synthetic: 'drawn' }
    for (const _ of walkForward(options({ marginOf, history, window: 3 })));
    expect(seen).to.deep.equal([
      [100, 110, 99],
      [110, 99, 99],
      [99, 99, 90],
    ])
  })
  it('behavior: what a model does not count of the value cushions a loss', () => {
    const marginOf: MarginOf = ({ market }) => ({
      initialMargin: 0,
      maintenanceMargin: 0,
      equity: 1.5 * (market.underlyings.ETH?.price ?? 0),
    })
    const [first] = walkForward(options({ marginOf }))
    expect(first?.cushion).to.equal(55)
  })
  it('behavior: margins of stressed and long look-backs are those of other closes', () => {
    const marginOf: MarginOf = ({ market }) => {
      const values = market.underlyings.ETH?.history?.values ?? []
      return { initialMargin: values.length * 1_000 + (values[0] ?? 0), maintenanceMargin: 0, equity: 0 }
    }
    const tested = [...walkForward(options({ marginOf, stressed: true, floorWindow: 4 }))]
    expect(tested.map(({ stressed }) => stressed)).to.deep.equal([2_100, 2_100, 2_100, 2_100])
    expect(tested.map(({ floor }) => floor)).to.deep.equal([2_100, 3_100, 4_100, 4_110])
  })
  it('behavior: the most volatile stretch so far, the earliest of equals', () => {
    const prices = [100, 100, 120, 100, 100, 50, 50]
    expect(stressedWindow([prices], { length: 3, last: 4 })).to.deep.equal({ from: 1, to: 3 })
    expect(stressedWindow([prices], { length: 3, last: 6 })).to.deep.equal({ from: 3, to: 5 })
    expect(stressedWindow([prices], { length: 9, last: 2 })).to.deep.equal({ from: 0, to: 2 })
  })
  it('behavior: a book struck anew loses the same share at any price', () => {
    const positions: readonly BookPosition[] = [
      { kind: 'option', underlying: 'ETH', right: 'put', strike: 90, years: 0.1, amount: -1 },
      { kind: 'perpetual', underlying: 'ETH', amount: 1, entry: 95 },
      { kind: 'liquidity', underlying: 'ETH', against: 'USDC', liquidity: 50, lowerPrice: 80, upperPrice: 120 },
    ]
    const pnl = (scale: number) =>
      [
        ...walkForward(
          options({
            book: bookOf(positions),
            marginOf: nothing,
            history: { interval: day, closes: { ETH: closes.map((close) => close * scale) } },
          }),
        ),
      ].map((tested) => tested.pnl)
    const [once, thrice] = [pnl(1), pnl(3)]
    for (const [index, value] of once.entries())
      expectClose(thrice[index] as number, 3 * value, 1e-9 * (1 + Math.abs(value)))
  })
  it('behavior: a held book keeps strikes and grows older', () => {
    const option: BookPosition = {
      kind: 'option',
      underlying: 'ETH',
      right: 'call',
      strike: 100,
      expiry: 1_030 * day,
      amount: 1,
      mark: 4,
    }
    const book = bookOf([option, { ...option, strike: 120 } as BookPosition])
    const close = { factors: { ETH: 1.1 }, elapsed: 10 * day }
    const held = bookAtClose(book, close, 'held')
    expect(held.portfolio.asOf).to.equal(1_010 * day)
    expectClose(held.market.underlyings.ETH?.price, 110, 1e-9)
    expect(held.portfolio.positions[0])
      .to.include({ strike: 100, expiry: 1_030 * day })
      .and.not.have.property('mark')
    const anew = bookAtClose(book, close, 'restruck')
    expect(anew.portfolio.asOf).to.equal(1_000 * day)
    expectClose((anew.portfolio.positions[0] as { strike: number }).strike, 110, 1e-9)
    parseBook(JSON.stringify(anew))
    const lengths = bookOf([{ kind: 'option', underlying: 'ETH', right: 'call', strike: 100, years: 0.5, amount: 1 }])
    const [aged] = bookAtClose(lengths, { factors: {}, elapsed: 31_536_000 / 4 }, 'held').portfolio.positions
    expect((aged as { years: number }).years).to.equal(0.25)
  })
  it('behavior: a held book begins at its own prices, whatever the level of the history', () => {
    const option: BookPosition = {
      kind: 'option',
      underlying: 'ETH',
      right: 'put',
      strike: 95,
      expiry: 1_100 * day,
      amount: -1,
    }
    const run = (scale: number) => {
      const history = { interval: day, closes: { ETH: closes.map((close) => close * scale) } }
      return [...walkForward(options({ book: bookOf([spot, option]), marginOf: nothing, life: 'held', history }))]
    }
    const [own, other] = [run(1), run(40)]
    expect(own.map(({ scale }) => scale)).to.deep.equal([1, 1, 1, 1])
    for (const [index, { value, pnl }] of own.entries()) {
      expectClose(other[index]?.value ?? 0, value, 1e-9)
      expectClose(other[index]?.pnl ?? 0, pnl, 1e-9)
    }
    const [first, second] = own
    expectClose((first?.value ?? 0) + (first?.pnl ?? 0), second?.value ?? 0, 1e-9)
  })
  it('error: a history that is too short, ragged or of something else', () => {
    const run = (changes: Partial<WalkForwardOptions>) => [...walkForward(options(changes))]
    expect(() => run({ window: 6 })).to.throw(InvalidInputError, '6 closes are too few')
    expect(() => run({ horizon: 0 })).to.throw(InvalidInputError, 'horizon')
    expect(() => run({ history: { interval: day, closes: { BTC: closes } } })).to.throw(MissingMarketDataError, 'ETH')
    expect(() => run({ history: { interval: day, closes: { ETH: closes, BTC: [1] } } })).to.throw('differ in length')
  })
  it('error: a held option that ends before the last day', () => {
    const option: BookPosition = {
      id: 'call',
      kind: 'option',
      underlying: 'ETH',
      right: 'call',
      strike: 100,
      expiry: 1_003 * day,
      amount: 1,
    }
    const run = () => [...walkForward(options({ book: bookOf([option]), marginOf: nothing, life: 'held' }))]
    expect(run).to.throw(InvalidInputError, 'call ends 3 days after the first close; the test runs for 4')
  })
})
