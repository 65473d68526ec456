import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../packageRoot.ts'
import type { Mutant } from './mutants.ts'

type Output = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, CompiledContract>>>>
}
type CompiledContract = {
  readonly evm: {
    readonly bytecode: { readonly object: string }
    readonly deployedBytecode: { readonly object: string; readonly immutableReferences?: object }
  }
}
type BuildInfo = {
  readonly input: {
    readonly sources: Readonly<Record<string, { readonly content: string }>>
    readonly settings: Readonly<Record<string, unknown>>
  }
  readonly userSourceNameMap: Readonly<Record<string, string>>
}

/** What became of a mutant: `killed`, and by which test, not compiled, or alive. */
export type Verdict =
  | { readonly verdict: 'killed'; readonly by: string }
  | { readonly verdict: 'stillborn' }
  | { readonly verdict: 'survived' }

/** What a guard is worth that only spares work. */
const gasTests = ['test/scripts/gas.test.ts']

const registry = 'project/contracts/MarginRegistry.sol'

/**
 * A copy of the repository in a temporary folder in which one contract at a time is another: only the contracts that contain
 * it are compiled again, by the settings of the build, and the tests run on what is there. The node does not know the source of
 * a mutant, so it names no custom errors of one: tests must decode what is reverted with.
 */
export async function openWorkshop(tests: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-mutation-'))
  for (const entry of await readdir(packageRoot)) {
    if (['node_modules', '.git', 'cache', 'dist', 'coverage'].includes(entry)) continue
    await cp(join(packageRoot, entry), join(folder, entry), { recursive: true })
  }
  await mkdir(join(folder, 'cache'))
  await symlink(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  const build = await readBuild(folder)
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }

  /** Contracts that are code on a chain and contain `file`, by the keys of the build. */
  const containers = (file: string) => {
    const name = build.userSourceNameMap[file]
    if (name === undefined) throw new Error(`${file} is not in the build.`)
    const found = new Set([name])
    for (let before = 0; before !== found.size; ) {
      before = found.size
      for (const [key, { content }] of Object.entries(build.input.sources)) {
        const imports = [...content.matchAll(/from "(\.[^"]+)"/g)].map(([, path]) => join(key, '..', path as string))
        if (imports.some((imported) => found.has(imported))) found.add(key)
      }
    }
    return [...found].filter((key) => key.startsWith('project/contracts/') && !key.endsWith('.t.sol'))
  }

  const compile = (file: string, source: string, keys: readonly string[]): Output => {
    const name = build.userSourceNameMap[file] as string
    const outputs = ['evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences']
    return JSON.parse(
      solc.compile(
        JSON.stringify({
          language: 'Solidity',
          sources: { ...build.input.sources, [name]: { content: source } },
          settings: {
            ...build.input.settings,
            outputSelection: Object.fromEntries(keys.map((key) => [key, { '*': outputs }])),
          },
        }),
      ),
    )
  }

  /** Puts the mutant's code in place and gives back how to take it out. */
  const install = async ({ contracts = {} }: Output) => {
    const before: (readonly [path: string, content: string])[] = []
    for (const [key, byName] of Object.entries(contracts)) {
      for (const [name, { evm }] of Object.entries(byName)) {
        if (evm.bytecode.object === '') continue
        const path = join(folder, 'artifacts', key.replace(/^project\//, ''), `${name}.json`)
        const content = await readFile(path, 'utf8')
        before.push([path, content])
        const artifact = JSON.parse(content)
        artifact.bytecode = `0x${evm.bytecode.object}`
        artifact.deployedBytecode = `0x${evm.deployedBytecode.object}`
        artifact.immutableReferences = evm.deployedBytecode.immutableReferences ?? {}
        await writeFile(path, JSON.stringify(artifact))
      }
    }
    return () => Promise.all(before.map(([path, content]) => writeFile(path, content)))
  }

  let order = tests
  /** The first test that fails, if one does. Tests that failed last come first: neighbouring mutants tend to fail the same. */
  const firstFailure = (files: readonly string[]) =>
    new Promise<string | undefined>((resolve) => {
      const hardhat = join(folder, 'node_modules/hardhat/dist/src/cli.js')
      const args = [hardhat, 'test', 'mocha', '--no-compile', '--bail', ...files]
      // A mutant may never end.
      const options = { cwd: folder, timeout: 900_000, maxBuffer: 2 ** 26 }
      execFile(process.execPath, args, options, (error, stdout) => {
        if (error === null) return resolve(undefined)
        const [, failure = ''] = stdout.split(/\d+ failing/)
        const file = order.find((name) => failure.includes(name))
        if (file !== undefined) order = [file, ...order.filter((name) => name !== file)]
        const [, title = 'no test: the run ended early', reason = ''] = /1\) ([\s\S]*?):\n(.*)/.exec(failure) ?? []
        resolve(`${title.replaceAll(/\s+/g, ' ')}: ${reason.trim()}`)
      })
    })

  const judgeIn = async (
    keys: readonly string[],
    files: readonly string[],
    { file, source }: Pick<Mutant, 'file' | 'source'>,
  ): Promise<Verdict> => {
    const output = compile(file, source, keys)
    if (output.errors?.some(({ severity }) => severity === 'error')) return { verdict: 'stillborn' }
    const restore = await install(output)
    const by = await firstFailure(files)
    await restore()
    return by === undefined ? { verdict: 'survived' } : { verdict: 'killed', by }
  }

  return {
    /** The test that fails on contracts that nobody changed, compiled as a mutant of `file` is, if one does. */
    async failsUnchanged(file: string): Promise<string | undefined> {
      const source = await readFile(join(packageRoot, file), 'utf8')
      const verdict = await judgeIn(containers(file), [...order, ...gasTests], { file, source })
      return verdict.verdict === 'killed' ? verdict.by : undefined
    },
    /**
     * What the registry contains is judged by it alone at first, since its variants repeat the tests and cost a minute of
     * compiling. What survives that is judged by all of them, and a check by what everything costs, too.
     */
    async judge(mutant: Pick<Mutant, 'file' | 'kind' | 'source'>): Promise<Verdict> {
      const all = containers(mutant.file)
      const first = await judgeIn(all.includes(registry) ? [registry] : all, order, mutant)
      if (first.verdict !== 'survived') return first
      const isCheck = mutant.kind === 'check'
      return all.length > 1 || isCheck ? judgeIn(all, isCheck ? [...order, ...gasTests] : order, mutant) : first
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The build that holds our own contracts. */
async function readBuild(folder: string): Promise<BuildInfo> {
  const { buildInfoId } = JSON.parse(
    await readFile(join(folder, 'artifacts/contracts/MarginRegistry.sol/MarginRegistry.json'), 'utf8'),
  )
  return JSON.parse(await readFile(join(folder, `artifacts/build-info/${buildInfoId}.json`), 'utf8'))
}
