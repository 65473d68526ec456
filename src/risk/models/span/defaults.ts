import type { Commodity } from './commodity.ts'
import type { SpanParameters } from './parameters.ts'

/** Expiry buckets in days: a week, a month, a quarter, half a year, a year, and beyond. */
const buckets = [0, 7, 35, 95, 190, 370, 100_000]

const spreadTiers = buckets
  .slice(1)
  .map((to, index) => ({ tier: index + 1, from: index === 0 ? 0 : (buckets[index] as number) + 1e-9, to }))

/** Nearest buckets first: a book hedged within a bucket pays that bucket's basis before it meets another. */
const calendarSpreads = spreadTiers
  .flatMap((left) =>
    spreadTiers.filter(({ tier }) => tier >= left.tier).map((right) => ({ left: left.tier, right: right.tier })),
  )
  .toSorted((one, other) => one.right - one.left - (other.right - other.left) || one.left - other.left)
  .map(({ left, right }, index) => ({
    priority: index + 1,
    rate: { shareOfPrice: 0.01 },
    legs: [
      { tier: left, ratio: 1, side: 'A' as const },
      { tier: right, ratio: 1, side: 'B' as const },
    ],
  }))

function cryptoCommodity(priceScanRange: number): Commodity {
  return {
    priceScanRange: { kind: 'share', value: priceScanRange },
    volatilityScanRange: { kind: 'relative', value: 0.5 },
    tiers: { spread: spreadTiers },
    spreads: calendarSpreads,
    shortOptionMinimum: { rate: { shareOfPrice: 0.02 }, method: 'gross' },
    weightedPriceRisk: 'SCANRANGE_CAP',
    initialRatio: 1.1,
    maintenanceRatio: 1,
  }
}

/**
 * SPAN over crypto-assets: a combined commodity per underlying, tiers by days to expiry, no credit between underlyings. No
 * clearing house publishes such a set; where each figure comes from is in docs/models/span.md.
 */
export const spanDefaults: SpanParameters = {
  schema: 'plimsoll-model/1',
  model: 'span',
  name: 'crypto-1',
  lookAhead: 1 / 365,
  extremeMove: { multiplier: 3, cover: 0.33 },
  compositeDelta: { weights: [0.27, 0.217, 0.11, 0.037], normalize: true },
  commodities: { BTC: cryptoCommodity(0.16), ETH: cryptoCommodity(0.18) },
  otherCommodities: cryptoCommodity(0.25),
}
