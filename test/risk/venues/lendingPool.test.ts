import { expect } from 'chai'
import { lendingPoolState } from '../../../src/risk/venues/lendingPool.ts'
import { lendingPool, shiftTo, unknownToken, usdcDebt, wad, wethCollateral } from './support/rules.ts'

const dollars = (amount: bigint) => amount * wad

describe('lendingPoolState', () => {
  it('default: 10 WETH at 2,000 and 82.5 % cover 16,500 of a debt of 5,000', () => {
    // Health factor 16,500 / 5,000 = 3.3; penalty 5 % of 5,000; slack 16,500 − 5,000.
    expect(lendingPoolState(lendingPool(), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: dollars(250n),
      slack: dollars(11_500n),
    })
    // 10 · 606.06 · 0.825 = 4,999.995 and 10 · 606.07 · 0.825 = 5,000.0775.
    const at = (cents: bigint) => lendingPoolState(lendingPool(), shiftTo({ ETH: (cents * wad) / 100n }))
    expect(at(60_606n)).to.deep.equal({ isLiquidatable: true, penalty: dollars(250n), slack: -wad / 200n })
    expect(at(60_607n)).to.include({ isLiquidatable: false, slack: (775n * wad) / 10_000n })
  })

  it('behavior: is not liquidatable at a health factor of exactly one', () => {
    // 10 · 1,000 · 0.825 = 8,250.
    const rule = lendingPool({ debts: [usdcDebt(8_250n * 10n ** 6n)] })
    expect(lendingPoolState(rule, shiftTo({ ETH: dollars(1_000n) }))).to.include({ isLiquidatable: false, slack: 0n })
    const below = dollars(1_000n) - 10n ** 10n
    // A quote of 999.99999999 gives 9,999.9999999 of collateral, 8,249.9999999175 counted, as 1e-8 USD 824,999,999,992.
    expect(lendingPoolState(rule, shiftTo({ ETH: below })).isLiquidatable).to.equal(true)
  })

  it('behavior: a close factor and the largest bonus set the penalty', () => {
    const other = { ...wethCollateral(1n), bonus: 750 }
    const rule = lendingPool({ closeFactor: wad / 2n, collaterals: [wethCollateral(10n * wad), other] })
    expect(lendingPoolState(rule, shiftTo()).penalty).to.equal((dollars(5_000n) * 75n) / 2_000n)
    expect(lendingPoolState(lendingPool({ debts: [] }), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 0n,
      slack: dollars(16_500n),
    })
  })

  it('behavior: 3.0 truncates the average threshold to basis points, 3.7 does not', () => {
    // 100 + 100 USD at 80.00 % and 79.99 %: on average 79.995 %, truncated 79.99 %, which cover 159.99 and 159.98.
    const half = { ...wethCollateral(wad / 20n), liquidationThreshold: 8_000 }
    const collaterals = [half, { ...half, liquidationThreshold: 7_999 }]
    const debts = [usdcDebt(159_985_000n)]
    const truncated = lendingPoolState(lendingPool({ collaterals, debts }), shiftTo())
    const exact = lendingPoolState(lendingPool({ averaging: 'exact', collaterals, debts }), shiftTo())
    expect(truncated).to.include({ isLiquidatable: true, slack: -wad / 200n })
    expect(exact).to.include({ isLiquidatable: false, slack: wad / 200n })
  })

  it('behavior: percentMul and wadDiv round half up', () => {
    const unit = { ...wethCollateral(1n), decimals: 0, quote: 1n }
    const owed = { ...usdcDebt(1n), decimals: 0, quote: 1n }
    const state = (amount: bigint, liquidationThreshold: number, debt: bigint) =>
      lendingPoolState(
        lendingPool({
          collaterals: [{ ...unit, amount, liquidationThreshold }],
          debts: [{ ...owed, amount: debt }],
        }),
        shiftTo(),
      )
    // 3 · 50 % = 1.5, which counts as 2; the slack counts 1.5.
    expect(state(3n, 5_000, 2n)).to.include({ isLiquidatable: false, slack: -(10n ** 10n) / 2n })
    // 5 · 29 % = 1.45, which counts as 1.
    expect(state(5n, 2_900, 2n).isLiquidatable).to.equal(true)
    // (2e18 − 1) / 2e18 = 1 − 5e-19, half a unit below one.
    expect(state(2n * wad - 1n, 10_000, 2n * wad).isLiquidatable).to.equal(false)
    expect(state(2n * wad - 2n, 10_000, 2n * wad).isLiquidatable).to.equal(true)
  })

  it('behavior: a debt of a fraction of 1e-8 USD is nothing to 3.0 and one unit to 3.7', () => {
    const debts = [{ ...usdcDebt(1n), decimals: 18 }]
    const rules = { collaterals: [], debts }
    expect(lendingPoolState(lendingPool(rules), shiftTo())).to.include({ isLiquidatable: false, slack: -(10n ** 10n) })
    expect(lendingPoolState(lendingPool({ averaging: 'exact', ...rules }), shiftTo()).isLiquidatable).to.equal(true)
  })

  it('behavior: quotes move down for collateral and up for debt', () => {
    // 200,000,000,000 · 1/3 = 66,666,666,666.67 and 100,000,000 · 4/3 = 133,333,333.33.
    const third = shiftTo({ ETH: dollars(2_000n), USDC: (4n * wad) / 3n })
    const rule = lendingPool({ collaterals: [], debts: [usdcDebt(10n ** 6n)] })
    expect(lendingPoolState(rule, third).slack).to.equal(-133_333_334n * 10n ** 10n)
    const fallen = lendingPool({ debts: [], collaterals: [{ ...wethCollateral(wad), liquidationThreshold: 10_000 }] })
    expect(lendingPoolState(fallen, shiftTo({ ETH: dollars(2_000n) / 3n })).slack).to.equal(
      66_666_666_666n * 10n ** 10n,
    )
  })

  it('behavior: an unknown collateral counts nothing and may cost a basis point, an unknown debt stands still', () => {
    const dust = { ...wethCollateral(1n), asset: unknownToken }
    const rule = lendingPool({ collaterals: [wethCollateral(10n * wad), dust], debts: [] })
    // 20,000 at 82.49 % instead of 82.5 %.
    expect(lendingPoolState(rule, shiftTo()).slack).to.equal(dollars(16_498n))
    expect(lendingPoolState({ ...rule, averaging: 'exact' }, shiftTo()).slack).to.equal(dollars(16_500n))
    const owed = lendingPool({ debts: [{ ...usdcDebt(5_000n * 10n ** 6n), asset: unknownToken }] })
    expect(lendingPoolState(owed, shiftTo({ ETH: dollars(1_000n) })).slack).to.equal(dollars(3_250n))
  })
})
