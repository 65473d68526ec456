import type { MarginLine, Requirement, UnpricedAsset } from '../../core/margin.ts'
import type { Market } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { Portfolio } from '../../core/portfolio.ts'
import { venueAccountKey } from '../../core/position.ts'
import { type QuoteUnits, type Wad, wad, wadPerQuoteUnit } from '../../core/units.ts'
import type { VenueRule } from '../../core/venueRule.ts'
import { floorDiv, mul } from '../../kernel/fixedPoint.ts'
import { buildBook } from './book.ts'
import { TooManyLiabilitiesError } from './errors.ts'
import { isLiability, type Leg } from './legs.ts'
import { marginLines, totalOf } from './lines/marginLines.ts'
import { memoizePair } from './memoize.ts'
import { createOptionPrices, type OptionPrices } from './optionPrices.ts'
import { createValuer, creditedValue, orderProfit, perpetualProfit, type Valuer } from './revalue.ts'
import { createScenarioGrid, type ScenarioGrid } from './scenarioGrid.ts'
import { revalueBook, type ScenarioPnl } from './scenarioPnl.ts'

export type CalculateMarginOptions = {
  readonly portfolio: Portfolio
  /** Taken at the portfolio's block. */
  readonly market: Market
  readonly parameters: MarginParameters
}

/** Liquidation rules by venue account. */
export type RulesByAccount = ReadonlyMap<string, VenueRule>

/** What all books over one market and parameter set share. */
export type BookContext = {
  readonly market: Market
  readonly parameters: MarginParameters
  readonly valuer: Valuer
  readonly grid: ScenarioGrid
  /** Unix seconds. */
  readonly timestamp: number
}

/** A book revalued and charged. */
export type EvaluatedBook = {
  readonly pnl: ScenarioPnl
  readonly equity: QuoteUnits
  readonly lines: readonly MarginLine[]
  readonly total: Requirement
}

/** The counted claims of a portfolio, evaluated. */
export type Evaluation = EvaluatedBook & {
  readonly context: BookContext
  readonly legs: readonly Leg[]
  readonly rules: RulesByAccount
  readonly unpriced: readonly UnpricedAsset[]
}

/**
 * Resolves a portfolio and evaluates what counts. Errors are those of `calculateMargin`.
 *
 * @param prices - Option prices of other markets at the same block, to be computed no more.
 */
export function evaluatePortfolio(
  { portfolio, market, parameters }: CalculateMarginOptions,
  prices: OptionPrices = createOptionPrices(parameters),
): Evaluation {
  const { timestamp } = portfolio.block
  const valuer = createValuer(market, parameters, timestamp, prices)
  const context = { market, parameters, valuer, timestamp, grid: createScenarioGrid(valuer, parameters) }
  const { legs, unpriced } = buildBook(portfolio, market, parameters)
  const { kept, dropped } = limitClaims(legs, valuer, parameters)
  const rules = new Map(portfolio.rules.map((rule) => [venueAccountKey(rule.venueAccount), rule]))
  return { context, legs: kept, rules, unpriced: [...unpriced, ...dropped], ...evaluateBook(kept, rules, context) }
}

/** Revalues and charges a book. */
export function evaluateBook(legs: readonly Leg[], rules: RulesByAccount, context: BookContext): EvaluatedBook {
  const { grid, valuer, market, parameters, timestamp } = context
  const pnl = revalueBook(legs, rules, grid)
  const equity = signedEquity(legs, context)
  const lines = marginLines({ pnl, market, parameters, valuer, timestamp, equity })
  return { pnl, equity, lines, total: totalOf(lines) }
}

/** At most `maximumClaims`, liabilities first, then assets by value; what is dropped is named (model section 1.4). */
function limitClaims(legs: readonly Leg[], valuer: Valuer, { maximumClaims }: MarginParameters) {
  if (legs.length <= maximumClaims) return { kept: legs, dropped: [] }
  const liabilities = legs.filter(isLiability)
  if (liabilities.length > maximumClaims) throw new TooManyLiabilitiesError(liabilities.length, maximumClaims)
  const assets = legs
    .filter((leg) => !isLiability(leg))
    .map((leg) => ({ leg, value: valuer.value(leg, valuer.base) }))
    .sort((a, b) => (a.value === b.value ? (a.leg.key < b.leg.key ? -1 : 1) : a.value > b.value ? -1 : 1))
  const room = maximumClaims - liabilities.length
  const keptKeys = new Set([...liabilities, ...assets.slice(0, room).map(({ leg }) => leg)].map(({ key }) => key))
  return {
    kept: legs.filter(({ key }) => keptKeys.has(key)),
    dropped: assets.slice(room).map(({ leg: { key, venue, position } }) => ({
      key,
      venue,
      asset: 'asset' in position ? position.asset : position.kind,
      reason: `the book has more than ${maximumClaims} claims and this asset is among the smallest`,
    })),
  }
}

/** One floor of the WAD sum (model section 2). */
function signedEquity(legs: readonly Leg[], context: BookContext): QuoteUnits {
  const total = legs.reduce((sum, leg) => sum + equityOf(leg, context), 0n)
  return floorDiv(total, wadPerQuoteUnit)
}

/** What a leg counts in equity; the paper haircut lowers long options, expired ones too, and positive profit of perpetuals and orders. WAD USD. */
const equityOf = memoizePair((leg: Leg, { grid, valuer, parameters }: BookContext): Wad => {
  const { value } = grid.base(leg)
  const isPaper =
    ((leg.kind === 'option' || leg.kind === 'settledOption') && leg.size > 0n) ||
    (leg.kind === 'perpetual' && perpetualProfit(leg, valuer.base) > 0n) ||
    (leg.kind === 'perpetualLiquidity' && orderProfit(leg, valuer.base) > 0n)
  return creditedValue(leg, isPaper ? mul(value, wad - parameters.paperHaircut) : value)
})
