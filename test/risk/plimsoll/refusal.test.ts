import { expect } from 'chai'
import { InvalidInputError, MissingMarketDataError, UnpricedLiabilityError } from '../../../src/core/errors.ts'
import type { Portfolio } from '../../../src/core/portfolio.ts'
import type { Position } from '../../../src/core/position.ts'
import { wad } from '../../../src/core/units.ts'
import { breakdownReport } from '../../../src/report/marginReport.ts'
import { calculateMargin } from '../../../src/risk/plimsoll/calculateMargin.ts'
import { TooManyLiabilitiesError } from '../../../src/risk/plimsoll/errors.ts'
import { explainMargin } from '../../../src/risk/plimsoll/explain/explainMargin.ts'
import { assets, balance, debt, perpetual, portfolioOf, testMarket, testParameters } from '../../support/books.ts'

const e6 = 10n ** 6n
const usd = 1_000_000n
const unknown = `31337:0x${'ee'.repeat(20)}` as const
const market = testMarket()
const parameters = testParameters()
const own = { control: 'enforceable' } as const

const marginOf = (portfolio: Portfolio, set = parameters) => calculateMargin({ portfolio, market, parameters: set })
const inScope = (scope: Portfolio['scope'], ...positions: readonly Position[]): Portfolio => ({
  ...portfolioOf(...positions),
  scope,
})

describe('scope enforceable', () => {
  it('credits what the account holds, by default in full, and reports its scope', () => {
    const result = marginOf(portfolioOf(balance(assets.weth, wad, own), debt(assets.usdc, 500n * e6, own)))
    expect([result.scope, result.equity, result.refusal]).to.deep.equal(['enforceable', 1500n * usd, null])
    const half = testParameters((plain) => {
      plain.credit.enforceable = wad / 2n
    })
    expect(
      marginOf(portfolioOf(balance(assets.weth, wad, own), debt(assets.usdc, 500n * e6, own)), half).equity,
    ).to.equal(500n * usd)
  })

  it('InvalidInputError: an enforceable claim of an account that is only observed', () => {
    expect(() => marginOf(inScope('observed', balance(assets.weth, wad, own)))).to.throw(
      InvalidInputError,
      'is enforceable',
    )
  })

  describe('answers what the account itself can cause as if it had lost everything', () => {
    const few = testParameters((plain) => {
      plain.maximumClaims = 1
    })
    const causes = [
      [UnpricedLiabilityError, 'a debt in an unknown token', [debt(unknown, 1n)], parameters],
      [TooManyLiabilitiesError, 'too many debts', [debt(assets.usdc, 1n), debt(assets.susd, 1n)], few],
    ] as const
    for (const [refusal, name, positions, set] of causes) {
      it(name, () => {
        const result = marginOf(inScope('enforceable', balance(assets.weth, wad, own), ...positions), set)
        expect([result.initialMargin, result.maintenanceMargin, result.equity]).to.deep.equal([0n, 0n, -(2n ** 63n)])
        expect(result.freeEquity).to.equal(-(2n ** 63n))
        expect(result.ratio).to.deep.equal({ kind: 'deficit', deficit: 2n ** 63n })
        expect(result.venueCritical).to.equal(true)
        const { model, scan, savingAgainstModel, savingOnScan } = result.standalone
        for (const nothing of [model, scan, savingAgainstModel, savingOnScan]) {
          expect(nothing).to.deep.equal({ initial: 0n, maintenance: 0n })
        }
        expect([result.scan.sum, result.scan.jointCharge, result.scan.charge]).to.deep.equal([0n, 0n, 0n])
        expect(result.refusal?.error).to.equal(refusal.name)
        expect(breakdownReport(result)).to.contain(`REFUSED: ${result.refusal?.reason}`)
        expect(() => marginOf(inScope('observed', balance(assets.weth, wad), ...positions), set)).to.throw(refusal)
      })
    }

    it('more than a record carries', () => {
      // 2^63 quote units are 9.223372036854775808e12 dollars. Observed, the margin is told and the record refuses it.
      const positions = [perpetual(wad, (2n ** 63n + 2000n * usd + 1n) * 10n ** 12n)]
      const observed = marginOf(inScope('observed', ...positions))
      expect(observed.equity).to.equal(-(2n ** 63n) - 1n)
      const result = marginOf(inScope('enforceable', ...positions))
      expect([result.equity, result.refusal?.error]).to.deep.equal([-(2n ** 63n), 'UnrecordableMarginError'])
      const one = [perpetual(wad, (2n ** 63n + 2000n * usd) * 10n ** 12n)]
      expect(marginOf(inScope('enforceable', ...one)).refusal).to.equal(null)
    })

    it('with an explanation that explains nothing', () => {
      const portfolio = inScope('enforceable', debt(unknown, 1n))
      const { explanation, ...result } = explainMargin({ portfolio, market, parameters })
      expect(result).to.deep.equal(marginOf(portfolio))
      expect(explanation.contributions).to.deep.equal([])
    })
  })

  it('MissingMarketDataError: market data that fail are no refusal of the account, and stay unsigned', () => {
    const { ETH: _, ...prices } = market.prices
    const portfolio = portfolioOf(balance(assets.weth, wad, own))
    expect(() => calculateMargin({ portfolio, market: { ...market, prices }, parameters })).to.throw(
      MissingMarketDataError,
    )
  })
})
