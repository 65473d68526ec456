import type { Underlying } from '../../core/asset.ts'
import { orderDistinctClaims } from '../../core/distinctClaims.ts'
import { InvalidInputError } from '../../core/errors.ts'
import type { UnpricedAsset } from '../../core/margin.ts'
import type { Market } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { Portfolio } from '../../core/portfolio.ts'
import { claimKey, type Option, type Perpetual, type Position, venueAccountKey } from '../../core/position.ts'
import type { Wad } from '../../core/units.ts'
import type { Leg } from './legs.ts'
import { memoize } from './memoize.ts'
import { resolveClaim } from './resolve.ts'
import { shockedPrice } from './shock.ts'
import { scanRange, spotPrice } from './spot.ts'

/** The claims that count and the assets that do not. */
export type Book = { readonly legs: readonly Leg[]; readonly unpriced: readonly UnpricedAsset[] }

/**
 * Nets, resolves and orders the claims of a portfolio (model sections 1 and 2).
 *
 * @throws {UnpricedLiabilityError} for a liability that cannot be valued.
 * @throws {MissingMarketDataError} when the market lacks the price or rate of an asset that the parameters know.
 * @throws {InvalidInputError} for amounts and controls that no reading gives.
 */
export function buildBook(portfolio: Portfolio, market: Market, parameters: MarginParameters): Book {
  const legs: Leg[] = []
  const unpriced: UnpricedAsset[] = []
  const scenarioPrices = memoize((underlying: Underlying) => pricesOf(underlying, market, parameters))
  for (const position of netContracts(orderDistinctClaims(portfolio.positions))) {
    requireSigns(position)
    requireControl(position, portfolio)
    const resolved = resolveClaim(position, portfolio, market, parameters, scenarioPrices)
    if (resolved === undefined) continue
    if ('reason' in resolved) unpriced.push(resolved)
    else legs.push(resolved)
  }
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)
  return { legs: legs.sort(byKey), unpriced: unpriced.sort(byKey) }
}

/** The mark of an underlying and its price in every scenario. */
function pricesOf(underlying: Underlying, market: Market, parameters: MarginParameters): readonly Wad[] {
  const spot = spotPrice(underlying, market)
  const range = scanRange(underlying, market, parameters)
  const { scenarios } = parameters.classes[parameters.underlyings[underlying]?.class ?? ''] ?? { scenarios: [] }
  return [spot, ...scenarios.map((scenario) => shockedPrice(spot, scenario, range))]
}

/** The same contract in one venue account under one control is one claim: sizes, costs and funding are summed. */
function netContracts(positions: readonly Position[]): readonly Position[] {
  const contracts = new Map<string, Option | Perpetual>()
  const others: Position[] = []
  for (const position of positions) {
    if (position.kind !== 'option' && position.kind !== 'perpetual') {
      others.push(position)
      continue
    }
    const key = contractKey(position)
    const netted = contracts.get(key)
    if (netted === undefined) contracts.set(key, position)
    else if (netted.kind === 'option')
      contracts.set(key, { ...netted, size: netted.size + position.size, ...netValue(netted, position) })
    else if (position.kind === 'perpetual') {
      contracts.set(key, {
        ...netted,
        size: netted.size + position.size,
        cost: netted.cost + position.cost,
        funding: netted.funding + position.funding,
        ...netValue(netted, position),
      })
    }
  }
  return [...others, ...contracts.values()]
}

/** The venue's value of two claims, unknown when either is. */
function netValue(a: Position, b: Position): Pick<Position, 'venueValue'> {
  if (a.venueValue !== undefined && b.venueValue !== undefined) return { venueValue: a.venueValue + b.venueValue }
  return a.venueValue === undefined ? {} : { venueValue: undefined }
}

function contractKey(position: Option | Perpetual): string {
  const { kind, venueAccount, control, underlying, quoteAsset } = position
  const terms = kind === 'option' ? [position.surface, position.expiry, position.strike, position.right] : []
  return [kind, venueAccountKey(venueAccount), control, underlying, quoteAsset, ...terms].join('|')
}

/** @throws {InvalidInputError} for a claim that only a `MarginAccount` can hold, of an account that is not one. */
function requireControl({ control, claim }: Position, { scope, account }: Portfolio): void {
  if (control !== 'enforceable' || scope === 'enforceable') return
  throw new InvalidInputError(`Claim ${claimKey(claim)} is enforceable and ${account} is observed only.`, {
    metaMessages: [
      'Only what a MarginAccount holds is enforceable; read the account in scope enforceable if it is one.',
    ],
  })
}

/** @throws {InvalidInputError} for an amount that its kind cannot have. */
function requireSigns(position: Position): void {
  const amounts =
    position.kind === 'concentratedLiquidity'
      ? [position.liquidity, position.fees0, position.fees1]
      : position.kind === 'perpetualLiquidity'
        ? [position.liquidity, position.baseDebt, position.quoteDebt]
        : 'amount' in position
          ? [position.amount]
          : []
  if (amounts.some((amount) => amount < 0n)) {
    throw new InvalidInputError(`Claim ${claimKey(position.claim)} has a negative amount.`, {
      metaMessages: ['A debt is a position of kind debt, not a negative balance.'],
    })
  }
}
