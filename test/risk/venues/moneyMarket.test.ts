import { expect } from 'chai'
import fc from 'fast-check'
import { amountOfShares, moneyMarketState, withAmountChanged } from '../../../src/risk/venues/moneyMarket.ts'
import { marketDebt, moneyMarket, shiftTo, unknownToken, wad, wethShares } from './support/rules.ts'

const million = 10n ** 6n

describe('moneyMarketState', () => {
  it('default: 10 WETH at 2,000 and 82.5 % carry 16,500 USDC, to the last unit', () => {
    // 8 % of 16,500.
    expect(moneyMarketState(moneyMarket(16_500n * million), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 1_320n * wad,
      slack: 0n,
    })
    expect(moneyMarketState(moneyMarket(16_500n * million + 1n), shiftTo())).to.include({
      isLiquidatable: true,
      slack: -(10n ** 12n),
    })
    // Half of the debt is repaid at one liquidation: 4 % of 16,500.
    const half = moneyMarket(16_500n * million, { closeFactor: wad / 2n })
    expect(moneyMarketState(half, shiftTo()).penalty).to.equal(660n * wad)
  })

  it('behavior: truncates the product that the venue computes first', () => {
    // ⌊0.5 · 3⌋ = 1 and 1 · 2 = 2 at Compound; 3 · 2 = 6 and ⌊0.5 · 6⌋ = 3 at Venus; the debt is 3.
    const collaterals = [{ ...wethShares(wad), exchangeRate: 3n, quote: 2n * wad, factor: wad / 2n }] as const
    const debts = [{ ...marketDebt(3n), quote: wad }]
    const [compound, venus] = (['factorFirst', 'priceFirst'] as const).map((truncation) =>
      moneyMarketState(moneyMarket(0n, { truncation, collaterals, debts }), shiftTo()),
    )
    expect(compound).to.include({ isLiquidatable: true, slack: -1n })
    expect(venus).to.include({ isLiquidatable: false, slack: 0n })
  })

  it('behavior: a debt counts rounded down at the venue and up in the slack and the penalty', () => {
    // Shares worth 1, a debt of 1.5.
    const rule = moneyMarket(0n, {
      collaterals: [{ ...wethShares(1n), exchangeRate: wad, quote: wad, factor: wad }],
      debts: [{ ...marketDebt(1n), quote: (3n * wad) / 2n }],
      liquidationIncentive: 2n * wad,
    })
    expect(moneyMarketState(rule, shiftTo())).to.deep.equal({ isLiquidatable: false, penalty: 2n, slack: -1n })
  })

  it('behavior: a forced debt may be liquidated whatever the account is worth, all of it at once', () => {
    const rule = moneyMarket(0n, {
      debts: [marketDebt(1_000n * million), { ...marketDebt(500n * million), isForced: true }],
      closeFactor: wad / 2n,
    })
    // 8 % of 500 and of half of 1,000; only repaying the 500 ends it.
    expect(moneyMarketState(rule, shiftTo())).to.deep.equal({
      isLiquidatable: true,
      penalty: 80n * wad,
      slack: -500n * wad,
    })
    const repaid = moneyMarket(1_000n * million, { debts: [marketDebt(1_000n * million)] })
    expect(moneyMarketState(repaid, shiftTo()).isLiquidatable).to.equal(false)
  })

  it('behavior: an empty account is safe, an unknown collateral counts nothing and an unknown debt stands still', () => {
    expect(moneyMarketState(moneyMarket(0n, { collaterals: [] }), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 0n,
      slack: 0n,
    })
    const collaterals = [{ ...wethShares(500n * 10n ** 8n), asset: unknownToken }]
    expect(moneyMarketState(moneyMarket(million, { collaterals }), shiftTo()).isLiquidatable).to.equal(true)
    const debts = [{ ...marketDebt(16_500n * million), asset: unknownToken }]
    expect(moneyMarketState(moneyMarket(0n, { debts }), shiftTo({ USDC: 2n * wad })).slack).to.equal(0n)
  })
})

describe('withAmountChanged', () => {
  it('property: supplies round the shares down, withdrawals never leave more than was left, and all is all', () => {
    const shares = fc.bigInt(0n, 10n ** 30n)
    fc.assert(
      fc.property(shares, fc.bigInt(1n, 10n ** 30n), fc.bigInt(0n, 10n ** 30n), (held, exchangeRate, change) => {
        const before = { ...wethShares(held), exchangeRate }
        const amount = amountOfShares(before)
        const supplied = withAmountChanged(before, change)
        expect(supplied.shares >= held && amountOfShares(supplied) <= amount + change).to.equal(true)
        const taken = withAmountChanged(before, -change)
        expect(taken.shares <= held && amountOfShares(taken) <= (amount > change ? amount - change : 0n)).to.equal(true)
        expect(withAmountChanged(before, 0n)).to.equal(before)
        if (amount > 0n) expect(withAmountChanged(before, -amount).shares).to.equal(0n)
      }),
    )
  })
})
