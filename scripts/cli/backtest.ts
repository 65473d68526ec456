import { Command } from 'commander'
import { antiProcyclicalityTools, backtestModel, type ToolName } from '../../src/backtest.ts'
import { type Book, parseBook } from '../../src/core/book.ts'
import type { AnyParameters } from '../../src/margin.ts'
import { parseCloses } from '../../src/market/closesFile.ts'
import { backtestReport, countReport, observationReport } from '../../src/report/backtestReport.ts'
import { stressedSettings, syntheticHistory } from '../../src/risk/history/syntheticHistory.ts'
import { bookParameters } from '../../src/risk/plimsoll/bookParameters.ts'
import {
  type CountReport,
  type Observation,
  reportCount,
  reportObservations,
} from '../../src/risk/validation/exceptionReport.ts'
import type { PriceHistory } from '../../src/risk/validation/walkForward.ts'
import { UsageError } from './context.ts'
import { readTextFile } from './deployment.ts'
import { chosenParameters } from './margin.ts'
import { exitCodes, print, say } from './output.ts'
import { loadParameterSet } from './parameterFile.ts'

type Options = {
  readonly json?: boolean
  readonly model?: string
  readonly parameters?: string
  readonly assets?: string
  readonly book?: string
  readonly history?: string
  readonly tradingDays?: boolean
  readonly synthetic?: string
  readonly volatility: string
  readonly days?: string
  readonly window: string
  readonly horizon: string
  readonly requirement: string
  readonly held?: boolean
  readonly tools?: string
  readonly confidence: string
  readonly testLevel: string
  readonly observations?: string
  readonly exceptions?: string
  readonly pairs?: string
}

export const backtestCommand = new Command('backtest')
  .description('hold the margin of any model against what a book would have lost, or test given exceptions')
  .option('--model <name>', 'model to test, plimsoll-1 by default')
  .option('--parameters <file>', 'parameters of the model instead of its defaults')
  .option('--assets <file>', 'parameter set of plimsoll-1 that names the assets of the book')
  .option('--book <file>', 'book to test the model with')
  .option('--history <file.csv>', 'closes: a column date, and one per underlying of the book (or close, if it has one)')
  .option('--trading-days', 'the history has a row per trading day, so weekends and holidays are missing')
  .option('--synthetic <seed>', 'invented closes instead of a history: GARCH(1,1) with jumps')
  .option('--volatility <fraction>', 'long-run volatility per year of invented closes', '0.7')
  .option('--days <number>', 'most days to test, the newest; all by default, 500 of an invented history')
  .option('--window <number>', 'closes that the model knows on each day', '500')
  .option('--horizon <number>', 'steps over which a loss builds up; days are tested this far apart', '1')
  .option('--requirement <name>', 'initial or maintenance', 'initial')
  .option('--held', 'keep strikes, entries and expiries instead of striking the book anew every day')
  .option('--tools <names>', `anti-procyclicality tools to compare: ${Object.keys(antiProcyclicalityTools).join(', ')}`)
  .option('--confidence <fraction>', 'share of losses that the margin is to cover', '0.99')
  .option('--test-level <fraction>', 'confidence of the tests', '0.95')
  .option('--observations <number>', 'test a count of --exceptions in so many observations; no book')
  .option('--exceptions <number>', 'losses above the margin')
  .option('--pairs <file.csv>', 'test pairs pnl,var, one line a day; a loss is negative, var positive; no book')
  .option('--json', 'print one JSON object')
  .addHelpText(
    'after',
    `
Exits with 3 when the traffic light is not green: more exceptions than 95 % of right models have.

Examples:
  plimsoll backtest --model plimsoll-1 --book book.json --history closes.csv
  plimsoll backtest --model span --book book.json --synthetic 1 --days 250 --tools buffer,floor
  plimsoll backtest --observations 250 --exceptions 6 --confidence 0.99`,
  )
  .action(async (options: Options) => {
    const report = await run(options)
    if (report.trafficLight.zone !== 'green') process.exitCode = exitCodes.difference
  })

async function run(options: Options): Promise<CountReport> {
  const modes = [options.observations, options.pairs, options.book].filter((value) => value !== undefined)
  if (modes.length !== 1) throw new UsageError('Give one of --book, --observations with --exceptions, or --pairs.')
  if (options.observations !== undefined) return runCount(options)
  return options.pairs !== undefined ? runPairs(options, options.pairs) : runModel(options, options.book as string)
}

function runCount(options: Options): CountReport {
  if (options.exceptions === undefined) throw new UsageError('--observations needs --exceptions.')
  const counts = {
    observations: count(options.observations, '--observations'),
    exceptions: count(options.exceptions, '--exceptions', 0),
  }
  const report = reportCount(
    { ...counts, confidence: fraction(options.confidence, '--confidence') },
    testLevel(options),
  )
  print(options.json, report, () => countReport(report))
  return report
}

async function runPairs(options: Options, file: string): Promise<CountReport> {
  const observations = parsePairs(await readTextFile(file), file)
  const confidence = fraction(options.confidence, '--confidence')
  const report = reportObservations(observations, { confidence, ...testLevel(options) })
  print(options.json, report, () => observationReport(report))
  return report
}

async function runModel(options: Options, file: string): Promise<CountReport> {
  const parameters = await parametersOf(options)
  if (parameters.model === 'venue-rules') {
    throw new UsageError(
      'venue-rules reads accounts in the integers of their venues, which no history of prices moves.',
    )
  }
  const book = parseBook(await readTextFile(file))
  const assets = options.assets === undefined ? undefined : await loadParameterSet(options.assets)
  if (options.requirement !== 'initial' && options.requirement !== 'maintenance') {
    throw new UsageError(`--requirement must be initial or maintenance, got ${options.requirement}.`)
  }
  const sizes = { window: count(options.window, '--window'), horizon: count(options.horizon, '--horizon') }
  const days = options.days === undefined ? undefined : count(options.days, '--days')
  const backtest = backtestModel({
    ...{ book, parameters, ...sizes, requirement: options.requirement },
    history: await historyOf(options, book, sizes, days),
    confidence: fraction(options.confidence, '--confidence'),
    ...testLevel(options),
    ...(assets && { assets }),
    ...(days !== undefined && { days }),
    life: options.held ? 'held' : 'restruck',
    tools: toolsOf(options),
    onDay: progress(),
  })
  print(options.json, backtest, () => backtestReport(backtest))
  return backtest.report
}

async function parametersOf(options: Options): Promise<AnyParameters> {
  const chosen = await chosenParameters(options)
  if (chosen !== undefined) return chosen
  return options.assets === undefined ? bookParameters : loadParameterSet(options.assets)
}

async function historyOf(
  { history, synthetic, tradingDays, volatility }: Options,
  book: Book,
  { window, horizon }: { readonly window: number; readonly horizon: number },
  days = 500,
): Promise<PriceHistory> {
  if ((history === undefined) === (synthetic === undefined)) throw new UsageError('Give --history or --synthetic.')
  const names = Object.keys(book.market.underlyings)
  if (history !== undefined) {
    const { interval, columns } = parseCloses(await readTextFile(history), {
      steps: tradingDays ? 'trading-days' : 'equal',
    })
    const [only, ...others] = Object.entries(columns)
    const isPlain = only?.[0].toLowerCase() === 'close' && others.length === 0
    return { interval, closes: isPlain && names.length === 1 ? { [names[0] as string]: only[1] } : columns }
  }
  const seed = count(synthetic, '--synthetic', 0)
  const drawn = syntheticHistory({
    ...stressedSettings,
    seed,
    closes: window + days * horizon,
    underlyings: Object.entries(book.market.underlyings).map(([underlying, { price }]) => ({
      underlying,
      price,
      volatility: fraction(volatility, '--volatility', 10),
    })),
  })
  const label = Object.values(drawn)[0]?.synthetic
  return {
    interval: stressedSettings.interval,
    closes: Object.fromEntries(Object.entries(drawn).map(([name, { values }]) => [name, values])),
    ...(label !== undefined && { synthetic: label }),
  }
}

function toolsOf({ tools }: Options): readonly ToolName[] {
  const known = Object.keys(antiProcyclicalityTools) as ToolName[]
  const wanted = tools?.split(',').map((name) => name.trim()) ?? []
  const unknown = wanted.filter((name) => !(known as readonly string[]).includes(name))
  if (unknown.length > 0) throw new UsageError(`--tools takes ${known.join(', ')}; got ${unknown.join(', ')}.`)
  return known.filter((name) => wanted.includes(name))
}

/** Lines of two numbers; a first line that names them may stand on top. */
function parsePairs(text: string, file: string): readonly Observation[] {
  return text.split(/\r?\n/).flatMap((line, index): Observation[] => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#') || (index === 0 && /^[a-z]/i.test(trimmed))) return []
    const cells = trimmed.split(',').map((cell) => cell.trim())
    const [pnl, margin] = cells.map((cell) => (cell === '' ? Number.NaN : Number(cell)))
    if (cells.length !== 2 || !Number.isFinite(pnl) || !Number.isFinite(margin)) {
      throw new UsageError(`Line ${index + 1} of ${file} is not a pair pnl,var: ${trimmed}`)
    }
    return [{ pnl: pnl as number, margin: margin as number }]
  })
}

/** Says how far it is once two seconds have passed, then every two seconds. */
function progress(): (done: number, of: number) => void {
  let next = performance.now() + 2_000
  return (done, of) => {
    if (performance.now() < next) return
    next = performance.now() + 2_000
    say(`${done} of ${of} days`)
  }
}

function testLevel(options: Options): { readonly testLevel: number } {
  return { testLevel: fraction(options.testLevel, '--test-level') }
}

function count(text: string | undefined, name: string, least = 1): number {
  const value = /^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN
  if (value >= least) return value
  throw new UsageError(`${name} must be a whole number from ${least}, got ${text}.`)
}

function fraction(text: string, name: string, most = 1): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN
  if (value > 0 && value < most) return value
  throw new UsageError(`${name} must be a number between 0 and ${most}, got ${text}.`)
}
