import type { AbiEvent, Address } from 'viem'

/** What an indexed parameter of fixed size holds, as a filter names it. */
export type ArgumentValue = string | bigint

/** Logs of one contract from a block on; `args` are values of indexed parameters, any of a list. */
export type LogFilter = {
  readonly address: Address
  readonly event: AbiEvent
  readonly args?: Readonly<Record<string, ArgumentValue | readonly ArgumentValue[]>>
  readonly fromBlock: bigint
}

/** A decoded log that a {@link LogFilter} asked for. */
export type FoundLog = { readonly eventName: string; readonly args: Readonly<Record<string, unknown>> }
