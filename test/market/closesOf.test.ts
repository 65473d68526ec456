import { expect } from 'chai'
import { MissingMarketDataError } from '../../src/core/errors.ts'
import { wad } from '../../src/core/units.ts'
import { parseCloses } from '../../src/market/closesFile.ts'
import { closesOf, formatCloses } from '../../src/market/closesOf.ts'
import { thrown } from '../support/rejection.ts'

const samples = [
  { time: 90, price: 1_000n * wad },
  { time: 150, price: (wad * 2_001n) / 2n },
  { time: 200, price: 1_002n * wad },
  { time: 260, price: 1_003n * wad },
]
const options = { column: 'ETH', end: 300, count: 3, interval: 100, maximumAge: 60 }

describe('closesOf', () => {
  it('takes at each moment the newest price that was there', () => {
    // 100: that of 90; 200: that of 200 itself; 300: that of 260.
    expect(closesOf(samples, options)).to.deep.equal({
      interval: 100,
      times: [100, 200, 300],
      columns: { ETH: [1000, 1002, 1003] },
    })
  })

  it('refuses a moment whose newest price is too old, and one before the first price', async () => {
    const silent = await thrown(() => closesOf(samples, { ...options, maximumAge: 39 }), MissingMarketDataError)
    expect(silent.message).to.contain('within 39 s before 300: the newest is of 260')
    const early = await thrown(() => closesOf(samples, { ...options, count: 4 }), MissingMarketDataError)
    expect(early.message).to.contain('before 0: none')
  })

  it('writes what the reader of closes reads', () => {
    const closes = closesOf(samples, options)
    expect(parseCloses(formatCloses(closes))).to.deep.equal(closes)
  })
})
