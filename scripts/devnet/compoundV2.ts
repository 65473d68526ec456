import { type Address, parseAbi, parseUnits } from 'viem'
import { type Artifact, loadArtifact, loadProjectArtifact } from './artifacts.ts'
import { type Contract, DevnetTransactionError, type Sender } from './chain.ts'
import type { TokenDeployment } from './tokens.ts'

/** Compound v2 as `@thenextblock/hardhat-compound` compiled it: its own contracts, with cETH and cUSDC as markets. */
export type CompoundV2Deployment = {
  readonly comptroller: Address
  readonly oracle: Address
  /** Of native ether. */
  readonly cEth: Address
  readonly cUsdc: Address
}

const percent = (value: bigint) => value * 10n ** 16n

/** Factors of both markets and of every liquidation, WAD. */
export const compoundRisk = {
  collateralFactors: { eth: percent(825n) / 10n, usdc: percent(85n) },
  closeFactor: percent(50n),
  liquidationIncentive: percent(108n),
} as const

const reserveFactor = percent(20n)

/**
 * Deploys the comptroller behind its proxy and lists both markets. The oracle is a stand-in over the Chainlink feeds: the one
 * in the package quotes ether as 1 and everything else in ether.
 */
export async function deployCompoundV2(
  deployer: Sender,
  { tokens, feeds }: TokenDeployment,
): Promise<CompoundV2Deployment> {
  const unitroller = await deployer.deploy(await artifact('Unitroller'))
  const implementation = await deployer.deploy(await artifact('Comptroller'))
  await sendChecked(deployer, unitroller, '_setPendingImplementation', [implementation.address])
  await deployer.send(implementation, '_become', [unitroller.address])
  const comptroller = { ...implementation, address: unitroller.address }
  const oracle = await deployer.deploy(await loadFeedPriceOracle())
  await sendChecked(deployer, comptroller, '_setPriceOracle', [oracle.address])
  await sendChecked(deployer, comptroller, '_setCloseFactor', [compoundRisk.closeFactor])
  await sendChecked(deployer, comptroller, '_setLiquidationIncentive', [compoundRisk.liquidationIncentive])
  // A year's base rate 2 %, slope 10 %, beyond 80 % of use 109 %.
  const rates = [percent(2n), percent(10n), percent(109n), percent(80n), deployer.address]
  const rateModel = (await deployer.deploy(await artifact('JumpRateModelV2'), rates)).address

  const common = [comptroller.address, rateModel]
  const cEth = await deployer.deploy(await artifact('CEther'), [
    ...common,
    // A share of 8 decimals starts at 0.02 ether.
    parseUnits('0.02', 28),
    'Compound Ether',
    'cETH',
    8,
    deployer.address,
  ])
  const cUsdc = await deployer.deploy(await artifact('CErc20Immutable'), [
    tokens.usdc,
    ...common,
    parseUnits('0.02', 16),
    'Compound USD Coin',
    'cUSDC',
    8,
    deployer.address,
  ])
  for (const { market, feed, decimals, factor } of [
    { market: cEth, feed: feeds.ethUsd, decimals: 18, factor: compoundRisk.collateralFactors.eth },
    { market: cUsdc, feed: feeds.usdcUsd, decimals: 6, factor: compoundRisk.collateralFactors.usdc },
  ]) {
    await sendChecked(deployer, comptroller, '_supportMarket', [market.address])
    await deployer.send(oracle, 'setSource', [market.address, feed, decimals])
    await sendChecked(deployer, comptroller, '_setCollateralFactor', [market.address, factor])
    await sendChecked(deployer, market, '_setReserveFactor', [reserveFactor])
  }
  return { comptroller: comptroller.address, oracle: oracle.address, cEth: cEth.address, cUsdc: cUsdc.address }
}

/** The oracle of the devnet's Compound and Venus pools. */
export async function loadFeedPriceOracle(): Promise<Artifact> {
  return loadProjectArtifact('contracts/test/FeedPriceOracle.sol/FeedPriceOracle.json')
}

/** Lets supplies to the markets count as collateral. */
export async function enterMarkets(sender: Sender, comptroller: Address, markets: readonly Address[]): Promise<void> {
  await sender.send({ name: 'Comptroller', address: comptroller, abi: comptrollerAbi }, 'enterMarkets', [markets])
}

/** Supplies native ether, in wei. */
export async function supplyEther(sender: Sender, { cEth }: CompoundV2Deployment, amount: bigint): Promise<void> {
  await sender.send({ name: 'CEther', address: cEth, abi: etherMarketAbi }, 'mint', [], amount)
}

/** Supplies the sender's own tokens, in their smallest unit; the market must be approved. */
export async function supplyToMarket(sender: Sender, market: Address, amount: bigint): Promise<void> {
  await sendChecked(sender, marketOf(market), 'mint', [amount])
}

/** Borrows from a market of Compound or Venus, in the smallest unit of its token. */
export async function borrowFromMarket(sender: Sender, market: Address, amount: bigint): Promise<void> {
  await sendChecked(sender, marketOf(market), 'borrow', [amount])
}

/**
 * Sends a call whose result must be zero: Compound v2 answers most refusals with an error code and changes nothing.
 *
 * @throws {DevnetTransactionError} naming the code.
 */
export async function sendChecked(
  sender: Sender,
  contract: Contract,
  functionName: string,
  args: readonly unknown[],
): Promise<void> {
  const { result } = await sender.chain.client
    .simulateContract({ account: sender.address, ...contract, functionName, args: [...args] })
    .catch(async (cause) => {
      // Explains the revert as of any other call.
      await sender.send(contract, functionName, args)
      throw cause
    })
  if (result !== undefined && result !== 0n) {
    throw new DevnetTransactionError(`${contract.name}.${functionName} answers error ${result}.`, {
      metaMessages: [`Contract: ${contract.address}`, `From: ${sender.address}`],
    })
  }
  await sender.send(contract, functionName, args)
}

const comptrollerAbi = parseAbi(['function enterMarkets(address[] markets) returns (uint256[])'])
const etherMarketAbi = parseAbi(['function mint() payable'])
const marketAbi = parseAbi([
  'function mint(uint256 amount) returns (uint256)',
  'function borrow(uint256 amount) returns (uint256)',
])

function marketOf(address: Address): Contract {
  return { name: 'Market', address, abi: marketAbi }
}

async function artifact(name: string): Promise<Artifact> {
  return loadArtifact(`@thenextblock/hardhat-compound/dist/artifacts/contracts/compound/${name}.sol/${name}.json`)
}
