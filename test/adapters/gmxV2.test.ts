import { expect } from 'chai'
import { zeroAddress } from 'viem'
import { UnsupportedPositionError } from '../../src/adapters/errors.ts'
import { gmxV2 } from '../../src/adapters/gmxV2.ts'
import { gmxKeys, gmxNameKey } from '../../src/adapters/gmxV2Keys.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError, InvalidInputError } from '../../src/core/errors.ts'
import { parseWith } from '../../src/core/schema.ts'
import { formatSnapshot, parseSnapshot } from '../../src/core/snapshot.ts'
import type { CollateralizedPerpetualRule } from '../../src/core/venueRule.ts'
import { calculateMargin } from '../../src/risk/plimsoll/calculateMargin.ts'
import type { VenueShift } from '../../src/risk/venues/shift.ts'
import { venueState } from '../../src/risk/venues/venueState.ts'
import { assets, portfolioOf, testMarket, testParameters } from '../support/books.ts'
import { expectClose } from '../support/close.ts'
import { thrown } from '../support/rejection.ts'
import { contextOf } from './support/context.ts'
import {
  btcMarket,
  dataStore,
  doge,
  ethMarket,
  glv,
  gmxAnswers,
  type HandAccount,
  type HandPosition,
  holder,
  keyOf,
  longOnEther,
  otherMarket,
  reader,
  referralStorage,
  unit,
  usdc,
  wbtc,
  weth,
} from './support/gmxV2.ts'
import { runHandEncoded } from './support/handEncoded.ts'

const wad = 10n ** 18n
const milli = wad / 1_000n

const configuration = {
  ...{ reader, dataStore, referralStorage },
  markets: [
    { market: ethMarket, underlying: 'ETH' },
    { market: btcMarket, underlying: 'BTC' },
  ],
  glvs: [glv],
}
const context = {
  ...contextOf(configuration, { [usdc]: 6, [weth]: 18, [wbtc]: 8 }),
  account: holder,
}
const read = (account: HandAccount) => runHandEncoded(gmxV2.read(context), gmxAnswers(account))
const listOf = (account: HandAccount) => gmxV2.toPositions(read(account), context)

/**
 * Long 10 ETH from 2,000 on 1 WETH at 2,100: 1,000 won; 0.01 of funding, 0.02 of borrowing and 0.006 − 0.001 to close; 30
 * of impact to close and 0.01 ETH to be paid of opening. Of 2,975.50 that remain the venue still counts 2,990.
 */
const winner: HandPosition = {
  ...longOnEther,
  pendingImpactAmount: -10n * milli,
  fundingFee: 10n * milli,
  borrowingFee: 20n * milli,
  closingFee: 6n * milli,
  discount: milli,
  closingImpact: -30n * unit,
  profit: 1_000n * unit,
  remaining: 2_990n * unit,
}
const atMarket: HandAccount = { positions: [winner], ethPrice: 2_100_00000000n }

/** Prices of ours that have moved by `ratio`, WAD. */
const shiftBy = (ratio: bigint): VenueShift => ({
  ...{ underlyingOf: () => 'X', base: () => wad, price: () => ratio },
  ...{ rate: () => wad, timestamp: 0 },
})
const still = shiftBy(wad)

const ruleOf = (account: HandAccount): CollateralizedPerpetualRule => {
  const [rule] = listOf(account).rules
  return rule?.kind === 'collateralizedPerpetual' ? rule : expect.fail('a rule was expected')
}

describe('gmxV2 against hand-encoded answers', () => {
  it('lists a position as collateral less funding and a perpetual in dollars, less the borrowing fee', () => {
    const { positions } = listOf(atMarket)
    const id = `${ethMarket}:${weth}:long`
    const venueAccount = { chainId: 1, venue: 'venue', instance: ethMarket, holder, subAccount: `${weth}:long` }
    expect(positions).to.deep.equal([
      {
        ...{ kind: 'perpetual', control: 'venue', venueAccount, underlying: 'ETH', quoteAsset: null },
        claim: { chainId: 1, contract: dataStore, holder, id: `${id}:position` },
        // 10 ETH less the 0.01 that opening still costs; 0.02 WETH of borrowing at 2,100 are 42 dollars.
        ...{ size: 9_990n * milli, cost: 20_000n * wad, funding: -42n * wad, venueValue: 1_000n * wad },
      },
      {
        ...{ kind: 'balance', control: 'venue', venueAccount, asset: toAssetKey(1, weth) },
        claim: { chainId: 1, contract: dataStore, holder, id: `${id}:collateral` },
        ...{ amount: 990n * milli, venueValue: 2_079n * wad },
      },
    ])
    expect(listOf({})).to.deep.equal({ positions: [], requirements: [], rules: [] })
  })

  it('gives a rule that leaves what the venue’s own sum leaves, with fees accrued', () => {
    const rule = ruleOf(atMarket)
    expect(rule).to.deep.include({
      ...{ underlying: 'ETH', quote: 2_100n * wad, size: 10n * wad, cost: 20_000n * wad, funding: -42n * wad },
      collateral: { asset: toAssetKey(1, weth), amount: 990n * milli, decimals: 18, quote: 2_100n * wad },
      ...{ pendingImpact: -10n * milli, closingImpact: -30n * wad, impactLimit: 200n * wad },
      // 0.005 WETH; 0.2 % of 20,000; the larger of a dollar and 100.
      ...{ closingFee: (105n * wad) / 10n, liquidationFee: 40n * wad, minimum: 100n * wad },
    })
    // 0.965 WETH at 2,100 = 2,026.50, and 1,000 won, less 30 and 21 of impact.
    const { isLiquidatable, slack, penalty } = venueState(rule, still)
    expect([isLiquidatable, slack]).to.deep.equal([false, (29_755n * wad) / 10n - 100n * wad])
    expect(penalty).to.equal((805n * wad) / 10n)
  })

  it('demands what must remain after closing and what closing costs, by the opening factor to open', () => {
    const [requirement] = listOf(atMarket).requirements
    // 51 of impact and 10.50 of fee; 1 % of 20,000 to open, the venue's minimum of 100 to stay.
    expect(requirement).to.include({ initial: (2_615n * wad) / 10n, maintenance: (1_615n * wad) / 10n })
  })

  it('counts a short against its collateral, and what is pending for the account nothing', () => {
    // Short 10 ETH from 2,000 on 3,000 USDC, at 2,050: 500 lost; USDC at 0.9999.
    const short: HandPosition = {
      ...{ collateralToken: usdc, isLong: false, sizeInUsd: 20_000n * unit, sizeInTokens: 10n * wad },
      ...{ collateralAmount: 3_000_000000n, pendingImpactAmount: 10n * milli, fundingFee: 1_000000n },
      ...{ profit: -500n * unit, remaining: 2_499_700_000n * 10n ** 24n },
    }
    const account = { positions: [short], ethPrice: 2_050_00000000n }
    const { positions } = listOf(account)
    expect(positions[0]).to.include({ size: -10n * wad, cost: -20_000n * wad, funding: 0n, venueValue: -500n * wad })
    expect(positions[1]).to.include({ amount: 2_999_000000n, asset: toAssetKey(1, usdc) })
    const rule = ruleOf(account)
    // The lower end of the venue's price of USDC; 2,999 · 0.9999 = 2,998.7001.
    expect(rule.collateral).to.deep.include({ quote: (9_999n * wad) / 10_000n, decimals: 6 })
    expect(venueState(rule, still).slack).to.equal((23_987_001n * wad) / 10_000n)
  })

  it('counts in whole tokens whatever the decimals of a token are', () => {
    const position: HandPosition = {
      ...{
        market: btcMarket,
        collateralToken: wbtc,
        isLong: true,
        sizeInUsd: 60_000n * unit,
        sizeInTokens: 1_00000000n,
      },
      ...{ collateralAmount: 10000001n, claimable: [7n, 7n], remaining: 6_000_000_600n * 10n ** 24n },
    }
    const { positions, rules } = listOf({ positions: [position] })
    expect(positions[0]).to.include({ underlying: 'BTC', size: wad, cost: 60_000n * wad })
    expect(rules[0]).to.deep.include({ quote: 60_000n * wad })
    expect(rules[0]?.kind === 'collateralizedPerpetual' && rules[0].collateral).to.deep.include({
      ...{ quote: 60_000n * wad, decimals: 8, amount: 10000001n },
    })
    // A market of one token credits it once, however often it is listed.
    expect(positions[2]).to.include({ amount: 7n, asset: toAssetKey(1, wbtc) })
    expect(positions).to.have.lengthOf(3)
  })

  it('takes off what the pool does not pay of a profit, and what funding costs beyond the collateral', () => {
    const capped: HandPosition = {
      ...winner,
      profit: 600n * unit,
      uncappedProfit: 1_000n * unit,
      remaining: 2_590n * unit,
    }
    expect(listOf({ ...atMarket, positions: [capped] }).positions[0]).to.include({ funding: -442n * wad })
    // 1.5 WETH of funding on 1: nothing is left of it and half a WETH is owed, which the profit has to bear.
    const spent: HandPosition = {
      ...winner,
      fundingFee: 1_500n * milli,
      borrowingFee: 0n,
      remaining: -110n * unit,
      isLiquidatable: true,
    }
    const { positions, rules } = listOf({ ...atMarket, positions: [spent] })
    expect(positions.map(({ kind }) => kind)).to.deep.equal(['perpetual'])
    expect(positions[0]).to.include({ funding: -1_050n * wad })
    expect(venueState(rules[0] ?? expect.fail(), still).isLiquidatable).to.equal(true)
  })

  it('flips where what remains falls below the minimum, and says what the venue says on both sides', () => {
    // 1 WETH and 10 ETH of size less a fee of 0.005 WETH: 10.995 p − 20,000 remain; 100 at 1,828.1036834925…
    const bare: HandPosition = { ...longOnEther, closingFee: 5n * milli }
    for (const [price, isLiquidatable] of [
      [1_828_10368348n, true],
      [1_828_10368350n, false],
    ] as const) {
      const venuePrice = price * 10n ** 4n
      const profit = venuePrice * 10n * wad - 20_000n * unit
      const remaining = 995n * milli * venuePrice + profit
      expect(remaining < 100n * unit).to.equal(isLiquidatable)
      const account = { positions: [{ ...bare, profit, remaining, isLiquidatable }], ethPrice: price }
      expect(venueState(ruleOf(account), still).isLiquidatable).to.equal(isLiquidatable)
    }
    // The same by a move of our own price: 1,828.1 / 2,000.
    const rule = ruleOf({ positions: [{ ...bare, remaining: 1_990n * unit }] })
    expect(venueState(rule, shiftBy((18_282n * wad) / 20_000n)).isLiquidatable).to.equal(false)
    expect(venueState(rule, shiftBy((18_280n * wad) / 20_000n)).isLiquidatable).to.equal(true)
  })

  it('lists funding that was credited, names shares, and leaves shares that the parameter set prices to the wallet', () => {
    const { positions } = listOf({ credited: [5n, 6n], marketTokens: 7n, glvTokens: 8n })
    expect(
      positions.map((held) => ['asset' in held && held.asset, 'amount' in held && held.amount, held.control]),
    ).to.deep.equal([
      [toAssetKey(1, weth), 5n, 'venue'],
      [toAssetKey(1, usdc), 6n, 'venue'],
      [toAssetKey(1, ethMarket), 7n, 'free'],
      [toAssetKey(1, glv), 8n, 'free'],
    ])
    expect(positions[0]?.venueAccount.subAccount).to.equal('funding')
    const priced = { ...context, assets: { ...context.assets, [toAssetKey(1, glv)]: { decimals: 18 } } }
    const raw = read({ glvTokens: 8n })
    expect(gmxV2.toPositions(raw, priced).positions).to.deep.equal([])
    // Funding won by an open position is with what was credited.
    const won = listOf({ ...atMarket, positions: [{ ...winner, claimable: [3n, 4n] }], credited: [5n, 0n] })
    expect(won.positions.slice(2).map((held) => 'amount' in held && held.amount)).to.deep.equal([8n, 4n])
  })

  it('is margined as it reads: equity, the scan in dollars, and the liquidation in the first scenario that reaches it', () => {
    // What books.ts calls WETH is the collateral, and ether stands at 2,100 for the market as for the venue.
    const { positions, rules, requirements } = listOf(atMarket)
    const known = assets.weth
    const moved = positions.map((held) => (held.kind === 'balance' ? { ...held, asset: known } : held))
    const [rule] = rules.map((own) =>
      own.kind === 'collateralizedPerpetual' ? { ...own, collateral: { ...own.collateral, asset: known } } : own,
    )
    const portfolio = { ...portfolioOf(...moved), rules: rule ? [rule] : [], requirements }
    const result = calculateMargin({
      portfolio,
      market: testMarket({ eth: 2_100n * wad }),
      parameters: testParameters(),
    })
    // 0.99 WETH, and 9.99 · 2,100 − 20,000 − 42 = 937 of paper profit less a tenth.
    expectClose(Number(result.equity) / 1e6, 2_079 + 937 * 0.9, 1e-5)
    const [first] = result.firstLiquidations
    // 10.955 p − 20,000 − 42 − 10.50 − 51 or so must leave 100: ether at 1,844, 12 % below.
    expect(first?.underlying).to.equal('ETH')
    expectClose(Number(first?.price ?? 0n) / 1e18, 1_747, 97)
    const text = formatSnapshot({ schema: 'plimsoll-snapshot/1', portfolio, market: testMarket(), witnesses: [] })
    expect(parseSnapshot(text).portfolio).to.deep.equal(portfolio)
  })

  it('reads more positions than one page holds', () => {
    const many = Array.from({ length: 101 }, () => winner)
    expect(read({ ...atMarket, positions: many }).positions).to.have.lengthOf(101)
    const pages = gmxV2
      .witness(read({ ...atMarket, positions: many }), context)
      .filter(({ functionName }) => functionName === 'getAccountPositions')
    expect(pages.map(({ args }) => args?.slice(2))).to.deep.equal([
      [0n, 100n],
      [100n, 200n],
    ])
  })

  it('refuses pending orders, markets that are not configured, and tokens without a price of their own on the chain', async () => {
    for (const [account, says] of [
      [{ orders: 2n }, /pending order \(of 2\)/],
      [{ positions: [{ ...longOnEther, market: otherMarket }] }, new RegExp(`position in market ${otherMarket}`)],
      [{ ...atMarket, wethFeed: zeroAddress }, /no reference feed/],
      [{ ...atMarket, feedUpdatedAt: 996_399n }, /is late/],
    ] as const) {
      expect((await thrown(() => listOf(account), UnsupportedPositionError)).message).to.match(says)
    }
    expect(listOf({ ...atMarket, feedUpdatedAt: 996_400n }).positions).to.have.lengthOf(2)
  })

  it('refuses answers that contradict one another', async () => {
    const changed = (change: HandPosition): HandAccount => ({ ...atMarket, positions: [{ ...winner, ...change }] })
    for (const [account, says] of [
      [{ ...atMarket, count: 2n }, /has 2 positions.*lists 1/],
      [{ ...atMarket, owner: dataStore }, /lists 1/],
      [{ ...atMarket, multiplier: 3n * 10n ** 34n }, /multiplier is 3/],
      [{ ...atMarket, wethDecimals: 6 }, /6 decimals/],
      [changed({ shifted: true }), /does not repeat/],
      // 2,975.50 remain of ours; more than 3,089.50 cannot.
      [changed({ remaining: 2_975_400_000n * 10n ** 24n }), /its parts say otherwise/],
      [changed({ remaining: 3_090n * unit }), /its parts say otherwise/],
      [changed({ isLiquidatable: true }), /can be liquidated/],
    ] as const) {
      expect((await thrown(() => listOf(account), InconsistentReadError)).message, `${says}`).to.match(says)
    }
    expect(listOf(changed({ remaining: 2_975_500_000n * 10n ** 24n })).rules).to.have.lengthOf(1)
  })

  it('refuses configurations that list a market twice or none, and markets for swaps alone', async () => {
    const [first] = configuration.markets
    for (const markets of [[], [first, first]]) {
      await thrown(() => parseWith(gmxV2.configuration, { ...configuration, markets }, 'venue'), InvalidInputError)
    }
    const swaps = {
      ...context,
      configuration: { ...configuration, markets: [{ market: otherMarket, underlying: 'ETH' }] },
    }
    const { message } = await thrown(() => runHandEncoded(gmxV2.read(swaps), gmxAnswers({})), InconsistentReadError)
    expect(message).to.include(otherMarket)
  })

  it('witnesses positions, the numbers of positions and orders, and credited funding', () => {
    const calls = gmxV2.witness(read(atMarket), context)
    expect(calls.map(({ address, functionName, args }) => [address, functionName, args])).to.deep.equal([
      [dataStore, 'getBytes32Count', [keyOf('ACCOUNT_POSITION_LIST', holder)]],
      [dataStore, 'getBytes32Count', [keyOf('ACCOUNT_ORDER_LIST', holder)]],
      [reader, 'getAccountPositions', [dataStore, holder, 0n, 100n]],
      [dataStore, 'getUint', [keyOf('CLAIMABLE_FUNDING_AMOUNT', ethMarket, weth, holder)]],
      [dataStore, 'getUint', [keyOf('CLAIMABLE_FUNDING_AMOUNT', ethMarket, usdc, holder)]],
      [dataStore, 'getUint', [keyOf('CLAIMABLE_FUNDING_AMOUNT', btcMarket, wbtc, holder)]],
    ])
    // Without a position there is no page: the first one changes the number.
    expect(gmxV2.witness(read({}), context)).to.have.lengthOf(5)
  })

  it('reads a position of Arbitrum as the venue itself sees it', async function () {
    const url = process.env.PLIMSOLL_ARBITRUM_RPC
    if (url === undefined || url === '') {
      process.stderr.write(
        '      skipped: no package deploys GMX v2; name a node of Arbitrum One in PLIMSOLL_ARBITRUM_RPC (and an account in PLIMSOLL_ARBITRUM_ACCOUNT) to run it\n',
      )
      this.skip()
    }
    this.timeout(300_000)
    const { readOnArbitrum } = await import('./support/arbitrum.ts')
    await readOnArbitrum(url)
  })

  it('hashes names as the venue does', () => {
    // The key of all orders, which public tests compare with the chain.
    expect(gmxNameKey('ORDER_LIST')).to.equal('0x86f7cfd5d8f8404e5145c91bebb8484657420159dabd0753d6a59f3de3f7b8c1')
    expect(gmxKeys.priceFeed(doge)).to.equal(keyOf('PRICE_FEED', doge))
  })
})
