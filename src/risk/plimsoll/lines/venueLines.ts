import { toAssetKey } from '../../../core/asset.ts'
import type { MarginParameters } from '../../../core/parameters.ts'
import type { Position } from '../../../core/position.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { abs, max, mulUp } from '../../../kernel/fixedPoint.ts'
import { isAtMarket } from '../../venues/moneyMarket.ts'
import type { VenueState } from '../../venues/venueState.ts'
import { scanCharges } from '../aggregate.ts'
import type { Leg } from '../legs.ts'
import { onceEach } from '../memoize.ts'
import type { AccountRows } from '../physics.ts'
import type { AccountPnl } from '../scenarioGrid.ts'
import type { BookAccount, ScenarioPnl, UnderlyingPnl } from '../scenarioPnl.ts'
import { type Stage, sumOf } from './minimums.ts'

/** The venue whose failure costs most, and that cost before the other lines are taken off. WAD USD. */
export type VenueFailure = {
  readonly group: string | null
  readonly cost: Wad
  readonly lost: Wad
  readonly scan: Wad
}

/**
 * Venues of one failure group (by default one adapter) fail together, however many accounts or markets they are split into.
 * `F = max over v of max(0, credited equity_v) · (1 − recovery) + factor · scan(book without v)`: a venue is gone with what is
 * held there, and what hedged it is alone. Accounts of one group do not cover each other's deficits. Wallets, also those of a
 * `MarginAccount`, and debts to consumers cannot fail.
 */
export function venueFailure(
  pnl: ScenarioPnl,
  parameters: MarginParameters,
  scanWithout = scanCharges(pnl, parameters),
): (stage: Stage) => VenueFailure {
  const failing = pnl.accounts.filter((account) => canFail(account, pnl))
  const groups = [...new Set(failing.map(({ failureGroup }) => failureGroup))].sort()
  const failures = groups.map((group) => {
    const gone = failing.filter(({ failureGroup }) => failureGroup === group)
    const keys = new Set(gone.map(({ key }) => key))
    const equity = sumOf(gone, (account) => max(0n, creditedEquity(account, pnl)))
    return {
      group,
      lost: mulUp(max(0n, equity), wad - parameters.lines.venueFailure.recovery),
      scan: scanWithout(keys).charge,
    }
  })
  return (stage) => {
    let worst: VenueFailure = { group: null, cost: 0n, lost: 0n, scan: 0n }
    for (const { group, lost, scan } of failures) {
      const remaining = mulUp(parameters.lines.scan[stage], scan)
      if (lost + remaining > worst.cost) worst = { group, cost: lost + remaining, lost, scan: remaining }
    }
    return worst
  }
}

/**
 * Σ over venue accounts of `need_v`, the most that keeps the account's legs open within the range: `max(0, E_v(0) − slack_v(s))`
 * at the marks and over the range scenarios of at most one range, one underlying at a time. What can be withdrawn there is
 * not needed. WAD USD.
 */
export function venueNeeds(pnl: ScenarioPnl): readonly { readonly venueAccount: string; readonly need: Wad }[] {
  return pnl.accounts.flatMap((account, index) => {
    if (!account.rule || !canFail(account, pnl)) return []
    const need = needs(account.pnl, () => needOf(account, index, pnl))
    return [{ venueAccount: account.key, need }]
  })
}

/** An account needs the same in every book that holds it as it stands. */
const needs = onceEach<AccountPnl, Wad>()

function needOf(account: BookAccount, index: number, pnl: ScenarioPnl): Wad {
  const equity = creditedEquity(account, pnl)
  const free = account.legs.filter((leg) => account.rule && isFree(pnl.legs[leg] as Leg, account.rule))
  const worth = (leg: number, change: Wad) => max(0n, (pnl.creditedValues[leg] as Wad) + change)
  const atMarks = account.pnl.unmoved
  let most = atMarks ? max(0n, equity - atMarks.slack - sumOf(free, (leg) => worth(leg, 0n))) : 0n
  for (const { rows, legs, accounts } of pnl.underlyings) {
    const { states } = accounts[index] as AccountRows
    if (!states) continue
    rows.forEach((row, at) => {
      if (!isWithinRange(row)) return
      const freeValue = sumOf(free, (leg) => worth(leg, legs[leg]?.[at] as Wad))
      most = max(most, equity - (states[at] as VenueState).slack - freeValue)
    })
  }
  return most
}

function isWithinRange({ scenario }: UnderlyingPnl['rows'][number]): boolean {
  return scenario.kind === 'range' && abs(scenario.move) <= wad
}

/** Whether the venue's rule does not hold the leg: long options, and supplies that are no collateral. */
function isFree(leg: Leg, rule: NonNullable<BookAccount['rule']>): boolean {
  if (rule.kind === 'optionCollateral') return leg.kind === 'option' && leg.size > 0n
  if (rule.kind !== 'lendingPool' && rule.kind !== 'baseDebt' && rule.kind !== 'moneyMarket') return false
  if (leg.kind !== 'token' || leg.quantity < 0n) return false
  if (rule.kind === 'moneyMarket') return !rule.collaterals.some((held) => isAtMarket(held, leg.position.claim))
  return !rule.collaterals.some(({ asset }) => asset === leg.token.asset)
}

function creditedEquity({ legs }: BookAccount, { creditedValues }: ScenarioPnl): Wad {
  return sumOf(legs, (index) => creditedValues[index] as Wad)
}

/** Whether a venue holds anything of the account: tokens in a `MarginAccount`'s own hands are a wallet, too. */
export function canFail(account: BookAccount, { legs }: ScenarioPnl): boolean {
  return account.legs.some((index) => {
    const { control, kind, position } = legs[index] as Leg
    return control === 'venue' || (control === 'enforceable' && !(kind === 'token' && isOwnToken(position)))
  })
}

/** Whether the claim is on the token contract itself and not on a venue that holds the token. */
function isOwnToken({ claim, ...position }: Position): boolean {
  return 'asset' in position && toAssetKey(claim.chainId, claim.contract) === position.asset
}
