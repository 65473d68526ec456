import { createHardhatRuntimeEnvironment } from 'hardhat/hre'
import hardhatConfig from '../../hardhat.config.ts'
import { packageRoot } from '../packageRoot.ts'
import { host, type StartedNode, type StartOptions } from './nodeProgram.ts'

type Environment = ReturnType<typeof createHardhatRuntimeEnvironment>

let environment: Environment | undefined

/** Hardhat with the project's configuration; made once, since that takes seconds. */
function loadHardhat(): Environment {
  environment ??= createHardhatRuntimeEnvironment(hardhatConfig, {}, packageRoot)
  return environment
}

/** Compiles this project. */
export async function compileContracts(): Promise<void> {
  const { tasks } = await loadHardhat()
  await tasks.getTask('build').run({ quiet: true })
}

/** Starts a Hardhat node in this process. The port must be free. */
export async function startHardhat({ port, initialDate, fork }: StartOptions): Promise<StartedNode> {
  const { network } = await loadHardhat()
  const override = {
    // Venus' comptroller is larger than EIP-170 allows.
    allowUnlimitedContractSize: true,
    ...(initialDate === undefined ? {} : { initialDate }),
    ...(fork === undefined
      ? {}
      : { chainId: fork.chainId, forking: { enabled: true, url: fork.url, blockNumber: Number(fork.blockNumber) } }),
  }
  const server = await network.createServer({ network: 'default', override }, host, port)
  const { port: openPort } = await server.listen()
  return { url: `http://${host}:${openPort}`, ended: server.afterClosed(), close: () => server.close() }
}
