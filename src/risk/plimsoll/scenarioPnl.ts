import type { Underlying } from '../../core/asset.ts'
import { InvalidInputError } from '../../core/errors.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { JointRow, Scenario } from '../../core/scenario.ts'
import type { Wad } from '../../core/units.ts'
import type { VenueRule } from '../../core/venueRule.ts'
import { abs, min } from '../../kernel/fixedPoint.ts'
import { type VenueState, venueState } from '../venues/venueState.ts'
import { type Leg, underlyingsOf } from './legs.ts'
import { creditedValue, type MarketState, type Valuer } from './revalue.ts'

/** A venue account of a book: its legs by index and, where it can be liquidated, the venue's rule. */
export type BookAccount = {
  readonly key: string
  readonly failureGroup: string
  readonly legs: readonly number[]
  readonly rule: VenueRule | undefined
}

/** What a row does to a venue account: P&L with venue physics, and the venue's verdict where there is a rule. */
export type AccountRow = {
  readonly pnl: Wad
  readonly isLiquidated: boolean
  readonly state: VenueState | undefined
}

/** One scenario of one underlying: P&L by leg (plain) and by account (with physics). */
export type ScenarioRow = {
  readonly scenario: Scenario
  readonly price: Wad
  readonly legs: readonly Wad[]
  readonly accounts: readonly AccountRow[]
}

/** One joint row, as {@link ScenarioRow}. */
export type JointPnlRow = {
  readonly row: JointRow
  readonly legs: readonly Wad[]
  readonly accounts: readonly AccountRow[]
}

/** P&L of a book in every scenario, WAD USD, unweighted; index lists follow `legs` and `accounts`. */
export type ScenarioPnl = {
  readonly legs: readonly Leg[]
  readonly accounts: readonly BookAccount[]
  readonly values: readonly Wad[]
  readonly creditedValues: readonly Wad[]
  readonly underlyings: readonly {
    readonly underlying: Underlying
    readonly spot: Wad
    readonly rows: readonly ScenarioRow[]
  }[]
  readonly joint: readonly JointPnlRow[]
}

/** Where a row stands relative to another: sign of the move and distance from spot, per underlying that moves. */
type Shift = ReadonlyMap<Underlying, { readonly sign: -1 | 0 | 1; readonly distance: Wad }>

/**
 * Revalues every leg in every scenario, one underlying at a time and all together (model section 5), and lets each venue
 * apply its own rule inside them (section 4).
 */
export function revalueBook(
  legs: readonly Leg[],
  rules: ReadonlyMap<string, VenueRule>,
  valuer: Valuer,
  parameters: MarginParameters,
): ScenarioPnl {
  const values = legs.map((leg) => valuer.value(leg, valuer.base))
  const creditedValues = legs.map((leg, index) => creditedValue(leg, values[index] as Wad))
  const accounts = accountsOf(legs, parameters.venuePhysics === 'on' ? rules : new Map())
  const names = underlyingsOf(legs)

  const legPnl = (state: MarketState, moved: ReadonlySet<Underlying>) =>
    legs.map((leg, index) =>
      leg.underlyings.some((underlying) => moved.has(underlying))
        ? creditedValue(leg, valuer.value(leg, state)) - (creditedValues[index] as Wad)
        : 0n,
    )
  const stateOf = ({ rule, legs: own }: BookAccount, state: MarketState, moved: ReadonlySet<Underlying>) => {
    const depends = own.some((index) => legs[index]?.underlyings.some((underlying) => moved.has(underlying)))
    return rule && depends ? venueState(rule, valuer.shiftTo(state)) : undefined
  }
  const evaluate = <Row extends object>(state: MarketState, moved: ReadonlySet<Underlying>, row: Row) => ({
    ...row,
    legs: legPnl(state, moved),
    states: accounts.map((account) => stateOf(account, state, moved)),
  })

  const underlyings = names.map((underlying) => {
    const spot = valuer.base.price(underlying)
    const moved = new Set([underlying])
    const rows = scenariosOf(underlying, parameters).map((scenario) => {
      const state = valuer.shocked(new Map([[underlying, scenario]]))
      const shift: Shift = new Map([[underlying, shiftOf(scenario, state.price(underlying), spot)]])
      return evaluate(state, moved, { scenario, price: state.price(underlying), shift, regime: '' })
    })
    return { underlying, spot, rows: withPhysics(rows, accounts) }
  })

  const joint = parameters.jointRows.map((row) => {
    const scenarios = new Map<Underlying, Scenario>()
    for (const underlying of names) {
      const id = row.take[classOf(underlying, parameters)]
      const scenario = scenariosOf(underlying, parameters).find((candidate) => candidate.id === id)
      if (scenario) scenarios.set(underlying, scenario)
    }
    const state = valuer.shocked(scenarios)
    const shift: Shift = new Map(
      [...scenarios].map(([underlying, scenario]) => [
        underlying,
        shiftOf(scenario, state.price(underlying), valuer.base.price(underlying)),
      ]),
    )
    return evaluate(state, new Set(names), { row, shift, regime: row.regime })
  })
  return { legs, accounts, values, creditedValues, underlyings, joint: withPhysics(joint, accounts) }
}

function accountsOf(legs: readonly Leg[], rules: ReadonlyMap<string, VenueRule>): readonly BookAccount[] {
  const accounts = new Map<string, number[]>()
  legs.forEach(({ venueAccount }, index) => {
    accounts.set(venueAccount, [...(accounts.get(venueAccount) ?? []), index])
  })
  return [...accounts].map(([key, own]) => ({
    key,
    failureGroup: legs[own[0] as number]?.failureGroup ?? key,
    legs: own,
    rule: rules.get(key),
  }))
}

/**
 * `P_v(s)`: the worst P&L of the account over s and the rows on the way to s in which its venue liquidates it, less the
 * penalty when there is any (model section 4). A liquidation never improves a scenario.
 */
function withPhysics<
  Row extends {
    readonly legs: readonly Wad[]
    readonly states: readonly (VenueState | undefined)[]
    readonly shift: Shift
    readonly regime: string
  },
>(rows: readonly Row[], accounts: readonly BookAccount[]) {
  const plain = rows.map(({ legs }) =>
    accounts.map(({ legs: own }) => own.reduce((sum, index) => sum + (legs[index] as Wad), 0n)),
  )
  return rows.map(({ states, ...row }, at) => ({
    ...row,
    accounts: accounts.map((_, account): AccountRow => {
      const own = plain[at]?.[account] as Wad
      const state = states[account]
      if (!state) return { pnl: own, isLiquidated: false, state }
      const onTheWay = rows.flatMap((other, index) =>
        other.states[account]?.isLiquidatable && other.regime === row.regime && liesWithin(other.shift, row.shift)
          ? [plain[index]?.[account] as Wad]
          : [],
      )
      const isLiquidated = state.isLiquidatable || onTheWay.length > 0
      const worst = onTheWay.reduce((least, value) => min(least, value), own)
      return { pnl: isLiquidated ? worst - state.penalty : own, isLiquidated, state }
    }),
  }))
}

/** Every underlying of `inner` moves the way of `outer` or not at all, and no farther. */
function liesWithin(inner: Shift, outer: Shift): boolean {
  for (const [underlying, { sign, distance }] of inner) {
    if (sign === 0) continue
    const limit = outer.get(underlying)
    if (!limit || limit.sign !== sign || distance > limit.distance) return false
  }
  return true
}

function shiftOf({ move }: Scenario, price: Wad, spot: Wad) {
  return { sign: move > 0n ? 1 : move < 0n ? -1 : 0, distance: abs(price - spot) } as const
}

function scenariosOf(underlying: Underlying, parameters: MarginParameters): readonly Scenario[] {
  const { scenarios } = parameters.classes[classOf(underlying, parameters)] ?? {}
  if (!scenarios) throw new InvalidInputError(`The parameter set has no scenarios for underlying ${underlying}.`)
  return scenarios
}

function classOf(underlying: Underlying, parameters: MarginParameters): string {
  const entry = parameters.underlyings[underlying]
  if (!entry) throw new InvalidInputError(`The parameter set has no underlying ${underlying}.`)
  return entry.class
}
