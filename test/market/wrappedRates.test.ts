import { expect } from 'chai'
import { type Address, erc20Abi, parseAbi } from 'viem'
import { loadProjectArtifact } from '../../scripts/devnet/artifacts.ts'
import { type Contract, sendAs } from '../../scripts/devnet/chain.ts'
import { approveAll, loadAggregator, mintToken } from '../../scripts/devnet/tokens.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans } from '../../src/chain/runPlans.ts'
import { type AssetKey, toAssetKey } from '../../src/core/asset.ts'
import { InvalidInputError, MissingMarketDataError, StaleMarketDataError } from '../../src/core/errors.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { readMarket } from '../../src/market/readMarket.ts'
import { parametersOf, readDevnetVenue } from '../adapters/support/devnetVenue.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { rejection } from '../support/rejection.ts'

const wad = 10n ** 18n
const million = 10n ** 6n
const vaultAbi = parseAbi([
  'function deposit(uint256 assets, address receiver) returns (uint256)',
  'function convertToAssets(uint256 shares) view returns (uint256)',
])

type Wrapped = DevnetFixture & {
  /** Shares of USDC, whose vault anyone can donate to; a vault of wstETH; wstETH; the market price of staked ether in ether. */
  readonly dollarVault: Contract
  readonly stakedVault: Contract
  readonly staked: Contract
  readonly feed: Contract
}

/** A devnet with an OpenZeppelin vault of 1,000 USDC and one of 10 staked ether that stand at 1.15 ether each. */
async function wrappedFixture(): Promise<Wrapped> {
  const fixture = await devnetFixture()
  const { chain, deployment } = fixture
  const deployer = sendAs(chain, deployment.operators.deployer)
  const vaultCode = await loadProjectArtifact('contracts/test/TestVault.sol/TestVault.json')
  const stakedCode = await loadProjectArtifact('contracts/test/WrappedStakedEther.sol/WrappedStakedEther.json')
  const dollarVault = await deployer.deploy(vaultCode, [deployment.tokens.usdc, 'Dollar vault', 'vUSDC'])
  const staked = await deployer.deploy(stakedCode, [(115n * wad) / 100n])
  const stakedVault = await deployer.deploy(vaultCode, [staked.address, 'Staked vault', 'vwstETH'])
  const feed = await deployer.deploy(await loadAggregator(), [18, wad])
  await mintToken(deployer, deployment.tokens.usdc, { to: deployer.address, amount: 10_000n * million })
  await deployer.send(staked, 'mint', [deployer.address, 100n * wad])
  await approveAll(deployer, [deployment.tokens.usdc], [dollarVault.address])
  await approveAll(deployer, [staked.address], [stakedVault.address])
  await deployer.send(dollarVault, 'deposit', [1_000n * million, deployer.address])
  await deployer.send(stakedVault, 'deposit', [10n * wad, deployer.address])
  return { ...fixture, dollarVault, stakedVault, staked, feed }
}

type Sides = { readonly held?: boolean; readonly owed?: boolean }

/** The rate of one asset by an entry of the parameter set. */
async function rateOf(
  fixture: DevnetFixture,
  address: Address,
  rate: { readonly source: string } & Readonly<Record<string, unknown>>,
  { held = true, owed = false }: Sides = {},
): Promise<bigint | undefined> {
  const { client, deployment } = fixture
  const asset: AssetKey = toAssetKey(deployment.chainId, address)
  const known = parametersOf(fixture)
  const entry = { symbol: 'W', decimals: 18, underlying: 'ETH', rate, basis: { initial: 0n, maintenance: 0n } }
  const parameters: MarginParameters = { ...known, assets: { ...known.assets, [asset]: entry } }
  const request = { underlyings: [], held: held ? [asset] : [], owed: owed ? [asset] : [], options: [] }
  const block = await pinBlock(client, { chainId: deployment.chainId })
  const plan = readMarket({ parameters, request, block })
  const { results } = await runPlans(client, block, [{ name: 'market', plan }])
  return results[0]?.rates[asset]
}

const sides = { held: { held: true }, owed: { held: false, owed: true }, both: { held: true, owed: true } } as const
const cap = (value: bigint, yearlyGrowth = 0n, since = 0) => ({ value, since, yearlyGrowth })

describe('rates of wrapped tokens on the devnet', function () {
  this.timeout(240_000)

  it('erc4626: one whole share by convertToAssets, 1.25 after a gain of a quarter', async () => {
    const fixture = await wrappedFixture()
    const { chain, client, deployment, dollarVault } = fixture
    const entry = { source: 'erc4626', cap: cap(2n * wad) }
    expect(await rateOf(fixture, dollarVault.address, entry)).to.equal(wad)
    const deployer = sendAs(chain, deployment.operators.deployer)
    const usdc = { name: 'USDC', address: deployment.tokens.usdc, abi: erc20Abi }
    await deployer.send(usdc, 'transfer', [dollarVault.address, 250n * million])
    const theirs = await client.readContract({
      address: dollarVault.address,
      abi: vaultAbi,
      functionName: 'convertToAssets',
      args: [million],
    })
    // 1,250 / 1,000, to the smallest unit that OpenZeppelin's virtual share takes.
    expect(theirs).to.equal(1_249_999n)
    expect(await rateOf(fixture, dollarVault.address, entry)).to.equal(theirs * 10n ** 12n)
    // What is owed counts a smallest unit more, which the vault may have rounded off.
    expect(await rateOf(fixture, dollarVault.address, entry, sides.owed)).to.equal((theirs + 1n) * 10n ** 12n)
  })

  it('erc4626: a donation raises what is held to the cap and no further, and what is owed in full', async () => {
    const fixture = await wrappedFixture()
    const { chain, client, deployment, dollarVault } = fixture
    const deployer = sendAs(chain, deployment.operators.deployer)
    const usdc = { name: 'USDC', address: deployment.tokens.usdc, abi: erc20Abi }
    await deployer.send(usdc, 'transfer', [dollarVault.address, 9_000n * million])
    const limit = (105n * wad) / 100n
    const entry = { source: 'erc4626', cap: cap(limit) }
    expect(await rateOf(fixture, dollarVault.address, entry)).to.equal(limit)
    expect(await rateOf(fixture, dollarVault.address, entry, sides.owed)).to.satisfy((rate: bigint) => rate > 9n * wad)
    const refusal = await rejection(rateOf(fixture, dollarVault.address, entry, sides.both), MissingMarketDataError)
    expect(refusal.message).to.contain('both held and owed')

    // A cap of 1.05 a year ago that may grow by 8 % a year: 1.05 · 1.08.
    const { timestamp } = await client.getBlock()
    const grown = { source: 'erc4626', cap: cap(limit, (8n * wad) / 100n, Number(timestamp) - 31_536_000) }
    expect(await rateOf(fixture, dollarVault.address, grown)).to.equal((1_134n * wad) / 1_000n)
    const future = { source: 'erc4626', cap: cap(limit, wad, Number(timestamp) + 1_000) }
    expect(await rateOf(fixture, dollarVault.address, future)).to.equal(limit)
    await rejection(rateOf(fixture, dollarVault.address, { source: 'erc4626' }), InvalidInputError)
  })

  it('view: what a contract answers by name and decimals, floored where it is owed', async () => {
    const fixture = await wrappedFixture()
    const { chain, deployment, staked } = fixture
    const entry = { source: 'view', function: 'stEthPerToken', decimals: 18 }
    expect(await rateOf(fixture, staked.address, entry)).to.equal((115n * wad) / 100n)
    expect(await rateOf(fixture, staked.address, { ...entry, decimals: 17 })).to.equal((115n * wad) / 10n)
    const least = (11n * wad) / 10n
    await sendAs(chain, deployment.operators.deployer).send(staked, 'setRate', [wad])
    expect(await rateOf(fixture, staked.address, { ...entry, floor: least })).to.equal(wad)
    expect(await rateOf(fixture, staked.address, { ...entry, floor: least }, sides.owed)).to.equal(least)
    expect(await rateOf(fixture, staked.address, entry, sides.both)).to.equal(wad)

    await sendAs(chain, deployment.operators.deployer).send(staked, 'setRate', [0n])
    await rejection(rateOf(fixture, staked.address, entry), MissingMarketDataError)
    await rejection(rateOf(fixture, staked.address, { ...entry, function: 'rate()' }), InvalidInputError)
  })

  it('market: what is held counts at no more than the market pays, what is owed at no less, and a late feed refuses', async () => {
    const fixture = await wrappedFixture()
    const { chain, client, deployment, feed, staked } = fixture
    const deployer = sendAs(chain, deployment.operators.deployer)
    await deployer.send(feed, 'updateAnswer', [(94n * wad) / 100n])
    const market = { source: 'chainlink', feed: feed.address, maxAge: 3_600, decimals: 18 }
    const entry = { source: 'fixed', value: wad, market }
    expect(await rateOf(fixture, staked.address, entry)).to.equal((94n * wad) / 100n)
    expect(await rateOf(fixture, staked.address, entry, sides.owed)).to.equal(wad)
    await deployer.send(feed, 'updateAnswer', [(102n * wad) / 100n])
    expect(await rateOf(fixture, staked.address, entry)).to.equal(wad)
    expect(await rateOf(fixture, staked.address, entry, sides.owed)).to.equal((102n * wad) / 100n)
    await client.mine({ blocks: 1, interval: 1 })
    await client.setNextBlockTimestamp({ timestamp: (await client.getBlock()).timestamp + 3_601n })
    await client.mine({ blocks: 1 })
    await rejection(rateOf(fixture, staked.address, entry), StaleMarketDataError)
  })

  it('chain: a share in staked ether, staked ether in ether at the lesser of its rate and market', async () => {
    const fixture = await wrappedFixture()
    const { chain, deployment, stakedVault, staked, feed } = fixture
    const deployer = sendAs(chain, deployment.operators.deployer)
    await deployer.send(staked, 'mint', [stakedVault.address, wad])
    await deployer.send(feed, 'updateAnswer', [(98n * wad) / 100n])
    const market = { source: 'chainlink', feed: feed.address, maxAge: 3_600, decimals: 18 }
    const links = [
      { source: 'erc4626', cap: cap((12n * wad) / 10n) },
      { source: 'view', contract: staked.address, function: 'stEthPerToken', decimals: 18 },
      { source: 'fixed', value: wad, market },
    ]
    // 11 / 10 less OpenZeppelin's virtual share · 1.15 · 0.98, rounded down after each.
    const share = (wad * (11n * wad + 1n)) / (10n * wad + 1n)
    expect(await rateOf(fixture, stakedVault.address, { source: 'chain', rates: links })).to.equal(
      (((share * 115n) / 100n) * 98n) / 100n,
    )
    const nested = { source: 'chain', rates: [links[0], { source: 'chain', rates: links }] }
    await rejection(rateOf(fixture, stakedVault.address, nested), MissingMarketDataError)
  })

  it('a wallet holds shares as tokens, free to move, and a share is not claimed again as what it stands for', async () => {
    const fixture = await wrappedFixture()
    const { deployment, dollarVault, stakedVault } = fixture
    const account = deployment.operators.deployer
    const configuration = { tokens: [dollarVault.address, stakedVault.address] }
    const { positions } = await readDevnetVenue(fixture, 'wallet', { account, configuration })
    expect(
      positions.map(({ claim, control, ...position }) => [
        claim.contract,
        control,
        'amount' in position && position.amount,
      ]),
    ).to.deep.equal([
      [dollarVault.address, 'free', 1_000n * million],
      [stakedVault.address, 'free', 10n * wad],
    ])
  })
})
