import { expect } from 'chai'
import fc from 'fast-check'
import {
  abs,
  ceilDiv,
  div,
  divUp,
  floorDiv,
  InvalidDivisorError,
  max,
  min,
  mul,
  mulUp,
} from '../../src/kernel/fixedPoint.ts'

const wad = 10n ** 18n
const integer = fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n })
const divisor = fc.bigInt({ min: 1n, max: 10n ** 40n })

describe('fixedPoint', () => {
  it('truncates products and quotients toward zero', () => {
    expect(mul(3n, wad / 2n)).to.equal(1n)
    expect(mul(-3n, wad / 2n)).to.equal(-1n)
    expect(div(2n, 3n * wad)).to.equal(0n)
    expect(div(-5n, 2n * wad)).to.equal(-2n)
    expect(div(5n, -2n * wad)).to.equal(-2n)
  })

  it('rounds the Up forms toward plus infinity', () => {
    expect(mulUp(3n, wad / 2n)).to.equal(2n)
    expect(mulUp(-3n, wad / 2n)).to.equal(-1n)
    expect(mulUp(2n * wad, 3n * wad)).to.equal(6n * wad)
    expect(divUp(5n, 2n * wad)).to.equal(3n)
    expect(divUp(-5n, 2n * wad)).to.equal(-2n)
    expect(divUp(5n, -2n * wad)).to.equal(-2n)
    expect(divUp(-5n, -2n * wad)).to.equal(3n)
  })

  it('behavior: floor and ceiling enclose the quotient for any sign', () => {
    fc.assert(
      fc.property(integer, divisor, (a, b) => {
        const floor = floorDiv(a, b)
        const ceiling = ceilDiv(a, b)
        expect(floor * b <= a && a < (floor + 1n) * b).to.equal(true)
        expect(ceiling - floor).to.equal(a % b === 0n ? 0n : 1n)
      }),
    )
  })

  it('behavior: the Up forms are never below the truncated ones and differ by at most one', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        expect([0n, 1n]).to.include(mulUp(a, b) - mul(a, b))
        if (b !== 0n) expect([0n, 1n]).to.include(divUp(a, b) - div(a, b))
      }),
    )
  })

  it('abs, max and min', () => {
    expect([abs(-3n), abs(3n), max(-1n, 2n), max(2n, -1n), min(-1n, 2n), min(2n, -1n)]).to.deep.equal([
      3n,
      3n,
      2n,
      2n,
      -1n,
      -1n,
    ])
  })

  it('error: InvalidDivisorError', () => {
    expect(() => div(1n, 0n)).to.throw(InvalidDivisorError, 'Cannot divide 1 by 0.')
    expect(() => divUp(1n, 0n)).to.throw(InvalidDivisorError)
    expect(() => ceilDiv(1n, 0n)).to.throw(InvalidDivisorError)
    expect(() => floorDiv(1n, -2n)).to.throw(InvalidDivisorError)
  })
})
