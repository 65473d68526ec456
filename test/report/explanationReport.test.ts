import { expect } from 'chai'
import { wad } from '../../src/core/units.ts'
import { explanationReport } from '../../src/report/explanationReport.ts'
import { explainMargin } from '../../src/risk/plimsoll/explain/explainMargin.ts'
import { assets, balance, option, perpetual, portfolioOf, testMarket, testParameters } from '../support/books.ts'

describe('explanation report', () => {
  const parameters = testParameters()
  const portfolio = portfolioOf(
    { ...balance(assets.weth, 3n * wad, { venue: 'lending' }), venueValue: 5_940n * wad },
    perpetual(-wad, 2_000n * wad, { venue: 'perpetuals' }),
    option('put', 2000, wad, { venue: 'options' }),
  )
  const result = explainMargin({ portfolio, market: testMarket(), parameters })
  const text = explanationReport(result, parameters.assets)

  it('shows what each position contributes and what closing it frees', () => {
    expect(text).to.match(/lending +WETH held +[\d,.-]+ +0\.00 +[\d,.-]+ +[\d,.-]+\n/)
    expect(text).to.contain('closing it frees')
    expect(text).to.contain(`binding: ${result.explanation.binding[0]?.underlying ?? 'joint'}`)
  })
  it('shows sensitivities by expiry, marks and netting', () => {
    expect(text).to.match(/ETH +none +2 +0/)
    expect(text).to.match(/ETH +2027-02-14 /)
    expect(text).to.match(/WETH held +6,000\.00 +5,940\.00 +60\.00 +1\.01 %/)
    expect(text).to.contain('saved across venues')
  })
})
