import type { BookMarket, BookPosition } from '../../core/book.ts'
import { yearsTo } from '../../core/book.ts'
import { InvalidInputError, MissingMarketDataError } from '../../core/errors.ts'
import { atTerm, forwardOf, type UnderlyingMarket, underlyingMarket } from './forward.ts'
import { log } from './math/exponential.ts'

/** An option of a book. */
export type OptionPosition = Extract<BookPosition, { kind: 'option' }>

type Smile = NonNullable<UnderlyingMarket['smiles']>[number]
type Svi = Extract<Smile, { kind: 'svi' }>

/**
 * Volatility of an option: its own, else of the smile of its expiry, else of a smile that names no expiry.
 *
 * @throws {MissingMarketDataError} when none of them is there.
 * @throws {InvalidInputError} when the smile has a negative variance at the strike.
 */
export function volatilityOf(market: BookMarket, option: OptionPosition, asOf: number): number {
  if (option.volatility !== undefined) return option.volatility
  const { smiles = [] } = underlyingMarket(market, option.underlying)
  const smile =
    atTerm(smiles, option, asOf) ?? smiles.find(({ expiry, years }) => expiry === undefined && years === undefined)
  if (smile === undefined) {
    throw new MissingMarketDataError(
      `There is no volatility for the ${option.right} on ${option.underlying} at ${option.strike}.`,
      { metaMessages: ['Give the option a volatility, or the market a smile of its expiry.'] },
    )
  }
  switch (smile.kind) {
    case 'flat':
      return smile.volatility
    case 'points':
      return interpolate(smile.points, option.strike)
    case 'svi': {
      const forward = smile.forward ?? forwardOf(market, option.underlying, option, asOf).price
      const years = smile.referenceYears ?? yearsTo(option, asOf)
      return sviVolatility(smile, { strike: option.strike, forward, years })
    }
  }
}

/**
 * Volatility of raw SVI: `k = ln(strike / forward)` within ±4 √(a + b σ), `w = a + b (ρ (k − m) + √((k − m)² + σ²))` not
 * above 144, volatility `√(w / years)`. Source: Gatheral (2004); the clamps are those of lyra-utils `SVI.sol`.
 *
 * @throws {InvalidInputError} when the variance is negative or the term is zero.
 */
export function sviVolatility(
  { a, b, rho, m, sigma }: Pick<Svi, 'a' | 'b' | 'rho' | 'm' | 'sigma'>,
  { strike, forward, years }: { readonly strike: number; readonly forward: number; readonly years: number },
): number {
  const bound = 4 * Math.sqrt(Math.max(0, a + b * sigma))
  const moneyness = strike > 0 ? log(strike / forward) : -bound
  const distance = Math.max(-bound, Math.min(bound, moneyness)) - m
  const variance = a + b * (rho * distance + Math.sqrt(distance * distance + sigma * sigma))
  if (!(variance >= 0 && years > 0)) {
    throw new InvalidInputError(`The SVI smile has the variance ${variance} over ${years} years at ${strike}.`, {
      metaMessages: ['Check its parameters and give it referenceYears where the term is over.'],
    })
  }
  return Math.sqrt(Math.min(variance, 144) / years)
}

function interpolate(points: readonly { readonly strike: number; readonly volatility: number }[], strike: number) {
  const sorted = points.toSorted((left, right) => left.strike - right.strike)
  const above = sorted.findIndex((point) => point.strike >= strike)
  const upper = sorted[above]
  const lower = sorted[above === -1 ? sorted.length - 1 : above - 1]
  if (upper === undefined) return (lower as { volatility: number }).volatility
  if (lower === undefined || upper.strike === strike) return upper.volatility
  const part = (strike - lower.strike) / (upper.strike - lower.strike)
  return lower.volatility + part * (upper.volatility - lower.volatility)
}
