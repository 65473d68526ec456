import type { AssetKey, Underlying } from './asset.ts'
import type { Wad } from './units.ts'

/** Spot price of an underlying in WAD USD; `confidence` 1e18 is full. */
export type SpotPrice = {
  readonly price: Wad
  readonly confidence: Wad
  /** Unix seconds. */
  readonly updatedAt: number
  readonly source: string
}

/** Annual volatility of one strike and expiry: longs are marked at `low`, shorts at `high`; both WAD. */
export type Volatility = {
  readonly low: Wad
  readonly high: Wad
  readonly confidence: Wad
  readonly source: string
}

/** One snapshot of everything that can move a portfolio. */
export type Market = {
  readonly prices: Readonly<Record<Underlying, SpotPrice>>
  /** Units of the underlying in one whole token, WAD. */
  readonly rates: Readonly<Record<AssetKey, Wad>>
  /** By {@link volatilityKey}. */
  readonly volatilities: Readonly<Record<string, Volatility>>
  /** Dynamic range multiplier per underlying, WAD. */
  readonly rangeMultipliers: Readonly<Record<Underlying, Wad>>
}

/** Names the volatility of one strike and expiry of a surface: `<surface>:<expiry>:<strike in WAD>`. */
export function volatilityKey(contract: { surface: string; expiry: number; strike: Wad }): string {
  return `${contract.surface}:${contract.expiry}:${contract.strike}`
}
