import type { Underlying } from '../core/asset.ts'
import { BaseError, InvalidInputError } from '../core/errors.ts'
import type { HistoryMultiplierRule } from '../core/parameters.ts'
import { type Wad, wad } from '../core/units.ts'
import { expWad, lnWad } from '../kernel/exponential.ts'
import { ceilDiv, divUp, max, min } from '../kernel/fixedPoint.ts'
import { isqrt } from '../kernel/squareRoot.ts'
import type { PriceSample } from './source.ts'

/** Two moments, in Unix seconds, between which a history has no sample. */
export type HistoryGap = { readonly from: number; readonly to: number }

/** A price history does not reach back far enough, or has gaps that are longer than its rule allows. */
export class InsufficientHistoryError extends BaseError {
  override readonly name = 'InsufficientHistoryError'
}

const secondsPerDay = 86_400n
/** ln 2, WAD. */
const ln2 = 693147180559945309n

/**
 * Range multiplier of an underlying at a time, WAD: how its volatility stands to the one at which its range was calibrated.
 *
 * The daily variance is RiskMetrics' exponentially weighted average over uneven steps, from the long-run one at the first
 * sample of the window: `v' = λ·v + (1 − λ)·r²/dt`, `λ = 2^(−dt/halfLife)`, r the logarithmic return. Each sample asks for
 * `min(clamp, √v / longRunVolatility)`, less what has been released since (`releasePerDay`); the largest counts, never below
 * the floor. So a jump counts at once, and calm lowers the multiplier by a bounded step per day. Between the last sample and
 * `timestamp` the variance does not decay. Variance, volatility and quotient are rounded up, the release down.
 *
 * @throws {InsufficientHistoryError} when the samples start after `timestamp − lookback`, or leave a gap of more than `maximumGap`.
 * @throws {InvalidInputError} when the samples are not in the order of time or a price is not positive.
 * @example
 * rangeMultiplier({ underlying: 'ETH', rule, samples, timestamp })
 * // 1250000000000000000n: every range scenario moves ETH a quarter further
 */
export function rangeMultiplier(options: {
  readonly underlying: Underlying
  readonly rule: HistoryMultiplierRule
  /** In the order of time; those after `timestamp`, and those that the window does not need, are ignored. */
  readonly samples: readonly PriceSample[]
  /** Unix seconds. */
  readonly timestamp: number
}): Wad {
  const { rule, timestamp } = options
  const [first, ...rest] = windowOf(options)
  let variance = rule.longRunVolatility ** 2n
  let multiplier = rule.floor
  let previous = first
  for (const sample of rest) {
    variance = nextVariance(variance, { previous, sample, halfLife: rule.halfLife })
    const asked = min(rule.clamp, divUp(squareRootUp(variance), rule.longRunVolatility))
    const released = (rule.releasePerDay * BigInt(timestamp - sample.time)) / secondsPerDay
    multiplier = max(multiplier, asked - released)
    previous = sample
  }
  return multiplier
}

/** Gaps of more than `maximumGap` seconds between samples in the order of time, and from the last one to `to`. */
export function historyGaps(
  samples: readonly PriceSample[],
  { maximumGap, to }: { readonly maximumGap: number; readonly to: number },
): readonly HistoryGap[] {
  return samples.flatMap(({ time: from }, index) => {
    const next = samples[index + 1]?.time ?? to
    return next - from > maximumGap ? [{ from, to: next }] : []
  })
}

/** Samples from the newest one at or before the start of the window to the newest at or before its end. */
function windowOf({
  underlying,
  rule: { lookback, maximumGap },
  samples,
  timestamp,
}: Parameters<typeof rangeMultiplier>[0]): readonly [PriceSample, ...PriceSample[]] {
  samples.forEach(({ time, price }, index) => {
    const before = samples[index - 1]?.time ?? -1
    if (time <= before || price <= 0n) {
      throw new InvalidInputError(
        `The price history of ${underlying} has ${price} at ${time} after a sample at ${before}.`,
        {
          metaMessages: ['Samples must be in the order of time, each at a time of its own and with a positive price.'],
        },
      )
    }
  })
  const start = timestamp - lookback
  const known = samples.filter(({ time }) => time <= timestamp)
  const index = known.findLastIndex(({ time }) => time <= start)
  const [first, ...rest] = known.slice(Math.max(index, 0))
  if (first === undefined || index < 0) {
    throw new InsufficientHistoryError(
      `The price history of ${underlying} must start by ${start}, ${lookback} s before ${timestamp}, ` +
        `and ${first === undefined ? 'has no sample before then or since' : `starts at ${first.time}`}.`,
      { metaMessages: ['Give a longer history, or let the multiplier be fixed in the parameter set.'] },
    )
  }
  const gaps = historyGaps([first, ...rest], { maximumGap, to: timestamp })
  if (gaps.length > 0) {
    throw new InsufficientHistoryError(
      `The price history of ${underlying} has ${gaps.length} gaps of more than ${maximumGap} s.`,
      {
        metaMessages: [
          ...gaps.slice(0, 5).map(({ from, to }) => `Nothing between ${from} and ${to} (${to - from} s).`),
          'Fill them, raise `maximumGap` if the source is that slow, or let the multiplier be fixed.',
        ],
      },
    )
  }
  return [first, ...rest]
}

/** Daily variance after one more return, scaled by 1e36, rounded up. */
function nextVariance(
  variance: bigint,
  step: { readonly previous: PriceSample; readonly sample: PriceSample; readonly halfLife: number },
): bigint {
  const { previous, sample, halfLife } = step
  const seconds = BigInt(sample.time - previous.time)
  // The larger price over the smaller: the square does not ask for the sign, and the logarithm is never negative.
  const change = lnWad(divUp(max(previous.price, sample.price), min(previous.price, sample.price)))
  const realized = ceilDiv(change ** 2n * secondsPerDay, seconds)
  const decay = expWad(-(ln2 * seconds) / BigInt(halfLife))
  return ceilDiv(decay * variance + (wad - decay) * realized, wad)
}

function squareRootUp(x: bigint): bigint {
  const root = isqrt(x)
  return root ** 2n === x ? root : root + 1n
}
