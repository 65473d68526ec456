import { expect } from 'chai'
import { parseAbi } from 'viem'
import { sendAs } from '../../scripts/devnet/chain.ts'
import { passTime, setPrices } from '../../scripts/devnet/prices.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans } from '../../src/chain/runPlans.ts'
import {
  InconsistentReadError,
  InvalidInputError,
  MissingMarketDataError,
  StaleMarketDataError,
} from '../../src/core/errors.ts'
import { type Market, volatilityKey } from '../../src/core/market.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { readMarket } from '../../src/market/readMarket.ts'
import type { MarketRequest } from '../../src/market/source.ts'
import { parametersOf } from '../adapters/support/devnetVenue.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { rejection } from '../support/rejection.ts'

const wad = 10n ** 18n
const aggregatorAbi = parseAbi([
  'function updateRoundData(uint80 roundId, int256 answer, uint256 timestamp, uint256 startedAt)',
])
const lyraAbi = parseAbi([
  'struct OptionBoard { uint256 id; uint256 expiry; uint256 iv; bool frozen; uint256[] strikeIds; }',
  'struct Strike { uint256 id; uint256 strikePrice; uint256 skew; uint256 longCall; uint256 shortCallBase; uint256 shortCallQuote; uint256 longPut; uint256 shortPut; uint256 boardId; }',
  'function getBoardAndStrikeDetails(uint256 boardId) view returns (OptionBoard, Strike[], uint256[], uint256)',
  'function getIvGWAV(uint256 boardId, uint256 secondsAgo) view returns (uint256)',
  'function getSkewGWAV(uint256 strikeId, uint256 secondsAgo) view returns (uint256)',
])
const nothing: MarketRequest = { underlyings: [], held: [], owed: [], options: [] }

async function read(
  fixture: DevnetFixture,
  request: Partial<MarketRequest>,
  parameters: MarginParameters = parametersOf(fixture),
): Promise<Market> {
  const block = await pinBlock(fixture.client, { chainId: fixture.deployment.chainId })
  const plan = readMarket({ parameters, request: { ...nothing, ...request }, block })
  const { results } = await runPlans(fixture.client, block, [{ name: 'market', plan }])
  return results[0] as Market
}

/** Sets the answer of the ETH feed, `age` seconds before the block in which it is read. */
async function answer(fixture: DevnetFixture, value: bigint, age: number | undefined): Promise<void> {
  const { chain, client, deployment } = fixture
  const feed = { name: 'Aggregator', address: deployment.feeds.ethUsd, abi: aggregatorAbi }
  // The transaction lands in a block one second later, which is the one that is read.
  const now = (await client.getBlock()).timestamp + 1n
  const updatedAt = age === undefined ? 0n : now - BigInt(age)
  await sendAs(chain, deployment.operators.deployer).send(feed, 'updateRoundData', [9n, value, updatedAt, updatedAt])
}

describe('readMarket on the devnet', function () {
  this.timeout(120_000)

  it('scales prices to WAD and reads only what is asked for', async () => {
    const fixture = await devnetFixture()
    await answer(fixture, 123_456_789n, 90_000)
    const { prices, rates, volatilities, rangeMultipliers } = await read(fixture, { underlyings: ['ETH'] })
    expect(Object.keys(prices)).to.deep.equal(['ETH'])
    expect(prices.ETH).to.include({ price: 1_234_567_890_000_000_000n, confidence: wad })
    expect(prices.ETH?.source).to.equal(`chainlink:${fixture.deployment.feeds.ethUsd}`)
    expect([rates, volatilities, rangeMultipliers]).to.deep.equal([{}, {}, { ETH: wad }])
  })

  const refusals: readonly (readonly [string, bigint, number | undefined, new (message: string) => Error])[] = [
    ['stale', 2_000n * 10n ** 8n, 90_001, StaleMarketDataError],
    ['zero', 0n, 1, MissingMarketDataError],
    ['negative', -1n, 1, MissingMarketDataError],
    ['unfinished', 2_000n * 10n ** 8n, undefined, MissingMarketDataError],
    ['future', 2_000n * 10n ** 8n, -5, InconsistentReadError],
  ]
  for (const [name, value, age, type] of refusals) {
    it(`refuses a ${name} answer, naming feed and underlying`, async () => {
      const fixture = await devnetFixture()
      await answer(fixture, value, age)
      const error = await rejection(read(fixture, { underlyings: ['ETH'] }), type)
      expect(error.message).to.contain(fixture.deployment.feeds.ethUsd).and.contain('ETH')
      expect(Object.keys((await read(fixture, { underlyings: ['USDC'] })).prices)).to.deep.equal(['USDC'])
    })
  }

  it('refuses a feed with other decimals, an unknown source and a malformed entry', async () => {
    const fixture = await devnetFixture()
    const parameters = parametersOf(fixture)
    const withEntry = (entry: Record<string, unknown>) =>
      ({ ...parameters, prices: { ETH: { ...parameters.prices.ETH, ...entry } } }) as MarginParameters
    const request = { underlyings: ['ETH'] }
    await rejection(read(fixture, request, withEntry({ decimals: 18 })), InconsistentReadError)
    const unknown = await rejection(read(fixture, request, withEntry({ source: 'oracle' })), MissingMarketDataError)
    expect(unknown.message).to.contain('oracle').and.contain('chainlink')
    const malformed = await rejection(read(fixture, request, withEntry({ maxAge: 0 })), InvalidInputError)
    expect(malformed.message).to.contain('prices.ETH').and.contain('maxAge')
    await rejection(read(fixture, { underlyings: ['USDT'] }), MissingMarketDataError)
    await rejection(read(fixture, { held: [`31337:0x${'11'.repeat(20)}`] }), MissingMarketDataError)
  })

  it('takes the lower and the higher of board and average volatility of every strike', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { lyra } = deployment
    await setPrices(chain, deployment, {})
    await passTime(chain, deployment, 40_000)
    const [board, strikes] = await client.readContract({
      address: lyra.optionMarket,
      abi: lyraAbi,
      functionName: 'getBoardAndStrikeDetails',
      args: [BigInt(lyra.boardId)],
    })
    const options = strikes.map(({ strikePrice }) => ({
      surface: 'lyra-eth',
      underlying: 'ETH',
      strike: strikePrice,
      expiry: Number(board.expiry),
    }))
    const { volatilities } = await read(fixture, { options })
    expect(Object.keys(volatilities)).to.have.lengthOf(strikes.length)
    const gwav = { address: lyra.greekCache, abi: lyraAbi } as const
    const iv = await client.readContract({ ...gwav, functionName: 'getIvGWAV', args: [board.id, 86_400n] })
    for (const [index, option] of options.entries()) {
      const { id, skew } = strikes[index] ?? expect.fail()
      const skewAverage = await client.readContract({ ...gwav, functionName: 'getSkewGWAV', args: [id, 259_200n] })
      const products = [board.iv * skew, iv * skewAverage]
      const [smaller, larger] = products.sort((a, b) => (a < b ? -1 : 1)) as [bigint, bigint]
      const volatility = volatilities[volatilityKey(option)]
      expect(volatility?.low).to.equal(smaller / wad)
      expect(volatility?.high).to.equal((larger + wad - 1n) / wad)
    }

    const [option] = options
    for (const change of [{ strike: 1n }, { expiry: Number(board.expiry) + 1 }]) {
      const request = { options: [{ ...option, ...change }] as MarketRequest['options'] }
      expect((await read(fixture, request)).volatilities).to.deep.equal({})
    }
  })
})
