import { type Address, parseEther, stringToHex, zeroAddress, zeroHash } from 'viem'
import { type Artifact, loadArtifact } from './artifacts.ts'
import { type Contract, readBlockTime, readContract, type Sender } from './chain.ts'
import { lyraParameters, openingBoard, securityModule } from './lyraParameters.ts'
import { approveAll, mintToken } from './tokens.ts'

/**
 * Lyra Avalon from `@lyrafinance/protocol`, with one ETH market and one board of options. The protocol trades against
 * Synthetix v2; its side of that (exchange rates, exchanger, collateralized shorts, address resolver, sUSD and sETH) is
 * filled by the stand-ins that the package itself ships for its tests. Everything else is the deployed protocol.
 */
export type LyraDeployment = {
  readonly optionMarket: Address
  readonly optionToken: Address
  readonly greekCache: Address
  readonly shortCollateral: Address
  readonly liquidityPool: Address
  readonly optionMarketPricer: Address
  readonly poolHedger: Address
  readonly synthetixAdapter: Address
  readonly viewer: Address
  readonly exchangeRates: Address
  readonly sUSD: Address
  readonly sETH: Address
  readonly boardId: string
  readonly strikeIds: readonly string[]
}

const poolDeposit = parseEther('500000')
const root = '@lyrafinance/protocol/dist/artifacts/contracts'
/** The name of a synthetic as the protocol writes it. */
export const name32 = (text: string) => stringToHex(text, { size: 32 })

/** Deploys the market at `price` (USD per ETH, WAD), funds its pool and lists {@link openingBoard}. */
export async function deployLyraAvalon(deployer: Sender, price: bigint): Promise<LyraDeployment> {
  const load = await lyraArtifacts()
  const gwav = await deployer.deploy(await load('libraries/GWAV'))
  const blackScholes = await deployer.deploy(await load('libraries/BlackScholes'))
  const libraries = { GWAV: gwav.address, BlackScholes: blackScholes.address }
  const create = async (path: string, args: readonly unknown[] = []) =>
    deployer.deploy(await load(path), args, libraries)

  const adapter = await create('SynthetixAdapter')
  await deployer.send(adapter, 'initialize')
  const viewer = await create('periphery/OptionMarketViewer')
  const market: Market = {
    adapter,
    viewer,
    optionMarket: await create('OptionMarket'),
    pricer: await create('OptionMarketPricer'),
    greekCache: await create('OptionGreekCache'),
    liquidityPool: await create('LiquidityPool'),
    liquidityToken: await create('LiquidityToken', ['Devnet ETH pool', 'DEVETH']),
    optionToken: await create('OptionToken', ['Devnet ETH options', 'DEVOPT']),
    shortCollateral: await create('ShortCollateral'),
    poolHedger: await create('ShortPoolHedger'),
    sUSD: await create('test-helpers/TestERC20Fail', ['Synthetic USD', 'sUSD']),
    sETH: await create('test-helpers/TestERC20Fail', ['Synthetic ETH', 'sETH']),
  }
  const exchangeRates = await create('test-helpers/TestExchangeRates')
  await connectSynthetix(deployer, {
    market,
    exchangeRates,
    exchanger: await create('test-helpers/TestExchanger'),
    synthetix: await create('test-helpers/TestSynthetixReturnZero'),
    delegateApprovals: await create('test-helpers/TestDelegateApprovals'),
    collateralShort: await create('test-helpers/TestCollateralShort'),
    resolver: await create('test-helpers/TestAddressResolver'),
  })
  await connectMarket(deployer, market)
  await setParameters(deployer, market)
  await deployer.send(exchangeRates, 'setRateAndInvalid', [name32('sETH'), price, false])

  await mintToken(deployer, market.sUSD.address, { to: deployer.address, amount: poolDeposit })
  await approveAll(deployer, [market.sUSD.address], [market.liquidityPool.address])
  await deployer.send(market.liquidityPool, 'initiateDeposit', [deployer.address, poolDeposit])
  await deployer.send(market.poolHedger, 'openShortAccount')
  await deployer.send(market.poolHedger, 'hedgeDelta')
  return {
    optionMarket: market.optionMarket.address,
    optionToken: market.optionToken.address,
    greekCache: market.greekCache.address,
    shortCollateral: market.shortCollateral.address,
    liquidityPool: market.liquidityPool.address,
    optionMarketPricer: market.pricer.address,
    poolHedger: market.poolHedger.address,
    synthetixAdapter: adapter.address,
    viewer: viewer.address,
    exchangeRates: exchangeRates.address,
    sUSD: market.sUSD.address,
    sETH: market.sETH.address,
    ...(await listBoard(deployer, market.optionMarket)),
  }
}

type Market = {
  readonly adapter: Contract
  readonly viewer: Contract
  readonly optionMarket: Contract
  readonly pricer: Contract
  readonly greekCache: Contract
  readonly liquidityPool: Contract
  readonly liquidityToken: Contract
  readonly optionToken: Contract
  readonly shortCollateral: Contract
  readonly poolHedger: Contract
  readonly sUSD: Contract
  readonly sETH: Contract
}

type SynthetixStandIns = {
  readonly market: Market
  readonly exchangeRates: Contract
  readonly exchanger: Contract
  readonly synthetix: Contract
  readonly delegateApprovals: Contract
  readonly collateralShort: Contract
  readonly resolver: Contract
}

const addresses = (contracts: readonly Contract[]) => contracts.map(({ address }) => address)

/** A trade reverts with errors of the contracts that it passes through, so every ABI carries the errors of all. */
export async function lyraArtifacts(): Promise<(path: string) => Promise<Artifact>> {
  const load = (path: string) => loadArtifact(`${root}/${path}.sol/${path.slice(path.lastIndexOf('/') + 1)}.json`)
  const traded = ['OptionMarket', 'OptionMarketPricer', 'OptionGreekCache', 'LiquidityPool', 'OptionToken']
  const artifacts = await Promise.all(
    [...traded, 'ShortCollateral', 'ShortPoolHedger', 'SynthetixAdapter'].map((path) => load(path)),
  )
  const errors = new Map(
    artifacts.flatMap(({ abi }) => abi).flatMap((item) => (item.type === 'error' ? [[item.name, item] as const] : [])),
  )
  return async (path) => {
    const artifact = await load(path)
    return { ...artifact, abi: [...artifact.abi.filter(({ type }) => type !== 'error'), ...errors.values()] }
  }
}

async function connectSynthetix(deployer: Sender, standIns: SynthetixStandIns): Promise<void> {
  const { market, exchangeRates, exchanger, synthetix, delegateApprovals, collateralShort, resolver } = standIns
  const { adapter, viewer, optionMarket, sUSD, sETH } = market
  await deployer.send(synthetix, 'init', addresses([adapter, sUSD, resolver]))
  await deployer.send(collateralShort, 'init', addresses([adapter, sUSD]))
  const names = ['ProxySynthetix', 'Exchanger', 'ExchangeRates', 'CollateralShort', 'DelegateApprovals']
  await deployer.send(resolver, 'setAddresses', [
    names.map(name32),
    addresses([synthetix, exchanger, exchangeRates, collateralShort, delegateApprovals]),
  ])
  for (const minter of [synthetix, collateralShort]) {
    for (const token of [sUSD, sETH]) await deployer.send(token, 'permitMint', [minter.address, true])
  }
  await deployer.send(adapter, 'setAddressResolver', [resolver.address])
  await deployer.send(adapter, 'updateSynthetixAddresses')
  await deployer.send(viewer, 'init', [adapter.address])
  for (const venue of [synthetix, collateralShort]) {
    await deployer.send(venue, 'addBaseAsset', [name32('sETH'), sETH.address, optionMarket.address])
  }
  const { ethToUsd, usdToEth } = lyraParameters.exchangeFee
  await deployer.send(exchanger, 'setFeeRateForExchange', [name32('sETH'), name32('sUSD'), ethToUsd])
  await deployer.send(exchanger, 'setFeeRateForExchange', [name32('sUSD'), name32('sETH'), usdToEth])
}

async function connectMarket(deployer: Sender, market: Market): Promise<void> {
  const { adapter, viewer, optionMarket, pricer, greekCache, liquidityPool, liquidityToken } = market
  const { optionToken, shortCollateral, poolHedger, sUSD, sETH } = market
  const connections: readonly (readonly [Contract, readonly Contract[]])[] = [
    [optionMarket, [adapter, liquidityPool, pricer, greekCache, shortCollateral, optionToken, sUSD, sETH]],
    [pricer, [optionMarket, greekCache]],
    [greekCache, [adapter, optionMarket, pricer]],
    [liquidityPool, [adapter, optionMarket, liquidityToken, greekCache, poolHedger, shortCollateral, sUSD, sETH]],
    [liquidityToken, [liquidityPool]],
    [poolHedger, [adapter, optionMarket, greekCache, liquidityPool, sUSD, sETH]],
    [shortCollateral, [optionMarket, liquidityPool, optionToken, adapter, sUSD, sETH]],
    [optionToken, [optionMarket, greekCache, shortCollateral, adapter]],
  ]
  for (const [contract, peers] of connections) await deployer.send(contract, 'init', addresses(peers))
  await deployer.send(adapter, 'setGlobalsForContract', [
    optionMarket.address,
    name32('sUSD'),
    name32('sETH'),
    securityModule,
    zeroHash,
  ])
  await deployer.send(viewer, 'addMarket', [
    {
      liquidityPool: liquidityPool.address,
      liquidityToken: liquidityToken.address,
      greekCache: greekCache.address,
      optionMarket: optionMarket.address,
      optionMarketPricer: pricer.address,
      optionToken: optionToken.address,
      poolHedger: poolHedger.address,
      shortCollateral: shortCollateral.address,
      gwavOracle: zeroAddress,
      quoteAsset: sUSD.address,
      baseAsset: sETH.address,
    },
  ])
}

async function setParameters(deployer: Sender, market: Market): Promise<void> {
  const { optionMarket, liquidityPool, poolHedger, greekCache, pricer, optionToken } = market
  const settings: readonly (readonly [Contract, string, unknown])[] = [
    [optionMarket, 'setOptionMarketParams', lyraParameters.optionMarket],
    [liquidityPool, 'setLiquidityPoolParameters', lyraParameters.liquidityPool],
    [poolHedger, 'setPoolHedgerParams', lyraParameters.poolHedger],
    [poolHedger, 'setShortBuffer', lyraParameters.shortBuffer],
    [greekCache, 'setGreekCacheParameters', lyraParameters.greekCache],
    [greekCache, 'setMinCollateralParameters', lyraParameters.minimumCollateral],
    [greekCache, 'setForceCloseParameters', lyraParameters.forceClose],
    [pricer, 'setPricingParams', lyraParameters.pricing],
    [pricer, 'setTradeLimitParams', lyraParameters.tradeLimit],
    [pricer, 'setVarianceFeeParams', lyraParameters.varianceFee],
    [optionToken, 'setPartialCollateralParams', lyraParameters.partialCollateral],
  ]
  for (const [contract, functionName, value] of settings) await deployer.send(contract, functionName, [value])
}

async function listBoard(
  deployer: Sender,
  optionMarket: Contract,
): Promise<Pick<LyraDeployment, 'boardId' | 'strikeIds'>> {
  const { lifetime, baseVolatility, strikes, skews } = openingBoard
  const expiry = (await readBlockTime(deployer.chain)) + lifetime
  await deployer.send(optionMarket, 'createOptionBoard', [expiry, baseVolatility, strikes, skews, false])
  const [boardId] = (await readContract(deployer.chain, optionMarket, 'getLiveBoards')) as readonly bigint[]
  const strikeIds = (await readContract(deployer.chain, optionMarket, 'getBoardStrikes', [
    boardId,
  ])) as readonly bigint[]
  return { boardId: `${boardId}`, strikeIds: strikeIds.map(String) }
}
