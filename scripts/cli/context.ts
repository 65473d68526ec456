import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { type Address, createClient, getAddress, http, isAddress } from 'viem'
import { BaseError, InvalidInputError } from '../../src/core/errors.ts'
import { type MarginParameters, parseParameters } from '../../src/core/parameters.ts'
import { parseJson } from '../../src/core/schema.ts'
import { parseSnapshot, type Snapshot } from '../../src/core/snapshot.ts'
import type { DiscoveryOptions } from '../../src/discovery.ts'
import { readSnapshot } from '../../src/engine.ts'
import { fileMarket } from '../../src/market/fileMarket.ts'
import { chainSources } from '../../src/market/readMarket.ts'
import type { MarketSources } from '../../src/market/source.ts'
import { type Deployment, defaultDeploymentFile, loadDeployment, readTextFile } from './deployment.ts'
import { fileLogIndex } from './logIndexFile.ts'
import { parametersOfNetwork } from './network.ts'

/** An option or argument that no run of the command could use; its exit code is that of wrong usage. */
export class UsageError extends BaseError {
  override readonly name = 'UsageError'
}

/** Options that every command which talks to a chain takes. */
export type ChainOptions = { readonly deployment: string; readonly rpc?: string; readonly json?: boolean }

/** Adds {@link ChainOptions} to a command. */
export function withChainOptions(command: Command): Command {
  return command
    .option('--deployment <file>', 'deployment that the command works on', defaultDeploymentFile)
    .option('--rpc <url>', 'node to use instead of the one in the deployment')
    .option('--json', 'print one JSON object')
}

/** The option that names a market file. */
export type MarketOption = { readonly market?: string }

/** Adds {@link MarketOption} to a command. */
export function withMarketOption(command: Command): Command {
  return command.option(
    '--market <file>',
    'prices and volatilities for the entries of source `file` in the parameter set',
  )
}

/** Options of commands that read accounts: where the ids come from that no view of a protocol lists. */
export type DiscoveryOption = { readonly index?: string; readonly ids?: readonly string[] }

/** Adds {@link DiscoveryOption} to a command. */
export function withDiscoveryOption(command: Command): Command {
  return command
    .option('--index <file>', 'keeps what was found in logs, so that the next read searches new blocks only')
    .option(
      '--ids <venue=id,id>',
      'ids at a venue, all of them, instead of a search of logs (repeat for more)',
      collect,
    )
}

/**
 * Ids and index of the options.
 *
 * @throws {UsageError} for ids without a venue, and for a venue given twice.
 */
export function discoveryOf({ index, ids = [] }: DiscoveryOption): DiscoveryOptions {
  const given = new Map<string, readonly string[]>()
  for (const text of ids) {
    const [, venue, list] = /^([^=]+)=(.*)$/.exec(text) ?? []
    if (venue === undefined || list === undefined) throw new UsageError(`--ids needs <venue>=<id>,<id>, got ${text}.`)
    if (given.has(venue)) throw new UsageError(`--ids names venue ${venue} twice.`)
    given.set(venue, list === '' ? [] : list.split(',').map((id) => id.trim()))
  }
  return { ids: Object.fromEntries(given), ...(index === undefined ? {} : { index: fileLogIndex(index) }) }
}

/** The chain's own sources and those of the market file, if one is named. */
export async function sourcesOf({ market }: MarketOption): Promise<MarketSources | undefined> {
  if (market === undefined) return undefined
  const { price, volatility } = fileMarket(parseJson(await readTextFile(market), market))
  const { prices, volatilities, ...others } = chainSources
  return { ...others, prices: [...prices, price], volatilities: [...volatilities, volatility] }
}

/** A client for the node of a deployment. */
export function connect(url: string) {
  return createClient({ transport: http(url, { timeout: 30_000 }) })
}

/** Values of an option that may be repeated. */
export const collect = (value: string, list: readonly string[] = []) => [...list, value]

/** The deployment and a client for its node. */
export async function openChain({ deployment: file, rpc }: ChainOptions) {
  const deployment = await loadDeployment(file)
  return { deployment, client: connect(rpc ?? deployment.rpcUrl) }
}

/**
 * An address, or the name that a deployment gives one.
 *
 * @throws {InvalidInputError} listing the names.
 */
export function toAccount(text: string, { accounts }: Pick<Deployment, 'accounts'>): Address {
  if (isAddress(text, { strict: false })) return getAddress(text.toLowerCase())
  const named = Object.hasOwn(accounts, text) ? accounts[text] : undefined
  if (named) return named
  throw new InvalidInputError(`${text} is neither an address nor an account of the deployment.`, {
    metaMessages: [`Accounts: ${Object.keys(accounts).join(', ') || 'none'}.`],
  })
}

/**
 * A whole number that is not negative, from the command line.
 *
 * @throws {UsageError} for anything else.
 */
export function toInteger(text: string, name: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${name} must be a whole number, got ${text}.`)
  return Number(text)
}

/**
 * A port from the command line.
 *
 * @throws {InvalidInputError} for what is none.
 */
export function toPort(text: string): number {
  const port = toInteger(text, '--port')
  if (port > 65_535) throw new UsageError(`--port must be at most 65535, got ${text}.`)
  return port
}

/**
 * Reads the account at `--block`, or takes the snapshot when the argument is a JSON file.
 *
 * @throws {InvalidInputError} for a block beside a snapshot file, and whatever reading refuses.
 */
export async function snapshotOf(
  target: string,
  options: ChainOptions & MarketOption & DiscoveryOption & { readonly parameters?: string; readonly block?: string },
): Promise<{ readonly snapshot: Snapshot; readonly parameters: MarginParameters; readonly ethCalls: number }> {
  const given = options.parameters === undefined ? undefined : await loadParameters(options.parameters)
  if (target.endsWith('.json')) {
    if (options.block !== undefined) {
      throw new InvalidInputError(`${target} is a snapshot of one block; --block ${options.block} cannot move it.`)
    }
    const snapshot = parseSnapshot(await readTextFile(target))
    const parameters = given ?? (await parametersOfDeployment(options.deployment))
    return { snapshot, parameters, ethCalls: 0 }
  }
  const { accounts, parameters, client } = await openReading(options, given)
  const reading = await readSnapshot(client, {
    account: toAccount(target, { accounts }),
    parameters,
    sources: await sourcesOf(options),
    ...discoveryOf(options),
    ...(options.block === undefined ? {} : { blockNumber: BigInt(toInteger(options.block, '--block')) }),
  })
  return { ...reading, parameters }
}

/**
 * What reading an account takes: a client, named accounts and a parameter set. Without a deployment file, the node of `--rpc`
 * says which network it is, and the parameter set is the one that is built in for it, unless one is given.
 */
async function openReading(options: ChainOptions, given: MarginParameters | undefined) {
  const { deployment: file, rpc } = options
  if (rpc === undefined || file !== defaultDeploymentFile || existsSync(file)) {
    const { deployment, client } = await openChain(options)
    return { client, accounts: deployment.accounts, parameters: given ?? deployment.parameters }
  }
  const parameters = given ?? (await parametersOfNetwork(rpc))
  return { client: connect(rpc), accounts: {}, parameters }
}

/** A snapshot needs no chain, but it needs a parameter set. */
async function parametersOfDeployment(file: string): Promise<MarginParameters> {
  if (!existsSync(file)) {
    throw new InvalidInputError(`There is no parameter set: ${file} is not there.`, {
      metaMessages: ['Name one with --parameters; `plimsoll params show --json` prints that of a running devnet.'],
    })
  }
  return (await loadDeployment(file)).parameters
}

async function loadParameters(file: string): Promise<MarginParameters> {
  return parseParameters(parseJson(await readTextFile(file), file))
}
