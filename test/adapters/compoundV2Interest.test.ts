import { expect } from 'chai'
import fc from 'fast-check'
import { accrue, accruedDebt, exchangeRateOf, type StoredMarket } from '../../src/adapters/compoundV2Interest.ts'

const wad = 10n ** 18n
const market: StoredMarket = {
  cash: 600n,
  totalBorrows: 1_000n,
  totalReserves: 100n,
  reserveFactor: wad / 5n,
  badDebt: 0n,
  totalSupply: 700n,
  borrowIndex: 2n * wad,
  exchangeRate: 0n,
}

describe('interest of Compound v2', () => {
  it('accrues simply over slots, each product truncated', () => {
    // 1.05 % of 1,000 in three slots is 10.5: 10, of which 2 go to the reserves; (600 + 1,010 − 102) / 700 = 2.154285….
    expect(accrue(market, { rate: 35n * 10n ** 14n, slots: 3n })).to.deep.equal({
      exchangeRate: 2_154285714285714285n,
      borrowIndex: 2n * wad + 21n * 10n ** 15n,
    })
    expect(accrue(market, { rate: 35n * 10n ** 14n, slots: 0n })).to.deep.equal({
      exchangeRate: 2_142857142857142857n,
      borrowIndex: 2n * wad,
    })
  })

  it('counts bad debt into the shares, and leaves the rate of a market without shares to the market', () => {
    // (600 + 1,000 + 140 − 100) / 700
    expect(exchangeRateOf({ ...market, badDebt: 140n })).to.equal(2_342857142857142857n)
    expect(exchangeRateOf({ ...market, totalSupply: 0n, exchangeRate: 7n })).to.equal(7n)
  })

  it('property: a debt is never below the venue’s own number and above it by the growth of a unit at most', () => {
    const index = fc.bigInt(wad, 10n * wad)
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 30n), index, index, index, (principal, one, two, three) => {
        const [own, from, to] = [one, two, three].sort((a, b) => (a < b ? -1 : 1)) as [bigint, bigint, bigint]
        const theirs = (principal * to) / own
        const ours = accruedDebt((principal * from) / own, from, to)
        expect(ours >= theirs && ours - theirs <= (to + from - 1n) / from).to.equal(true)
        expect(accruedDebt((principal * from) / own, from, from)).to.equal((principal * from) / own)
      }),
    )
    expect(accruedDebt(0n, wad, 2n * wad)).to.equal(0n)
  })
})
