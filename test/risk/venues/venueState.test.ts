import { expect } from 'chai'
import fc from 'fast-check'
import type { VenueRule } from '../../../src/core/venueRule.ts'
import { venueState } from '../../../src/risk/venues/venueState.ts'
import {
  baseDebt,
  collateralizedPerpetual,
  ethMarket,
  isolatedLoan,
  isolatedPerpetual,
  lendingPool,
  marketDebt,
  moneyMarket,
  optionCollateral,
  perpetualAccount,
  shiftTo,
  short,
  usdcDebt,
  wad,
  wethCollateral,
  wethShares,
} from './support/rules.ts'

const price = fc.bigInt(10n * wad, 20_000n * wad)
const dollarsOf = fc.bigInt(0n, 40_000n * 10n ** 6n)
const amount = fc.bigInt(1n, 100n * wad)

/** Accounts that only a fall, or only a rise, of ether brings closer to liquidation. */
const falling: Readonly<Record<string, fc.Arbitrary<VenueRule>>> = {
  'lendingPool, truncated': fc
    .tuple(amount, dollarsOf)
    .map(([held, owed]) => lendingPool({ collaterals: [wethCollateral(held)], debts: [usdcDebt(owed)] })),
  'lendingPool, exact, two thresholds': fc.tuple(amount, amount, dollarsOf).map(([one, two, owed]) =>
    lendingPool({
      averaging: 'exact',
      collaterals: [wethCollateral(one), { ...wethCollateral(two), liquidationThreshold: 7_001 }],
      debts: [usdcDebt(owed)],
    }),
  ),
  isolatedLoan: dollarsOf.map(isolatedLoan),
  baseDebt: dollarsOf.map(baseDebt),
  'moneyMarket, Compound': fc
    .tuple(amount, dollarsOf)
    .map(([held, owed]) => moneyMarket(owed, { collaterals: [wethShares(held / 10n ** 10n)] })),
  'moneyMarket, Venus, with a forced debt or none': fc
    .tuple(amount, dollarsOf, fc.boolean())
    .map(([held, owed, isForced]) =>
      moneyMarket(0n, {
        truncation: 'priceFirst',
        collaterals: [wethShares(held / 10n ** 10n)],
        debts: [marketDebt(owed), { ...marketDebt(owed / 2n), isForced }],
      }),
    ),
  'perpetualAccount, long': fc
    .tuple(amount, fc.bigInt(0n, 10_000n * wad))
    .map(([size, cash]) => perpetualAccount({ cash, markets: [ethMarket(size, 2_000n * wad)] })),
  'isolatedPerpetual, long': fc
    .tuple(amount, fc.bigInt(0n, 10_000n * wad))
    .map(([size, margin]) => isolatedPerpetual({ margin, size, cost: 2_000n * size })),
  'collateralizedPerpetual, long on ether': fc
    .tuple(amount, amount, fc.bigInt(-wad, wad))
    .map(([size, held, pendingImpact]) =>
      collateralizedPerpetual({
        size,
        cost: 2_000n * size,
        pendingImpact: (size * pendingImpact) / (100n * wad),
        collateral: { ...wethCollateral(held), quote: 2_000n * wad },
      }),
    ),
  'optionCollateral, put': fc
    .tuple(amount, fc.bigInt(0n, 50_000n * wad))
    .map(([size, collateral]) => optionCollateral([short('put', 'quote', { amount: size, collateral })])),
}
const rising: typeof falling = {
  'perpetualAccount, short': fc
    .tuple(amount, fc.bigInt(0n, 50_000n * wad))
    .map(([size, cash]) => perpetualAccount({ cash, markets: [ethMarket(-size, 2_000n * wad)] })),
  'isolatedPerpetual, short': fc
    .tuple(amount, fc.bigInt(0n, 50_000n * wad))
    .map(([size, margin]) => isolatedPerpetual({ margin, size: -size, cost: -2_000n * size })),
  'collateralizedPerpetual, short': fc
    .tuple(amount, fc.bigInt(0n, 50_000n * 10n ** 6n))
    .map(([size, held]) =>
      collateralizedPerpetual({ size: -size, cost: -2_000n * size, collateral: { ...usdcDebt(held), quote: wad } }),
    ),
  'optionCollateral, call': fc
    .tuple(amount, fc.bigInt(0n, 50_000n * wad))
    .map(([size, collateral]) => optionCollateral([short('call', 'quote', { amount: size, collateral })])),
}

/** How far a rule itself is not monotone: a last digit of the kernel, one unit of the settlement token. WAD USD. */
const tolerances: Readonly<Partial<Record<VenueRule['kind'], bigint>>> = {
  optionCollateral: 10n ** 9n,
  isolatedPerpetual: 10n,
  perpetualAccount: 10n ** 12n + 1n,
}

describe('venueState', () => {
  for (const [direction, rules] of Object.entries({ falling, rising })) {
    for (const [name, rule] of Object.entries(rules)) {
      it(`${name}: slack never rises and liquidation never ends as ether goes on ${direction}`, () => {
        fc.assert(
          fc.property(rule, price, price, (subject, one, two) => {
            const [low, high] = one < two ? [one, two] : [two, one]
            const [near, far] = direction === 'falling' ? [high, low] : [low, high]
            const [before, after] = [
              venueState(subject, shiftTo({ ETH: near })),
              venueState(subject, shiftTo({ ETH: far })),
            ]
            const tolerance = tolerances[subject.kind] ?? 0n
            expect(after.slack <= before.slack + tolerance).to.equal(true)
            if (before.isLiquidatable && before.slack < -tolerance) expect(after.isLiquidatable).to.equal(true)
          }),
        )
      })

      it(`${name}: an account with slack is not liquidatable and a penalty is never negative`, () => {
        fc.assert(
          fc.property(rule, price, (subject, at) => {
            const { slack, isLiquidatable, penalty } = venueState(subject, shiftTo({ ETH: at }))
            expect(slack >= 0n && isLiquidatable).to.equal(false)
            expect(penalty >= 0n).to.equal(true)
          }),
        )
      })
    }
  }

  it('the penalty of what is owed grows with the debt, the notional and the collateral of shorts', () => {
    const grows = (build: (size: bigint) => VenueRule) =>
      fc.assert(
        fc.property(amount, amount, price, (one, two, at) => {
          const [less, more] = one < two ? [one, two] : [two, one]
          const penalty = (size: bigint) => venueState(build(size), shiftTo({ ETH: at })).penalty
          expect(penalty(less) <= penalty(more)).to.equal(true)
        }),
      )
    grows((owed) => lendingPool({ debts: [usdcDebt(owed)] }))
    grows(isolatedLoan)
    grows((owed) => baseDebt(owed))
    grows((owed) => moneyMarket(owed))
    grows((size) => perpetualAccount({ markets: [ethMarket(size, 2_000n * wad)] }))
    grows((collateral) => optionCollateral([short('call', 'base', { collateral })]))
  })

  it('with no move the quotes are the venue’s own, whatever our price is', () => {
    fc.assert(
      fc.property(price, (own) => {
        const shift = { ...shiftTo(), price: () => own, base: () => own }
        const rule = lendingPool({ debts: [usdcDebt(16_500n * 10n ** 6n)] })
        expect(venueState(rule, shift)).to.include({ isLiquidatable: false, slack: 0n })
      }),
    )
  })
})
