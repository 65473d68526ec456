import { expect } from 'chai'
import { minimumCollateral, optionCollateralState } from '../../../src/risk/venues/optionCollateral.ts'
import { now, optionCollateral, shiftTo, short, wad } from './support/rules.ts'

const { minimum } = optionCollateral([])
const spot = 2_000n * wad
const year = 31_536_000

function near(actual: bigint, expected: bigint, digits: bigint) {
  const gap = actual > expected ? actual - expected : expected - actual
  expect(gap * 10n ** digits <= expected, `${actual} is not ${expected} to ${digits} digits`).to.equal(true)
}

describe('minimumCollateral', () => {
  it('default: the Black–Scholes price of the textbook, 10.4506 and 5.5735', () => {
    // Hull: S = K = 100, r = 5 %, σ = 20 %, one year; 15 digits from the closed form.
    const plain = {
      ...minimum,
      quoteCollateral: 0n,
      shockVolA: wad / 5n,
      shockVolB: wad / 5n,
      callSpotShock: wad,
      putSpotShock: wad,
    }
    const option = { ...short('call', 'quote', { collateral: 0n, expiry: now + year }), strike: 100n * wad }
    const at = { spot: 100n * wad, timestamp: now }
    near(minimumCollateral(option, plain, at), 10_450583572185565000n, 14n)
    near(minimumCollateral({ ...option, right: 'put' }, plain, at), 5_573526022256971000n, 14n)
  })

  it('behavior: intrinsic value at the shocked spot from expiry on', () => {
    for (const expiry of [now, now - 1]) {
      const at = { spot, timestamp: now }
      const call = short('call', 'quote', { collateral: 0n, expiry, amount: 3n * wad })
      // 3 · (1.2 · 2,000 − 2,000) and 3 · (2,000 − 0.8 · 2,000).
      expect(minimumCollateral(call, minimum, at)).to.equal(1_200n * wad)
      expect(minimumCollateral({ ...call, right: 'put' }, minimum, at)).to.equal(1_200n * wad)
      // 3 · 400 / 2,400 ether.
      expect(minimumCollateral({ ...call, collateralIn: 'base' }, minimum, at)).to.equal(wad / 2n)
    }
  })

  it('behavior: at least the static amount, at most full collateral', () => {
    const at = { spot, timestamp: now }
    const expiry = now
    const tiny = wad / 100n
    // 0.01 · 400 is below 200, which for a put is more than 0.01 · 2,000.
    expect(minimumCollateral(short('call', 'quote', { collateral: 0n, expiry, amount: tiny }), minimum, at)).to.equal(
      200n * wad,
    )
    expect(minimumCollateral(short('put', 'quote', { collateral: 0n, expiry, amount: tiny }), minimum, at)).to.equal(
      20n * wad,
    )
    expect(minimumCollateral(short('call', 'base', { collateral: 0n, expiry, amount: tiny }), minimum, at)).to.equal(
      tiny,
    )
    expect(minimumCollateral(short('call', 'base', { collateral: 0n, expiry, amount: wad }), minimum, at)).to.equal(
      wad / 5n,
    )
    expect(minimumCollateral(short('put', 'quote', { collateral: 0n, amount: 0n }), minimum, at)).to.equal(0n)
  })

  it('behavior: the shock volatility is flat, falls linearly, and is flat again', () => {
    const week = 604_800
    const at = { spot, timestamp: now }
    const required = (seconds: number, changes: Partial<typeof minimum> = {}) =>
      minimumCollateral(
        short('call', 'quote', { collateral: 0n, expiry: now + seconds }),
        { ...minimum, ...changes },
        at,
      )
    const flat = (volatility: bigint) => ({ shockVolA: volatility, shockVolB: volatility })
    expect(required(2 * week)).to.equal(required(2 * week, flat((5n * wad) / 2n)))
    // Half way between 2.5 and 1.8.
    expect(required(5 * week)).to.equal(required(5 * week, flat((215n * wad) / 100n)))
    expect(required(8 * week)).to.equal(required(8 * week, flat((9n * wad) / 5n)))
    expect(required(9 * week)).to.equal(required(9 * week, flat((9n * wad) / 5n)))
    // Where both points are one, the first volatility holds up to it.
    const step = { shockVolPointA: 2 * week, shockVolPointB: 2 * week }
    expect(required(2 * week, step)).to.equal(required(2 * week, flat((5n * wad) / 2n)))
    expect(required(2 * week + 1, step)).to.equal(required(2 * week + 1, flat((9n * wad) / 5n)))
  })
})

describe('optionCollateralState', () => {
  // A second before expiry and without volatility, so that the minimum is the intrinsic value at the shocked spot.
  const expiry = now + 1
  const certain = { minimum: { ...minimum, shockVolA: 0n, shockVolB: 0n, rate: 0n } }
  const ruleOf = (...shorts: ReturnType<typeof short>[]) => optionCollateral(shorts, certain)
  const call = (collateral: bigint) => short('call', 'quote', { collateral, expiry })
  const put = (collateral: bigint) => short('put', 'quote', { collateral, expiry })
  const covered = (collateral: bigint) => short('call', 'base', { collateral, expiry })

  it('default: a call needs 400 and a put 400 at 2,000', () => {
    // Penalty max(20 % of 500, 15) + max(20 % of 450, 15); slack 100 + 50.
    const rule = ruleOf(call(500n * wad), put(450n * wad))
    expect(optionCollateralState(rule, shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 190n * wad,
      slack: 150n * wad,
    })
    // At 2,100: call 520, put 2,000 − 1,680 = 320. The call's 500 go, of which 100 were owed; the put's fee stays 90.
    expect(optionCollateralState(rule, shiftTo({ ETH: 2_100n * wad }))).to.deep.equal({
      isLiquidatable: true,
      penalty: 490n * wad,
      slack: (-20n + 130n) * wad,
    })
  })

  it('behavior: one short below its minimum by one unit is enough', () => {
    expect(optionCollateralState(ruleOf(call(400n * wad)), shiftTo()).isLiquidatable).to.equal(false)
    expect(optionCollateralState(ruleOf(call(400n * wad - 1n), put(450n * wad)), shiftTo()).isLiquidatable).to.equal(
      true,
    )
  })

  it('behavior: a due short costs its whole collateral less what it owes, never less than the fee', () => {
    const penaltyAt = (held: ReturnType<typeof short>, price: bigint) =>
      optionCollateralState(ruleOf(held), shiftTo({ ETH: price * wad })).penalty
    // At 2,400 it owes 400 of its 500: 100 is left, and 20 % of 500 is as much. At 2,600 it owes more than it has.
    expect(penaltyAt(call(500n * wad), 2_390n)).to.equal(110n * wad)
    expect(penaltyAt(call(500n * wad), 2_400n)).to.equal(100n * wad)
    expect(penaltyAt(call(500n * wad), 2_600n)).to.equal(100n * wad)
    expect(penaltyAt(put(500n * wad), 1_650n)).to.equal(150n * wad)
    // 0.4 ether at 3,000, where (3,600 − 2,000) / 3,600 = 0.444 are needed: 1,200 less 1,000 owed; 20 % of 1,200 is more.
    expect(penaltyAt(covered((4n * wad) / 10n), 3_000n)).to.equal(240n * wad)
    // 0.25 ether at 2,300, where (2,760 − 2,000) / 2,760 = 0.275 are needed: 575 less 300.
    expect(penaltyAt(covered(wad / 4n), 2_300n)).to.equal(275n * wad)
  })

  it('behavior: what is due before any move is closed, whichever way the price goes', () => {
    const state = optionCollateralState(ruleOf(put(399n * wad)), shiftTo({ ETH: 2_100n * wad }))
    // At 2,100 the put needs 320, at today's 2,000 it needs 400.
    expect(state).to.deep.equal({ isLiquidatable: false, penalty: 399n * wad, slack: 79n * wad })
  })

  it('behavior: base collateral is worth our own moved price and needs no more than full cover', () => {
    // At 3,000: (3,600 − 2,000) / 3,600 = 0.444… ether of 1 ether; penalty 20 % of 3,000.
    const state = optionCollateralState(ruleOf(covered(wad)), shiftTo({ ETH: 3_000n * wad }))
    expect(state).to.deep.equal({ isLiquidatable: false, penalty: 600n * wad, slack: 1_666_666666666666668000n })
    const far = optionCollateralState(ruleOf(covered(wad)), shiftTo({ ETH: 100_000n * wad }))
    expect(far.isLiquidatable).to.equal(false)
  })

  it('behavior: moves the quote against the account, up for calls and down for puts', () => {
    // (2,000 + 1 wei) × 2,001 / 2,000 is 2,001 and 1.0005 wei. Call: 1.2 × (2,001 + 2 wei) − 2,000; put: 2,000 − 0.8 × (2,001 + 1 wei).
    const at = (held: ReturnType<typeof short>) =>
      optionCollateralState({ ...ruleOf(held), quote: 2_000n * wad + 1n }, shiftTo({ ETH: 2_001n * wad })).slack
    expect(at(call(500n * wad))).to.equal((988n * wad) / 10n - 2n)
    expect(at(put(450n * wad))).to.equal((508n * wad) / 10n)
  })

  it('behavior: the least penalty holds per short, in dollars at our own price of the quote asset', () => {
    const rule = ruleOf(call(410n * wad), put(420n * wad))
    const dear = { ...rule, minimumPenalty: 150n * wad }
    expect(optionCollateralState(dear, shiftTo()).penalty).to.equal(300n * wad)
    expect(optionCollateralState(dear, shiftTo({ SUSD: wad / 2n })).penalty).to.equal(150n * wad)
  })

  it('behavior: an expired short is neither liquidated nor is its collateral free', () => {
    const expired = short('call', 'quote', { collateral: 1n, expiry: now })
    expect(optionCollateralState(ruleOf(expired, call(500n * wad)), shiftTo())).to.deep.equal(
      optionCollateralState(ruleOf(call(500n * wad)), shiftTo()),
    )
    expect(optionCollateralState(ruleOf(expired), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 0n,
      slack: 0n,
    })
  })
})
