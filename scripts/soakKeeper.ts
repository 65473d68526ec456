#!/usr/bin/env node
import { Command } from 'commander'
import { toJson } from '../src/core/canonical.ts'
import { toInteger } from './cli/context.ts'
import { soakKeeper } from './soak/keeperSoak.ts'

const options = new Command('soak:keeper')
  .description('drive a devnet at random with a keeper on it, and hold the chain against what the keeper promises')
  .option('--minutes <number>', 'how long', '10')
  .option('--seed <number>', 'what happens follows from it', '1')
  .option('--tick <milliseconds>', 'least wall clock between two blocks of 12 seconds of chain time', '2000')
  .parse()
  .opts<{ minutes: string; seed: string; tick: string }>()

const report = await soakKeeper({
  minutes: Number(options.minutes),
  seed: toInteger(options.seed, '--seed'),
  tick: toInteger(options.tick, '--tick'),
  say: (text) => console.error(text),
})
console.log(JSON.stringify(toJson(report), null, 2))
for (const failure of report.failures) console.error(failure)
if (report.failures.length > 0) process.exitCode = 1
