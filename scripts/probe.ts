import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { documentedSearch, findGaps, gapTable } from './probe/gaps.ts'

const options = new Command('probe')
  .description('Search for books whose plimsoll-1 margin is low against what they lose away from its scenarios.')
  .option('--seed <integer>', 'seed of the search', `${documentedSearch.seed}`)
  .option('--draws <number>', 'books drawn per family and region', `${documentedSearch.draws}`)
  .option('--steps <number>', 'steps of the walk from the best one', `${documentedSearch.steps}`)
  .option('--only <name>', 'one region (between, a day later, apart, tails) or one family')
  .option('--write', 'put the table into docs/model-gaps.md')
  .option('--json', 'print one JSON object')
  .parse()
  .opts<{ seed: string; draws: string; steps: string; only?: string; write?: true; json?: true }>()

const [seed, draws, steps] = [Number(options.seed), Number(options.draws), Number(options.steps)]
const findings = findGaps({
  ...{ seed, draws, steps },
  ...(options.only !== undefined && { only: options.only }),
  onFinding: (text) => process.stderr.write(`${text}\n`),
})
const table = gapTable(findings)
process.stdout.write(`${options.json === true ? JSON.stringify({ seed, draws, steps, findings }) : table}\n`)
if (options.write === true) {
  const file = fileURLToPath(new URL('../docs/model-gaps.md', import.meta.url))
  const text = await readFile(file, 'utf8')
  const block = `<!-- gaps -->\n\n${table}\n\n<!-- /gaps -->`
  await writeFile(
    file,
    text.replace(/<!-- gaps -->[\s\S]*<!-- \/gaps -->/, () => block),
  )
}
