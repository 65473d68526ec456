import { type QuoteUnits, wad } from '../../../core/units.ts'
import { floorDiv } from '../../../kernel/fixedPoint.ts'

/** US dollars scaled by 1e36: fine enough that what is lost in a share is far below a quote unit. */
export type FineShare = bigint

/** Fine shares in one quote unit. */
export const sharesPerQuoteUnit = 10n ** 30n

/** Fine shares in one WAD of US dollars. */
export const sharesPerWad = wad

/**
 * Rounds shares to whole quote units that sum to `total` exactly, by the largest remainder: each is rounded down, and what is
 * left goes one unit each to the largest fractions, ties to the earlier index. A share of zero stays zero unless all are.
 */
export function apportion(total: QuoteUnits, shares: readonly FineShare[]): readonly QuoteUnits[] {
  const parts = shares.map((share) => floorDiv(share, sharesPerQuoteUnit))
  const rest = total - parts.reduce((sum, part) => sum + part, 0n)
  if (rest === 0n) return parts
  const fractions = shares.map((share, index) => ({
    index,
    share,
    fraction: share - (parts[index] ?? 0n) * sharesPerQuoteUnit,
  }))
  const sharing = fractions.filter(({ share }) => share !== 0n)
  const order = (sharing.length > 0 ? sharing : fractions).sort((a, b) =>
    a.fraction === b.fraction ? a.index - b.index : a.fraction > b.fraction ? -1 : 1,
  )
  const each = floorDiv(rest, BigInt(order.length))
  const further = Number(rest - each * BigInt(order.length))
  order.forEach(({ index }, place) => {
    parts[index] = (parts[index] ?? 0n) + each + (place < further ? 1n : 0n)
  })
  return parts
}

/**
 * Shares pro rata to weights for a line that is what others leave of the weights' sum. Weights that sum to less than the line,
 * by its rounding alone, are left as they are: scaled up, large opposite weights would grow without bound.
 */
export function scaleDown(line: QuoteUnits, weights: readonly FineShare[]): readonly FineShare[] {
  const target = line * sharesPerQuoteUnit
  const sum = sumOfShares(weights)
  return sum <= target ? weights : weights.map((weight) => floorDiv(weight * target, sum))
}

/** Splits an amount pro rata to weights that are not negative, rounded down; evenly when all are zero. */
export function split(amount: FineShare, weights: readonly bigint[]): readonly FineShare[] {
  const sum = sumOfShares(weights)
  return sum === 0n
    ? weights.map(() => floorDiv(amount, BigInt(weights.length)))
    : weights.map((weight) => floorDiv(amount * weight, sum))
}

/** Sums lists of shares place by place. */
export function addShares(a: readonly FineShare[], b: readonly FineShare[]): readonly FineShare[] {
  return a.map((share, index) => share + (b[index] ?? 0n))
}

function sumOfShares(shares: readonly FineShare[]): FineShare {
  return shares.reduce((sum, share) => sum + share, 0n)
}
