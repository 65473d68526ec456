import type { Address, Hash } from 'viem'
import { z } from 'zod'
import { toJson } from './canonical.ts'
import { address, bytes32, name, natural, parseJson, parseWith } from './schema.ts'

/** A block up to which logs were searched. */
export type Checkpoint = { readonly number: bigint; readonly hash: Hash }

/** What the logs of one venue say of one account, and up to which blocks they were searched. */
export type LogIndexEntry = {
  readonly venue: string
  readonly account: Address
  /** Hash of the filters; an entry of other filters answers nothing. */
  readonly filters: Hash
  /** Ascending, at least one: the last is how far the search came, an earlier one where it goes on after a reorganization. */
  readonly checkpoints: readonly Checkpoint[]
  /** Each id with the first block whose logs name it. */
  readonly ids: readonly { readonly id: string; readonly block: bigint }[]
}

/** Ids that were found in the logs of a chain, as plain data: saved, and searched on from where it ends. */
export type LogIndex = {
  readonly schema: 'plimsoll-log-index/1'
  readonly chainId: number
  readonly entries: readonly LogIndexEntry[]
}

/** Where a {@link LogIndex} is kept between reads; `load` answers nothing before the first `save`. */
export type LogIndexStore = {
  load(): Promise<LogIndex | undefined>
  save(index: LogIndex): Promise<void>
}

/** The JSON form of a {@link LogIndex}. */
export const logIndexSchema = z.strictObject({
  schema: z.literal('plimsoll-log-index/1'),
  chainId: z.int().positive(),
  entries: z.array(
    z.strictObject({
      venue: name,
      account: address,
      filters: bytes32,
      checkpoints: z.array(z.strictObject({ number: natural, hash: bytes32 })).min(1),
      ids: z.array(z.strictObject({ id: z.string(), block: natural })),
    }),
  ),
})

/**
 * Reads an index from JSON text.
 *
 * @throws {InvalidInputError} naming path and value of every problem.
 */
export function parseLogIndex(text: string): LogIndex {
  return parseWith(logIndexSchema, parseJson(text, 'The log index'), 'The log index')
}

/** The index as JSON text with bigints as decimal text. */
export function formatLogIndex(index: LogIndex): string {
  return `${JSON.stringify(toJson(index), null, 2)}\n`
}

/** Keeps an index for as long as the program runs. */
export function memoryLogIndex(index?: LogIndex): LogIndexStore {
  let kept = index
  return {
    load: async () => kept,
    save: async (next) => {
      kept = next
    },
  }
}
