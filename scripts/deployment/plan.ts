import { type Address, type Hex, isAddressEqual, toFunctionSelector } from 'viem'
import { BaseError } from '../../src/core/errors.ts'

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

/** Registries by where their block hashes come from; `unbound` is for chains that have none to rely on. */
export const registryArtifacts = {
  ethereum: 'contracts/MarginRegistry.sol/MarginRegistry.json',
  arbitrum: 'contracts/chains/ArbitrumMarginRegistry.sol/ArbitrumMarginRegistry.json',
  unbound: 'contracts/chains/UnboundMarginRegistry.sol/UnboundMarginRegistry.json',
} as const
export type RegistryVariant = keyof typeof registryArtifacts

export const accessManagerArtifact = '@openzeppelin/contracts/access/manager/AccessManager.sol/AccessManager.json'

/** What a registry is made of. */
export type RegistryTerms = {
  /** In any order; the set is sorted by address. */
  readonly signers: readonly Address[]
  readonly threshold: number
  readonly models: readonly ModelTerms[]
  /** `ethereum` by default. */
  readonly variant?: RegistryVariant
  /** Changes signers and models, and takes pauses back, after `governorDelay` seconds. The sender by default. */
  readonly governor?: Address
  readonly governorDelay?: number
  /**
   * Remove signers, retire models, pause and invalidate at once, and cancel what the governor has scheduled. The sender by
   * default.
   */
  readonly guardians?: readonly Address[]
  /** Grants roles, after `governorDelay` seconds. The sender by default; when it names another it keeps none of this role. */
  readonly admin?: Address
}

/** Contracts of a registry. */
export type PlannedContract = 'AccessManager' | 'MarginRegistry'

/** A contract that an earlier step deployed. */
export type Deployed = { readonly deployed: PlannedContract }

/** One transaction; its arguments may name contracts of earlier steps. */
export type DeploymentStep =
  | {
      readonly kind: 'deploy'
      readonly contract: PlannedContract
      readonly artifact: string
      readonly args: readonly unknown[]
    }
  | {
      readonly kind: 'call'
      readonly id: string
      readonly contract: 'AccessManager'
      readonly functionName: 'setTargetFunctionRole' | 'grantRole' | 'setRoleGuardian' | 'renounceRole'
      readonly args: readonly unknown[]
    }

/** A deployment transaction failed. */
export class DeploymentError extends BaseError {
  override readonly name = 'DeploymentError'
}

/** Roles of the AccessManager that guard a registry. */
export const adminRole = 0n
export const governorRole = 1n
export const guardianRole = 2n

/** Functions that only the governor may call. */
export const governorFunctions = [
  'rotateSigners(address[],uint8)',
  'setModel((uint8,bytes32,uint32,uint32,uint64,uint64,uint32))',
  'moveToModel(address,uint8)',
  'unpause(uint8)',
] as const

/** Functions that only a guardian may call. */
export const guardianFunctions = [
  'removeSigner(address)',
  'retireModel(uint8,uint32)',
  'pause(uint8)',
  'invalidateBefore(uint32)',
] as const

const endOfTime = 0xffffffff

/**
 * The transactions that make an AccessManager and a registry under it, and hand out the roles, in their order.
 *
 * @param sender - Deploys, and holds every role that the terms give to nobody else.
 */
export function planRegistry(terms: RegistryTerms, sender: Address): readonly DeploymentStep[] {
  const { threshold, governorDelay = 0, variant = 'ethereum' } = terms
  const { governor = sender, guardians = [sender], admin = sender } = terms
  const manager: Deployed = { deployed: 'AccessManager' }
  const registry: Deployed = { deployed: 'MarginRegistry' }
  const call = (
    id: string,
    functionName: Extract<DeploymentStep, { kind: 'call' }>['functionName'],
    ...args: unknown[]
  ) => ({ kind: 'call', id, contract: 'AccessManager', functionName, args }) as const
  const selectors = (functions: readonly string[]) => functions.map((signature) => toFunctionSelector(signature))
  return [
    { kind: 'deploy', contract: 'AccessManager', artifact: accessManagerArtifact, args: [sender] },
    {
      kind: 'deploy',
      contract: 'MarginRegistry',
      artifact: registryArtifacts[variant],
      args: [manager, sortSigners(terms.signers), threshold, terms.models.map(toModel)],
    },
    call('governorFunctions', 'setTargetFunctionRole', registry, selectors(governorFunctions), governorRole),
    call('guardianFunctions', 'setTargetFunctionRole', registry, selectors(guardianFunctions), guardianRole),
    call('governor', 'grantRole', governorRole, governor, governorDelay),
    ...guardians.map((guardian, i) => call(`guardian${i}`, 'grantRole', guardianRole, guardian, 0)),
    call('roleGuardian', 'setRoleGuardian', governorRole, guardianRole),
    // The admin waits as long as the governor, or it could hand out the governor's role without the delay.
    call('admin', 'grantRole', adminRole, admin, governorDelay),
    ...(isAddressEqual(admin, sender) ? [] : [call('renounce', 'renounceRole', adminRole, sender)]),
  ]
}

/** Signers in the order of the signer bitmap. */
export function sortSigners(signers: readonly Address[]): readonly Address[] {
  return [...signers].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
}

/** The `Model` of the registry: in force for good and within {@link defaultChangeBounds} where the terms say nothing. */
export function toModel(terms: ModelTerms) {
  return { from: 0, until: endOfTime, ...defaultChangeBounds, ...terms }
}
