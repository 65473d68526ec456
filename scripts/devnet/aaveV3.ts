import { type Address, parseAbi, zeroAddress } from 'viem'
import { type Artifact, loadArtifact } from './artifacts.ts'
import { type Contract, readAddress, type Sender } from './chain.ts'
import type { TokenDeployment } from './tokens.ts'

/** Aave v3.0 from `@aave/core-v3`, with WETH and USDC as first reserves. */
export type AaveV3Deployment = {
  readonly addressesProvider: Address
  readonly pool: Address
  readonly dataProvider: Address
  readonly oracle: Address
}

/** Loan to value, liquidation threshold and price of liquidated collateral in basis points. */
export const aaveRisk = { ltv: 8_000n, liquidationThreshold: 8_250n, liquidationBonus: 10_500n } as const

const reserveFactor = 1_000n
/** `DataTypes.InterestRateMode`. */
const rateModes = { stable: 1n, variable: 2n } as const
const ray = 10n ** 27n

const artifact = (path: string): Promise<Artifact> =>
  loadArtifact(`@aave/core-v3/artifacts/contracts/${path}.sol/${path.slice(path.lastIndexOf('/') + 1)}.json`)

/** Deploys the pool behind its addresses provider and lists both reserves. */
export async function deployAaveV3(deployer: Sender, { tokens, feeds }: TokenDeployment): Promise<AaveV3Deployment> {
  const { chain, address: admin } = deployer
  const provider = await deployer.deploy(await artifact('protocol/configuration/PoolAddressesProvider'), [
    'Devnet',
    admin,
  ])
  const libraries = await deployLibraries(deployer)
  const poolCode = await artifact('protocol/pool/Pool')
  const configuratorCode = await artifact('protocol/pool/PoolConfigurator')
  const poolImplementation = await deployer.deploy(poolCode, [provider.address], libraries)
  const configuratorImplementation = await deployer.deploy(configuratorCode, [], libraries)

  // The ACL manager takes its administrator from the provider when it is created.
  await deployer.send(provider, 'setACLAdmin', [admin])
  const acl = await deployer.deploy(await artifact('protocol/configuration/ACLManager'), [provider.address])
  await deployer.send(provider, 'setACLManager', [acl.address])
  for (const role of ['addPoolAdmin', 'addEmergencyAdmin', 'addRiskAdmin', 'addAssetListingAdmin']) {
    await deployer.send(acl, role, [admin])
  }

  const oracle = await deployer.deploy(await artifact('misc/AaveOracle'), [
    provider.address,
    [tokens.weth, tokens.usdc],
    [feeds.ethUsd, feeds.usdcUsd],
    zeroAddress,
    zeroAddress,
    10n ** 8n,
  ])
  await deployer.send(provider, 'setPriceOracle', [oracle.address])
  await deployer.send(provider, 'setPoolImpl', [poolImplementation.address])
  await deployer.send(provider, 'setPoolConfiguratorImpl', [configuratorImplementation.address])
  const pool = await readAddress(chain, provider, 'getPool')
  const configurator: Contract = {
    name: 'PoolConfigurator',
    abi: configuratorCode.abi,
    address: await readAddress(chain, provider, 'getPoolConfigurator'),
  }
  const dataProvider = await deployer.deploy(await artifact('misc/AaveProtocolDataProvider'), [provider.address])
  await deployer.send(provider, 'setPoolDataProvider', [dataProvider.address])

  const reserves = [
    { asset: tokens.weth, symbol: 'WETH', decimals: 18, ...aaveRisk },
    { asset: tokens.usdc, symbol: 'USDC', decimals: 6, ...aaveRisk },
  ]
  await listReserves(deployer, { provider: provider.address, configurator, pool, reserves })
  return {
    addressesProvider: provider.address,
    pool,
    dataProvider: dataProvider.address,
    oracle: oracle.address,
  }
}

/** Terms of a reserve: thresholds in basis points, a debt ceiling in US cents, which makes it isolated collateral. */
export type ReserveTerms = {
  readonly asset: Address
  readonly symbol: string
  readonly decimals: number
  readonly ltv: bigint
  readonly liquidationThreshold: bigint
  readonly liquidationBonus: bigint
  readonly debtCeiling?: bigint
  readonly allows?: readonly ('stableRate' | 'borrowingInIsolation')[]
}

/** Lists further reserves at a pool, priced by their feeds; every reserve can be borrowed. */
export async function addReserves(
  deployer: Sender,
  aave: AaveV3Deployment,
  listed: readonly (ReserveTerms & { readonly feed: Address })[],
): Promise<void> {
  const oracle = { name: 'AaveOracle', address: aave.oracle, abi: (await artifact('misc/AaveOracle')).abi }
  await deployer.send(oracle, 'setAssetSources', [listed.map(({ asset }) => asset), listed.map(({ feed }) => feed)])
  const { addressesProvider: provider, pool } = aave
  await listReserves(deployer, { provider, configurator: await configuratorOf(deployer, aave), pool, reserves: listed })
}

/** The administration of a pool, whose only administrator is the deployer. */
export async function configuratorOf({ chain }: Sender, aave: AaveV3Deployment): Promise<Contract> {
  const { abi } = await artifact('protocol/configuration/PoolAddressesProvider')
  const provider = { name: 'PoolAddressesProvider', address: aave.addressesProvider, abi }
  return {
    name: 'PoolConfigurator',
    abi: (await artifact('protocol/pool/PoolConfigurator')).abi,
    address: await readAddress(chain, provider, 'getPoolConfigurator'),
  }
}

/** Supplies `amount` of the sender's own tokens, in their smallest unit, for itself unless told otherwise. */
export async function supplyToAave(
  sender: Sender,
  aave: AaveV3Deployment,
  { asset, amount, onBehalfOf = sender.address }: Loan & { readonly onBehalfOf?: Address },
): Promise<void> {
  await sender.send(poolOf(aave), 'supply', [asset, amount, onBehalfOf, 0])
}

/** Borrows `amount` in the token's smallest unit, at the variable rate unless told otherwise. */
export async function borrowFromAave(
  sender: Sender,
  aave: AaveV3Deployment,
  { asset, amount, rate = 'variable' }: Loan & { readonly rate?: keyof typeof rateModes },
): Promise<void> {
  await sender.send(poolOf(aave), 'borrow', [asset, amount, rateModes[rate], 0, sender.address])
}

type Loan = { readonly asset: Address; readonly amount: bigint }

const poolAbi = parseAbi([
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
  'function borrow(address asset, uint256 amount, uint256 interestRateMode, uint16 referralCode, address onBehalfOf)',
])

function poolOf(aave: AaveV3Deployment): Contract {
  return { name: 'Pool', address: aave.pool, abi: poolAbi }
}

async function deployLibraries(deployer: Sender): Promise<Record<string, Address>> {
  const libraries: Record<string, Address> = {}
  // FlashLoanLogic is linked to BorrowLogic, so it comes last.
  for (const name of [
    'BorrowLogic',
    'BridgeLogic',
    'ConfiguratorLogic',
    'EModeLogic',
    'LiquidationLogic',
    'PoolLogic',
    'SupplyLogic',
    'FlashLoanLogic',
  ]) {
    const library = await deployer.deploy(await artifact(`protocol/libraries/logic/${name}`), [], libraries)
    libraries[name] = library.address
  }
  return libraries
}

async function listReserves(
  deployer: Sender,
  { provider, configurator, pool, reserves }: ReserveListing,
): Promise<void> {
  const implementation = async (name: string) =>
    (await deployer.deploy(await artifact(`protocol/tokenization/${name}`), [pool])).address
  const aToken = await implementation('AToken')
  const stableDebtToken = await implementation('StableDebtToken')
  const variableDebtToken = await implementation('VariableDebtToken')
  const percent = (value: bigint) => (value * ray) / 100n
  // Optimal use 80 %; variable slopes 4 % and 75 %; the rest prices stable debt, from 5 % on.
  const rates = [80n, 0n, 4n, 75n, 1n, 75n, 1n, 8n, 20n].map(percent)
  const strategy = await deployer.deploy(await artifact('protocol/pool/DefaultReserveInterestRateStrategy'), [
    provider,
    ...rates,
  ])
  await deployer.send(configurator, 'initReserves', [
    reserves.map(({ asset, symbol, decimals }) => ({
      aTokenImpl: aToken,
      stableDebtTokenImpl: stableDebtToken,
      variableDebtTokenImpl: variableDebtToken,
      underlyingAssetDecimals: decimals,
      interestRateStrategyAddress: strategy.address,
      underlyingAsset: asset,
      treasury: deployer.address,
      incentivesController: zeroAddress,
      aTokenName: `Aave ${symbol}`,
      aTokenSymbol: `a${symbol}`,
      variableDebtTokenName: `Aave variable debt ${symbol}`,
      variableDebtTokenSymbol: `variableDebt${symbol}`,
      stableDebtTokenName: `Aave stable debt ${symbol}`,
      stableDebtTokenSymbol: `stableDebt${symbol}`,
      params: '0x10',
    })),
  ])
  for (const { asset, ltv, liquidationThreshold, liquidationBonus, debtCeiling, allows = [] } of reserves) {
    await deployer.send(configurator, 'configureReserveAsCollateral', [
      asset,
      ltv,
      liquidationThreshold,
      liquidationBonus,
    ])
    await deployer.send(configurator, 'setReserveBorrowing', [asset, true])
    await deployer.send(configurator, 'setReserveFactor', [asset, reserveFactor])
    if (debtCeiling !== undefined) await deployer.send(configurator, 'setDebtCeiling', [asset, debtCeiling])
    for (const permission of allows) {
      const name = permission === 'stableRate' ? 'setReserveStableRateBorrowing' : 'setBorrowableInIsolation'
      await deployer.send(configurator, name, [asset, true])
    }
  }
}

type ReserveListing = {
  readonly provider: Address
  readonly configurator: Contract
  readonly pool: Address
  readonly reserves: readonly ReserveTerms[]
}
