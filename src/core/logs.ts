import type { AbiEvent, Address } from 'viem'

/** Logs of one contract from a block on; `args` are values of indexed parameters. */
export type LogFilter = {
  readonly address: Address
  readonly event: AbiEvent
  readonly args?: Readonly<Record<string, unknown>>
  readonly fromBlock: bigint
}

/** A decoded log that a {@link LogFilter} asked for. */
export type FoundLog = { readonly eventName: string; readonly args: Readonly<Record<string, unknown>> }
