import type { Underlying } from '../../core/asset.ts'
import type { JointRow, Scenario } from '../../core/scenario.ts'
import type { Wad } from '../../core/units.ts'
import type { VenueRule } from '../../core/venueRule.ts'
import type { Leg } from './legs.ts'
import type { AccountRows } from './physics.ts'
import type { AccountPnl, ScenarioGrid } from './scenarioGrid.ts'

/** A venue account of a book: its legs by index and, where it can be liquidated, the venue's rule. */
export type BookAccount = {
  readonly key: string
  readonly failureGroup: string
  readonly legs: readonly number[]
  readonly rule: VenueRule | undefined
  /** The same object in every book that holds the account as it stands. */
  readonly pnl: AccountPnl
}

/** The rows of one underlying, with a list over them for every leg (plain P&L) and every account (with physics). */
export type UnderlyingPnl = {
  readonly underlying: Underlying
  readonly spot: Wad
  readonly rows: readonly { readonly scenario: Scenario; readonly price: Wad }[]
  readonly legs: readonly (readonly Wad[])[]
  readonly accounts: readonly AccountRows[]
}

/** The joint rows, as {@link UnderlyingPnl}. */
export type JointPnl = Pick<UnderlyingPnl, 'legs' | 'accounts'> & { readonly rows: readonly JointRow[] }

/** P&L of a book in every scenario, WAD USD, unweighted; lists by leg and account follow `legs` and `accounts`. */
export type ScenarioPnl = {
  readonly legs: readonly Leg[]
  readonly accounts: readonly BookAccount[]
  readonly values: readonly Wad[]
  readonly creditedValues: readonly Wad[]
  readonly underlyings: readonly UnderlyingPnl[]
  readonly joint: JointPnl
}

/**
 * Revalues every leg in every scenario, one underlying at a time and all together (model section 5), and lets each venue
 * apply its own rule inside them (section 4).
 */
export function revalueBook(
  legs: readonly Leg[],
  rules: ReadonlyMap<string, VenueRule>,
  grid: ScenarioGrid,
): ScenarioPnl {
  const bases = legs.map(grid.base)
  const grouped = groupByAccount(legs, rules)
  const names = [...new Set(grouped.flatMap(({ own, rule }) => grid.dependsOn(own, rule)))].sort()
  const accounts = grouped.map(
    ({ key, indices, own, rule }): BookAccount => ({
      key,
      failureGroup: own[0]?.failureGroup ?? key,
      legs: indices,
      rule,
      pnl: grid.account(own, rule, names),
    }),
  )
  const underlyings = names.map((underlying): UnderlyingPnl => {
    const still = grid.still(underlying)
    return {
      underlying,
      spot: grid.spot(underlying),
      rows: grid.rows(underlying),
      legs: legs.map((leg) => (leg.underlyings.includes(underlying) ? grid.pnl(leg, underlying) : still.pnl)),
      accounts: accounts.map(({ pnl }) => pnl.byUnderlying.get(underlying) ?? still),
    }
  })
  return {
    legs,
    accounts,
    values: bases.map(({ value }) => value),
    creditedValues: bases.map(({ credited }) => credited),
    underlyings,
    joint: { rows: grid.jointRows, legs: legs.map(grid.jointPnl), accounts: accounts.map(({ pnl }) => pnl.joint) },
  }
}

function groupByAccount(legs: readonly Leg[], rules: ReadonlyMap<string, VenueRule>) {
  const accounts = new Map<string, number[]>()
  legs.forEach(({ venueAccount }, index) => {
    const own = accounts.get(venueAccount)
    if (own) own.push(index)
    else accounts.set(venueAccount, [index])
  })
  return [...accounts].map(([key, indices]) => ({
    key,
    indices,
    own: indices.map((index) => legs[index] as Leg),
    rule: rules.get(key),
  }))
}
