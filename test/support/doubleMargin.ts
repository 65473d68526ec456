/**
 * An independent second implementation of model `plimsoll-1` in double precision, written from the model's text and sharing
 * no code with `src/risk`, `src/kernel`. Slow, naive, for tests only.
 */
import type { MarginLineId } from '../../src/core/margin.ts'
import type { Market } from '../../src/core/market.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import type { PinnedBlock, Portfolio } from '../../src/core/portfolio.ts'
import type { Position } from '../../src/core/position.ts'

type Shock = { move: number; kind: string; vol: string }
type Shocks = Record<string, Shock>

const n = (value: bigint) => Number(value) / 1e18

/** erfc by a series near zero and a continued fraction beyond, to double precision. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x)
  if (x < 2.5) {
    let term = x
    let sum = x
    for (let k = 1; k < 200; k++) {
      term *= (-x * x) / k
      sum += term / (2 * k + 1)
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = 0
  for (let k = 120; k >= 1; k--) fraction = k / 2 / (x + fraction)
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction)
}

const cdf = (x: number) => erfc(-x / Math.SQRT2) / 2

function blackScholes(right: 'call' | 'put', forward: number, strike: number, vol: number, years: number): number {
  const total = vol * Math.sqrt(years)
  const d1 = Math.log(forward / strike) / total + total / 2
  const call = forward * cdf(d1) - strike * cdf(d1 - total)
  return right === 'call' ? call : call - forward + strike
}

/** Margin lines, equity and totals in USD. */
export function doubleMargin(portfolio: Portfolio, market: Market, parameters: MarginParameters) {
  const positions = mergeContracts(portfolio.positions)
  const price = (u: string, shocks: Shocks) => {
    const spot = n(market.prices[u]?.price ?? 0n)
    const shock = shocks[u]
    if (!shock) return spot
    const range = n(parameters.underlyings[u]?.range ?? 0n) * n(market.rangeMultipliers[u] ?? 0n)
    return spot * (1 + shock.move * (shock.kind === 'range' ? range : 1))
  }
  const value = (p: Position, shocks: Shocks) =>
    worthOf(p, (u) => price(u, shocks), shocks, market, parameters, portfolio.block)
  const credit = (p: Position, v: number) =>
    v < 0 ? v : v * (p.control === 'consumer' ? 0 : n(parameters.credit[p.control]))

  const names = [...new Set(positions.flatMap((p) => underlyingsOf(p, parameters)))]
  const pnl = (book: Position[], shocks: Shocks) =>
    book.reduce((sum, p) => sum + credit(p, value(p, shocks)) - credit(p, value(p, {})), 0)
  const scenariosOf = (u: string) => parameters.classes[parameters.underlyings[u]?.class ?? '']?.scenarios ?? []
  const toShock = (s: { move: bigint; kind: string; vol: string }) => ({ move: n(s.move), kind: s.kind, vol: s.vol })
  const scan = (book: Position[]) => {
    let a = 0
    for (const u of names) {
      a += Math.max(0, ...scenariosOf(u).map((s) => -n(s.weight) * pnl(book, { [u]: toShock(s) })))
    }
    let j = 0
    for (const row of parameters.jointRows) {
      const shocks: Shocks = {}
      for (const u of names) {
        const taken = scenariosOf(u).find((s) => s.id === row.take[parameters.underlyings[u]?.class ?? ''])
        if (taken) shocks[u] = toShock(taken)
      }
      j = Math.max(j, -n(row.weight) * pnl(book, shocks))
    }
    const d = n(parameters.decorrelation)
    return Math.max(j, d * a + (1 - d) * j)
  }

  const haircut = 1 - n(parameters.paperHaircut)
  const equity = positions.reduce((sum, p) => {
    const v = value(p, {})
    return sum + credit(p, isPaper(p, v) ? v * haircut : v)
  }, 0)

  const lines = (stage: 'initial' | 'maintenance') => {
    const factor = n(parameters.lines.scan[stage])
    const out: Record<MarginLineId, number> = {
      scan: factor * scan(positions),
      wrappedBasis: basisOf(stage),
      shortOptionMinimum: nakedOf() * n(parameters.lines.shortOptionMinimum[stage]),
      hedgedDeltaMinimum: 0,
      liquidity: 0,
      oracleConfidence: 0,
      settlementGap: 0,
      venueFloor: 0,
      venueFailure: 0,
      arithmetic: 0,
      longOptionCap: 0,
    }
    const above = out.scan + out.wrappedBasis + out.shortOptionMinimum
    const accounts = new Set(
      positions
        .filter((p) => p.control === 'venue' || p.control === 'enforceable')
        .map((p) => JSON.stringify(p.venueAccount)),
    )
    for (const failed of accounts) {
      const there = positions.filter((p) => JSON.stringify(p.venueAccount) === failed)
      const left = positions.filter((p) => JSON.stringify(p.venueAccount) !== failed)
      const lost = Math.max(
        0,
        there.reduce((sum, p) => sum + credit(p, value(p, {})), 0),
      )
      const f = lost * (1 - n(parameters.lines.venueFailure.recovery)) + factor * scan(left)
      out.venueFailure = Math.max(out.venueFailure, f - above)
    }
    const noDebt = positions.every(
      (p) => p.kind === 'balance' || p.kind === 'concentratedLiquidity' || (p.kind === 'option' && p.size > 0n),
    )
    if (noDebt) out.longOptionCap = Math.min(0, Math.max(0, equity) - above - out.venueFailure)
    return out
  }

  function basisOf(stage: 'initial' | 'maintenance'): number {
    const net: Record<string, number> = {}
    for (const p of positions) {
      if (p.kind !== 'balance' && p.kind !== 'debt') continue
      const held = credit(p, value(p, {}))
      net[p.asset] = (net[p.asset] ?? 0) + held
    }
    return Object.entries(net).reduce(
      (sum, [key, v]) => sum + Math.abs(v) * n(parameters.assets[key as `${number}:0x${string}`]?.basis[stage] ?? 0n),
      0,
    )
  }

  function nakedOf(): number {
    const strikes: Record<string, { call: number; put: number }> = {}
    for (const p of positions) {
      if (p.kind !== 'option') continue
      const key = `${p.expiry}:${p.strike}`
      strikes[key] ??= { call: 0, put: 0 }
      strikes[key][p.right] += n(p.size)
    }
    const spot = n(market.prices.ETH?.price ?? 0n)
    return Object.values(strikes).reduce((sum, { call, put }) => {
      if (call < 0 && put < 0) return sum - (call + put) * spot
      if (call < 0) return sum + Math.max(0, -call - put) * spot
      if (put < 0) return sum + Math.max(0, -put - call) * spot
      return sum
    }, 0)
  }

  return { equity, initial: lines('initial'), maintenance: lines('maintenance') }
}

function isPaper(p: Position, v: number): boolean {
  return (p.kind === 'option' && p.size > 0n) || (p.kind === 'perpetual' && v > 0)
}

function underlyingsOf(p: Position, parameters: MarginParameters): string[] {
  const of = (key: string) => parameters.assets[key as `${number}:0x${string}`]?.underlying ?? ''
  switch (p.kind) {
    case 'balance':
    case 'debt':
      return [of(p.asset)]
    case 'perpetual':
    case 'option':
      return [p.underlying, of(p.quoteAsset)]
    case 'concentratedLiquidity':
      return [of(p.token0), of(p.token1)]
    case 'consumerDebt':
      return []
  }
}

function mergeContracts(positions: readonly Position[]): Position[] {
  const merged: Record<string, Position> = {}
  positions.forEach((p, index) => {
    const key =
      p.kind === 'option'
        ? JSON.stringify([p.venueAccount, p.underlying, p.quoteAsset, p.right, `${p.strike}`, p.expiry])
        : p.kind === 'perpetual'
          ? JSON.stringify([p.venueAccount, p.underlying, p.quoteAsset])
          : `${index}`
    const known = merged[key]
    if (known?.kind === 'option' && p.kind === 'option') merged[key] = { ...known, size: known.size + p.size }
    else if (known?.kind === 'perpetual' && p.kind === 'perpetual') {
      merged[key] = {
        ...known,
        size: known.size + p.size,
        cost: known.cost + p.cost,
        funding: known.funding + p.funding,
      }
    } else merged[key] = p
  })
  return Object.values(merged)
}

function worthOf(
  p: Position,
  price: (u: string) => number,
  shocks: Shocks,
  market: Market,
  parameters: MarginParameters,
  block: PinnedBlock,
): number {
  const token = (key: string) => {
    const entry = parameters.assets[key as `${number}:0x${string}`]
    return {
      price: price(entry?.underlying ?? '') * n(market.rates[key as `${number}:0x${string}`] ?? 0n),
      unit: 10 ** (entry?.decimals ?? 0),
    }
  }
  switch (p.kind) {
    case 'balance':
      return (Number(p.amount) / token(p.asset).unit) * token(p.asset).price
    case 'debt':
      return (-Number(p.amount) / token(p.asset).unit) * token(p.asset).price
    case 'consumerDebt':
      return -n(p.amount)
    case 'perpetual':
      return (n(p.size) * price(p.underlying) - n(p.cost) + n(p.funding)) * token(p.quoteAsset).price
    case 'option': {
      const quoted = market.volatilities[`${p.surface}:${p.expiry}:${p.strike}`]
      const base = n((p.size > 0n ? quoted?.low : quoted?.high) ?? 0n)
      const term = p.expiry - block.timestamp
      const rule = parameters.volatilityShock
      const power = n(term <= rule.referenceTerm ? rule.shortTermPower : rule.longTermPower)
      const k = (rule.referenceTerm / Math.max(term, rule.shortestTerm)) ** power
      const vol = shocks[p.underlying]?.vol
      const sigma =
        vol === 'up'
          ? Math.max(base * (1 + n(rule.up) * k), n(rule.minimumUp))
          : vol === 'down'
            ? base * Math.max(0, 1 - n(rule.down) * k)
            : base
      const one = blackScholes(p.right, price(p.underlying), n(p.strike), sigma, term / 31_536_000)
      return n(p.size) * one * token(p.quoteAsset).price
    }
    case 'concentratedLiquidity': {
      const [t0, t1] = [token(p.token0), token(p.token1)]
      const s = Math.sqrt(t0.price / t0.unit / (t1.price / t1.unit))
      const [a, b] = [1.0001 ** (p.tickLower / 2), 1.0001 ** (p.tickUpper / 2)]
      const x = Math.min(Math.max(s, a), b)
      const amount0 = Number(p.liquidity) * (1 / x - 1 / b) + Number(p.fees0)
      const amount1 = Number(p.liquidity) * (x - a) + Number(p.fees1)
      return (amount0 / t0.unit) * t0.price + (amount1 / t1.unit) * t1.price
    }
  }
}
