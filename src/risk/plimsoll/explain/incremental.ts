import type { IncrementalMargin, NettingSteps } from '../../../core/explanation.ts'
import type { Requirement } from '../../../core/margin.ts'
import { type Evaluation, evaluateBook } from '../evaluateBook.ts'
import type { Leg } from '../legs.ts'
import { totalOf } from '../lines/marginLines.ts'
import { withoutClaim } from './withoutClaim.ts'

/** The requirement of the book without each of its claims in turn, with the venue's rule less that claim. */
export function incrementalMargins({ legs, rules, total, context }: Evaluation): readonly IncrementalMargin[] {
  return legs.map((leg) => {
    const rule = rules.get(leg.venueAccount)
    const adapted = rule ? new Map(rules).set(leg.venueAccount, withoutClaim(rule, leg)) : rules
    const others = legs.filter((other) => other !== leg)
    const without = evaluateBook(others, adapted, context).total
    return { key: leg.key, without, difference: difference(total, without) }
  })
}

/** Requirements of ever larger books, and what netting saves at each step; `accounts` of every venue account alone. */
export function nettingSteps({ legs, rules, total, context }: Evaluation, accounts: Requirement): NettingSteps {
  const sumOver = (books: readonly (readonly Leg[])[], apply = rules) =>
    totalOf(books.map((book) => evaluateBook(book, apply, context).total))
  const positions = sumOver(
    legs.map((leg) => [leg]),
    new Map(),
  )
  const atVenues = groupBy(legs, ({ venue }) => venue)
  const accountCount = new Set(legs.map(({ venueAccount }) => venueAccount)).size
  const venues = atVenues.length === accountCount ? accounts : sumOver(atVenues)
  return {
    positions,
    accounts,
    venues,
    book: total,
    withinAccounts: difference(positions, accounts),
    withinVenues: difference(accounts, venues),
    acrossVenues: difference(venues, total),
  }
}

function groupBy(legs: readonly Leg[], keyOf: (leg: Leg) => string): readonly (readonly Leg[])[] {
  const groups = new Map<string, Leg[]>()
  for (const leg of legs) {
    const group = groups.get(keyOf(leg))
    if (group) group.push(leg)
    else groups.set(keyOf(leg), [leg])
  }
  return [...groups.values()]
}

function difference(from: Requirement, less: Requirement): Requirement {
  return { initial: from.initial - less.initial, maintenance: from.maintenance - less.maintenance }
}
