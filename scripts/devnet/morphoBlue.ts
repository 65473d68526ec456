import { type Address, encodeAbiParameters, type Hex, keccak256, parseAbi, parseEther } from 'viem'
import { loadProjectArtifact } from './artifacts.ts'
import type { Contract, Sender } from './chain.ts'
import type { TokenDeployment } from './tokens.ts'

/** A market of Morpho Blue by its parameters; `lltv` in WAD as decimal text. */
export type MorphoBlueMarket = {
  readonly id: Hex
  readonly loanToken: Address
  readonly collateralToken: Address
  readonly oracle: Address
  readonly irm: Address
  readonly lltv: string
}

/**
 * Morpho Blue from `@morpho-org/morpho-blue`, compiled by this project. The package has no interest rate model and no oracle
 * for production: rates are its own `IrmMock`'s, where the yearly rate is the utilization, prices are those of the devnet's
 * aggregators. `wethUsdc` lends USDC against WETH, `usdcWeth` the reverse.
 */
export type MorphoBlueDeployment = {
  readonly morpho: Address
  readonly markets: { readonly wethUsdc: MorphoBlueMarket; readonly usdcWeth: MorphoBlueMarket }
}

const lltv = { wethUsdc: parseEther('0.86'), usdcWeth: parseEther('0.77') } as const
/** Share of the interest that goes to the fee recipient, WAD. */
const fee = parseEther('0.1')

/** Deploys Morpho with two markets, whose fees go to the deployer. */
export async function deployMorphoBlue(
  deployer: Sender,
  { tokens, feeds }: TokenDeployment,
): Promise<MorphoBlueDeployment> {
  const morpho = await deployer.deploy(
    await loadProjectArtifact('@morpho-org/morpho-blue/src/Morpho.sol/Morpho.json'),
    [deployer.address],
  )
  const irm = await deployer.deploy(
    await loadProjectArtifact('@morpho-org/morpho-blue/src/mocks/IrmMock.sol/IrmMock.json'),
  )
  await deployer.send(morpho, 'enableIrm', [irm.address])
  await deployer.send(morpho, 'setFeeRecipient', [deployer.address])
  const weth = { token: tokens.weth, feed: feeds.ethUsd, decimals: 18 }
  const usdc = { token: tokens.usdc, feed: feeds.usdcUsd, decimals: 6 }
  const create = (terms: Terms) => createMarket(deployer, { morpho, irm: irm.address, ...terms })
  return {
    morpho: morpho.address,
    markets: {
      wethUsdc: await create({ collateral: weth, loan: usdc, lltv: lltv.wethUsdc }),
      usdcWeth: await create({ collateral: usdc, loan: weth, lltv: lltv.usdcWeth }),
    },
  }
}

/** Lends `amount` of the sender's loan tokens to a market, in their smallest unit. */
export async function supplyToMorpho(sender: Sender, order: MorphoSupply): Promise<void> {
  const { morpho, market, amount, onBehalfOf = sender.address } = order
  await sender.send(morphoOf(morpho), 'supply', [toParameters(market), amount, 0n, onBehalfOf, '0x'])
}

/** Puts up `amount` of the sender's collateral tokens, in their smallest unit. */
export async function supplyCollateralToMorpho(sender: Sender, order: MorphoSupply): Promise<void> {
  const { morpho, market, amount, onBehalfOf = sender.address } = order
  await sender.send(morphoOf(morpho), 'supplyCollateral', [toParameters(market), amount, onBehalfOf, '0x'])
}

/** Borrows `amount` of the loan token, in its smallest unit. */
export async function borrowFromMorpho(sender: Sender, { morpho, market, amount }: MorphoOrder): Promise<void> {
  await sender.send(morphoOf(morpho), 'borrow', [toParameters(market), amount, 0n, sender.address, sender.address])
}

type MorphoOrder = { readonly morpho: Address; readonly market: MorphoBlueMarket; readonly amount: bigint }

/** For the sender itself unless told otherwise. */
type MorphoSupply = MorphoOrder & { readonly onBehalfOf?: Address }

type Side = { readonly token: Address; readonly feed: Address; readonly decimals: number }

type Terms = { readonly collateral: Side; readonly loan: Side; readonly lltv: bigint }

async function createMarket(
  deployer: Sender,
  { morpho, irm, collateral, loan, lltv }: Terms & { readonly morpho: Contract; readonly irm: Address },
): Promise<MorphoBlueMarket> {
  const oracle = await deployer.deploy(
    await loadProjectArtifact('contracts/test/AggregatorPairOracle.sol/AggregatorPairOracle.json'),
    [collateral.feed, loan.feed, collateral.decimals, loan.decimals],
  )
  const parameters = {
    loanToken: loan.token,
    collateralToken: collateral.token,
    oracle: oracle.address,
    irm,
    lltv: `${lltv}`,
  }
  await deployer.send(morpho, 'enableLltv', [lltv])
  await deployer.send(morpho, 'createMarket', [parameters])
  await deployer.send(morpho, 'setFee', [parameters, fee])
  return { id: marketId(parameters), ...parameters }
}

/** keccak256 of the encoded parameters (`MarketParamsLib.id`). */
function marketId({ loanToken, collateralToken, oracle, irm, lltv }: Omit<MorphoBlueMarket, 'id'>): Hex {
  const types = ['address', 'address', 'address', 'address', 'uint256'].map((type) => ({ type }))
  return keccak256(encodeAbiParameters(types, [loanToken, collateralToken, oracle, irm, BigInt(lltv)]))
}

/** The market as Morpho's functions take it. */
export function toParameters({ id, ...parameters }: MorphoBlueMarket) {
  return { ...parameters, lltv: BigInt(parameters.lltv) }
}

const morphoAbi = parseAbi([
  'struct MarketParams { address loanToken; address collateralToken; address oracle; address irm; uint256 lltv; }',
  'function supply(MarketParams marketParams, uint256 assets, uint256 shares, address onBehalf, bytes data) returns (uint256, uint256)',
  'function supplyCollateral(MarketParams marketParams, uint256 assets, address onBehalf, bytes data)',
  'function borrow(MarketParams marketParams, uint256 assets, uint256 shares, address onBehalf, address receiver) returns (uint256, uint256)',
])

function morphoOf(address: Address): Contract {
  return { name: 'Morpho', address, abi: morphoAbi }
}
