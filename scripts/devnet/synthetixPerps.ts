import { type Abi, type AbiFunction, type Address, parseEther, toFunctionSelector, zeroAddress } from 'viem'
import { type Artifact, loadProjectArtifact } from './artifacts.ts'
import type { Contract, Sender } from './chain.ts'
import { name32 } from './lyraAvalon.ts'
import { loadSynthetixArtifact, type SynthetixContract } from './synthetixArtifacts.ts'

/**
 * Synthetix Perps v2 from `synthetix`, with one ETH market whose margin is sUSD. Everything is the protocol's own but for what
 * hangs on its debt pool: `Exchanger`, `FeePool` and `Issuer` are one stand-in of ours (`contracts/test/SynthetixStandIn.sol`).
 * This sUSD is Synthetix's own token, not that of Lyra's stand-ins.
 */
export type SynthetixPerpsDeployment = {
  readonly addressResolver: Address
  readonly systemStatus: Address
  readonly exchangeRates: Address
  readonly futuresMarketManager: Address
  readonly marketSettings: Address
  /** The proxy of the ETH market. */
  readonly market: Address
  readonly sUSD: Address
  /** Stands in for the issuer, so that anyone may issue sUSD. */
  readonly issuer: Address
}

/** Seconds for which a price of the feed is good: a day and an hour. */
const rateStalePeriod = 90_000n
/** The devnet jumps where markets move, so that the circuit breaker trips at a factor of a thousand only. */
const priceDeviationFactor = parseEther('1000')

const marketKey = name32('sETHPERP')
const baseAsset = name32('sETH')

/** Global parameters in the order in which the protocol lets them be set: ratios and sUSD, WAD. */
const globalParameters = [
  ['setMinInitialMargin', parseEther('50')],
  ['setMinKeeperFee', parseEther('2')],
  ['setMaxKeeperFee', parseEther('1000')],
  ['setLiquidationFeeRatio', parseEther('0.0035')],
  ['setKeeperLiquidationFee', parseEther('2')],
] as const

const marketParameters = {
  takerFee: parseEther('0.001'),
  makerFee: parseEther('0.0002'),
  takerFeeDelayedOrder: parseEther('0.001'),
  makerFeeDelayedOrder: parseEther('0.0002'),
  takerFeeOffchainDelayedOrder: parseEther('0.0006'),
  makerFeeOffchainDelayedOrder: parseEther('0.0002'),
  maxLeverage: parseEther('25'),
  maxMarketValue: parseEther('100000'),
  maxFundingVelocity: parseEther('9'),
  skewScale: parseEther('1000000'),
  nextPriceConfirmWindow: 2n,
  delayedOrderConfirmWindow: 120n,
  minDelayTimeDelta: 60n,
  maxDelayTimeDelta: 6_000n,
  offchainDelayedOrderMinAge: 2n,
  offchainDelayedOrderMaxAge: 120n,
  offchainMarketKey: name32('ocETHPERP'),
  offchainPriceDivergence: parseEther('0.02'),
  liquidationPremiumMultiplier: parseEther('1'),
  liquidationBufferRatio: parseEther('0.0075'),
  maxLiquidationDelta: parseEther('0.05'),
  maxPD: parseEther('0.1'),
} as const

/** The artifact of the stand-in for the contracts around the debt pool. */
export function loadSynthetixStandIn(): Promise<Artifact> {
  return loadProjectArtifact('contracts/test/SynthetixStandIn.sol/SynthetixStandIn.json')
}

/**
 * Deploys the system and its ETH market, priced by a Chainlink `feed`.
 *
 * @throws {MissingArtifactError} when the project is not compiled.
 */
export async function deploySynthetixPerps(
  deployer: Sender,
  { feed }: { readonly feed: Address },
): Promise<SynthetixPerpsDeployment> {
  const owner = deployer.address
  const libraries: Record<string, Address> = {}
  const create = async (name: SynthetixContract, args: readonly unknown[] = []) =>
    deployer.deploy(await loadSynthetixArtifact(name), args, libraries)
  for (const name of ['SafeDecimalMath', 'SignedSafeDecimalMath', 'SystemSettingsLib'] as const) {
    libraries[name] = (await create(name)).address
  }
  const resolver = await create('AddressResolver', [owner])
  const owned = [owner, resolver.address]
  const systemStatus = await create('SystemStatus', [owner])
  const flexibleStorage = await create('FlexibleStorage', [resolver.address])
  const systemSettings = await create('SystemSettings', owned)
  const circuitBreaker = await create('CircuitBreaker', owned)
  const exchangeRates = await create('ExchangeRates', owned)
  const standIn = await deployer.deploy(await loadSynthetixStandIn())
  const { synth, token } = await deploySynth({ deployer, create, resolver: resolver.address })
  const manager = await create('FuturesMarketManager', owned)
  const settings = await create('PerpsV2MarketSettings', owned)
  const offchainRates = await create('PerpsV2ExchangeRate', owned)
  await importAddresses(deployer, resolver, {
    SystemStatus: systemStatus,
    FlexibleStorage: flexibleStorage,
    SystemSettings: systemSettings,
    CircuitBreaker: circuitBreaker,
    ExchangeRates: exchangeRates,
    Exchanger: standIn,
    FeePool: standIn,
    Issuer: standIn,
    SynthsUSD: synth,
    FuturesMarketManager: manager,
    PerpsV2MarketSettings: settings,
    PerpsV2ExchangeRate: offchainRates,
  })
  for (const contract of [systemSettings, circuitBreaker, exchangeRates, synth, manager, settings, offchainRates]) {
    await deployer.send(contract, 'rebuildCache')
  }
  await deployer.send(systemSettings, 'setRateStalePeriod', [rateStalePeriod])
  await deployer.send(systemSettings, 'setPriceDeviationThresholdFactor', [priceDeviationFactor])
  await deployer.send(exchangeRates, 'addAggregator', [baseAsset, feed])

  const { market, execution } = await deployMarket({ deployer, create, resolver: resolver.address })
  await deployer.send(offchainRates, 'addAssociatedContracts', [[execution]])
  await deployer.send(manager, 'addProxiedMarkets', [[market]])
  for (const [functionName, value] of globalParameters) await deployer.send(settings, functionName, [value])
  await deployer.send(settings, 'setParameters', [marketKey, marketParameters])
  return {
    addressResolver: resolver.address,
    systemStatus: systemStatus.address,
    exchangeRates: exchangeRates.address,
    futuresMarketManager: manager.address,
    marketSettings: settings.address,
    market,
    sUSD: token,
    issuer: standIn.address,
  }
}

async function importAddresses(
  deployer: Sender,
  resolver: Contract,
  contracts: Readonly<Record<string, Contract>>,
): Promise<void> {
  const addresses = Object.values(contracts).map(({ address }) => address)
  await deployer.send(resolver, 'importAddresses', [Object.keys(contracts).map(name32), addresses])
}

type Deploying = {
  readonly deployer: Sender
  readonly create: (name: SynthetixContract, args: readonly unknown[]) => Promise<Contract>
  readonly resolver: Address
}

/** sUSD: a token behind the proxy that its holders call. */
async function deploySynth({ deployer, create, resolver }: Deploying): Promise<{ synth: Contract; token: Address }> {
  const owner = deployer.address
  const proxy = await create('ProxyERC20', [owner])
  const state = await create('TokenState', [owner, zeroAddress])
  const terms = ['Synth sUSD', 'sUSD', owner, name32('sUSD'), 0n, resolver]
  const synth = await create('Synth', [proxy.address, state.address, ...terms])
  await deployer.send(state, 'setAssociatedContract', [synth.address])
  await deployer.send(proxy, 'setTarget', [synth.address])
  return { synth, token: proxy.address }
}

/** The market: a state, five implementations, and a proxy that routes every function to one of them. */
async function deployMarket({
  deployer,
  create,
  resolver,
}: Deploying): Promise<{ market: Address; execution: Address }> {
  const owner = deployer.address
  const proxy = await create('ProxyPerpsV2', [owner])
  const stateArgs = [owner, [owner], baseAsset, marketKey, zeroAddress]
  const state = await create('PerpsV2MarketState', stateArgs)
  const views = await create('PerpsV2MarketViews', [state.address, owner, resolver])
  const behindProxy = (name: SynthetixContract) => create(name, [proxy.address, state.address, owner, resolver])
  const execution = await behindProxy('PerpsV2MarketDelayedExecution')
  const implementations = [
    views,
    await behindProxy('PerpsV2Market'),
    await behindProxy('PerpsV2MarketDelayedIntent'),
    execution,
    await behindProxy('PerpsV2MarketLiquidate'),
  ]
  await deployer.send(state, 'linkOrInitializeState')
  await deployer.send(state, 'removeAssociatedContracts', [[owner]])
  await deployer.send(state, 'addAssociatedContracts', [implementations.map(({ address }) => address)])
  for (const { name, address, abi } of implementations) {
    await deployer.send({ name, address, abi }, 'rebuildCache')
    for (const route of routesOf(abi)) {
      const isView = route.stateMutability === 'view' || route.stateMutability === 'pure'
      await deployer.send(proxy, 'addRoute', [toFunctionSelector(route), address, isView])
    }
  }
  return { market: proxy.address, execution: execution.address }
}

/** What every implementation has for its owner, its proxy and its resolver. */
const administration: ReadonlySet<string> = new Set([
  'acceptOwnership',
  'isResolverCached',
  'marketState',
  'messageSender',
  'nominateNewOwner',
  'nominatedOwner',
  'owner',
  'proxy',
  'rebuildCache',
  'resolver',
  'resolverAddressesRequired',
  'setMessageSender',
  'setProxy',
])

function routesOf(abi: Abi): readonly AbiFunction[] {
  return abi.filter((item): item is AbiFunction => item.type === 'function' && !administration.has(item.name))
}
