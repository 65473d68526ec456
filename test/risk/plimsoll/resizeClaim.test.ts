import { expect } from 'chai'
import type { Position } from '../../../src/core/position.ts'
import { followChange, UnfollowedChangeError } from '../../../src/risk/plimsoll/resizeClaim.ts'
import { assets, balance, debt, perpetual } from '../../support/books.ts'
import { thrown } from '../../support/rejection.ts'
import {
  collateralizedPerpetual,
  marketDebt,
  moneyMarket,
  usdcMarket,
  wad,
  wethMarket,
  wethShares,
} from '../venues/support/rules.ts'

const usd = 10n ** 6n
const at = (position: Position, contract: typeof wethMarket | typeof usdcMarket): Position => ({
  ...position,
  claim: { ...position.claim, contract },
})

describe('followChange of a money market', () => {
  const rule = moneyMarket(5_000n * usd)
  const supply = at(balance(assets.weth, 10n * wad), wethMarket)
  const loan = at(debt(assets.usdc, 5_000n * usd), usdcMarket)

  it('turns tokens into shares: 4 ether less are 200 shares of 0.02 less, and 1e7 wei more are no share', () => {
    const less = followChange(rule, supply, at(balance(assets.weth, 6n * wad), wethMarket))
    expect(less).to.deep.equal({ ...rule, collaterals: [wethShares(300n * 10n ** 8n)] })
    const more = followChange(rule, supply, at(balance(assets.weth, 10n * wad + 10n ** 7n), wethMarket))
    expect(more).to.deep.equal(rule)
  })

  it('changes the debt of its market, and nothing for a supply that is no collateral', () => {
    const repaid = followChange(rule, loan, at(debt(assets.usdc, 2_000n * usd), usdcMarket))
    expect(repaid).to.deep.equal({ ...rule, debts: [marketDebt(2_000n * usd)] })
    expect(followChange(rule, undefined, at(balance(assets.usdc, usd), usdcMarket))).to.deep.equal(rule)
  })

  it('error: UnfollowedChangeError for a debt at a market without a quote', async () => {
    await thrown(() => followChange(rule, undefined, at(debt(assets.weth, 1n), wethMarket)), UnfollowedChangeError)
  })
})

describe('followChange of a perpetual on collateral of its own', () => {
  const rule = collateralizedPerpetual()
  const held = (amount: bigint) => ({ ...balance(assets.usdc, amount), asset: rule.collateral.asset })
  const position = { ...perpetual(10n * wad), quoteAsset: null }

  it('adds and takes collateral, and frees it when the position is closed', () => {
    const more = followChange(rule, held(2_000n * usd), held(2_500n * usd))
    expect(more).to.deep.equal({ ...rule, collateral: { ...rule.collateral, amount: 2_500n * usd } })
    const closed = followChange(rule, position, undefined)
    expect(closed).to.deep.equal({ ...rule, size: 0n, cost: 0n, funding: 0n })
  })

  it('error: UnfollowedChangeError for another token, and for another size, whose fees and minimum it does not hold', async () => {
    await thrown(() => followChange(rule, undefined, balance(assets.wbtc, 1n)), UnfollowedChangeError)
    await thrown(() => followChange(rule, position, { ...position, size: 5n * wad }), UnfollowedChangeError)
  })
})
