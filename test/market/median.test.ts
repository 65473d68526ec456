import { expect } from 'chai'
import fc from 'fast-check'
import { z } from 'zod'
import {
  BaseError,
  InconsistentReadError,
  InvalidInputError,
  MissingMarketDataError,
  StaleMarketDataError,
  UncertainMarketDataError,
} from '../../src/core/errors.ts'
import type { SpotPrice } from '../../src/core/market.ts'
import { parseWith } from '../../src/core/schema.ts'
import { wad } from '../../src/core/units.ts'
import { median, medianOf, PriceDeviationError, TooFewSourcesError } from '../../src/market/median.ts'
import { chainSources } from '../../src/market/readMarket.ts'
import type { MarketSources, PriceSource } from '../../src/market/source.ts'
import { thrown } from '../support/rejection.ts'
import { block, resultOf } from './support/answerPlan.ts'

type Answer = Partial<SpotPrice> | Error

/** Reads a median over sources `s0`, `s1` … that answer as given. */
function read(answers: readonly Answer[], bounds: Record<string, unknown> = {}): SpotPrice {
  const prices = answers.map((answer, index): PriceSource<unknown> => {
    const id = `s${index}`
    return {
      id,
      configuration: z.looseObject({}),
      // biome-ignore lint/correctness/useYield: a plan that asks nothing.
      *read() {
        if (answer instanceof Error) throw answer
        return { price: 2_000n * wad, confidence: wad, updatedAt: block.timestamp - 10, source: id, ...answer }
      },
    }
  })
  const entry = {
    source: 'median',
    of: answers.map((_, index) => ({ source: `s${index}` })),
    minimumSources: 2,
    maximumDeviation: `${wad / 50n}`,
    maxAge: 60,
    ...bounds,
  }
  const sources: MarketSources = { ...chainSources, prices: [...prices, median] }
  const configuration = parseWith(median.configuration, entry, 'prices.ETH')
  return resultOf(median.read(configuration, 'ETH', block, sources))
}

const dollars = (value: number): { price: bigint } => ({ price: (BigInt(Math.round(value * 100)) * wad) / 100n })
const open = { maximumDeviation: `${10n ** 80n}` }

describe('median', () => {
  describe('by hand', () => {
    it('is the middle of three, with the least confidence and the oldest time', () => {
      const spot = read([
        { ...dollars(2_010), updatedAt: block.timestamp - 30 },
        { ...dollars(1_990), confidence: wad / 2n },
        dollars(2_001),
      ])
      expect(spot).to.deep.equal({
        price: 2_001n * wad,
        confidence: wad / 2n,
        updatedAt: block.timestamp - 30,
        source: 'median(s0, s1, s2)',
      })
    })
    it('is the mean of the middle two of an even number, rounded down', () => {
      // (2000 + 2001) / 2; and (5 + 8) / 2 wei = 6.
      expect(read([dollars(2_001), dollars(2_000)]).price).to.equal(2_000_500_000_000_000_000_000n)
      expect(read([{ price: 8n }, { price: 5n }], open).price).to.equal(6n)
      expect(medianOf([1n, 100n, 3n, 4n])).to.equal(3n)
    })
    it('leaves out what is stale or missing, and says so', () => {
      const late = new StaleMarketDataError('s1 gives the price of ETH 99 s old; 60 s are allowed.')
      const spot = read([dollars(2_000), late, dollars(2_002)])
      expect(spot.price).to.equal(2_001n * wad)
      expect(spot.source).to.equal(`median(s0, s2; without: ${late.shortMessage})`)
      const missing = new MissingMarketDataError('s0 has no price of ETH.')
      expect(read([missing, dollars(5), dollars(5)]).source).to.contain('without: s0 has no price of ETH.')
    })
    it('counts a price as stale at its own bound, if the source allows more', async () => {
      const old = { ...dollars(2_000), updatedAt: block.timestamp - 61 }
      expect(read([old, {}, {}]).source).to.contain('without: s0 gives the price of ETH 61 s old; 60 s are allowed.')
      await thrown(() => read([old, {}]), TooFewSourcesError)
      expect(read([{ ...old, updatedAt: block.timestamp - 60 }, {}]).updatedAt).to.equal(block.timestamp - 60)
    })
  })

  describe('refusals', () => {
    it('too few sources, naming why each is absent', async () => {
      const late = new StaleMarketDataError('s0 is late.')
      const missing = new MissingMarketDataError('s2 is silent.')
      const error = await thrown(() => read([late, {}, missing]), TooFewSourcesError)
      expect(error.message).to.contain('ETH has 1 of the 2').and.contain(late.message).and.contain(missing.message)
      expect(error.retryable).to.equal(true)
      await thrown(() => read([late, {}, {}], { minimumSources: 3 }), TooFewSourcesError)
    })
    it('two prices further apart than the bound, naming both', async () => {
      // 2040 is 2 % above 2000, and no wei more is allowed.
      expect(read([dollars(2_000), dollars(2_040)]).price).to.equal(2_020n * wad)
      const apart = { price: 2_040n * wad + 1n }
      const error = await thrown(() => read([apart, {}, dollars(2_001)]), PriceDeviationError)
      expect(error.message).to.contain(`s1 gives ETH ${2_000n * wad} and s0 ${apart.price}`)
    })
    it('what is neither stale nor missing, whatever remains', async () => {
      for (const error of [
        new InconsistentReadError('of the future'),
        new UncertainMarketDataError('too wide'),
        new BaseError('other'),
        new TypeError('bug'),
      ]) {
        expect(await thrown(() => read([error, {}, {}, {}]), Error)).to.equal(error)
      }
      const future = { updatedAt: block.timestamp + 1 }
      await thrown(() => read([future, {}, {}]), InconsistentReadError)
    })
    it('a price below the least confidence', async () => {
      const bounds = { minimumConfidence: `${wad / 2n}` }
      expect(read([{ confidence: wad / 2n }, {}], bounds).confidence).to.equal(wad / 2n)
      const error = await thrown(() => read([{ confidence: wad / 2n - 1n }, {}, {}], bounds), UncertainMarketDataError)
      expect(error.message).to.contain('s0').and.contain('ETH')
    })
    it('one source listed twice', async () => {
      const error = await thrown(() => read([{ source: 'feed' }, { source: 'feed' }, {}]), InvalidInputError)
      expect(error.message).to.contain('counts feed twice')
    })
    it('a source that is not at hand, even where enough remain', async () => {
      const of = [{ source: 's0' }, { source: 's1' }, { source: 'oracle' }]
      const error = await thrown(() => read([{}, {}], { of }), MissingMarketDataError)
      expect(error.message).to.contain('prices.ETH.of.2').and.contain('oracle')
    })
    it('a malformed entry', async () => {
      for (const [change, field] of [
        [{ minimumSources: 1 }, 'minimumSources'],
        [{ minimumSources: 3 }, 'minimumSources'],
        [{ maximumDeviation: '0' }, 'maximumDeviation'],
        [{ maxAge: undefined }, 'maxAge'],
        [{ of: [{ source: 's0' }] }, 'of'],
        [{ of: [{ source: 's0' }, { source: 'median' }] }, 'of.1'],
      ] as const) {
        expect((await thrown(() => read([{}, {}], change), InvalidInputError)).message).to.contain(field)
      }
    })
  })

  describe('behavior', () => {
    const settings = { numRuns: 500, seed: 11 }
    const price = fc.bigInt(1n, 10n ** 24n)
    const prices = fc.array(price, { minLength: 2, maxLength: 9 })
    const of = (list: readonly bigint[]) =>
      read(
        list.map((value) => ({ price: value })),
        open,
      ).price
    const least = (list: readonly bigint[]) => list.reduce((a, b) => (a < b ? a : b))
    const most = (list: readonly bigint[]) => list.reduce((a, b) => (a > b ? a : b))

    it('lies between the lowest and the highest, with as many prices on either side', () => {
      fc.assert(
        fc.property(prices, (list) => {
          const value = of(list)
          expect(value >= least(list) && value <= most(list)).to.equal(true)
          const below = list.filter((item) => item < value).length
          const above = list.filter((item) => item > value).length
          expect(below <= list.length / 2 && above <= list.length / 2).to.equal(true)
        }),
        settings,
      )
    })
    it('does not depend on the order', () => {
      fc.assert(
        fc.property(prices, fc.infiniteStream(fc.nat()), (list, keys) => {
          const shuffled = list
            .map((value) => ({ value, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ value }) => value)
          expect(of(shuffled)).to.equal(of(list))
        }),
        settings,
      )
    })
    it('is not moved beyond the other two by one bad source of three', () => {
      fc.assert(
        fc.property(price, price, fc.bigInt(1n, 10n ** 40n), fc.nat({ max: 2 }), (a, b, bad, place) => {
          const list = [a, b].toSpliced(place, 0, bad)
          const value = of(list)
          expect(value >= least([a, b]) && value <= most([a, b])).to.equal(true)
        }),
        settings,
      )
    })
    it('gives a price exactly when no two are further apart than the bound', () => {
      const near = fc.array(fc.bigInt(1_900n * wad, 2_100n * wad), { minLength: 2, maxLength: 5 })
      fc.assert(
        fc.property(near, fc.bigInt(1n, wad / 10n), (list, bound) => {
          const agree = list.every((a) => list.every((b) => (a - b) * wad <= bound * (a < b ? a : b)))
          const attempt = () =>
            read(
              list.map((value) => ({ price: value })),
              { maximumDeviation: `${bound}` },
            )
          if (agree) expect(attempt().price).to.equal(medianOf(list))
          else expect(attempt).to.throw(PriceDeviationError)
        }),
        settings,
      )
    })
  })
})
