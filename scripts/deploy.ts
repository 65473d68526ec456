import {
  type Abi,
  type Account,
  type Address,
  type Chain,
  type Hex,
  isAddressEqual,
  type PublicClient,
  parseAbi,
  type Transport,
  toFunctionSelector,
  type WalletClient,
} from 'viem'
import { creditLineAbi, marginRegistryAbi } from '../src/attest/abi.ts'
import type { SignerSet } from '../src/attest/sign.ts'
import { BaseError } from '../src/core/errors.ts'
import { loadProjectArtifact } from './devnet/artifacts.ts'

/** Wallet that sends the transactions and client that waits for them. */
export type DeployClients = {
  readonly walletClient: WalletClient<Transport, Chain | undefined, Account>
  readonly publicClient: PublicClient
}

/** A model of the registry: in force for records observed in [from, until), Unix seconds. */
export type ModelTerms = Partial<ChangeBounds> & {
  readonly id: number
  readonly paramsHash: Hex
  readonly from?: number
  readonly until?: number
}

/** How fast free equity may rise: at once, per second of observation, and for how many seconds at most. Quote units. */
export type ChangeBounds = {
  readonly improvementBase: bigint
  readonly improvementRate: bigint
  readonly improvementCap: number
}

/**
 * Two million dollars at once and a thousand per second for an hour. Every record may add the base anew, so it is what k
 * stolen keys can add per second of observation; a deployment with smaller accounts should set less.
 */
export const defaultChangeBounds: ChangeBounds = {
  improvementBase: 2_000_000_000_000n,
  improvementRate: 1_000_000_000n,
  improvementCap: 3600,
}

/** What a registry is made of. */
export type DeployRegistryOptions = DeployClients & {
  /** In any order; the set is sorted by address. */
  readonly signers: readonly Address[]
  readonly threshold: number
  readonly models: readonly ModelTerms[]
  /** Changes signers and models, and takes pauses back, after `governorDelay` seconds. The sender by default. */
  readonly governor?: Address
  readonly governorDelay?: number
  /** Removes signers, retires models, pauses and invalidates at once, and cancels what the governor has scheduled. The sender by default. */
  readonly guardian?: Address
  /** Grants roles, after `governorDelay` seconds. The sender by default; when it names another it keeps none of this role. */
  readonly admin?: Address
}

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

/** A deployment transaction failed. */
export class DeploymentError extends BaseError {
  override readonly name = 'DeploymentError'
}

/** Roles of the AccessManager that guard a registry. */
export const governorRole = 1n
export const guardianRole = 2n

const governorFunctions = [
  'rotateSigners(address[],uint8)',
  'setModel((uint8,bytes32,uint32,uint32,uint64,uint64,uint32))',
  'moveToModel(address,uint8)',
  'unpause(uint8)',
].map((signature) => toFunctionSelector(signature))
const guardianFunctions = [
  'removeSigner(address)',
  'retireModel(uint8,uint32)',
  'pause(uint8)',
  'invalidateBefore(uint32)',
].map((signature) => toFunctionSelector(signature))

const accessManagerAbi = parseAbi([
  'constructor(address initialAdmin)',
  'function setTargetFunctionRole(address target, bytes4[] selectors, uint64 roleId)',
  'function grantRole(uint64 roleId, address account, uint32 executionDelay)',
  'function setRoleGuardian(uint64 roleId, uint64 guardian)',
  'function renounceRole(uint64 roleId, address callerConfirmation)',
])
const adminRole = 0n
const endOfTime = 0xffffffff

/**
 * Deploys an AccessManager and a registry under it, and hands out the roles.
 *
 * @throws {DeploymentError} when a transaction fails.
 */
export async function deployRegistry(options: DeployRegistryOptions): Promise<RegistryDeployment> {
  const { walletClient, threshold, governorDelay = 0 } = options
  const sender = walletClient.account.address
  const { governor = sender, guardian = sender, admin = sender } = options
  const signers = [...options.signers].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
  const models = options.models.map(toModel)

  const accessManager = await deploy(
    options,
    '@openzeppelin/contracts/access/manager/AccessManager.sol/AccessManager.json',
    accessManagerAbi,
    [sender],
  )
  const registry = await deploy(options, 'contracts/MarginRegistry.sol/MarginRegistry.json', marginRegistryAbi, [
    accessManager,
    signers,
    threshold,
    models,
  ])
  await configure(options, accessManager, 'setTargetFunctionRole', [registry, governorFunctions, governorRole])
  await configure(options, accessManager, 'setTargetFunctionRole', [registry, guardianFunctions, guardianRole])
  await configure(options, accessManager, 'grantRole', [governorRole, governor, governorDelay])
  await configure(options, accessManager, 'grantRole', [guardianRole, guardian, 0])
  await configure(options, accessManager, 'setRoleGuardian', [governorRole, guardianRole])
  // The admin waits as long as the governor, or it could hand out the governor's role without the delay.
  await configure(options, accessManager, 'grantRole', [adminRole, admin, governorDelay])
  if (!isAddressEqual(admin, sender)) {
    await configure(options, accessManager, 'renounceRole', [adminRole, sender])
  }
  return { accessManager, registry, signerSet: { setId: 1n, threshold, signers } }
}

/** The `Model` of the registry: in force for good and within {@link defaultChangeBounds} where the terms say nothing. */
export function toModel(terms: ModelTerms) {
  return { from: 0, until: endOfTime, ...defaultChangeBounds, ...terms }
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

async function deploy(
  { walletClient, publicClient }: DeployClients,
  artifact: string,
  abi: Abi,
  args: readonly unknown[],
): Promise<Address> {
  const { name, bytecode } = await loadProjectArtifact(artifact)
  const hash = await walletClient.deployContract({
    abi,
    bytecode,
    args,
    account: walletClient.account,
    chain: walletClient.chain ?? null,
  })
  const { contractAddress, status } = await publicClient.waitForTransactionReceipt({ hash, pollingInterval: 20 })
  if (status !== 'success' || !contractAddress) throw new DeploymentError(`Deploying ${name} failed in ${hash}.`)
  return contractAddress
}

async function configure(
  { walletClient, publicClient }: DeployClients,
  accessManager: Address,
  functionName: 'setTargetFunctionRole' | 'grantRole' | 'setRoleGuardian' | 'renounceRole',
  args: readonly unknown[],
): Promise<void> {
  const hash = await walletClient.writeContract({
    address: accessManager,
    abi: accessManagerAbi as Abi,
    functionName,
    args,
    account: walletClient.account,
    chain: walletClient.chain ?? null,
  })
  const { status } = await publicClient.waitForTransactionReceipt({ hash, pollingInterval: 20 })
  if (status !== 'success') throw new DeploymentError(`${functionName} failed in ${hash}.`)
}
