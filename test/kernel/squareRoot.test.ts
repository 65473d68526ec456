import { expect } from 'chai'
import fc from 'fast-check'
import { isqrt, NegativeSquareRootError } from '../../src/kernel/squareRoot.ts'

describe('squareRoot', () => {
  it('behavior: the square of the root does not exceed the argument, that of the next integer does', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 600n }), (x) => {
        const root = isqrt(x)
        expect(root * root <= x && x < (root + 1n) * (root + 1n)).to.equal(true)
      }),
    )
  })

  it('behavior: exact around every square', () => {
    for (let root = 1n; root < 2_000n; root++) {
      expect(isqrt(root * root)).to.equal(root)
      expect(isqrt(root * root - 1n)).to.equal(root - 1n)
    }
  })

  it('error: NegativeSquareRootError', () => {
    expect(() => isqrt(-1n)).to.throw(NegativeSquareRootError, 'square root of -1')
  })
})
