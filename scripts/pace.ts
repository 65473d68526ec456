#!/usr/bin/env node
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import type { BenchRow } from './bench/row.ts'
import { toInteger } from './cli/context.ts'
import { openPaceSetting } from './pace/setting.ts'

/** Seconds between two blocks of Ethereum, in which a round has to be over. */
const blockSeconds = 12
const stages = ['read', 'margin', 'decide', 'sign', 'send'] as const

const options = new Command('pace')
  .description(
    'measure rounds of a keeper over random books on real protocols, on an anvil node; opening 1,000 books takes minutes',
  )
  .option('--accounts <number>', 'books', '1000')
  .option('--seed <number>', 'what the books follow from', '1')
  .option(
    '--deployment <file>',
    'a devnet that runs already with random books and --block-time 0, instead of one of its own',
  )
  .option('--json', 'print one JSON object')
  .parse()
  .opts<{ accounts: string; seed: string; deployment?: string; json?: true }>()

const accounts = toInteger(options.accounts, '--accounts')
const directory = await mkdtemp(join(tmpdir(), 'plimsoll-pace-'))
const setting = await openPaceSetting({ ...options, accounts, seed: toInteger(options.seed, '--seed'), directory })
const rows: BenchRow[] = []
try {
  console.error(`${setting.node}, ${accounts} accounts`)
  const { direct, underRoots, mine, move, pass } = setting
  // A chain at rest has fallen behind the clock.
  await move(100n)
  await measure('first', () => direct())
  await mine()
  await measure('quiet', () => direct(), blockSeconds)
  await move(97n)
  await measure('moved', () => direct(), blockSeconds)
  await pass(250)
  await measure('batches', () => direct(), blockSeconds)
  // Records that do not live under roots are moved there by batches first.
  await pass(250)
  await measure('toRoots', () => underRoots())
  await pass(250)
  await measure('root', () => underRoots(), blockSeconds)
} finally {
  await setting.close()
  await rm(directory, { recursive: true, force: true })
}

if (options.json) console.log(JSON.stringify({ node: setting.node, accounts, rows }, null, 2))
const missed = rows.filter(({ value, gate = value }) => value > gate)
for (const { name, value, gate } of missed) console.error(`${name} is ${value} s, above its gate ${gate} s`)
if (missed.length > 0) process.exitCode = 1

/** One round: seconds by stage, CPU of this process, accounts calculated and posted, transactions. */
async function measure(name: string, run: () => ReturnType<typeof setting.direct>, gate?: number): Promise<void> {
  const before = process.cpuUsage()
  const { round, forms, posted } = await run()
  const { user, system } = process.cpuUsage(before)
  const total = stages.reduce((sum, stage) => sum + round.seconds[stage], 0)
  const row = (suffix: string, value: number, unit: string): BenchRow => ({
    name: `pace.${name}${suffix}`,
    value: Math.round(value * 1_000) / 1_000,
    unit,
  })
  const measured = [
    { ...row('', total, 's'), ...(gate !== undefined && { gate }) },
    ...stages.map((stage) => row(`.${stage}`, round.seconds[stage], 's')),
    row('.cpu', (user + system) / 1e6, 's'),
    row('.recomputed', round.recomputed, 'accounts'),
    row('.posted', posted, 'accounts'),
    row('.transactions', forms.length, 'transactions'),
  ]
  rows.push(...measured)
  if (round.refused > 0) throw new Error(`${round.refused} accounts were refused in round ${name}.`)
  const parts = stages.map((stage) => `${stage} ${round.seconds[stage].toFixed(2)}`).join('  ')
  const line = `${name.padEnd(8)} ${total.toFixed(2)} s (${((user + system) / 1e6).toFixed(2)} s CPU)  ${parts}  ${round.recomputed} calculated, ${posted} posted by ${forms.join(', ') || 'nothing'}`
  if (options.json) console.error(line)
  else console.log(line)
}
