import { expect } from 'chai'
import { wad } from '../../src/core/units.ts'
import { breakdownReport, positionsReport, scenarioReport } from '../../src/report/marginReport.ts'
import { formatPercent, formatQuoteUnits, formatUsd, formatWad } from '../../src/report/money.ts'
import { calculateMargin } from '../../src/risk/plimsoll/calculateMargin.ts'
import { assets, balance, debt, option, portfolioOf, testMarket, testParameters } from '../support/books.ts'

describe('margin report', () => {
  const parameters = testParameters()
  const result = calculateMargin({
    portfolio: portfolioOf(
      balance(assets.weth, 10n * wad, { venue: 'lending' }),
      debt(assets.usdc, 5_000_000_000n, { venue: 'lending' }),
      option('put', 2000, wad, { venue: 'options' }),
      balance(`31337:0x${'ee'.repeat(20)}`, 1n),
    ),
    market: testMarket(),
    parameters,
  })

  it('lists positions, values and what counts as zero', () => {
    const text = positionsReport(result, parameters.assets)
    expect(text).to.match(/lending +WETH held +20,000\.00 +20,000\.00/)
    expect(text).to.match(/lending +USDC owed +-5,000\.00 +-5,000\.00/)
    expect(text).to.contain('1 ETH 2027-02-14 2,000 put')
    expect(text).to.contain('counted as zero')
  })
  it('marks the binding scenario of each underlying', () => {
    const text = scenarioReport(result)
    const marked = text.split('\n').filter((row) => row.startsWith('>'))
    expect(marked).to.have.length(2)
    result.scan.underlyings.forEach(({ worst }, index) => {
      expect(marked[index]).to.contain(`> ${worst} `)
    })
  })
  it('shows the lines, the totals and the saving', () => {
    const text = breakdownReport(result)
    for (const name of ['scan risk', 'venue failure', 'margin', 'saved by netting']) expect(text).to.contain(name)
    expect(text).to.contain('equity / maintenance')
    // A loan without a word of its venue.
    expect(text).to.match(/what the venues themselves demand +unknown +unknown/)
  })
  it('rounds what is owed up and what is owned down', () => {
    expect([formatQuoteUnits(1_234_567n), formatQuoteUnits(1_234_567n, 'up')]).to.deep.equal(['1.23', '1.24'])
    expect([formatQuoteUnits(-1n), formatQuoteUnits(-1n, 'up')]).to.deep.equal(['-0.01', '0.00'])
    expect(formatUsd(-1234567n * wad)).to.equal('-1,234,567.00')
    expect(formatPercent(wad / 3n)).to.equal('33.33 %')
    expect(formatWad(-15n * 10n ** 17n)).to.equal('-1.5')
  })
})
