import { expect } from 'chai'
import { type Address, erc20Abi, maxUint256, parseAbi } from 'viem'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { lyraArtifacts } from '../../scripts/devnet/lyraAvalon.ts'
import { openOption, optionTypes, setSyntheticRate } from '../../scripts/devnet/lyraTrading.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken, readBalance } from '../../scripts/devnet/tokens.ts'
import { lyraAvalon } from '../../src/adapters/lyraAvalon.ts'
import type { LyraCollateralTerms, LyraHeld } from '../../src/adapters/lyraAvalonRead.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError } from '../../src/core/errors.ts'
import type { Position } from '../../src/core/position.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { thrown } from '../support/rejection.ts'
import { contextOf, holder } from './support/context.ts'
import { readDevnetVenue } from './support/devnetVenue.ts'

const venueAbi = parseAbi([
  'struct OptionPosition { uint256 positionId; uint256 strikeId; uint8 optionType; uint256 amount; uint256 collateral; uint8 state; }',
  'function getOwnerPositions(address target) view returns (OptionPosition[])',
  'function canLiquidate(OptionPosition position, uint256 expiry, uint256 strikePrice, uint256 spotPrice) view returns (bool)',
  'function getStrikeAndExpiry(uint256 strikeId) view returns (uint256 strikePrice, uint256 expiry)',
  'function getMinCollateral(uint8 optionType, uint256 strikePrice, uint256 expiry, uint256 spotPrice, uint256 amount) view returns (uint256)',
  'struct Greeks { int256 callDelta; int256 putDelta; uint256 stdVega; uint256 callPrice; uint256 putPrice; }',
  'function getBoardGreeksView(uint256 boardId) view returns (((int256 netDelta, int256 netStdVega, int256 netOptionValue) boardGreeks, uint256 ivGWAV, Greeks[] strikeGreeks, uint256[] skewGWAVs))',
  'function isBoardCacheStale(uint256 boardId) view returns (bool)',
])
const settlementAbi = parseAbi([
  'function settleExpiredBoard(uint256 boardId)',
  'function settleOptions(uint256[] positionIds)',
])
const tradingAbi = parseAbi([
  'function createOptionBoard(uint256 expiry, uint256 baseIV, uint256[] strikePrices, uint256[] skews, bool frozen) returns (uint256)',
  'function getLiveBoards() view returns (uint256[])',
  'function getBoardStrikes(uint256 boardId) view returns (uint256[])',
  'struct TradeInputParameters { uint256 strikeId; uint256 positionId; uint256 iterations; uint8 optionType; uint256 amount; uint256 setCollateralTo; uint256 minTotalCost; uint256 maxTotalCost; }',
  'function closePosition(TradeInputParameters params)',
  'function setBoardFrozen(uint256 boardId, bool frozen)',
  'function forceSettleBoard(uint256 boardId)',
  'function merge(uint256[] positionIds)',
  'function split(uint256 positionId, uint256 newAmount, uint256 newCollateral, address recipient) returns (uint256)',
])
const wad = 10n ** 18n
const isShort = (optionType: number) => optionType >= 2

/** The venue's own account of every position, and what its shorts demand beyond the mark, at a spot price. */
async function venueView({ client, deployment }: DevnetFixture, account: Address, spot: bigint) {
  const { optionToken, optionMarket, greekCache, strikeIds, boardId } = deployment.lyra
  const read = { abi: venueAbi } as const
  const positions = await client.readContract({
    ...read,
    address: optionToken,
    functionName: 'getOwnerPositions',
    args: [account],
  })
  const { strikeGreeks } = await client.readContract({
    ...read,
    address: greekCache,
    functionName: 'getBoardGreeksView',
    args: [BigInt(boardId)],
  })
  return Promise.all(
    positions.map(async (position) => {
      const { strikeId, optionType, amount } = position
      const [strike, expiry] = await client.readContract({
        ...read,
        address: optionMarket,
        functionName: 'getStrikeAndExpiry',
        args: [strikeId],
      })
      const minCollateral = isShort(optionType)
        ? await client.readContract({
            ...read,
            address: greekCache,
            functionName: 'getMinCollateral',
            args: [optionType, strike, expiry, spot, amount],
          })
        : 0n
      const canLiquidate = await client.readContract({
        ...read,
        address: optionToken,
        functionName: 'canLiquidate',
        args: [position, expiry, strike, spot],
      })
      const greeks = strikeGreeks[strikeIds.indexOf(`${strikeId}`)]
      const isPut = optionType === 1 || optionType === 4
      const price = (isPut ? greeks?.putPrice : greeks?.callPrice) ?? 0n
      return { ...position, strike, expiry, minCollateral, canLiquidate, isPut, price }
    }),
  )
}

describe('lyraAvalon on the devnet', function () {
  this.timeout(120_000)

  for (const name of ['hedged', 'naked'] as const) {
    it(`lists the positions of the ${name} account as the venue does, with the collateral it demands`, async () => {
      const fixture = await devnetFixture()
      const { chain, deployment } = fixture
      const { lyra, chainId } = deployment
      const account = deployment.accounts[name]
      for (const price of [2_000n, 2_060n, 1_950n]) {
        await setPrices(chain, deployment, { ETH: price * wad })
        const { positions, requirements } = await readDevnetVenue(fixture, 'lyra-avalon', { account })
        const expected = await venueView(fixture, account, price * wad)
        const options = positions.filter((position) => position.kind === 'option')
        expect(
          options.map(({ claim, right, strike, expiry, size }) => ({ id: claim.id, right, strike, expiry, size })),
        ).to.deep.equal(
          expected.map(({ positionId, isPut, strike, expiry, optionType, amount }) => ({
            id: `${positionId}`,
            right: isPut ? 'put' : 'call',
            strike,
            expiry: Number(expiry),
            size: isShort(optionType) ? -amount : amount,
          })),
        )
        const collaterals = positions.filter((position) => position.kind === 'balance')
        expect(collaterals.map(({ claim, asset, amount }) => ({ id: claim.id, asset, amount }))).to.deep.equal(
          expected
            .filter(({ optionType }) => isShort(optionType))
            .map(({ positionId, optionType, collateral }) => ({
              id: `${positionId}`,
              asset: toAssetKey(chainId, optionType === 2 ? lyra.sETH : lyra.sUSD),
              amount: collateral,
            })),
        )
        const demanded = expected.reduce((total, { optionType, minCollateral, amount, price: mark }) => {
          if (!isShort(optionType)) return total
          const minimum = optionType === 2 ? (minCollateral * price * wad) / wad : minCollateral
          const beyond = minimum - (amount * mark) / wad
          return total + (beyond > 0n ? beyond : 0n)
        }, 0n)
        expect(requirements).to.have.lengthOf(1)
        expect(requirements[0]?.initial).to.equal(demanded)
        expect(requirements[0]?.maintenance).to.equal(demanded)
      }
    })
  }

  it('is short of the requirement exactly where the venue may liquidate', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { naked } = deployment.accounts
    const seen = new Set<boolean>()
    for (const price of [2_000n, 2_150n]) {
      await setPrices(chain, deployment, { ETH: price * wad })
      const [call] = await venueView(fixture, naked, price * wad)
      if (call === undefined) return expect.fail('a short call was expected')
      const { positions } = await readDevnetVenue(fixture, 'lyra-avalon', { account: naked })
      const collateral = positions.find(({ kind, claim }) => kind === 'balance' && claim.id === `${call.positionId}`)
      const slack = (collateral?.kind === 'balance' ? collateral.amount : 0n) - call.minCollateral
      expect(slack < 0n).to.equal(call.canLiquidate)
      seen.add(call.canLiquidate)
    }
    expect([...seen]).to.deep.equal([false, true])
  })

  it('takes the intrinsic value, never more than the mark, while the cached price is stale', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { naked } = deployment.accounts
    await advanceTime(chain, 4 * 3_600)
    await setSyntheticRate(sendAs(chain, deployment.operators.deployer), deployment.lyra.exchangeRates, 2_100n * wad)
    const isStale = await client.readContract({
      address: deployment.lyra.greekCache,
      abi: venueAbi,
      functionName: 'isBoardCacheStale',
      args: [BigInt(deployment.lyra.boardId)],
    })
    expect(isStale).to.equal(true)
    const { requirements } = await readDevnetVenue(fixture, 'lyra-avalon', { account: naked })
    const shorts = await venueView(fixture, naked, 2_100n * wad)
    const demanded = shorts.reduce((total, { minCollateral, amount, isPut }) => {
      return total + minCollateral - (isPut ? 0n : amount * 100n)
    }, 0n)
    expect(requirements[0]?.maintenance).to.equal(demanded)
  })

  it('lists expired options with their expiry and demands nothing for them', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { naked, hedged } = deployment.accounts
    await advanceTime(chain, 30 * 86_400)
    const { timestamp } = await client.getBlock()
    for (const account of [naked, hedged]) {
      const { positions, requirements } = await readDevnetVenue(fixture, 'lyra-avalon', { account })
      const expiries = positions.flatMap((position) => (position.kind === 'option' ? [position.expiry] : []))
      expect(expiries).to.have.lengthOf(2)
      expect(expiries.every((expiry) => expiry < timestamp)).to.equal(true)
      expect(requirements).to.deep.equal([])
      expect(positions.every((position) => !('settlement' in position))).to.equal(true)
    }
  })

  for (const price of [2_600n, 1_900n]) {
    it(`lists of a board settled at ${price} what the venue then pays`, async () => {
      const fixture = await devnetFixture()
      const { chain, client, deployment } = fixture
      const { lyra, accounts, operators } = deployment
      const deployer = sendAs(chain, operators.deployer)
      await advanceTime(chain, 30 * 86_400)
      await setSyntheticRate(deployer, lyra.exchangeRates, price * wad)
      const market = { name: 'OptionMarket', address: lyra.optionMarket, abi: settlementAbi }
      await deployer.send(market, 'settleExpiredBoard', [BigInt(lyra.boardId)])
      const account = accounts.hedged
      const { positions, rules } = await readDevnetVenue(fixture, 'lyra-avalon', { account })
      expect(rules).to.deep.equal([])
      expect(positions.map(({ kind }) => kind)).to.deep.equal(['option', 'balance'])
      const [put, base] = positions
      if (put?.kind !== 'option' || base?.kind !== 'balance') return expect.fail('a put and collateral were expected')
      expect(put.settlement).to.deep.equal({ kind: 'final', price: price * wad })

      const tokens = [lyra.sUSD, lyra.sETH] as const
      const balances = () =>
        Promise.all(
          tokens.map((address) =>
            client.readContract({ address, abi: erc20Abi, functionName: 'balanceOf', args: [account] }),
          ),
        )
      const [quoteBefore = 0n, baseBefore = 0n] = await balances()
      const shortCollateral = { name: 'ShortCollateral', address: lyra.shortCollateral, abi: settlementAbi }
      await deployer.send(shortCollateral, 'settleOptions', [[BigInt(put.claim.id), BigInt(base.claim.id)]])
      const [quoteAfter = 0n, baseAfter = 0n] = await balances()
      expect(quoteAfter - quoteBefore).to.equal(put.venueValue)
      expect(baseAfter - baseBefore).to.equal(base.amount)
      expect((await readDevnetVenue(fixture, 'lyra-avalon', { account })).positions).to.deep.equal([])
    })
  }
})

describe('lyraAvalon: every kind of option on two boards', function () {
  this.timeout(300_000)

  /** Lists a second board and opens all five kinds on both, for the empty account. */
  async function openEverything() {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { lyra, accounts, operators } = deployment
    const deployer = sendAs(chain, operators.deployer)
    const user = sendAs(chain, accounts.empty)
    const market = { name: 'OptionMarket', address: lyra.optionMarket, abi: tradingAbi }
    const { timestamp } = await client.getBlock()
    const terms = [timestamp + 8n * 604_800n, wad, [1_800n * wad, 2_200n * wad], [wad, wad], false] as const
    await deployer.send(market, 'createOptionBoard', terms)
    const boards = await client.readContract({ ...market, functionName: 'getLiveBoards' })
    const second = boards.find((id) => `${id}` !== lyra.boardId) ?? 0n
    const strikes = await client.readContract({ ...market, functionName: 'getBoardStrikes', args: [second] })
    for (const token of [lyra.sUSD, lyra.sETH]) {
      await mintToken(deployer, token, { to: user.address, amount: 100_000n * wad })
    }
    await approveAll(user, [lyra.sUSD, lyra.sETH], [lyra.optionMarket])
    for (const strikeId of [BigInt(lyra.strikeIds[1] ?? 0), strikes[1] ?? 0n]) {
      for (const [optionType, collateral] of [
        [optionTypes.longCall, 0n],
        [optionTypes.longPut, 0n],
        [optionTypes.shortCallBase, wad],
        [optionTypes.shortCallQuote, 1_500n * wad],
        [optionTypes.shortPutQuote, 1_600n * wad],
      ] as const) {
        await openOption(user, lyra, { strikeId, optionType, amount: wad, collateral })
      }
    }
    const read = () => readDevnetVenue(fixture, 'lyra-avalon', { account: user.address })
    const owned = () =>
      client.readContract({
        address: lyra.optionToken,
        abi: venueAbi,
        functionName: 'getOwnerPositions',
        args: [user.address],
      })
    const settle = (ids: readonly string[]) =>
      deployer.send({ name: 'ShortCollateral', address: lyra.shortCollateral, abi: settlementAbi }, 'settleOptions', [
        ids.map(BigInt),
      ])
    const trade = (
      functionName: string,
      position: { strikeId: bigint; positionId: bigint; optionType: number },
      of: {
        amount: bigint
        collateral: bigint
      },
    ) =>
      user.send(market, functionName, [
        {
          strikeId: position.strikeId,
          positionId: position.positionId,
          iterations: 1n,
          optionType: position.optionType,
          amount: of.amount,
          setCollateralTo: of.collateral,
          minTotalCost: 0n,
          maxTotalCost: maxUint256,
        },
      ])
    const token = { name: 'OptionToken', address: lyra.optionToken, abi: tradingAbi }
    return { fixture, deployer, user, market, token, second, read, owned, settle, trade }
  }

  /** What settling pays by our reading, in sUSD and sETH: of a short never less than nothing. */
  function payouts(positions: readonly Position[], { sETH }: { readonly sETH: Address }): readonly [bigint, bigint] {
    const byId = new Map<string, { quote: bigint; base: bigint }>()
    for (const position of positions) {
      const { id } = position.claim
      const sum = byId.get(id) ?? { quote: 0n, base: 0n }
      if (position.kind === 'option') sum.quote += position.venueValue ?? 0n
      else if (position.kind === 'balance') {
        if (position.asset.endsWith(sETH.toLowerCase())) sum.base += position.amount
        else sum.quote += position.amount
      }
      byId.set(id, sum)
    }
    return [...byId.values()].reduce<readonly [bigint, bigint]>(
      ([quote, base], sum) => [quote + (sum.quote > 0n ? sum.quote : 0n), base + sum.base],
      [0n, 0n],
    )
  }

  it('lists ten positions with their collateral, and the rule of the six shorts', async () => {
    const { read, owned } = await openEverything()
    const { positions, rules } = await read()
    const theirs = await owned()
    expect(theirs.map(({ optionType }) => optionType)).to.deep.equal([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    const options = positions.filter((position) => position.kind === 'option')
    expect(options.map(({ claim }) => claim.id)).to.deep.equal(theirs.map(({ positionId }) => `${positionId}`))
    expect(options.map(({ right, size }) => [right, size > 0n])).to.deep.equal(
      [...Array(2)].flatMap(() => [
        ['call', true],
        ['put', true],
        ['call', false],
        ['call', false],
        ['put', false],
      ]),
    )
    expect(new Set(options.map(({ expiry }) => expiry)).size).to.equal(2)
    const [rule] = rules
    expect(rules).to.have.lengthOf(1)
    expect(rule?.kind === 'optionCollateral' && rule.shorts.map(({ collateralIn }) => collateralIn)).to.deep.equal([
      ...['base', 'quote', 'quote'],
      ...['base', 'quote', 'quote'],
    ])
  })

  for (const price of [2_700n, 2_150n, 1_300n]) {
    it(`past the expiry of one board settled at ${price}, lists what it pays and keeps the rule of the other`, async () => {
      const { fixture, deployer, market, user, read, settle } = await openEverything()
      const { chain, deployment } = fixture
      const { lyra } = deployment
      await advanceTime(chain, 29 * 86_400)
      await setSyntheticRate(deployer, lyra.exchangeRates, price * wad)
      const { timestamp } = await fixture.client.getBlock()
      const unsettled = await read()
      const expired = unsettled.positions.filter(
        (position) => position.kind === 'option' && position.expiry <= Number(timestamp),
      )
      expect(expired).to.have.lengthOf(5)
      expect(expired.every((position) => !('settlement' in position))).to.equal(true)
      expect(unsettled.rules[0]?.kind === 'optionCollateral' && unsettled.rules[0].shorts).to.have.lengthOf(3)

      await deployer.send({ ...market, abi: settlementAbi }, 'settleExpiredBoard', [BigInt(lyra.boardId)])
      const { positions, rules } = await read()
      expect(rules[0]?.kind === 'optionCollateral' && rules[0].shorts).to.have.lengthOf(3)
      const live = new Set(
        positions.flatMap(({ claim, ...position }) =>
          position.kind === 'option' && position.expiry > Number(timestamp) ? [claim.id] : [],
        ),
      )
      expect(live.size).to.equal(5)
      const settled = positions.filter(({ claim }) => !live.has(claim.id))
      const [quote, base] = payouts(settled, lyra)
      const before = [await readBalance(user, lyra.sUSD), await readBalance(user, lyra.sETH)] as const
      await settle([...new Set(settled.map(({ claim }) => claim.id))])
      expect((await readBalance(user, lyra.sUSD)) - before[0]).to.equal(quote)
      expect((await readBalance(user, lyra.sETH)) - before[1]).to.equal(base)
      const left = (await read()).positions
      expect(left.filter(({ kind }) => kind === 'option')).to.have.lengthOf(5)
    })
  }

  it('a board settled by force before its expiry has expired', async () => {
    const { fixture, deployer, market, user, second, read, settle } = await openEverything()
    const { lyra } = fixture.deployment
    await deployer.send(market, 'setBoardFrozen', [second, true])
    await deployer.send(market, 'forceSettleBoard', [second])
    const { positions, block } = await read()
    const settled = positions.filter((position) => position.kind === 'option' && position.settlement?.kind === 'final')
    // The short call with base collateral is down to what is left of that.
    expect(settled).to.have.lengthOf(4)
    for (const position of settled) expect(position).to.include({ expiry: block.timestamp })
    const strike = settled[0]?.kind === 'option' ? settled[0].strike : 0n
    const liveIds = new Set(
      positions.flatMap((position) =>
        position.kind === 'option' && position.strike !== strike ? [position.claim.id] : [],
      ),
    )
    const ended = positions.filter(({ claim }) => !liveIds.has(claim.id))
    const [quote, base] = payouts(ended, lyra)
    const before = [await readBalance(user, lyra.sUSD), await readBalance(user, lyra.sETH)] as const
    await settle([...new Set(ended.map(({ claim }) => claim.id))])
    expect((await readBalance(user, lyra.sUSD)) - before[0]).to.equal(quote)
    expect((await readBalance(user, lyra.sETH)) - before[1]).to.equal(base)
  })

  it('follows what is closed, merged, split and liquidated', async () => {
    const { fixture, user, token, read, owned, trade } = await openEverything()
    const { chain, deployment } = fixture
    const { lyra } = deployment
    const same = async () => {
      const theirs = await owned()
      const options = (await read()).positions.filter((position) => position.kind === 'option')
      expect(options.map(({ claim, size }) => [claim.id, size])).to.deep.equal(
        theirs.map(({ positionId, optionType, amount }) => [`${positionId}`, isShort(optionType) ? -amount : amount]),
      )
      return theirs
    }
    const [call, put, covered, shortCall] = await same()
    if (!call || !put || !covered || !shortCall) return expect.fail('positions were expected')
    await trade('closePosition', call, { amount: wad, collateral: 0n })
    await trade('closePosition', shortCall, { amount: wad / 2n, collateral: 700n * wad })
    expect(await same()).to.have.lengthOf(9)

    await openOption(user, lyra, {
      strikeId: put.strikeId,
      optionType: optionTypes.longPut,
      amount: wad,
      collateral: 0n,
    })
    const [other] = (await same()).filter(
      ({ strikeId, optionType, positionId }) =>
        strikeId === put.strikeId && optionType === put.optionType && positionId !== put.positionId,
    )
    await user.send(token, 'merge', [[put.positionId, other?.positionId ?? 0n]])
    expect((await same()).find(({ positionId }) => positionId === put.positionId)?.amount).to.equal(2n * wad)
    await user.send(token, 'split', [covered.positionId, wad / 2n, wad / 2n, user.address])
    expect(await same()).to.have.lengthOf(10)

    await setPrices(chain, deployment, { ETH: 3_000n * wad })
    const liquidator = sendAs(chain, deployment.accounts.levered)
    const venue = {
      name: 'OptionMarket',
      address: lyra.optionMarket,
      abi: (await (await lyraArtifacts())('OptionMarket')).abi,
    }
    await liquidator.send(venue, 'liquidatePosition', [shortCall.positionId, liquidator.address])
    expect(await same()).to.have.lengthOf(9)
  })
})

describe('lyraAvalon.toPositions', () => {
  const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
  const configuration = {
    optionMarket: token(1),
    optionToken: token(2),
    greekCache: token(3),
    shortCollateral: token(4),
    synthetixAdapter: token(5),
    underlying: 'ETH',
    quoteAsset: token(6),
    baseAsset: token(7),
    surface: 'surface',
  }
  const context = contextOf(configuration, { [token(6)]: 18, [token(7)]: 18 })
  const held: LyraHeld = {
    id: 9n,
    type: { right: 'call', side: 'short', collateral: 'base' },
    amount: 2n * wad,
    collateral: wad,
    strike: 1_500n * wad,
    expiry: 2_000_000,
    requirement: { minCollateral: wad / 2n + 1n, spot: 2_000n * wad + 1n },
    cachedPrice: 300n * wad,
  }
  const terms: LyraCollateralTerms = {
    spot: 2_000n * wad + 1n,
    minimum: {
      quoteCollateral: 200n * wad,
      baseCollateral: wad / 5n,
      shockVolA: 2n * wad,
      shockVolPointA: 1,
      shockVolB: wad,
      shockVolPointB: 2,
      callSpotShock: wad,
      putSpotShock: wad,
      rate: -1n,
    },
    penaltyRatio: wad / 5n,
    minimumPenalty: 15n * wad,
  }
  const translate = (...positions: readonly LyraHeld[]) => lyraAvalon.toPositions({ positions, terms }, context)
  const required = (changes: Partial<LyraHeld>) => translate({ ...held, ...changes }).requirements[0]?.maintenance
  const { cachedPrice: _, ...stale } = held
  const expired = { id: 9n, amount: 2n * wad, collateral: wad, strike: 1_500n * wad, expiry: 1_000_000 }

  it('makes an option and its collateral two claims of one venue account', () => {
    const { positions } = translate(held)
    expect(positions.map(({ kind, claim }) => [kind, claim.contract, claim.id])).to.deep.equal([
      ['option', token(2), '9'],
      ['balance', token(4), '9'],
    ])
    expect(positions[0]).to.include({ size: -2n * wad, right: 'call', strike: 1_500n * wad, surface: 'surface' })
    expect(positions[1]).to.include({ asset: toAssetKey(1, token(7)), amount: wad })
  })

  it('values base collateral at the venue spot, rounded up, and takes off the mark', () => {
    expect(required({})).to.equal(1_000n * wad + 2_001n - 600n * wad)
    const requirement = { minCollateral: wad, spot: 2_000n * wad }
    expect(translate({ ...stale, requirement }).requirements[0]?.maintenance).to.equal(2_000n * wad - 1_000n * wad)
    const put = { ...stale, type: { right: 'put', side: 'short', collateral: 'quote' } } as const
    const demanded = translate({ ...put, requirement: { ...requirement, minCollateral: 700n * wad } }).requirements[0]
    expect(demanded?.maintenance).to.equal(700n * wad)
    expect(required({ ...put, requirement: { minCollateral: wad, spot: wad }, cachedPrice: 300n * wad })).to.equal(0n)
  })

  it('gives the rule of the live shorts only', () => {
    const long: LyraHeld = {
      ...expired,
      id: 8n,
      collateral: 0n,
      type: { right: 'put', side: 'long', collateral: undefined },
    }
    const { rules } = translate(held, long, { ...expired, type: held.type })
    expect(rules).to.deep.equal([
      {
        kind: 'optionCollateral',
        venueAccount: { chainId: 1, venue: 'venue', instance: token(1), holder, subAccount: '' },
        underlying: 'ETH',
        quoteAsset: toAssetKey(1, token(6)),
        quote: 2_000n * wad + 1n,
        shorts: [
          {
            id: '9',
            right: 'call',
            collateralIn: 'base',
            strike: 1_500n * wad,
            expiry: 2_000_000,
            amount: 2n * wad,
            collateral: wad,
          },
        ],
        minimum: terms.minimum,
        penaltyRatio: wad / 5n,
        minimumPenalty: 15n * wad,
      },
    ])
    expect(translate(long, { ...expired, type: held.type }).rules).to.deep.equal([])
  })

  it('values options at the cached price and collateral at the venue spot', () => {
    const long: LyraHeld = { ...held, type: { right: 'call', side: 'long', collateral: undefined }, collateral: 0n }
    const quote: LyraHeld = { ...held, type: { right: 'call', side: 'short', collateral: 'quote' } }
    const values = (position: LyraHeld) => translate(position).positions.map(({ venueValue }) => venueValue)
    expect(values(held)).to.deep.equal([-600n * wad, 2_000n * wad + 1n])
    expect(values(long)).to.deep.equal([600n * wad])
    expect(values(quote)).to.deep.equal([-600n * wad, wad])
    expect(values({ ...stale, type: quote.type })).to.deep.equal([undefined, wad])
  })

  it('gives a settled option its final price, and of a settled call with base collateral only what is left', () => {
    const settled = { price: 2_000n * wad, basePerOption: wad / 4n }
    const long: LyraHeld = {
      ...expired,
      settled,
      collateral: 0n,
      type: { right: 'call', side: 'long', collateral: undefined },
    }
    const [option] = translate(long).positions
    expect(option?.kind === 'option' && option.settlement).to.deep.equal({ kind: 'final', price: 2_000n * wad })
    expect(option?.venueValue).to.equal(1_000n * wad)
    const short = (collateral: bigint): LyraHeld => ({ ...expired, settled, collateral, type: held.type })
    const left = (collateral: bigint) =>
      translate(short(collateral)).positions.map((position) => [position.kind, 'amount' in position && position.amount])
    expect(left(wad)).to.deep.equal([['balance', wad / 2n]])
    expect(left(wad / 3n)).to.deep.equal([])
    const put: LyraHeld = { ...short(wad), type: { right: 'put', side: 'short', collateral: 'quote' } }
    expect(translate(put).positions.map(({ kind }) => kind)).to.deep.equal(['option', 'balance'])
  })

  it('refuses a state or type that it does not know, and tokens without 18 decimals', async () => {
    const answer = { positionId: 1n, strikeId: 1n, amount: 1n, collateral: 0n }
    for (const [state, optionType] of [
      [0, 0],
      [2, 0],
      [1, 5],
    ] as const) {
      const plan = lyraAvalon.read(context)
      plan.next()
      await thrown(() => plan.next([[{ ...answer, state, optionType }]]), InconsistentReadError)
    }
    const wrong = contextOf(configuration, { [token(6)]: 6 })
    await thrown(() => lyraAvalon.toPositions({ positions: [held], terms }, wrong), InconsistentReadError)
  })
})
