import { expect } from 'chai'
import { parseAbi } from 'viem'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { type PythUpdate, publishUpdates } from '../../scripts/devnet/pyth.ts'
import { loadAggregator } from '../../scripts/devnet/tokens.ts'
import { CallFailedError } from '../../src/chain/errors.ts'
import { StaleMarketDataError, UncertainMarketDataError } from '../../src/core/errors.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { wad } from '../../src/core/units.ts'
import { readSnapshot } from '../../src/engine.ts'
import { PriceDeviationError, TooFewSourcesError } from '../../src/market/median.ts'
import { calculateMargin } from '../../src/risk/plimsoll/calculateMargin.ts'
import { parametersOf } from '../adapters/support/devnetVenue.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { rejection } from '../support/rejection.ts'

const aggregatorAbi = parseAbi(['function updateAnswer(int256 answer)'])
const dollars = (value: number) => BigInt(Math.round(value * 100)) * 10n ** 6n

function entries({ deployment }: DevnetFixture) {
  const chainlink = { source: 'chainlink', feed: deployment.feeds.ethUsd, maxAge: 90_000 }
  const pyth = {
    source: 'pyth',
    contract: deployment.pyth.contract,
    priceId: deployment.pyth.ethUsd,
    maxAge: 600,
    maxConfidence: `${wad / 100n}`,
  }
  return { chainlink, pyth }
}

/** Parameters of the devnet, with ether priced by the median of the given entries, 1 % apart at most. */
function pricedBy(fixture: DevnetFixture, ...of: readonly { readonly source: string }[]): MarginParameters {
  const parameters = parametersOf(fixture)
  const ETH = { source: 'median', of, minimumSources: 2, maximumDeviation: `${wad / 100n}`, maxAge: 90_000 }
  return { ...parameters, prices: { ...parameters.prices, ETH } }
}

async function marginOf(fixture: DevnetFixture, parameters: MarginParameters) {
  const { client, deployment } = fixture
  const { snapshot, ethCalls } = await readSnapshot(client, { account: deployment.accounts.levered, parameters })
  const { portfolio, market } = snapshot
  return { spot: market.prices.ETH, ethCalls, margin: calculateMargin({ portfolio, market, parameters }) }
}

const deployerOf = ({ chain, deployment }: DevnetFixture) => sendAs(chain, deployment.operators.deployer)
const answer = (fixture: DevnetFixture, value: number, address = fixture.deployment.feeds.ethUsd) =>
  deployerOf(fixture).send({ name: 'MockV3Aggregator', address, abi: aggregatorAbi }, 'updateAnswer', [dollars(value)])
const publish = (fixture: DevnetFixture, update: Omit<PythUpdate, 'id'>) => {
  const { contract, ethUsd } = fixture.deployment.pyth
  return publishUpdates(deployerOf(fixture), contract, [{ id: ethUsd, ...update }])
}

describe('margin at a median of Chainlink and Pyth', function () {
  this.timeout(240_000)

  it('is the margin at Chainlink alone where both say the same, in as many calls', async () => {
    const fixture = await devnetFixture()
    const { chainlink, pyth } = entries(fixture)
    for (const price of [2_000n, 1_600n]) {
      if (price !== 2_000n) await setPrices(fixture.chain, fixture.deployment, { ETH: price * wad })
      const plain = await marginOf(fixture, parametersOf(fixture))
      const both = await marginOf(fixture, pricedBy(fixture, chainlink, pyth))
      expect(both.spot).to.include({ price: price * wad, confidence: (wad * 1_999n) / 2_000n })
      expect(both.spot?.source).to.equal(`median(chainlink:${chainlink.feed}, pyth:${pyth.contract}:${pyth.priceId})`)
      expect(both.margin.equity).to.equal(plain.margin.equity)
      expect(both.margin.initialMargin).to.equal(plain.margin.initialMargin)
      expect(both.ethCalls).to.equal(plain.ethCalls)
    }
  })

  it('is refused while one of them has moved alone, and follows when both have', async () => {
    const fixture = await devnetFixture()
    const { chainlink, pyth } = entries(fixture)
    const parameters = pricedBy(fixture, chainlink, pyth)
    const before = await marginOf(fixture, parameters)

    await answer(fixture, 1_970)
    const error = await rejection(marginOf(fixture, parameters), PriceDeviationError)
    expect(error.message).to.contain(`chainlink:${chainlink.feed} gives ETH ${1_970n * wad}`)
    expect(error.message).to.contain(`pyth:${pyth.contract}:${pyth.priceId} ${2_000n * wad}`)

    // 1 % above 1,970 is 1,989.70.
    await publish(fixture, { price: dollars(1_989.71) })
    await rejection(marginOf(fixture, parameters), PriceDeviationError)
    await publish(fixture, { price: dollars(1_989.7) })
    const after = await marginOf(fixture, parameters)
    expect(after.spot?.price).to.equal((197_985n * wad) / 100n)
    expect(after.margin.equity < before.margin.equity).to.equal(true)
  })

  it('leaves out a stale Pyth by name while two others remain, and is refused without them', async () => {
    const fixture = await devnetFixture()
    const { chainlink, pyth } = entries(fixture)
    const second = await deployerOf(fixture).deploy(await loadAggregator(), [8, dollars(2_004)])
    const third = { ...chainlink, feed: second.address }
    await advanceTime(fixture.chain, 900)
    const { spot } = await marginOf(fixture, pricedBy(fixture, chainlink, pyth, third))
    expect(spot?.price).to.equal(2_002n * wad)
    expect(spot?.source).to.match(
      new RegExp(
        `^median\\(chainlink:${chainlink.feed}, chainlink:${third.feed}; without: pyth:.* s old; 600 s are allowed`,
      ),
    )
    const error = await rejection(marginOf(fixture, pricedBy(fixture, chainlink, pyth)), TooFewSourcesError)
    expect(error.message).to.contain('1 of the 2').and.contain(`pyth:${pyth.contract}`)
    const alone = { ...parametersOf(fixture), prices: { ...parametersOf(fixture).prices, ETH: pyth } }
    await rejection(marginOf(fixture, alone), StaleMarketDataError)
  })

  it('is refused for a wide interval and for an id that Pyth does not know, whatever remains', async () => {
    const fixture = await devnetFixture()
    const { chainlink, pyth } = entries(fixture)
    const second = await deployerOf(fixture).deploy(await loadAggregator(), [8, dollars(2_000)])
    const third = { ...chainlink, feed: second.address }
    const unknown = { ...pyth, priceId: `0x${'77'.repeat(32)}` }
    const reverted = await rejection(marginOf(fixture, pricedBy(fixture, chainlink, unknown, third)), CallFailedError)
    expect(reverted.message).to.contain('PriceFeedNotFound').and.contain(unknown.priceId)
    await publish(fixture, { price: dollars(2_000), conf: dollars(20.01) })
    await rejection(marginOf(fixture, pricedBy(fixture, chainlink, pyth, third)), UncertainMarketDataError)
  })

  it('charges a wide interval where the threshold of the oracle-confidence line is above it', async () => {
    const fixture = await devnetFixture()
    const { pyth } = entries(fixture)
    await publish(fixture, { price: dollars(2_000), conf: dollars(15) })
    const parameters = parametersOf(fixture)
    const { oracleConfidence } = parameters.lines
    const at = (threshold: bigint) =>
      marginOf(fixture, {
        ...parameters,
        prices: { ...parameters.prices, ETH: pyth },
        lines: { ...parameters.lines, oracleConfidence: { ...oracleConfidence, threshold } },
      })
    const charge = ({ margin }: Awaited<ReturnType<typeof at>>) =>
      margin.lines.find(({ id }) => id === 'oracleConfidence')?.initial
    // 15 of 2,000 dollars: a confidence of 0.9925.
    const sure = await at((9_925n * wad) / 10_000n)
    expect(sure.spot?.confidence).to.equal((9_925n * wad) / 10_000n)
    expect(charge(sure)).to.equal(0n)
    expect((charge(await at((9_926n * wad) / 10_000n)) ?? 0n) > 0n).to.equal(true)
  })
})
