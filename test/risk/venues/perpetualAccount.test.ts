import { expect } from 'chai'
import { UnpricedLiabilityError } from '../../../src/core/errors.ts'
import { amountsForLiquidity, virtualSqrtPriceOf } from '../../../src/kernel/concentratedLiquidity.ts'
import { perpetualAccountState, perpetualAccountTotals } from '../../../src/risk/venues/perpetualAccount.ts'
import { thrown } from '../../support/rejection.ts'
import { ethMarket, makerOrders, perpetualAccount, shiftTo, unknownToken, wad, weth } from './support/rules.ts'

const eth = (price: bigint) => shiftTo({ ETH: price * wad })

describe('perpetualAccountState', () => {
  it('default: short 14 ETH from 2,000 on 16,000', () => {
    // Maintenance 6.25 % of 28,000 = 1,750; penalty 2.5 % of 28,000.
    expect(perpetualAccountState(perpetualAccount(), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 700n * wad,
      slack: 14_250n * wad,
    })
    // 44,000 − 14 · 2,957 = 2,602 over 0.875 · 2,957 = 2,587.375; at 2,958 it is 2,588 under 2,588.25.
    expect(perpetualAccountState(perpetualAccount(), eth(2_957n))).to.include({
      isLiquidatable: false,
      slack: (14_625n * wad) / 1_000n,
    })
    expect(perpetualAccountState(perpetualAccount(), eth(2_958n))).to.include({
      isLiquidatable: true,
      slack: -wad / 4n,
      penalty: (414_120n * 25n * wad) / 10_000n,
    })
  })

  it('behavior: is not liquidatable at exactly the maintenance requirement', () => {
    const rule = perpetualAccount({ cash: 1_750n * wad })
    expect(perpetualAccountState(rule, shiftTo())).to.include({ isLiquidatable: false, slack: 0n })
    expect(perpetualAccountState({ ...rule, cash: 1_750n * wad - 1n }, shiftTo()).isLiquidatable).to.equal(true)
  })

  it('behavior: the limit of the settlement debt binds only what is owed', () => {
    const settlementDebt = { ratio: wad, limit: 0n }
    const flat = (cash: bigint) =>
      perpetualAccountState(perpetualAccount({ cash, markets: [], settlementDebt }), shiftTo()).isLiquidatable
    expect([flat(wad), flat(0n), flat(-1n)]).to.deep.equal([false, false, true])
  })

  it('behavior: rounds the account value down to the settlement token', () => {
    // 6.25 % of 16.0000064 is 1.0000004; an account value of 1.0000009 is 1.000000 in six decimals.
    const price = 160_000_064n * 10n ** 11n
    const rule = perpetualAccount({ cash: 10_000_009n * 10n ** 11n, markets: [ethMarket(wad, price)] })
    expect(perpetualAccountState(rule, shiftTo()).isLiquidatable).to.equal(true)
    expect(perpetualAccountState({ ...rule, quoteDecimals: 18 }, shiftTo()).isLiquidatable).to.equal(false)
    // −0.0000001 is −0.000001.
    const negative = perpetualAccount({ cash: -(10n ** 11n), markets: [] })
    expect(perpetualAccountState(negative, shiftTo())).to.include({ isLiquidatable: true, slack: -(10n ** 12n) })
  })

  it('behavior: solves orders again at the pool’s moved price and nets them with the position', () => {
    const maker = makerOrders()
    const rule = perpetualAccount({ cash: 100_000n * wad, markets: [{ ...ethMarket(-2n * wad, 2_000n * wad), maker }] })
    // Just borrowed, the orders hold a wei less of each token than is owed.
    const atRest = perpetualAccountTotals(rule, shiftTo())
    expect(atRest.positionValue).to.equal(2n * 2_000n * wad + 4_000n)
    for (const dollars of [1_200n, 1_900n, 2_500n, 4_000n]) {
      const moved = maker.orders.map(({ baseDebt, quoteDebt, ...range }) => {
        const sqrtPrice = virtualSqrtPriceOf(dollars * wad)
        const { amount0, amount1 } = amountsForLiquidity({ ...range, sqrtPrice })
        return { base: amount0 - baseDebt, quote: amount1 - quoteDebt }
      })
      const base = moved.reduce((sum, order) => sum + order.base, -2n * wad)
      const quote = moved.reduce((sum, order) => sum + order.quote, 0n)
      const expected = 100_000n * wad + base * dollars + 4_000n * wad + quote
      const { settlement, positionValue } = perpetualAccountTotals(rule, eth(dollars))
      // The root of a root is a last digit off, which ten thousand units of liquidity make 1e-12.
      const gap = settlement - expected
      expect(gap < 10n ** 6n && gap > -(10n ** 6n), `${gap} at ${dollars}`).to.equal(true)
      const size = base < 0n ? -base : base
      const apart = positionValue - size * dollars
      expect(apart < 10n ** 6n && apart > -(10n ** 6n), `${apart} at ${dollars}`).to.equal(true)
      // Whoever makes a market loses to whoever trades, either way.
      expect(base * dollars + 4_000n * wad + quote + 2n * wad * (dollars - 2_000n) < 0n).to.equal(true)
    }
  })

  it('behavior: counts funding and gives dollars at our own price of the quote asset', () => {
    const market = { ...ethMarket(-14n * wad, 2_000n * wad), funding: -50n * wad }
    const half = shiftTo({ USDC: wad / 2n })
    expect(perpetualAccountState(perpetualAccount({ markets: [market] }), half)).to.deep.equal({
      isLiquidatable: false,
      penalty: 350n * wad,
      slack: 7_100n * wad,
    })
  })

  it('behavior: counts other collateral at its ratio, moved by its own underlying', () => {
    const held = { asset: weth, value: 10_000n * wad, ratio: (7n * wad) / 10n, discount: (13n * wad) / 100n }
    const settlementDebt = { ratio: (3n * wad) / 4n, limit: 10_000n * wad }
    const rule = perpetualAccount({ cash: -5_250n * wad, markets: [], collaterals: [held], settlementDebt })
    // 0.75 · 7,000 = 5,250 may be owed; a sale costs 13 % of 10,000.
    expect(perpetualAccountState(rule, shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 1_300n * wad,
      slack: 0n,
    })
    expect(perpetualAccountState({ ...rule, cash: rule.cash - 1n }, shiftTo())).to.include({
      isLiquidatable: true,
      slack: -1n,
    })
    // At 2,200 the collateral counts 7,700, and 5,775 may be owed.
    expect(perpetualAccountState(rule, eth(2_200n)).slack).to.equal(525n * wad)
    const limited = { ...rule, settlementDebt: { ...settlementDebt, limit: 5_249n * wad } }
    expect(perpetualAccountState(limited, shiftTo())).to.include({ isLiquidatable: true, slack: -wad })
    const unknown = { ...rule, collaterals: [{ ...held, asset: unknownToken }] }
    expect(perpetualAccountState(unknown, shiftTo())).to.deep.equal({
      isLiquidatable: true,
      penalty: 0n,
      slack: -5_250n * wad,
    })
  })

  it('error: UnpricedLiabilityError for a quote asset that the parameter set does not know', async () => {
    const rule = perpetualAccount({ quoteAsset: unknownToken })
    await thrown(() => perpetualAccountState(rule, shiftTo()), UnpricedLiabilityError)
  })
})
