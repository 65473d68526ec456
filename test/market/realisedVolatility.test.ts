import { expect } from 'chai'
import fc from 'fast-check'
import { parseAbi } from 'viem'
import { z } from 'zod'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans } from '../../src/chain/runPlans.ts'
import { InconsistentReadError, InvalidInputError, MissingMarketDataError } from '../../src/core/errors.ts'
import { type Volatility, volatilityKey } from '../../src/core/market.ts'
import { parseWith } from '../../src/core/schema.ts'
import { wad } from '../../src/core/units.ts'
import { fileMarket } from '../../src/market/fileMarket.ts'
import { fileHistory } from '../../src/market/priceHistory.ts'
import { chainSources, readMarket } from '../../src/market/readMarket.ts'
import { estimate, realisedVolatility } from '../../src/market/realisedVolatility.ts'
import type { MarketSources, VolatilitySource } from '../../src/market/source.ts'
import { parametersOf } from '../adapters/support/devnetVenue.ts'
import { devnetFixture } from '../support/devnet.ts'
import { exp, ln } from '../support/exact/functions.ts'
import { fromWad, one, over, type Real, sqrt, sum, times } from '../support/exact/real.ts'
import { thrown } from '../support/rejection.ts'
import { block, resultOf } from './support/answerPlan.ts'

const day = 86_400
const plain = {
  source: 'realised',
  history: { source: 'file' },
  interval: day,
  returns: 10,
  maximumAge: 3_600,
  floor: `${wad / 2n}`,
  shortAddOn: `${wad / 10n}`,
  longHaircut: `${wad / 5n}`,
  confidence: `${wad / 2n}`,
}
const option = { surface: 'smile', underlying: 'ETH', strike: 2_000n * wad, expiry: block.timestamp + 30 * day }

/** Closes of ether, one a day up to the block, each `late` seconds old. */
const historyOf = (dollars: readonly number[], late = 0) =>
  fileHistory({
    schema: 'plimsoll-price-history/1',
    name: 'test',
    samples: {
      ETH: dollars.map((price, index) => ({
        time: block.timestamp - late - (dollars.length - 1 - index) * day,
        price: `${BigInt(price) * wad}`,
      })),
    },
  })

function read(
  dollars: readonly number[],
  { changes = {}, late = 0, contracts = [option], others = [] as VolatilitySource<never>[] } = {},
): Readonly<Record<string, Volatility>> {
  const sources: MarketSources = {
    ...chainSources,
    volatilities: [...chainSources.volatilities, ...others],
    histories: [historyOf(dollars, late)],
  }
  const configuration = parseWith(realisedVolatility.configuration, { ...plain, ...changes }, 'volatilities.smile')
  return resultOf(realisedVolatility.read(configuration, 'smile', contracts, block, sources))
}
const only = (read: Readonly<Record<string, Volatility>>) => read[volatilityKey(option)] ?? expect.fail()
const zigzag = [100, 110, 100, 110, 100, 110, 100, 110, 100, 110, 100]
const calm = [...Array.from({ length: 10 }, () => 100), 110]
const close = (actual: bigint, expected: number) =>
  expect(Math.abs(Number(actual) / 1e18 - expected) < 1e-12, `${actual} against ${expected}`).to.equal(true)

describe('realised volatility', () => {
  describe('by hand', () => {
    // ln 1.1 = 0.0953101798 a day is 0.0953101798·√365 = 182.09 % a year.
    const sigma = Math.log(1.1) * Math.sqrt(365)

    it('is the root of the mean square a year, less a fifth for longs and with a tenth more for shorts', () => {
      const { low, high, confidence, source } = only(read(zigzag))
      close(low, sigma * 0.8)
      close(high, sigma + 0.1)
      expect(confidence).to.equal(wad / 2n)
      expect(source).to.equal('realised:file, 10 returns of 86400 s, a fallback')
    })
    it('counts one jump of ten as a tenth of its square', () => {
      close(only(read(calm)).low, (sigma / Math.sqrt(10)) * 0.8)
    })
    it('counts the newest twice the one before it at a half-life of one step: 1 of 2 − 2⁻⁹', () => {
      const weight = 1 / (2 - 2 ** -9)
      close(only(read(calm, { changes: { halfLife: day } })).low, sigma * Math.sqrt(weight) * 0.8)
      // The same jump nine days ago counts 2⁻⁹ of that.
      const long = [100, ...Array.from({ length: 10 }, () => 110)]
      close(only(read(long, { changes: { halfLife: day } })).low, sigma * Math.sqrt(weight / 2 ** 9) * 0.8)
    })
    it('keeps shorts at the floor in calm, and longs above nothing', () => {
      const still = Array.from({ length: 11 }, () => 100)
      expect(only(read(still))).to.include({ low: 1n, high: wad / 2n + wad / 10n })
    })
    it('takes at each close the newest price before it, up to its age', async () => {
      expect(only(read(zigzag, { late: 3_600 }))).to.deep.equal(only(read(zigzag)))
      const error = await thrown(() => read(zigzag, { late: 3_601 }), MissingMarketDataError)
      expect(error.message).to.contain(
        `no price of ETH within 3600 s before ${block.timestamp - 10 * day}: the newest is of`,
      )
    })
  })

  it('is the formula in 72 decimals, to 1e-14 of it', () => {
    const price = fc.bigInt(wad, 10_000n * wad)
    fc.assert(
      fc.property(
        fc.array(price, { minLength: 11, maxLength: 40 }),
        fc.integer({ min: 60, max: 10 * day }),
        fc.option(fc.integer({ min: day / 4, max: 100 * day }), { nil: undefined }),
        (closes, interval, halfLife) => {
          const squares = closes.slice(1).map((close, index): Real => {
            const change = ln(over(fromWad(close), fromWad(closes[index] ?? 0n)))
            return times(change, change)
          })
          const ln2 = ln(2n * one)
          const weight = (age: number): Real =>
            halfLife === undefined ? one : exp((-ln2 * BigInt(age * interval)) / BigInt(halfLife))
          const weights = squares.map((_, index) => weight(squares.length - 1 - index))
          const mean = over(sum(squares.map((square, index) => times(square, weights[index] ?? 0n))), sum(weights))
          const exact = sqrt((mean * 31_536_000n) / BigInt(interval)) / 10n ** 54n
          const rule = { interval, floor: 1n, shortAddOn: 0n, longHaircut: 0n, confidence: wad }
          const { low, high } = estimate(closes, halfLife === undefined ? rule : { ...rule, halfLife })
          const tolerance = exact / 10n ** 14n + 1n
          expect(low <= high && low >= exact - tolerance && high <= exact + tolerance, `${low} ${exact}`).to.equal(true)
        },
      ),
      { numRuns: 200, seed: 11 },
    )
  })

  describe('instead of another source', () => {
    const fileOf = (updatedAt: number) =>
      fileMarket({
        schema: 'plimsoll-market/1',
        name: 'board',
        prices: {},
        volatilities: {
          smile: { updatedAt, points: [{ expiry: option.expiry, strike: `${option.strike}`, low: '5', high: '7' }] },
        },
      }).volatility
    const file = fileOf(block.timestamp - 60)
    const unlisted = { ...option, strike: 2_100n * wad }
    const contracts = [option, unlisted]
    const others = [file] as never
    const by = (maxAge: number) => ({ changes: { instead: { source: 'file', maxAge } }, contracts, others })

    it('gives what that lists as it is, and says of the rest what it is instead of', () => {
      const found = read(zigzag, by(60))
      expect(only(found)).to.deep.equal({ low: 5n, high: 7n, confidence: wad, source: 'file:board' })
      const { source, ...figures } = found[volatilityKey(unlisted)] ?? expect.fail()
      const { source: _, ...alone } = only(read(zigzag))
      expect(figures).to.deep.equal(alone)
      expect(source).to.equal(`realised:file, 10 returns of 86400 s, a fallback: file does not list the contract.`)
    })
    it('stands in for all of it when it is stale', () => {
      for (const { source } of Object.values(read(zigzag, by(59)))) {
        expect(source).to.contain('a fallback: file:board gives the volatilities of smile 60 s old')
      }
    })
    it('stands in for what is left out without a word, and asks no history when nothing is missing', () => {
      const board: VolatilitySource<never> = {
        ...(file as unknown as VolatilitySource<never>),
        id: 'board',
        configuration: z.looseObject({}) as never,
        // biome-ignore lint/correctness/useYield: a plan that asks nothing.
        *read() {
          return {}
        },
      }
      const changes = { instead: { source: 'board', maxAge: 1 }, history: { source: 'file' } }
      const [left] = Object.values(
        read(zigzag, { changes: { ...changes, instead: { source: 'board' } }, others: [board] as never }),
      )
      expect(left?.source).to.contain('a fallback: board does not list the contract.')
      expect(only(read([1], { ...by(60), contracts: [option] })).source).to.equal('file:board')
    })
    it('does not survive what is neither stale nor missing', async () => {
      await thrown(() => read(zigzag, by(0)), InvalidInputError)
      const early = fileOf(block.timestamp + 1)
      await thrown(() => read(zigzag, { ...by(60), others: [early] as never }), InconsistentReadError)
    })
  })

  it('refuses an underlying without history, a history that is not at hand and a malformed entry', async () => {
    await thrown(() => read(zigzag, { contracts: [{ ...option, underlying: 'BTC' }] }), MissingMarketDataError)
    const error = await thrown(
      () => read(zigzag, { changes: { history: { source: 'oracle' } } }),
      MissingMarketDataError,
    )
    expect(error.message).to.contain('volatilities.smile.history names the source oracle')
    for (const [change, field] of [
      [{ returns: 9 }, 'returns'],
      [{ floor: '0' }, 'floor'],
      [{ longHaircut: `${wad + 1n}` }, 'longHaircut'],
      [{ confidence: undefined }, 'confidence'],
      [{ shortAddOn: '-1' }, 'shortAddOn'],
    ] as const) {
      expect((await thrown(() => read(zigzag, { changes: change }), InvalidInputError)).message).to.contain(field)
    }
  })

  it('stands in on the devnet for a strike that Lyra does not list, from the rounds of its Chainlink feed', async function () {
    this.timeout(120_000)
    const { chain, client, deployment } = await devnetFixture()
    const { feeds, lyra, operators } = deployment
    const feed = { name: 'feed', address: feeds.ethUsd, abi: parseAbi(['function updateAnswer(int256 answer)']) }
    for (let index = 0; index < 11; index++) {
      await advanceTime(chain, 3_599)
      const answer = BigInt(index % 2 === 0 ? 2_000 : 2_020) * 10n ** 8n
      await sendAs(chain, operators.deployer).send(feed, 'updateAnswer', [answer])
    }
    const parameters = parametersOf({ deployment })
    const surface = 'lyra-eth'
    const instead = parameters.volatilities[surface]
    const history = { source: 'chainlink', feed: feeds.ethUsd, maximumRounds: 100 }
    const entry = { ...plain, instead, history, interval: 3_600 }
    const block = await pinBlock(client, { chainId: deployment.chainId })
    const board = await client.readContract({
      address: lyra.optionMarket,
      abi: parseAbi([
        'struct OptionBoard { uint256 id; uint256 expiry; uint256 iv; bool frozen; uint256[] strikeIds; }',
        'function getOptionBoard(uint256 boardId) view returns (OptionBoard)',
      ]),
      functionName: 'getOptionBoard',
      args: [BigInt(lyra.boardId)],
    })
    const contract = { surface, underlying: 'ETH', expiry: Number(board.expiry) }
    const options = [
      { ...contract, strike: 2_000n * wad },
      { ...contract, strike: 2_001n * wad },
    ]
    const read = async (volatilities: typeof parameters.volatilities) => {
      const request = { underlyings: [], held: [], owed: [], options }
      const plan = readMarket({ parameters: { ...parameters, volatilities }, request, block })
      return (await runPlans(client, block, [{ name: 'market', plan }])).results[0]?.volatilities ?? expect.fail()
    }
    const [plainBoard, withFallback] = [await read(parameters.volatilities), await read({ [surface]: entry })]
    const [listed = option, unlisted = option] = options
    expect(Object.keys(plainBoard)).to.deep.equal([volatilityKey(listed)])
    expect(withFallback[volatilityKey(listed)]).to.deep.equal(plainBoard[volatilityKey(listed)])
    const fallback = withFallback[volatilityKey(unlisted)] ?? expect.fail()
    // ln 1.01 an hour: 0.00995033085·√8760 = 93.13 %.
    close(fallback.low, Math.log(1.01) * Math.sqrt(8_760) * 0.8)
    expect(fallback.source).to.equal(
      'realised:chainlink, 10 returns of 3600 s, a fallback: lyra does not list the contract.',
    )
  })
})
