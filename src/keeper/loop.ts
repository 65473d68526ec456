import type { Client } from 'viem'
import { watchBlocks } from './blocks.ts'
import type { FailureEvent, KeeperObserver } from './events.ts'
import type { Keeper } from './keeper.ts'
import { toFailureEvent } from './report.ts'

export type RunKeeperOptions = {
  readonly client: Client
  readonly observe: KeeperObserver
  /** Aborted to drain: the stage at hand is finished, what is out is looked at once more, and the loop ends. */
  readonly signal: AbortSignal
  /** Rounds after which it ends by itself; none by default. */
  readonly rounds?: number
  /** Milliseconds between two questions for the newest block; 500 by default. */
  readonly interval?: number
}

/**
 * Runs a round on every new block until it is told to stop. A round that fails is told as a failure, and the next block tries
 * again.
 */
export async function runKeeper(keeper: Keeper, options: RunKeeperOptions): Promise<void> {
  const { client, observe, signal, rounds = Number.POSITIVE_INFINITY, interval = 500 } = options
  const life = { live: keeper.isLive, accounts: keeper.accounts }
  const failed = (stage: FailureEvent['stage']) => (error: unknown) => observe(toFailureEvent(stage, error))
  observe({ event: 'started', ...life })
  const drain = () => observe({ event: 'draining', ...life })
  signal.addEventListener('abort', drain, { once: true })
  try {
    let done = 0
    for await (const { number } of watchBlocks(client, { signal, interval, onFailure: failed('blocks') })) {
      await keeper.round(number, signal).catch(failed('round'))
      done += 1
      if (done >= rounds) break
    }
    await keeper.settle().catch(failed('sending'))
  } finally {
    signal.removeEventListener('abort', drain)
    observe({ event: 'stopped', ...life })
  }
}
