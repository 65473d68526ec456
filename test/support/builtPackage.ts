import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Folder of this repository, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

const run = promisify(execFile)
let built: Promise<unknown> | undefined

/** Compiles the package once for all tests of this process, so that its own name stands for the sources as they are. */
export async function buildPackage(): Promise<void> {
  built ??= run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { cwd: root })
  await built
}

/** Packs what {@link buildPackage} built and returns the file, which lies in `directory`. */
export async function packPackage(directory: string): Promise<string> {
  await buildPackage()
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory]
  const { stdout } = await run('npm', args, { cwd: root, maxBuffer: 2 ** 26 })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  return `${directory}/${filename}`
}
