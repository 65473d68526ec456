#!/usr/bin/env node
import { Command } from 'commander'
import { decodeRows } from './bench/decode.ts'
import { devnetRows } from './bench/devnet.ts'
import { digestRows } from './bench/digest.ts'
import { integerRows } from './bench/integer.ts'
import { readRows } from './bench/read.ts'
import type { BenchRow, BenchSuite } from './bench/row.ts'

/** Suites by the first word of their rows' names. */
const suites: Readonly<Record<string, BenchSuite>> = {
  integer: integerRows,
  digest: digestRows,
  decode: decodeRows,
  read: readRows,
  devnet: devnetRows,
}

const { json, only } = new Command('bench')
  .description('measure what the documents claim; fails when a gate is missed')
  .option('--json', 'print one JSON object')
  .option('--only <prefix>', 'measure the rows whose names begin so', '')
  .parse()
  .opts<{ json?: boolean; only: string }>()

const rows: BenchRow[] = []
for (const [name, suite] of Object.entries(suites)) {
  if (!name.startsWith(only) && !only.startsWith(name)) continue
  console.error(`measuring ${name}…`)
  rows.push(...(await suite(only)).filter((row) => row.name.startsWith(only)))
}
if (json) console.log(JSON.stringify({ rows }, null, 2))
else
  for (const { name, value, unit, gate } of rows)
    console.log(`${name}  ${value} ${unit}${gate ? `  (gate ${gate})` : ''}`)

const missed = rows.filter(({ value, gate = value, better }) => (better === 'more' ? value < gate : value > gate))
for (const { name, value, gate, better } of missed)
  console.error(`${name} is ${value}, ${better === 'more' ? 'below' : 'above'} its gate ${gate}`)
if (missed.length > 0 || rows.length === 0) process.exitCode = 1
