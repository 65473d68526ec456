import { arbitrum } from './networks/arbitrum.ts'
import { base } from './networks/base.ts'
import { ethereum } from './networks/ethereum.ts'
import { optimism } from './networks/optimism.ts'
import type { ProtocolAddresses } from './networks/protocolAddresses.ts'

export { gmxV2OnArbitrum } from './networks/byHand.ts'
export { addresses, type DeployedContracts } from './registries.ts'

/** The protocols that adapters read, by chain id, as the packages of their teams name them. */
export const protocolAddresses = {
  [ethereum.chainId]: ethereum,
  [optimism.chainId]: optimism,
  [base.chainId]: base,
  [arbitrum.chainId]: arbitrum,
} as const satisfies { readonly [chainId: number]: ProtocolAddresses }
