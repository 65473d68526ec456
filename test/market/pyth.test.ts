import { expect } from 'chai'
import fc from 'fast-check'
import { getAddress } from 'viem'
import {
  InconsistentReadError,
  InvalidInputError,
  MissingMarketDataError,
  StaleMarketDataError,
  UncertainMarketDataError,
} from '../../src/core/errors.ts'
import { parseWith } from '../../src/core/schema.ts'
import { wad } from '../../src/core/units.ts'
import { pyth } from '../../src/market/pyth.ts'
import { thrown } from '../support/rejection.ts'
import { answerPlan, block } from './support/answerPlan.ts'

const contract = getAddress('0x00000000000000000000000000000000000000f1')
const priceId = `0x${'ab'.repeat(32)}` as const
const entry = { source: 'pyth' as const, contract, priceId, maxAge: 60, maxConfidence: wad / 100n }
const answer = { price: 200_012_345_678n, conf: 200_012_345n, expo: -8, publishTime: BigInt(block.timestamp - 60) }

const read = (changes: Partial<typeof answer> = {}, bounds: Partial<typeof entry> = {}) =>
  answerPlan(pyth.read({ ...entry, ...bounds }, 'ETH', block), ({ functionName, args }) => {
    expect([functionName, args]).to.deep.equal(['getPriceUnsafe', [priceId]])
    return { ...answer, ...changes }
  })

describe('pyth', () => {
  it('scales to WAD; confidence is 1 − conf / price', () => {
    // 2000.12345678; 200012345 / 200012345678 = 0.00099999999660…, so 1 less that, rounded down.
    expect(read()).to.deep.equal({
      price: 2_000_123_456_780_000_000_000n,
      confidence: ((200_012_345_678n - 200_012_345n) * wad) / 200_012_345_678n,
      updatedAt: block.timestamp - 60,
      source: `pyth:${contract}:${priceId}`,
    })
    expect(read({ price: 10_000n, conf: 25n }).confidence).to.equal(997_500_000_000_000_000n)
    expect(read({ conf: 0n }).confidence).to.equal(wad)
    expect(read({ price: 3n, conf: 3n }, { maxConfidence: wad }).confidence).to.equal(0n)
  })

  it('is the exact decimal number rounded down, for every exponent and price', async () => {
    const digits = fc.bigInt(1n, 2n ** 63n - 1n)
    fc.assert(
      fc.property(digits, fc.integer({ min: -40, max: 22 }), fc.bigInt(0n, 2n ** 64n - 1n), (price, expo, conf) => {
        const changes = { price, expo, conf }
        const bounds = { maxConfidence: wad }
        const attempt = () => read(changes, bounds)
        if (expo < -36 || expo > 18) return void expect(attempt).to.throw(InconsistentReadError, `${expo}`)
        // As decimal text: the digits, `expo` places moved, cut off after 18 decimals.
        const text = expo >= 0 ? `${price}${'0'.repeat(expo)}.` : `${price}`.padStart(1 - expo, '0')
        const [whole, part = ''] = expo >= 0 ? text.split('.') : [text.slice(0, expo), text.slice(expo)]
        const expected = BigInt(`${whole}${part.slice(0, 18).padEnd(18, '0')}`)
        if (expected === 0n) return void expect(attempt).to.throw(MissingMarketDataError)
        if (conf > price) return void expect(attempt).to.throw(UncertainMarketDataError)
        const spot = attempt()
        expect(spot.price).to.equal(expected)
        // confidence ≤ 1 − conf / price < confidence + 1 wei
        const exact = (price - conf) * wad
        expect(spot.confidence * price <= exact && exact < (spot.confidence + 1n) * price).to.equal(true)
      }),
      {
        numRuns: 2_000,
        seed: 11,
        examples: [
          [1n, -18, 0n],
          [1n, -19, 0n],
          [2n ** 63n - 1n, 18, 0n],
          [1n, -36, 0n],
        ],
      },
    )
  })

  it('holds the interval to its bound, to the last digit', async () => {
    // 1 % of 10,000 is 100.
    expect(read({ price: 10_000n, conf: 100n }).confidence).to.equal(990_000_000_000_000_000n)
    const error = await thrown(() => read({ price: 10_000n, conf: 101n }), UncertainMarketDataError)
    expect(error.message).to.contain('10000e-8 ± 101e-8').and.contain('ETH').and.contain(contract)
    expect(error.retryable).to.equal(true)
  })

  it('refuses what is stale, of the future, zero, negative or never published', async () => {
    const time = BigInt(block.timestamp)
    const refusals = [
      [{ publishTime: time - 61n }, StaleMarketDataError, '61 s old'],
      [{ publishTime: time + 1n }, InconsistentReadError, '1 s after block 5'],
      [{ publishTime: 2n ** 256n - 1n }, InconsistentReadError, 'after block 5'],
      [{ price: 0n }, MissingMarketDataError, 'answers 0e-8'],
      [{ price: -(2n ** 63n) }, MissingMarketDataError, 'answers -9223372036854775808e-8'],
      [{ publishTime: 0n }, MissingMarketDataError, 'published at 0'],
      [{ price: 9n, expo: -19 }, MissingMarketDataError, 'answers 9e-19'],
      [{ expo: -37 }, InconsistentReadError, 'exponent -37'],
      [{ expo: 2_147_483_647 }, InconsistentReadError, 'exponent 2147483647'],
      [{ expo: -2_147_483_648 }, InconsistentReadError, 'exponent -2147483648'],
    ] as const
    for (const [changes, type, text] of refusals) {
      const error = await thrown<Error>(() => read(changes), type)
      expect(error.message).to.contain(text).and.contain(priceId).and.contain('ETH')
    }
    expect(read({ publishTime: time }).updatedAt).to.equal(block.timestamp)
  })

  it('refuses an entry without bounds', async () => {
    const plain = { ...entry, maxConfidence: `${wad / 100n}` }
    expect(parseWith(pyth.configuration, plain, 'prices.ETH')).to.deep.equal(entry)
    for (const [change, field] of [
      [{ maxConfidence: undefined }, 'maxConfidence'],
      [{ maxConfidence: '0' }, 'maxConfidence'],
      [{ maxConfidence: `${wad + 1n}` }, 'maxConfidence'],
      [{ maxAge: 0 }, 'maxAge'],
      [{ priceId: '0x12' }, 'priceId'],
    ] as const) {
      const parse = () => parseWith(pyth.configuration, { ...plain, ...change }, 'prices.ETH')
      expect((await thrown(parse, InvalidInputError)).message).to.contain(field)
    }
  })
})
