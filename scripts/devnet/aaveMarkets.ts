import { type Address, zeroAddress } from 'viem'
import { type AaveV3Deployment, addReserves, configuratorOf, deployAaveV3 } from './aaveV3.ts'
import type { Sender } from './chain.ts'
import type { FurtherTokens, TokenDeployment } from './tokens.ts'

/** The e-mode category of the stablecoins, at Aave and at Spark alike; basis points. */
export const stableCategory = { id: 1, ltv: 9_300, liquidationThreshold: 9_500, liquidationBonus: 10_100 } as const

/** How much may be borrowed against sUSD, which is isolated collateral; US cents. */
export const isolatedCeiling = 1_000_000n * 100n

/**
 * Lists WBTC, DAI and sUSD at Aave: eight decimals, stable debt and isolated collateral. USDC and DAI may be borrowed against
 * isolated collateral and make up the e-mode category of the stablecoins.
 */
export async function extendAaveV3(
  deployer: Sender,
  aave: AaveV3Deployment,
  { tokens: { tokens, feeds }, further, sUSD }: Later & { readonly sUSD: Address },
): Promise<void> {
  await addReserves(deployer, aave, [
    {
      ...{ asset: further.tokens.wbtc, symbol: 'WBTC', decimals: 8, feed: further.feeds.btcUsd },
      ...{ ltv: 7_000n, liquidationThreshold: 7_500n, liquidationBonus: 11_000n },
    },
    {
      ...{ asset: further.tokens.dai, symbol: 'DAI', decimals: 18, feed: further.feeds.daiUsd },
      ...{ ltv: 7_500n, liquidationThreshold: 7_800n, liquidationBonus: 10_400n },
      allows: ['stableRate', 'borrowingInIsolation'],
    },
    {
      ...{ asset: sUSD, symbol: 'sUSD', decimals: 18, feed: feeds.susdUsd },
      ...{ ltv: 6_000n, liquidationThreshold: 7_000n, liquidationBonus: 10_500n },
      debtCeiling: isolatedCeiling,
    },
  ])
  const configurator = await configuratorOf(deployer, aave)
  await deployer.send(configurator, 'setBorrowableInIsolation', [tokens.usdc, true])
  await setStableCategory(deployer, aave, [tokens.usdc, further.tokens.dai])
}

/** Deploys Aave's code once more with reserves and thresholds of its own, as Spark does. */
export async function deploySpark(deployer: Sender, { tokens, further }: Later): Promise<AaveV3Deployment> {
  const spark = await deployAaveV3(deployer, tokens)
  await addReserves(deployer, spark, [
    {
      ...{ asset: further.tokens.dai, symbol: 'DAI', decimals: 18, feed: further.feeds.daiUsd },
      ...{ ltv: 7_400n, liquidationThreshold: 7_600n, liquidationBonus: 10_450n },
    },
  ])
  await setStableCategory(deployer, spark, [tokens.tokens.usdc, further.tokens.dai])
  return spark
}

type Later = { readonly tokens: TokenDeployment; readonly further: FurtherTokens }

async function setStableCategory(deployer: Sender, aave: AaveV3Deployment, assets: readonly Address[]): Promise<void> {
  const { id, ltv, liquidationThreshold, liquidationBonus } = stableCategory
  const configurator = await configuratorOf(deployer, aave)

  await deployer.send(configurator, 'setEModeCategory', [
    id,
    ltv,
    liquidationThreshold,
    liquidationBonus,
    zeroAddress,
    'Stablecoins',
  ])
  for (const asset of assets) await deployer.send(configurator, 'setAssetEModeCategory', [asset, id])
}
