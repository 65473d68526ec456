import { type Client, createClient, custom } from 'viem'
import type { DevnetFixture } from './devnet.ts'

/** Runs before a request reaches the node: `count` counts the requests of that method from one. */
export type BeforeRequest = (method: string, count: number, params: readonly unknown[]) => Promise<void> | void

/** A plain client of the devnet, with none of a test client's actions, whose requests pass through `before`. */
export function interceptedClient({ connection }: Pick<DevnetFixture, 'connection'>, before: BeforeRequest): Client {
  const counts = new Map<string, number>()
  const transport = custom(
    {
      async request({ method, params }: { method: string; params?: unknown }) {
        const count = (counts.get(method) ?? 0) + 1
        counts.set(method, count)
        await before(method, count, (params ?? []) as readonly unknown[])
        return connection.provider.request({ method, params: params as [] })
      },
    },
    { retryCount: 0 },
  )
  return createClient({ transport, pollingInterval: 20, cacheTime: 0 })
}
