import { expect } from 'chai'
import { wad } from '../../src/core/units.ts'
import { ladderReport } from '../../src/report/ladderReport.ts'
import { formatUnits } from '../../src/report/money.ts'
import { calculateLadder } from '../../src/risk/plimsoll/ladder.ts'
import { assets, balance, debt, portfolioOf, testMarket, testParameters } from '../support/books.ts'

const parameters = testParameters()
const report = (borrowed: bigint) => {
  const portfolio = portfolioOf(
    balance(assets.weth, wad, { venue: 'lending' }),
    debt(assets.usdc, borrowed * 10n ** 6n, { venue: 'lending' }),
  )
  const options = { underlyings: ['ETH'], marginGrid: wad / 10n }
  return ladderReport(calculateLadder({ portfolio, market: testMarket(), parameters, ...options }), parameters.assets)
}

describe('ladder report', () => {
  it('orders one axis from high to low, with spot as a line among what happens', () => {
    const prices = report(1_000n)
      .split('\n')
      .slice(1, 5)
      .map((row) => row.trim().replace(/ .*/, ''))
    expect(prices).to.have.length(4)
    expect(prices[0]).to.equal('2,000.00')
    expect(prices[3]).to.equal('1,000.00')
  })

  it('says what is bad already, what never happens, and where nobody can tell', () => {
    const text = report(3_000n)
    expect(text).to.match(/--- now: equity below initial margin, equity below maintenance margin, equity below zero/)
    expect(text).to.include('equity below zero: now and everywhere down to 20.00')
    expect(text).to.include('Already now: equity below initial margin.')
    expect(text).to.include('has debts or shorts and no known rule')
    expect(report(1n)).to.include('equity below zero: nowhere up to 20,000.00')
  })

  it('writes smallest units as tokens', () => {
    expect([formatUnits(1_500_000n, 6), formatUnits(1n, 18), formatUnits(5n, 24)]).to.deep.equal([
      '1.5',
      '0.000000000000000001',
      '5 / 10^24',
    ])
  })
})
