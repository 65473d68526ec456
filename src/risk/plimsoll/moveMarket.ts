import type { Underlying } from '../../core/asset.ts'
import { InvalidInputError } from '../../core/errors.ts'
import type { Market } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { Portfolio } from '../../core/portfolio.ts'
import type { Wad } from '../../core/units.ts'
import { moveRule } from '../venues/moveRule.ts'
import { createValuer } from './revalue.ts'
import { spotOf } from './spot.ts'

/** What a margin is calculated from. */
export type MarginInputs = {
  readonly portfolio: Portfolio
  readonly market: Market
  readonly parameters: MarginParameters
}

/**
 * The same positions in a market with other spot prices, WAD USD. Quotes of venue rules move as our prices do. Rates,
 * volatilities, range multipliers, `venueValue` and the venues' own `requirements` stand as they were read.
 *
 * @throws {MissingMarketDataError} for an underlying without a price to move.
 * @throws {InvalidInputError} for a price that is not positive.
 */
export function moveMarket(
  { portfolio, market, parameters }: MarginInputs,
  prices: ReadonlyMap<Underlying, Wad>,
): MarginInputs {
  const moved = [...prices].map(([underlying, price]) => {
    if (price <= 0n) throw new InvalidInputError(`The price of ${underlying} must be positive, got ${price}.`)
    return [underlying, { ...spotOf(underlying, market), price }] as const
  })
  const { shiftTo, priced } = createValuer(market, parameters, portfolio.block.timestamp)
  const shift = shiftTo(priced(prices))
  return {
    portfolio: { ...portfolio, rules: portfolio.rules.map((rule) => moveRule(rule, shift)) },
    market: { ...market, prices: { ...market.prices, ...Object.fromEntries(moved) } },
    parameters,
  }
}
