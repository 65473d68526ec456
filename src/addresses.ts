import type { Address } from 'viem'
import { arbitrum } from './networks/arbitrum.ts'
import { base } from './networks/base.ts'
import { ethereum } from './networks/ethereum.ts'
import { optimism } from './networks/optimism.ts'
import type { ProtocolAddresses } from './networks/protocolAddresses.ts'

/** Contracts of a deployment, all on one chain. */
export type DeployedContracts = { readonly registry: Address; readonly accessManager: Address }

/** Deployments by chain id. There is none on a public chain yet. */
export const addresses = {} as const satisfies { readonly [chainId: number]: DeployedContracts }

/** The protocols that adapters read, by chain id, as the packages of their teams name them. */
export const protocolAddresses = {
  [ethereum.chainId]: ethereum,
  [optimism.chainId]: optimism,
  [base.chainId]: base,
  [arbitrum.chainId]: arbitrum,
} as const satisfies { readonly [chainId: number]: ProtocolAddresses }
