import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The programs of Prometheus, or why they cannot be had here. */
export type Prometheus = { readonly prometheus: string; readonly promtool: string } | { readonly missing: string }

const unpacked = fileURLToPath(new URL('../../.plimsoll/prometheus', import.meta.url))
const patience = 120_000

/**
 * Prometheus from the path, or Debian's package, fetched by apt once and unpacked below this repository: nothing is installed
 * and no service is started. apt's lists are brought up to date when the package cannot be fetched without.
 */
export async function findPrometheus(): Promise<Prometheus> {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), join(unpacked, 'usr/bin')]) {
    const found = programsIn(directory)
    if (await areThere(found)) return found
  }
  let why = 'it holds no such programs'
  try {
    await unpackPackage()
  } catch (error) {
    why = firstLine(error)
  }
  // Another process may have been faster.
  const found = programsIn(join(unpacked, 'usr/bin'))
  return (await areThere(found)) ? found : { missing: `Debian's package of Prometheus was not had by apt: ${why}` }
}

async function unpackPackage(): Promise<void> {
  const parent = join(unpacked, '..')
  await mkdir(parent, { recursive: true })
  const directory = await mkdtemp(join(parent, 'prometheus-'))
  // Root hands a download to a user of apt's own, who may not write here.
  const download = () =>
    run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', 'prometheus'], { cwd: directory, timeout: patience })
  try {
    try {
      await download()
    } catch {
      await run('apt-get', ['update'], { timeout: patience })
      await download()
    }
    const file = (await readdir(directory)).find((name) => name.endsWith('.deb'))
    if (file === undefined) throw new Error('apt-get download left no file')
    await run('dpkg-deb', ['-x', join(directory, file), join(directory, 'root')], { timeout: patience })
    await rm(unpacked, { recursive: true, force: true })
    await rename(join(directory, 'root'), unpacked)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const programsIn = (directory: string) => ({
  ...{ prometheus: join(directory, 'prometheus'), promtool: join(directory, 'promtool') },
})

async function areThere({ prometheus, promtool }: ReturnType<typeof programsIn>): Promise<boolean> {
  try {
    await Promise.all([access(prometheus), access(promtool)])
    return true
  } catch {
    return false
  }
}

function firstLine(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string }
  return `${stderr || message}`.trim().split('\n')[0] ?? 'no reason given'
}
