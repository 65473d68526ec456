import type { MarginParameters } from '../../../src/core/parameters.ts'
import type { VenueRule } from '../../../src/core/venueRule.ts'
import { type Claim, underlyingsOf } from './claims.ts'
import { deltasOf, holdingsOf, nakedShortsOf } from './holdings.ts'
import { abs, fromWad, max, min, one, over, type Real, sqrt, sum, times } from './real.ts'
import { type Account, type Book, scanOf } from './scan.ts'

/** Which of the two requirements a rate is for. */
export type Side = 'initial' | 'maintenance'

type Rates = { readonly initial: bigint; readonly maintenance: bigint }
const rateOf = (rates: Rates, side: Side): Real => fromWad(rates[side])

export function scanLine(book: Book, side: Side): Real {
  return times(rateOf(book.inputs.parameters.lines.scan, side), scanOf(book, book.accounts).charge)
}

export function wrappedBasisLine(book: Book, side: Side): Real {
  const { claims, valuer, inputs } = book
  const net = new Map<string, Real>()
  for (const claim of claims) {
    if (claim.kind === 'perpetual' || claim.kind === 'perpetualLiquidity') continue
    for (const { asset, underlying, quantity } of holdingsOf(book, claim)) {
      const value = times(valuer.credited(claim, quantity), valuer.spotOf(underlying))
      if (asset !== null) net.set(asset, (net.get(asset) ?? 0n) + value)
    }
  }
  const basisOf = (asset: string): Real => {
    const entry = inputs.parameters.assets[asset as keyof MarginParameters['assets']]
    return entry === undefined ? 0n : rateOf(entry.basis, side)
  }
  return sum([...net].map(([asset, value]) => times(abs(value), basisOf(asset))))
}

export function shortOptionMinimumLine(book: Book, side: Side): Real {
  const rate = rateOf(book.inputs.parameters.lines.shortOptionMinimum, side)
  return sum([...nakedShortsOf(book)].map(([u, size]) => times(times(size, book.valuer.spotOf(u)), rate)))
}

export function hedgedDeltaMinimumLine(book: Book, side: Side): Real {
  const rate = rateOf(book.inputs.parameters.lines.hedgedDeltaMinimum, side)
  return sum(
    [...deltasOf(book)].map(([u, { gross, net }]) =>
      times(times((gross - abs(net)) / 2n, book.valuer.spotOf(u)), rate),
    ),
  )
}

export function liquidityLine(book: Book, side: Side): Real {
  const { parameters } = book.inputs
  return sum(
    [...deltasOf(book)].map(([u, { gross }]) => {
      const rates = parameters.underlyings[u]?.liquidity
      const size = times(gross, book.valuer.spotOf(u))
      if (rates === undefined || size === 0n) return 0n
      const impact = times(rateOf(parameters.lines.liquidity.impact, side), fromWad(rates.dailyVolatility))
      const root = sqrt(over(size, fromWad(rates.averageDailyVolume)))
      return times(rateOf(rates.halfSpread, side), size) + times(times(impact, size), root)
    }),
  )
}

export function oracleConfidenceLine(book: Book, side: Side): Real {
  if (side === 'maintenance') return 0n
  const { claims, valuer, inputs } = book
  const { market, parameters } = inputs
  const threshold = fromWad(parameters.lines.oracleConfidence.threshold)
  const doubt = (confidence: Real): Real => (confidence < threshold ? one - confidence : 0n)
  const spotConfidence = (underlying: string): Real => fromWad(market.prices[underlying]?.confidence ?? 0n)
  const groups = new Map<string, { underlying: string; quantity: Real }>()
  const expiries = new Map<string, { underlying: string; quantity: Real; confidence: Real }>()
  for (const claim of claims) {
    for (const { underlying, asset, quantity } of holdingsOf(book, claim)) {
      const key = asset === null ? claim.key : `${claim.account}|${asset}`
      const known = groups.get(key)?.quantity ?? 0n
      groups.set(key, { underlying, quantity: known + valuer.credited(claim, quantity) })
    }
    if (claim.kind === 'option') {
      const key = [claim.underlying, claim.expiry].join('|')
      const known = expiries.get(key)
      expiries.set(key, {
        underlying: claim.underlying,
        quantity: (known?.quantity ?? 0n) + abs(valuer.credited(claim, claim.size)),
        confidence: min(known?.confidence ?? one, claim.confidence ?? one, spotConfidence(claim.underlying)),
      })
    }
  }
  const ofHoldings = [...groups.values()].map(({ underlying, quantity }) =>
    times(times(doubt(spotConfidence(underlying)), abs(quantity)), valuer.spotOf(underlying)),
  )
  const ofOptions = [...expiries.values()].map(({ underlying, quantity, confidence }) =>
    times(times(doubt(confidence), quantity), valuer.spotOf(underlying)),
  )
  return sum([...ofHoldings, ...ofOptions])
}

const day = 86_400n

export function settlementGapLine({ claims, valuer, inputs }: Book, side: Side): Real {
  const rate = rateOf(inputs.parameters.lines.settlementGap, side)
  return sum(
    claims.map((claim) => {
      if (claim.kind !== 'option' || claim.size >= 0n) return 0n
      const { term, settlement, size, underlying } = claim
      const isFull = term <= 0n || settlement?.kind === 'averaging'
      const left = isFull ? day : max(0n, day - term)
      return (times(times(-size, valuer.spotOf(underlying)), rate) * left) / day
    }),
  )
}

/** Value that counts, before the paper haircut. */
export function creditedValueOf({ valuer }: Book, account: Account): Real {
  return sum(account.claims.map((claim) => valuer.credited(claim, valuer.markOf(claim))))
}

/** What fails together (the group of the parameter set, else the adapter); null for wallets and our own consumers. */
function failureGroupOf({ inputs }: Book, account: Account): string | null {
  const [claim] = account.claims
  if (claim === undefined || claim.control === 'free' || claim.control === 'consumer') return null
  const entry = inputs.parameters.venues.find(({ id }) => id === claim.venue)
  // The wallet of a `MarginAccount`.
  if (claim.control === 'enforceable' && entry?.adapter === 'erc20') return null
  return entry?.failureGroup ?? entry?.adapter ?? claim.venue
}

/** `F`: the worst failure of one group of venue accounts. */
export function worstFailure(book: Book, side: Side): Real {
  const { lines } = book.inputs.parameters
  const lost = one - fromWad(lines.venueFailure.recovery)
  const groups = new Map(book.accounts.map((account) => [account, failureGroupOf(book, account)]))
  const failures = [...new Set(groups.values())].map((group) => {
    if (group === null) return 0n
    const failed = book.accounts.filter((account) => groups.get(account) === group)
    const others = book.accounts.filter((account) => groups.get(account) !== group)
    const values = failed.map((account) => creditedValueOf(book, account))
    const equity = sum(values.map((value) => max(0n, value)))
    return times(equity, lost) + times(rateOf(lines.scan, side), scanOf(book, others).charge)
  })
  return max(0n, ...failures)
}

/** Σ need_v: equity that keeps legs open where they are. */
export function venueNeed(book: Book): Real {
  const { valuer, axes } = book
  return sum(
    book.accounts.map((account) => {
      if (account.rule === null) return 0n
      const equity = creditedValueOf(book, account)
      const shocks = [...account.underlyings].flatMap((underlying) =>
        (axes.get(underlying)?.points ?? [])
          .filter(({ kind, move }) => kind === 'range' && move <= 10n ** 18n && move >= -(10n ** 18n))
          .map((point) => ({ [underlying]: point })),
      )
      // Long options are nobody's collateral: what they are worth in the scenario can leave.
      const longs = account.claims.filter((claim) => claim.kind === 'option' && claim.size > 0n && claim.term > 0n)
      // So is a supply to a market that the account has not entered.
      const outside = account.claims.filter((claim) => isOutside(account.rule, claim))
      const needs = [{}, ...shocks].map((shock) => {
        const loose = sum([...longs, ...outside].map((claim) => valuer.credited(claim, valuer.value(claim, shock))))
        return equity - (account.stateIn(shock)?.slack ?? 0n) - loose
      })
      return max(0n, ...needs)
    }),
  )
}

function isOutside(rule: VenueRule | null, claim: Claim): boolean {
  if (rule?.kind !== 'moneyMarket' || claim.kind !== 'balance') return false
  const [, contract] = claim.key.split(':')
  return rule.collaterals.every(({ market }) => market.toLowerCase() !== contract)
}

export function arithmeticLine(book: Book): Real {
  const epsilon = fromWad(book.inputs.parameters.lines.arithmetic.epsilon)
  const { claims, valuer } = book
  return sum(
    claims.map((claim) => {
      const held = holdingsOf(book, claim).map(({ quantity, underlying }) =>
        times(abs(quantity), valuer.spotOf(underlying)),
      )
      const option = claim.kind === 'option' ? times(abs(claim.size), valuer.forwardOf(claim, {})) : 0n
      const borrowed =
        claim.kind === 'perpetualLiquidity' ? 2n * times(claim.baseDebt, valuer.spotOf(claim.underlying)) : 0n
      return times(sum(held) + option + borrowed, epsilon)
    }),
  )
}

/** Whether no claim can be worth less than nothing. */
export function isLongOnly({ claims }: Book): boolean {
  return claims.every(
    (claim) =>
      claim.kind === 'balance' ||
      claim.kind === 'concentratedLiquidity' ||
      (claim.kind === 'option' && claim.size > 0n),
  )
}

/** Underlyings that a claim of the book depends on. */
export function bookUnderlyings({ claims }: Book): Set<string> {
  return new Set(claims.flatMap(underlyingsOf))
}
