import { type Address, getAddress, isAddress } from 'viem'
import { toPort, UsageError } from '../context.ts'

/** A keeper that may ask, from `<name>=<address>`. @throws {UsageError} for anything else. */
export function toProposer(text: string): [Address, string] {
  const [, name, address] = /^([\w-]{1,32})=(0x[\da-fA-F]{40})$/.exec(text) ?? []
  if (name === undefined || !isAddress(address ?? '', { strict: false })) {
    throw new UsageError(`--proposer needs <name>=<address>, got ${text}.`)
  }
  return [getAddress(address as Address), name]
}

/** Host and port from `<host>:<port>`. @throws {UsageError} for anything else. */
export function toListenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text) ?? []
  if (host === undefined || port === undefined) throw new UsageError(`--listen needs <host>:<port>, got ${text}.`)
  return { host, port: toPort(port) }
}
