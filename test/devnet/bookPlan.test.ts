import { expect } from 'chai'
import { bookTokens, planBooks } from '../../scripts/devnet/bookPlan.ts'

describe('devnet: plans of random books', () => {
  const plans = planBooks({ accounts: 500, seed: 7 })

  it('gives the same books of the same seed, others of another, and longer lists that begin alike', () => {
    expect(planBooks({ accounts: 500, seed: 7 })).to.deep.equal(plans)
    expect(planBooks({ accounts: 20, seed: 7 })).to.deep.equal(plans.slice(0, 20))
    expect(planBooks({ accounts: 20, seed: 8 })).to.not.deep.equal(plans.slice(0, 20))
  })

  it('names each book and gives it an address of its own', () => {
    expect(plans[17]?.name).to.equal('book-17')
    expect(new Set(plans.map(({ address }) => address)).size).to.equal(500)
  })

  it('holds every kind of position, tokens in every reserve, and every option', () => {
    const positions = plans.flatMap((plan) => plan.positions)
    expect(new Set(positions.map(({ kind }) => kind))).to.deep.equal(
      new Set([
        ...['wallet', 'pool', 'liquidity', 'morphoLoan', 'morphoLending', 'moneyMarket', 'perpetual', 'option'],
      ]),
    )
    const supplied = (pool: string) =>
      new Set(
        positions.flatMap((position) =>
          position.kind === 'pool' && position.pool === pool ? position.supply.map(({ token }) => token) : [],
        ),
      )
    expect(supplied('aave')).to.deep.equal(new Set(Object.keys(bookTokens)))
    expect(supplied('spark')).to.deep.equal(new Set(['weth', 'usdc', 'dai']))
    const options = positions.flatMap((position) => (position.kind === 'option' ? [position.optionType] : []))
    expect(new Set(options).size).to.equal(5)
    const sizes = positions.flatMap((position) => (position.kind === 'perpetual' ? [position.size > 0n] : []))
    expect(new Set(sizes).size).to.equal(2)
  })

  it('has no amount of zero but for a loan that is not taken, and borrows less than lenders give', () => {
    const dollarsOf = ({ token, amount }: { token: keyof typeof bookTokens; amount: bigint }) =>
      (amount * bookTokens[token].dollars) / 10n ** BigInt(bookTokens[token].decimals)
    for (const position of plans.flatMap((plan) => plan.positions)) {
      for (const [name, value] of Object.entries(position)) {
        if (name !== 'borrow' && typeof value === 'bigint') expect(value).to.not.equal(0n)
      }
      if (position.kind !== 'pool') continue
      const collateral = position.supply.reduce((total, supply) => total + dollarsOf(supply), 0n)
      // The highest loan to value of any reserve is 80 %, of which a book takes at most nine tenths.
      if (position.borrow) expect(dollarsOf(position.borrow) * 100n <= collateral * 72n).to.equal(true)
    }
  })
})
