import { type Address, createClient, custom, getAddress, http, isAddress } from 'viem'
import { InvalidInputError } from '../../src/core/errors.ts'
import { connectDevnet, type DevnetChain } from '../devnet/chain.ts'

/** A connection of Hardhat 3, with any plugin or none: `await network.create()`. For a node by its URL, `connectTo`. */
export type TestConnection = {
  readonly provider: { request(args: { readonly method: string; readonly params?: unknown[] }): Promise<unknown> }
}

/** An address, or what has one: a signer or account of ethers or viem, a wallet client, a contract of viem. */
export type HasAddress = string | { readonly address: string } | { readonly account: { readonly address: string } }

/**
 * The address of what has one.
 *
 * @throws {InvalidInputError} for what is none.
 */
export function toAddress(of: HasAddress): Address {
  const address = typeof of === 'string' ? of : 'address' in of ? of.address : of.account.address
  if (!isAddress(address, { strict: false })) throw new InvalidInputError(`${address} is no address.`)
  return getAddress(address)
}

/** The chain of a connection; Anvil answers to Hardhat's names of what only a test chain does. Blocks are a second apart. */
export function chainOf({ provider }: TestConnection): DevnetChain {
  return connectDevnet({ transport: custom(provider), mode: 'hardhat', pace: 'stepped' })
}

/** Connects to a test node such as Anvil by its URL. */
export function connectTo(url: string): TestConnection {
  const client = createClient({ transport: http(url, { timeout: 60_000 }) })
  return { provider: { request: (args) => client.request(args as never) } }
}
