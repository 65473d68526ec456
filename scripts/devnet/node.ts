import { createServer } from 'node:net'
import { type Client, createClient, type Hash, http } from 'viem'
import { getBlock, getChainId } from 'viem/actions'
import { toRpcError } from '../../src/chain/toRpcError.ts'
import { BaseError, InvalidInputError } from '../../src/core/errors.ts'
import { startAnvil } from './anvil.ts'
import { connectDevnet, type DevnetChain } from './chain.ts'
import { startHardhat } from './hardhat.ts'
import { type ForkSource, host, type StartedNode } from './nodeProgram.ts'

/** Programs that a development chain can run on. */
export type NodeKind = 'hardhat' | 'anvil'

/** A node that was started and found to be the one that was started. */
export type RunningNode = StartedNode & {
  readonly kind: NodeKind
  readonly chainId: number
  readonly chain: DevnetChain
}

/** The node cannot listen on the port that was asked for. */
export class PortUnavailableError extends BaseError {
  override readonly name = 'PortUnavailableError'
}

/** What answers at the address of a node is not the node that was started there. */
export class WrongNodeError extends BaseError {
  override readonly name = 'WrongNodeError'
}

/** The chain id of both programs unless they fork. */
const developmentChainId = 31337

/**
 * Starts a node on 127.0.0.1, from an empty chain or from a block of another node, and makes sure that it is what answers.
 *
 * @throws {PortUnavailableError} when something else listens on `port`.
 * @throws {WrongNodeError} when what answers has another chain id, genesis or forked block.
 * @throws {RpcError | InvalidInputError} when the node to fork does not answer or has no such block.
 */
export async function startNode(options: {
  readonly kind: NodeKind
  readonly port?: number
  readonly initialDate?: Date
  readonly fork?: ForkSource
  /** Anvil lets states older than 500 blocks go, unless it is told to keep them, which slows it down; Hardhat keeps all. */
  readonly allStates?: boolean
}): Promise<RunningNode> {
  const { kind, port = 0, initialDate, fork, allStates = false } = options
  await requirePort(port)
  const source = fork === undefined ? undefined : { ...fork, ...(await readSource(fork)) }
  const chainId = source?.chainId ?? developmentChainId
  const start = kind === 'anvil' ? startAnvil : startHardhat
  const node = await start({ port, initialDate, fork: source, allStates })
  const chain = connectDevnet({ transport: http(node.url, { timeout: 60_000 }), mode: kind, pace: 'stepped' })
  try {
    await requireNode(chain.client, { chainId, block: source ?? genesisOf(initialDate) })
  } catch (error) {
    await node.close()
    throw error
  }
  return { ...node, kind, chainId, chain }
}

/** A block that only the expected chain has: the forked one by its hash, or genesis by its time in Unix seconds. */
type ExpectedBlock =
  | { readonly blockNumber: bigint; readonly hash: Hash }
  | { readonly blockNumber: 0n; readonly timestamp?: bigint | undefined }

/**
 * Asserts that a node serves the chain it is meant to.
 *
 * @throws {WrongNodeError} naming what differs.
 * @throws {RpcError} when it does not answer.
 */
export async function requireNode(
  client: Client,
  expected: { readonly chainId: number; readonly block: ExpectedBlock },
): Promise<void> {
  const { chainId, block } = expected
  const found = await readBlock(client, block.blockNumber, 'the started node')
  const differs =
    found.chainId !== chainId
      ? `chain ${found.chainId}, not ${chainId}`
      : 'hash' in block
        ? block.hash !== found.hash && `block ${block.blockNumber} as ${found.hash}, not ${block.hash}`
        : block.timestamp !== undefined &&
          block.timestamp !== found.timestamp &&
          `a genesis of time ${found.timestamp}, not ${block.timestamp}`
  if (differs === false) return
  throw new WrongNodeError(`The node that answers serves ${differs}.`, {
    metaMessages: ['It is not the one that was started; nothing was sent to it. Try again, or name another port.'],
  })
}

async function readSource({ url, blockNumber }: ForkSource) {
  return readBlock(createClient({ transport: http(url, { timeout: 60_000 }) }), blockNumber, 'the node to fork')
}

async function readBlock(client: Client, blockNumber: bigint, whose: string) {
  try {
    const [chainId, { hash, timestamp }] = await Promise.all([getChainId(client), getBlock(client, { blockNumber })])
    return { chainId, hash, timestamp }
  } catch (error) {
    if (error instanceof Error && error.name === 'BlockNotFoundError') {
      throw new InvalidInputError(`There is no block ${blockNumber} at ${whose}.`, {
        metaMessages: ['Name a block that is mined there.'],
      })
    }
    throw toRpcError(client, `Reading block ${blockNumber} of ${whose}`, error)
  }
}

function genesisOf(initialDate: Date | undefined): ExpectedBlock {
  const timestamp = initialDate === undefined ? undefined : BigInt(Math.floor(initialDate.getTime() / 1000))
  return { blockNumber: 0n, timestamp }
}

/** Hardhat's server dies of a taken port without an error that could be caught, so the port is tried first. */
async function requirePort(port: number): Promise<void> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (cause) => {
      reject(
        new PortUnavailableError(`Port ${port} on ${host} is not available.`, {
          metaMessages: ['Stop what listens there, name another port, or name none for a free one.'],
          cause,
        }),
      )
    })
    probe.listen(port, host, () => probe.close(() => resolve()))
  })
}
