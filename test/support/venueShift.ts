import type { MarginParameters } from '../../src/core/parameters.ts'
import type { VenueShift } from '../../src/risk/venues/venueState.ts'

const wad = 10n ** 18n
const openingPrices: Readonly<Record<string, bigint>> = {
  BTC: 60_000n * wad,
  DAI: wad,
  ETH: 2_000n * wad,
  SUSD: wad,
  USDC: wad,
}

/** Our own prices moved from those at which a devnet opens; `to` in WAD USD, unmoved when not named. */
export function shiftFromOpening(
  { assets }: MarginParameters,
  { timestamp }: { readonly timestamp: number },
  to: Readonly<Record<string, bigint>> = {},
): VenueShift {
  const base = (underlying: string) => {
    const price = openingPrices[underlying]
    if (price === undefined) throw new Error(`no opening price of ${underlying}`)
    return price
  }
  return {
    price: (underlying) => to[underlying] ?? base(underlying),
    base,
    underlyingOf: (asset) => assets[asset]?.underlying,
    rate: () => wad,
    timestamp,
  }
}

/** Smallest price of ether on a grid of `step` at which `holds` is true, given that it is true from there on. */
export function firstPrice(low: bigint, high: bigint, step: bigint, holds: (price: bigint) => boolean): bigint {
  let [below, above] = [low / step, high / step]
  if (holds(below * step) || !holds(above * step)) throw new Error(`no change between ${low} and ${high}`)
  while (above - below > 1n) {
    const middle = (below + above) / 2n
    if (holds(middle * step)) above = middle
    else below = middle
  }
  return above * step
}
