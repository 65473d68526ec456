import { expect } from 'chai'
import { baseDebtState } from '../../../src/risk/venues/baseDebt.ts'
import { baseDebt, shiftTo, wad } from './support/rules.ts'

const million = 10n ** 6n

describe('baseDebtState', () => {
  it('default: 10 WETH at 2,000 and 89.5 % carry 17,900, and liquidation costs 5 % of all collateral', () => {
    // Penalty 5 % of 20,000, not of the debt; slack 17,900 − 10,000.
    expect(baseDebtState(baseDebt(10_000n * million), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 1_000n * wad,
      slack: 7_900n * wad,
    })
    expect(baseDebtState(baseDebt(17_900n * million), shiftTo())).to.include({ isLiquidatable: false, slack: 0n })
    expect(baseDebtState(baseDebt(17_900n * million + 1n), shiftTo())).to.include({
      isLiquidatable: true,
      slack: -(10n ** 12n),
    })
  })

  it('behavior: truncates each product as the venue does and the slack against the account', () => {
    const [collateral] = baseDebt(0n).collaterals
    if (collateral === undefined) throw new Error('no collateral')
    // 19 units of 1e-8 USD · 89.5 % = 17.005, of which 17 count; a debt of 17.9 units counts as 17 at the venue.
    const rule = {
      ...baseDebt(0n),
      collaterals: [{ ...collateral, amount: 19n, decimals: 0, quote: 1n }],
      debt: { ...baseDebt(0n).debt, amount: 179n, decimals: 1, quote: 1n },
    }
    expect(baseDebtState(rule, shiftTo())).to.include({ isLiquidatable: false, slack: -(10n ** 10n) })
  })

  it('behavior: under water the penalty is that of the debt, and without a debt there is none', () => {
    // Collateral 10 · 500 = 5,000 loses 250, the debt of 10,000 counts 500.
    expect(baseDebtState(baseDebt(10_000n * million), shiftTo({ ETH: 500n * wad }))).to.deep.equal({
      isLiquidatable: true,
      penalty: 500n * wad,
      slack: (4_475n - 10_000n) * wad,
    })
    expect(baseDebtState(baseDebt(0n), shiftTo()).penalty).to.equal(0n)
  })
})
