import { expect } from 'chai'
import fc from 'fast-check'
import { exp, expm1, log, log1p, power } from '../../../../src/risk/models/math/exponential.ts'
import * as exact from '../../../support/exact/functions.ts'
import { one, over, times } from '../../../support/exact/real.ts'
import { doublesBetween, toReal, ulpError } from './support/ulp.ts'

const within = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true })
const anyDouble = fc.double()
const anyPositive = fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true })
const check = (arbitrary: fc.Arbitrary<number>, holds: (x: number) => void, runs = 1_000) =>
  fc.assert(fc.property(arbitrary, holds), { numRuns: runs, seed: 1 })

/** Agrees with the platform's own function, which may be off by a unit itself. */
function expectNear(actual: number, platform: number, ulps: number, name: string) {
  const same = Object.is(actual, platform) || doublesBetween(actual, platform) <= ulps
  expect(same, `${name}: ${actual} and ${platform}`).to.equal(true)
}

describe('exponential', () => {
  it('default: every function is within one unit in the last place of the exact value', () => {
    check(fc.oneof(within(-90, 700), within(-1, 1)), (x) => {
      expect(ulpError(exp(x), exact.exp(toReal(x)))).to.be.below(0.65)
    })
    check(fc.oneof(within(-45, 700), within(-1.5, 1.5), within(-1e-6, 1e-6)), (x) => {
      // Below 1e-20 x + x²/2 is x, and the exact value would run out of digits.
      if (Math.abs(x) > 1e-20) expect(ulpError(expm1(x), exact.exp(toReal(x)) - one)).to.be.below(0.9)
    })
    check(fc.oneof(within(1e-30, 1e200), within(0.5, 2), within(0.999, 1.001)), (x) => {
      expect(ulpError(log(x), exact.ln(toReal(x)))).to.be.below(0.8)
    })
    check(fc.oneof(within(-0.99, 1e30), within(-0.5, 2), within(-1e-3, 1e-3)), (x) => {
      if (Math.abs(x) > 1e-20) expect(ulpError(log1p(x), exact.ln(one + toReal(x)))).to.be.below(0.8)
    })
  })

  it('behavior: power is as good as correctly rounded', () => {
    const pairs = fc.tuple(fc.oneof(within(0.2, 5), within(0.9, 1.1)), within(-30, 30))
    fc.assert(
      fc.property(pairs, ([x, y]) => {
        const result = exact.exp(times(toReal(y), exact.ln(toReal(x))))
        expect(ulpError(power(x, y), result)).to.be.below(0.5001)
      }),
      { numRuns: 500, seed: 1 },
    )
    expect([power(2, 10), power(9, 0.5), power(10, 22), power(2, -1074)]).to.deep.equal([
      1024,
      3,
      1e22,
      Number.MIN_VALUE,
    ])
  })

  it('behavior: over all doubles the platform agrees within two units', () => {
    check(anyDouble, (x) => {
      expectNear(expm1(x), Math.expm1(x), 2, `expm1(${x})`)
      expectNear(log(x), Math.log(x), 2, `log(${x})`)
      expectNear(log1p(x), Math.log1p(x), 2, `log1p(${x})`)
    })
    check(within(-760, 720), (x) => expectNear(exp(x), Math.exp(x), 2, `exp(${x})`))
    fc.assert(
      fc.property(anyPositive, within(-3, 3), (x, y) => expectNear(power(x, y), x ** y, 2, `${x}^${y}`)),
      { seed: 1, numRuns: 1_000 },
    )
  })

  it('behavior: ends of the range, infinities, signed zeros and NaN are those of the platform', () => {
    const corners = [0, -0, 1, -1, Infinity, -Infinity, NaN, 5e-324, -5e-324, 1.7976931348623157e308, 2.2e-308, 1e-17]
    const ends = [709.782712893384, 709.7827128933841, -745.1332191019412, -745.1332191019413, -708.5, -744]
    for (const x of [...corners, ...ends]) {
      expectNear(exp(x), Math.exp(x), 1, `exp(${x})`)
      expectNear(expm1(x), Math.expm1(x), 1, `expm1(${x})`)
      expectNear(log(x), Math.log(x), 1, `log(${x})`)
      expectNear(log1p(x), Math.log1p(x), 1, `log1p(${x})`)
    }
    const bases = [...corners, 2, -2, 0.5, -0.5, -3]
    const exponents = [...corners, 2, 3, -2, -3, 0.5, -0.5, 1e300, 1023, 1024, -1074, -1075]
    for (const x of bases) for (const y of exponents) expectNear(power(x, y), x ** y, 1, `${x}^${y}`)
  })

  it('behavior: exp and log undo each other to the rounding of the argument', () => {
    check(within(-700, 700), (x) => {
      expect(Math.abs(log(exp(x)) - x)).to.be.at.most(4e-16 * Math.max(1, Math.abs(x)))
    })
    expect(ulpError(exp(1), exact.exp(one))).to.be.below(0.5001)
    expect(ulpError(log(0.1), -exact.ln(over(one, toReal(0.1))))).to.be.below(0.5001)
  })
})
