import { expect } from 'chai'
import { InvalidInputError } from '../../../src/core/errors.ts'
import {
  type SyntheticSettings,
  stressedSettings,
  syntheticHistory,
} from '../../../src/risk/history/syntheticHistory.ts'
import { log } from '../../../src/risk/models/math/exponential.ts'
import { correlationMatrix, covarianceMatrix, standardDeviation } from '../../../src/risk/models/math/statistics.ts'
import { expectClose } from '../../support/close.ts'

const settings: SyntheticSettings = {
  ...stressedSettings,
  seed: 1,
  closes: 2_001,
  underlyings: [
    { underlying: 'ETH', price: 2_000, volatility: 0.7 },
    { underlying: 'BTC', price: 40_000, volatility: 0.5 },
  ],
}

const returnsOf = (drawn: SyntheticSettings, underlying: string) => {
  const { values } = syntheticHistory(drawn)[underlying] ?? { values: [] }
  return values.slice(1).map((value, index) => log(value / (values[index] as number)))
}

describe('syntheticHistory', () => {
  it('behavior: the same seed draws the same path, another seed another one, and each says what it is', () => {
    const drawn = syntheticHistory(settings)
    expect(syntheticHistory(settings)).to.deep.equal(drawn)
    expect(syntheticHistory({ ...settings, seed: 2 }).ETH?.values[1]).not.to.equal(drawn.ETH?.values[1])
    expect(drawn.ETH?.synthetic).to.equal('synthetic: GARCH(1,1) with jumps, seed 1')
  })

  it('behavior: another underlying or a longer path leaves what was drawn before', () => {
    const wider = syntheticHistory({
      ...settings,
      closes: 2_500,
      underlyings: [...settings.underlyings, { underlying: 'SOL', price: 100, volatility: 1 }],
    })
    expect(wider.BTC?.values.slice(0, 2_001)).to.deep.equal(syntheticHistory(settings).BTC?.values)
  })

  it('behavior: volatility and correlation are those asked for, without jumps', () => {
    const calm = { ...settings, jumps: { perYear: 0, mean: 0, deviation: 0 }, alpha: 0, beta: 0, closes: 20_001 }
    const [eth, btc] = [returnsOf(calm, 'ETH'), returnsOf(calm, 'BTC')]
    expectClose(standardDeviation(eth, 'sample') * Math.sqrt(365), 0.7, 0.01)
    const rows = eth.map((value, index) => [value, btc[index] as number])
    expectClose(correlationMatrix(covarianceMatrix(rows, 'sample'))[0]?.[1], 0.7, 0.01)
  })

  it('behavior: volatility clusters and jumps come as often as asked', () => {
    const squares = returnsOf({ ...settings, closes: 20_001 }, 'ETH').map((value) => value * value)
    const rows = squares
      .slice(1)
      .map((value, index) => [Math.min(value, 0.02), Math.min(squares[index] as number, 0.02)])
    expect(correlationMatrix(covarianceMatrix(rows, 'sample'))[0]?.[1]).to.be.greaterThan(0.1)
    const jumpsOnly: SyntheticSettings = {
      ...settings,
      closes: 36_501,
      underlyings: [{ underlying: 'ETH', price: 1, volatility: 0 }],
      alpha: 0,
      beta: 0,
      jumps: { perYear: 4, mean: 0, deviation: 0.01 },
    }
    expect(returnsOf(jumpsOnly, 'ETH').filter((value) => value !== 0).length).to.be.within(340, 460)
  })

  it('error: settings out of range', () => {
    expect(() => syntheticHistory({ ...settings, alpha: 0.5, beta: 0.5 })).to.throw(InvalidInputError, 'sum below 1')
    expect(() => syntheticHistory({ ...settings, closes: 1 })).to.throw(InvalidInputError, 'closes')
  })
})
