import { expect } from 'chai'
import { type Address, parseAbi } from 'viem'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { addPerpLiquidity, depositToPerp, openShortPerpetual } from '../../scripts/devnet/perpTrading.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, wrapEther } from '../../scripts/devnet/tokens.ts'
import { UnsupportedPositionError } from '../../src/adapters/errors.ts'
import { perpV2 } from '../../src/adapters/perpV2.ts'
import type { PerpV2CollateralLimits, PerpV2Raw } from '../../src/adapters/perpV2Read.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError } from '../../src/core/errors.ts'
import type { Position } from '../../src/core/position.ts'
import { amountsForLiquidity, sqrtRatioAtTick, virtualSqrtPriceOf } from '../../src/kernel/concentratedLiquidity.ts'
import { makerAmounts } from '../../src/risk/venues/makerOrders.ts'
import { perpetualAccountTotals } from '../../src/risk/venues/perpetualAccount.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { thrown } from '../support/rejection.ts'
import { shiftFromOpening } from '../support/venueShift.ts'
import { contextOf, holder } from './support/context.ts'
import { parametersOf, readDevnetVenue } from './support/devnetVenue.ts'

const venueAbi = parseAbi([
  'function getAccountValue(address trader) view returns (int256)',
  'function getMarkPrice(address baseToken) view returns (uint256)',
  'function getMarginRequirementForLiquidation(address trader) view returns (int256)',
  'function getFreeCollateralByRatio(address trader, uint24 ratio) view returns (int256)',
  'function getPrice(address token, uint256 interval) view returns (uint256)',
  'function getOpenOrderIds(address trader, address baseToken) view returns (bytes32[])',
  'function getTotalPositionSize(address trader, address baseToken) view returns (int256)',
  'function getPnlAndPendingFee(address trader) view returns (int256 owedRealizedPnl, int256 unrealizedPnl, uint256 pendingFee)',
])
const wad = 10n ** 18n

/** Value of our claims at the venue's own prices and collateral ratio, WAD USD. */
async function valueAtVenuePrices(fixture: DevnetFixture, positions: readonly Position[]): Promise<bigint> {
  const { client, deployment } = fixture
  const { perpV2: venue, tokens, chainId } = deployment
  const price = await client.readContract({
    address: venue.accountBalance,
    abi: venueAbi,
    functionName: 'getMarkPrice',
    args: [venue.baseToken],
  })
  const wethPrice = await client.readContract({
    address: venue.collateralManager,
    abi: venueAbi,
    functionName: 'getPrice',
    args: [tokens.weth, 900n],
  })
  return positions.reduce((total, position) => {
    if (position.kind === 'perpetual') {
      return total + (position.size * price) / wad - position.cost + position.funding
    }
    if (position.kind !== 'balance' && position.kind !== 'debt') throw new Error(position.kind)
    const isUsdc = position.asset === toAssetKey(chainId, tokens.usdc)
    const value = isUsdc ? position.amount * 10n ** 12n : (position.amount * wethPrice * 7n) / 10n ** 9n
    return total + (position.kind === 'debt' ? -value : value)
  }, 0n)
}

describe('perpV2 on the devnet', function () {
  this.timeout(120_000)

  async function read(fixture: DevnetFixture, account: Address) {
    const { client, deployment } = fixture
    const reading = await readDevnetVenue(fixture, 'perp-v2', { account })
    const ours = await valueAtVenuePrices(fixture, reading.positions)
    const venueValue = await client.readContract({
      address: deployment.perpV2.clearingHouse,
      abi: venueAbi,
      functionName: 'getAccountValue',
      args: [account],
    })
    // Both floor to 1e-6 USD, we the cash and the venue the sum.
    expect(venueValue - ours < 10n ** 12n && ours - venueValue < 10n ** 12n, `${ours} against ${venueValue}`).to.equal(
      true,
    )
    return reading
  }

  it('adds up to the account value of the venue, as prices move and funding accrues', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { hedged } = deployment.accounts
    const opening = await read(fixture, hedged)
    expect(opening.positions.map(({ kind }) => kind)).to.deep.equal(['balance', 'perpetual'])
    for (const [price, seconds] of [
      [2_150n, 1_800],
      [1_900n, 7_200],
      [2_000n, 3_600],
    ] as const) {
      await setPrices(chain, deployment, { ETH: price * wad })
      await advanceTime(chain, seconds)
      const { positions, requirements } = await read(fixture, hedged)
      const perpetual = positions.find(({ kind }) => kind === 'perpetual')
      expect(perpetual).to.include({ size: -14n * wad, underlying: 'ETH' })
      const required = await client.readContract({
        address: deployment.perpV2.accountBalance,
        abi: venueAbi,
        functionName: 'getMarginRequirementForLiquidation',
        args: [hedged],
      })
      // Rounded up where the venue rounds down.
      expect((requirements[0]?.maintenance ?? 0n) - required).to.be.oneOf([0n, 1n])
      expect(requirements[0]?.initial).to.be.greaterThan(requirements[0]?.maintenance as never)
    }
    const funded = (await read(fixture, hedged)).positions.find(({ kind }) => kind === 'perpetual')
    expect(funded?.kind === 'perpetual' && funded.funding).not.to.equal(0n)
  })

  it('counts other collateral in full and demands what the vault does not count of it', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { perpV2: venue, tokens, accounts } = deployment
    const account = accounts.levered
    const sender = sendAs(chain, account)
    await wrapEther(sender, tokens.weth, 10n * wad)
    await approveAll(sender, [tokens.weth], [venue.vault])
    await depositToPerp(sender, venue, { token: tokens.weth, amount: 10n * wad })
    expect((await read(fixture, account)).requirements).to.deep.equal([])

    await openShortPerpetual(sender, venue, 5n * wad)
    await setPrices(chain, deployment, { ETH: 2_200n * wad })
    await advanceTime(chain, 1_800)
    const { positions, requirements } = await read(fixture, account)
    expect(positions.map(({ kind }) => kind)).to.deep.equal(['balance', 'perpetual'])
    const value = await valueAtVenuePrices(fixture, positions)
    const [requirement] = requirements
    if (requirement === undefined) return expect.fail('a requirement was expected')
    const uncounted = (10n * wad * 2_200n * 3n) / 10n
    const free = await client.readContract({
      address: venue.vault,
      abi: venueAbi,
      functionName: 'getFreeCollateralByRatio',
      args: [account, 100_000],
    })
    // Free collateral in USDC. It leaves unrealized profit out, but here there is a loss.
    const ours = value + uncounted - requirement.initial
    expect(ours / 10n ** 12n - free).to.be.oneOf([-1n, 0n, 1n])
  })

  it('lists every order, and adds up to the venue’s own size, result and account value', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { perpV2: venue, operators } = deployment
    const maker = sendAs(chain, operators.maker)
    // A second order, out of range: base only.
    await addPerpLiquidity(maker, venue, { base: 50n * wad, quote: 0n, ticks: [600, 6_000] })
    const trader = { address: venue.accountBalance, abi: venueAbi } as const
    for (const [price, seconds] of [
      [2_000n, 60],
      [2_400n, 7_200],
      [1_700n, 3_600],
    ] as const) {
      await setPrices(chain, deployment, { ETH: price * wad })
      await advanceTime(chain, seconds)
      const { positions, rules, requirements } = await readDevnetVenue(fixture, 'perp-v2', { account: maker.address })
      const orders = positions.filter((position) => position.kind === 'perpetualLiquidity')
      const ids = await client.readContract({
        address: venue.orderBook,
        abi: venueAbi,
        functionName: 'getOpenOrderIds',
        args: [maker.address, venue.baseToken],
      })
      expect(orders.map(({ claim }) => claim.id)).to.deep.equal(ids)
      expect(ids).to.have.lengthOf(2)
      const [rule] = rules
      if (rule?.kind !== 'perpetualAccount') return expect.fail('a rule was expected')
      const [market] = rule.markets
      if (market?.maker === undefined) return expect.fail('orders were expected')

      const shift = shiftFromOpening(parametersOf(fixture), { timestamp: 0 })
      const held = makerAmounts(market.maker, 'ETH', shift)
      const size = await client.readContract({
        ...trader,
        functionName: 'getTotalPositionSize',
        args: [maker.address, venue.baseToken],
      })
      expect(market.size + held.base).to.equal(size)
      const [, unrealized] = await client.readContract({
        ...trader,
        functionName: 'getPnlAndPendingFee',
        args: [maker.address],
      })
      expect((size * market.quote) / wad - market.cost + held.quote).to.equal(unrealized)

      const totals = perpetualAccountTotals(rule, shift)
      const value = await client.readContract({
        address: venue.clearingHouse,
        abi: venueAbi,
        functionName: 'getAccountValue',
        args: [maker.address],
      })
      expect(totals.accountValue).to.equal(value)
      const required = await client.readContract({
        ...trader,
        functionName: 'getMarginRequirementForLiquidation',
        args: [maker.address],
      })
      expect((requirements[0]?.maintenance ?? 0n) - required).to.be.oneOf([0n, 1n])
      // Claims at the venue's prices: the cash is floored by itself, and each product once more.
      const claimed = positions.reduce((sum, { venueValue }) => sum + (venueValue ?? 0n), 0n)
      expect(value - claimed < 10n ** 12n && claimed - value < 10n ** 12n).to.equal(true)
      const free = await client.readContract({
        address: venue.vault,
        abi: venueAbi,
        functionName: 'getFreeCollateralByRatio',
        args: [maker.address, 100_000],
      })
      // Free collateral is of the smaller of account value and what is realized.
      const realized = rule.cash + market.funding
      const base = totals.settlement < realized ? totals.settlement : realized
      const ours = (base - (requirements[0]?.initial ?? 0n)) / 10n ** 12n
      expect(ours - free).to.be.oneOf([-1n, 0n, 1n])
    }
  })

  it('loses in our own scenarios what its orders lose when the pool trades there', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { operators } = deployment
    const read = () => readDevnetVenue(fixture, 'perp-v2', { account: operators.maker })
    const before = await read()
    const [rule] = before.rules
    if (rule === undefined) return expect.fail('a rule was expected')
    const worth = (order: Position, price: bigint) => {
      if (order.kind !== 'perpetualLiquidity') return 0n
      const { amount0, amount1 } = amountsForLiquidity({ ...order, sqrtPrice: virtualSqrtPriceOf(price) })
      return ((amount0 - order.baseDebt) * price) / wad + amount1 - order.quoteDebt
    }
    const expected = before.positions.reduce((sum, position) => sum + worth(position, 1_500n * wad), 0n)
    await setPrices(chain, deployment, { ETH: 1_500n * wad })
    await advanceTime(chain, 1_800)
    const after = await read()
    const found = after.positions.reduce(
      (sum, { kind, venueValue = 0n }) => sum + (kind === 'perpetualLiquidity' ? venueValue : 0n),
      0n,
    )
    // The maker traded the pool there itself; its debts stand, and the mark is within a ten-thousandth of the price.
    const loss = expected < 0n ? -expected : expected
    const gap = found > expected ? found - expected : expected - found
    expect(gap * 1_000n < loss, `${found} against ${expected}`).to.equal(true)
  })
})

describe('perpV2.toPositions', () => {
  const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
  const configuration = {
    clearingHouse: token(1),
    accountBalance: token(2),
    vault: token(3),
    exchange: token(4),
    clearingHouseConfig: token(5),
    orderBook: token(6),
    settlementToken: token(7),
    markets: [{ baseToken: token(8), underlying: 'ETH' }],
  }
  const context = contextOf(configuration, { [token(7)]: 6, [token(9)]: 18 })
  const market = {
    baseToken: token(8),
    underlying: 'ETH',
    isOpen: true,
    size: 0n,
    openNotional: 0n,
    pendingFunding: 0n,
    orders: [],
  }
  const settlement = { token: token(7), decimals: 6, balance: 0n, owedRealizedPnl: 0n, pendingFee: 0n }
  const margin = {
    positionValue: 1_000n * wad,
    debtValue: 1_100n * wad,
    initialRatio: 100_000n,
    maintenanceRatio: 62_500n,
    collateralMaintenanceRatio: 64_500n,
    penaltyRatio: 25_000n,
  }
  const translate = (changes: {
    settlement?: Partial<PerpV2Raw['settlement']>
    market?: Partial<PerpV2Raw['markets'][number]>
    collaterals?: PerpV2Raw['collaterals']
    collateralLimits?: PerpV2CollateralLimits
    baseTokens?: readonly Address[]
  }) =>
    perpV2.toPositions(
      {
        baseTokens: changes.baseTokens ?? [],
        settlement: { ...settlement, ...changes.settlement },
        markets: [{ ...market, ...changes.market }],
        collaterals: changes.collaterals ?? [],
        ...(changes.collateralLimits && { collateralLimits: changes.collateralLimits }),
        margin,
      },
      context,
    )

  const markPrice = 2_000n * wad
  // √2,000 in Q96, and a range that lies below it: of 10¹⁸ liquidity only quote, 10¹⁸ · (1.0001³⁰⁰⁰⁰ − 1.0001⁰) ≈ 3.48 WAD.
  const sqrtPrice = 3_543_191_142_285_914_205_922_034_323_214n
  const order = {
    id: `0x${'0e'.repeat(32)}`,
    liquidity: wad,
    tickLower: 0,
    tickUpper: 30_000,
    baseDebt: wad / 1_000n,
    quoteDebt: wad,
  } as const
  const collateral = {
    token: token(9),
    decimals: 18,
    balance: 3n * wad,
    ratio: 700_000n,
    discountRatio: 100_000n,
    price: 2_000n * 10n ** 8n,
    priceDecimals: 8,
  }
  const collateralLimits = { insuranceFeeRatio: 30_000n, debtValueRatio: 750_000n, debtLimit: 10_000n * 10n ** 6n }

  it('floors the settlement cash, a negative one into a larger debt', () => {
    const cash = (owedRealizedPnl: bigint, balance = 5n, pendingFee = 0n) =>
      translate({ settlement: { owedRealizedPnl, balance, pendingFee } }).positions.map((position) => [
        position.kind,
        'amount' in position && position.amount,
      ])
    expect(cash(10n ** 12n + 1n)).to.deep.equal([['balance', 6n]])
    expect(cash(10n ** 12n, 5n, 10n ** 12n)).to.deep.equal([['balance', 7n]])
    expect(cash(-1n)).to.deep.equal([['balance', 4n]])
    expect(cash(-5n * 10n ** 12n)).to.deep.equal([])
    expect(cash(-5n * 10n ** 12n - 1n)).to.deep.equal([['debt', 1n]])
    expect(cash(0n, -3n)).to.deep.equal([['debt', 3n]])
  })

  it('turns notional and pending funding around', () => {
    const { positions } = translate({
      market: { size: -2n, openNotional: 5n, pendingFunding: 3n, markPrice },
      baseTokens: [token(8)],
    })
    expect(positions).to.have.lengthOf(1)
    expect(positions[0]).to.include({ kind: 'perpetual', size: -2n, cost: -5n, funding: -3n })
    expect(positions[0]?.kind === 'perpetual' && positions[0].quoteAsset).to.equal(toAssetKey(1, token(7)))
  })

  it('keeps a perpetual without size while it has a cost', () => {
    expect(translate({ market: { openNotional: 5n } }).positions).to.have.lengthOf(1)
  })

  it('takes the larger ratio and the uncounted value once there is other collateral', () => {
    const [plain] = translate({ market: { size: wad, markPrice } }).requirements
    const [mixed] = translate({ market: { size: wad, markPrice }, collaterals: [collateral] }).requirements
    expect([plain?.initial, plain?.maintenance]).to.deep.equal([110n * wad, (625n * wad) / 10n])
    expect([mixed?.initial, mixed?.maintenance]).to.deep.equal([1_910n * wad, 1_800n * wad + (645n * wad) / 10n])
  })

  it('gives the rule with unrounded cash, the mark price and the venue’s ratios', () => {
    const { rules, positions } = translate({
      settlement: { balance: 5n, owedRealizedPnl: 7n, pendingFee: 1n },
      market: { size: -3n * wad, openNotional: 6_300n * wad, pendingFunding: 2n * wad, markPrice },
      baseTokens: [token(8)],
    })
    expect(rules).to.deep.equal([
      {
        kind: 'perpetualAccount',
        venueAccount: { chainId: 1, venue: 'venue', instance: token(1), holder, subAccount: '' },
        quoteAsset: toAssetKey(1, token(7)),
        quoteDecimals: 6,
        cash: 5n * 10n ** 12n + 8n,
        collaterals: [],
        markets: [{ underlying: 'ETH', size: -3n * wad, cost: -6_300n * wad, funding: -2n * wad, quote: 2_000n * wad }],
        maintenanceRatio: wad / 16n,
        penaltyRatio: wad / 40n,
      },
    ])
    // Cash 5 of 1e-6; 6,300 − 3 · 2,000 − 2.
    expect(positions.map(({ venueValue }) => venueValue)).to.deep.equal([5n * 10n ** 12n, 298n * wad])
  })

  it('gives other collateral with its ratio, what a sale costs and how much may be owed', () => {
    const { rules, positions } = translate({
      settlement: { balance: -1n },
      collaterals: [collateral],
      collateralLimits,
    })
    const [rule] = rules
    if (rule?.kind !== 'perpetualAccount') return expect.fail('a rule was expected')
    expect(rule.collaterals).to.deep.equal([
      {
        asset: toAssetKey(1, token(9)),
        value: 6_000n * wad,
        ratio: (7n * wad) / 10n,
        discount: (13n * wad) / 100n,
      },
    ])
    expect(rule.settlementDebt).to.deep.equal({ ratio: (3n * wad) / 4n, limit: 10_000n * wad })
    expect([rule.maintenanceRatio, rule.markets]).to.deep.equal([(645n * wad) / 10_000n, []])
    expect(positions.map(({ venueValue }) => venueValue)).to.deep.equal([-(10n ** 12n), 6_000n * wad])
  })

  it('makes an order a claim on the order book, worth its range less what was borrowed', () => {
    const { positions, rules } = translate({
      market: { orders: [order], markPrice, sqrtPrice },
      baseTokens: [token(8)],
    })
    const { id, ...terms } = order
    expect(positions).to.have.lengthOf(1)
    expect(positions[0]).to.deep.include({ kind: 'perpetualLiquidity', underlying: 'ETH', ...terms })
    expect(positions[0]?.claim).to.include({ contract: token(6), id })
    // Above its range: no base, so 0.001 · 2,000 is owed, and the quote of the range less 1.
    const quote = (wad * (sqrtRatioAtTick(30_000) - sqrtRatioAtTick(0))) >> 96n
    expect(positions[0]?.venueValue).to.equal(quote - wad - 2n * wad)
    expect(rules).to.have.lengthOf(1)
    expect(rules[0]?.kind === 'perpetualAccount' && rules[0].markets).to.deep.equal([
      { underlying: 'ETH', size: 0n, cost: 0n, funding: 0n, quote: markPrice, maker: { sqrtPrice, orders: [order] } },
    ])
  })

  it('refuses an order without a price of its pool', async () => {
    await thrown(() => translate({ market: { orders: [order], markPrice } }), InconsistentReadError)
  })

  it('has no rule where there is nothing to liquidate', async () => {
    expect(translate({ settlement: { balance: 1n } }).rules).to.deep.equal([])
    expect(translate({ settlement: { balance: -1n } }).rules).to.deep.equal([])
    expect(translate({ collaterals: [collateral], collateralLimits }).rules).to.deep.equal([])
    await thrown(() => translate({ market: { size: 1n } }), InconsistentReadError)
  })

  it('refuses orders, closed markets, unknown markets and another settlement token', async () => {
    const refusals: readonly (readonly [Parameters<typeof translate>[0], RegExp])[] = [
      [{ market: { orders: [order], isOpen: false } }, /an order in market .* paused or closed/],
      [{ market: { size: 1n, isOpen: false } }, /paused or closed/],
      [{ baseTokens: [token(8), token(9)] }, /market 0x0+9/],
    ]
    for (const [changes, expected] of refusals) {
      const error = await thrown(() => translate(changes), UnsupportedPositionError)
      expect(error.message).to.match(expected)
    }
    await thrown(() => translate({ settlement: { token: token(9) } }), InconsistentReadError)
    await thrown(() => translate({ settlement: { decimals: 18, balance: 1n } }), InconsistentReadError)
  })
})
