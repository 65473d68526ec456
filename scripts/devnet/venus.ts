import { type Abi, type Address, encodeFunctionData, parseUnits } from 'viem'
import { type Artifact, loadArtifact } from './artifacts.ts'
import type { Contract, Sender } from './chain.ts'
import { loadFeedPriceOracle } from './compoundV2.ts'
import { approveAll, mintToken, type TokenDeployment, wrapEther } from './tokens.ts'

/** One isolated pool of Venus from `@venusprotocol/isolated-pools`, with vWETH and vUSDC as markets. */
export type VenusDeployment = {
  readonly comptroller: Address
  readonly poolRegistry: Address
  readonly oracle: Address
  readonly vWeth: Address
  readonly vUsdc: Address
}

const percent = (value: bigint) => value * 10n ** 16n

/** What the pool lets be borrowed, where it liquidates, and at what price; WAD. */
export const venusRisk = {
  collateralFactor: percent(75n),
  liquidationThreshold: percent(80n),
  closeFactor: percent(50n),
  liquidationIncentive: percent(110n),
  /** Collateral in USD up to which an account is liquidated as a whole. */
  minimumLiquidatable: 100n * 10n ** 18n,
} as const

const blocksPerYear = 10_512_000n
const reserveFactor = percent(25n)
const noCap = 2n ** 256n - 1n

/**
 * Deploys the pool as Venus does, every contract behind a beacon, and lists both markets with a first supply of the deployer.
 * The comptroller exceeds the size limit of EIP-170, so the chain must not enforce it. The oracle is the same stand-in over
 * the Chainlink feeds as Compound's.
 */
export async function deployVenus(deployer: Sender, { tokens, feeds }: TokenDeployment): Promise<VenusDeployment> {
  const { address: admin } = deployer
  const access = await deployer.deploy(await artifact(`${governance}/AccessControlManager`))
  const registry = await behindBeacon(deployer, await artifact('contracts/Pool/PoolRegistry'), [], [access.address])
  const comptroller = await behindBeacon(
    deployer,
    await artifact('contracts/Comptroller'),
    [registry.address],
    // The most markets that an account may enter.
    [20n, access.address],
  )
  const oracle = await deployer.deploy(await loadFeedPriceOracle())
  await deployer.send(comptroller, 'setPriceOracle', [oracle.address])
  await allow(deployer, access, [
    [admin, ['addPool(string,address,uint256,uint256,uint256)', 'addMarket(AddMarketInput)']],
    [admin, ['setForcedLiquidation(address,bool)']],
    [
      registry.address,
      [
        'setCloseFactor(uint256)',
        'setLiquidationIncentive(uint256)',
        'setMinLiquidatableCollateral(uint256)',
        'setCollateralFactor(address,uint256,uint256)',
        'setMarketSupplyCaps(address[],uint256[])',
        'setMarketBorrowCaps(address[],uint256[])',
      ],
    ],
  ])
  const { closeFactor, liquidationIncentive, minimumLiquidatable } = venusRisk
  await deployer.send(registry, 'addPool', [
    'Devnet',
    comptroller.address,
    closeFactor,
    liquidationIncentive,
    minimumLiquidatable,
  ])
  const market = await marketFactory(deployer, { access, registry, comptroller })
  const vWeth = await market({ token: tokens.weth, symbol: 'WETH', decimals: 18 })
  const vUsdc = await market({ token: tokens.usdc, symbol: 'USDC', decimals: 6 })

  const [ether, dollars] = [parseUnits('500', 18), parseUnits('1000000', 6)]
  await wrapEther(deployer, tokens.weth, ether)
  await mintToken(deployer, tokens.usdc, { to: admin, amount: dollars })
  await approveAll(deployer, [tokens.weth, tokens.usdc], [registry.address])
  for (const listing of [
    { vToken: vWeth.address, token: tokens.weth, feed: feeds.ethUsd, decimals: 18, supply: ether },
    { vToken: vUsdc.address, token: tokens.usdc, feed: feeds.usdcUsd, decimals: 6, supply: dollars },
  ]) {
    for (const priced of [listing.vToken, listing.token]) {
      await deployer.send(oracle, 'setSource', [priced, listing.feed, listing.decimals])
    }
    await deployer.send(registry, 'addMarket', [
      {
        vToken: listing.vToken,
        collateralFactor: venusRisk.collateralFactor,
        liquidationThreshold: venusRisk.liquidationThreshold,
        initialSupply: listing.supply,
        vTokenReceiver: admin,
        supplyCap: noCap,
        borrowCap: noCap,
      },
    ])
  }
  return {
    comptroller: comptroller.address,
    poolRegistry: registry.address,
    oracle: oracle.address,
    vWeth: vWeth.address,
    vUsdc: vUsdc.address,
  }
}

type Market = { readonly token: Address; readonly symbol: string; readonly decimals: number }
type Pool = { readonly access: Contract; readonly registry: Contract; readonly comptroller: Contract }

/** Deploys what all markets share and returns what makes one. */
async function marketFactory(deployer: Sender, { access, registry, comptroller }: Pool) {
  const { address: admin } = deployer
  // Of the core pool that its constructor asks for there is none here.
  const reserve = await behindBeacon(
    deployer,
    await artifact('@venusprotocol/protocol-reserve/contracts/ProtocolReserve/ProtocolShareReserve'),
    [admin, admin, admin],
    [access.address, 20n],
  )
  await deployer.send(reserve, 'setPoolRegistry', [registry.address])
  const code = await artifact('contracts/VToken')
  // The most that a block may cost: 0.0005 %.
  const implementation = await deployer.deploy(code, [false, blocksPerYear, 5n * 10n ** 12n])
  const beacon = await deployer.deploy(await artifact(`${beacons}/UpgradeableBeacon`), [implementation.address])
  // A year's base rate 2 %, slope 10 %, beyond 80 % of use 250 %.
  const rates = [percent(2n), percent(10n), percent(250n), percent(80n), access.address, false, blocksPerYear]
  const rateModel = (await deployer.deploy(await artifact('contracts/JumpRateModelV2'), rates)).address
  return ({ token, symbol, decimals }: Market) =>
    deployProxy(deployer, { beacon: beacon.address, code }, [
      token,
      comptroller.address,
      rateModel,
      // A share of 8 decimals starts at one token.
      parseUnits('1', decimals + 10),
      `Venus ${symbol}`,
      `v${symbol}`,
      8,
      admin,
      access.address,
      { shortfall: admin, protocolShareReserve: reserve.address },
      reserveFactor,
    ])
}

/** Deploys an implementation, a beacon of its own and a proxy that is initialized with `initializers`. */
async function behindBeacon(
  deployer: Sender,
  code: Artifact,
  args: readonly unknown[],
  initializers: readonly unknown[],
): Promise<Contract> {
  const implementation = await deployer.deploy(code, args)
  const beacon = await deployer.deploy(await artifact(`${beacons}/UpgradeableBeacon`), [implementation.address])
  return deployProxy(deployer, { beacon: beacon.address, code }, initializers)
}

async function deployProxy(
  deployer: Sender,
  { beacon, code }: { beacon: Address; code: Artifact },
  initializers: readonly unknown[],
): Promise<Contract> {
  const abi: Abi = code.abi
  const data = encodeFunctionData({ abi, functionName: 'initialize', args: [...initializers] })
  const proxy = await deployer.deploy(await artifact(`${beacons}/BeaconProxy`), [beacon, data])
  return { name: code.name, abi, address: proxy.address }
}

/** Lets accounts call guarded functions, named by their text, of every contract. */
async function allow(
  deployer: Sender,
  access: Contract,
  grants: readonly (readonly [Address, readonly string[]])[],
): Promise<void> {
  const everywhere = '0x0000000000000000000000000000000000000000'
  for (const [account, signatures] of grants) {
    for (const signature of signatures) {
      await deployer.send(access, 'giveCallPermission', [everywhere, signature, account])
    }
  }
}

const governance = '@venusprotocol/governance-contracts/contracts/Governance'
const beacons = '@openzeppelin/contracts/proxy/beacon'

async function artifact(path: string): Promise<Artifact> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return loadArtifact(`@venusprotocol/isolated-pools/artifacts/${path}.sol/${name}.json`)
}
