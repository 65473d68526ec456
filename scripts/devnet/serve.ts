import { createServer } from 'node:net'
import { createHardhatRuntimeEnvironment } from 'hardhat/hre'
import { http } from 'viem'
import hardhatConfig from '../../hardhat.config.ts'
import { BaseError } from '../../src/core/errors.ts'
import { packageRoot } from '../packageRoot.ts'
import { MissingArtifactError } from './artifacts.ts'
import { connectDevnet } from './chain.ts'
import type { DevnetDeployment } from './deployment.ts'
import { deployDevnet, type ProgressListener } from './deployProtocols.ts'
import { loadAggregator } from './tokens.ts'

/** A devnet that answers JSON-RPC over HTTP and WebSocket until it is closed. */
export type ServedDevnet = {
  readonly url: string
  readonly deployment: DevnetDeployment
  close(): Promise<void>
}

/** The devnet cannot listen on the port that was asked for. */
export class PortUnavailableError extends BaseError {
  override readonly name = 'PortUnavailableError'
}

const host = '127.0.0.1'
/** How far behind the clock a devnet starts, in seconds; its deployment takes back two hours and some minutes of it. */
const headStart = 3 * 60 * 60

/**
 * Starts a Hardhat node on 127.0.0.1, deploys everything and opens the sample accounts.
 *
 * The chain starts in the past, so that its time is behind the clock when all is deployed; from then on it runs with the
 * clock. Without `port` the system assigns a free one. `initialDate` sets the time of genesis.
 *
 * @throws {PortUnavailableError} when something else listens on `port`.
 * @throws {DevnetTransactionError} naming the call of the deployment that failed.
 *
 * @example
 * const { url, deployment, close } = await serveDevnet({ port: 8545 })
 */
export async function serveDevnet(
  options: { port?: number; initialDate?: Date; onProgress?: ProgressListener } = {},
): Promise<ServedDevnet> {
  const { port = 0, initialDate = new Date(Date.now() - headStart * 1000), onProgress = () => undefined } = options
  await requirePort(port)
  const hardhat = await createHardhatRuntimeEnvironment(hardhatConfig, {}, packageRoot)
  await loadAggregator().catch(async (error: unknown) => {
    if (!(error instanceof MissingArtifactError)) throw error
    onProgress('Compiling')
    await hardhat.tasks.getTask('build').run({ quiet: true })
  })
  const server = await hardhat.network.createServer(
    // Venus' comptroller is larger than EIP-170 allows.
    { network: 'default', override: { initialDate, allowUnlimitedContractSize: true } },
    host,
    port,
  )
  const { port: openPort } = await server.listen()
  const url = `http://${host}:${openPort}`
  try {
    const chain = connectDevnet({ transport: http(url, { timeout: 60_000 }), pace: 'stepped' })
    return { url, deployment: await deployDevnet(chain, onProgress), close: () => server.close() }
  } catch (error) {
    await server.close()
    throw error
  }
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
