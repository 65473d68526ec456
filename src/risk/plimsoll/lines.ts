import type { Underlying } from '../../core/asset.ts'
import type { MarginLine, MarginLineId, Requirement } from '../../core/margin.ts'
import type { Market } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import { type QuoteUnits, type Wad, wad, wadPerQuoteUnit } from '../../core/units.ts'
import { abs, ceilDiv, max, min, mul, mulUp } from '../../kernel/fixedPoint.ts'
import { type ScenarioPnl, scanRisk } from './aggregate.ts'
import type { Leg, PricedToken } from './book.ts'
import { liquidityQuantities, type Valuer } from './revalue.ts'

/** What the lines of a book are computed from. */
export type LineInputs = {
  readonly pnl: ScenarioPnl
  readonly market: Market
  readonly parameters: MarginParameters
  readonly valuer: Valuer
  /** Equity as signed. */
  readonly equity: QuoteUnits
}

type Stage = 'initial' | 'maintenance'

/**
 * The requirement of a book as lines that sum to it (model section 6). Products and quotients are rounded up, quantities are
 * exact, each line is rounded up to quote units by itself.
 */
export function marginLines(inputs: LineInputs): readonly MarginLine[] {
  const { pnl, parameters } = inputs
  const scan = scanRisk(pnl, parameters).charge
  const basis = wrappedBasis(inputs)
  const naked = shortOptionMinimum(inputs)
  const both = (rule: (stage: Stage) => Wad): Requirement => ({
    initial: toQuoteUnitsUp(rule('initial')),
    maintenance: toQuoteUnitsUp(rule('maintenance')),
  })

  const lines: MarginLine[] = []
  const add = (id: MarginLineId, requirement: Requirement) => lines.push({ id, ...requirement })
  add(
    'scan',
    both((stage) => mulUp(parameters.lines.scan[stage], scan)),
  )
  add('wrappedBasis', both(basis))
  add('shortOptionMinimum', both(naked))
  add('oracleConfidence', { initial: toQuoteUnitsUp(oracleConfidence(inputs)), maintenance: 0n })
  const above = totalOf(lines)
  const failure = venueFailure(inputs)
  add('venueFailure', {
    initial: max(0n, toQuoteUnitsUp(failure('initial')) - above.initial),
    maintenance: max(0n, toQuoteUnitsUp(failure('maintenance')) - above.maintenance),
  })
  add(
    'arithmetic',
    both(() => arithmeticBound(inputs)),
  )
  add('longOptionCap', longOptionCap(inputs, totalOf(lines)))
  return lines
}

/** Sum of lines. */
export function totalOf(lines: readonly Requirement[]): Requirement {
  return lines.reduce(
    (total, line) => ({ initial: total.initial + line.initial, maintenance: total.maintenance + line.maintenance }),
    { initial: 0n, maintenance: 0n },
  )
}

/** WAD USD to quote units, rounded up. */
export function toQuoteUnitsUp(value: Wad): QuoteUnits {
  return ceilDiv(value, wadPerQuoteUnit)
}

/** Tokens that a leg holds or owes at the marks, uncredited whole tokens in WAD. */
function tokensOf(leg: Leg, { base }: Valuer): readonly { token: PricedToken; quantity: Wad }[] {
  switch (leg.kind) {
    case 'token':
      return [{ token: leg.token, quantity: leg.quantity }]
    case 'liquidity': {
      const { quantity0, quantity1 } = liquidityQuantities(leg, base)
      return [
        { token: leg.token0, quantity: quantity0 },
        { token: leg.token1, quantity: quantity1 },
      ]
    }
    case 'perpetual':
    case 'option':
    case 'fixedDebt':
      return []
  }
}

/** credit × long + full short. */
function credited(leg: Leg, quantity: Wad): Wad {
  return quantity > 0n ? mul(leg.credit, quantity) : quantity
}

/** USD value of a quantity of tokens without its sign, rounded up. */
function absoluteValue(quantity: Wad, token: PricedToken, { base }: Valuer): Wad {
  return mulUp(mulUp(abs(quantity), token.rate), base.price(token.underlying))
}

/** Σ over wrapped assets of abs(net value) × basis shock; assets do not net. */
function wrappedBasis({ pnl, valuer, parameters }: LineInputs): (stage: Stage) => Wad {
  const net = new Map<string, { token: PricedToken; quantity: Wad }>()
  for (const leg of pnl.legs) {
    for (const { token, quantity } of tokensOf(leg, valuer)) {
      const sum = (net.get(token.asset)?.quantity ?? 0n) + credited(leg, quantity)
      net.set(token.asset, { token, quantity: sum })
    }
  }
  return (stage) =>
    [...net.values()].reduce((total, { token, quantity }) => {
      const basis = parameters.assets[token.asset]?.basis[stage] ?? 0n
      return total + mulUp(absoluteValue(quantity, token, valuer), basis)
    }, 0n)
}

/** Naked shorts per underlying, expiry and strike as Derive counts them (methodology: single net call against single net put) × spot × rate. */
function shortOptionMinimum({ pnl, valuer, parameters }: LineInputs): (stage: Stage) => Wad {
  const strikes = new Map<string, { underlying: Underlying; call: Wad; put: Wad }>()
  for (const leg of pnl.legs) {
    if (leg.kind !== 'option') continue
    const key = [leg.underlying, leg.expiry, leg.strike].join('|')
    const entry = strikes.get(key) ?? { underlying: leg.underlying, call: 0n, put: 0n }
    strikes.set(key, { ...entry, [leg.right]: entry[leg.right] + credited(leg, leg.size) })
  }
  return (stage) =>
    [...strikes.values()].reduce((total, { underlying, call, put }) => {
      const value = mulUp(nakedShorts(call, put), valuer.base.price(underlying))
      return total + mulUp(value, parameters.lines.shortOptionMinimum[stage])
    }, 0n)
}

/** Opposite signs: the short beyond the long; both short: their sum; alone: the short. */
function nakedShorts(call: Wad, put: Wad): Wad {
  const short = -min(call, 0n) - min(put, 0n)
  const long = max(call, 0n) + max(put, 0n)
  return short - min(short, long)
}

/** `(1 − c)` × Σ abs(quantity)·S where confidence is below the threshold; initial requirement only. */
function oracleConfidence({ pnl, market, valuer, parameters }: LineInputs): Wad {
  const { threshold } = parameters.lines.oracleConfidence
  const charge = (confidence: Wad, notional: Wad) => (confidence < threshold ? mulUp(wad - confidence, notional) : 0n)
  const spotConfidence = (underlying: Underlying) => market.prices[underlying]?.confidence ?? 0n

  const linear = new Map<string, { underlying: Underlying; quantity: Wad; rate: Wad }>()
  const addLinear = (key: string, underlying: Underlying, rate: Wad, quantity: Wad) =>
    linear.set(key, { underlying, rate, quantity: (linear.get(key)?.quantity ?? 0n) + quantity })
  const expiryConfidence = new Map<string, Wad>()
  for (const leg of pnl.legs) {
    for (const { token, quantity } of tokensOf(leg, valuer)) {
      addLinear(`${leg.venueAccount}|${token.asset}`, token.underlying, token.rate, credited(leg, quantity))
    }
    if (leg.kind === 'perpetual') {
      addLinear(`${leg.venueAccount}|perpetual|${leg.underlying}`, leg.underlying, wad, credited(leg, leg.size))
    }
    if (leg.kind === 'option') {
      const key = `${leg.underlying}|${leg.expiry}`
      expiryConfidence.set(key, min(expiryConfidence.get(key) ?? wad, leg.confidence))
    }
  }

  let total = 0n
  for (const { underlying, quantity, rate } of linear.values()) {
    const notional = mulUp(mulUp(abs(quantity), rate), valuer.base.price(underlying))
    total += charge(spotConfidence(underlying), notional)
  }
  for (const leg of pnl.legs) {
    if (leg.kind !== 'option') continue
    const confidence = min(
      spotConfidence(leg.underlying),
      expiryConfidence.get(`${leg.underlying}|${leg.expiry}`) ?? 0n,
    )
    total += charge(confidence, mulUp(abs(credited(leg, leg.size)), valuer.base.price(leg.underlying)))
  }
  return total
}

/** F = max over venue accounts of lost equity there plus the scan of what is left (before the subtraction of the lines above). */
function venueFailure({ pnl, parameters }: LineInputs): (stage: Stage) => Wad {
  const venues = new Map<string, Wad>()
  pnl.legs.forEach(({ control, venueAccount }, index) => {
    if (control !== 'venue' && control !== 'enforceable') return
    venues.set(venueAccount, (venues.get(venueAccount) ?? 0n) + (pnl.creditedValues[index] ?? 0n))
  })
  const failures = [...venues].map(([failed, equity]) => ({
    lost: mulUp(max(0n, equity), wad - parameters.lines.venueFailure.recovery),
    scan: scanRisk(pnl, parameters, ({ venueAccount }) => venueAccount !== failed).charge,
  }))
  return (stage) =>
    failures.reduce((worst, { lost, scan }) => max(worst, lost + mulUp(parameters.lines.scan[stage], scan)), 0n)
}

/** Σ abs(quantity) · ε · forward: the kernel's two-sided error. */
function arithmeticBound({ pnl, valuer, parameters }: LineInputs): Wad {
  const { epsilon } = parameters.lines.arithmetic
  let notional = 0n
  for (const leg of pnl.legs) {
    for (const { token, quantity } of tokensOf(leg, valuer)) notional += absoluteValue(quantity, token, valuer)
    if (leg.kind === 'perpetual' || leg.kind === 'option') {
      notional += mulUp(abs(leg.size), valuer.base.price(leg.underlying))
    }
  }
  return mulUp(notional, epsilon)
}

/** A book that cannot lose more than its worth is not charged more than its equity. */
function longOptionCap({ pnl, equity }: LineInputs, { initial, maintenance }: Requirement): Requirement {
  const neverNegative = pnl.legs.every(
    (leg) =>
      leg.kind === 'liquidity' ||
      (leg.kind === 'token' && leg.quantity > 0n) ||
      (leg.kind === 'option' && leg.size > 0n),
  )
  if (!neverNegative) return { initial: 0n, maintenance: 0n }
  const limit = max(0n, equity)
  return { initial: min(0n, limit - initial), maintenance: min(0n, limit - maintenance) }
}
