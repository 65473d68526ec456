/** Where every node listens. */
export const host = '127.0.0.1'

/** Another node, and the block of it that a chain goes on from. */
export type ForkSource = { readonly url: string; readonly blockNumber: bigint }

/** What both programs are started with; `port` 0 is a free one. */
export type StartOptions = {
  readonly allStates: boolean
  readonly port: number
  /** Time of genesis, and none for a fork, which takes over the time of its block. */
  readonly initialDate?: Date | undefined
  readonly fork?: (ForkSource & { readonly chainId: number }) | undefined
}

/** A program that serves JSON-RPC on 127.0.0.1. `ended` is fulfilled when it ends, asked or not. */
export type StartedNode = { readonly url: string; readonly ended: Promise<void>; close(): Promise<void> }
