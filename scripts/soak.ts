import { Command } from 'commander'
import { calculateMargin } from '../src/risk/plimsoll/calculateMargin.ts'
import { compare, type Gap } from '../test/support/exact/compare.ts'
import { randomInputs } from '../test/support/exact/randomPortfolio.ts'
import { abs, max, one, over, toText } from '../test/support/exact/real.ts'

type Largest = Gap & { readonly seed: bigint }

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
/** Of books that a record can carry: the widest gap in dollars, and the widest against its figure or a dollar. */
const carried: { widest?: Largest; relative?: Largest } = {}
const failures: { seed: string; problems: readonly string[] }[] = []
const started = process.cpuUsage()

for (let seed = first; seed < first + count; seed++) {
  const { outcome, isRecordable, gaps, problems } = compare(randomInputs(seed), calculateMargin)
  outcomes[outcome]++
  for (const gap of gaps) {
    remember(seed, gap)
    if (!isRecordable) continue
    if (abs(gap.gap) > abs(carried.widest?.gap ?? 0n)) carried.widest = { ...gap, seed }
    if (shareOf(gap) > shareOf(carried.relative)) carried.relative = { ...gap, seed }
  }
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
  process.stdout.write(`${JSON.stringify({ ...summary, failures, largest: carriedRows(), rows })}\n`)
} else {
  process.stdout.write(`${JSON.stringify(outcomes)}, ${failures.length} failed, ${(user + system) / 1e6} s of CPU\n`)
  for (const { name, figure, gap, of, seed } of carriedRows()) {
    process.stdout.write(`${name}: ${gap} USD of ${figure} ${of} at ${seed}\n`)
  }
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

function shareOf(gap: Gap | undefined): bigint {
  return gap === undefined ? 0n : over(abs(gap.gap), max(abs(gap.exact), one))
}

function carriedRows() {
  const names = { widest: 'Largest gap of a book that a record can carry', relative: 'Largest against its figure' }
  return Object.entries(carried).map(([id, { figure, gap, exact, seed }]) => ({
    name: names[id as keyof typeof names],
    figure,
    gap: toText(gap, 12),
    of: toText(exact, 6),
    seed: `${seed}`,
  }))
}

function remember(seed: bigint, found: Gap): void {
  const { figure, gap, bound } = found
  if (abs(gap) > abs(widest.get(figure)?.gap ?? 0n)) widest.set(figure, { ...found, seed })
  if (bound === 0n) return
  const known = largest.get(figure)
  if (known === undefined || abs(gap) * known.bound > abs(known.gap) * bound) largest.set(figure, { ...found, seed })
}
