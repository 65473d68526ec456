import type { Abi, Account, Address, Chain, Hash, PublicClient, Transport, WalletClient } from 'viem'
import { creditLineAbi } from '../src/attest/abi.ts'
import type { SignerSet } from '../src/attest/sign.ts'
import {
  DeploymentError,
  type DeploymentStep,
  type PlannedContract,
  planRegistry,
  type RegistryTerms,
  sortSigners,
} from './deployment/plan.ts'
import { loadProjectArtifact } from './devnet/artifacts.ts'

/** Wallet that sends the transactions and client that waits for them. */
export type DeployClients = {
  readonly walletClient: WalletClient<Transport, Chain | undefined, Account>
  readonly publicClient: PublicClient
}

/** What a registry is made of, and who sends. */
export type DeployRegistryOptions = DeployClients & RegistryTerms

/** Addresses of a registry, and its first signer set. */
export type RegistryDeployment = {
  readonly accessManager: Address
  readonly registry: Address
  readonly signerSet: SignerSet
}

/** Fixed terms of a credit line; rates are fractions of collateral value with 18 decimals, ages in seconds. */
export type CreditLineTerms = {
  readonly collateral: Address
  readonly collateralFeed: Address
  readonly collateralPriceAge: number
  readonly asset: Address
  readonly assetFeed: Address
  readonly assetPriceAge: number
  readonly baseAdvance: bigint
  readonly marginAdvance: bigint
  readonly baseThreshold: bigint
  readonly hardThreshold: bigint
  readonly bonus: bigint
  readonly grace: number
}

/** What a credit line is made of. */
export type DeployCreditLineOptions = DeployClients & {
  readonly registry: Address
  /** Oldest record accepted, seconds. */
  readonly maxAge: bigint
  /** Fraction of the requirement added per second of a record's age, 18 decimals. */
  readonly agingRate: bigint
  readonly acceptedModels: readonly number[]
  readonly terms: CreditLineTerms
}

/**
 * Deploys an AccessManager and a registry under it, and hands out the roles, as {@link planRegistry} says.
 *
 * @throws {DeploymentError} when a transaction fails.
 */
export async function deployRegistry(options: DeployRegistryOptions): Promise<RegistryDeployment> {
  const contracts = new Map<PlannedContract, { readonly address: Address; readonly abi: Abi }>()
  for (const step of planRegistry(options, options.walletClient.account.address)) await take(options, step, contracts)
  const addressOf = (contract: PlannedContract) => {
    const deployed = contracts.get(contract)
    if (!deployed) throw new DeploymentError(`The plan deploys no ${contract}.`)
    return deployed.address
  }
  const { threshold, signers } = options
  return {
    accessManager: addressOf('AccessManager'),
    registry: addressOf('MarginRegistry'),
    signerSet: { setId: 1n, threshold, signers: sortSigners(signers) },
  }
}

/**
 * Deploys a credit line on a registry.
 *
 * @throws {DeploymentError} when the transaction fails.
 */
export async function deployCreditLine(options: DeployCreditLineOptions): Promise<Address> {
  const { registry, maxAge, agingRate, acceptedModels, terms } = options
  const bitmap = acceptedModels.reduce((bits, id) => bits | (1n << BigInt(id)), 0n)
  return deploy(options, 'contracts/examples/CreditLine.sol/CreditLine.json', creditLineAbi, [
    registry,
    maxAge,
    agingRate,
    bitmap,
    terms,
  ])
}

async function take(
  clients: DeployClients,
  step: DeploymentStep,
  contracts: Map<PlannedContract, { readonly address: Address; readonly abi: Abi }>,
): Promise<void> {
  const args = step.args.map((value) => {
    const isReference = typeof value === 'object' && value !== null && 'deployed' in value
    return isReference ? contracts.get(value.deployed as PlannedContract)?.address : value
  })
  if (step.kind === 'deploy') {
    const { abi } = await loadProjectArtifact(step.artifact)
    contracts.set(step.contract, { address: await deploy(clients, step.artifact, abi, args), abi })
    return
  }
  const { contract, functionName } = step
  const target = contracts.get(contract)
  if (!target) throw new DeploymentError(`${functionName} comes before ${contract} is deployed.`)
  const { walletClient } = clients
  const hash = await walletClient.writeContract({ ...target, functionName, args, ...senderOf(walletClient) })
  await succeeded(clients, hash, functionName)
}

async function deploy(clients: DeployClients, artifact: string, abi: Abi, args: readonly unknown[]): Promise<Address> {
  const { walletClient } = clients
  const { name, bytecode } = await loadProjectArtifact(artifact)
  const hash = await walletClient.deployContract({ abi, bytecode, args, ...senderOf(walletClient) })
  const { contractAddress } = await succeeded(clients, hash, `Deploying ${name}`)
  if (!contractAddress) throw new DeploymentError(`Transaction ${hash} made no contract.`)
  return contractAddress
}

function senderOf({ account, chain }: DeployClients['walletClient']) {
  return { account, chain: chain ?? null }
}

async function succeeded({ publicClient }: DeployClients, hash: Hash, what: string) {
  const receipt = await publicClient.waitForTransactionReceipt({ hash, pollingInterval: 20 })
  if (receipt.status !== 'success') throw new DeploymentError(`${what} failed in ${hash}.`)
  return receipt
}
