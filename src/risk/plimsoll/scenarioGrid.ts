import type { Underlying } from '../../core/asset.ts'
import { InvalidInputError } from '../../core/errors.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { JointRow, Scenario } from '../../core/scenario.ts'
import type { Wad } from '../../core/units.ts'
import type { VenueRule } from '../../core/venueRule.ts'
import { abs } from '../../kernel/fixedPoint.ts'
import { ruleUnderlyings } from '../venues/moveRule.ts'
import type { VenueState } from '../venues/venueState.ts'
import type { Leg } from './legs.ts'
import { identify, memoize } from './memoize.ts'
import {
  type AccountRows,
  type RowPlace,
  rowsOnTheWay,
  type Shift,
  withoutLiquidation,
  withoutRule,
  withPhysics,
} from './physics.ts'
import { creditedValue, type MarketState, type Valuer } from './revalue.ts'
import { createRuleStates, type MovedStates, type SameState } from './ruleStates.ts'

/** One scenario of one underlying with the state that it leads to. */
type GridRow = RowPlace & { readonly scenario: Scenario; readonly price: Wad; readonly state: MarketState }

/** One joint row over some underlyings, with the state that it leads to and the scenarios that lead there. */
type JointGridRow = RowPlace & { readonly state: MarketState; readonly scenarios: ReadonlyMap<Underlying, Scenario> }

/** P&L of a venue account, with physics where the parameter set has them, by underlying and in the joint rows. */
export type AccountPnl = {
  /** What the venue's rule says at the marks. */
  readonly unmoved: VenueState | undefined
  readonly byUnderlying: ReadonlyMap<Underlying, AccountRows>
  readonly joint: AccountRows
}

/**
 * Every scenario of a parameter set over one market. What a leg, a rule or a venue account gives in it is computed once and
 * shared by all books that contain it: the whole, each venue alone, the whole without one claim.
 */
export type ScenarioGrid = {
  readonly spot: (underlying: Underlying) => Wad
  readonly rows: (underlying: Underlying) => readonly GridRow[]
  readonly jointRows: readonly JointRow[]
  /** Rows of an account that does not depend on an underlying. */
  readonly still: (underlying: Underlying) => AccountRows
  /** Value at the marks, full and credited, WAD USD. */
  readonly base: (leg: Leg) => { readonly value: Wad; readonly credited: Wad }
  /** P&L of a leg in each scenario of an underlying that it depends on, WAD USD. */
  readonly pnl: (leg: Leg, underlying: Underlying) => readonly Wad[]
  /** P&L of a leg in each joint row, WAD USD. */
  readonly jointPnl: (leg: Leg) => readonly Wad[]
  /** Underlyings that claims of a venue account or its venue's rule depend on. */
  readonly dependsOn: (legs: readonly Leg[], rule: VenueRule | undefined) => readonly Underlying[]
  /** P&L of a venue account in a book that depends on `names`. */
  readonly account: (legs: readonly Leg[], rule: VenueRule | undefined, names: readonly Underlying[]) => AccountPnl
}

/** @throws {InvalidInputError} when asked for an underlying without scenarios. */
export function createScenarioGrid(valuer: Valuer, parameters: MarginParameters): ScenarioGrid {
  const { jointRows } = parameters
  const spot = (underlying: Underlying) => valuer.base.price(underlying)

  const rows = memoize((underlying: Underlying): readonly GridRow[] =>
    scenariosOf(underlying, parameters).map((scenario) => {
      const state = valuer.shocked(new Map([[underlying, scenario]]))
      const price = state.price(underlying)
      const shift: Shift = new Map([[underlying, shiftOf(scenario, price, spot(underlying))]])
      return { scenario, price, state, shift, regime: '' }
    }),
  )
  const scenariosById = memoize(
    (underlying: Underlying) => new Map(scenariosOf(underlying, parameters).map((scenario) => [scenario.id, scenario])),
  )
  const scenarioOf = ({ take }: JointRow, underlying: Underlying) => {
    const id = take[classOf(underlying, parameters)]
    return id === undefined ? undefined : scenariosById(underlying).get(id)
  }
  const jointOf = memoize((key: string): readonly JointGridRow[] =>
    jointRows.map((row) => {
      const scenarios = new Map<Underlying, Scenario>()
      for (const underlying of namesOf(key)) {
        const scenario = scenarioOf(row, underlying)
        if (scenario) scenarios.set(underlying, scenario)
      }
      const state = valuer.shocked(scenarios)
      const shift: Shift = new Map(
        [...scenarios].map(([underlying, scenario]) => [
          underlying,
          shiftOf(scenario, state.price(underlying), spot(underlying)),
        ]),
      )
      return { state, scenarios, shift, regime: row.regime }
    }),
  )
  const weights = memoize((underlying: Underlying) => rows(underlying).map(({ scenario }) => scenario.weight))
  const jointWeights = jointRows.map(({ weight }) => weight)
  const onTheWay = memoize((underlying: Underlying) => rowsOnTheWay(rows(underlying)))
  const onTheWayTogether = memoize((key: string) => rowsOnTheWay(jointOf(key)))
  const still = memoize((underlying: Underlying) =>
    withoutRule(
      rows(underlying).map(() => 0n),
      weights(underlying),
    ),
  )

  const atRest: MovedStates = { moved: [], states: [valuer.base], same: [undefined] }
  const restingState = { list: atRest, at: 0 }
  const movedAlone = memoize((underlying: Underlying): MovedStates => {
    const states = rows(underlying).map(({ state }) => state)
    return { moved: [underlying], states, same: states.map(() => undefined) }
  })
  const movedTogether = memoize((key: string): MovedStates => {
    const same = jointOf(key).map(({ scenarios }): SameState | undefined => {
      const [first, ...others] = scenarios
      if (!first) return restingState
      const [underlying, scenario] = first
      return others.length > 0
        ? undefined
        : { list: movedAlone(underlying), at: scenariosOf(underlying, parameters).indexOf(scenario) }
    })
    return { moved: namesOf(key), states: jointOf(key).map(({ state }) => state), same }
  })
  const unmoved = memoize((underlying: Underlying): MovedStates => {
    const states = rows(underlying).map(() => valuer.base)
    return { moved: [], states, same: states.map(() => restingState) }
  })

  const base = memoize((leg: Leg) => {
    const value = valuer.value(leg, valuer.base)
    return { value, credited: creditedValue(leg, value) }
  })
  const pnlIn = (leg: Leg, state: MarketState): Wad => creditedValue(leg, valuer.value(leg, state)) - base(leg).credited
  const pnls = memoize((leg: Leg) =>
    memoize((underlying: Underlying) => rows(underlying).map(({ state }) => pnlIn(leg, state))),
  )
  const pnl = (leg: Leg, underlying: Underlying) => pnls(leg)(underlying)
  const jointPnl = memoize((leg: Leg): readonly Wad[] => {
    const { states, same } = movedTogether(keyOf(leg.underlyings))
    return states.map((state, row) => {
      const known = same[row]
      if (!known) return pnlIn(leg, state)
      const [alone] = known.list.moved
      return alone === undefined ? 0n : (pnl(leg, alone)[known.at] as Wad)
    })
  })

  const vectorOf = (leg: Leg, underlying: Underlying | undefined) => {
    if (underlying === undefined) return jointPnl(leg)
    return leg.underlyings.includes(underlying) ? pnl(leg, underlying) : undefined
  }
  /** Sums over the legs of a venue account; those of a list without one leg come from those of the list. */
  const wholes = memoize((_account: string) =>
    memoize((_: Underlying | undefined) => ({ legs: [] as readonly Leg[], sums: [] as readonly Wad[] })),
  )
  const sumsOf = (legs: readonly Leg[], underlying: Underlying | undefined, length: number): readonly Wad[] => {
    const whole = wholes(legs[0]?.venueAccount ?? '')(underlying)
    const missing = legs.length === whole.legs.length - 1 ? missingFrom(whole.legs, legs) : undefined
    if (missing) {
      const vector = vectorOf(missing, underlying)
      return vector ? whole.sums.map((sum, at) => sum - (vector[at] as Wad)) : whole.sums
    }
    const sums = sumVectors(
      legs.flatMap((leg) => {
        const vector = vectorOf(leg, underlying)
        return vector ? [vector] : []
      }),
      length,
    )
    if (legs.length > whole.legs.length) Object.assign(whole, { legs, sums })
    return sums
  }

  const ruleStates = createRuleStates(valuer)
  const { underlyingOf } = valuer.shiftTo(valuer.base)
  const ofRule = memoize((rule: VenueRule) => ruleUnderlyings(rule, underlyingOf))
  const dependsOn: ScenarioGrid['dependsOn'] = (legs, rule) => [
    ...new Set([...legs.flatMap(({ underlyings }) => underlyings), ...(rule ? ofRule(rule) : [])]),
  ]
  /** All that a rule's state depends on: its own prices and that of the token in which the venue settles. */
  const moving = memoize((rule: VenueRule): readonly Underlying[] => {
    const settlement = 'quoteAsset' in rule ? underlyingOf(rule.quoteAsset) : undefined
    return [...ofRule(rule), ...(settlement === undefined ? [] : [settlement])]
  })

  const outcome: typeof withPhysics =
    parameters.venuePhysics === 'on'
      ? withPhysics
      : (_, plain, weight, states) => withoutLiquidation(plain, weight, states)
  const identity = identify()
  const known = new Map<string, AccountPnl>()
  const account: ScenarioGrid['account'] = (legs, rule, names) => {
    const key = [rule ? identity(rule) : '', rule ? keyOf(names) : '', ...legs.map(identity)].join('|')
    const found = known.get(key)
    if (found) return found
    const own = dependsOn(legs, rule)
    const byUnderlying = new Map(
      own.map((underlying) => {
        const weight = weights(underlying)
        const plain = sumsOf(legs, underlying, weight.length)
        if (!rule) return [underlying, withoutRule(plain, weight)] as const
        const states = ruleStates(
          rule,
          moving(rule).includes(underlying) ? movedAlone(underlying) : unmoved(underlying),
        )
        return [underlying, outcome(() => onTheWay(underlying), plain, weight, states)] as const
      }),
    )
    const plain = sumsOf(legs, undefined, jointRows.length)
    const joint =
      rule && own.length > 0
        ? outcome(
            () => onTheWayTogether(keyOf(names)),
            plain,
            jointWeights,
            ruleStates(rule, movedTogether(keyOf(names.filter((name) => moving(rule).includes(name))))),
          )
        : withoutRule(plain, jointWeights)
    const [atMarks] = rule ? ruleStates(rule, atRest) : []
    const result = { unmoved: atMarks, byUnderlying, joint }
    known.set(key, result)
    return result
  }
  return { spot, rows, jointRows, still, base, pnl, jointPnl, dependsOn, account }
}

function sumVectors(vectors: readonly (readonly Wad[])[], length: number): readonly Wad[] {
  const sums = new Array<Wad>(length).fill(0n)
  for (const vector of vectors) {
    for (let at = 0; at < length; at++) sums[at] = (sums[at] as Wad) + (vector[at] as Wad)
  }
  return sums
}

/** The one leg of `whole` that `part` leaves out, where both are in one order and that is all that differs. */
function missingFrom(whole: readonly Leg[], part: readonly Leg[]): Leg | undefined {
  const at = part.findIndex((leg, index) => leg !== whole[index])
  const index = at < 0 ? part.length : at
  return part.slice(index).every((leg, offset) => leg === whole[index + offset + 1]) ? whole[index] : undefined
}

/** Names may hold any character, so that no separator tells them apart. */
function keyOf(names: readonly Underlying[]): string {
  return JSON.stringify(names)
}

function namesOf(key: string): readonly Underlying[] {
  return JSON.parse(key) as readonly Underlying[]
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
