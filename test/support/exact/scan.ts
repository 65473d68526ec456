import type { Underlying } from '../../../src/core/asset.ts'
import { venueAccountKey } from '../../../src/core/position.ts'
import type { VenueRule } from '../../../src/core/venueRule.ts'
import { type Axis, type JointShock, type Point, type Shock, toAxes, toJointShocks } from './axes.ts'
import { type Claim, type Inputs, toClaims, underlyingsOf } from './claims.ts'
import { fromWad, max, min, one, type Real, sum, times } from './real.ts'
import { createValuer, type Valuer } from './value.ts'
import { ruleUnderlyings, stateOf, type VenueState } from './venueRules.ts'

/** A book with its prices, and the P&L of each venue account in every scenario. */
export type Book = {
  readonly inputs: Inputs
  readonly claims: readonly Claim[]
  readonly axes: ReadonlyMap<Underlying, Axis>
  readonly joint: readonly JointShock[]
  readonly valuer: Valuer
  readonly accounts: readonly Account[]
}

/** The claims that net, are liquidated and fail together. */
export type Account = {
  readonly key: string
  readonly claims: readonly Claim[]
  readonly underlyings: ReadonlySet<Underlying>
  readonly rule: VenueRule | null
  readonly stateIn: (shock: Shock) => VenueState | null
  /** `P_v` of every scenario of an underlying, and of every joint row. */
  readonly single: ReadonlyMap<Underlying, readonly Real[]>
  readonly joint: readonly Real[]
  /** A scenario lies so near to a liquidation that a venue's own rounding decides. */
  readonly isNearCliff: boolean
}

const cliff = one / 10n ** 6n

export function toBook(inputs: Inputs): Book {
  const claims = toClaims(inputs)
  const rules = new Map(inputs.portfolio.rules.map((rule) => [venueAccountKey(rule.venueAccount), rule]))
  const keys = [...new Set(claims.map(({ account }) => account))]
  const ofRules = keys.flatMap((key) => {
    const rule = rules.get(key)
    return rule === undefined ? [] : ruleUnderlyings(rule, inputs.parameters)
  })
  const axes = toAxes(inputs, new Set([...claims.flatMap(underlyingsOf), ...ofRules]))
  const joint = toJointShocks(inputs, axes)
  const valuer = createValuer(inputs, axes)
  const accounts = keys.map((key) => {
    const held = claims.filter(({ account }) => account === key)
    return toAccount(key, held, rules.get(key) ?? null, { inputs, axes, joint, valuer })
  })
  return { inputs, claims, axes, joint, valuer, accounts }
}

type Context = Pick<Book, 'inputs' | 'axes' | 'joint' | 'valuer'>

function toAccount(
  key: string,
  claims: readonly Claim[],
  rule: VenueRule | null,
  { inputs, axes, joint, valuer }: Context,
): Account {
  const { parameters, portfolio } = inputs
  const ofRule = rule === null ? [] : ruleUnderlyings(rule, parameters)
  const underlyings = new Set([...claims.flatMap(underlyingsOf), ...ofRule])
  const stateIn = (shock: Shock) =>
    rule === null ? null : stateOf(rule, shock, { valuer, parameters, timestamp: portfolio.block.timestamp })
  const hasPhysics = parameters.venuePhysics === 'on' && rule !== null
  const distances: Real[] = [one]
  const outcomeOf = (shock: Shock): Outcome => {
    const state = hasPhysics ? stateIn(shock) : null
    if (state !== null) distances.push(state.distance)
    return { shock, pnl: sum(claims.map((claim) => valuer.pnl(claim, shock))), state }
  }
  const single = new Map<Underlying, readonly Real[]>()
  for (const underlying of underlyings) {
    const outcomes = (axes.get(underlying)?.points ?? []).map((point) => outcomeOf({ [underlying]: point }))
    single.set(underlying, withPhysics(outcomes, [underlying], axes))
  }
  const rows = joint.map(({ shock }) => outcomeOf(shock))
  const regimes = joint.map(({ regime }) => regime)
  const moved = withPhysics(rows, [...axes.keys()], axes, regimes)
  return { key, claims, underlyings, rule, stateIn, single, joint: moved, isNearCliff: min(one, ...distances) < cliff }
}

type Outcome = { readonly shock: Shock; readonly pnl: Real; readonly state: VenueState | null }

/** `P_v(s)`: the worst of s and of every nearer scenario on its path that liquidates, less the penalty at s (model section 4). */
function withPhysics(
  outcomes: readonly Outcome[],
  underlyings: readonly Underlying[],
  axes: ReadonlyMap<Underlying, Axis>,
  regimes: readonly string[] = [],
): Real[] {
  return outcomes.map(({ shock, pnl, state }, index) => {
    const onPath = outcomes.filter(
      (other, at) =>
        other.state?.isLiquidatable === true &&
        regimes[at] === regimes[index] &&
        underlyings.every((underlying) => isOnPath(other.shock[underlying], shock[underlying], axes.get(underlying))),
    )
    if (onPath.length === 0) return pnl
    return min(pnl, ...onPath.map((other) => other.pnl)) - (state?.penalty ?? 0n)
  })
}

function isOnPath(other: Point | undefined, point: Point | undefined, axis: Axis | undefined): boolean {
  const spot = axis?.mark.price ?? 0n
  const move = other?.move ?? 0n
  const sign = (x: bigint): number => (x > 0n ? 1 : x < 0n ? -1 : 0)
  const distance = (at: Point | undefined): bigint => {
    const shift = (at?.price ?? spot) - spot
    return shift < 0n ? -shift : shift
  }
  return (move === 0n || sign(move) === sign(point?.move ?? 0n)) && distance(other) <= distance(point)
}

export type Scan = { readonly sum: Real; readonly joint: Real; readonly charge: Real }

/** Scan risk of some venue accounts together (model section 5). */
export function scanOf({ axes, joint, inputs }: Book, accounts: readonly Account[]): Scan {
  let total = 0n
  for (const { underlying, points } of axes.values()) {
    const affected = accounts.filter((account) => account.underlyings.has(underlying))
    const losses = points.map(
      ({ weight }, index) =>
        -times(weight, sum(affected.map((account) => account.single.get(underlying)?.[index] ?? 0n))),
    )
    total += max(0n, ...losses)
  }
  const rows = joint.map(
    ({ weight }, index) => -times(weight, sum(accounts.map((account) => account.joint[index] ?? 0n))),
  )
  const worstJoint = max(0n, ...rows)
  const d = fromWad(inputs.parameters.decorrelation)
  const charge = max(worstJoint, times(d, total) + times(one - d, worstJoint))
  return { sum: total, joint: worstJoint, charge }
}
