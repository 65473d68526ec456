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

/** GMX v2 on one chain: its contracts, and markets by their token with what their index token follows. */
export type GmxV2Addresses = {
  readonly chainId: number
  readonly reader: Address
  readonly dataStore: Address
  readonly referralStorage: Address
  readonly markets: readonly { readonly market: Address; readonly underlying: string }[]
}

/**
 * Ethereum, by hand. Each entry was compared with what its source says; nothing in this repository compares it with the chain.
 */
export const ethereumByHand = {
  // The newest release of github.com/aave-dao/aave-v3-origin; not compared with the pool.
  aaveV3Version: '3.7',
  spark: {
    // POOL of github.com/sparkdotfi/spark-address-registry, src/SparkLend.sol.
    pool: '0xC13e21B648A5Ee794902342038FF3aDAB66BE987',
    // PROTOCOL_DATA_PROVIDER of the same file.
    dataProvider: '0xFc21d6d146E6086B8359705C8b28512a983db0cb',
    // The same file names the code sparklend-v1-core v1.0.0, a fork of Aave v3.0.
    version: '3.0',
  },
  compoundV3: {
    comets: [
      // comet of github.com/compound-finance/comet, deployments/mainnet/usdc/roots.json.
      '0xc3d688B66703497DAA19211EEdff47f25384cdc3',
      // comet of deployments/mainnet/usdt/roots.json there.
      '0x3Afdc9BCA9213A35503b077a6072F3D0d5AB0840',
    ],
  },
  maxPriceAge: {
    // Heartbeats of docs.chain.link/data-feeds/price-feeds/addresses as public audits quote them: BTC, DAI and ETH one hour, USDC
    // and USDT a day. Where one has become longer since, prices refuse as late.
    BTC: 4_500,
    DAI: 4_500,
    ETH: 4_500,
    USDC: 90_000,
    USDT: 90_000,
  },
} as const satisfies HandKept

/** GMX v2 on Arbitrum One, by hand, as {@link ethereumByHand}. */
export const gmxV2OnArbitrum = {
  chainId: 42161,
  // Release 2.2, as public integrations of 2026 name it; github.com/gmx-io/gmx-synthetics replaces readers with each release.
  reader: '0x470fbC46bcC0f16532691Df360A07d8Bf5ee0789',
  // DataStore and ReferralStorage of github.com/gmx-io/gmx-interface, sdk/src/configs/contracts.ts.
  dataStore: '0xFD70de6b91282D8017aA4E741e9Ae325CAb992d8',
  referralStorage: '0xe6fab3F0c7199b0d34d7FbE83394fc0e0D06e99d',
  // ETH/USD and BTC/USD against USDC, of the markets there.
  markets: [
    { market: '0x70d95587d40A2caf56bd97485aB3Eec10Bee6336', underlying: 'ETH' },
    { market: '0x47c031236e19d024b42f8AE6780E44A573170703', underlying: 'BTC' },
  ],
} as const satisfies GmxV2Addresses
