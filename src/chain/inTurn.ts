import type { Client } from 'viem'

/** Requests under way to a node at once: enough to hide the way to it, and few enough that none waits long in its queue. */
export const inFlight = 4

type Lanes = { free: number; readonly waiting: (() => void)[] }

const lanesOf = new WeakMap<object, Lanes>()

/** Runs a request when fewer than {@link inFlight} of the same client are under way, in the order of asking. */
export async function inTurn<Result>({ transport }: Client, request: () => Promise<Result>): Promise<Result> {
  const lanes = lanesOf.get(transport) ?? { free: inFlight, waiting: [] }
  lanesOf.set(transport, lanes)
  if (lanes.free > 0) lanes.free -= 1
  else await new Promise<void>((go) => lanes.waiting.push(go))
  try {
    return await request()
  } finally {
    const next = lanes.waiting.shift()
    if (next === undefined) lanes.free += 1
    else next()
  }
}
