import { expect } from 'chai'
import { wad } from '../../../src/core/units.ts'
import { calculateMargin } from '../../../src/risk/plimsoll/calculateMargin.ts'
import { Random } from '../../kernel/support/random.ts'
import * as reference from '../../kernel/support/reference.ts'
import type { Inputs } from '../../support/exact/claims.ts'
import { compare } from '../../support/exact/compare.ts'
import { exactMargin, lineIds } from '../../support/exact/exactMargin.ts'
import { exp, ln, normalCdf } from '../../support/exact/functions.ts'
import { sqrtRatio } from '../../support/exact/liquidity.ts'
import { randomInputs } from '../../support/exact/randomPortfolio.ts'
import { abs, fromDecimals, one, sqrt } from '../../support/exact/real.ts'

const chunks = 20
const chunk = 500

/** Seeds at which the two once differed, and why. */
const settled: readonly (readonly [bigint, string])[] = [
  [0n, 'a long option past its expiry carries one haircut'],
  [2n, 'no venue floor without venue physics'],
  [7n, 'an enforceable wallet fails like a venue'],
  [87n, 'collateral of a perpetual account that its venue never sells'],
  [90n, 'a lending account in stablecoins alone has no venue floor'],
  [115n, 'of what fails together, accounts below zero count'],
  [143n, 'a token of the parameter set without a price'],
  [146n, 'an expired option asks for no confidence'],
  [400n, 'perpetuals on one underlying, paid in two assets'],
  [490n, 'a short and a long of one contract whose venue still sees the short'],
  [550n, 'the limit of a settlement debt'],
  [801n, 'a price below a cent, of which a lending pool keeps six digits'],
  [988n, 'an expired short beside an offset contract'],
  [1023n, 'sizes far beyond the volume of the market'],
  [5417n, 'a settlement window of which nothing is observed yet'],
  [100302n, 'less than 1e-18 of a token'],
  [100599n, 'an offset contract beside another account that moves its underlying'],
  [101461n, 'a forbidden range multiplier of an underlying that the book does not hold'],
  [102284n, 'a missing price of what is credited nothing'],
  [1010517n, 'an option without a price of its underlying'],
]

describe('differential: the engine against the exact model', () => {
  for (let at = 0; at < chunks; at++) {
    it(`behavior: portfolios ${at * chunk} to ${(at + 1) * chunk - 1} agree up to rounding, which charges`, function () {
      this.timeout(0)
      for (let index = at * chunk; index < (at + 1) * chunk; index++) {
        expect(compare(randomInputs(BigInt(index)), calculateMargin).problems, `seed ${index}`).to.deep.equal([])
      }
    })
  }

  for (let at = 0; at < 4; at++) {
    it(`behavior: portfolios ${at * chunk} to ${(at + 1) * chunk - 1} that borrow at money markets agree, too`, function () {
      this.timeout(0)
      for (let index = at * chunk; index < (at + 1) * chunk; index++) {
        const inputs = randomInputs(BigInt(index), 'moneyMarket')
        expect(compare(inputs, calculateMargin).problems, `seed ${index}`).to.deep.equal([])
      }
    })
  }

  for (let at = 0; at < 4; at++) {
    it(`behavior: portfolios ${at * chunk} to ${(at + 1) * chunk - 1} with isolated loans agree, too`, function () {
      this.timeout(0)
      const outcomes = new Map<string, number>()
      for (let index = at * chunk; index < (at + 1) * chunk; index++) {
        const { outcome, problems } = compare(randomInputs(BigInt(index), 'isolatedLoan'), calculateMargin)
        expect(problems, `seed ${index}`).to.deep.equal([])
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
      expect((outcomes.get('compared') ?? 0) > (chunk * 3) / 4, `${[...outcomes]}`).to.equal(true)
    })
  }

  for (const [seed, reason] of settled) {
    it(`behavior: ${reason}`, () => {
      expect(compare(randomInputs(seed), calculateMargin).problems).to.deep.equal([])
    })
  }

  it('behavior: a price that is off by a billionth is found', () => {
    const found = seedsWithLines(40).filter(
      (inputs) => compare(inputs, (given) => calculateMargin(shifted(given))).problems.length > 0,
    )
    expect(found.length).to.be.greaterThan(38)
  })

  it('behavior: the random portfolios reach every line, refusals and liquidations', () => {
    const reached = new Set<string>()
    for (let seed = 0n; seed < 200n; seed++) {
      const inputs = randomInputs(seed)
      const { outcome } = compare(inputs, calculateMargin)
      reached.add(outcome)
      if (outcome !== 'compared') continue
      const { initial } = exactMargin(inputs)
      for (const id of lineIds) if (initial[id] !== 0n) reached.add(id)
      const { underlyings } = calculateMargin(inputs).scan
      if (underlyings.some(({ scenarios }) => scenarios.some(({ liquidated }) => liquidated.length > 0))) {
        reached.add('liquidated')
      }
    }
    expect([...reached]).to.include.members([...lineIds, 'compared', 'refused', 'liquidated'])
  })
})

describe('differential: the functions of the exact model', () => {
  const random = new Random(7n)
  const perReference = 10n ** 18n

  it('behavior: exp, ln, the root and the normal distribution agree with other series to 1e-60', () => {
    for (const x of random.many(60, () => random.between(1n, 18n * 10n ** 12n))) {
      const at = fromDecimals(x, 12)
      const other = at * perReference
      const near = (ours: bigint, theirs: bigint): void => {
        expect(Number(abs(ours * perReference - theirs)), `at ${x}e-12`).to.be.lessThan(1e30)
      }
      near(exp(-at), reference.exp(-other))
      near(ln(at), reference.ln(other))
      near(sqrt(at), reference.sqrt(other))
      near(normalCdf(at), reference.normalCdf(other))
      near(normalCdf(-at), reference.normalCdf(-other))
    }
  })

  it('behavior: square-root prices at ticks meet the ends and the definition', () => {
    expect(sqrtRatio(0)).to.equal(1n << 96n)
    expect(sqrtRatio(-887272)).to.equal(4295128739n)
    expect(sqrtRatio(887272)).to.equal(1461446703485210103287273052203988822378723970342n)
    for (const tick of random.many(30, () => Number(random.between(-200_000n, 200_000n)))) {
      const root = exp((ln(one + one / 10_000n) * BigInt(tick)) / 2n)
      const exact = (root * (1n << 96n)) / one
      // TickMath keeps 128 bits of each of up to twenty factors.
      expect(Number((abs(sqrtRatio(tick) - exact) * 10n ** 30n) / exact), `tick ${tick}`).to.be.lessThan(1e12)
    }
  })
})

/** Portfolios whose size makes a billionth more than a unit. */
function seedsWithLines(count: number): Inputs[] {
  const found: Inputs[] = []
  for (let seed = 0n; found.length < count; seed++) {
    const inputs = randomInputs(seed)
    if (compare(inputs, calculateMargin).outcome !== 'compared') continue
    if (abs(exactMargin(inputs).equity) > one * 10_000n && exactMargin(inputs).initial.scan > one * 10_000n)
      found.push(inputs)
  }
  return found
}

/** Every price a billionth higher. */
function shifted(inputs: Inputs): Inputs {
  const prices = Object.fromEntries(
    Object.entries(inputs.market.prices).map(([name, spot]) => [
      name,
      { ...spot, price: spot.price + (spot.price * wad) / (10n ** 9n * wad) },
    ]),
  )
  return { ...inputs, market: { ...inputs.market, prices } }
}
