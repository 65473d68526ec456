import { expect } from 'chai'
import { type Address, parseAbi } from 'viem'
import { advanceTime, DevnetTransactionError, sendAs } from '../../scripts/devnet/chain.ts'
import { passTime, setPrices } from '../../scripts/devnet/prices.ts'
import {
  flagPosition,
  issueSynthetixUsd,
  liquidatePosition,
  modifyPosition,
  submitDelayedOrder,
  transferMargin,
} from '../../scripts/devnet/synthetixTrading.ts'
import { readBalance } from '../../scripts/devnet/tokens.ts'
import { UnsupportedPositionError } from '../../src/adapters/errors.ts'
import { synthetixPerpsV2 } from '../../src/adapters/synthetixPerpsV2.ts'
import type { OpenPosition, SynthetixMarket } from '../../src/adapters/synthetixPerpsV2Read.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError } from '../../src/core/errors.ts'
import type { IsolatedPerpetualRule } from '../../src/core/venueRule.ts'
import { isolatedPerpetualTotals } from '../../src/risk/venues/isolatedPerpetual.ts'
import { venueState } from '../../src/risk/venues/venueState.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { rejection, thrown } from '../support/rejection.ts'
import { firstPrice, shiftFromOpening } from '../support/venueShift.ts'
import { contextOf, holder } from './support/context.ts'
import { parametersOf, readDevnetVenue } from './support/devnetVenue.ts'

const wad = 10n ** 18n
const cent = wad / 100n
const marketAbi = parseAbi([
  'function remainingMargin(address account) view returns (uint256 margin, bool invalid)',
  'function accessibleMargin(address account) view returns (uint256 margin, bool invalid)',
  'function liquidationPrice(address account) view returns (uint256 price, bool invalid)',
  'function accruedFunding(address account) view returns (int256 funding, bool invalid)',
  'function canLiquidate(address account) view returns (bool)',
  'function isFlagged(address account) view returns (bool)',
])

/** What the market itself says of an account. */
async function readMarket({ client, deployment }: DevnetFixture, account: Address) {
  const read = { address: deployment.synthetixPerps.market, abi: marketAbi, args: [account] } as const
  const [[remaining], [accessible], [liquidationPrice], [funding], canLiquidate] = await Promise.all([
    client.readContract({ ...read, functionName: 'remainingMargin' }),
    client.readContract({ ...read, functionName: 'accessibleMargin' }),
    client.readContract({ ...read, functionName: 'liquidationPrice' }),
    client.readContract({ ...read, functionName: 'accruedFunding' }),
    client.readContract({ ...read, functionName: 'canLiquidate' }),
  ])
  return { remaining, accessible, liquidationPrice, funding, canLiquidate }
}

async function readRule(fixture: DevnetFixture, account: Address): Promise<IsolatedPerpetualRule> {
  const { rules } = await readDevnetVenue(fixture, 'synthetix-perps-v2', { account })
  const [rule] = rules
  return rule?.kind === 'isolatedPerpetual' ? rule : expect.fail('a rule was expected')
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value
}

describe('synthetixPerpsV2 on the devnet', function () {
  this.timeout(300_000)

  for (const name of ['futuresLong', 'futuresShort'] as const) {
    it(`${name}: adds up to the remaining margin of the market, as prices move and funding accrues`, async () => {
      const fixture = await devnetFixture()
      const { chain, deployment } = fixture
      const account = deployment.accounts[name]
      const fundings = new Set<bigint>()
      for (const price of [2_000n, 2_120n, 1_880n]) {
        await setPrices(chain, deployment, { ETH: price * wad })
        await passTime(chain, deployment, 86_400)
        const { positions, requirements } = await readDevnetVenue(fixture, 'synthetix-perps-v2', { account })
        const theirs = await readMarket(fixture, account)
        expect(positions.map(({ kind }) => kind)).to.deep.equal(['balance', 'perpetual'])
        const [margin, perpetual] = positions
        if (margin?.kind !== 'balance' || perpetual?.kind !== 'perpetual') return expect.fail('a position was expected')
        expect(perpetual.size).to.equal(name === 'futuresLong' ? 10n * wad : -8n * wad)
        expect(perpetual.funding).to.equal(theirs.funding)
        // Cost is rounded up, and so is the product.
        const value = margin.amount + (perpetual.size * price * wad) / wad - perpetual.cost + perpetual.funding
        expect(theirs.remaining - value).to.be.oneOf([0n, 1n, 2n])
        expect((margin.venueValue ?? 0n) + (perpetual.venueValue ?? 0n)).to.equal(theirs.remaining)
        // What may be withdrawn is what remains beyond the initial requirement.
        const [requirement] = requirements
        expect(absolute(theirs.remaining - theirs.accessible - (requirement?.initial ?? 0n)) <= 2n).to.equal(true)
        expect((requirement?.maintenance ?? 0n) < (requirement?.initial ?? 0n)).to.equal(true)
        fundings.add(perpetual.funding)
      }
      expect(fundings.size).to.equal(3)
    })

    it(`${name}: one snapshot tells the price at which the market liquidates, and then the account loses all`, async () => {
      const fixture = await devnetFixture()
      const { chain, client, deployment } = fixture
      const { synthetixPerps, operators, accounts } = deployment
      const account = accounts[name]
      const isLong = name === 'futuresLong'
      const keeper = sendAs(chain, operators.maker)
      const parameters = parametersOf(fixture)
      const rule = await readRule(fixture, account)
      const at = (price: bigint) => venueState(rule, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price }))
      const turn = isLong
        ? firstPrice(1_000n * wad, 2_000n * wad, cent, (price) => !at(price).isLiquidatable)
        : firstPrice(2_000n * wad, 4_000n * wad, cent, (price) => at(price).isLiquidatable)
      // The market's own price leaves out that the fees depend on the price at which they are due.
      const { liquidationPrice } = await readMarket(fixture, account)
      expect(absolute(turn - liquidationPrice) * 100n < turn, `${turn} against ${liquidationPrice}`).to.equal(true)

      // A cent to the safe side the market refuses, a cent to the other it does not: a few seconds of funding apart.
      const [safe, due] = isLong ? [turn + cent, turn - 2n * cent] : [turn - 2n * cent, turn + cent]
      await setPrices(chain, deployment, { ETH: safe })
      expect((await readMarket(fixture, account)).canLiquidate).to.equal(false)
      const refusal = await rejection(flagPosition(keeper, synthetixPerps, account), DevnetTransactionError)
      expect(refusal.message).to.contain('cannot be liquidated')
      await setPrices(chain, deployment, { ETH: due })
      const { canLiquidate, remaining } = await readMarket(fixture, account)
      expect(canLiquidate).to.equal(true)
      const state = venueState(await readRule(fixture, account), shiftFromOpening(parameters, { timestamp: 0 }))
      expect(state.isLiquidatable).to.equal(true)
      expect(state.slack <= 0n).to.equal(true)
      // A wei more than remains, for the cost rounded up.
      expect(absolute(state.penalty - remaining) <= 2n).to.equal(true)

      await flagPosition(keeper, synthetixPerps, account)
      const flagged = await readDevnetVenue(fixture, 'synthetix-perps-v2', { account })
      expect([flagged.positions, flagged.rules, flagged.requirements]).to.deep.equal([[], [], []])
      const before = await readBalance(sendAs(chain, account), synthetixPerps.sUSD)
      await liquidatePosition(keeper, synthetixPerps, account)
      // All of it went to keeper and stakers.
      expect(await readBalance(sendAs(chain, account), synthetixPerps.sUSD)).to.equal(before)
      expect((await readMarket(fixture, account)).remaining).to.equal(0n)
      expect((await readBalance(keeper, synthetixPerps.sUSD)) > 0n).to.equal(true)
      const isFlagged = await client.readContract({
        address: synthetixPerps.market,
        abi: marketAbi,
        functionName: 'isFlagged',
        args: [account],
      })
      expect(isFlagged).to.equal(false)
    })
  }

  it('tells the verdict of the market on both sides, whichever bound the fee is at', async () => {
    // 0.3 ETH: the fee is at its minimum; 10 ETH: 0.35 % of 20,000; 1,000 ETH: at its maximum, with a premium of a thousandth.
    for (const [size, margin] of [
      [wad / 2n, 100n * wad],
      [-10n * wad, 3_000n * wad],
      [1_000n * wad, 300_000n * wad],
      [-1_000n * wad, 300_000n * wad],
    ] as const) {
      const fixture = await devnetFixture()
      const { chain, deployment } = fixture
      const { synthetixPerps, operators, accounts } = deployment
      const user = sendAs(chain, accounts.empty)
      const grant = { to: user.address, amount: margin }
      await issueSynthetixUsd(sendAs(chain, operators.deployer), synthetixPerps, grant)
      await transferMargin(user, synthetixPerps, margin)
      await modifyPosition(user, synthetixPerps, size)
      const parameters = parametersOf(fixture)
      const rule = await readRule(fixture, user.address)
      const verdicts = new Set<boolean>()
      for (const price of [1_300n, 1_650n, 1_725n, 1_800n, 1_830n, 2_100n, 2_250n, 2_275n, 2_350n]) {
        await setPrices(chain, deployment, { ETH: price * wad })
        const { canLiquidate } = await readMarket(fixture, user.address)
        const shift = shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price * wad })
        expect(venueState(rule, shift).isLiquidatable, `${size} at ${price}`).to.equal(canLiquidate)
        verdicts.add(canLiquidate)
      }
      expect([...verdicts], `${size}`).to.have.lengthOf(2)
    }
  })

  it('lists margin without a position as a balance that nothing demands', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { synthetixPerps, operators, accounts } = deployment
    const user = sendAs(chain, accounts.empty)
    await issueSynthetixUsd(sendAs(chain, operators.deployer), synthetixPerps, { to: user.address, amount: 70n * wad })
    await transferMargin(user, synthetixPerps, 70n * wad)
    const { positions, rules, requirements } = await readDevnetVenue(fixture, 'synthetix-perps-v2', {
      account: user.address,
    })
    expect(positions).to.have.lengthOf(1)
    expect(positions[0]).to.include({ kind: 'balance', amount: 70n * wad })
    expect([rules, requirements]).to.deep.equal([[], []])
    // A day and an hour without a new price: margin alone has none to ask for.
    await advanceTime(chain, 100_000)
    expect(
      (await readDevnetVenue(fixture, 'synthetix-perps-v2', { account: user.address })).positions,
    ).to.have.lengthOf(1)
  })

  it('refuses a pending delayed order, and a position in a market whose price is stale', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { futuresLong, futuresShort } = deployment.accounts
    await submitDelayedOrder(sendAs(chain, futuresLong), deployment.synthetixPerps, wad)
    const pending = await rejection(
      readDevnetVenue(fixture, 'synthetix-perps-v2', { account: futuresLong }),
      UnsupportedPositionError,
    )
    expect(pending.message).to.contain('pending delayed order')
    await readDevnetVenue(fixture, 'synthetix-perps-v2', { account: futuresShort })
    await advanceTime(chain, 100_000)
    const stale = await rejection(
      readDevnetVenue(fixture, 'synthetix-perps-v2', { account: futuresShort }),
      UnsupportedPositionError,
    )
    expect(stale.message).to.contain('stale')
  })

  it('has a witness that time and prices leave alone and every action changes', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { synthetixPerps, accounts } = deployment
    const user = sendAs(chain, accounts.futuresLong)
    const witness = async () =>
      (await readDevnetVenue(fixture, 'synthetix-perps-v2', { account: user.address })).witness
    const seen = [await witness()]
    await setPrices(chain, deployment, { ETH: 2_040n * wad })
    await passTime(chain, deployment, 5_000)
    expect(await witness()).to.deep.equal(seen[0])
    for (const act of [
      () => transferMargin(user, synthetixPerps, wad),
      () => transferMargin(user, synthetixPerps, -wad),
      () => modifyPosition(user, synthetixPerps, wad / 10n),
    ]) {
      await act()
      seen.push(await witness())
    }
    expect(new Set(seen.map(({ results }) => results)).size).to.equal(seen.length)
  })
})

describe('synthetixPerpsV2.toPositions', () => {
  const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
  const configuration = {
    marketSettings: token(1),
    marginToken: token(2),
    markets: [{ market: token(3), underlying: 'ETH' }],
  }
  const context = contextOf(configuration, { [token(2)]: 18 })
  const open: OpenPosition = {
    size: -2n * wad - 1n,
    lastPrice: 2_000n * wad + 1n,
    funding: -3n,
    price: 2_100n * wad,
    isPriceInvalid: false,
    maxLeverage: 25n * wad + wad / 1_000n,
    bufferRatio: wad / 100n,
    skewScale: 1_000n * wad,
    premiumMultiplier: 3n * wad,
  }
  const terms = {
    feeRatio: wad / 1_000n,
    minimumFee: 2n * wad,
    maximumFee: 1_000n * wad,
    keeperFee: 5n * wad,
    minimumInitialMargin: 50n * wad,
  }
  const translate = (changes: Partial<SynthetixMarket> = {}) =>
    synthetixPerpsV2.toPositions(
      {
        markets: [
          {
            ...{ market: token(3), underlying: 'ETH', margin: 400n * wad, hasOrder: false, isFlagged: false },
            open,
            ...changes,
          },
        ],
        terms,
      },
      context,
    )

  it('makes every market a venue account with margin and position', () => {
    const { positions, rules } = translate()
    const venueAccount = { chainId: 1, venue: 'venue', instance: token(3), holder, subAccount: '' }
    expect(positions.map(({ kind, claim }) => [kind, claim.contract, claim.id])).to.deep.equal([
      ['balance', token(3), 'margin'],
      ['perpetual', token(3), 'position'],
    ])
    expect(positions.map((position) => position.venueAccount)).to.deep.equal([venueAccount, venueAccount])
    // −(2 + 1e-18) · (2,000 + 1e-18), rounded up.
    const cost = -4_000n * wad - 2_002n
    expect(positions[1]).to.include({ size: -2n * wad - 1n, cost, funding: -3n })
    expect(rules[0]).to.include({ kind: 'isolatedPerpetual', quote: 2_100n * wad, margin: 400n * wad, cost })
    expect(rules[0]?.kind === 'isolatedPerpetual' && rules[0].quoteAsset).to.equal(toAssetKey(1, token(2)))
  })

  it('demands leverage for opening, and buffer, fees and premium for keeping', () => {
    const round = { ...open, size: -2n * wad }
    const [requirement] = translate({ open: round }).requirements
    // 4,200 / 25 + 0.001; 42 of buffer, 4.2 of fee, 5 for the keeper, 2/1,000 · 4,200 · 3 of premium.
    expect(requirement?.initial).to.equal(168n * wad + wad / 1_000n)
    expect(requirement?.maintenance).to.equal((764n * wad) / 10n)
    const [small] = translate({ open: { ...round, size: wad / 10n } }).requirements
    expect(small?.initial).to.equal(50n * wad + wad / 1_000n)
    const [rule] = translate({ open: round }).rules
    if (rule?.kind !== 'isolatedPerpetual') return expect.fail('a rule was expected')
    const shift = shiftFromOpening({ assets: {} } as never, { timestamp: 0 })
    const { liquidationMargin, premium } = isolatedPerpetualTotals(rule, shift)
    expect(liquidationMargin + premium).to.equal(requirement?.maintenance)
  })

  it('refuses orders, invalid prices and a margin token of other decimals; lists nothing that is flagged', async () => {
    await thrown(() => translate({ hasOrder: true }), UnsupportedPositionError)
    await thrown(() => translate({ open: { ...open, isPriceInvalid: true } }), UnsupportedPositionError)
    await thrown(() => translate({ open: { ...open, price: 0n } }), UnsupportedPositionError)
    expect(translate({ isFlagged: true, hasOrder: true })).to.deep.equal({ positions: [], requirements: [], rules: [] })
    const wrong = contextOf(configuration, { [token(2)]: 6 })
    await thrown(() => synthetixPerpsV2.toPositions({ markets: [], terms }, wrong), InconsistentReadError)
  })
})
