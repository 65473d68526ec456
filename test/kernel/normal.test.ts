import { expect } from 'chai'
import fc from 'fast-check'
import { normalCdf, upperTail } from '../../src/kernel/normal.ts'
import {
  exp,
  fromWad,
  normalTail,
  one,
  over,
  normalCdf as referenceCdf,
  tailRatio,
  times,
} from './support/reference.ts'

const wad = 10n ** 18n
const centralEnd = 662912607362388304n
const middleEnd = 5656854249492380195n
const distance = (a: bigint, b: bigint) => (a < b ? b - a : a - b)

/** (1 − N(x)) / exp(−x²/2) by whichever series is good at x. */
function ratio(x: bigint): bigint {
  const real = fromWad(x)
  return x > 6n * wad ? tailRatio(real) : times(normalTail(real), exp(times(real, real) / 2n))
}

/** Largest relative error of the rational form on an even grid, its rounding made invisible by a huge factor. */
function worstRelativeError(least: bigint, most: bigint, steps: bigint): bigint {
  let worst = 0n
  for (let step = 0n; step <= steps; step++) {
    const x = least + ((most - least) * step) / steps
    const error = distance(over(upperTail(x, 10n ** 50n) * 10n ** 40n, ratio(x)), one)
    if (error > worst) worst = error
  }
  return worst
}

describe('normal', () => {
  it('the two references agree', () => {
    for (const x of [6n, 8n, 10n]) {
      const byFraction = tailRatio(x * one)
      const bySeries = times(normalTail(x * one), exp((x * x * one) / 2n))
      expect(distance(byFraction, bySeries) < 10n ** 60n, `at ${x}`).to.equal(true)
    }
  })

  it('behavior: relative error of the three forms', () => {
    const wei = one / 10n ** 18n
    expect(worstRelativeError(0n, centralEnd - 1n, 2_000n) < 140n * wei).to.equal(true)
    expect(worstRelativeError(centralEnd, middleEnd - 1n, 4_000n) < 2n * wei).to.equal(true)
    expect(worstRelativeError(middleEnd, 36n * wad, 2_000n) < 8n * wei).to.equal(true)
  })

  it('behavior: the distribution is within 1e-16 everywhere', () => {
    for (let x = -11n * wad; x <= 11n * wad; x += wad / 97n) {
      const error = distance(fromWad(normalCdf(x)), referenceCdf(fromWad(x)))
      expect(error < 100n * 10n ** 72n, `N(${x})`).to.equal(true)
    }
  })

  it('behavior: symmetric to the wei, rising up to the error, within 0 and 1', () => {
    const x = fc.bigInt({ min: -20n * wad, max: 20n * wad })
    fc.assert(
      fc.property(x, fc.bigInt({ min: 0n, max: wad }), (least, step) => {
        const probability = normalCdf(least)
        expect(probability >= 0n && probability <= wad).to.equal(true)
        if (least !== 0n) expect(normalCdf(-least)).to.equal(wad - probability)
        expect(normalCdf(least + step) >= probability - 200n).to.equal(true)
      }),
    )
  })

  it('known values', () => {
    // Abramowitz and Stegun, Handbook of Mathematical Functions, table 26.1 (15 decimals).
    const table = [
      [wad / 2n, 691462461274013n],
      [wad, 841344746068543n],
      [2n * wad, 977249868051821n],
      [3n * wad, 998650101968370n],
    ] as const
    for (const [x, probability] of table) expect((normalCdf(x) + 500n) / 1_000n).to.equal(probability)
    expect(normalCdf(10n * wad)).to.equal(wad)
    expect(normalCdf(-10n * wad)).to.equal(0n)
  })
})
