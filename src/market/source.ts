import type { z } from 'zod'
import type { AssetKey, Underlying } from '../core/asset.ts'
import type { SpotPrice, Volatility } from '../core/market.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import type { Option } from '../core/position.ts'
import type { ReadPlan } from '../core/readPlan.ts'
import type { Wad } from '../core/units.ts'

/** What a portfolio needs to know of the market before it can be revalued. */
export type MarketRequest = {
  readonly underlyings: readonly Underlying[]
  /** Assets whose rates are needed, by the side on which they count; one may be on both. */
  readonly held: readonly AssetKey[]
  readonly owed: readonly AssetKey[]
  readonly options: readonly Pick<Option, 'surface' | 'strike' | 'expiry' | 'underlying'>[]
}

/**
 * A source of one underlying's spot price. `configuration` is the entry of the parameter set, `atHand` the sources that an entry
 * within it may name.
 */
export interface PriceSource<Configuration> {
  readonly id: string
  readonly configuration: z.ZodType<Configuration>
  read(
    configuration: Configuration,
    underlying: Underlying,
    block: PinnedBlock,
    atHand?: MarketSources,
  ): ReadPlan<SpotPrice>
}

/** A source of the volatilities of one surface, by `volatilityKey`; `atHand` as for a {@link PriceSource}. */
export interface VolatilitySource<Configuration> {
  readonly id: string
  readonly configuration: z.ZodType<Configuration>
  read(
    configuration: Configuration,
    surface: string,
    options: MarketRequest['options'],
    block: PinnedBlock,
    atHand?: MarketSources,
  ): ReadPlan<Readonly<Record<string, Volatility>>>
}

/** Units of the underlying in one whole token, WAD: as they count for what is held, and, never less, for what is owed. */
export type Rate = { readonly held: Wad; readonly owed: Wad }

/** A source of an asset's rate. */
export interface RateSource<Configuration> {
  readonly id: string
  readonly configuration: z.ZodType<Configuration>
  read(configuration: Configuration, asset: AssetKey, block: PinnedBlock): ReadPlan<Rate>
}

/** A price of the past: WAD USD at `time` in Unix seconds. */
export type PriceSample = { readonly time: number; readonly price: Wad }

/**
 * A source of one underlying's past prices up to the block, in the order of time, from the newest sample at or before `from`
 * (Unix seconds) on where there is one. Says nothing of what is too short or has gaps: `rangeMultiplier` refuses that.
 */
export interface PriceHistorySource<Configuration> {
  readonly id: string
  readonly configuration: z.ZodType<Configuration>
  read(
    configuration: Configuration,
    underlying: Underlying,
    window: { readonly from: number; readonly block: PinnedBlock },
  ): ReadPlan<readonly PriceSample[]>
}

/** The sources that entries of a parameter set may name by id. */
export type MarketSources = {
  // biome-ignore lint/suspicious/noExplicitAny: a list of sources cannot name each one's types.
  readonly prices: readonly PriceSource<any>[]
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly volatilities: readonly VolatilitySource<any>[]
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly rates: readonly RateSource<any>[]
  /** Only range multipliers that follow a history need one. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly histories?: readonly PriceHistorySource<any>[]
}
