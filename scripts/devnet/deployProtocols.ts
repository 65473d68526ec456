import { deploySpark, extendAaveV3 } from './aaveMarkets.ts'
import { deployAaveV3 } from './aaveV3.ts'
import { openSampleAccounts } from './accounts.ts'
import { type DevnetChain, sendAs } from './chain.ts'
import { deployCompoundV2 } from './compoundV2.ts'
import type { DevnetDeployment } from './deployment.ts'
import { deployLyraAvalon } from './lyraAvalon.ts'
import { deployMorphoBlue } from './morphoBlue.ts'
import { deployPerpV2 } from './perpV2.ts'
import { deployPyth } from './pyth.ts'
import { deploySynthetixPerps } from './synthetixPerps.ts'
import { deployFurtherTokens, deployTokens, openingPrices, postAnswers } from './tokens.ts'
import { deployUniswapV3 } from './uniswapV3.ts'
import { deployUniswapV4 } from './uniswapV4.ts'
import { deployVenus } from './venus.ts'

/** Is told in a few words what the deployment does next. */
export type ProgressListener = (text: string) => void

/** Well-known accounts of Hardhat's and Anvil's default mnemonic, in its order. The node must hold the first twelve of them. */
export const devnetAccounts = {
  operators: {
    deployer: '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
    maker: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
  },
  accounts: {
    hedged: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC',
    naked: '0x90F79bf6EB2c4f870365E785982E1f101E93b906',
    levered: '0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65',
    empty: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
    borrower: '0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f',
    isolated: '0xa0Ee7A142d267C1f36714E4a8F75612F20a79720',
    futuresLong: '0xBcd4042DE499D14e55001CcbB24a551F3b954096',
    futuresShort: '0x71bE63f3384f5fb98995898A86B02Fb2426c5788',
    provider: '0x976EA74026E726554dB657fA54763abd0C3a0aa9',
  },
} as const

/**
 * Deploys tokens, feeds and all protocols on an empty chain, funds their markets and opens the sample accounts.
 * Chain time advances by two hours and one second per transaction.
 *
 * @throws {MissingArtifactError} when a package is not installed or the project is not compiled.
 * @throws {DevnetTransactionError} naming the call that failed and its reason.
 *
 * @example
 * const chain = connectDevnet({ transport: custom(provider), pace: 'stepped' })
 * const deployment = await deployDevnet(chain)
 */
export async function deployDevnet(
  chain: DevnetChain,
  onProgress: ProgressListener = () => undefined,
): Promise<DevnetDeployment> {
  const deployment = await deployProtocols(chain, onProgress)
  await openSampleAccounts(chain, deployment, onProgress)
  return deployment
}

/** Deploys tokens, feeds and all protocols, without any position. */
export async function deployProtocols(
  chain: DevnetChain,
  onProgress: ProgressListener = () => undefined,
): Promise<DevnetDeployment> {
  const deployer = sendAs(chain, devnetAccounts.operators.deployer)
  onProgress('Tokens and price feeds')
  const tokens = await deployTokens(deployer)
  onProgress('Aave v3')
  const aave = await deployAaveV3(deployer, tokens)
  onProgress('Uniswap v3')
  const uniswapV3 = await deployUniswapV3(deployer, { tokens: tokens.tokens, price: openingPrices.ETH })
  // Perp's opening window would make Lyra's cached greeks stale, so Perp comes first.
  onProgress('Perpetual Protocol v2')
  const perpV2 = await deployPerpV2(deployer, {
    deployment: tokens,
    price: openingPrices.ETH,
    refreshFeeds: () => postAnswers(deployer, tokens.feeds, openingPrices),
  })
  onProgress('Lyra Avalon')
  const lyra = await deployLyraAvalon(deployer, openingPrices.ETH * 10n ** 10n)
  onProgress('Pyth')
  const pyth = await deployPyth(deployer, openingPrices)
  onProgress('Compound v2')
  const compoundV2 = await deployCompoundV2(deployer, tokens)
  onProgress('Venus')
  const venus = await deployVenus(deployer, tokens)
  onProgress('Further tokens and Aave reserves, and Spark')
  const further = await deployFurtherTokens(deployer)
  await extendAaveV3(deployer, aave, { tokens, further, sUSD: lyra.sUSD })
  const spark = await deploySpark(deployer, { tokens, further })
  onProgress('Morpho Blue')
  const morphoBlue = await deployMorphoBlue(deployer, tokens)
  onProgress('Synthetix Perps v2, whose contracts are compiled the first time')
  const synthetixPerps = await deploySynthetixPerps(deployer, { feed: tokens.feeds.ethUsd })
  onProgress('Uniswap v4')
  const uniswapV4 = await deployUniswapV4(deployer, { tokens: tokens.tokens, price: openingPrices.ETH })
  const chainId = await chain.client.getChainId()
  const allTokens = {
    tokens: { ...tokens.tokens, ...further.tokens },
    feeds: { ...tokens.feeds, ...further.feeds },
  }
  const lending = { aave, spark, compoundV2, venus, morphoBlue }
  const protocols = { pyth, ...lending, uniswapV3, uniswapV4, perpV2, lyra, synthetixPerps }
  return { chainId, ...allTokens, ...protocols, ...devnetAccounts }
}
