import type {
  MarginLine,
  MarginRatio,
  MarginResult,
  Requirement,
  Standalone,
  ValuedPosition,
} from '../../core/margin.ts'
import { type MarginParameters, parametersHash } from '../../core/parameters.ts'
import type { Portfolio } from '../../core/portfolio.ts'
import { venueAccountKey } from '../../core/position.ts'
import { type QuoteUnits, type Wad, wad } from '../../core/units.ts'
import { floorDiv } from '../../kernel/fixedPoint.ts'
import { scanRisk } from './aggregate.ts'
import { type CalculateMarginOptions, type Evaluation, evaluateBook, evaluatePortfolio } from './evaluateBook.ts'
import type { Leg } from './legs.ts'
import { toQuoteUnitsUp, totalOf } from './lines/marginLines.ts'
import { firstLiquidations, isCritical, isVenueLiability, withoutPhysics } from './liquidations.ts'
import { orRefusal } from './refusal.ts'

/**
 * Calculates the `plimsoll-1` margin of a portfolio: a pure function of its arguments in integers. In scope enforceable what the
 * account itself can cause (a liability without a price, too many of them, more than a record carries) is not thrown but
 * answered: see `refusal` of the result.
 *
 * @returns Requirements rounded up and equity rounded down to quote units (1e-6 USD), with everything that explains them.
 * @throws {UnpricedLiabilityError} for a liability that cannot be valued.
 * @throws {MissingMarketDataError} when the market lacks a price, rate or multiplier of something the parameters know.
 * @throws {TooManyLiabilitiesError} for more liabilities than the parameter set allows claims.
 * @example
 * const { initialMargin } = calculateMargin({ portfolio, market, parameters })
 * // 12500000000n (12,500 USD)
 */
export function calculateMargin(options: CalculateMarginOptions): MarginResult {
  return orRefusal(options, () => toMarginResult(options.portfolio, evaluatePortfolio(options)))
}

/** The result of an evaluated portfolio. */
export function toMarginResult(portfolio: Portfolio, evaluation: Evaluation): MarginResult {
  const { pnl, legs, lines, total, equity, unpriced, context } = evaluation
  const { parameters, valuer } = context
  return {
    model: parameters.model,
    modelId: parameters.modelId,
    parametersHash: parametersHash(parameters),
    account: portfolio.account,
    scope: portfolio.scope,
    block: portfolio.block,
    refusal: null,
    equity,
    initialMargin: total.initial,
    maintenanceMargin: total.maintenance,
    freeEquity: equity - total.initial,
    ratio: ratioOf(equity, total.maintenance),
    lines,
    scan: scanRisk(pnl, parameters),
    positions: legs.map(
      ({ key, venue, venueAccount, position }, index): ValuedPosition => ({
        key,
        venue,
        venueAccount,
        position,
        value: pnl.values[index] ?? 0n,
        creditedValue: pnl.creditedValues[index] ?? 0n,
      }),
    ),
    standalone: standaloneRequirements(portfolio, evaluation),
    unpriced,
    firstLiquidations: firstLiquidations(pnl),
    venueCritical: isCritical(pnl, valuer, parameters),
    withoutPhysics: withoutPhysics(pnl),
    nextExpiry: nextExpiryOf(legs),
    assumptions: assumptionsOf(parameters),
  }
}

function ratioOf(equity: QuoteUnits, maintenance: QuoteUnits): MarginRatio {
  if (equity < 0n) return { kind: 'deficit', deficit: -equity }
  if (maintenance === 0n) return { kind: 'unbounded' }
  return { kind: 'finite', value: floorDiv(equity * wad, maintenance) }
}

/**
 * This model on each venue account alone, and what the venues themselves demand (model section 7), also where nothing is left
 * to charge. A venue account without debts, shorts and rule is demanded nothing; of others no word is not zero.
 */
function standaloneRequirements(portfolio: Portfolio, { legs, rules, lines, total, context }: Evaluation): Standalone {
  const demanded = new Map<string, Requirement>()
  for (const { venueAccount, initial, maintenance } of portfolio.requirements) {
    const key = venueAccountKey(venueAccount)
    const sum = demanded.get(key) ?? { initial: 0n, maintenance: 0n }
    demanded.set(key, {
      initial: sum.initial + toQuoteUnitsUp(initial),
      maintenance: sum.maintenance + toQuoteUnitsUp(maintenance),
    })
  }

  const venueOf = new Map([
    ...portfolio.requirements.map(({ venueAccount }) => [venueAccountKey(venueAccount), venueAccount.venue] as const),
    ...legs.map(({ venueAccount, venue }) => [venueAccount, venue] as const),
  ])
  const nothing: Requirement = { initial: 0n, maintenance: 0n }
  const venues = [...venueOf.keys()].sort().map((venueAccount) => {
    const own = legs.filter((leg) => leg.venueAccount === venueAccount)
    const alone = evaluateBook(own, rules, context)
    return {
      venueAccount,
      venue: venueOf.get(venueAccount) ?? '',
      model: alone.total,
      scan: scanOf(alone.lines),
      venueOwn: demanded.get(venueAccount) ?? (own.some(isVenueLiability) || rules.has(venueAccount) ? null : nothing),
    }
  })
  const model = totalOf(venues.map((venue) => venue.model))
  const known = venues.flatMap((venue) => venue.venueOwn ?? [])
  const venueOwn = known.length < venues.length ? null : totalOf(known)
  const scan = totalOf(venues.map((venue) => venue.scan))
  const less = (sum: Requirement, netted: Requirement): Requirement => ({
    initial: sum.initial - netted.initial,
    maintenance: sum.maintenance - netted.maintenance,
  })
  return {
    venues,
    model,
    scan,
    venueOwn,
    savingAgainstModel: less(model, total),
    savingOnScan: less(scan, scanOf(lines)),
    savingAgainstVenues: venueOwn && less(venueOwn, total),
  }
}

function scanOf(lines: readonly MarginLine[]): Requirement {
  return totalOf(lines.filter(({ id }) => id === 'scan'))
}

function nextExpiryOf(legs: readonly Leg[]): number | null {
  const expiries = legs.flatMap((leg) => (leg.kind === 'option' ? [leg.expiry] : []))
  return expiries.length === 0 ? null : expiries.reduce((first, expiry) => Math.min(first, expiry))
}

function assumptionsOf({ venuePhysics, decorrelation, credit, paperHaircut }: MarginParameters): readonly string[] {
  const percent = (value: Wad) => `${(value * 100n) / wad} %`
  return [
    'The venues still demand their own margin; a netted requirement does not stop a venue from liquidating its leg.',
    venuePhysics === 'on'
      ? 'Inside a scenario every venue liquidates by its own rule, at its own prices moved with ours.'
      : 'Liquidation by a venue inside a scenario is not modelled by this parameter set.',
    decorrelation === wad
      ? 'No credit between underlyings.'
      : `Gains of one underlying offset losses of another up to ${percent(wad - decorrelation)}.`,
    `Wallet balances are credited ${percent(credit.free)} of their value, withdrawable venue positions ${percent(credit.venue)}.`,
    `Long options and perpetual profit are credited ${percent(wad - paperHaircut)} of their mark in equity.`,
    'Forwards equal spot; Black-76 on European options; a year has 365 days.',
  ]
}
