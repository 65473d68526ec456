import type { AssetKey, Underlying } from '../../core/asset.ts'
import { MissingMarketDataError, OutOfRangeError } from '../../core/errors.ts'
import type { Market, SpotPrice } from '../../core/market.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import { type Wad, wad } from '../../core/units.ts'

/** Spot price of an underlying, WAD USD. @throws {MissingMarketDataError} when the market has none. */
export function spotPrice(underlying: Underlying, market: Market): Wad {
  return spotOf(underlying, market).price
}

/** What the market says of an underlying. @throws {MissingMarketDataError} when it says nothing. */
export function spotOf(underlying: Underlying, market: Market): SpotPrice {
  const spot = ownEntry(market.prices, underlying)
  if (spot) return spot
  throw new MissingMarketDataError(`The market has no price of ${underlying}.`, {
    metaMessages: ['Add the price to the snapshot, or a price source to the parameter set.'],
  })
}

/**
 * Price scan range of an underlying with its dynamic multiplier: mul(R, multiplier).
 *
 * @throws {MissingMarketDataError} without a multiplier.
 * @throws {OutOfRangeError} when the multiplier is below its floor or above its clamp.
 */
export function scanRange(underlying: Underlying, market: Market, parameters: MarginParameters): Wad {
  const entry = ownEntry(parameters.underlyings, underlying)
  const multiplier = ownEntry(market.rangeMultipliers, underlying)
  if (!entry || multiplier === undefined) {
    throw new MissingMarketDataError(`The market has no range multiplier of ${underlying}.`)
  }
  if (multiplier < entry.multiplier.floor || multiplier > entry.multiplier.clamp) {
    throw new OutOfRangeError(`The range multiplier of ${underlying} is ${multiplier}.`, {
      metaMessages: [`The parameter set allows ${entry.multiplier.floor} to ${entry.multiplier.clamp}.`],
    })
  }
  return (entry.range * multiplier) / wad
}

/**
 * Units of the underlying in one whole token, WAD.
 *
 * @throws {MissingMarketDataError} when the market has none.
 */
export function rateOf(asset: AssetKey, market: Market): Wad {
  const rate = ownEntry(market.rates, asset)
  if (rate === undefined) throw new MissingMarketDataError(`The market has no rate of ${asset}.`)
  return rate
}

/** An entry of a record, never a member of its prototype. */
export function ownEntry<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
