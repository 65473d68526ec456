import { BlockNotFoundError, type Client, type Hash } from 'viem'
import { getBlock, getChainId } from 'viem/actions'
import type { PinnedBlock } from '../core/portfolio.ts'
import { ChainMismatchError, ReorgedError, RpcError } from './errors.ts'
import { toRpcError } from './toRpcError.ts'

/**
 * Chooses the block that every read of a portfolio is pinned to: `blockNumber`, or the newest.
 *
 * @throws {ChainMismatchError} when the node serves another chain than `chainId`.
 * @throws {RpcError} when the node does not answer or has no such block.
 */
export async function pinBlock(
  client: Client,
  { chainId, blockNumber }: { readonly chainId: number; readonly blockNumber?: bigint },
): Promise<PinnedBlock> {
  const reading = orRpcError(client, `Reading block ${blockNumber ?? 'latest'}`, () =>
    getBlock(client, blockNumber === undefined ? { blockTag: 'latest' } : { blockNumber }),
  )
  const [actual, read] = await Promise.allSettled([readChainId(client), reading])
  if (actual.status === 'rejected') throw actual.reason
  // Of another chain it does not matter which blocks it has.
  if (actual.value !== chainId) throw new ChainMismatchError({ expected: chainId, actual: actual.value })
  if (read.status === 'rejected') throw read.reason
  const block = read.value
  return { chainId, number: block.number, hash: block.hash, timestamp: Number(block.timestamp) }
}

/**
 * Chain that a node serves.
 *
 * @throws {RpcError} when it does not answer.
 */
export async function readChainId(client: Client): Promise<number> {
  return orRpcError(client, 'Reading the chain id', () => getChainId(client))
}

/**
 * Asserts that a pinned block is still part of the chain.
 *
 * @throws {ReorgedError} when its number carries another hash or nothing.
 * @throws {RpcError} when the node does not answer.
 */
export async function requireCanonical(client: Client, { number, hash }: PinnedBlock): Promise<void> {
  const found = await readBlockHash(client, number)
  if (found !== hash) throw new ReorgedError({ number, hash, found })
}

/**
 * Hash of the block that has a number now; undefined where the chain does not reach it.
 *
 * @throws {RpcError} when the node does not answer.
 */
export async function readBlockHash(client: Client, number: bigint): Promise<Hash | undefined> {
  return orRpcError(client, `Reading block ${number}`, async () => {
    try {
      return (await getBlock(client, { blockNumber: number })).hash
    } catch (error) {
      if (error instanceof BlockNotFoundError) return undefined
      throw error
    }
  })
}

async function orRpcError<Result>(client: Client, request: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof BlockNotFoundError) throw new RpcError({ request, reason: 'the node has no such block' })
    throw toRpcError(client, request, error)
  }
}
