import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { comparedBooks, compareLanes, laneTable } from '../test/support/lanes.ts'

const options = new Command('lanes')
  .description('Compare the integer lane of plimsoll-1 with the double lane on random books.')
  .option('--count <books>', 'how many', `${comparedBooks}`)
  .option('--seed <integer>', 'seed of the first', '0')
  .option('--write', 'put the table into docs/models.md')
  .option('--json', 'print one JSON object')
  .parse()
  .opts<{ count: string; seed: string; write?: true; json?: true }>()

const gaps = compareLanes(BigInt(options.seed), Number(options.count))
process.stdout.write(`${options.json === true ? JSON.stringify(gaps) : laneTable(gaps)}\n`)
if (options.write === true) {
  const file = fileURLToPath(new URL('../docs/models.md', import.meta.url))
  const text = await readFile(file, 'utf8')
  const table = `<!-- lanes -->\n\n${laneTable(gaps)}\n\n<!-- /lanes -->`
  await writeFile(
    file,
    text.replace(/<!-- lanes -->[\s\S]*<!-- \/lanes -->/, () => table),
  )
}
