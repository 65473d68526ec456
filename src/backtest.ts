import type { Book } from './core/book.ts'
import type { MarginParameters } from './core/parameters.ts'
import { type AnyParameters, calculateMargin } from './margin.ts'
import {
  type AntiProcyclicality,
  type ChargedDay,
  regulatoryBuffer,
  withAntiProcyclicality,
} from './risk/validation/antiProcyclicality.ts'
import type { BookLife } from './risk/validation/bookAtClose.ts'
import { reportObservations, type SeriesReport } from './risk/validation/exceptionReport.ts'
import { type Procyclicality, procyclicalityOf } from './risk/validation/procyclicality.ts'
import {
  type BookMargin,
  type MarginOf,
  type PriceHistory,
  type TestedDay,
  testedCloses,
  walkForward,
  walkForwardAssumptions,
} from './risk/validation/walkForward.ts'

/** Anti-procyclicality tools by name, with the least that Regulation (EU) No 153/2013 asks for. */
export const antiProcyclicalityTools = {
  buffer: { buffer: regulatoryBuffer },
  'stressed-weight': { stressedWeight: 0.25 },
  floor: { floor: true },
} as const satisfies Record<string, AntiProcyclicality>

/** Name of an anti-procyclicality tool. */
export type ToolName = keyof typeof antiProcyclicalityTools

export type BacktestOptions = {
  readonly book: Book
  readonly history: PriceHistory
  /** Parameters of the model to test; their field `model` says which. */
  readonly parameters: AnyParameters
  /** Parameter set of `plimsoll-1` that names the assets, where the model needs one. */
  readonly assets?: MarginParameters
  /** Share of losses that the margin is to cover, 0.99 by default. */
  readonly confidence?: number
  /** Confidence of the tests, 0.95 by default. */
  readonly testLevel?: number
  readonly requirement?: 'initial' | 'maintenance'
  /** Closes that the model sees, 500 by default. */
  readonly window?: number
  /** Steps over which a loss builds up, 1 by default. */
  readonly horizon?: number
  readonly days?: number
  readonly life?: BookLife
  /** Tools to show the effect of, each alone and all together. */
  readonly tools?: readonly ToolName[]
  /** Told after each day, for progress. */
  readonly onDay?: (done: number, of: number) => void
}

/** One way to charge the series: the model as it is, or with tools. */
export type ChargedSeries = {
  readonly tools: readonly ToolName[]
  readonly exceptions: number
  readonly meanRequirement: number
  /** Of the requirement at the prices of the book, so that it shows the model and not the price. */
  readonly procyclicality: Procyclicality
  /** What was charged every day at the prices of the book, and the state of the buffer; absent without tools. */
  readonly log?: readonly ChargedDay[]
}

/** What a back-test found. Money in the quote currency of the book. */
export type Backtest = {
  readonly model: string
  readonly name: string
  readonly requirement: 'initial' | 'maintenance'
  readonly quote: string
  readonly interval: number
  readonly window: number
  readonly horizon: number
  /** The generator of the history, null for one that was observed. */
  readonly synthetic: string | null
  readonly report: SeriesReport
  /** Deepest loss beyond the cushion, zero without exceptions, and the close it began at. */
  readonly worst: { readonly shortfall: number; readonly close: number } | null
  readonly charged: readonly ChargedSeries[]
  readonly days: readonly TestedDay[]
  readonly assumptions: readonly string[]
}

/** Any model as a function of a book, in doubles; quote units of `plimsoll-1` become dollars. */
export function marginOfModel(parameters: AnyParameters, assets?: MarginParameters): MarginOf {
  return ({ portfolio, market }): BookMargin => {
    const margin = calculateMargin({ portfolio, market, parameters, ...(assets && { assets }) })
    const { initialMargin, maintenanceMargin, equity } = margin
    return {
      initialMargin: toMoney(initialMargin),
      maintenanceMargin: toMoney(maintenanceMargin),
      equity: toMoney(equity),
    }
  }
}

/**
 * Back-tests a model over a history and tests the exceptions.
 *
 * @throws {InvalidInputError} for a history that is too short or does not fit the book.
 * @throws {MissingMarketDataError} for an underlying without history. And whatever the model refuses.
 */
export function backtestModel(options: BacktestOptions): Backtest {
  const { book, history, parameters, confidence = 0.99, testLevel = 0.95, requirement = 'initial' } = options
  const { window = 500, horizon = 1, life = 'restruck', tools = [], onDay } = options
  const walk = {
    ...{ book, history, requirement, window, horizon, life },
    marginOf: marginOfModel(parameters, options.assets),
    ...(options.days !== undefined && { days: options.days }),
    ...(tools.includes('floor') && { floorWindow: Math.round(tenYears / history.interval) }),
    stressed: tools.includes('stressed-weight'),
  }
  const total = testedCloses(walk).length
  const days: TestedDay[] = []
  for (const day of walkForward(walk)) {
    days.push(day)
    onDay?.(days.length, total)
  }
  const chosen = tools.length > 1 ? [[], ...tools.map((tool) => [tool]), tools] : [[], ...tools.map((tool) => [tool])]
  return {
    ...{ model: parameters.model, name: parameters.name, requirement, quote: book.portfolio.quote },
    ...{ interval: history.interval, window, horizon, synthetic: history.synthetic ?? null },
    report: reportObservations(
      days.map(({ pnl, cushion }) => ({ pnl, margin: cushion })),
      { confidence, testLevel },
    ),
    worst: worstOf(days),
    charged: chosen.map((names) => chargedSeries(days, names)),
    days,
    assumptions: [
      walkForwardAssumptions[life],
      ...(book.portfolio.venueAccounts?.length ? ['Venue accounts are left out.'] : []),
      ...(history.synthetic === undefined ? [] : [`The history is invented: ${history.synthetic}.`]),
    ],
  }
}

const tenYears = 10 * 365 * 86_400

function chargedSeries(days: readonly TestedDay[], tools: readonly ToolName[]): ChargedSeries {
  const settings: AntiProcyclicality = Object.assign({}, ...tools.map((tool) => antiProcyclicalityTools[tool]))
  const log = withAntiProcyclicality(
    days.map(({ requirement, stressed, floor, scale }) => ({
      margin: requirement / scale,
      ...(stressed !== undefined && { stressed: stressed / scale }),
      ...(floor !== undefined && { floor: floor / scale }),
    })),
    settings,
  )
  const charged = log.map((day, index) => day.charged * (days[index]?.scale ?? 1))
  const exceptions = days.filter(
    ({ pnl, cushion, requirement }, index) => -pnl > cushion + ((charged[index] as number) - requirement),
  ).length
  return {
    tools,
    exceptions,
    meanRequirement: charged.reduce((sum, margin) => sum + margin, 0) / charged.length,
    procyclicality: procyclicalityOf(
      log.map((day) => day.charged),
      { window: 250, days: 5 },
    ),
    ...(tools.length > 0 && { log }),
  }
}

function worstOf(days: readonly TestedDay[]): Backtest['worst'] {
  let worst: Backtest['worst'] = null
  for (const { pnl, cushion, isException, close } of days) {
    const shortfall = -pnl - cushion
    if (isException && shortfall > (worst?.shortfall ?? 0)) worst = { shortfall, close }
  }
  return worst
}

function toMoney(amount: number | bigint): number {
  return typeof amount === 'bigint' ? Number(amount) / 1e6 : amount
}
