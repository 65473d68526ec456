import { expect } from 'chai'
import {
  ExponentialOverflowError,
  expWad,
  LogarithmUndefinedError,
  lnWad,
  powWad,
} from '../../src/kernel/exponential.ts'
import { Random } from './support/random.ts'
import { exp, fromWad, ln, one } from './support/reference.ts'

const wad = 10n ** 18n
/** One wei of the reference. */
const wei = 10n ** 72n

describe('exponential', () => {
  it('the reference knows e and ln 10', () => {
    expect(exp(one) / 10n ** 50n).to.equal(27182818284590452353602874713526624977572n)
    expect(ln(10n * one) / 10n ** 50n).to.equal(23025850929940456840179914546843642076011n)
  })

  it('exact points', () => {
    expect(expWad(0n)).to.equal(wad)
    expect(expWad(wad)).to.equal(2718281828459045235n)
    expect(expWad(-41446531673892822312n)).to.equal(1n)
    expect(expWad(-41446531673892822313n)).to.equal(0n)
    expect(lnWad(wad)).to.equal(0n)
    expect(lnWad(2n * wad)).to.equal(693147180559945309n)
    expect(lnWad(1n)).to.equal(-41446531673892822313n)
    expect(powWad(4n * wad, wad / 2n)).to.equal(1999999999999999999n)
  })

  it('behavior: the exponential of a negative number is at most 1 wei low and 0.02 wei high', () => {
    const random = new Random(20n)
    for (let index = 0; index < 5_000; index++) {
      const x = -random.between(0n, 42n * wad) / (index % 2 === 0 ? 1n : 20n)
      const error = fromWad(expWad(x)) - exp(fromWad(x))
      expect(-wei <= error && error <= wei / 50n, `exp(${x})`).to.equal(true)
    }
  })

  it('behavior: the logarithm is at most 1.1 wei low and 0.1 wei high', () => {
    const random = new Random(21n)
    for (let index = 0; index < 5_000; index++) {
      const x = random.magnitude(180n)
      const error = fromWad(lnWad(x)) - ln(fromWad(x))
      expect((-11n * wei) / 10n <= error && error <= wei / 10n, `ln(${x})`).to.equal(true)
    }
  })

  it('error: ExponentialOverflowError', () => {
    expect(expWad(135305999368893231588n) < 1n << 255n).to.equal(true)
    expect(() => expWad(135305999368893231589n)).to.throw(ExponentialOverflowError, '135305999368893231589')
    expect(() => powWad(1n << 200n, 5n * wad)).to.throw(ExponentialOverflowError)
  })

  it('error: LogarithmUndefinedError', () => {
    for (const x of [0n, -1n, 1n << 255n]) expect(() => lnWad(x)).to.throw(LogarithmUndefinedError, `ln(${x})`)
    expect(() => powWad(0n, wad)).to.throw(LogarithmUndefinedError)
  })
})
