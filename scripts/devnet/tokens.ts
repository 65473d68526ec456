import { type Address, erc20Abi, maxUint256, parseAbi } from 'viem'
import { type Artifact, loadArtifact, loadProjectArtifact } from './artifacts.ts'
import type { Contract, DevnetChain, Sender } from './chain.ts'

/**
 * Tokens of the devnet and one Chainlink aggregator per asset. WETH and USDC (6 decimals) are the contracts of
 * `@aave/core-v3`; the aggregators are `MockV3Aggregator` of `@chainlink/contracts`, whose answer anyone may set.
 */
export type TokenDeployment = {
  readonly tokens: { readonly weth: Address; readonly usdc: Address }
  readonly feeds: { readonly ethUsd: Address; readonly usdcUsd: Address; readonly susdUsd: Address }
}

/** Decimals of every feed. */
export const feedDecimals = 8

/** Prices at which the devnet opens, in USD with {@link feedDecimals} decimals. */
export const openingPrices = { ETH: 2_000n * 10n ** 8n, USDC: 10n ** 8n, sUSD: 10n ** 8n } as const

/** Likewise, of what {@link deployFurtherTokens} adds. */
export const furtherOpeningPrices = { BTC: 60_000n * 10n ** 8n, DAI: 10n ** 8n } as const

/**
 * Further tokens, which are there once the protocols are: WBTC (8 decimals) and DAI (18 decimals), each a `MintableERC20` of
 * `@aave/core-v3`, and their aggregators.
 */
export type FurtherTokens = {
  readonly tokens: { readonly wbtc: Address; readonly dai: Address }
  readonly feeds: { readonly btcUsd: Address; readonly daiUsd: Address }
}

const aave = '@aave/core-v3/artifacts/contracts'

/** Deploys WETH, USDC and the aggregators for ETH, USDC and sUSD; sUSD is a stablecoin of its own. */
export async function deployTokens(deployer: Sender): Promise<TokenDeployment> {
  const aggregator = await loadAggregator()
  const weth = await deployer.deploy(await loadArtifact(`${aave}/dependencies/weth/WETH9.sol/WETH9.json`))
  const usdc = await deployer.deploy(await loadArtifact(`${aave}/mocks/tokens/MintableERC20.sol/MintableERC20.json`), [
    'USD Coin',
    'USDC',
    6,
  ])
  const ethUsd = await deployer.deploy(aggregator, [feedDecimals, openingPrices.ETH])
  const usdcUsd = await deployer.deploy(aggregator, [feedDecimals, openingPrices.USDC])
  const susdUsd = await deployer.deploy(aggregator, [feedDecimals, openingPrices.sUSD])
  return {
    tokens: { weth: weth.address, usdc: usdc.address },
    feeds: { ethUsd: ethUsd.address, usdcUsd: usdcUsd.address, susdUsd: susdUsd.address },
  }
}

/** Deploys WBTC, DAI and the aggregators for BTC and DAI. */
export async function deployFurtherTokens(deployer: Sender): Promise<FurtherTokens> {
  const aggregator = await loadAggregator()
  const mintable = await loadArtifact(`${aave}/mocks/tokens/MintableERC20.sol/MintableERC20.json`)
  const wbtc = await deployer.deploy(mintable, ['Wrapped BTC', 'WBTC', 8])
  const dai = await deployer.deploy(mintable, ['Dai Stablecoin', 'DAI', 18])
  const btcUsd = await deployer.deploy(aggregator, [feedDecimals, furtherOpeningPrices.BTC])
  const daiUsd = await deployer.deploy(aggregator, [feedDecimals, furtherOpeningPrices.DAI])
  return {
    tokens: { wbtc: wbtc.address, dai: dai.address },
    feeds: { btcUsd: btcUsd.address, daiUsd: daiUsd.address },
  }
}

/**
 * Reads the artifact of the Chainlink aggregator, which this project compiles from its package.
 *
 * @throws {MissingArtifactError} when it has not been compiled.
 */
export async function loadAggregator(): Promise<Artifact> {
  return loadProjectArtifact('@chainlink/contracts/src/v0.8/tests/MockV3Aggregator.sol/MockV3Aggregator.json')
}

/** Gives an account freshly minted units of a test token (USDC, WBTC, DAI, sUSD, sETH) in its smallest unit. */
export async function mintToken(minter: Sender, token: Address, grant: { to: Address; amount: bigint }): Promise<void> {
  await minter.send({ name: 'Mintable', address: token, abi: mintAbi }, 'mint', [grant.to, grant.amount])
}

/** Turns `amount` wei of the sender into WETH. */
export async function wrapEther(sender: Sender, weth: Address, amount: bigint): Promise<void> {
  await sender.send({ name: 'WETH9', address: weth, abi: wethAbi }, 'deposit', [], amount)
}

/** Sends tokens of the sender, in their smallest unit. */
export async function sendToken(sender: Sender, token: Address, grant: { to: Address; amount: bigint }): Promise<void> {
  await sender.send(erc20(token), 'transfer', [grant.to, grant.amount])
}

/** Lets each spender take any amount of each token of the sender. */
export async function approveAll(
  sender: Sender,
  tokens: readonly Address[],
  spenders: readonly Address[],
): Promise<void> {
  for (const token of tokens) {
    for (const spender of spenders) await sender.send(erc20(token), 'approve', [spender, maxUint256])
  }
}

/** Reads the balance of a token in its smallest unit. */
export async function readBalance(holder: Sender, token: Address): Promise<bigint> {
  return holder.chain.client.readContract({
    address: token,
    abi: erc20Abi,
    functionName: 'balanceOf',
    args: [holder.address],
  })
}

/** Posts a new round to each of these feeds, in USD with {@link feedDecimals} decimals; an equal answer renews its time. */
export async function postAnswers(
  sender: Sender,
  feeds: TokenDeployment['feeds'],
  answers: Readonly<Record<'ETH' | 'USDC' | 'sUSD', bigint>>,
): Promise<void> {
  await postRounds(sender, [
    [feeds.ethUsd, answers.ETH],
    [feeds.usdcUsd, answers.USDC],
    [feeds.susdUsd, answers.sUSD],
  ])
}

/** Likewise to the feeds of the further tokens. */
export async function postFurtherAnswers(
  sender: Sender,
  feeds: FurtherTokens['feeds'],
  answers: Readonly<Record<'BTC' | 'DAI', bigint>>,
): Promise<void> {
  await postRounds(sender, [
    [feeds.btcUsd, answers.BTC],
    [feeds.daiUsd, answers.DAI],
  ])
}

async function postRounds(sender: Sender, rounds: readonly (readonly [Address, bigint])[]): Promise<void> {
  for (const [address, answer] of rounds) {
    await sender.send({ name: 'MockV3Aggregator', address, abi: aggregatorAbi }, 'updateAnswer', [answer])
  }
}

/** Reads the latest answer of a feed, in USD with {@link feedDecimals} decimals. */
export async function readAnswer(chain: DevnetChain, feed: Address): Promise<bigint> {
  return chain.client.readContract({ address: feed, abi: aggregatorAbi, functionName: 'latestAnswer' })
}

const aggregatorAbi = parseAbi([
  'function updateAnswer(int256 answer)',
  'function latestAnswer() view returns (int256)',
])
const mintAbi = parseAbi(['function mint(address account, uint256 amount)'])
const wethAbi = parseAbi(['function deposit() payable'])

function erc20(address: Address): Contract {
  return { name: 'ERC20', address, abi: erc20Abi }
}
