import { expect } from 'chai'
import { InvalidInputError, MissingMarketDataError } from '../../src/core/errors.ts'
import type { PinnedBlock } from '../../src/core/portfolio.ts'
import type { ReadPlan } from '../../src/core/readPlan.ts'
import { wad } from '../../src/core/units.ts'
import { fileHistory } from '../../src/market/priceHistory.ts'
import { InsufficientHistoryError } from '../../src/market/rangeMultiplier.ts'
import { chainSources, readMarket } from '../../src/market/readMarket.ts'
import { historyMultipliers } from '../../src/risk/plimsoll/calibration.ts'
import { testParameters } from '../support/books.ts'
import { thrown } from '../support/rejection.ts'

const day = 86_400
const block: PinnedBlock = { chainId: 31337, number: 5n, hash: `0x${'11'.repeat(32)}`, timestamp: 1_800_000_000 }
const sample = (daysAgo: number, dollars: number) => ({
  time: block.timestamp - daysAgo * day,
  price: `${BigInt(dollars) * wad}`,
})
const file = (samples: readonly ReturnType<typeof sample>[]) => ({
  schema: 'plimsoll-price-history/1',
  name: 'test',
  samples: { ETH: samples },
})

function resultOf<Result>(plan: ReadPlan<Result>): Result {
  const step = plan.next()
  if (step.done !== true) return expect.fail('the plan asks the chain')
  return step.value
}

describe('fileHistory', () => {
  it('gives the samples of the window, from the newest one before it to the block', () => {
    const { read } = fileHistory(file([sample(9, 1), sample(5, 2), sample(3, 3), sample(0, 4), sample(-1, 5)]))
    const read3 = resultOf(read({ source: 'file' }, 'ETH', { from: block.timestamp - 4 * day, block }))
    expect(read3.map(({ price }) => price / wad)).to.deep.equal([2n, 3n, 4n])
    const all = resultOf(read({ source: 'file' }, 'ETH', { from: 0, block }))
    expect(all.map(({ price }) => price / wad)).to.deep.equal([1n, 2n, 3n, 4n])
  })
  it('error: an underlying that is not listed', async () => {
    const { read } = fileHistory(file([sample(1, 1)]))
    const plan = () => resultOf(read({ source: 'file' }, 'BTC', { from: 0, block }))
    expect((await thrown(plan, MissingMarketDataError)).message)
      .to.contain('file:test')
      .and.contain('BTC')
  })
  it('error: a malformed file, naming path and value', async () => {
    const zero = await thrown(() => fileHistory(file([sample(1, 0)])), InvalidInputError)
    expect(zero.message).to.contain('samples.ETH.0.price')
    await thrown(() => fileHistory({ ...file([]) }), InvalidInputError)
    const disordered = await thrown(() => fileHistory(file([sample(1, 1), sample(1, 1)])), InvalidInputError)
    expect(disordered.message).to.contain('samples.ETH.1.time')
  })
})

describe('readMarket with a price history', () => {
  const parameters = testParameters((plain) => {
    const entry = plain.underlyings.ETH
    if (entry) entry.multiplier = { ...historyMultipliers.ETH, history: { source: 'file' } }
  })
  const spot = { id: 'file', configuration: fileHistory(file([sample(1, 1)])).configuration }
  const market = (samples: readonly ReturnType<typeof sample>[] | null) =>
    resultOf(
      readMarket({
        parameters,
        block,
        request: { underlyings: ['BTC', 'ETH'], held: [], owed: [], options: [] },
        sources: {
          ...chainSources,
          prices: [
            {
              ...spot,
              // biome-ignore lint/correctness/useYield: a plan that asks nothing.
              *read() {
                return { price: wad, confidence: wad, updatedAt: block.timestamp, source: 'test' }
              },
            },
          ],
          histories: samples === null ? [] : [fileHistory(file(samples))],
        },
      }),
    )
  const calm = Array.from({ length: 16 }, (_, index) => sample(15 - index, 2_000))

  it('multiplies the range of the underlying whose rule says so, and no other', () => {
    expect(market(calm).rangeMultipliers).to.deep.equal({ BTC: wad, ETH: wad })
    const { BTC, ETH } = market([...calm.slice(0, -1), sample(0, 1_600)]).rangeMultipliers
    expect(BTC).to.equal(wad)
    expect(ETH).to.equal(2n * wad)
  })
  it('error: a history that is too short, and a source that is not at hand', async () => {
    await thrown(() => market(calm.slice(1)), InsufficientHistoryError)
    const error = await thrown(() => market(null), MissingMarketDataError)
    expect(error.message).to.contain('underlyings.ETH.multiplier.history')
  })
  it('error: a rule whose history cannot hold its release', () => {
    const short = () =>
      testParameters((plain) => {
        const entry = plain.underlyings.ETH
        const rule = { ...historyMultipliers.ETH, lookback: 14 * day, history: { source: 'file' } }
        if (entry) entry.multiplier = rule
      })
    expect(short).to.throw(InvalidInputError, 'underlyings.ETH.multiplier.lookback')
  })
})
