import type { Address } from 'viem'

/** What no maintained package names, kept by hand. */
export type HandKept = {
  /** The release that the pool of Aave runs; it decides how accounts count, and a wrong one is refused where it matters. */
  readonly aaveV3Version: string
  readonly spark: { readonly pool: Address; readonly dataProvider: Address; readonly version: string }
  /** Markets of Compound III whose prices are in US dollars. */
  readonly compoundV3: { readonly comets: readonly Address[] }
  /** Seconds: the longest time between rounds that Chainlink publishes for a feed, and a quarter on top or an hour. */
  readonly maxPriceAge: Readonly<Record<string, number>>
}

/**
 * Ethereum, by hand: Spark, and the Compound III markets of USDC and USDT, as public code names them; the heartbeats as
 * Chainlink is known to run these feeds. Nothing in this repository checks any of it against the chain.
 */
export const ethereumByHand = {
  aaveV3Version: '3.7',
  spark: {
    pool: '0xC13e21B648A5Ee794902342038FF3aDAB66BE987',
    dataProvider: '0xFc21d6d146E6086B8359705C8b28512a983db0cb',
    version: '3.0',
  },
  compoundV3: {
    comets: ['0xc3d688B66703497DAA19211EEdff47f25384cdc3', '0x3Afdc9BCA9213A35503b077a6072F3D0d5AB0840'],
  },
  maxPriceAge: { BTC: 4_500, DAI: 4_500, ETH: 4_500, USDC: 90_000, USDT: 90_000 },
} as const satisfies HandKept
