import { expect } from 'chai'
import type { Address } from 'viem'
import type { Position } from '../../../../src/core/position.ts'
import { wad } from '../../../../src/core/units.ts'
import { buildBook } from '../../../../src/risk/plimsoll/book.ts'
import { withoutClaim } from '../../../../src/risk/plimsoll/explain/withoutClaim.ts'
import type { Leg } from '../../../../src/risk/plimsoll/legs.ts'
import {
  assets,
  balance,
  debt,
  expiry,
  fullParameters,
  option,
  perpetual,
  portfolioOf,
  testMarket,
} from '../../../support/books.ts'
import * as rules from '../../venues/support/rules.ts'

const usd = 1_000_000n

function legOf(position: Position): Leg {
  const [leg] = buildBook(portfolioOf(position), testMarket(), fullParameters()).legs
  if (!leg) throw new Error('no leg')
  return leg
}

describe('withoutClaim', () => {
  it('takes a collateral and a debt out of a lending pool, the first entries first', () => {
    const loan = { ...rules.usdcDebt(3_000n * usd), asset: assets.usdc }
    const rule = rules.lendingPool({
      collaterals: [{ ...rules.wethCollateral(10n * wad), asset: assets.weth }],
      debts: [loan, { ...loan, amount: 2_000n * usd }],
    })
    expect(withoutClaim(rule, legOf(balance(assets.weth, 10n * wad)))).to.deep.equal({ ...rule, collaterals: [] })
    expect(withoutClaim(rule, legOf(debt(assets.usdc, 3_500n * usd)))).to.deep.equal({
      ...rule,
      debts: [{ ...loan, amount: 1_500n * usd }],
    })
    expect(withoutClaim(rule, legOf(balance(assets.usdc, usd)))).to.deep.equal(rule)
  })
  it('takes the collateral and the debt out of an isolated loan and of a base debt', () => {
    const isolated = rules.isolatedLoan(5_000n * usd)
    const loan = {
      ...isolated,
      collateral: { ...isolated.collateral, asset: assets.weth },
      debt: { ...isolated.debt, asset: assets.usdc },
    }
    const supply = legOf(balance(assets.weth, 10n * wad))
    const owed = legOf(debt(assets.usdc, 5_000n * usd))
    expect(withoutClaim(loan, supply)).to.deep.equal({ ...loan, collateral: { ...loan.collateral, amount: 0n } })
    expect(withoutClaim(loan, owed)).to.deep.equal({ ...loan, debt: { ...loan.debt, amount: 0n } })
    const compound = rules.baseDebt(5_000n * usd)
    const base = { ...compound, debt: { ...compound.debt, asset: assets.usdc } }
    expect(withoutClaim(base, owed)).to.deep.equal({ ...base, debt: { ...base.debt, amount: 0n } })
  })
  it('takes the collateral of a perpetual on collateral of its own, and the position', () => {
    const known = rules.collateralizedPerpetual()
    const rule = { ...known, collateral: { ...known.collateral, asset: assets.usdc } }
    expect(withoutClaim(rule, legOf(balance(assets.usdc, 2_000n * usd)))).to.deep.equal({
      ...rule,
      collateral: { ...rule.collateral, amount: 0n },
    })
    expect(withoutClaim(rule, legOf({ ...perpetual(wad), quoteAsset: null }))).to.deep.equal({
      ...{ ...rule, size: 0n, cost: 0n, funding: 0n },
    })
  })
  it('takes shares and debts of the market of the claim out of a money market', () => {
    const rule = rules.moneyMarket(5_000n * usd)
    const at = (position: Position, contract: Address): Leg =>
      legOf({ ...position, claim: { ...position.claim, contract } })
    const supply = at(balance(assets.weth, 10n * wad), rules.wethMarket)
    expect(withoutClaim(rule, supply)).to.deep.equal({ ...rule, collaterals: [] })
    // Half of the ether is half of the shares.
    const half = at(balance(assets.weth, 5n * wad), rules.wethMarket)
    expect(withoutClaim(rule, half)).to.deep.equal({ ...rule, collaterals: [rules.wethShares(250n * 10n ** 8n)] })
    expect(withoutClaim(rule, at(debt(assets.usdc, 5_000n * usd), rules.usdcMarket))).to.deep.equal({
      ...rule,
      debts: [],
    })
    expect(withoutClaim(rule, at(balance(assets.weth, wad), rules.usdcMarket))).to.deep.equal(rule)
  })
  it('takes a market, cash or other collateral out of a perpetual account', () => {
    const collateral = { asset: assets.weth, value: 2_000n * wad, ratio: wad, discount: 0n }
    const rule = rules.perpetualAccount({ quoteAsset: assets.usdc, collaterals: [collateral] })
    expect(withoutClaim(rule, legOf(perpetual(-14n * wad)))).to.deep.equal({ ...rule, markets: [] })
    expect(withoutClaim(rule, legOf(balance(assets.usdc, 16_000n * usd)))).to.deep.equal({ ...rule, cash: 0n })
    expect(withoutClaim(rule, legOf(balance(assets.weth, wad)))).to.deep.equal({ ...rule, collaterals: [] })
    expect(withoutClaim(rule, legOf(perpetual(wad, wad, { underlying: 'BTC' })))).to.deep.equal(rule)
  })
  it('takes a short out of an option account, or the collateral of the short with its id', () => {
    const [call, put] = [
      rules.short('call', 'quote', { id: '1', collateral: 900n * wad, expiry }),
      rules.short('put', 'quote', { id: '2', collateral: 500n * wad, expiry }),
    ]
    const rule = rules.optionCollateral([call, put], { quoteAsset: assets.susd })
    expect(withoutClaim(rule, legOf(option('put', 2000, -wad)))).to.deep.equal({ ...rule, shorts: [call] })
    expect(withoutClaim(rule, legOf(option('put', 2000, wad)))).to.equal(rule)
    const without = (id: string) => withoutClaim(rule, legOf(balance(assets.susd, 500n * wad, { id })))
    expect(without('2')).to.deep.equal({ ...rule, shorts: [call, { ...put, collateral: 0n }] })
    expect(without('3')).to.deep.equal(rule)
  })
})
