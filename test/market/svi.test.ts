import { expect } from 'chai'
import fc from 'fast-check'
import { InvalidInputError, StaleMarketDataError } from '../../src/core/errors.ts'
import { volatilityKey } from '../../src/core/market.ts'
import { secondsPerYear, wad } from '../../src/core/units.ts'
import { black76, totalVolatility } from '../../src/kernel/black76.ts'
import { expWad, lnWad } from '../../src/kernel/exponential.ts'
import { fileMarket } from '../../src/market/fileMarket.ts'
import { durrleman, smileAt, unit } from '../../src/market/svi.ts'
import { ArbitrageError } from '../../src/market/sviSurface.ts'
import { ln } from '../support/exact/functions.ts'
import { fromWad, one, over, type Real, sqrt, times } from '../support/exact/real.ts'
import { thrown } from '../support/rejection.ts'
import { block, resultOf } from './support/answerPlan.ts'

type Slice = Record<'a' | 'b' | 'rho' | 'm' | 'sigma', bigint> & {
  readonly expiry: number
  readonly forward: bigint
  readonly halfSpread?: bigint
  readonly confidence?: bigint
}

const fittedAt = block.timestamp - 100
const year = Number(secondsPerYear)
const at = (years: number) => fittedAt + Math.round(years * year)
const w = (text: string): bigint => {
  const [whole = '', part = ''] = text.replace('-', '').split('.')
  return BigInt(`${text.startsWith('-') ? '-' : ''}${whole}${part.padEnd(18, '0')}`)
}

/** √(0.3² + 0.4²) = 0.5 at the money: 0.01 + 0.2·(−0.5·0.3 + 0.5) = 0.08. */
const base: Slice = {
  expiry: at(0.32),
  forward: 2_000n * wad,
  a: w('0.01'),
  b: w('0.2'),
  rho: w('-0.5'),
  m: w('-0.3'),
  sigma: w('0.4'),
}

function readIfListed(
  slices: readonly Slice[],
  contract: { strike: bigint; expiry: number },
  { range = { least: w('-1'), most: w('1') }, beyond = 'refuse', maxAge = 100 } = {},
) {
  const { volatility } = fileMarket({
    schema: 'plimsoll-market/1',
    name: 'test',
    prices: {},
    volatilities: { smile: { updatedAt: fittedAt, svi: { range, beyond, slices } } },
  })
  const option = { surface: 'smile', underlying: 'ETH', ...contract }
  const read = resultOf(volatility.read({ source: 'file', maxAge }, 'smile', [option], block))
  return read[volatilityKey(option)]
}

function read(...asked: Parameters<typeof readIfListed>) {
  return readIfListed(...asked) ?? expect.fail('no volatility')
}
const atTheMoney = { strike: 2_000n * wad, expiry: base.expiry }

describe('SVI surface', () => {
  describe('by hand', () => {
    it('0.08 over 0.32 years is 50 %, to the wei', () => {
      expect(read([base], atTheMoney)).to.deep.equal({
        low: w('0.5'),
        high: w('0.5'),
        confidence: wad,
        source: 'file:test (SVI)',
      })
    })
    it('rounds down for longs and up for shorts, and takes half the spread off and on', () => {
      // √(0.08 / 0.2) = 0.632455532033675866 5…
      const short = { ...base, expiry: at(0.2) }
      const contract = { ...atTheMoney, expiry: short.expiry }
      expect(read([short], contract)).to.include({ low: w('0.632455532033675866'), high: w('0.632455532033675867') })
      const wide = { ...short, halfSpread: w('0.01'), confidence: w('0.9') }
      expect(read([wide], contract)).to.include({
        low: w('0.622455532033675866'),
        high: w('0.642455532033675867'),
        confidence: w('0.9'),
      })
      expect(read([{ ...short, halfSpread: wad }], contract).low).to.equal(1n)
    })
    it('has the derivatives and the density of its formula', () => {
      // w' = 0.2·(−0.5 + 0.3/0.5) = 0.02; w'' = 0.2·0.4²/0.5³ = 0.256;
      // g(0) = 1 − 0.02²/4·(1/0.08 + 1/4) + 0.128 = 1 − 0.0001·12.75 + 0.128 = 1.126725.
      const smile = smileAt(base, 0n)
      expect(smile).to.deep.equal({
        variance: (8n * unit) / 100n,
        slope: (2n * unit) / 100n,
        curvature: (256n * unit) / 1_000n,
      })
      expect(durrleman(smile, 0n)).to.equal((1_126_725n * unit) / 1_000_000n)
      // A flat smile is Black's own: g = 1 everywhere.
      const flat = { ...base, a: w('0.04'), b: 0n }
      for (const k of [-wad, 0n, wad]) expect(durrleman(smileAt(flat, k), k)).to.equal(unit)
    })
    it('is linear in total variance between expiries, at the moneyness of the forward between them', () => {
      // 0.08 at 0.32 and 0.14 at 0.72 years: 0.095 at 0.42, a quarter of the way; √(0.095 / 0.42) = 0.475594865605670926 6…
      const far = { ...base, expiry: at(0.72), a: w('0.07') }
      expect(read([base, far], { ...atTheMoney, expiry: at(0.42) }).low).to.equal(w('0.475594865605670926'))
      // The forward of the quarter is 2,010: that strike is at the money there.
      const risen = { ...far, forward: 2_040n * wad }
      expect(read([base, risen], { strike: 2_010n * wad, expiry: at(0.42) }).low).to.equal(w('0.475594865605670926'))
    })
    it('is flat beyond its expiries where the file says so', () => {
      for (const years of [0.01, 0.16, 0.33, 2]) {
        const contract = { ...atTheMoney, expiry: at(years) }
        const { low, high } = read([base], contract, { beyond: 'flat' })
        expect(high - low <= 1n && low <= w('0.5') && high >= w('0.5'), `${low} ${high}`).to.equal(true)
      }
    })
  })

  describe('against 72 decimals', () => {
    /** The same formula in the arithmetic of the reference, which shares nothing with the kernel. */
    function exact(slices: readonly [Slice, Slice], strike: bigint, expiry: number): Real {
      const [near, far] = slices
      const share = (BigInt(expiry - near.expiry) * one) / BigInt(far.expiry - near.expiry)
      const mix = (x: Real, y: Real) => times(x, one - share) + times(y, share)
      // The forward is a price in WAD.
      const forward = (mix(fromWad(near.forward), fromWad(far.forward)) / 10n ** 54n) * 10n ** 54n
      const k = ln(over(fromWad(strike), forward))
      const variance = ({ a, b, rho, m, sigma }: Slice) => {
        const d = k - fromWad(m)
        const root = sqrt(times(d, d) + times(fromWad(sigma), fromWad(sigma)))
        return fromWad(a) + times(fromWad(b), times(fromWad(rho), d) + root)
      }
      const years = (BigInt(expiry - fittedAt) * one) / secondsPerYear
      return sqrt(over(mix(variance(near), variance(far)), years))
    }
    const fraction = (least: string, most: string) => fc.bigInt(w(least), w(most))

    it('is within a few wei, and on the right side of it', () => {
      const slice = fc.record({
        a: fraction('0', '0.1'),
        b: fraction('0.01', '0.2'),
        rho: fraction('-0.7', '0.7'),
        m: fraction('-0.2', '0.2'),
        sigma: fraction('0.2', '0.6'),
      })
      let accepted = 0
      fc.assert(
        fc.property(
          slice,
          fraction('0', '0.05'),
          fraction('1500', '3000'),
          fraction('-0.9', '0.9'),
          fc.integer({ min: 0, max: year / 2 }),
          (parameters, more, forward, moneyness, seconds) => {
            const near = { ...parameters, forward, expiry: at(0.1) }
            const far = { ...parameters, a: parameters.a + more, forward: forward + forward / 50n, expiry: at(0.6) }
            const strike = (forward * expWad(moneyness)) / wad
            const expiry = near.expiry + seconds
            let volatility: ReturnType<typeof read>
            try {
              volatility = read([near, far], { strike, expiry })
            } catch (error) {
              expect(error).to.be.instanceOf(ArbitrageError)
              return
            }
            accepted++
            const reference = exact([near, far], strike, expiry) / 10n ** 48n
            const { low, high } = volatility
            const tolerance = 20n * 10n ** 6n
            expect(high - low <= 1n).to.equal(true)
            expect(low * 10n ** 6n <= reference + tolerance, `${low} ${reference}`).to.equal(true)
            expect(high * 10n ** 6n >= reference - tolerance, `${high} ${reference}`).to.equal(true)
          },
        ),
        { numRuns: 60, seed: 11 },
      )
      expect(accepted).to.be.at.least(40)
    })
  })

  describe('arbitrage', () => {
    /** Price of a butterfly of calls 2 % apart at the surface's own volatility. */
    const butterfly = (parameters: Slice, strike: bigint) => {
      const step = strike / 50n
      const price = (x: bigint) => {
        const k = ln((fromWad(x) * one) / fromWad(parameters.forward)) / 10n ** 54n
        const { variance } = smileAt(parameters, k)
        const years = BigInt(parameters.expiry - fittedAt)
        const sigma = sqrt((variance * 10n ** 36n * secondsPerYear) / years) / 10n ** 54n
        return black76('call', parameters.forward, x, totalVolatility(sigma, years))
      }
      return price(strike - step) - 2n * price(strike) + price(strike + step)
    }
    /** Axel Vogt's example of a smile whose wings are fine and whose density is not (Gatheral and Jacquier, section 3.2). */
    const vogt: Slice = {
      expiry: at(1),
      forward: 2_000n * wad,
      a: w('-0.041'),
      b: w('0.1331'),
      rho: w('0.306'),
      m: w('0.3586'),
      sigma: w('0.4153'),
    }

    it('refuses a negative density, at a strike where a butterfly costs less than nothing', async () => {
      const range = { least: w('-1.5'), most: w('1.5') }
      const contract = { strike: 2_000n * wad, expiry: vogt.expiry }
      const error = await thrown(() => read([vogt], contract, { range }), ArbitrageError)
      expect(error.message).to.contain('file:test: smile').and.contain(`expiry ${vogt.expiry}`)
      const strike = BigInt(/strike (\d+)/.exec(error.message)?.[1] ?? '0')
      expect(strike > 3_000n * wad && strike < 5_000n * wad, `${strike}`).to.equal(true)
      expect(butterfly(vogt, (strike * 110n) / 100n) < 0n).to.equal(true)
      expect(butterfly(vogt, 2_000n * wad) > 0n).to.equal(true)
      // Within strikes where it has a density it may be used.
      expect(read([vogt], contract, { range: { least: w('-0.4'), most: w('0.4') } }).low > 0n).to.equal(true)
    })
    it('accepts no surface on which a butterfly costs less than nothing', () => {
      for (const parameters of [base, { ...base, rho: w('0.3'), m: w('0.1'), b: w('0.1') }]) {
        read([parameters], atTheMoney)
        for (let percent = 40n; percent <= 260n; percent += 5n) {
          expect(butterfly(parameters, 20n * percent * wad) > 0n, `${percent} %`).to.equal(true)
        }
      }
    })
    it('refuses wings steeper than 2, to the wei', async () => {
      // b·(1 + |rho|) = 1.6·1.25 = 2; so wide a smile needs a wide sigma to have a density.
      const steep = { ...base, a: wad, b: w('1.6'), rho: w('-0.25'), m: 0n, sigma: 2n * wad }
      expect(read([steep], atTheMoney).low > 0n).to.equal(true)
      const error = await thrown(() => read([{ ...steep, rho: w('-0.25') - 1n }], atTheMoney), ArbitrageError)
      expect(error.message).to.contain('steeper far out than 2').and.contain(`${base.expiry}`)
    })
    it('refuses a variance that reaches zero anywhere', async () => {
      // a + b·σ·√(1 − ρ²) = a + 0.2·0.4·0.8 with ρ = −0.6.
      const touching = { ...base, rho: w('-0.6'), a: w('-0.064') }
      const error = await thrown(() => read([touching], atTheMoney), ArbitrageError)
      expect(error.message).to.contain('zero or less')
    })
    it('refuses total variance that falls from one expiry to the next, naming both and a strike', async () => {
      const far = { ...base, expiry: at(0.72) }
      expect(read([base, far], atTheMoney).low).to.equal(w('0.5'))
      const lower = { ...far, a: base.a - 1n }
      const error = await thrown(() => read([base, lower], atTheMoney), ArbitrageError)
      expect(error.message)
        .to.contain(`at expiry ${far.expiry} than at ${base.expiry}`)
        .and.match(/strike 735\d{18}\./)
      // Equal at the money and below it on one side only.
      const tilted = { ...far, rho: w('-0.4'), a: base.a - w('0.006') }
      expect((await thrown(() => read([base, tilted], atTheMoney), ArbitrageError)).message).to.contain('less total')
    })
    it('leaves out a strike between the checked ones where the density is negative there alone', () => {
      const range = { least: w('-1.5'), most: w('1.5') }
      const readAt = (a: bigint, strike = atTheMoney.strike) =>
        readIfListed([{ ...vogt, a }], { strike, expiry: vogt.expiry }, { range })
      const isRefused = (run: () => unknown) => {
        try {
          run()
          return false
        } catch (error) {
          expect(error).to.be.instanceOf(ArbitrageError)
          return true
        }
      }
      // The least variance that no checked strike refuses has its least density beside that strike.
      let [refused, accepted] = [vogt.a, w('0.1')]
      while (accepted - refused > 1n) {
        const middle = (accepted + refused) / 2n
        if (isRefused(() => readAt(middle))) refused = middle
        else accepted = middle
      }
      const strikes = Array.from({ length: 3_000 }, (_, index) => (2_500n + BigInt(index)) * wad)
      const found = strikes.filter((strike) => {
        const k = lnWad(strike) - lnWad(vogt.forward)
        return durrleman(smileAt({ ...vogt, a: accepted }, k), k) < 0n
      })
      expect(found.length).to.be.within(1, 30)
      const [strike = 0n] = found
      expect(readAt(accepted, strike)).to.equal(undefined)
      expect(readAt(accepted, strike - 100n * wad)?.low ?? 0n).to.not.equal(0n)
    })
  })

  describe('refusals', () => {
    it('nothing of an expiry beyond the surface, nor of a strike outside its range', () => {
      const far = { ...base, expiry: at(0.72), a: w('0.07') }
      for (const expiry of [base.expiry - 1, far.expiry + 1]) {
        expect(readIfListed([base, far], { ...atTheMoney, expiry })).to.equal(undefined)
      }
      // e^±1 of 2,000: 735.75… to 5436.56…
      for (const [strike, works] of [
        [736n, true],
        [735n, false],
        [5_436n, true],
        [5_437n, false],
        [0n, false],
      ] as const) {
        const found = readIfListed([base], { ...atTheMoney, strike: strike * wad + 1n })
        expect(found !== undefined && found.low > 0n, `${strike}`).to.equal(works)
      }
    })
    it('a surface that is too old', async () => {
      await thrown(() => read([base], atTheMoney, { maxAge: 99 }), StaleMarketDataError)
    })
    it('a malformed file', async () => {
      const svi = { range: { least: '-1', most: '1' }, slices: [base] }
      const file = (surface: object) => () =>
        fileMarket({
          schema: 'plimsoll-market/1',
          name: 'test',
          prices: {},
          volatilities: { smile: { updatedAt: fittedAt, ...surface } },
        })
      for (const [surface, text] of [
        [{}, 'either points or svi'],
        [{ svi, points: [] }, 'either points or svi'],
        [{ svi, interpolation: 'linear' }, 'never interpolated so'],
        [{ svi: { ...svi, slices: [] } }, 'svi.slices'],
        [{ svi: { ...svi, slices: [base, base] } }, 'order of their expiries'],
        [{ svi: { ...svi, slices: [{ ...base, expiry: fittedAt }] } }, 'expires before'],
        [{ svi: { ...svi, slices: [{ ...base, rho: wad }] } }, 'slices.0.rho'],
        [{ svi: { ...svi, slices: [{ ...base, b: -1n }] } }, 'slices.0.b'],
        [{ svi: { ...svi, slices: [{ ...base, sigma: 0n }] } }, 'slices.0.sigma'],
        [{ svi: { ...svi, range: { least: '1', most: '1' } } }, 'svi.range'],
        [{ svi: { ...svi, range: { least: '0', most: `${5n * wad + 1n}` } } }, 'range.most'],
      ] as const) {
        expect((await thrown(file(surface), InvalidInputError)).message).to.contain(text)
      }
    })
  })
})
