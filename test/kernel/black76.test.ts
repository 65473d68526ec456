import { expect } from 'chai'
import fc from 'fast-check'
import {
  Black76DomainError,
  black76,
  black76Delta,
  maxPrice,
  maxSeconds,
  maxVolatility,
  totalVolatility,
} from '../../src/kernel/black76.ts'
import { expWad } from '../../src/kernel/exponential.ts'
import { mul } from '../../src/kernel/fixedPoint.ts'
import { Random } from './support/random.ts'
import { callOverForward, fromWad, ln, one, over, normalCdf as referenceCdf, sqrt } from './support/reference.ts'

const wad = 10n ** 18n
const year = 31_536_000n
/** 1e-18 of the reference: what one wei is to a price of one. */
const wei = 10n ** 72n
const distance = (a: bigint, b: bigint) => (a < b ? b - a : a - b)

/** Error of the call as a fraction of the forward, in the reference's unit. */
function callError(forward: bigint, strike: bigint, volatility: bigint): bigint {
  const exact = callOverForward(over(strike, forward), fromWad(volatility))
  return distance(over(black76('call', forward, strike, volatility), forward), exact)
}

/** The proven bound, 2e-16 of the forward and one wei. */
function bound(forward: bigint): bigint {
  return 200n * wei + over(1n, forward)
}

const anyPrice = fc
  .tuple(fc.nat(119), fc.bigInt({ min: 0n, max: maxPrice - 1n }))
  .map(([bits, x]) => (x >> BigInt(bits)) + 1n)
const anyVolatility = fc.tuple(fc.nat(64), fc.bigInt({ min: 0n, max: 1n << 65n })).map(([bits, x]) => x >> BigInt(bits))
const option = fc
  .tuple(anyPrice, anyPrice, fc.bigInt({ min: wad / 10n, max: 10n * wad }), fc.boolean(), anyVolatility)
  .map(([forward, far, ratio, near, volatility]) => {
    const strike = near ? (forward * ratio) / wad : far
    return { forward, strike: strike < 1n ? 1n : strike > maxPrice ? maxPrice : strike, volatility }
  })

describe('black76', () => {
  it('reproduces E. G. Haug, The Complete Guide to Option Pricing Formulas, to the 1e-4 to which QuantLib tests it', () => {
    // right, strike, spot, dividend yield, interest rate, years, volatility: per cent, years in hundredths; price.
    const rows = [
      ['call', 65, 60, 0, 8, 25, 30, 2.1334],
      ['put', 95, 100, 5, 10, 50, 20, 2.4648],
      ['call', 19, 19, 10, 10, 75, 28, 1.7011],
      ['put', 19, 19, 10, 10, 75, 28, 1.7011],
      ['put', 70, 75, 5, 10, 50, 35, 4.087],
      ['call', 100, 90, 10, 10, 10, 15, 0.0205],
      ['call', 100, 100, 10, 10, 10, 15, 1.8734],
      ['call', 100, 110, 10, 10, 10, 15, 9.9413],
      ['call', 100, 90, 10, 10, 10, 25, 0.315],
      ['call', 100, 100, 10, 10, 10, 25, 3.1217],
      ['call', 100, 110, 10, 10, 10, 35, 11.1381],
      ['call', 100, 90, 10, 10, 50, 15, 0.8069],
      ['call', 100, 100, 10, 10, 50, 35, 9.3679],
      ['put', 100, 90, 10, 10, 10, 15, 9.921],
      ['put', 100, 110, 10, 10, 10, 15, 0.0408],
    ] as const
    const percent = (x: number) => (BigInt(x) * wad) / 100n
    for (const [right, strike, spot, dividend, rate, time, sigma, expected] of rows) {
      const years = percent(time)
      const forward = mul(BigInt(spot) * wad, expWad(mul(percent(rate) - percent(dividend), years)))
      const total = totalVolatility(percent(sigma), (BigInt(time) * year) / 100n)
      const undiscounted = black76(right, forward, BigInt(strike) * wad, total)
      const discounted = Number(mul(undiscounted, expWad(-mul(percent(rate), years)))) / 1e18
      expect(Math.abs(discounted - expected), `${right} ${strike} ${spot} ${time} ${sigma}`).to.be.below(1e-4)
    }
  })

  it('behavior: an ordinary book is within 1e-16 of the forward and a wei of the exact price', () => {
    const random = new Random(30n)
    const worst = random.many(3_000, () => {
      const forward = random.between(wad / 100n, 100_000n * wad)
      const strike = (forward * random.between(wad / 10n, 4n * wad)) / wad
      return callError(forward, strike, random.between(0n, 3n * wad) + 1n) - over(1n, forward)
    })
    expect(worst.every((error) => error < 100n * wei)).to.equal(true)
  })

  it('behavior: the bound holds over the whole domain', () => {
    const random = new Random(31n)
    for (let index = 0; index < 3_000; index++) {
      const forward = random.magnitude(120n)
      const volatility = index % 2 === 0 ? random.between(1n, 26n * wad) : random.magnitude(65n)
      // d1 or d2 near zero is where the price depends most on everything else.
      const exponent = ((volatility / 2n + random.between(-2n * wad, 2n * wad)) * volatility) / wad
      const nearby = exponent < 80n * wad ? (forward * expWad(exponent)) / wad : maxPrice
      const strike = index % 3 === 0 ? random.magnitude(120n) : nearby < 1n ? 1n : nearby > maxPrice ? maxPrice : nearby
      const error = callError(forward, strike, volatility)
      expect(error <= bound(forward), `${forward} ${strike} ${volatility}`).to.equal(true)
    }
  })

  it('behavior: the bound holds for options of a few wei of volatility at the money', () => {
    const random = new Random(32n)
    for (let index = 0; index < 1_000; index++) {
      const forward = random.between(wad, 1n << 100n)
      const strike = forward + random.between(-1_000n, 1_000n)
      const error = callError(forward, strike, random.magnitude(20n))
      expect(error <= bound(forward), `${forward} ${strike}`).to.equal(true)
    }
  })

  it('behavior: a seventh of 1e-12 of the forward also covers the rounding of volatility and time, to one second', () => {
    const random = new Random(33n)
    for (let index = 0; index < 2_000; index++) {
      const forward = random.between(wad, 100_000n * wad)
      const sigma = index % 2 === 0 ? random.between(1n, 5n * wad) : random.between(1n, maxVolatility)
      const seconds = index % 4 < 2 ? random.magnitude(27n) : random.between(1n, 100n)
      const strike = (forward * random.between((wad * 9n) / 10n, (wad * 11n) / 10n)) / wad
      const exactTotal = (sqrt((seconds * one) / year) * sigma) / wad
      if (exactTotal > 24n * one) continue
      const exact = callOverForward(over(strike, forward), exactTotal)
      const error = distance(over(black76('call', forward, strike, totalVolatility(sigma, seconds)), forward), exact)
      expect(error < one / 10n ** 12n / 7n).to.equal(true)
      // 1.13e-15 per unit of volatility, docs/kernel.md.
      expect(error <= bound(forward) + (1_130n * wei * sigma) / wad + 2n * wei).to.equal(true)
    }
  })

  it('behavior: delta is within 1e-16 and 1e-18 over the total volatility of the exact one', () => {
    const random = new Random(34n)
    for (let index = 0; index < 2_000; index++) {
      const forward = random.magnitude(120n)
      const volatility = random.between(10n ** 9n, 24n * wad)
      const strike = index % 2 === 0 ? random.magnitude(120n) : forward
      const total = fromWad(volatility)
      const exact = referenceCdf(over(ln(over(forward, strike)), total) + total / 2n)
      const error = distance(fromWad(black76Delta('call', forward, strike, volatility)), exact)
      expect(error <= 100n * wei + (wei * wad) / volatility, `${forward} ${strike} ${volatility}`).to.equal(true)
    }
  })

  it('behavior: put–call parity holds to the wei, prices stay within their bounds', () => {
    fc.assert(
      fc.property(option, ({ forward, strike, volatility }) => {
        const call = black76('call', forward, strike, volatility)
        const put = black76('put', forward, strike, volatility)
        expect(call - put).to.equal(forward - strike)
        expect(call >= 0n && call >= forward - strike && call <= forward).to.equal(true)
        expect(put >= 0n && put >= strike - forward && put <= strike).to.equal(true)
        const delta = black76Delta('call', forward, strike, volatility)
        expect(delta >= 0n && delta <= wad).to.equal(true)
        expect(black76Delta('put', forward, strike, volatility)).to.equal(delta - wad)
      }),
      { numRuns: 500 },
    )
  })

  it('behavior: where the tail changes its form an option is not worth less than it pays', () => {
    const forward = 1n << 119n
    for (const edge of [662912607362388304n, 5656854249492380195n]) {
      for (let volatility = 1_000n; volatility < 1_050n; volatility++) {
        const gap = (((edge * volatility) / wad) * forward) / wad
        for (const strike of [forward - gap, forward + gap]) {
          const call = black76('call', forward, strike, volatility)
          expect(call >= 0n && call >= forward - strike).to.equal(true)
          expect(callError(forward, strike, volatility) <= bound(forward)).to.equal(true)
        }
      }
    }
  })

  it('behavior: a call rises with volatility and forward and falls with strike, up to twice the error', () => {
    fc.assert(
      fc.property(option, fc.bigInt({ min: 1n, max: wad }), ({ forward, strike, volatility }, step) => {
        const call = black76('call', forward, strike, volatility)
        const slack = forward / (10n ** 16n / 4n) + 2n
        expect(black76('call', forward, strike, volatility + step) >= call - slack).to.equal(true)
        if (strike + step <= maxPrice) {
          expect(black76('call', forward, strike + step, volatility) <= call + slack).to.equal(true)
        }
        if (forward + step <= maxPrice) {
          const more = black76('call', forward + step, strike, volatility)
          expect(more >= call - slack && more <= call + step + slack + step / 10n ** 15n).to.equal(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('behavior: without volatility an option is worth what it pays, from 24 on the call is the forward', () => {
    expect(black76('call', 110n * wad, 100n * wad, 0n)).to.equal(10n * wad)
    expect(black76('put', 110n * wad, 100n * wad, 0n)).to.equal(0n)
    expect(black76('put', 90n * wad, 100n * wad, totalVolatility(2n * wad, 0n))).to.equal(10n * wad)
    expect(black76('call', 100n * wad, 100n * wad, 0n) <= 300n).to.equal(true)
    for (const total of [24n * wad, 24n * wad + 1n, 1n << 300n]) {
      expect(black76('call', 3n * wad, 5n * wad, total)).to.equal(3n * wad)
      expect(black76('put', 3n * wad, 5n * wad, total)).to.equal(5n * wad)
      expect(black76Delta('call', 3n * wad, 5n * wad, total)).to.equal(wad)
      expect(black76Delta('put', 3n * wad, 5n * wad, total)).to.equal(0n)
    }
    for (const strike of [1n, wad, maxPrice]) {
      expect(callError(wad, strike, 24n * wad) < 20n * wei).to.equal(true)
      expect(callError(maxPrice, strike, 24n * wad) < 20n * wei).to.equal(true)
      expect(callError(1n, strike, 24n * wad) < 20n * wei).to.equal(true)
    }
  })

  it('total volatility of round inputs', () => {
    expect(totalVolatility(wad, year)).to.equal(wad)
    expect(totalVolatility(wad / 2n, year / 4n)).to.equal(wad / 4n)
    expect(totalVolatility(wad, 1n)).to.equal(178072434652306n)
    expect(totalVolatility(0n, year)).to.equal(0n)
    expect(totalVolatility(wad, 0n)).to.equal(0n)
  })

  it('error: Black76DomainError', () => {
    for (const refused of [0n, -1n, maxPrice + 1n]) {
      expect(() => black76('call', refused, wad, wad)).to.throw(Black76DomainError, `The forward ${refused} is outside`)
      expect(() => black76('put', wad, refused, wad)).to.throw(Black76DomainError, `The strike ${refused} is outside`)
      expect(() => black76Delta('put', refused, wad, wad)).to.throw(Black76DomainError)
    }
    expect(() => black76('call', wad, wad, -1n)).to.throw(Black76DomainError, 'total volatility -1')
    for (const refused of [-1n, maxVolatility + 1n]) {
      expect(() => totalVolatility(refused, year)).to.throw(Black76DomainError, `The volatility ${refused} is outside`)
    }
    for (const refused of [-1n, maxSeconds + 1n]) {
      expect(() => totalVolatility(wad, refused)).to.throw(
        Black76DomainError,
        `The time to expiry ${refused} is outside`,
      )
    }
    expect(black76('call', maxPrice, maxPrice, wad) > 0n).to.equal(true)
  })
})
