import type { Underlying } from '../../../core/asset.ts'
import type { MarginParameters } from '../../../core/parameters.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { abs, ceilDiv, max, min, mulUp } from '../../../kernel/fixedPoint.ts'
import type { Leg, PricedToken } from '../legs.ts'
import { onceEach } from '../memoize.ts'
import type { Valuer } from '../revalue.ts'
import { absoluteValue, credited, type Exposure, tokensOf } from './exposures.ts'

/** Rates of the initial or of the maintenance requirement. */
export type Stage = 'initial' | 'maintenance'

/** What the minimum lines look at. */
export type MinimumInputs = {
  readonly legs: readonly Leg[]
  readonly valuer: Valuer
  readonly parameters: MarginParameters
  readonly exposures: ReadonlyMap<Underlying, Exposure>
  /** Unix seconds. */
  readonly timestamp: number
}

/** Many books look at one leg. */
const strikeKey = onceEach<Leg, string>()

const lastDay = 86_400n

/** Σ over wrapped assets of abs(net value over venues) × basis shock; assets do not net. WAD USD. */
export function wrappedBasis({ legs, valuer, parameters }: MinimumInputs): (stage: Stage) => Wad {
  const net = new Map<string, { token: PricedToken; quantity: Wad }>()
  for (const leg of legs) {
    for (const { token, quantity } of tokensOf(leg, valuer)) {
      const sum = (net.get(token.asset)?.quantity ?? 0n) + credited(leg, quantity)
      net.set(token.asset, { token, quantity: sum })
    }
  }
  return (stage) =>
    sumOf([...net.values()], ({ token, quantity }) => {
      const basis = parameters.assets[token.asset]?.basis[stage]
      return basis ? mulUp(absoluteValue(quantity, token, valuer), basis) : 0n
    })
}

/**
 * Naked shorts per underlying, expiry and strike × spot × rate. The netted call and the netted put of a strike count as Derive
 * counts them: opposite signs leave the short beyond the long, two shorts add. WAD USD.
 */
export function shortOptionMinimum({ legs, valuer, parameters }: MinimumInputs): (stage: Stage) => Wad {
  const strikes = new Map<string, { underlying: Underlying; call: Wad; put: Wad }>()
  for (const leg of legs) {
    if (leg.kind !== 'option') continue
    const key = strikeKey(leg, () => `${leg.underlying}|${leg.expiry}|${leg.strike}`)
    const entry = strikes.get(key) ?? { underlying: leg.underlying, call: 0n, put: 0n }
    entry[leg.right] += credited(leg, leg.size)
    strikes.set(key, entry)
  }
  const rates = parameters.lines.shortOptionMinimum
  return (stage) =>
    sumOf([...strikes.values()], ({ underlying, call, put }) =>
      mulUp(mulUp(nakedShorts(call, put), valuer.base.price(underlying)), rates[stage]),
    )
}

/** `(gross − abs(net)) / 2` of delta × spot × rate: hedges that offset are not free. WAD USD. */
export function hedgedDeltaMinimum({ valuer, parameters, exposures }: MinimumInputs): (stage: Stage) => Wad {
  const rates = parameters.lines.hedgedDeltaMinimum
  return (stage) =>
    sumOf([...exposures], ([underlying, { gross, net }]) => {
      const hedged = ceilDiv(gross - abs(net), 2n * wad)
      return mulUp(mulUp(hedged, valuer.base.price(underlying)), rates[stage])
    })
}

/** Options net short at a venue on their last day: a jump there cannot be traded away. WAD USD. */
export function settlementGap({ legs, valuer, parameters, timestamp }: MinimumInputs): (stage: Stage) => Wad {
  const notionals = legs.flatMap((leg): readonly Wad[] => {
    if ((leg.kind !== 'option' && leg.kind !== 'settledOption') || leg.size >= 0n) return []
    const left = remainingTime(leg, timestamp)
    if (left >= lastDay) return []
    const notional = mulUp(-leg.size, valuer.base.price(leg.underlying))
    return [ceilDiv(notional * (lastDay - left), lastDay)]
  })
  const rates = parameters.lines.settlementGap
  return (stage) => sumOf(notionals, (notional) => mulUp(notional, rates[stage]))
}

/** Seconds until the settlement is fixed: none inside the averaging window and after expiry. */
function remainingTime(leg: Leg & { kind: 'option' | 'settledOption' }, timestamp: number): bigint {
  if (leg.kind === 'settledOption' || leg.isAveraging) return 0n
  return max(0n, BigInt(leg.expiry - timestamp))
}

/** Opposite signs: the short beyond the long; both short: their sum; alone: the short. */
function nakedShorts(call: Wad, put: Wad): Wad {
  const short = -min(call, 0n) - min(put, 0n)
  const long = max(call, 0n) + max(put, 0n)
  return short - min(short, long)
}

/** Sum of a WAD function over items. */
export function sumOf<Item>(items: readonly Item[], value: (item: Item) => Wad): Wad {
  return items.reduce((total, item) => total + value(item), 0n)
}
