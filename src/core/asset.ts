import type { Address } from 'viem'

/** A token on a chain: `<chainId>:<address in lower case>`. */
export type AssetKey = `${number}:0x${string}`

/** Names the token at `address` on `chainId`. */
export function toAssetKey(chainId: number, address: Address): AssetKey {
  return `${chainId}:${address.toLowerCase() as Address}`
}

/** A price axis of the model, such as `ETH`. Every stablecoin is an underlying of its own. */
export type Underlying = string
