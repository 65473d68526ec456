import { expect } from 'chai'
import type { Book } from '../../../src/core/book.ts'
import { spanModel } from '../../../src/risk/models/span/span.ts'
import { timsModel } from '../../../src/risk/models/tims/tims.ts'
import { expectClose } from '../../support/close.ts'

const book: Book = {
  schema: 'plimsoll-book/1',
  portfolio: {
    asOf: 0,
    quote: 'USD',
    positions: [
      { kind: 'cash', currency: 'USD', amount: 10_000 },
      { kind: 'spot', underlying: 'BTC', amount: 2 },
      { kind: 'perpetual', underlying: 'BTC', amount: -1 },
      { kind: 'option', underlying: 'ETH', right: 'put', strike: 2000, years: 0.1, volatility: 0.7, amount: -5 },
    ],
  },
  market: { underlyings: { BTC: { price: 60_000 }, ETH: { price: 3000 } } },
}

describe('Defaults of the scanning models', () => {
  it('are valid parameter files', () => {
    expect(spanModel.parametersSchema.parse(JSON.parse(JSON.stringify(spanModel.defaults)))).to.deep.equal(
      spanModel.defaults,
    )
    expect(timsModel.parametersSchema.parse(JSON.parse(JSON.stringify(timsModel.defaults)))).to.deep.equal(
      timsModel.defaults,
    )
  })

  it('give a hash that any range changes', () => {
    const { parametersHash } = spanModel.calculate({ book, parameters: spanModel.defaults })
    const wider = { ...spanModel.defaults, extremeMove: { multiplier: 3, cover: 0.34 } }
    expect(spanModel.calculate({ book, parameters: wider }).parametersHash).to.not.equal(parametersHash)
    const { parametersHash: again } = spanModel.calculate({ book, parameters: structuredClone(spanModel.defaults) })
    expect(again).to.equal(parametersHash)
  })

  it('charge a book of crypto-assets as the parameters say', () => {
    const span = spanModel.calculate({ book, parameters: spanModel.defaults })
    // One bitcoin net: 16 % of 60,000, and at the extreme 3 · 33 % of that, which is less.
    expect(span.worst[0]).to.deep.equal({ group: 'BTC', scenario: '13', loss: 9600 })
    const eth = span.lines.filter(({ id }) => id.startsWith('ETH'))
    // Far below the price the puts scan more than 2 % of 3,000 for each of 5.
    expect(eth.map(({ id }) => id)).to.deep.equal(['ETH:scan'])
    expect(eth[0]?.maintenance).to.be.above(300)
    expect(span.initialMargin).to.be.above(span.maintenanceMargin)
    const tims = timsModel.calculate({ book, parameters: timsModel.defaults })
    expect(tims.worst.map(({ group, scenario }) => [group, scenario])).to.deep.equal([
      ['BTC', '-15%'],
      ['ETH', '-15%'],
    ])
    expectClose(tims.worst[0]?.loss, 9000, 1e-8)
  })

  it('make JSON', () => {
    for (const margin of [
      spanModel.calculate({ book, parameters: spanModel.defaults }),
      timsModel.calculate({ book, parameters: timsModel.defaults }),
    ]) {
      expect(JSON.parse(JSON.stringify(margin))).to.deep.equal(margin)
    }
  })
})
