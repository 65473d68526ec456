import { expect } from 'chai'
import { InvalidInputError, MissingMarketDataError, StaleMarketDataError } from '../../src/core/errors.ts'
import type { PinnedBlock } from '../../src/core/portfolio.ts'
import type { ReadPlan } from '../../src/core/readPlan.ts'
import { fileMarket } from '../../src/market/fileMarket.ts'
import { thrown } from '../support/rejection.ts'

const wad = 10n ** 18n
const block: PinnedBlock = { chainId: 1, number: 5n, hash: `0x${'11'.repeat(32)}`, timestamp: 1_000_000 }
const point = { expiry: 2_000_000, strike: `${2_000n * wad}`, low: '5', high: '7' }
const file = {
  schema: 'plimsoll-market/1',
  name: 'test',
  prices: { ETH: { price: `${2_000n * wad}`, updatedAt: 999_990 } },
  volatilities: { surface: { updatedAt: 999_990, points: [point] } },
}
const option = { surface: 'surface', underlying: 'ETH', strike: 2_000n * wad, expiry: 2_000_000 }

function resultOf<Result>(plan: ReadPlan<Result>): Result {
  const step = plan.next()
  if (step.done !== true) return expect.fail('the plan asks the chain')
  return step.value
}

describe('fileMarket', () => {
  const { price, volatility } = fileMarket(file)
  const entry = { source: 'file', maxAge: 10 } as const

  it('gives what the file lists', () => {
    expect(resultOf(price.read(entry, 'ETH', block))).to.deep.equal({
      price: 2_000n * wad,
      confidence: wad,
      updatedAt: 999_990,
      source: 'file:test',
    })
    expect(resultOf(volatility.read(entry, 'surface', [option], block))).to.deep.equal({
      [`surface:2000000:${2_000n * wad}`]: { low: 5n, high: 7n, confidence: wad, source: 'file:test' },
    })
  })

  it('refuses what it does not list, and what is older than the parameter set allows', async () => {
    await thrown(() => resultOf(price.read(entry, 'BTC', block)), MissingMarketDataError)
    const reads = (surface: string) => () => resultOf(volatility.read(entry, surface, [option], block))
    await thrown(reads('other'), MissingMarketDataError)
    const later = { ...block, timestamp: block.timestamp + 1 }
    await thrown(() => resultOf(price.read(entry, 'ETH', later)), StaleMarketDataError)
    await thrown(() => resultOf(volatility.read(entry, 'surface', [option], later)), StaleMarketDataError)
  })

  it('leaves out strikes and expiries that it does not list, and gives the others', () => {
    const asked = [{ ...option, strike: 1n }, option, { ...option, expiry: 1 }]
    expect(Object.keys(resultOf(volatility.read(entry, 'surface', asked, block)))).to.deep.equal([
      `surface:2000000:${2_000n * wad}`,
    ])
  })

  describe('between strikes', () => {
    const points = [
      { ...point, strike: `${2_000n * wad}`, low: '50', high: '70', confidence: `${wad / 2n}` },
      { ...point, strike: `${2_100n * wad}`, low: '60', high: '61' },
      { ...point, strike: `${2_400n * wad}`, low: '20', high: '90' },
      { ...point, strike: `${2_050n * wad}`, expiry: 3_000_000 },
    ]
    const at = (dollars: bigint, interpolation: string, expiry = 2_000_000) => {
      const surface = { updatedAt: 999_990, interpolation, points }
      const source = fileMarket({ ...file, volatilities: { surface } }).volatility
      const asked = { ...option, strike: dollars * wad, expiry }
      return resultOf(source.read(entry, 'surface', [asked], block))[`surface:${expiry}:${dollars * wad}`]
    }

    it('lies on the line of each side, longs rounded down and shorts up', () => {
      // 2025: 50 + 10/4 = 52.5 and 70 − 9/4 = 67.75. 2200: 60 − 40/3 = 46.67 and 61 + 29/3 = 70.67.
      expect(at(2_025n, 'linear')).to.include({ low: 52n, high: 68n, confidence: wad / 2n })
      expect(at(2_200n, 'linear')).to.include({ low: 46n, high: 71n, confidence: wad })
      expect(at(2_100n, 'linear')).to.include({ low: 60n, high: 61n, confidence: wad })
    })
    it('never lies beyond the strikes of its expiry, nor between them unless the file says so', () => {
      for (const [dollars, interpolation, expiry] of [
        [1_999n, 'linear', 2_000_000],
        [2_401n, 'linear', 2_000_000],
        [2_025n, 'linear', 3_000_000],
        [2_025n, 'linear', 2_500_000],
        [2_025n, 'none', 2_000_000],
      ] as const) {
        expect(at(dollars, interpolation, expiry), `${dollars} ${interpolation} ${expiry}`).to.equal(undefined)
      }
    })
  })

  it('refuses a malformed file, naming the field', async () => {
    const surface = (points: unknown[]) => ({ ...file, volatilities: { surface: { updatedAt: 1, points } } })
    for (const [value, field] of [
      [{ ...file, prices: { ETH: { price: '0', updatedAt: 1 } } }, 'prices.ETH.price'],
      [surface([{ ...point, low: '8' }]), 'volatilities.surface.points.0'],
      [surface([point, point]), 'volatilities.surface.points'],
      [{ ...file, schema: 'other' }, 'schema'],
    ] as const) {
      const error = await thrown(() => fileMarket(value), InvalidInputError)
      expect(error.message).to.contain(field)
    }
  })
})
