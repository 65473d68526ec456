import { expect } from 'chai'
import fc from 'fast-check'
import { log } from '../../../../src/risk/models/math/exponential.ts'
import {
  isFreeOfButterflyArbitrage,
  lowestSviDensity,
  type RawSvi,
  SmileError,
  type SmilePoints,
  smileVolatility,
} from '../../../../src/risk/models/math/smile.ts'
import { timeValue } from '../../../../src/risk/models/math/timeValue.ts'
import { expectClose } from '../../../support/close.ts'

const svi: RawSvi = { kind: 'svi', a: 0.04, b: 0.4, rho: -0.4, m: 0.05, sigma: 0.1, time: 0.5 }
/** The example of A. Vogt in J. Gatheral and A. Jacquier (2014): positive variances, negative densities. */
const vogt: RawSvi = { kind: 'svi', a: -0.041, b: 0.1331, rho: 0.306, m: 0.3586, sigma: 0.4153, time: 1 }

describe('smileVolatility', () => {
  it('reproduces the volatilities in the tests of Derive (derivexyz/lyra-utils, SVI.t.sol)', () => {
    const smiles = [
      [
        0.00821917808219178, 0.00821917808219178, 0.01232876712328767, -0.000821917808219178, -0.000410958904109589,
        0.000410958904109589, 1800,
      ],
      [
        0.038356164383561646, 0.027616438356164386, 0.041424657534246574, 0.003452054794520548, 0.001726027397260274,
        0.000345205479452055, 1805,
      ],
      [
        0.2465753424657534, 0.17753424657534247, 0.17753424657534247, 0.05917808219178082, 0.02958904109589041,
        0.0216986301369863, 1830,
      ],
    ] as const
    const volatilities = [
      [1.1283132838354804, 1.0004355395636404, 1.1097985052091757, 1.1965721054381622],
      [0.9597244734120128, 0.8513856076969522, 0.939244986304054, 1.0133571334275668],
      [0.9356728218442784, 0.8687530747337932, 0.8966269017413266, 0.9512721744218694],
    ]
    for (const [row, [time, a, b, rho, m, sigma, forward]] of smiles.entries()) {
      for (const [column, strike] of [1500, 1800, 2100, 2400].entries()) {
        const volatility = smileVolatility({ kind: 'svi', a, b, rho, m, sigma, time }, { forward, strike })
        expectClose(volatility, (volatilities[row] as number[])[column] as number, 1e-14)
      }
    }
  })

  it('behavior: SVI is flat beyond four standard deviations and its variance at most 144', () => {
    const width = 4 * Math.sqrt(0.04 + 0.4 * 0.1)
    const edge = smileVolatility(svi, { forward: 100, strike: 1e6 })
    expect(smileVolatility(svi, { forward: 100, strike: 1e9 })).to.equal(edge)
    const distance = width - 0.05
    const variance = 0.04 + 0.4 * (Math.sqrt(distance ** 2 + 0.01) - 0.4 * distance)
    expectClose(edge, Math.sqrt(variance / 0.5), 1e-15)
    expect(smileVolatility(svi, { forward: 100, strike: 0 })).to.equal(
      smileVolatility(svi, { forward: 100, strike: 1e-9 }),
    )
    expect(smileVolatility({ ...svi, a: 500 }, { forward: 100, strike: 100 })).to.equal(Math.sqrt(144 / 0.5))
  })

  it('behavior: points are met, straight between and flat outside', () => {
    const points = [
      { strike: 80, volatility: 0.7 },
      { strike: 100, volatility: 0.5 },
      { strike: 160, volatility: 0.6 },
    ]
    const byStrike: SmilePoints = { kind: 'points', axis: 'strike', points }
    const byMoneyness: SmilePoints = { kind: 'points', axis: 'logMoneyness', points }
    const at = (smile: SmilePoints, strike: number) => smileVolatility(smile, { forward: 100, strike })
    for (const smile of [byStrike, byMoneyness]) {
      for (const { strike, volatility } of points) expectClose(at(smile, strike), volatility, 1e-15)
      expect([at(smile, 0), at(smile, 79), at(smile, 161), at(smile, 1e9)]).to.deep.equal([0.7, 0.7, 0.6, 0.6])
    }
    expectClose(at(byStrike, 130), 0.55, 1e-15)
    expectClose(at(byMoneyness, 130), 0.5 + (0.1 * log(1.3)) / log(1.6), 1e-15)
    expectClose(at(byStrike, 85), 0.65, 1e-15)
  })

  it('error: SmileError', () => {
    const at = { forward: 100, strike: 100 }
    const disorder = [
      { strike: 100, volatility: 0.5 },
      { strike: 90, volatility: 0.5 },
    ]
    const wrong = [
      { kind: 'points', axis: 'strike', points: [] },
      { kind: 'points', axis: 'strike', points: disorder },
      { kind: 'points', axis: 'strike', points: [{ strike: 100, volatility: -0.1 }] },
      { ...svi, a: -10 },
      { ...svi, a: -0.04, sigma: 0.1001, m: 0, rho: 0.9 },
      { ...svi, time: 0 },
      { ...svi, b: -1 },
      { ...svi, rho: 1.01 },
      { ...svi, sigma: NaN },
    ] as const
    for (const smile of wrong) {
      expect(() => smileVolatility(smile, { ...at, strike: 99.4 }), JSON.stringify(smile)).to.throw(SmileError)
    }
    expect(() => smileVolatility(svi, { forward: 0, strike: 1 })).to.throw(SmileError)
    expect(() => smileVolatility(svi, { forward: 1, strike: -1 })).to.throw(SmileError)
  })
})

describe('butterfly arbitrage of SVI', () => {
  it('finds the negative density of the example of Vogt, and none in a sound smile', () => {
    const { density, logMoneyness } = lowestSviDensity(vogt)
    expect(density).to.be.below(-0.03)
    expect(logMoneyness).to.be.within(0.5, 1.5)
    expect(isFreeOfButterflyArbitrage(vogt)).to.equal(false)
    expect(isFreeOfButterflyArbitrage(svi)).to.equal(true)
    expect(isFreeOfButterflyArbitrage({ ...svi, b: 1.5, sigma: 1 })).to.equal(false)
    expect(lowestSviDensity({ ...svi, a: -0.1 }).density).to.equal(-Infinity)
  })

  it('behavior: the sign of the density is that of butterflies of calls', () => {
    const price = (smile: RawSvi, k: number) => {
      const distance = k - smile.m
      const variance = smile.a + smile.b * (smile.rho * distance + Math.sqrt(distance ** 2 + smile.sigma ** 2))
      const strike = Math.exp(k)
      return timeValue(1, strike, Math.sqrt(variance)) + Math.max(0, 1 - strike)
    }
    fc.assert(
      fc.property(fc.double({ min: -1.2, max: 1.5, noNaN: true }), (k) => {
        for (const smile of [svi, vogt]) {
          const local = lowestSviDensity(smile, { width: Math.abs(k), points: 2 })
          const [low, mid, high] = [local.logMoneyness - 1e-3, local.logMoneyness, local.logMoneyness + 1e-3]
          const [a, b, c] = [Math.exp(low), Math.exp(mid), Math.exp(high)]
          const butterfly =
            (price(smile, low) - price(smile, mid)) / (b - a) - (price(smile, mid) - price(smile, high)) / (c - b)
          if (Math.abs(local.density) > 0.01) expect(Math.sign(butterfly)).to.equal(Math.sign(local.density))
        }
      }),
      { seed: 1, numRuns: 200 },
    )
  })
})
