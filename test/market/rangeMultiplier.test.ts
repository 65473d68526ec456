import { expect } from 'chai'
import fc from 'fast-check'
import { InvalidInputError } from '../../src/core/errors.ts'
import type { HistoryMultiplierRule } from '../../src/core/parameters.ts'
import { wad } from '../../src/core/units.ts'
import { expWad } from '../../src/kernel/exponential.ts'
import { historyGaps, InsufficientHistoryError, rangeMultiplier } from '../../src/market/rangeMultiplier.ts'
import type { PriceSample } from '../../src/market/source.ts'
import { historyMultipliers } from '../../src/risk/plimsoll/calibration.ts'
import { thrown } from '../support/rejection.ts'

const day = 86_400
const now = 1_800_000_000
const rule: HistoryMultiplierRule = { ...historyMultipliers.ETH, clamp: 3n * wad, history: { source: 'file' } }
const percent = (value: number) => (BigInt(value * 100) * wad) / 10_000n

/** Samples that end at `end`, one per return, `step` seconds apart, after 20 calm days. */
function history(returns: readonly bigint[], { end = now, step = day } = {}): PriceSample[] {
  const calm = Array.from({ length: 21 }, (_, index) => end - returns.length * step - (20 - index) * day)
  const samples = calm.map((time) => ({ time, price: 2_000n * wad }))
  let price = 2_000n * wad
  returns.forEach((change, index) => {
    price = (price * expWad(change)) / wad
    samples.push({ time: end - (returns.length - 1 - index) * step, price })
  })
  return samples
}

const multiplier = (samples: readonly PriceSample[], timestamp = now, changes: Partial<HistoryMultiplierRule> = {}) =>
  rangeMultiplier({ underlying: 'ETH', rule: { ...rule, ...changes }, samples, timestamp })

const expectClose = (actual: bigint, expected: number) =>
  expect(Math.abs(Number(actual) / 1e18 - expected) < 1e-6, `${actual} against ${expected}`).to.equal(true)

describe('rangeMultiplier', () => {
  describe('by hand, long-run volatility 4 %, half-life one day', () => {
    // 15 calm days halve the variance 15 times: 0.0016 / 2^15 = 4.883e-8.
    const left = 0.0016 / 2 ** 15

    it('is the floor in calm', () => {
      expect(multiplier(history([]))).to.equal(wad)
    })
    it('rises at once: one day of 8 % after calm gives √((4.9e-8 + 0.0064) / 2) / 0.04', () => {
      expectClose(multiplier(history([percent(8)])), Math.sqrt((left * 2 + 0.0064) / 2) / 0.04)
    })
    it('counts a fall as the rise back', () => {
      const [up, down] = [multiplier(history([percent(8)])), multiplier(history([-percent(8)]))]
      expect(up - down < 1_000n && down - up < 1_000n).to.equal(true)
    })
    it('weighs half a day by 1 − 1/√2 and scales its variance to a day', () => {
      const weight = 1 - Math.SQRT1_2
      expectClose(
        multiplier(history([percent(8)], { step: day / 2 })),
        Math.sqrt(left * (1 - weight) + weight * 0.0064 * 2) / 0.04,
      )
    })
    it('is 1 at the long-run volatility itself', () => {
      const steady = history(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? percent(4) : -percent(4))))
      expectClose(multiplier(steady, now, { floor: wad / 2n, lookback: 19 * day }), 1)
    })
    it('falls by a tenth per day, also while no sample comes', () => {
      // The window starts at the same sample on both days.
      const samples = history([percent(8)]).filter(({ time }) => time < now - 19 * day || time > now - 13 * day)
      const changes = { maximumGap: 10 * day }
      const peak = multiplier(samples, now, changes)
      expect(multiplier(samples, now + day, changes)).to.equal(peak - percent(10))
      const calmer = [...samples, { time: now + day, price: (samples.at(-1) as PriceSample).price }]
      expect(multiplier(calmer, now + day, changes)).to.equal(peak - percent(10))
      expect(multiplier(calmer, now + day + day / 2, changes)).to.equal(peak - percent(15))
    })
    it('stops at its clamp and releases from there', () => {
      const samples = history([percent(60)])
      expect(multiplier(samples)).to.equal(3n * wad)
      expect(multiplier(samples, now + day)).to.equal(3n * wad - percent(10))
    })
  })

  describe('behavior', () => {
    const returns = fc.array(fc.bigInt(-percent(30), percent(30)), { minLength: 1, maxLength: 25 })
    const settings = { numRuns: 100, seed: 11 }

    it('lies between floor and clamp', () => {
      fc.assert(
        fc.property(returns, fc.constantFrom(day / 24, day / 3, day), (changes, step) => {
          const value = multiplier(history(changes, { step }))
          expect(value >= rule.floor && value <= rule.clamp).to.equal(true)
        }),
        settings,
      )
    })
    it('never falls when the last jump is larger, in either direction', () => {
      const size = fc.bigInt(0n, 2n * wad)
      fc.assert(
        fc.property(returns, size, size, fc.constantFrom(1n, -1n), (changes, a, b, sign) => {
          const [small, large] = a < b ? [a, b] : [b, a]
          const at = (jump: bigint) => {
            const samples = history([...changes, 0n])
            const last = samples.at(-1) as PriceSample
            const factor = expWad(jump)
            const price = sign > 0n ? (last.price * factor) / wad : (last.price * wad) / factor
            return multiplier([...samples.slice(0, -1), { ...last, price }], now, { clamp: 100n * wad })
          }
          expect(at(large) >= at(small)).to.equal(true)
        }),
        settings,
      )
    })
    it('never falls faster than it may, whatever comes', () => {
      // A window that starts between the same two samples at both times.
      const open = { lookback: 40 * day, maximumGap: 40 * day, clamp: 100n * wad }
      fc.assert(
        fc.property(returns, fc.array(fc.bigInt(-percent(30), percent(30)), { maxLength: 6 }), (first, later) => {
          const all = history([...first, ...later])
          const start = { time: now - 60 * day, price: 2_000n * wad }
          const samples = [start, ...all.filter(({ time }) => time > now - 33 * day)]
          const earlier = multiplier(samples, now - later.length * day, open)
          const least = earlier - percent(10) * BigInt(later.length)
          expect(multiplier(samples, now, open) >= least).to.equal(true)
        }),
        settings,
      )
    })
    it('does not see what comes after the block or before the window', () => {
      const samples = history([percent(8)])
      const start = samples.findLastIndex(({ time }) => time <= now - rule.lookback)
      const wild = samples.map((sample, index) => (index < start ? { ...sample, price: 7n } : sample))
      expect(multiplier([...wild, { time: now + 1, price: 1n }])).to.equal(multiplier(samples))
    })
    it('does not depend on the unit of the price', () => {
      const samples = history([percent(8), -percent(3), percent(5)])
      const cents = samples.map(({ time, price }) => ({ time, price: price * 100n }))
      expect(multiplier(cents)).to.equal(multiplier(samples))
    })
  })

  it('error: no sample, or none that is old enough', async () => {
    await thrown(() => multiplier([]), InsufficientHistoryError)
    const young = history([]).filter(({ time }) => time > now - rule.lookback)
    const error = await thrown(() => multiplier(young), InsufficientHistoryError)
    expect(error.message)
      .to.contain(`must start by ${now - rule.lookback}`)
      .and.contain('ETH')
  })
  it('error: gaps, each named, up to one second', async () => {
    const samples = history([percent(1), percent(1), percent(1)])
    const holed = samples.filter(({ time }) => time !== now - day)
    const error = await thrown(() => multiplier(holed), InsufficientHistoryError)
    expect(error.message)
      .to.contain('1 gaps')
      .and.contain(`between ${now - 2 * day} and ${now} (172800 s)`)
    expect(multiplier(samples, now + rule.maximumGap) > wad).to.equal(false)
    await thrown(() => multiplier(samples, now + rule.maximumGap + 1), InsufficientHistoryError)
  })
  it('lists gaps', () => {
    const at = (time: number) => ({ time, price: wad })
    expect(historyGaps([at(0), at(10), at(21)], { maximumGap: 10, to: 40 })).to.deep.equal([
      { from: 10, to: 21 },
      { from: 21, to: 40 },
    ])
    expect(historyGaps([], { maximumGap: 10, to: 40 })).to.deep.equal([])
  })
  it('error: samples out of order, at one time, or without a price', async () => {
    const samples = history([percent(1)])
    await thrown(() => multiplier([...samples].reverse()), InvalidInputError)
    await thrown(() => multiplier([...samples, samples.at(-1) as PriceSample]), InvalidInputError)
    await thrown(() => multiplier(samples.map((sample) => ({ ...sample, price: 0n }))), InvalidInputError)
  })
})
