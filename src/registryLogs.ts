import type { AbiEvent, Address, Client, GetLogsReturnType, Hash } from 'viem'
import { getAbiItem } from 'viem'
import { getLogs } from 'viem/actions'
import { marginRegistryAbi } from './attest/abi.ts'
import { isUnderRoot, type Leaf, type MarginRoot } from './attest/root.ts'
import type { Signatures } from './attest/wire.ts'
import { toRpcError } from './chain/toRpcError.ts'
import { InvalidInputError } from './core/errors.ts'
import { readPostedRoot } from './registry.ts'

/** Blocks that are searched before another, as many as a registry knows the hashes of. */
export const searchedBlocks = 8191n

/** Which blocks are searched for the events of a registry. */
export type LogRange = { readonly registry: Address; readonly fromBlock: bigint; readonly toBlock: bigint }

/** What events say of the posts of a registry, oldest first. */
export type PostedEvent = { readonly transactionHash: Hash; readonly blockNumber: bigint }

/**
 * Posts of a registry in a range of blocks, oldest first, each transaction once.
 *
 * @throws {RpcError} when the node does not answer.
 */
export async function readPosts(client: Client, range: LogRange): Promise<readonly PostedEvent[]> {
  const names = ['MarginAttested', 'MarginBatchAttested', 'MarginRootAttested'] as const
  const logs = await readLogs(client, range, names)
  return [
    ...new Map(
      logs.map(({ transactionHash, blockNumber }) => [transactionHash, { transactionHash, blockNumber }]),
    ).values(),
  ]
}

/**
 * The root that a leaf was proved under, as it was posted.
 *
 * @throws {InvalidInputError} when no root of the last {@link searchedBlocks} holds it.
 * @throws {RpcError} when the node does not answer.
 */
export async function readRootOfLeaf(
  client: Client,
  { leaf, registry, before }: { readonly leaf: Leaf; readonly registry: Address; readonly before: bigint },
): Promise<{ readonly root: MarginRoot & Signatures; readonly minedAt: bigint }> {
  const fromBlock = before > searchedBlocks ? before - searchedBlocks : 0n
  const logs = await readLogs(client, { registry, fromBlock, toBlock: before }, ['MarginRootAttested'])
  for (const { transactionHash: hash } of logs.reverse()) {
    const posted = await readPostedRoot(client, { registry, hash })
    if (isUnderRoot(leaf, posted.root)) return posted
  }
  throw new InvalidInputError(
    `No root posted in blocks ${fromBlock} to ${before} holds the leaf of ${leaf.record.account}.`,
  )
}

type EventName = 'MarginAttested' | 'MarginBatchAttested' | 'MarginRootAttested'

async function readLogs(
  client: Client,
  { registry, fromBlock, toBlock }: LogRange,
  names: readonly EventName[],
): Promise<GetLogsReturnType<undefined, AbiEvent[], true, bigint, bigint>> {
  const events = names.map((name) => getAbiItem({ abi: marginRegistryAbi, name }) as AbiEvent)
  try {
    return await getLogs(client, { address: registry, events, fromBlock, toBlock, strict: true })
  } catch (error) {
    const request = `Reading the events of registry ${registry} in blocks ${fromBlock} to ${toBlock}`
    throw toRpcError(client, request, error)
  }
}
