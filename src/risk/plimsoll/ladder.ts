import type { Underlying } from '../../core/asset.ts'
import { BaseError, InvalidInputError } from '../../core/errors.ts'
import type { MarginResult } from '../../core/margin.ts'
import { venueAccountKey } from '../../core/position.ts'
import { type QuoteUnits, type Wad, wad } from '../../core/units.ts'
import { abs, max, min, mul } from '../../kernel/fixedPoint.ts'
import { ruleUnderlyings } from '../venues/moveRule.ts'
import { venueState } from '../venues/venueState.ts'
import { toMarginResult } from './calculateMargin.ts'
import { type CollateralNeed, collateralNeeds } from './collateralNeeds.ts'
import { type Crossing, type Crossings, findCrossings, gridPrices } from './crossings.ts'
import { type EvaluatedBook, evaluatePortfolio } from './evaluateBook.ts'
import type { Stage } from './lines/minimums.ts'
import { type MarginInputs, moveMarket } from './moveMarket.ts'
import { createOptionPrices, type OptionPrices } from './optionPrices.ts'
import { createValuer } from './revalue.ts'

/** What turns bad: a venue liquidates an account, or equity falls below IM, below MM, below zero. */
export type RungSubject =
  | { readonly kind: 'venue'; readonly venueAccount: string; readonly venue: string }
  | { readonly kind: 'marginCall' | 'maintenance' | 'insolvency' }

/** A crossing and what the account is worth at its good side, at the marks; null where that is refused. */
export type RungCrossing = Crossing & { readonly equity: QuoteUnits | null }

/** One subject in one direction of one price. */
export type Rung = Omit<Crossings, 'crossings'> & {
  readonly subject: RungSubject
  readonly isBadNow: boolean
  readonly crossings: readonly RungCrossing[]
  readonly grid: Wad
}

/** All that happens while one price moves and every other stands still. Prices in WAD USD, fractions in WAD. */
export type UnderlyingLadder = {
  readonly underlying: Underlying
  readonly spot: Wad
  readonly step: Wad
  readonly rungs: readonly Rung[]
  readonly needs: readonly CollateralNeed[]
}

/** The crossing nearest to spot; at distance zero for what is bad already. */
export type NearestRung = {
  readonly underlying: Underlying
  readonly subject: RungSubject
  readonly direction: 'down' | 'up'
  readonly price: Wad
  readonly distance: Wad
}

/** At which prices an account is called and which venue liquidates it first. */
export type Ladder = {
  readonly underlyings: readonly UnderlyingLadder[]
  /** What is bad already, then what comes first, over all underlyings. */
  readonly order: readonly NearestRung[]
  /** Fraction of spot around it within which no venue account may be liquidated in `needs`. */
  readonly range: Wad
  /** Venue accounts with debts or shorts and without a rule: nobody knows where they are liquidated. */
  readonly withoutPhysics: readonly string[]
  readonly margin: MarginResult
  readonly assumptions: readonly string[]
}

export type CalculateLadderOptions = MarginInputs & {
  /** All that the account depends on by default. */
  readonly underlyings?: readonly Underlying[]
  /** Ends of the scan as fractions of spot, WAD; 1 % and 1,000 % by default. */
  readonly floor?: Wad
  readonly ceiling?: Wad
  /** Relative distances of the prices looked at, WAD; 2.5 % for the margin, 0.25 % for venue rules by default. */
  readonly marginGrid?: Wad
  readonly venueGrid?: Wad
  /** Resolution of a crossing in WAD USD; a cent, of cheap underlyings a ten-thousandth of spot, by default. */
  readonly step?: Wad
  /** Move that every venue account must survive in `needs`, WAD; 30 % by default. */
  readonly range?: Wad
  /** Told of every price at which the margin is about to be calculated, WAD USD. */
  readonly onPrice?: (underlying: Underlying, price: Wad) => void
}

const cent: Wad = 10n ** 16n

/**
 * Moves one price at a time, up and down, and finds where each venue liquidates and where equity falls below initial margin,
 * maintenance margin and zero. Requirements are those of `calculateMargin`, anew at every price looked at.
 *
 * Rules of lending pools, isolated loans, base debts, money markets and perpetual accounts are linear in one price, so that a scan cannot
 * miss where they turn, but for the rounding of the venue. Of the others two crossings within one grid distance can be missed.
 *
 * @throws {InvalidInputError} for options out of range, or an underlying that the account does not depend on.
 * @throws whatever `calculateMargin` refuses at today's prices.
 * @example
 * calculateLadder({ portfolio, market, parameters }).order[0]
 * // { underlying: 'ETH', subject: { kind: 'venue', … }, direction: 'down', price: 1454550000000000000000n, … }
 */
export function calculateLadder(options: CalculateLadderOptions): Ladder {
  const { portfolio, market, parameters, range = (3n * wad) / 10n } = options
  requireRanges(options)
  const inputs = { portfolio, market, parameters }
  const standing = createOptionPrices(parameters)
  const here = evaluatePortfolio(inputs, standing)
  const margin = toMarginResult(portfolio, here)
  const known = margin.scan.underlyings.map(({ underlying }) => underlying)
  const chosen = options.underlyings ?? known
  for (const underlying of chosen) {
    if (known.includes(underlying)) continue
    throw new InvalidInputError(`The account does not depend on ${underlying}.`, {
      metaMessages: [`It depends on: ${known.join(', ') || 'no price'}.`],
    })
  }
  const underlyings = chosen.map((underlying) => ladderOf(underlying, here, standing, options, range))
  return {
    underlyings,
    order: underlyings.flatMap(nearestOf).sort((a, b) => compare(abs(a.distance), abs(b.distance))),
    range,
    withoutPhysics: margin.withoutPhysics,
    margin,
    assumptions: [
      'One price moves at a time; every other price, every rate and every volatility stands still, and no time passes.',
      "Venues' own quotes move as our prices do, at once; a venue that averages its price follows later.",
      'Equity at another price is at the marks: what a liquidation on the way would cost is in the requirement, not in equity.',
      'No interest, funding or fee accrues on the way, and nobody trades.',
    ],
  }
}

function ladderOf(
  underlying: Underlying,
  here: EvaluatedBook,
  standing: OptionPrices,
  options: CalculateLadderOptions,
  range: Wad,
): UnderlyingLadder {
  const { portfolio, market, parameters, floor = wad / 100n, ceiling = 10n * wad } = options
  const { marginGrid = wad / 40n, venueGrid = wad / 400n } = options
  const valuer = createValuer(market, parameters, portfolio.block.timestamp)
  const spot = valuer.base.price(underlying)
  const step = options.step ?? max(min(cent, spot / 10_000n), 1n)
  const ends = [max(mul(spot, floor), 1n), mul(spot, ceiling)]
  const shiftTo = (price: Wad) => valuer.shiftTo(valuer.priced(new Map([[underlying, price]])))
  // Only options on what moves get other prices, and those of one price serve no other.
  const moved = (): OptionPrices => {
    const own = createOptionPrices(parameters)
    return (name) => (name === underlying ? own : standing)(name)
  }
  const bookAt = memoize((price): BookAt => {
    if (price === spot) return here
    options.onPrice?.(underlying, price)
    const inputs = moveMarket({ portfolio, market, parameters }, new Map([[underlying, price]]))
    const { equity, total } = evaluatePortfolio(inputs, moved())
    return { equity, total }
  })

  const rungsOf = (subject: RungSubject, isBad: (price: Wad) => boolean, grid: Wad): readonly Rung[] =>
    ends
      .filter((end) => end !== spot)
      .map((end) => {
        const found = findCrossings(isBad, { spot, end, grid, step })
        const crossings = found.crossings.map((crossing) => ({
          ...crossing,
          equity: equityAt(bookAt, crossing.good),
        }))
        return { subject, isBadNow: isBad(spot), grid, ...found, crossings }
      })

  const rules = portfolio.rules.filter((rule) => ruleUnderlyings(rule, shiftTo(spot).underlyingOf).includes(underlying))
  const reach = [max(mul(spot, wad - range), 1n), mul(spot, wad + range)]
  return {
    underlying,
    spot,
    step,
    rungs: [
      ...rules.flatMap((rule) =>
        rungsOf(
          { kind: 'venue', venueAccount: venueAccountKey(rule.venueAccount), venue: rule.venueAccount.venue },
          (price) => venueState(rule, shiftTo(price)).isLiquidatable,
          venueGrid,
        ),
      ),
      ...rungsOf({ kind: 'marginCall' }, (price) => isShort(bookAt(price), 'initial'), marginGrid),
      ...rungsOf({ kind: 'maintenance' }, (price) => isShort(bookAt(price), 'maintenance'), marginGrid),
      ...rungsOf({ kind: 'insolvency' }, (price) => bookAt(price).equity < 0n, marginGrid),
    ],
    needs: collateralNeeds(rules, {
      underlying,
      spot,
      shiftTo,
      ends: [spot, ...reach],
      between: reach.flatMap((end) => gridPrices({ spot, end, grid: venueGrid, step })),
    }),
  }
}

/** What the ladder keeps of a book at one price. */
type BookAt = Pick<EvaluatedBook, 'equity' | 'total'>

function isShort({ equity, total }: BookAt, stage: Stage): boolean {
  return equity < total[stage]
}

function equityAt(bookAt: (price: Wad) => BookAt, price: Wad): QuoteUnits | null {
  try {
    return bookAt(price).equity
  } catch (error) {
    if (error instanceof BaseError) return null
    throw error
  }
}

function nearestOf({ underlying, spot, rungs }: UnderlyingLadder): readonly NearestRung[] {
  return rungs.flatMap(({ subject, direction, isBadNow, crossings }, index) => {
    const isFirst = rungs.findIndex((rung) => rung.subject === subject) === index
    if (isBadNow) return isFirst ? [{ underlying, subject, direction, price: spot, distance: 0n }] : []
    const [first] = crossings
    return first ? [{ underlying, subject, direction, price: first.good, distance: first.distance }] : []
  })
}

function requireRanges({ floor = 1n, ceiling = wad, marginGrid, venueGrid, step, range = 0n }: CalculateLadderOptions) {
  const problems = [
    ...(floor <= 0n || floor > wad ? [`floor ${floor}: between 0 and 1e18, a fraction of spot`] : []),
    ...(ceiling < wad || ceiling > 1000n * wad
      ? [`ceiling ${ceiling}: between 1e18 and 1e21, a fraction of spot`]
      : []),
    ...[marginGrid, venueGrid].flatMap((grid) =>
      grid !== undefined && (grid < wad / 10_000n || grid > wad / 2n) ? [`grid ${grid}: between 1e14 and 5e17`] : [],
    ),
    ...(step !== undefined && step <= 0n ? [`step ${step}: above 0`] : []),
    ...(range < 0n || range >= wad ? [`range ${range}: below 1e18`] : []),
  ]
  if (problems.length > 0) throw new InvalidInputError('The ladder cannot be built.', { metaMessages: problems })
}

function memoize<Value>(calculate: (price: Wad) => Value): (price: Wad) => Value {
  const known = new Map<Wad, Value>()
  return (price) => {
    const found = known.get(price)
    if (found !== undefined) return found
    const value = calculate(price)
    known.set(price, value)
    return value
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b)
}
