import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { type Address, type Client, createClient, getAddress, isAddress } from 'viem'
import type { EndpointHealth, EndpointStatus } from '../../src/chain/coherentEndpoint.ts'
import { coherentTransport } from '../../src/chain/coherentTransport.ts'
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
import { nodeTransport } from './nodeTransport.ts'
import { say } from './output.ts'

/** An option or argument that no run of the command could use; its exit code is that of wrong usage. */
export class UsageError extends BaseError {
  override readonly name = 'UsageError'
}

/** Which nodes a command talks to. */
export type NodeOptions = {
  readonly rpc?: readonly string[]
  readonly quorum?: string
  readonly verifyReads?: string
}

/** Options that every command which talks to a chain takes. */
export type ChainOptions = NodeOptions & { readonly deployment: string; readonly json?: boolean }

/** Adds {@link ChainOptions} to a command. */
export function withChainOptions(command: Command): Command {
  command.option('--deployment <file>', 'deployment that the command works on', defaultDeploymentFile)
  return withNodeOptions(
    command.option('--rpc <url>', 'node to use instead of the one in the deployment (repeat for more)', collect),
  ).option('--json', 'print one JSON object')
}

/** Adds what {@link NodeOptions} has besides `--rpc`. */
export function withNodeOptions(command: Command): Command {
  return command
    .option('--quorum <count>', 'nodes that must agree on a block, the majority by default')
    .option('--verify-reads <count>', 'nodes that must give an answer alike, as many as the quorum by default')
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

/**
 * A client for one node, or for several that have to agree. They are called `rpc 1`, `rpc 2` in the order given; what is
 * wrong with one of them is said on standard error.
 *
 * @throws {UsageError} for counts that cannot be.
 */
export function connect(urls: readonly string[], { quorum, verifyReads }: NodeOptions, chainId: number): Client {
  const counts = {
    ...(quorum === undefined ? {} : { quorum: toCount(quorum, '--quorum', urls.length) }),
    ...(verifyReads === undefined ? {} : { verifyReads: toCount(verifyReads, '--verify-reads', urls.length) }),
  }
  const endpoints = urls.map((url, index) => ({ name: `rpc ${index + 1}`, transport: nodeTransport(url) }))
  const [only, ...others] = endpoints
  if (only !== undefined && others.length === 0) return createClient({ transport: only.transport })
  return createClient({ transport: coherentTransport({ endpoints, ...counts, chainId, onChange: sayChange }) })
}

function sayChange({ endpoint, status, chainId, lag, lastProblem }: EndpointHealth, before: EndpointStatus): void {
  if (status === 'ready' && before === 'unknown') return
  const details = {
    'other chain': `${chainId}`,
    lagging: `${lag} blocks behind`,
    failing: lastProblem,
    disagreeing: lastProblem,
  }
  const detail = status in details ? details[status as keyof typeof details] : undefined
  say(`${endpoint}: ${status}${detail === undefined ? '' : `, ${detail}`}`)
}

function toCount(text: string, name: string, nodes: number): number {
  const count = toInteger(text, name)
  if (count >= 1 && count <= nodes) return count
  throw new UsageError(`${name} must be from 1 to ${nodes}, the number of nodes given with --rpc, got ${text}.`)
}

/** Values of an option that may be repeated. */
export const collect = (value: string, list: readonly string[] = []) => [...list, value]

/** The deployment and a client for its node, or for those given. */
export async function openChain({ deployment: file, rpc, ...nodes }: ChainOptions) {
  const deployment = await loadDeployment(file)
  return { deployment, client: connect(rpc ?? [deployment.rpcUrl], nodes, deployment.chainId) }
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
  const [first] = rpc ?? []
  if (rpc === undefined || first === undefined || file !== defaultDeploymentFile || existsSync(file)) {
    const { deployment, client } = await openChain(options)
    return { client, accounts: deployment.accounts, parameters: given ?? deployment.parameters }
  }
  const parameters = given ?? (await parametersOfNetwork(first))
  return { client: connect(rpc, options, parameters.chainId), accounts: {}, parameters }
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
