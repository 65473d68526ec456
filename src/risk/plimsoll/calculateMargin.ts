import type { MarginRatio, MarginResult, Requirement, Standalone, ValuedPosition } from '../../core/margin.ts'
import type { Market } from '../../core/market.ts'
import { type MarginParameters, parametersHash } from '../../core/parameters.ts'
import type { Portfolio } from '../../core/portfolio.ts'
import { venueAccountKey } from '../../core/position.ts'
import { type QuoteUnits, type Wad, wad, wadPerQuoteUnit } from '../../core/units.ts'
import type { VenueRule } from '../../core/venueRule.ts'
import { floorDiv, mul } from '../../kernel/fixedPoint.ts'
import { scanRisk } from './aggregate.ts'
import { buildBook } from './book.ts'
import { TooManyLiabilitiesError } from './errors.ts'
import { isLiability, type Leg } from './legs.ts'
import { marginLines, toQuoteUnitsUp, totalOf } from './lines/marginLines.ts'
import { firstLiquidations, isCritical, withoutPhysics } from './liquidations.ts'
import { createValuer, creditedValue, perpetualProfit, type Valuer } from './revalue.ts'
import { revalueBook, type ScenarioPnl } from './scenarioPnl.ts'

export type CalculateMarginOptions = {
  readonly portfolio: Portfolio
  /** Taken at the portfolio's block. */
  readonly market: Market
  readonly parameters: MarginParameters
}

/**
 * Calculates the `plimsoll-1` margin of a portfolio: a pure function of its arguments in integers.
 *
 * @returns Requirements rounded up and equity rounded down to quote units (1e-6 USD), with everything that explains them.
 * @throws {UnpricedLiabilityError} for a liability that cannot be valued.
 * @throws {MissingMarketDataError} when the market lacks a price, rate or multiplier of something the parameters know.
 * @throws {TooManyLiabilitiesError} for more liabilities than the parameter set allows claims.
 * @example
 * const { initialMargin } = calculateMargin({ portfolio, market, parameters })
 * // 12500000000n (12,500 USD)
 */
export function calculateMargin({ portfolio, market, parameters }: CalculateMarginOptions): MarginResult {
  const { timestamp } = portfolio.block
  const valuer = createValuer(market, parameters, timestamp)
  const { legs, unpriced } = buildBook(portfolio, market, parameters)
  const { kept, dropped } = limitClaims(legs, valuer, parameters)
  const rules = new Map(portfolio.rules.map((rule) => [venueAccountKey(rule.venueAccount), rule]))
  const pnl = revalueBook(kept, rules, valuer, parameters)

  const equity = signedEquity(pnl, valuer, parameters)
  const lines = marginLines({ pnl, market, parameters, valuer, timestamp, equity })
  const total = totalOf(lines)
  const standalone = standaloneRequirements({ portfolio, market, parameters, valuer, legs: kept, rules, total })

  return {
    model: parameters.model,
    modelId: parameters.modelId,
    parametersHash: parametersHash(parameters),
    account: portfolio.account,
    scope: portfolio.scope,
    block: portfolio.block,
    equity,
    initialMargin: total.initial,
    maintenanceMargin: total.maintenance,
    freeEquity: equity - total.initial,
    ratio: ratioOf(equity, total.maintenance),
    lines,
    scan: scanRisk(pnl, parameters),
    positions: kept.map(
      ({ key, venue, venueAccount, position }, index): ValuedPosition => ({
        key,
        venue,
        venueAccount,
        position,
        value: pnl.values[index] ?? 0n,
        creditedValue: pnl.creditedValues[index] ?? 0n,
      }),
    ),
    standalone,
    unpriced: [...unpriced, ...dropped],
    firstLiquidations: firstLiquidations(pnl),
    venueCritical: isCritical(pnl, valuer, parameters),
    withoutPhysics: withoutPhysics(pnl),
    nextExpiry: nextExpiryOf(kept),
    assumptions: assumptionsOf(parameters),
  }
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

/** One floor of the WAD sum; the paper haircut lowers long options and positive perpetual profit (model section 2). */
function signedEquity({ legs, values }: ScenarioPnl, valuer: Valuer, { paperHaircut }: MarginParameters): QuoteUnits {
  const total = legs.reduce((sum, leg, index) => {
    const value = values[index] ?? 0n
    const isPaper =
      (leg.kind === 'option' && leg.size > 0n) || (leg.kind === 'perpetual' && perpetualProfit(leg, valuer.base) > 0n)
    return sum + creditedValue(leg, isPaper ? mul(value, wad - paperHaircut) : value)
  }, 0n)
  return floorDiv(total, wadPerQuoteUnit)
}

function ratioOf(equity: QuoteUnits, maintenance: QuoteUnits): MarginRatio {
  if (equity < 0n) return { kind: 'deficit', deficit: -equity }
  if (maintenance === 0n) return { kind: 'unbounded' }
  return { kind: 'finite', value: floorDiv(equity * wad, maintenance) }
}

/** This model on each venue account alone, and what the venues themselves demand (model section 7). */
function standaloneRequirements(options: {
  readonly portfolio: Portfolio
  readonly market: Market
  readonly parameters: MarginParameters
  readonly valuer: Valuer
  readonly legs: readonly Leg[]
  readonly rules: ReadonlyMap<string, VenueRule>
  readonly total: Requirement
}): Standalone {
  const { portfolio, market, parameters, valuer, legs, rules, total } = options
  const { timestamp } = portfolio.block
  const demanded = new Map<string, Requirement>()
  for (const { venueAccount, initial, maintenance } of portfolio.requirements) {
    const key = venueAccountKey(venueAccount)
    const sum = demanded.get(key) ?? { initial: 0n, maintenance: 0n }
    demanded.set(key, {
      initial: sum.initial + toQuoteUnitsUp(initial),
      maintenance: sum.maintenance + toQuoteUnitsUp(maintenance),
    })
  }

  const venues = [...new Set(legs.map(({ venueAccount }) => venueAccount))].sort().map((venueAccount) => {
    const own = legs.filter((leg) => leg.venueAccount === venueAccount)
    const pnl = revalueBook(own, rules, valuer, parameters)
    const equity = signedEquity(pnl, valuer, parameters)
    return {
      venueAccount,
      venue: own[0]?.venue ?? '',
      model: totalOf(marginLines({ pnl, market, parameters, valuer, timestamp, equity })),
      venueOwn: demanded.get(venueAccount) ?? { initial: 0n, maintenance: 0n },
    }
  })
  const model = totalOf(venues.map((venue) => venue.model))
  const venueOwn = totalOf(venues.map((venue) => venue.venueOwn))
  const less = (sum: Requirement): Requirement => ({
    initial: sum.initial - total.initial,
    maintenance: sum.maintenance - total.maintenance,
  })
  return { venues, model, venueOwn, savingAgainstModel: less(model), savingAgainstVenues: less(venueOwn) }
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
