import { type Address, BlockNotFoundError, type Client, type Hash, type Hex, toEventSelector } from 'viem'
import { getBlock } from 'viem/actions'
import type { PinnedBlock } from '../core/portfolio.ts'
import { toRpcError } from './toRpcError.ts'

/** By contract in lower case, the words of 32 bytes that its logs carry, as topics or in their data. */
export type LoggedWords = ReadonlyMap<string, ReadonlySet<string>>

/** More blocks are not walked: reading everything anew is then less work. */
const maximumBlocks = 128

/** New code behind a proxy may answer anything. */
const upgrades = ['Upgraded(address)', 'BeaconUpgraded(address)'].map(toEventSelector)

type RawLog = { readonly address: Hex; readonly topics: readonly Hex[]; readonly data: Hex }

/**
 * Reads what contracts logged after one block up to another. Blocks are walked by the hashes of their parents and each asked
 * for by its own, so no log is missed on a node that lags or has changed its branch. Undefined where the older block is no
 * ancestor, or too far back, or where the node does not have all blocks between.
 *
 * @throws {RpcError} when the node does not answer.
 */
export async function readLoggedWords(
  client: Client,
  contracts: readonly Address[],
  { after, upTo }: { readonly after: PinnedBlock; readonly upTo: PinnedBlock },
): Promise<LoggedWords | undefined> {
  if (upTo.number - after.number > maximumBlocks) return undefined
  const hashes: Hash[] = []
  for (let hash = upTo.hash; hash !== after.hash; ) {
    const found = await findBlock(client, hash)
    if (found === undefined || found.number <= after.number) return undefined
    hashes.push(hash)
    hash = found.parentHash
  }
  const words = new Map<string, Set<string>>()
  if (contracts.length === 0) return words
  for (const blockHash of hashes) {
    const logs = await orRpcError(client, `Reading logs of block ${blockHash}`, () =>
      client.request({ method: 'eth_getLogs', params: [{ blockHash, address: [...contracts] }] as never }),
    )
    for (const log of logs as readonly RawLog[]) {
      const key = log.address.toLowerCase()
      const known = words.get(key) ?? new Set<string>()
      words.set(key, known)
      for (const word of wordsOf(log)) known.add(word)
    }
  }
  return words
}

/** Whether logs carry one of these words of a contract, or tell that its code is another now. */
export function tellOf(
  logged: LoggedWords,
  { contract, words }: { readonly contract: Address; readonly words: readonly Hex[] },
): boolean {
  const found = logged.get(contract.toLowerCase())
  return found !== undefined && [...words, ...upgrades].some((word) => found.has(word.toLowerCase()))
}

function* wordsOf({ topics, data }: RawLog): Generator<string> {
  for (const topic of topics) yield topic.toLowerCase()
  for (let at = 2; at < data.length; at += 64) yield `0x${data.slice(at, at + 64).toLowerCase()}`
}

async function findBlock(client: Client, blockHash: Hash) {
  return orRpcError(client, `Reading block ${blockHash}`, async () => {
    try {
      return await getBlock(client, { blockHash })
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
    throw toRpcError(client, request, error)
  }
}
