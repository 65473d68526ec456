import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, posix } from 'node:path'
import { packageRoot } from '../packageRoot.ts'
import { type Artifact, MissingArtifactError, parseArtifact } from './artifacts.ts'

/** The contracts of Synthetix that a devnet deploys. */
const contractNames = [
  'AddressResolver',
  'CircuitBreaker',
  'ExchangeRates',
  'FlexibleStorage',
  'FuturesMarketManager',
  'PerpsV2ExchangeRate',
  'PerpsV2Market',
  'PerpsV2MarketDelayedExecution',
  'PerpsV2MarketDelayedIntent',
  'PerpsV2MarketLiquidate',
  'PerpsV2MarketSettings',
  'PerpsV2MarketState',
  'PerpsV2MarketViews',
  'ProxyERC20',
  'ProxyPerpsV2',
  'SafeDecimalMath',
  'SignedSafeDecimalMath',
  'Synth',
  'SystemSettings',
  'SystemSettingsLib',
  'SystemStatus',
  'TokenState',
] as const

export type SynthetixContract = (typeof contractNames)[number]

type Sources = Readonly<Record<string, { readonly content: string }>>
type CompiledContract = {
  readonly abi: unknown
  readonly evm: { readonly bytecode: { readonly object: string; readonly linkReferences: unknown } }
}
type CompilerOutput = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts: Readonly<Record<string, Readonly<Record<string, CompiledContract>>>>
}

const require = createRequire(import.meta.url)
const compilerPackage = 'solc-0.5.16'
let loaded: Promise<Readonly<Record<string, unknown>>> | undefined

/**
 * An artifact of Synthetix, whose package holds sources only. They are compiled here, and not by Hardhat, whose network cannot
 * trace their overloaded functions; the result is kept in `cache/` until sources or compiler change.
 *
 * @throws {MissingArtifactError} when the package or its compiler is not installed, or the sources do not compile.
 */
export async function loadSynthetixArtifact(name: SynthetixContract): Promise<Artifact> {
  loaded ??= compileOnce()
  return parseArtifact(JSON.stringify((await loaded)[name]), `${name} of synthetix`)
}

async function compileOnce(): Promise<Readonly<Record<string, unknown>>> {
  const input = JSON.stringify({
    language: 'Solidity',
    sources: await collectSources(),
    settings: {
      optimizer: { enabled: true, runs: 200 },
      outputSelection: Object.fromEntries(
        contractNames.map((name) => [
          pathOf(name),
          { [name]: ['abi', 'evm.bytecode.object', 'evm.bytecode.linkReferences'] },
        ]),
      ),
    },
  })
  const key = createHash('sha256').update(`${compilerPackage}\n${input}`).digest('hex').slice(0, 16)
  const file = `${packageRoot}cache/synthetix-${key}.json`
  const kept = await readFile(file, 'utf8').catch(() => undefined)
  if (kept !== undefined) return JSON.parse(kept)
  const artifacts = compile(input)
  await mkdir(dirname(file), { recursive: true })
  // Another process may be writing the same file.
  const unfinished = `${file}.${process.pid}`
  await writeFile(unfinished, JSON.stringify(artifacts))
  await rename(unfinished, file)
  return artifacts
}

/** The sources of all contracts and of what they import, by the name under which they are imported. */
async function collectSources(): Promise<Sources> {
  const sources: Record<string, { content: string }> = {}
  const pending: string[] = contractNames.map(pathOf)
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (sources[path]) continue
    const content = await readFile(resolveInstalled(path), 'utf8')
    sources[path] = { content }
    for (const [, imported = ''] of content.matchAll(/^import\s+(?:\{[^}]*\}\s+from\s+)?"([^"]+)"/gm)) {
      pending.push(imported.startsWith('.') ? posix.join(posix.dirname(path), imported) : imported)
    }
  }
  return Object.fromEntries(Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function compile(input: string): Readonly<Record<string, unknown>> {
  const compiler = require(resolveInstalled(compilerPackage)) as { compile(input: string): string }
  const { errors = [], contracts } = JSON.parse(compiler.compile(input)) as CompilerOutput
  const failures = errors.filter(({ severity }) => severity === 'error')
  if (failures.length > 0) {
    throw new MissingArtifactError('The contracts of synthetix do not compile.', {
      metaMessages: failures.slice(0, 3).map(({ formattedMessage }) => formattedMessage),
    })
  }
  return Object.fromEntries(
    contractNames.map((contractName) => {
      const contract = contracts[pathOf(contractName)]?.[contractName]
      const { object = '', linkReferences } = contract?.evm.bytecode ?? {}
      return [contractName, { contractName, abi: contract?.abi, bytecode: `0x${object}`, linkReferences }]
    }),
  )
}

function pathOf(name: SynthetixContract): string {
  return `synthetix/contracts/${name}.sol`
}

function resolveInstalled(path: string): string {
  try {
    return require.resolve(path)
  } catch (cause) {
    throw new MissingArtifactError(`${path} is not installed.`, {
      metaMessages: ['Install the development dependencies with `npm ci`.'],
      cause,
    })
  }
}
