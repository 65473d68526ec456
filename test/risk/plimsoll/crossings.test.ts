import { expect } from 'chai'
import fc from 'fast-check'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { wad } from '../../../src/core/units.ts'
import { findCrossings, gridPrices } from '../../../src/risk/plimsoll/crossings.ts'

const cent = 10n ** 16n
const options = { spot: 2_000n * wad + 1n, end: 20n * wad, grid: wad / 40n, step: cent }

describe('findCrossings', () => {
  it('looks at prices no farther apart than the grid, from spot to the end', () => {
    for (const end of [20n * wad, 20_000n * wad, 1_999n * wad + 7n]) {
      const prices = [options.spot, ...gridPrices({ ...options, end })]
      expect(prices.at(-1)).to.equal(end)
      for (const [index, price] of prices.slice(1).entries()) {
        const from = prices[index] ?? 0n
        const gap = price > from ? price - from : from - price
        expect(gap > 0n && gap <= from / 40n + cent).to.equal(true)
      }
    }
  })

  it('finds every one of several crossings, with its bad side', () => {
    const isBad = (price: bigint) => price < 100n * wad || (price > 500n * wad && price < 1_000n * wad)
    const { outcome, crossings, scannedTo, refusal } = findCrossings(isBad, options)
    expect([outcome, scannedTo, refusal]).to.deep.equal(['several', 20n * wad, null])
    expect(crossings.map(({ good, bad, badSide }) => [good, bad, badSide])).to.deep.equal([
      [1_000n * wad, 1_000n * wad - cent, 'below'],
      [500n * wad, 500n * wad + cent, 'above'],
      [100n * wad, 100n * wad - cent, 'below'],
    ])
  })

  it('ends where the condition is refused, and says why', () => {
    const refusing = (price: bigint) => {
      if (price < 1_000n * wad) throw new InvalidInputError('Too low.')
      return false
    }
    const found = findCrossings(refusing, options)
    expect([found.outcome, found.refusal]).to.deep.equal(['none', 'Too low.'])
    expect(found.scannedTo >= 1_000n * wad && found.scannedTo < 1_030n * wad).to.equal(true)
  })

  it('passes on an error that is no refusal', () => {
    const broken = (price: bigint) => {
      if (price < 1_000n * wad) throw new TypeError('a defect')
      return false
    }
    expect(() => findCrossings(broken, options)).to.throw(TypeError)
  })

  it('property: one threshold anywhere is found to a step', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 20n * wad + cent, max: 20_000n * wad - cent }), fc.boolean(), (threshold, below) => {
        const isBad = (price: bigint) => (below ? price < threshold : price >= threshold)
        const found = [20n * wad, 20_000n * wad].flatMap((end) => findCrossings(isBad, { ...options, end }).crossings)
        const [crossing] = found
        expect(found).to.have.length(1)
        const { good, bad, badSide } = crossing ?? { good: 0n, bad: 0n, badSide: '' }
        expect([isBad(good), isBad(bad), badSide]).to.deep.equal([false, true, below ? 'below' : 'above'])
        expect((good > bad ? good - bad : bad - good) <= cent).to.equal(true)
      }),
    )
  })
})
