import { z } from 'zod'
import type { AssetKey } from '../core/asset.ts'
import { MissingMarketDataError } from '../core/errors.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import type { ReadPlan } from '../core/readPlan.ts'
import { natural, positive, unixSeconds } from '../core/schema.ts'
import { secondsPerYear, type Wad, wad } from '../core/units.ts'
import { ceilDiv, max, min } from '../kernel/fixedPoint.ts'
import { chainlink } from './chainlink.ts'
import type { Rate } from './source.ts'

/** The most that a rate may have grown to: `value` at `since` (Unix seconds) and a simple share of it in every year after. */
export const rateCap = z.strictObject({ value: positive, since: unixSeconds, yearlyGrowth: natural.default(0n) })

/** The least that a rate counts as where it is owed; WAD. */
export const rateFloor = positive

/** What the market pays for the token, in the unit of the rate; a feed, without the name of its source. */
export const rateMarket = chainlink.configuration

/** Bounds of a rate; absent ones do not bind. */
export type RateBounds = {
  readonly cap?: z.output<typeof rateCap> | undefined
  readonly floor?: Wad | undefined
  readonly market?: z.output<typeof rateMarket> | undefined
}

/**
 * A rate that its own contract answers, cut against the account: what is held counts at the least of rate, cap and market,
 * what is owed at the most of rate, floor and market.
 *
 * @param rate - Rounded down, and up.
 * @throws {MissingMarketDataError} when the contract answers no rate.
 */
export function* withinBounds(
  rate: { readonly down: Wad; readonly up: Wad },
  { cap, floor, market }: RateBounds,
  { asset, source, block }: { readonly asset: AssetKey; readonly source: string; readonly block: PinnedBlock },
): ReadPlan<Rate> {
  const traded = market && (yield* chainlink.read(market, asset, block)).price
  const held = [rate.down, ...(cap ? [capAt(cap, block.timestamp)] : []), ...(traded ? [traded] : [])].reduce(min)
  if (held <= 0n) {
    throw new MissingMarketDataError(`${source} has no rate of ${asset}: it answers ${rate.down}.`, {
      metaMessages: ['Wait for the contract to recover, or name another source in the parameter set.'],
    })
  }
  const owed = [rate.up, ...(floor ? [floor] : []), ...(traded ? [traded] : [])].reduce(max)
  return { held, owed }
}

/** The cap at a time, rounded down; at `since` and before it is `value`. */
function capAt({ value, since, yearlyGrowth }: z.output<typeof rateCap>, timestamp: number): Wad {
  const elapsed = BigInt(Math.max(0, timestamp - since))
  return value + (value * yearlyGrowth * elapsed) / (wad * secondsPerYear)
}

/** An amount of 1e-`decimals` in WAD, rounded down and up. */
export function toRate(amount: bigint, decimals: number): { readonly down: Wad; readonly up: Wad } {
  const [numerator, unit] = [amount * wad, 10n ** BigInt(decimals)]
  return { down: numerator / unit, up: ceilDiv(numerator, unit) }
}
