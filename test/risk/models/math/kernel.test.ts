import { expect } from 'chai'
import { black76 as kernelBlack76, maxPrice } from '../../../../src/kernel/black76.ts'
import { black76 } from '../../../../src/risk/models/math/black76.ts'
import { Random } from '../../../kernel/support/random.ts'

const wad = 10n ** 18n

describe('black76 in integers and in doubles', () => {
  /**
   * How far a call is apart as a fraction of the forward, and a put of forward or strike, beyond one wei. Of the bound the kernel
   * has 2e-16 (docs/kernel.md), the doubles 5e-16, and the rest is that an integer becomes a double by rounding.
   */
  function gap(forward: bigint, strike: bigint, volatility: bigint): number {
    const [f, k, totalVolatility] = [forward, strike, volatility].map((x) => Number(x) / 1e18) as [
      number,
      number,
      number,
    ]
    const inDoubles = black76({ forward: f, strike: k, totalVolatility })
    const difference = (right: 'call' | 'put') =>
      Math.abs(Number(kernelBlack76(right, forward, strike, volatility)) / 1e18 - inDoubles[right]) - 1e-18
    return Math.max(difference('call') / f, difference('put') / Math.max(f, k))
  }

  it('behavior: 10,000 ordinary options differ by less than 1e-15 of the forward and one wei', () => {
    const random = new Random(70n)
    for (let index = 0; index < 10_000; index++) {
      const forward = random.between(wad / 100n, 100_000n * wad)
      const strike = (forward * random.between(wad / 5n, 5n * wad)) / wad
      const volatility = random.between(wad / 1_000n, 3n * wad)
      expect(gap(forward, strike, volatility), `${forward} ${strike} ${volatility}`).to.be.below(1e-15)
    }
  })

  it('behavior: 5,000 options anywhere in the domain of the kernel differ by as little', () => {
    const random = new Random(71n)
    for (let index = 0; index < 5_000; index++) {
      const forward = random.magnitude(120n)
      const near = (forward * random.between(wad / 100n, 100n * wad)) / wad
      const any = index % 2 === 0 ? random.magnitude(120n) : near
      const strike = any < 1n ? 1n : any > maxPrice ? maxPrice : any
      const volatility = random.magnitude(65n)
      expect(gap(forward, strike, volatility), `${forward} ${strike} ${volatility}`).to.be.below(1e-15)
    }
  })
})
