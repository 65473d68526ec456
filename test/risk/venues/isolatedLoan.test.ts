import { expect } from 'chai'
import { UnpricedLiabilityError } from '../../../src/core/errors.ts'
import { isolatedLoanState } from '../../../src/risk/venues/isolatedLoan.ts'
import { thrown } from '../../support/rejection.ts'
import { isolatedLoan, shiftTo, unknownToken, usdc, wad } from './support/rules.ts'

const million = 10n ** 6n
const most = 17_200n * million

describe('isolatedLoanState', () => {
  it('default: 10 WETH at 2,000 and 86 % carry 17,200 USDC, to the last unit', () => {
    // Incentive 1 / (1 − 0.3 · 0.14) = 1 / 0.958 = 1.043841336116910229; 17,200 · 0.043841336116910229 = 754.07….
    expect(isolatedLoanState(isolatedLoan(most), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 754_070981210855938800n,
      slack: 0n,
    })
    expect(isolatedLoanState(isolatedLoan(most + 1n), shiftTo())).to.include({
      isLiquidatable: true,
      slack: -(10n ** 12n),
    })
  })

  it('behavior: the oracle price moves with the collateral against the debt', () => {
    // Half of 17,200 less 8,000.
    const half = shiftTo({ ETH: 1_000n * wad })
    expect(isolatedLoanState(isolatedLoan(8_000n * million), half).slack).to.equal(600n * wad)
    // USDC at 0.8: 2,500 USDC per ether carry 21,500 USDC, and 21,500 − 17,200 USDC are worth 3,440 USD.
    const cheaper = shiftTo({ USDC: (8n * wad) / 10n })
    expect(isolatedLoanState(isolatedLoan(most), cheaper).slack).to.equal(3_440n * wad)
  })

  it('behavior: the incentive is at most 15 %', () => {
    // At 50 %: 1 / (1 − 0.15) = 1.176…, capped; 1,000 · 0.15.
    const rule = { ...isolatedLoan(1_000n * million), liquidationLtv: wad / 2n }
    expect(isolatedLoanState(rule, shiftTo()).penalty).to.equal(150n * wad)
  })

  it('behavior: counts the rate of a wrapped debt and nothing for an unknown collateral', () => {
    const doubled = shiftTo({}, { [usdc]: 2n * wad })
    expect(isolatedLoanState(isolatedLoan(most), doubled).penalty).to.equal(2n * 754_070981210855938800n)
    const rule = { ...isolatedLoan(1n), collateral: { asset: unknownToken, amount: 10n * wad } }
    expect(isolatedLoanState(rule, shiftTo())).to.include({ isLiquidatable: true, slack: -(10n ** 12n) })
  })

  it('error: UnpricedLiabilityError for a debt that the parameter set does not know', async () => {
    const rule = { ...isolatedLoan(1n), debt: { asset: unknownToken, amount: 1n, decimals: 6 } }
    await thrown(() => isolatedLoanState(rule, shiftTo()), UnpricedLiabilityError)
  })
})
