import { expect } from 'chai'
import { network } from 'hardhat'
import { type Address, custom, zeroAddress } from 'viem'
import { loadArtifact } from '../scripts/devnet/artifacts.ts'
import { connectDevnet, sendAs } from '../scripts/devnet/chain.ts'
import { CallFailedError } from '../src/chain/errors.ts'
import { toAssetKey } from '../src/core/asset.ts'
import { InvalidInputError } from '../src/core/errors.ts'
import { type MarginParameters, parametersHash } from '../src/core/parameters.ts'
import type { Position } from '../src/core/position.ts'
import { readSnapshot } from '../src/engine.ts'
import { findNetwork, type Network, networkParameters, UnknownNetworkError } from '../src/networkParameters.ts'
import { calculateMargin } from '../src/risk/plimsoll/calculateMargin.ts'
import { parametersOf } from './adapters/support/devnetVenue.ts'
import { type DevnetFixture, devnetFixture } from './support/devnet.ts'
import { readAaveAccount } from './support/devnetViews.ts'
import { rejection, thrown } from './support/rejection.ts'

const ethereum = findNetwork('ethereum')
const account: Address = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'

/** The devnet as a table: its own contracts under the names that a public network has. */
function tableOf({ deployment }: DevnetFixture, multicall3: Address): Network {
  const { chainId, tokens, feeds, aave, spark, uniswapV3, morphoBlue } = deployment
  return {
    name: 'devnet',
    chainId,
    multicall3,
    tokens: {
      WETH: { address: tokens.weth, decimals: 18 },
      WBTC: { address: tokens.wbtc, decimals: 8 },
      USDC: { address: tokens.usdc, decimals: 6 },
      DAI: { address: tokens.dai, decimals: 18 },
    },
    feeds: { ETH: feeds.ethUsd, BTC: feeds.btcUsd, USDC: feeds.usdcUsd, DAI: feeds.daiUsd },
    lendingPools: {
      'aave-v3': { pool: aave.pool, dataProvider: aave.dataProvider, version: '3.0' },
      spark: { pool: spark.pool, dataProvider: spark.dataProvider, version: '3.0' },
    },
    uniswapV3: { factory: uniswapV3.factory, positionManager: uniswapV3.positionManager },
    morphoBlue: { morpho: morphoBlue.morpho, fromBlock: 0 },
    maxPriceAge: { ETH: 90_000, BTC: 90_000, USDC: 90_000, DAI: 90_000 },
  }
}

describe('networkParameters', function () {
  this.timeout(240_000)

  it('builds the set of Ethereum from the tables: its tokens, feeds and venues, and the default calibration', () => {
    const { name, chainId, assets, prices, venues, underlyings } = networkParameters(ethereum)
    expect([name, chainId]).to.deep.equal(['ethereum', 1])
    const symbols = Object.entries(assets).map(([key, { symbol, underlying }]) => [symbol, underlying, key.slice(0, 6)])
    expect(symbols).to.have.deep.members([
      ['WETH', 'ETH', '1:0xc0'],
      ['WBTC', 'BTC', '1:0x22'],
      ['wstETH', 'ETH', '1:0x7f'],
      ['USDC', 'USDC', '1:0xa0'],
      ['USDT', 'USDT', '1:0xda'],
      ['DAI', 'DAI', '1:0x6b'],
      ['ETH', 'ETH', '1:0x00'],
    ])
    expect(Object.keys(underlyings)).to.deep.equal(['BTC', 'DAI', 'ETH', 'USDC', 'USDT'])
    for (const [underlying, { source, feed }] of Object.entries(prices)) {
      expect([source, feed], underlying).to.deep.equal(['chainlink', ethereum.feeds[underlying]])
    }
    expect(venues.map(({ id, adapter }) => [id, adapter])).to.deep.equal([
      ['wallet', 'erc20'],
      ['aave-v3', 'aave-v3'],
      ['spark', 'aave-v3'],
      ['uniswap-v3', 'uniswap-v3'],
      ['morpho-blue', 'morpho-blue'],
      ['compound-v3', 'compound-v3'],
    ])
    expect(venues.find(({ id }) => id === 'morpho-blue')?.configuration).to.deep.equal({
      morpho: ethereum.morphoBlue?.morpho,
      fromBlock: '18883124',
    })
  })

  it('counts staked ether at the rate of its own contract, with the basis shock of staked ether', () => {
    const wstEth = ethereum.tokens.wstETH?.address ?? zeroAddress
    const { rate, basis } = networkParameters(ethereum).assets[toAssetKey(1, wstEth)] ?? expect.fail()
    expect(rate).to.deep.equal({ source: 'view', function: 'stEthPerToken', decimals: 18 })
    expect(basis.initial).to.equal(5n * 10n ** 16n)
  })

  it('refuses networks that it does not know, and names those that it does', async () => {
    for (const unknown of [31_337, 10, 'nowhere', '1'] as const) {
      const { message } = await thrown(() => findNetwork(unknown), UnknownNetworkError)
      expect(message).to.include(`${unknown}`).and.include('ethereum (chain 1)').and.include('--parameters')
    }
    expect(findNetwork(1)).to.equal(ethereum)
  })

  it('refuses a table with a token that it cannot place, without a feed, or without an age', async () => {
    const { tokens, feeds, maxPriceAge } = ethereum
    const LINK = { address: account, decimals: 18 }
    const { BTC: _, ...noFeed } = feeds
    const { DAI: __, ...noAge } = maxPriceAge
    for (const [table, says] of [
      [{ ...ethereum, tokens: { ...tokens, LINK } }, /LINK/],
      [{ ...ethereum, tokens: { ...tokens, toString: LINK } }, /toString/],
      [{ ...ethereum, feeds: noFeed }, /no feed of BTC/],
      [{ ...ethereum, maxPriceAge: noAge }, /no price age of DAI/],
    ] as const) {
      expect((await thrown(() => networkParameters(table), InvalidInputError)).message).to.match(says)
    }
  })

  it('ends on a chain 1 without the contracts in a refusal that names venue and contract, of every venue', async () => {
    const { provider } = await network.create({ network: 'default', override: { chainId: 1 } })
    const { client } = connectDevnet({ transport: custom(provider), pace: 'stepped' })
    const parameters = networkParameters(ethereum)
    const read = (set: MarginParameters) =>
      rejection(readSnapshot(client, { account, parameters: set }), CallFailedError)

    const contracts: Readonly<Record<string, readonly (Address | undefined)[]>> = {
      wallet: [ethereum.multicall3, ...Object.values(ethereum.tokens).map(({ address }) => address)],
      'aave-v3': [ethereum.lendingPools['aave-v3']?.pool, ethereum.lendingPools['aave-v3']?.dataProvider],
      spark: [ethereum.lendingPools.spark?.pool, ethereum.lendingPools.spark?.dataProvider],
      'uniswap-v3': [ethereum.uniswapV3?.positionManager],
      'morpho-blue': [ethereum.morphoBlue?.morpho],
      'compound-v3': [...(ethereum.compoundV3?.comets ?? [])],
    }
    expect(Object.keys(contracts)).to.deep.equal(parameters.venues.map(({ id }) => id))
    const { plan: first, contract: missing } = await read(parameters)
    expect(contracts[first]).to.include(missing)
    for (const venue of parameters.venues) {
      const { plan, contract, message } = await read({ ...parameters, venues: [venue] })
      expect(plan).to.equal(venue.id)
      expect(contracts[plan], plan).to.include(contract)
      expect(message).to.include(`${plan}: `).and.include(`on ${contract} answered nothing: there is no contract`)
    }
  })

  it('reads the real protocols of a devnet under a table of their addresses as the set of the devnet does', async () => {
    const fixture = await devnetFixture()
    const { client, deployment } = fixture
    const lens =
      '@uniswap/v3-periphery/artifacts/contracts/lens/UniswapInterfaceMulticall.sol/UniswapInterfaceMulticall.json'
    const deployer = sendAs(fixture.chain, deployment.operators.deployer)
    const { address: reader } = await deployer.deploy(await loadArtifact(lens))
    const parameters = networkParameters(tableOf(fixture, reader))
    const venues = new Set(parameters.venues.map(({ id }) => id))
    const devnet = parametersOf(fixture)
    const expected = { ...devnet, venues: devnet.venues.filter(({ id }) => venues.has(id)) }
    // The wallet asks its own list of tokens; a venue names also those that the set does not know.
    const known = (position: Position) =>
      position.venueAccount.venue !== 'wallet' || ('asset' in position && position.asset in parameters.assets)
    const read = new Set<string>()
    // Who deployed it supplied the liquidity of Spark and gets the fees of a market at Morpho.
    const holders = { ...deployment.accounts, deployer: deployment.operators.deployer }
    for (const [name, holder] of Object.entries(holders)) {
      const { snapshot: ours } = await readSnapshot(client, { account: holder, parameters })
      const { snapshot: theirs } = await readSnapshot(client, { account: holder, parameters: expected })
      const held = ours.portfolio.positions.filter(({ claim }) => claim.contract !== zeroAddress)
      expect(held, name).to.deep.equal(theirs.portfolio.positions.filter(known))
      expect(ours.portfolio.rules, name).to.deep.equal(
        theirs.portfolio.rules.filter(({ venueAccount }) => venues.has(venueAccount.venue)),
      )
      const natives = ours.portfolio.positions.filter(({ claim }) => claim.contract === zeroAddress)
      expect(natives, name).to.have.lengthOf(1)
      expect(natives[0], name).to.include({ amount: await client.getBalance({ address: holder }) })
      const { portfolio, market } = ours
      expect(calculateMargin({ portfolio, market, parameters }).parametersHash, name).to.equal(
        parametersHash(parameters),
      )
      for (const { venueAccount } of held) read.add(venueAccount.venue)
    }
    expect([...read].sort()).to.deep.equal([...venues].sort())

    const { levered } = deployment.accounts
    const { snapshot } = await readSnapshot(client, { account: levered, parameters })
    const { collateral } = await readAaveAccount(fixture, levered)
    const supplied = snapshot.portfolio.positions.filter(
      ({ kind, venueAccount }) => kind === 'balance' && venueAccount.venue === 'aave-v3',
    )
    const worth = supplied.reduce((sum, { venueValue = 0n }) => sum + venueValue, 0n)
    // The pool truncates each supply to 1e-8 USD.
    expect(worth / 10n ** 10n).to.equal(collateral)
    expect(supplied).to.have.lengthOf(1)
  })
})
