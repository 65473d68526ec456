import type { Address } from 'viem'

/** A token with the decimals that its contract answers. */
export type TokenAddress = { readonly address: Address; readonly decimals: number }

/** Where protocols lie on one chain. What is absent is not deployed there, or no maintained package names it. */
export type ProtocolAddresses = {
  readonly chainId: number
  readonly multicall3: Address
  /** By symbol; `USDC` is the one that Circle issues on the chain itself. */
  readonly tokens: Readonly<Record<string, TokenAddress>>
  /** Chainlink feeds against the US dollar, by underlying. */
  readonly feeds: Readonly<Record<string, Address>>
  readonly aaveV3?: { readonly pool: Address; readonly dataProvider: Address }
  readonly uniswapV3?: { readonly factory: Address; readonly positionManager: Address }
  readonly uniswapV4?: {
    readonly poolManager: Address
    readonly positionManager: Address
    readonly stateView: Address
  }
  /** `fromBlock` is the block in which it was deployed. */
  readonly morphoBlue?: { readonly morpho: Address; readonly fromBlock: number }
  readonly venus?: { readonly comptrollers: readonly Address[] }
  readonly perpV2?: {
    readonly clearingHouse: Address
    readonly accountBalance: Address
    readonly vault: Address
    readonly exchange: Address
    readonly clearingHouseConfig: Address
    readonly orderBook: Address
    readonly settlementToken: Address
    /** Base tokens by the underlying that they follow. */
    readonly baseTokens: Readonly<Record<string, Address>>
  }
  /** Of the sETH market. */
  readonly lyraAvalon?: {
    readonly optionMarket: Address
    readonly optionToken: Address
    readonly greekCache: Address
    readonly shortCollateral: Address
    readonly synthetixAdapter: Address
  }
}
