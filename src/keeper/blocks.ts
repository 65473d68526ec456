import type { Client, Hash } from 'viem'
import { getBlock } from 'viem/actions'
import { toRpcError } from '../chain/toRpcError.ts'

/** The newest block of a node. */
export type Head = { readonly number: bigint; readonly hash: Hash }

export type WatchBlocksOptions = {
  readonly signal: AbortSignal
  /** Milliseconds between two questions, where the node does not tell by itself. */
  readonly interval: number
  /** Is told why a question went without an answer; the next one comes. */
  readonly onFailure: (error: Error) => void
}

/** With a subscription a node is asked this many times less often, in case it forgets to tell. */
const lessOften = 10

/**
 * Heads as they come, each another block than the one before: also one of the same or a lower height, after a reorganization.
 * Blocks that pass while the last one is being worked on are skipped. Over a WebSocket the node tells of new heads; any other
 * is asked. Ends when `signal` is aborted.
 */
export async function* watchBlocks(client: Client, options: WatchBlocksOptions): AsyncGenerator<Head> {
  const { signal, interval, onFailure } = options
  let wake = () => {}
  const awake = () => wake()
  signal.addEventListener('abort', awake)
  const unsubscribe = await subscribe(client, awake, onFailure)
  const pause = unsubscribe === undefined ? interval : interval * lessOften
  let seen: Hash | undefined
  try {
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const head = await readHead(client, onFailure)
      if (signal.aborted) return
      if (head !== undefined && head.hash !== seen) {
        seen = head.hash
        yield head
      } else await Promise.race([woken, elapsed(pause, signal)])
    }
  } finally {
    signal.removeEventListener('abort', awake)
    unsubscribe?.()
  }
}

async function readHead(client: Client, onFailure: (error: Error) => void): Promise<Head | undefined> {
  try {
    const { number, hash } = await getBlock(client)
    return { number, hash }
  } catch (error) {
    onFailure(toRpcError(client, 'Watching for blocks', error))
    return undefined
  }
}

type Subscribing = {
  readonly subscribe?: (options: {
    readonly params: readonly ['newHeads']
    readonly onData: () => void
    readonly onError: (error: Error) => void
  }) => Promise<{ readonly unsubscribe: () => Promise<unknown> }>
}

async function subscribe(
  client: Client,
  onHead: () => void,
  onFailure: (error: Error) => void,
): Promise<(() => void) | undefined> {
  const { subscribe: open } = client.transport as Subscribing
  if (open === undefined) return undefined
  const failed = (error: unknown) => onFailure(toRpcError(client, 'Subscribing to blocks', error))
  try {
    const { unsubscribe } = await open({ params: ['newHeads'], onData: onHead, onError: failed })
    return () => void unsubscribe().catch(() => undefined)
  } catch (error) {
    failed(error)
    return undefined
  }
}

function elapsed(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal.addEventListener('abort', end)
  })
}
