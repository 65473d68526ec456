import type { Book } from '../../../core/book.ts'
import { canonicalHash } from '../../../core/canonical.ts'
import { InvalidInputError } from '../../../core/errors.ts'
import { UnmodeledPositionError } from '../errors.ts'
import { forwardAssumptions, perpetualAssumptions, underlyingMarket } from '../forward.ts'
import type { Detail, ModelLine, ModelMargin, ModelParameters, ModelScenario } from '../model.ts'
import { markPositions } from '../valuation.ts'
import { total } from './expiry.ts'
import type { ManagerParameters } from './parameters.ts'
import { type CollateralHolding, type Holdings, type MarketHoldings, noPerpetual } from './portfolio.ts'

/** What a portfolio manager computes with: one market, and everything held beside it. */
export type ManagedBook = {
  readonly book: Book
  readonly holdings: Holdings
  readonly underlying: string
  readonly market: MarketHoldings
}

/**
 * The one market that a portfolio manager covers.
 *
 * @throws {UnmodeledPositionError} when the book has derivatives on another underlying.
 * @throws {InvalidInputError} when neither parameters nor book name the market.
 */
export function managedBook(book: Book, holdings: Holdings, parameters: ManagerParameters): ManagedBook {
  const underlying = parameters.underlying ?? onlyUnderlying(book, holdings)
  const other = [...holdings.markets.keys()].find((name) => name !== underlying)
  if (other !== undefined) {
    throw new UnmodeledPositionError(`The manager of ${underlying} does not cover derivatives on ${other}.`, {
      metaMessages: ['Calculate each market by itself, or use derive-srm.'],
    })
  }
  const { price, confidence = 1 } = underlyingMarket(book.market, underlying)
  const market = holdings.markets.get(underlying) ?? {
    spot: price,
    spotConfidence: confidence,
    perpetual: noPerpetual(book, underlying),
    expiries: [],
  }
  return { book, holdings, underlying, market }
}

/** Lowest confidence of spot and, where a perpetual is held, of its price. */
export function marketConfidence({ spotConfidence, perpetual }: MarketHoldings): number {
  return perpetual.amount === 0 ? spotConfidence : Math.min(spotConfidence, perpetual.confidence)
}

/**
 * Result of one scenario by position: perpetuals and those collaterals that count move with the spot, options as given.
 * Cash does not move.
 */
export function scenarioPnl(
  { book, holdings, market }: ManagedBook,
  scenario: {
    readonly id: string
    readonly spot: number
    readonly dampening: number
    readonly counts: (collateral: CollateralHolding) => boolean
    /** Changes of value of the options of each expiry, in their order. */
    readonly options: readonly (readonly number[])[]
  },
): ModelScenario & { readonly pnlByPosition: readonly number[] } {
  const { id, spot, dampening, counts, options } = scenario
  const pnlByPosition = book.portfolio.positions.map(() => 0)
  for (const { position, amount } of market.perpetual.amounts) {
    pnlByPosition[position] = amount * market.perpetual.price * (spot - 1) * dampening
  }
  for (const [index, expiry] of market.expiries.entries()) {
    for (const [place, { position }] of expiry.options.entries()) {
      pnlByPosition[position] = (options[index]?.[place] ?? 0) * dampening
    }
  }
  for (const collateral of holdings.collaterals) {
    if (counts(collateral)) pnlByPosition[collateral.position] = collateral.value * (spot - 1) * dampening
  }
  return { id, pnl: total(pnlByPosition), pnlByPosition }
}

/** The largest loss and its place; the count of scenarios stands for the basis contingency. */
export type Worst = { readonly index: number; readonly scenario: string; readonly pnl: number }

/** Lowest of the basis contingency and the scenarios; the former binds a tie, then the first. Source: Derive v2. */
export function worstOf(scenarios: readonly ModelScenario[], basis: number): Worst {
  let worst: Worst = { index: scenarios.length, scenario: 'basis contingency', pnl: basis }
  for (const [index, { id, pnl }] of scenarios.entries()) {
    if (pnl < worst.pnl) worst = { index, scenario: id, pnl }
  }
  return worst
}

/** Puts together what every model of Derive answers. Free margin is equity less the requirement: Derive's "margin". */
export function marginOf(
  parameters: ModelParameters,
  book: Book,
  result: {
    readonly equity: number
    readonly lines: readonly ModelLine[]
    readonly worst: ModelMargin['worst']
    readonly scenarios: readonly ModelScenario[]
    readonly details: { readonly [key: string]: Detail }
  },
): ModelMargin {
  const initialMargin = total(result.lines.map(({ initial }) => initial))
  const maintenanceMargin = total(result.lines.map(({ maintenance }) => maintenance))
  const { asOf, quote, positions } = book.portfolio
  const options = positions.filter((position) => position.kind === 'option')
  const perpetuals = positions.filter((position) => position.kind === 'perpetual')
  return {
    model: parameters.model,
    name: parameters.name,
    parametersHash: canonicalHash(parameters),
    asOf,
    quote,
    equity: result.equity,
    initialMargin,
    maintenanceMargin,
    free: { initial: result.equity - initialMargin, maintenance: result.equity - maintenanceMargin },
    lines: result.lines,
    worst: result.worst,
    scenarios: result.scenarios,
    positions: markPositions(book),
    details: result.details,
    assumptions: [
      ...forwardAssumptions(book.market, options, asOf),
      ...perpetualAssumptions(
        book.market,
        perpetuals.map(({ underlying }) => underlying),
      ),
    ],
  }
}

function onlyUnderlying({ market }: Book, { markets, collaterals }: Holdings): string {
  const candidates = [
    [...markets.keys()],
    Object.keys(market.underlyings),
    [...new Set(collaterals.map(({ underlying }) => underlying))],
  ]
  const found = candidates.find((names) => names.length === 1)?.[0] ?? markets.keys().next().value
  if (found === undefined) {
    throw new InvalidInputError('The book does not say which market the manager covers.', {
      metaMessages: [
        `It has prices of ${Object.keys(market.underlyings).join(', ') || 'nothing'}.`,
        'Name one as `underlying` in the parameters.',
      ],
    })
  }
  return found
}
