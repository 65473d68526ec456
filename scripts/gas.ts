import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import hre from 'hardhat'
import { gasRowNames, measureGas } from './gas/rows.ts'
import { gasTable } from './gas/table.ts'

const snapshotFile = new URL('../.gas-snapshot', import.meta.url)
const readmeFile = new URL('../README.md', import.meta.url)

const { values: options } = parseArgs({
  options: { json: { type: 'boolean' }, only: { type: 'string', default: '' }, update: { type: 'boolean' } },
})
await hre.tasks.getTask('build').run({ quiet: true })
if (!gasRowNames.some((name) => name.startsWith(options.only))) {
  process.stderr.write(`No row begins with ${options.only}. Rows: ${gasRowNames.join(', ')}\n`)
  process.exit(1)
}
const rows = await measureGas(options.only, (name) => process.stderr.write(`measuring ${name}…\n`))

if (options.json) console.log(JSON.stringify({ rows }))
else
  for (const { name, value, unit, gate, peer, ratio } of rows)
    console.log(
      `${name.padEnd(40)} ${value} ${unit}${gate ? ` (at most ${gate})` : ''}${peer ? `, the peer ${peer}: ${ratio} times` : ''}`,
    )

const problems: string[] = []
for (const { name, value, gate } of rows) {
  if (gate !== undefined && value > gate) problems.push(`${name}: ${value} exceeds ${gate}`)
}
const snapshot = readSnapshot()
if (options.update) {
  for (const { name, value } of rows) snapshot.set(name, value)
  const lines = [...snapshot].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name} ${value}\n`)
  writeFileSync(snapshotFile, lines.join(''))
  const table = `<!-- gas -->\n\n${gasTable(snapshot)}\n\n<!-- /gas -->`
  const readme = readFileSync(readmeFile, 'utf8')
  writeFileSync(
    readmeFile,
    readme.replace(/<!-- gas -->[\s\S]*<!-- \/gas -->/, () => table),
  )
} else {
  for (const { name, value } of rows) {
    const before = snapshot.get(name)
    if (before !== value)
      problems.push(`${name}: ${value}, the snapshot says ${before ?? 'nothing'}; run npm run gas -- --update`)
  }
}
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length === 0 ? 0 : 1

function readSnapshot(): Map<string, number> {
  if (!existsSync(snapshotFile)) return new Map()
  const lines = readFileSync(snapshotFile, 'utf8').trim().split('\n').filter(Boolean)
  return new Map(lines.map((line) => line.split(' ')).map(([name = '', value]) => [name, Number(value)]))
}
