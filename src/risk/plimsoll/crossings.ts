import { BaseError } from '../../core/errors.ts'
import { type Wad, wad } from '../../core/units.ts'
import { ceilDiv, floorDiv, max, min, mul } from '../../kernel/fixedPoint.ts'

/** Where a condition turns bad, between two prices that are at most a step apart. WAD USD. */
export type Crossing = {
  readonly good: Wad
  readonly bad: Wad
  /** On which side of the crossing it is bad. */
  readonly badSide: 'below' | 'above'
  /** From spot to `good`, as a fraction of spot, negative below. */
  readonly distance: Wad
}

/** Crossings between spot and an end of the scan, nearest first. */
export type Crossings = {
  readonly direction: 'down' | 'up'
  readonly outcome: 'none' | 'one' | 'several'
  readonly crossings: readonly Crossing[]
  /** The last price looked at, in WAD USD: nothing is said of prices beyond. */
  readonly scannedTo: Wad
  /** Why the scan ended before its range did, if so. */
  readonly refusal: string | null
}

export type ScanOptions = {
  readonly spot: Wad
  /** The last price of the scan, WAD USD. */
  readonly end: Wad
  /** Relative distance of neighboring prices of the scan, WAD: two crossings closer than that can be missed. */
  readonly grid: Wad
  /** Resolution of a crossing, WAD USD. */
  readonly step: Wad
}

/**
 * Finds where a condition turns bad between spot and an end: looks at a grid of prices, then bisects between neighbors that
 * differ. A price at which the condition is refused ends the scan and is said.
 */
export function findCrossings(isBad: (price: Wad) => boolean, options: ScanOptions): Crossings {
  const { spot, end, step } = options
  const crossings: Crossing[] = []
  let from = spot
  let wasBad = isBad(spot)
  let refusal: string | null = null
  for (const price of gridPrices(options)) {
    try {
      const bad = isBad(price)
      if (bad !== wasBad) {
        const [good, worst] = bisect(isBad, wasBad ? [price, from] : [from, price], step)
        crossings.push({
          good,
          bad: worst,
          badSide: worst < good ? 'below' : 'above',
          distance: ((good - spot) * wad) / spot,
        })
      }
      from = price
      wasBad = bad
    } catch (error) {
      if (!(error instanceof BaseError)) throw error
      refusal = error.shortMessage
      break
    }
  }
  return {
    direction: end < spot ? 'down' : 'up',
    outcome: crossings.length === 0 ? 'none' : crossings.length === 1 ? 'one' : 'several',
    crossings,
    scannedTo: from,
    refusal,
  }
}

/** Prices from spot, excluded, to the end, included; multiples of the step but for the end. */
export function gridPrices({ spot, end, grid, step }: ScanOptions): readonly Wad[] {
  const prices: Wad[] = []
  let price = spot
  while (price !== end) {
    if (end < spot)
      price = max(end, min(floorDiv(mul(price, wad - grid), step) * step, ceilDiv(price, step) * step - step))
    else price = min(end, max(ceilDiv(mul(price, wad + grid), step) * step, floorDiv(price, step) * step + step))
    prices.push(price)
  }
  return prices
}

/** Narrows a good and a bad price to within a step of each other. */
function bisect(
  isBad: (price: Wad) => boolean,
  [firstGood, firstBad]: readonly [Wad, Wad],
  step: Wad,
): readonly [Wad, Wad] {
  let good = firstGood
  let bad = firstBad
  while (true) {
    const [low, high] = good < bad ? [good, bad] : [bad, good]
    if (high - low <= step) return [good, bad]
    const middle = (floorDiv(low + high, 2n * step) + (floorDiv(low + high, 2n * step) * step <= low ? 1n : 0n)) * step
    if (isBad(middle)) bad = middle
    else good = middle
  }
}
