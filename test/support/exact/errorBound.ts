import type { Underlying } from '../../../src/core/asset.ts'
import type { Claim, Inputs, Token } from './claims.ts'
import type { LineId } from './exactMargin.ts'
import { holdingsOf } from './holdings.ts'
import { abs, fromDecimals, fromWad, max, one, over, type Real, sqrt, sum, times } from './real.ts'
import type { Account, Book } from './scan.ts'
import { isolatedLoanRounding } from './venueRules.ts'

// How far integers of 18 decimals may lie from the exact model: every rounding of docs/kernel.md counted once, at the highest price
// of any scenario. Sums are generous (twice what is counted), so a gap beyond them is an error and not a rounding.

const wei = fromWad(1n)
/** Error of a price over its forward: 2e-16 and 1.13e-15 per unit of volatility (docs/kernel.md), and the shocked volatility's own. */
const perForward = fromDecimals(4n, 16)
const perVolatility = fromDecimals(12n, 16)

/** Bounds in USD: of equity, of a requirement's line, and of a venue's own integers. */
export type ErrorBound = { readonly equity: Real; readonly lines: Readonly<Record<LineId, Real>> }

export function errorBound(book: Book): ErrorBound {
  const { claims, accounts, axes, valuer, inputs } = book
  const highest = (underlying: Underlying): Real => {
    const axis = axes.get(underlying)
    return max(
      ...([axis?.mark, ...(axis?.points ?? [])].map((point) => fromWad(point?.price ?? 0n)) as [Real, ...Real[]]),
    )
  }
  const highestPrice = ({ rate, underlying }: Token): Real => times(fromWad(rate), highest(underlying))
  const valueErrors = sum(claims.map((claim) => valueError(claim, highest, highestPrice)))
  const venueErrors = sum(accounts.map((account) => venueError(account, highest, inputs)))
  const deltaErrors = sum(claims.map((claim) => deltaError(book, claim)))
  const holdings = claims.flatMap((claim) => holdingsOf(book, claim))
  // One rounding of a quantity, of a product and of a rate per holding and line.
  const roundings =
    8n * wei * BigInt(claims.length + 1) +
    8n * sum(holdings.map(({ underlying }) => times(wei, valuer.spotOf(underlying) + one)))
  const spots = sum([...axes.keys()].map((underlying) => times(8n * wei, valuer.spotOf(underlying) + one)))
  const first = 2n * (roundings + spots)
  const { parameters } = inputs
  const scan = (valueErrors + venueErrors) * BigInt(axes.size + 1) + first
  const sizes = sum(holdings.map(({ quantity, underlying }) => times(abs(quantity), valuer.spotOf(underlying))))
  const optionSizes = sum(
    claims.map((claim) => (claim.kind === 'option' ? times(abs(claim.size), valuer.spotOf(claim.underlying)) : 0n)),
  )
  const size = sizes + optionSizes
  const roots = sum(
    Object.values(parameters.underlyings).map(({ liquidity }) =>
      sqrt(over(size, fromWad(liquidity.averageDailyVolume))),
    ),
  )
  // Of Q/ADV, whose root steepens toward zero, of its root, and of the products with Q.
  const ofRoots = sum(
    Object.values(parameters.underlyings).map(({ liquidity }) =>
      sqrt(times(wei, times(wei, times(size, fromWad(liquidity.averageDailyVolume))))),
    ),
  )
  const rates = fromWad(parameters.lines.liquidity.impact.initial) + one
  const liquidity =
    2n * times(times(deltaErrors + first, one + 2n * roots), rates) +
    times(times(size, 8n * wei), one + roots + rates) +
    4n * times(ofRoots, rates)
  const failure = scan + valueErrors + first
  const above = scan + 6n * first + deltaErrors + liquidity
  const lines = {
    scan,
    wrappedBasis: first,
    shortOptionMinimum: first,
    hedgedDeltaMinimum: deltaErrors + first,
    liquidity,
    oracleConfidence: first,
    settlementGap: first,
    venueFailure: failure + above,
    venueFloor: failure + above + 2n * (venueErrors + valueErrors),
    arithmetic: first,
    longOptionCap: failure + 2n * above + valueErrors,
  }
  return { equity: valueErrors + first, lines }
}

/** Of the difference of two values of a claim. */
function valueError(
  claim: Claim,
  highest: (underlying: Underlying) => Real,
  highestPrice: (token: Token) => Real,
): Real {
  const tokenError = (token: Token): Real => times(wei, highestPrice(token) + highest(token.underlying) + one)
  switch (claim.kind) {
    case 'balance':
    case 'debt':
      return 4n * tokenError(claim.token)
    case 'concentratedLiquidity':
      return 4n * sum(claim.tokens.map(tokenError))
    case 'perpetualLiquidity':
    case 'perpetual':
      return 4n * times(wei, 2n * (claim.quote === null ? one : highestPrice(claim.quote)) + one)
    case 'option': {
      const { settlement, volatility, size, underlying, quote } = claim
      const average = settlement?.kind === 'averaging' ? fromWad(settlement.average) : 0n
      const forward = max(highest(underlying), average)
      const relative = perForward + times(perVolatility, 3n * volatility + one)
      const price = times(forward, relative) + 4n * wei
      return 4n * (times(times(abs(size), price), highestPrice(quote)) + times(2n * wei, highestPrice(quote) + one))
    }
    case 'consumerDebt':
      return 0n
  }
}

/** Of the delta of an option in USD: docs/kernel.md, and the truncated time behind it. */
function deltaError({ valuer }: Book, claim: Claim): Real {
  if (claim.kind !== 'option' || claim.term <= 0n) return 0n
  const years = (claim.term * one) / 31_536_000n
  const root = sqrt(years)
  const total = max(times(claim.volatility, root), wei)
  const ofTime = over(wei, years) + over(wei, root) + over(wei, total)
  const relative = fromDecimals(2n, 16) + ofTime + over(3n * wei, total)
  return 2n * times(times(abs(claim.size), valuer.spotOf(claim.underlying)), relative)
}

/** What a venue's own integers (8 decimals of a lending pool's quotes, the unit of a perpetual's quote asset) may move. */
function venueError(
  { rule }: Account,
  highest: (underlying: Underlying) => Real,
  { market, parameters }: Inputs,
): Real {
  if (rule === null) return 0n
  switch (rule.kind) {
    case 'lendingPool': {
      // A quote is off by one of its units, at a third of today's price at the least and six times it at most.
      const unit = fromDecimals(1n, 8)
      return sum(
        [...rule.collaterals, ...rule.debts].map(
          ({ amount, decimals }) => 4n * (times(fromDecimals(amount, decimals), unit) + 4n * unit),
        ),
      )
    }
    case 'moneyMarket': {
      // Each product is off by one of its last digits, at six times today's price at the most; a debt's by one and its quote's.
      const products = rule.collaterals.map(({ shares, exchangeRate, quote }) => {
        const perShare = fromWad(exchangeRate) + 8n * fromWad(quote) + 4n * one
        return times(times(shares * one, perShare), times(wei, wei)) + 4n * wei
      })
      const owed = rule.debts.map(({ amount }) => times(amount * one, times(wei, wei)) + 4n * wei)
      return 8n * (sum(products) + sum(owed))
    }
    case 'perpetualAccount': {
      const sizes = sum(rule.markets.map(({ size }) => abs(fromWad(size))))
      const unit = fromDecimals(1n, rule.quoteDecimals)
      const orders = sum(
        rule.markets.map(({ underlying, maker }) =>
          times(8n * wei * BigInt(maker?.orders.length ?? 0), highest(underlying) + one),
        ),
      )
      return (
        4n * (times(sizes, 4n * wei) + orders + unit + 8n * wei * BigInt(rule.markets.length + rule.collaterals.length))
      )
    }
    case 'isolatedPerpetual':
      return 4n * (times(abs(fromWad(rule.size)), 4n * wei) + times(8n * wei, highest(rule.underlying) + one))
    case 'collateralizedPerpetual': {
      const { size, pendingImpact, collateral } = rule
      const units =
        abs(fromWad(size)) + abs(fromWad(pendingImpact)) + fromDecimals(collateral.amount, collateral.decimals)
      return 4n * (times(units, 4n * wei) + times(8n * wei, highest(rule.underlying) + one))
    }
    case 'optionCollateral': {
      const sizes = sum(rule.shorts.map(({ amount }) => fromWad(amount)))
      const spot = 2n * highest(rule.underlying)
      const relative = perForward + times(perVolatility, fromWad(rule.minimum.shockVolA + rule.minimum.shockVolB))
      return 4n * (times(times(sizes, spot), relative) + 16n * times(wei, spot + one) + times(sizes, 8n * wei))
    }
    case 'isolatedLoan': {
      const { asset, amount, decimals } = rule.debt
      const underlying = parameters.assets[asset]?.underlying
      const price = underlying === undefined ? 0n : times(fromWad(market.rates[asset] ?? 0n), highest(underlying))
      const owed = fromDecimals(amount, decimals)
      return 4n * (times(isolatedLoanRounding(rule) + times(owed, 4n * wei) + 4n * wei, price) + 4n * wei)
    }
    case 'baseDebt':
      return 0n
  }
}
