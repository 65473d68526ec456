import { Command } from 'commander'
import { calculateMargin } from '../src/risk/plimsoll/calculateMargin.ts'
import { compare, type Gap } from '../test/support/exact/compare.ts'
import { randomInputs } from '../test/support/exact/randomPortfolio.ts'
import { abs, toText } from '../test/support/exact/real.ts'

type Largest = { readonly seed: bigint; readonly gap: bigint; readonly bound: bigint }

const program = new Command('soak')
  .description('Compare the engine with the exact model on random portfolios, for as long as asked.')
  .option('--count <portfolios>', 'how many', '100000')
  .option('--seed <integer>', 'seed of the first', '1000000')
  .option('--json', 'print one JSON object')
  .parse()
const options = program.opts<{ count: string; seed: string; json?: true }>()
const count = BigInt(options.count)
const first = BigInt(options.seed)

const outcomes = { compared: 0, refused: 0, cliff: 0 }
const largest = new Map<string, Largest>()
const widest = new Map<string, Largest>()
const failures: { seed: string; problems: readonly string[] }[] = []
const started = process.cpuUsage()

for (let seed = first; seed < first + count; seed++) {
  const { outcome, gaps, problems } = compare(randomInputs(seed), calculateMargin)
  outcomes[outcome]++
  for (const gap of gaps) remember(seed, gap)
  if (problems.length > 0) {
    failures.push({ seed: `${seed}`, problems })
    process.stderr.write(`seed ${seed}: ${problems.join('; ')}\n`)
  }
  const done = seed - first + 1n
  if (done % 1000n === 0n) process.stderr.write(`${done} of ${count}, ${failures.length} failed\n`)
}

const { user, system } = process.cpuUsage(started)
const rows = [...largest].map(([figure, { seed, gap, bound }]) => ({
  figure,
  gap: toText(gap, 12),
  bound: toText(bound, 12),
  share: Number((gap * 10_000n) / bound) / 10_000,
  seed: `${seed}`,
  widestGap: toText(widest.get(figure)?.gap ?? 0n, 12),
  widestSeed: `${widest.get(figure)?.seed}`,
}))
if (options.json === true) {
  const summary = { count: Number(count), seed: `${first}`, cpuSeconds: (user + system) / 1e6, ...outcomes }
  process.stdout.write(`${JSON.stringify({ ...summary, failures, rows })}\n`)
} else {
  process.stdout.write(`${JSON.stringify(outcomes)}, ${failures.length} failed, ${(user + system) / 1e6} s of CPU\n`)
  process.stdout.write(
    'Per figure the largest share of what rounding explains, and the widest gap (USD, positive charges more):\n',
  )
  for (const { figure, gap, bound, share, seed, widestGap, widestSeed } of rows) {
    process.stdout.write(
      `${figure.padEnd(31)} ${share} (${gap} of ${bound}) at ${seed}; ${widestGap} at ${widestSeed}\n`,
    )
  }
}
process.exitCode = failures.length > 0 ? 1 : 0

function remember(seed: bigint, { figure, gap, bound }: Gap): void {
  if (abs(gap) > abs(widest.get(figure)?.gap ?? 0n)) widest.set(figure, { seed, gap, bound })
  if (bound === 0n) return
  const known = largest.get(figure)
  if (known === undefined || abs(gap) * known.bound > abs(known.gap) * bound) largest.set(figure, { seed, gap, bound })
}
