import { BaseError } from '../../../src/core/errors.ts'
import type { MarginResult } from '../../../src/core/margin.ts'
import { mostEquity, mostRequirement } from '../../../src/core/units.ts'
import { type Inputs, Refusal } from './claims.ts'
import { errorBound } from './errorBound.ts'
import { type ExactMargin, exactMargin, type LineId, lineIds } from './exactMargin.ts'
import { abs, floorToQuoteUnits, fromQuoteUnits, max, min, type Real, sum, toText } from './real.ts'

/** The engine less the exact model in one figure, and how much rounding explains. USD. */
export type Gap = { readonly figure: string; readonly exact: Real; readonly gap: Real; readonly bound: Real }

/** What a portfolio told: nothing wrong, or sentences. `cliff`: a venue's own rounding decides a liquidation. */
export type Comparison = {
  readonly outcome: 'compared' | 'refused' | 'cliff'
  /** Whether a record can carry the margin; sizes far beyond are compared all the same. */
  readonly isRecordable: boolean
  readonly gaps: readonly Gap[]
  readonly problems: readonly string[]
}

const sides = ['initial', 'maintenance'] as const
const venueLines: ReadonlySet<LineId> = new Set(['scan', 'venueFailure', 'venueFloor', 'longOptionCap'])
const unit = fromQuoteUnits(1n)

/** Compares a margin calculation with the exact model on one portfolio. */
export function compare(inputs: Inputs, calculate: (inputs: Inputs) => MarginResult): Comparison {
  const exact = attempt(() => exactMargin(inputs), Refusal)
  const answer = attempt(() => calculate(inputs), BaseError)
  const result = answer?.refusal === null ? answer : null
  if (exact === null || result === null) {
    const problems =
      exact === null && result === null ? [] : [`only ${exact === null ? 'the exact model' : 'the engine'} refuses`]
    return { outcome: 'refused', isRecordable: false, gaps: [], problems }
  }
  const isCliff = exact.book.accounts.some(({ isNearCliff }) => isNearCliff)
  const gaps = gapsOf(result, exact, isCliff)
  const problems = gaps
    .filter(({ gap, bound }) => abs(gap) > bound)
    .map(({ figure, gap, bound }) => `${figure} is off by ${toText(gap)}, of which rounding explains ${toText(bound)}`)
  return {
    outcome: isCliff ? 'cliff' : 'compared',
    isRecordable: abs(result.equity) <= mostEquity && result.initialMargin <= mostRequirement,
    gaps,
    problems: [...problems, ...brokenPromises(result), ...(isCliff ? [] : brokenSafety(result, exact))],
  }
}

function gapsOf(result: MarginResult, exact: ExactMargin, isCliff: boolean): Gap[] {
  const bounds = errorBound(exact.book)
  const equity = {
    figure: 'equity',
    exact: exact.equity,
    gap: fromQuoteUnits(result.equity) - exact.equity,
    bound: bounds.equity + unit,
  }
  const lines = sides.flatMap((side) =>
    lineIds
      .filter((id) => !isCliff || !venueLines.has(id))
      .map((id, index): Gap => {
        const line = result.lines.find((candidate) => candidate.id === id)
        const gap = fromQuoteUnits(line?.[side] ?? 0n) - exact[side][id]
        // A closing line also takes back what the lines above it rounded up.
        const units = venueLines.has(id) ? BigInt(index + 1) : 1n
        return { figure: `${id} ${side}`, exact: exact[side][id], gap, bound: bounds.lines[id] + units * unit }
      }),
  )
  return [equity, ...lines]
}

/** What a result must be whatever its numbers. */
function* brokenPromises({
  lines,
  initialMargin,
  maintenanceMargin,
  equity,
  freeEquity,
}: MarginResult): Generator<string> {
  const total = (side: (typeof sides)[number]): bigint => lines.reduce((all, line) => all + line[side], 0n)
  if (total('initial') !== initialMargin) yield 'the lines do not sum to the initial margin'
  if (total('maintenance') !== maintenanceMargin) yield 'the lines do not sum to the maintenance margin'
  if (maintenanceMargin < 0n || initialMargin < maintenanceMargin) yield 'not 0 ≤ maintenance ≤ initial margin'
  if (equity - initialMargin !== freeEquity) yield 'free equity is not equity less initial margin'
  if (lines.map(({ id }) => id).join() !== lineIds.join()) yield 'the lines stand in another order'
}

/** The signed requirement is never below the exact one, and what is left of equity never above. */
function* brokenSafety(result: MarginResult, exact: ExactMargin): Generator<string> {
  for (const side of sides) {
    const { longOptionCap, arithmetic, ...lines } = exact[side]
    const required = sum(Object.values(lines))
    const uncapped = sum(
      result.lines.filter(({ id }) => id !== 'longOptionCap').map((line) => fromQuoteUnits(line[side])),
    )
    if (uncapped < required) yield `the ${side} requirement is ${toText(required - uncapped)} below the exact one`
    const charged = side === 'initial' ? result.initialMargin : result.maintenanceMargin
    const left = fromQuoteUnits(result.equity - charged)
    const exactCharge = longOptionCap < 0n ? min(required, max(0n, exact.equity)) : required
    const exactLeft = exact.equity - exactCharge
    // A book that is capped has nothing left, up to the unit to which its equity is rounded.
    if (left > max(exactLeft, floorOf(exactLeft)))
      yield `${toText(left - exactLeft)} more is left above the ${side} margin`
  }
}

const floorOf = (x: Real): Real => fromQuoteUnits(floorToQuoteUnits(x))

function attempt<Result>(make: () => Result, refusal: abstract new (...args: never) => Error): Result | null {
  try {
    return make()
  } catch (error) {
    if (error instanceof refusal) return null
    throw error
  }
}
