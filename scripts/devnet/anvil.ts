import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BaseError } from '../../src/core/errors.ts'
import { packageRoot } from '../packageRoot.ts'
import { host, type StartedNode, type StartOptions } from './nodeProgram.ts'

/** Anvil is not installed for this system, or ended before it served. */
export class AnvilError extends BaseError {
  override readonly name = 'AnvilError'
}

/** As many accounts as a Hardhat node has. */
const defaults = [...['--host', host, '--hardfork', 'osaka', '--disable-code-size-limit'], ...['--accounts', '20']]

/** Past the last 500 states each block would write one to disk, which takes ten times as long as to make it. */
const recentStates = ['--max-persisted-states', '0']

/**
 * Path of Anvil's own binary; killing the wrapper beside it would leave the node running.
 *
 * @throws {AnvilError} where the package has none for this system.
 */
export async function resolveAnvil(): Promise<string> {
  const system = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  const extension = process.platform === 'win32' ? '.exe' : ''
  const binary = `${packageRoot}node_modules/@foundry-rs/anvil-${system}/bin/anvil${extension}`
  try {
    await access(binary)
  } catch {
    throw new AnvilError(`@foundry-rs/anvil has no binary for ${system}.`, {
      metaMessages: ['Install the development dependencies with `npm ci`, or use a Hardhat node.'],
    })
  }
  return binary
}

/**
 * Starts an Anvil node in a process of its own, which ends with this one.
 *
 * @throws {AnvilError} when it is not there or ends before it serves.
 */
export async function startAnvil({ port, initialDate, fork, allStates }: StartOptions): Promise<StartedNode> {
  const binary = await resolveAnvil()
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-anvil-'))
  // Arguments of a process are for everybody to see, so the URL goes by its name in a configuration that reads the environment.
  await writeFile(join(folder, 'foundry.toml'), `[rpc_endpoints]\nupstream = "\${${urlVariable}}"\n`)
  const args = [
    ...defaults,
    // Anvil leaves what it wrote to its own cache behind when it is ended by a signal.
    ...(allStates ? ['--cache-path', folder] : recentStates),
    ...['--port', `${port}`],
    ...(initialDate === undefined ? [] : ['--timestamp', `${Math.floor(initialDate.getTime() / 1000)}`]),
    ...(fork === undefined
      ? []
      : [
          ...['--fork-url', 'upstream', '--fork-block-number', `${fork.blockNumber}`],
          ...['--chain-id', `${fork.chainId}`, '--no-storage-caching'],
        ]),
  ]
  const env = { ...process.env, ...(fork === undefined ? {} : { [urlVariable]: fork.url }) }
  const child = spawn(binary, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(child, 'close').then(async () => {
    process.removeListener('exit', kill)
    await rm(folder, { recursive: true, force: true })
  })
  const url = await listening(child)
  return {
    url,
    ended,
    close: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

const urlVariable = 'PLIMSOLL_FORK_URL'

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer) => {
      output += chunk
      const [, address] = /Listening on (\S+:\d+)/.exec(output) ?? []
      if (address === undefined) return
      child.stdout?.off('data', read).resume()
      resolve(`http://${address}`)
    }
    child.stdout?.on('data', read)
    child.on('error', reject)
    // What it printed may hold the URL of the forked node.
    child.on('close', (code) => reject(new AnvilError(`Anvil ended with code ${code} before it served.`)))
  })
}
