import type { Address } from 'viem'

/** Contracts of a deployment, all on one chain. */
export type DeployedContracts = { readonly registry: Address; readonly accessManager: Address }

/** Deployments by chain id. There is none on a public chain yet. */
export const addresses = {} as const satisfies { readonly [chainId: number]: DeployedContracts }
