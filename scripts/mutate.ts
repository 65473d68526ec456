import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import hre from 'hardhat'
import { whyEquivalent } from './mutation/equivalent.ts'
import { type Mutant, mutantsOf } from './mutation/mutants.ts'
import { openWorkshop, type Verdict } from './mutation/workshop.ts'
import { packageRoot } from './packageRoot.ts'

/** Compilers and other nodes say nothing about a contract that the rest does not. */
const leftOut = ['compilers.test.ts', 'anvil.test.ts']

const { only, kind, json, part } = new Command('mutate')
  .description('Take every check out of the contracts, one at a time, and see whether a test of test/contracts fails.')
  .option('--only <place...>', 'paths, or paths with lines such as contracts/A.sol:12, that begin so', ['contracts/'])
  .option('--kind <kind>', 'check, operator or all', 'check')
  .option('--part <i/n>', 'every n-th mutant from the i-th on, to share the work', '1/1')
  .option('--json', 'print one JSON object')
  .parse()
  .opts<{ only: readonly string[]; kind: string; json?: true; part: string }>()

// From nothing, so that one build holds all of our contracts.
await hre.tasks.getTask('build').run({ quiet: true, force: true })
const tests = (await readdir(join(packageRoot, 'test/contracts')))
  .filter((name) => name.endsWith('.test.ts') && !leftOut.includes(name))
  .map((name) => `test/contracts/${name}`)
const [first = 1, step = 1] = part.split('/').map(Number)
const mutants = (await allMutants()).filter((_, index) => index % step === first - 1)
const workshop = await openWorkshop(tests)
const verdicts: (Omit<Mutant, 'source'> & Verdict)[] = []
try {
  process.stderr.write('tests on unchanged contracts…\n')
  const broken = mutants[0] && (await workshop.failsUnchanged(mutants[0].file))
  if (broken !== undefined) throw new Error(`A test fails on contracts that nobody changed: ${broken}`)
  for (const [index, { source, ...mutant }] of mutants.entries()) {
    const verdict = await workshop.judge({ ...mutant, source })
    const by = verdict.verdict === 'killed' ? ` by ${verdict.by} at` : ''
    process.stderr.write(`${index + 1}/${mutants.length} ${verdict.verdict}${by} ${describe(mutant)}\n`)
    verdicts.push({ ...mutant, ...verdict })
  }
} finally {
  await workshop.close()
}
const all = verdicts.filter(({ verdict }) => verdict === 'survived')
const equivalent = all.flatMap((mutant) => {
  const why = whyEquivalent(mutant)
  return why === undefined ? [] : [{ ...mutant, why }]
})
const survivors = all.filter((mutant) => whyEquivalent(mutant) === undefined)
const living = verdicts.filter(({ verdict }) => verdict !== 'stillborn')
const killed = living.length - all.length
if (json) console.log(JSON.stringify({ mutants: living.length, killed, survivors, equivalent, verdicts }, null, 2))
else {
  console.log(`${killed} of ${living.length} mutants killed, ${verdicts.length - living.length} did not compile`)
  for (const mutant of equivalent) console.log(`does the same: ${describe(mutant)}  (${mutant.why})`)
  for (const survivor of survivors) console.log(`survived: ${describe(survivor)}`)
}
process.exitCode = survivors.length > 0 ? 1 : 0

/** Mutants of every contract that a deployment or a consumer runs. */
async function allMutants(): Promise<readonly Mutant[]> {
  const files = (await readdir(join(packageRoot, 'contracts'), { recursive: true }))
    .map((path) => `contracts/${path}`)
    .filter((path) => path.endsWith('.sol') && !/^contracts\/(test|interfaces|kernel)\//.test(path))
    .sort()
  const sources = await Promise.all(files.map((file) => readFile(join(packageRoot, file), 'utf8')))
  return files
    .flatMap((file, index) => mutantsOf(file, sources[index] as string))
    .filter((mutant) => kind === 'all' || mutant.kind === kind)
    .filter(({ file, line }) => only.some((place) => file.startsWith(place) || `${file}:${line}` === place))
}

function describe({ file, line, before, after }: Pick<Mutant, 'file' | 'line' | 'before' | 'after'>): string {
  return `${file}:${line}  ${before}  →  ${after || 'nothing'}`
}
