import type { Underlying } from '../../core/asset.ts'
import type { OptionCollateralRule, VenueRule } from '../../core/venueRule.ts'
import { type VenueState, venueState } from '../venues/venueState.ts'
import { memoize } from './memoize.ts'
import type { MarketState, Valuer } from './revalue.ts'

/** States in which the underlyings of `moved` and no others can differ from the marks; known by its identity. */
export type MovedStates = {
  readonly moved: readonly Underlying[]
  readonly states: readonly MarketState[]
  /** For each state the same state in a shorter list, where there is one. */
  readonly same: readonly (SameState | undefined)[]
}

/** A place in a list of states. */
export type SameState = { readonly list: MovedStates; readonly at: number }

/**
 * Applies venue rules to lists of states. States at equal prices are computed once, whatever their volatility; a rule over
 * several shorts is the sum of the rules over each, so that what two rules share is computed once too.
 */
export function createRuleStates(valuer: Valuer): (rule: VenueRule, list: MovedStates) => readonly VenueState[] {
  const shiftOf = memoize(valuer.shiftTo)
  const pricesOf = memoize(({ moved, states }: MovedStates) =>
    states.map((state) => moved.map((underlying) => state.price(underlying)).join('|')),
  )
  const partOf = memoizeParts()
  const statesOf = memoize((rule: VenueRule) =>
    memoize((list: MovedStates): readonly VenueState[] => {
      const own = rule.kind === 'optionCollateral' ? sumOverShorts(rule, list) : atEachPrice(rule, list)
      return list.same.map((same, at) => (same ? (statesOf(rule)(same.list)[same.at] as VenueState) : own(at)))
    }),
  )
  const atEachPrice = (rule: VenueRule, list: MovedStates) => {
    const prices = pricesOf(list)
    const known = new Map<string, VenueState>()
    return (at: number): VenueState => {
      const key = prices[at] as string
      const found = known.get(key) ?? venueState(rule, shiftOf(list.states[at] as MarketState))
      known.set(key, found)
      return found
    }
  }
  const sumOverShorts = (rule: OptionCollateralRule, list: MovedStates) => {
    const [only] = rule.shorts
    if (only && rule.shorts.length === 1) return atEachPrice(partOf(rule, only), list)
    const parts = rule.shorts.map((short) => statesOf(partOf(rule, short))(list))
    return (at: number) => sumOf(parts, at)
  }
  return (rule, list) => statesOf(rule)(list)
}

/** The rule with one of its shorts; rules that differ in their shorts alone share it. */
function memoizeParts() {
  const known = new Map<object, OptionCollateralRule[]>()
  return (rule: OptionCollateralRule, short: OptionCollateralRule['shorts'][number]): OptionCollateralRule => {
    const parts = known.get(short) ?? []
    known.set(short, parts)
    const found = parts.find((part) => haveEqualTerms(part, rule))
    if (found) return found
    const part = { ...rule, shorts: [short] }
    parts.push(part)
    return part
  }
}

function haveEqualTerms(a: OptionCollateralRule, b: OptionCollateralRule): boolean {
  return (
    a.minimum === b.minimum &&
    a.underlying === b.underlying &&
    a.quoteAsset === b.quoteAsset &&
    a.quote === b.quote &&
    a.penaltyRatio === b.penaltyRatio &&
    a.minimumPenalty === b.minimumPenalty
  )
}

function sumOf(parts: readonly (readonly VenueState[])[], at: number): VenueState {
  let [isLiquidatable, penalty, slack] = [false, 0n, 0n]
  for (const part of parts) {
    const state = part[at] as VenueState
    isLiquidatable ||= state.isLiquidatable
    penalty += state.penalty
    slack += state.slack
  }
  return { isLiquidatable, penalty, slack }
}
