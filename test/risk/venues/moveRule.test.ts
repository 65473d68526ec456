import { expect } from 'chai'
import fc from 'fast-check'
import { InvalidInputError } from '../../../src/core/errors.ts'
import type { VenueRule } from '../../../src/core/venueRule.ts'
import { moveRule, ruleUnderlyings } from '../../../src/risk/venues/moveRule.ts'
import { topUpsOf, withTopUp } from '../../../src/risk/venues/topUp.ts'
import { venueState } from '../../../src/risk/venues/venueState.ts'
import { thrown } from '../../support/rejection.ts'
import {
  baseDebt,
  collateralizedPerpetual,
  ethMarket,
  isolatedLoan,
  isolatedPerpetual,
  lendingPool,
  makerOrders,
  moneyMarket,
  optionCollateral,
  perpetualAccount,
  shiftTo,
  short,
  unknownToken,
  wad,
} from './support/rules.ts'

const rules: readonly VenueRule[] = [
  lendingPool({ averaging: 'exact' }),
  lendingPool(),
  isolatedLoan(12_000n * 10n ** 6n),
  baseDebt(12_000n * 10n ** 6n),
  moneyMarket(12_000n * 10n ** 6n),
  moneyMarket(12_000n * 10n ** 6n, { truncation: 'priceFirst' }),
  collateralizedPerpetual(),
  collateralizedPerpetual({ size: -10n * wad, cost: -20_000n * wad, pendingImpact: -wad / 50n }),
  perpetualAccount(),
  perpetualAccount({ markets: [{ ...ethMarket(-2n * wad, 2_000n * wad), maker: makerOrders() }] }),
  isolatedPerpetual(),
  isolatedPerpetual({ size: -10n * wad, cost: -20_000n * wad }),
  optionCollateral([short('call', 'quote', { collateral: 700n * wad })]),
  optionCollateral([short('put', 'quote', { collateral: 500n * wad })]),
]

describe('moveRule', () => {
  it('property: the moved rule at rest is the rule in the move, but for the rounding of a quote', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rules), fc.integer({ min: 20, max: 20_000 }), (rule, dollars) => {
        const shift = shiftTo({ ETH: BigInt(dollars) * wad })
        const [moved, inPlace] = [
          venueState(moveRule(rule, shift), { ...shift, base: shift.price }),
          venueState(rule, shift),
        ]
        expect(moved.isLiquidatable).to.equal(inPlace.isLiquidatable)
        const gap = moved.slack - inPlace.slack
        expect(gap <= 10n ** 12n && gap >= -(10n ** 12n)).to.equal(true)
      }),
    )
  })

  it('names the prices that can decide', () => {
    const { underlyingOf } = shiftTo()
    expect(rules.map((rule) => ruleUnderlyings(rule, underlyingOf))).to.deep.equal([
      ...Array(8).fill(['ETH', 'USDC']),
      ...Array(6).fill(['ETH']),
    ])
  })

  it('rounds the quote of options against the account: up where a call is short, else down', () => {
    // 1,001 × 2,001 / 2,000 = 1,001.5005.
    const quoteOf = (...rights: readonly ('call' | 'put')[]) => {
      const shorts = rights.map((right) => short(right, 'quote', { collateral: wad }))
      return moveRule({ ...optionCollateral(shorts), quote: 1001n }, shiftTo({ ETH: 2_001n * wad }))
    }
    expect(quoteOf('call')).to.include({ quote: 1002n })
    expect(quoteOf('put', 'call')).to.include({ quote: 1002n })
    expect(quoteOf('put')).to.include({ quote: 1001n })
  })

  it('lets the quote of a token that is not known stand', () => {
    const [held] = lendingPool().collaterals
    if (!held) throw new Error('a collateral was expected')
    const rule = lendingPool({ collaterals: [{ ...held, asset: unknownToken }] })
    expect(moveRule(rule, shiftTo({ ETH: wad }))).to.deep.equal(rule)
    const lent = isolatedLoan(100n)
    const unknown = { ...lent, collateral: { ...lent.collateral, asset: unknownToken } }
    expect(moveRule(unknown, shiftTo({ ETH: wad }))).to.deep.equal(unknown)
    expect(moveRule({ ...lent, quote: 3000n }, shiftTo({ ETH: 1000n * wad }))).to.include({ quote: 1500n })
  })
})

describe('withTopUp', () => {
  it('property: what goes in never brings a liquidation nearer', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...rules),
        fc.bigInt({ min: 0n, max: 5_000n * 10n ** 6n }),
        fc.integer({ min: 500, max: 5_000 }),
        (rule, amount, dollars) => {
          const shift = shiftTo({ ETH: BigInt(dollars) * wad })
          for (const way of topUpsOf(rule)) {
            const after = venueState(withTopUp(rule, way, amount), shift)
            expect(after.slack >= venueState(rule, shift).slack).to.equal(true)
          }
        },
      ),
    )
  })

  it('error: InvalidInputError for more than is owed', async () => {
    const rule = isolatedLoan(100n)
    const [repay] = topUpsOf(rule)
    if (!repay) throw new Error('a way was expected')
    await thrown(() => withTopUp(rule, repay, 101n), InvalidInputError)
    expect(venueState(withTopUp(rule, repay, 100n), shiftTo({ ETH: 1n })).isLiquidatable).to.equal(false)
  })
})
