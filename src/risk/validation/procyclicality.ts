import { InvalidInputError } from '../../core/errors.ts'

/** How much a series of margins of one unchanged book moves. */
export type Procyclicality = {
  /** Largest margin over the smallest one within any window; null when a margin is not above zero. */
  readonly peakToTrough: number | null
  /** Largest rise over `days` steps or fewer, as an amount and as a share of where it began. */
  readonly largestRise: {
    readonly amount: number
    readonly share: number | null
    readonly from: number
    readonly to: number
  }
}

/**
 * Measures of procyclicality: peak to trough, and the n-day stress. D. Murphy, M. Vasios and N. Vause, "An investigation into the
 * procyclicality of risk-based initial margin models" (Bank of England, 2014).
 *
 * @param margins - Margin of the book at each step, oldest first.
 * @throws {InvalidInputError} when there is no margin or a length is not a count above zero.
 */
export function procyclicalityOf(
  margins: readonly number[],
  { window, days }: { readonly window: number; readonly days: number },
): Procyclicality {
  if (margins.length === 0 || !isCount(window) || !isCount(days)) {
    throw new InvalidInputError(
      `Procyclicality of ${margins.length} margins over ${window} and ${days} steps is undefined.`,
      {
        metaMessages: ['Give at least one margin and counts of steps above zero.'],
      },
    )
  }
  let peakToTrough = 1
  let largest = { amount: 0, share: 0, from: 0, to: 0 }
  for (const [to, margin] of margins.entries()) {
    const recent = margins.slice(Math.max(0, to - window + 1), to + 1)
    peakToTrough = Math.max(peakToTrough, ratio(Math.max(...recent), Math.min(...recent)))
    for (let from = Math.max(0, to - days); from < to; from++) {
      const before = margins[from] as number
      if (margin - before > largest.amount) {
        largest = { amount: margin - before, share: ratio(margin, before) - 1, from, to }
      }
    }
  }
  const finite = (value: number) => (Number.isFinite(value) ? value : null)
  return { peakToTrough: finite(peakToTrough), largestRise: { ...largest, share: finite(largest.share) } }
}

function ratio(upper: number, lower: number): number {
  if (upper === lower) return 1
  return lower > 0 ? upper / lower : Infinity
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0
}
