import {
  type AbiEvent,
  type Address,
  type Client,
  type GetLogsReturnType,
  HttpRequestError,
  isAddressEqual,
} from 'viem'
import { getLogs } from 'viem/actions'
import type { FoundLog, LogFilter } from '../core/logs.ts'
import { RpcError } from './errors.ts'
import { inTurn } from './inTurn.ts'
import { toRpcError } from './toRpcError.ts'

/** A log with the contract that it is of and the block that it lies in. */
export type PlacedLog = FoundLog & { readonly address: Address; readonly block: bigint }

/** Logs of all filters up to a block, after those of the range before. */
export type LogRange = { readonly toBlock: bigint; readonly logs: readonly PlacedLog[] }

/** Blocks of the first request; each range that is answered doubles the next, up to the largest. */
const firstRange = 10_000n
const largestRange = 1_000_000n

/**
 * Reads the logs of several filters, range by range in ascending order. A range that the node refuses is halved, and none
 * after it is asked for in that size again.
 *
 * @throws {RpcError} when the node does not answer, refuses a single block, or answers what was not asked for.
 */
export async function* readLogs(
  client: Client,
  filters: readonly LogFilter[],
  { fromBlock, toBlock }: { readonly fromBlock: bigint; readonly toBlock: bigint },
): AsyncGenerator<LogRange> {
  let size = firstRange
  let largest = largestRange
  let from = fromBlock
  while (from <= toBlock) {
    const to = from + size - 1n < toBlock ? from + size - 1n : toBlock
    const logs = await readRange(client, filters, { fromBlock: from, toBlock: to })
    if (logs === 'refused') {
      size = (to - from + 1n) / 2n
      largest = size
      continue
    }
    yield { toBlock: to, logs }
    from = to + 1n
    size = size * 2n < largest ? size * 2n : largest
  }
}

type Range = { readonly fromBlock: bigint; readonly toBlock: bigint }

async function readRange(
  client: Client,
  filters: readonly LogFilter[],
  range: Range,
): Promise<readonly PlacedLog[] | 'refused'> {
  const asked = filters.filter((filter) => filter.fromBlock <= range.toBlock)
  const found = await Promise.all(
    asked.map((filter) => {
      const fromBlock = filter.fromBlock > range.fromBlock ? filter.fromBlock : range.fromBlock
      return readFilter(client, filter, { ...range, fromBlock })
    }),
  )
  return found.includes('refused') ? 'refused' : (found as (readonly PlacedLog[])[]).flat()
}

async function readFilter(
  client: Client,
  { address, event, args }: LogFilter,
  { fromBlock, toBlock }: Range,
): Promise<readonly PlacedLog[] | 'refused'> {
  const request = `Reading the logs ${event.name} of ${address} in blocks ${fromBlock} to ${toBlock}`
  let logs: GetLogsReturnType<undefined, AbiEvent[], true, bigint, bigint>
  try {
    const wanted = { address, event, args: args as never, fromBlock, toBlock, strict: true } as const
    logs = await inTurn(client, () => getLogs(client, wanted))
  } catch (error) {
    if (fromBlock < toBlock && mayBeTooLarge(error)) return 'refused'
    throw toRpcError(client, request, error)
  }
  for (const { address: from, blockNumber, removed } of logs) {
    if (isAddressEqual(from, address) && fromBlock <= blockNumber && blockNumber <= toBlock && !removed) continue
    throw new RpcError({ request, reason: `the node answered a log of ${from} in block ${blockNumber}` })
  }
  return logs.map(({ eventName, args: named, blockNumber }) => ({
    address,
    eventName,
    args: named as FoundLog['args'],
    block: blockNumber,
  }))
}

/** What gateways answer when a request is malformed to them, too large or too slow; not those of keys, rates and outages. */
const statusesOfLargeRequests = [400, 408, 413, 422, 500, 502, 504]

/** Nodes refuse a range in many words, so whatever the node itself says may be that; a smaller range then tells. */
function mayBeTooLarge(error: unknown): boolean {
  for (let link = error; link instanceof Error; link = link.cause) {
    if (link instanceof HttpRequestError) return statusesOfLargeRequests.includes(link.status ?? 0)
    if (link.name === 'TimeoutError') return true
    if ('code' in link && typeof link.code === 'number') return true
  }
  return false
}
