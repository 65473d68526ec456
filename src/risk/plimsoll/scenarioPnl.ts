import type { Underlying } from '../../core/asset.ts'
import type { JointRow, Scenario } from '../../core/scenario.ts'
import type { Wad } from '../../core/units.ts'
import type { VenueRule } from '../../core/venueRule.ts'
import type { VenueState } from '../venues/venueState.ts'
import type { Leg } from './legs.ts'
import type { AccountRow } from './physics.ts'
import type { ScenarioGrid } from './scenarioGrid.ts'

/** A venue account of a book: its legs by index and, where it can be liquidated, the venue's rule. */
export type BookAccount = {
  readonly key: string
  readonly failureGroup: string
  readonly legs: readonly number[]
  readonly rule: VenueRule | undefined
  /** What the rule says at the marks. */
  readonly unmoved: VenueState | undefined
  /** What its legs or its rule depend on. */
  readonly underlyings: readonly Underlying[]
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

/**
 * Revalues every leg in every scenario, one underlying at a time and all together (model section 5), and lets each venue
 * apply its own rule inside them (section 4).
 */
export function revalueBook(
  legs: readonly Leg[],
  rules: ReadonlyMap<string, VenueRule>,
  grid: ScenarioGrid,
): ScenarioPnl {
  const bases = legs.map((leg) => grid.base(leg))
  const grouped = groupByAccount(legs).map(({ key, indices }) => {
    const own = indices.map((index) => legs[index] as Leg)
    const rule = rules.get(key)
    return { key, indices, own, rule, underlyings: grid.dependsOn(own, rule) }
  })
  const names = [...new Set(grouped.flatMap(({ underlyings }) => underlyings))].sort()
  const accountPnl = grouped.map(({ own, rule }) => grid.account(own, rule, names))
  const accounts = grouped.map(
    ({ key, indices, own: [first], rule, underlyings }, at): BookAccount => ({
      key,
      failureGroup: first?.failureGroup ?? key,
      legs: indices,
      rule,
      unmoved: accountPnl[at]?.unmoved,
      underlyings,
    }),
  )
  const still: AccountRow = { pnl: 0n, isLiquidated: false, state: undefined }

  const underlyings = names.map((underlying) => {
    const legRows = legs.map((leg) => (leg.underlyings.includes(underlying) ? grid.pnl(leg, underlying) : undefined))
    const accountRows = accountPnl.map(({ byUnderlying }) => byUnderlying.get(underlying))
    const rows = grid.rows(underlying).map(({ scenario, price }, at) => ({
      scenario,
      price,
      legs: column(legRows, at, 0n),
      accounts: column(accountRows, at, still),
    }))
    return { underlying, spot: grid.spot(underlying), rows }
  })
  const legRows = legs.map((leg) => grid.jointPnl(leg))
  const accountRows = accountPnl.map(({ joint }) => joint)
  const joint = grid.jointRows.map((row, at) => ({
    row,
    legs: column(legRows, at, 0n),
    accounts: column(accountRows, at, still),
  }))
  return {
    legs,
    accounts,
    values: bases.map(({ value }) => value),
    creditedValues: bases.map(({ credited }) => credited),
    underlyings,
    joint,
  }
}

/** One entry of every list, `missing` where there is no list. */
function column<Value>(lists: readonly (readonly Value[] | undefined)[], at: number, missing: Value): readonly Value[] {
  const values: Value[] = []
  for (const list of lists) values.push(list?.[at] ?? missing)
  return values
}

function groupByAccount(
  legs: readonly Leg[],
): readonly { readonly key: string; readonly indices: readonly number[] }[] {
  const accounts = new Map<string, number[]>()
  legs.forEach(({ venueAccount }, index) => {
    const own = accounts.get(venueAccount)
    if (own) own.push(index)
    else accounts.set(venueAccount, [index])
  })
  return [...accounts].map(([key, indices]) => ({ key, indices }))
}
