import { expect } from 'chai'
import { type Address, parseAbi } from 'viem'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { setSyntheticRate } from '../../scripts/devnet/lyraTrading.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { type LyraRaw, lyraAvalon } from '../../src/adapters/lyraAvalon.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError } from '../../src/core/errors.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { thrown } from '../support/rejection.ts'
import { contextOf } from './support/context.ts'
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
    }
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
  const held: LyraRaw[number] = {
    id: 9n,
    type: { right: 'call', side: 'short', collateral: 'base' },
    amount: 2n * wad,
    collateral: wad,
    strike: 1_500n * wad,
    expiry: 2_000_000,
    requirement: { minCollateral: wad / 2n + 1n, spot: 2_000n * wad + 1n, cachedPrice: 300n * wad },
  }
  const required = (requirement: LyraRaw[number]['requirement'], type = held.type) =>
    lyraAvalon.toPositions([{ ...held, type, requirement }], context).requirements[0]?.maintenance

  it('makes an option and its collateral two claims of one venue account', () => {
    const { positions } = lyraAvalon.toPositions([held], context)
    expect(positions.map(({ kind, claim }) => [kind, claim.contract, claim.id])).to.deep.equal([
      ['option', token(2), '9'],
      ['balance', token(4), '9'],
    ])
    expect(positions[0]).to.include({ size: -2n * wad, right: 'call', strike: 1_500n * wad, surface: 'surface' })
    expect(positions[1]).to.include({ asset: toAssetKey(1, token(7)), amount: wad })
  })

  it('values base collateral at the venue spot, rounded up, and takes off the mark', () => {
    expect(required(held.requirement)).to.equal(1_000n * wad + 2_001n - 600n * wad)
    const stale = { minCollateral: wad, spot: 2_000n * wad, cachedPrice: undefined }
    expect(required(stale)).to.equal(2_000n * wad - 1_000n * wad)
    const quote = { right: 'put', side: 'short', collateral: 'quote' } as const
    expect(required({ ...stale, minCollateral: 700n * wad }, quote)).to.equal(700n * wad)
    expect(required({ minCollateral: wad, spot: wad, cachedPrice: 300n * wad }, quote)).to.equal(0n)
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
    await thrown(() => lyraAvalon.toPositions([held], wrong), InconsistentReadError)
  })
})
