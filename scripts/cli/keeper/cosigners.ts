import { type Address, getAddress, isAddress } from 'viem'
import type { Cosigner } from '../../../src/keeper/cosign/ask.ts'
import { toPort, UsageError } from '../context.ts'

/** A keeper that may ask, from `<name>=<address>`. @throws {UsageError} for anything else. */
export function toProposer(text: string): [Address, string] {
  const [, name, address] = /^([\w-]{1,32})=(0x[\da-fA-F]{40})$/.exec(text) ?? []
  if (name === undefined || !isAddress(address ?? '', { strict: false })) {
    throw new UsageError(`--proposer needs <name>=<address>, got ${text}.`)
  }
  return [getAddress(address as Address), name]
}

/**
 * A co-signer that is asked, from `<name>=<address>@<url>`.
 *
 * @throws {UsageError} for anything else; it does not show the text, since a URL may hold a key.
 */
export function toCosigner(text: string): Cosigner {
  const [, name, address, url] = /^([\w-]{1,32})=(0x[\da-fA-F]{40})@(https?:\/\/.+)$/.exec(text) ?? []
  if (name === undefined || address === undefined || url === undefined || !URL.canParse(url)) {
    throw new UsageError('--cosigner needs <name>=<address>@<url> with a URL that begins with http.')
  }
  const { username, password } = new URL(url)
  if (username !== '' || password !== '') {
    throw new UsageError(`The URL of co-signer ${name} holds a user or password, which no client sends.`)
  }
  return { name, address: getAddress(address), url }
}

/** Host and port from `<host>:<port>`. @throws {UsageError} for anything else. */
export function toListenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text) ?? []
  if (host === undefined || port === undefined) throw new UsageError(`--listen needs <host>:<port>, got ${text}.`)
  return { host, port: toPort(port) }
}
