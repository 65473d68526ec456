import type { Address } from 'viem'
import { MissingArtifactError } from './artifacts.ts'
import { type BookOptions, openBooks } from './books.ts'
import type { DevnetDeployment } from './deployment.ts'
import { deployDevnet, type ProgressListener } from './deployProtocols.ts'
import { compileContracts } from './hardhat.ts'
import { type NodeKind, type RunningNode, startNode } from './node.ts'
import { loadAggregator } from './tokens.ts'

/** A devnet that answers JSON-RPC over HTTP and WebSocket until it is closed. */
export type ServedDevnet = RunningNode & {
  readonly deployment: DevnetDeployment
  /** Accounts of random books by name. */
  readonly books: Readonly<Record<string, Address>>
}

/** How far behind the clock a devnet starts, in seconds; its deployment takes back two hours and some minutes of it. */
const headStart = 3 * 60 * 60

/** What opening a book takes of it, a second a transaction; about six of them. */
const secondsPerBook = 10

/**
 * Starts a node on 127.0.0.1, deploys everything and opens the sample accounts.
 *
 * The chain starts in the past, so that its time is behind the clock when all is deployed; from then on it runs with the
 * clock. Without `port` the system assigns a free one. `initialDate` sets the time of genesis. `books` opens random books besides
 * the sample accounts.
 *
 * @throws {PortUnavailableError} when something else listens on `port`.
 * @throws {DevnetTransactionError} naming the call of the deployment that failed.
 *
 * @example
 * const { url, deployment, close } = await serveDevnet({ port: 8545 })
 */
export async function serveDevnet(
  options: {
    kind?: NodeKind
    port?: number
    initialDate?: Date
    books?: BookOptions
    /** As of {@link startNode}. */
    allStates?: boolean
    onProgress?: ProgressListener
  } = {},
): Promise<ServedDevnet> {
  const { kind = 'hardhat', port = 0, books = { accounts: 0, seed: 0 }, allStates = false } = options
  const { onProgress = () => undefined } = options
  const behind = headStart + books.accounts * secondsPerBook
  const { initialDate = new Date(Date.now() - behind * 1000) } = options
  const node = await startNode({ kind, port, initialDate, allStates })
  try {
    await loadAggregator().catch(async (error: unknown) => {
      if (!(error instanceof MissingArtifactError)) throw error
      onProgress('Compiling')
      await compileContracts()
    })
    const deployment = await deployDevnet(node.chain, onProgress)
    const accounts = books.accounts === 0 ? {} : await openBooks(node.chain, deployment, { ...books, onProgress })
    return { ...node, deployment, books: accounts }
  } catch (error) {
    await node.close()
    throw error
  }
}
