import type { Address, Client } from 'viem'
import { marginRegistryAbi } from './attest/abi.ts'
import { CallFailedError } from './chain/errors.ts'
import { runPlans } from './chain/runPlans.ts'
import type { PinnedBlock } from './core/portfolio.ts'
import { type ReadPlan, readAll, readEach, readTogether } from './core/readPlan.ts'
import { marginStatus, noRegistry, type RegistryState, type StoredRecord } from './registry.ts'

/** What a registry says at one block, with the records of many accounts. */
export type RegistryRecords = Omit<RegistryState, 'stored'> & {
  readonly block: PinnedBlock
  /** Accounts without a record are not there. */
  readonly stored: ReadonlyMap<Address, StoredRecord>
  /** Records observed before this time are dead, Unix seconds. */
  readonly invalidBefore: number
  /** Time of the newest root; records under the roots that were observed before it are dead. Zero without a root. */
  readonly newestRootAt: number
}

/** Which registry and model, and whose records. */
export type RecordsQuery = {
  readonly registry: Address
  readonly modelId: number
  readonly accounts: readonly Address[]
}

/**
 * Reads signers, model, controls and the stored records of many accounts at one block, in as few calls as fit.
 *
 * @throws {InvalidInputError} when there is no registry at the address.
 * @throws {ReorgedError | RpcError} when the chain cannot be read as one.
 */
export async function readRecords(client: Client, block: PinnedBlock, query: RecordsQuery): Promise<RegistryRecords> {
  try {
    const { results } = await runPlans(client, block, [{ name: 'registry', plan: planOf(query) }])
    return { block, ...(results[0] as Omit<RegistryRecords, 'block'>) }
  } catch (error) {
    if (error instanceof CallFailedError) throw noRegistry(query.registry)
    throw error
  }
}

function* planOf({ registry, modelId, accounts }: RecordsQuery): ReadPlan<Omit<RegistryRecords, 'block'>> {
  const contract = { address: registry, abi: marginRegistryAbi } as const
  const [[[setId, threshold, signers], [model, retired], [pauses, , invalidBefore, newestRootAt]], records] =
    yield* readTogether([
      readAll([
        { ...contract, functionName: 'signerSet' },
        { ...contract, functionName: 'modelOf', args: [modelId] },
        { ...contract, functionName: 'controls' },
      ]),
      readEach(
        accounts.map(
          (account) => ({ ...contract, functionName: 'tryMarginOf', args: [account, 2n ** 256n - 1n] }) as const,
        ),
      ),
    ])
  const stored = new Map<Address, StoredRecord>()
  records.forEach(([found, margin], index) => {
    const account = accounts[index] as Address
    if (found === marginStatus.unknown) return
    stored.set(account, { account, ...margin, isUsable: found === marginStatus.fresh })
  })
  return {
    signerSet: { setId, threshold: Number(threshold), signers },
    paramsHash: model.paramsHash,
    retired,
    bounds: { base: model.improvementBase, rate: model.improvementRate, cap: model.improvementCap },
    isPostingPaused: (pauses & 2n) !== 0n,
    stored,
    invalidBefore: Number(invalidBefore),
    newestRootAt: Number(newestRootAt),
  }
}
