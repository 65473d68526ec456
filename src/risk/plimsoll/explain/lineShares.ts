import type { AssetKey, Underlying } from '../../../core/asset.ts'
import type { MarginLineId } from '../../../core/margin.ts'
import type { Market } from '../../../core/market.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { abs, floorDiv, min } from '../../../kernel/fixedPoint.ts'
import type { EvaluatedBook, Evaluation } from '../evaluateBook.ts'
import type { Leg, PricedToken } from '../legs.ts'
import { credited, deltaExposures, deltaParts, type Exposure, tokensOf } from '../lines/exposures.ts'
import { liquidityCharge } from '../lines/liquidity.ts'
import { arithmeticNotional } from '../lines/marginLines.ts'
import { type MinimumInputs, type Stage, settlementGap } from '../lines/minimums.ts'
import { optionConfidence } from '../lines/oracleConfidence.ts'
import { spotOf } from '../spot.ts'
import { type FineShare, sharesPerWad } from './apportion.ts'

/** Shares of the legs of a book in one line. */
export type StagedShares = (stage: Stage) => readonly FineShare[]

/** Lines that are sums over what legs bring to them, and so are shared exactly. */
export type AdditiveLineId = Exclude<MarginLineId, 'scan' | 'venueFailure' | 'venueFloor' | 'longOptionCap'>

/**
 * Shares of each leg in the lines that add up. A line of net quantities is shared linearly, so that what offsets brings
 * relief; a line of gross delta is shared by delta, where of what nets inside a venue account the larger side bears the rest.
 */
export function lineShares(
  { pnl: { legs } }: Pick<EvaluatedBook, 'pnl'>,
  { context }: Pick<Evaluation, 'context'>,
): Readonly<Record<AdditiveLineId, StagedShares>> {
  const { valuer, parameters, timestamp } = context
  const inputs = { legs, valuer, parameters, timestamp, exposures: deltaExposures(legs, valuer) }
  const { shortOptionMinimum, hedgedDeltaMinimum, arithmetic } = parameters.lines
  const gross = grossShares(inputs)
  const naked = nakedShares(inputs)
  const settlement = (stage: Stage) =>
    legs.map((leg) => settlementGap({ ...inputs, legs: [leg] })(stage) * sharesPerWad)
  const uncertain = uncertainShares(inputs, context.market)
  const bound = legs.map((leg) => floorDiv(arithmeticNotional(leg, valuer) * arithmetic.epsilon, wad))

  return {
    wrappedBasis: (stage) =>
      netShares(
        inputs,
        tokenQuantities(inputs, (_, { asset }) => asset),
        (asset) => parameters.assets[asset as AssetKey]?.basis[stage] ?? 0n,
      ),
    shortOptionMinimum: (stage) => naked.map((share) => floorDiv(share * shortOptionMinimum[stage], wad)),
    hedgedDeltaMinimum: (stage) =>
      gross((underlying, { gross: total, net }) =>
        floorDiv((total - abs(net)) * valuer.base.price(underlying) * hedgedDeltaMinimum[stage], 2n * wad * wad),
      ),
    liquidity: (stage) =>
      gross((underlying, exposure) => {
        const alone = { ...inputs, exposures: new Map([[underlying, exposure]]) }
        return liquidityCharge(alone)(stage) * sharesPerWad
      }),
    oracleConfidence: (stage) => (stage === 'initial' ? uncertain : legs.map(() => 0n)),
    settlementGap: settlement,
    arithmetic: () => bound,
  }
}

/** A signed quantity of a leg that nets with equal groups; `value` is its worth, USD scaled by 1e36 and positive for a long. */
type NetQuantity = { readonly leg: number; readonly group: string; readonly value: bigint }

/** `abs(net of the group) · rate`, shared linearly. */
function netShares(
  { legs }: MinimumInputs,
  quantities: readonly NetQuantity[],
  rate: (group: string) => Wad = () => wad,
): readonly FineShare[] {
  const net = new Map<string, bigint>()
  for (const { group, value } of quantities) net.set(group, (net.get(group) ?? 0n) + value)
  const shares = legs.map(() => 0n)
  for (const { leg, group, value } of quantities) {
    const sign = (net.get(group) ?? 0n) < 0n ? -1n : 1n
    shares[leg] = (shares[leg] ?? 0n) + floorDiv(sign * value * rate(group), wad)
  }
  return shares
}

function tokenQuantities(
  { legs, valuer }: MinimumInputs,
  groupOf: (leg: Leg, token: PricedToken) => string,
): readonly NetQuantity[] {
  return legs.flatMap((leg, index) =>
    tokensOf(leg, valuer).map(({ token, quantity }) => ({
      leg: index,
      group: groupOf(leg, token),
      value: floorDiv(credited(leg, quantity) * token.rate * valuer.base.price(token.underlying), wad),
    })),
  )
}

/** Netted over a strike the naked shorts are `max(0, −(call + put))`, which is linear in each leg while it is positive. */
function nakedShares({ legs, valuer }: MinimumInputs): readonly FineShare[] {
  const sizeOf = (leg: Leg) => (leg.kind === 'option' ? credited(leg, leg.size) : 0n)
  const strikeOf = (leg: Leg) => (leg.kind === 'option' ? `${leg.underlying}|${leg.expiry}|${leg.strike}` : '')
  const net = new Map<string, Wad>()
  for (const leg of legs) net.set(strikeOf(leg), (net.get(strikeOf(leg)) ?? 0n) + sizeOf(leg))
  return legs.map((leg) =>
    leg.kind === 'option' && (net.get(strikeOf(leg)) ?? 0n) < 0n
      ? -sizeOf(leg) * valuer.base.price(leg.underlying)
      : 0n,
  )
}

/** Splits a charge of each underlying by gross delta. */
function grossShares({ legs, valuer, exposures }: MinimumInputs) {
  const parts = legs.map((leg) => deltaParts(leg, valuer))
  const long = new Map<string, bigint>()
  const short = new Map<string, bigint>()
  for (const { key, delta } of parts.flat()) {
    const side = delta < 0n ? short : long
    side.set(key, (side.get(key) ?? 0n) + abs(delta))
  }
  const bearing = parts.map((own) =>
    own.map(({ key, underlying, delta }) => {
      const [same, other] = delta < 0n ? [short, long] : [long, short]
      const sum = same.get(key) ?? 0n
      const rest = sum - min(sum, other.get(key) ?? 0n)
      return { underlying, size: sum === 0n ? 0n : floorDiv(abs(delta) * rest, sum) }
    }),
  )
  return (chargeOf: (underlying: Underlying, exposure: Exposure) => FineShare): readonly FineShare[] => {
    const charges = new Map(
      [...exposures].map(([underlying, exposure]) => [underlying, chargeOf(underlying, exposure)]),
    )
    return bearing.map((own) =>
      own.reduce((sum, { underlying, size }) => {
        const gross = exposures.get(underlying)?.gross ?? 0n
        return gross === 0n ? sum : sum + floorDiv((charges.get(underlying) ?? 0n) * size, gross)
      }, 0n),
    )
  }
}

/** `(1 − c) · abs(net quantity) · S` where confidence is below the threshold, as the line of that name. */
function uncertainShares(inputs: MinimumInputs, market: Market): readonly FineShare[] {
  const { legs, valuer, parameters } = inputs
  const { threshold } = parameters.lines.oracleConfidence
  const doubt = (confidence: Wad) => (confidence < threshold ? wad - confidence : 0n)
  const underlyingOf = new Map<string, Underlying>()
  const group = (leg: Leg, name: string, underlying: Underlying) => {
    const key = `${leg.venueAccount}|${name}`
    underlyingOf.set(key, underlying)
    return key
  }
  const tokens = tokenQuantities(inputs, (leg, { asset, underlying }) => group(leg, asset, underlying))
  const perpetuals = legs.flatMap((leg, index): readonly NetQuantity[] => {
    if (leg.kind !== 'perpetual' && leg.kind !== 'perpetualLiquidity') return []
    const size = leg.kind === 'perpetual' ? leg.size : valuer.order(leg).base
    const value = credited(leg, size) * valuer.base.price(leg.underlying)
    return [{ leg: index, group: group(leg, leg.key, leg.underlying), value }]
  })
  const linear = netShares(inputs, [...tokens, ...perpetuals], (key) =>
    doubt(spotOf(underlyingOf.get(key) ?? '', market).confidence),
  )
  const confidenceOf = optionConfidence(legs, market)
  return legs.map((leg, index) => {
    const share = linear[index] ?? 0n
    if (leg.kind !== 'option' && leg.kind !== 'settledOption') return share
    const notional = abs(credited(leg, leg.size)) * valuer.base.price(leg.underlying)
    return share + floorDiv(notional * doubt(confidenceOf(leg)), wad)
  })
}
