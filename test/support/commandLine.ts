import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { http } from 'viem'
import { type Deployment, loadDeployment } from '../../scripts/cli/deployment.ts'
import { connectDevnet, type DevnetChain } from '../../scripts/devnet/chain.ts'

/** Compiled once for all the processes that the tests start. */
export const compileCache = { NODE_COMPILE_CACHE: join(tmpdir(), 'plimsoll-compile-cache') }

const root = fileURLToPath(new URL('../../', import.meta.url))

/** How a command ended and what it wrote. */
export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

type Started = { readonly child: ChildProcess; readonly done: Promise<Ran> }

/** A directory of its own, and how to remove it. */
export async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'plimsoll-'))
  return { file: (name: string) => join(path, name), remove: () => rm(path, { recursive: true, force: true }) }
}

/** Starts `plimsoll` with the arguments in a process of its own; its standard input is empty unless it is a `pipe`. */
export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  directory: string = root,
  stdin: 'ignore' | 'pipe' = 'ignore',
): Started {
  const child = spawn(process.execPath, [join(root, 'scripts/cli.ts'), ...args], {
    cwd: directory,
    env: { ...process.env, ...compileCache, ...env },
    stdio: [stdin, 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const done = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  return { child, done }
}

/** Runs `plimsoll` with the arguments to its end, in the folder of the package or in another. */
export function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  directory?: string,
): Promise<Ran> {
  return startCommand(args, env, directory).done
}

/** A development chain that `plimsoll devnet` runs in a process of its own, and the file that it wrote. */
export type CommandDevnet = {
  readonly file: string
  readonly deployment: Deployment
  readonly chain: DevnetChain
  /** What it prints on standard output. */
  readonly printed: string
  /** Interrupts it as Ctrl-C does and waits for its end. */
  stop(): Promise<Ran>
}

/** Starts `plimsoll devnet --json` on a free port, with these arguments besides, and waits until it serves. */
export async function startDevnetCommand(file: string, more: readonly string[] = []): Promise<CommandDevnet> {
  const { child, done } = startCommand(['devnet', '--out', file, '--json', '--block-time', '0', ...more])
  let printed = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      printed += chunk
      if (printed.endsWith('\n}\n')) resolve()
    })
    void done.then(({ stderr }) => reject(new Error(`the devnet ended: ${stderr}`)))
  })
  const deployment = await loadDeployment(file)
  const chain = connectDevnet({ transport: http(deployment.rpcUrl), pace: 'stepped' })
  return {
    file,
    deployment,
    chain,
    printed,
    stop: () => {
      child.kill('SIGINT')
      return done
    },
  }
}
