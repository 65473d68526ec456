import type { AssetKey, Underlying } from '../../core/asset.ts'
import { MissingMarketDataError } from '../../core/errors.ts'
import { venueAccountKey } from '../../core/position.ts'
import { type Wad, wad } from '../../core/units.ts'
import type { VenueRule } from '../../core/venueRule.ts'
import { ceilDiv, min } from '../../kernel/fixedPoint.ts'
import { ruleUnderlyings } from '../venues/moveRule.ts'
import type { VenueShift } from '../venues/shift.ts'
import { type TopUp, topUpsOf, withTopUp } from '../venues/topUp.ts'
import { venueState } from '../venues/venueState.ts'

/** Tokens to move, the least that does. `amount` in smallest units, `value` in WAD USD at today's price, rounded up. */
export type Transfer = Pick<TopUp, 'action' | 'asset' | 'decimals'> & { readonly amount: bigint; readonly value: Wad }

/** What keeps a venue account open at every price of one underlying within a range. */
export type CollateralNeed = {
  readonly venueAccount: string
  readonly venue: string
  readonly underlying: Underlying
  /** Whether the account stays open without any transfer. */
  readonly isSafe: boolean
  /** Any one of these does, cheapest first; all transfers of an alternative are needed. Empty when safe, or when none does. */
  readonly alternatives: readonly (readonly Transfer[])[]
}

/**
 * Solves each venue's own rule for the least that must be moved to a venue account, so that it is not liquidated at any of the
 * prices. Every amount is the first whole unit that was seen to suffice.
 *
 * @param options.ends - Prices of the underlying that must be survived, WAD USD; other prices stand still. Solved here.
 * @param options.between - The same; only verified here, and solved where that fails.
 * @param options.shiftTo - What a rule sees of a price.
 */
export function collateralNeeds(
  rules: readonly VenueRule[],
  options: {
    readonly underlying: Underlying
    readonly ends: readonly Wad[]
    readonly between: readonly Wad[]
    readonly shiftTo: (price: Wad) => VenueShift
    readonly spot: Wad
  },
): readonly CollateralNeed[] {
  const { underlying, ends, between, shiftTo, spot } = options
  const endShifts = ends.map(shiftTo)
  const shifts = [...endShifts, ...between.map(shiftTo)]
  const here = shiftTo(spot)
  return rules
    .filter((rule) => ruleUnderlyings(rule, here.underlyingOf).includes(underlying))
    .map((rule) => {
      const isSafeAt = (at: readonly VenueShift[]) => (changed: VenueRule) =>
        at.every((shift) => !venueState(changed, shift).isLiquidatable)
      const survives = { ends: isSafeAt(endShifts), everywhere: isSafeAt(shifts) }
      const isSafe = survives.everywhere(rule)
      return {
        venueAccount: venueAccountKey(rule.venueAccount),
        venue: rule.venueAccount.venue,
        underlying,
        isSafe,
        alternatives: isSafe ? [] : alternativesOf(rule, here, survives),
      }
    })
}

/** Whether a rule is safe at the ends of the range, and at every price of it. */
type Survives = {
  readonly ends: (rule: VenueRule) => boolean
  readonly everywhere: (rule: VenueRule) => boolean
}

function alternativesOf(rule: VenueRule, here: VenueShift, survives: Survives): readonly (readonly Transfer[])[] {
  const transfer = (topUp: TopUp, amount: bigint): Transfer => {
    const { action, asset, decimals } = topUp
    return { action, asset, decimals, amount, value: dollarsOf(topUp, amount, here) }
  }
  if (rule.kind === 'optionCollateral') {
    const transfers = topUpsOf(rule).map((topUp) => {
      const short = rule.shorts.slice(topUp.index, topUp.index + 1)
      const amount = leastAmount({ ...topUp, index: 0 }, { ...rule, shorts: short }, survives)
      return amount === undefined ? undefined : transfer(topUp, amount)
    })
    return transfers.every((item) => item !== undefined) ? [transfers.filter(({ amount }) => amount > 0n)] : []
  }
  return topUpsOf(rule)
    .flatMap((topUp) => {
      if (here.underlyingOf(topUp.asset as never) === undefined) return []
      const amount = leastAmount(topUp, rule, survives)
      return amount === undefined ? [] : [[transfer(topUp, amount)]]
    })
    .sort(([a], [b]) => compare(a?.value ?? 0n, b?.value ?? 0n))
}

/** More than any supply of tokens: what this does not save, nothing does. */
const largestAmount = 1n << 128n

/** The least amount that makes the rule safe, undefined when none does. */
function leastAmount(topUp: TopUp, rule: VenueRule, { ends, everywhere }: Survives): bigint | undefined {
  const atEnds = least((amount) => ends(withTopUp(rule, topUp, amount)), topUp.limit)
  if (atEnds === undefined || everywhere(withTopUp(rule, topUp, atEnds))) return atEnds
  return least((amount) => everywhere(withTopUp(rule, topUp, amount)), topUp.limit)
}

/** The first amount that suffices, up to a limit. */
function least(suffices: (amount: bigint) => boolean, limit: bigint | null): bigint | undefined {
  if (suffices(0n)) return 0n
  const most = limit ?? largestAmount
  let short = 0n
  let enough = min(1n, most)
  while (!suffices(enough)) {
    if (enough >= most) return undefined
    short = enough
    enough = min(enough * 2n, most)
  }
  while (enough - short > 1n) {
    const middle = (short + enough) / 2n
    if (suffices(middle)) enough = middle
    else short = middle
  }
  return enough
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b)
}

function dollarsOf({ asset, decimals }: TopUp, amount: bigint, here: VenueShift): Wad {
  const key = asset as AssetKey
  const underlying = here.underlyingOf(key)
  // Base collateral is the underlying itself.
  const price = underlying === undefined ? here.base(asset) : (here.base(underlying) * here.rate(key)) / wad
  if (price <= 0n) throw new MissingMarketDataError(`There is no price of ${asset}.`)
  return ceilDiv(amount * price, 10n ** BigInt(decimals))
}
