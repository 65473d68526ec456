import { z } from 'zod'
import type { Underlying } from '../core/asset.ts'
import { MissingMarketDataError, StaleMarketDataError } from '../core/errors.ts'
import { type Volatility, volatilityKey } from '../core/market.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import { type Attempt, attempt, type ReadPlan, readTogether } from '../core/readPlan.ts'
import { fraction, natural, positive } from '../core/schema.ts'
import { secondsPerYear, type Wad, wad } from '../core/units.ts'
import { expWad, lnWad } from '../kernel/exponential.ts'
import { ceilDiv, divUp, max, min, mul } from '../kernel/fixedPoint.ts'
import { isqrt } from '../kernel/squareRoot.ts'
import { choose } from './choose.ts'
import { pricesAtSteps } from './pricesAtSteps.ts'
import type { MarketRequest, MarketSources, VolatilitySource } from './source.ts'

const sourceEntry = z.looseObject({ source: z.string().min(1) })

const configuration = z.strictObject({
  source: z.literal('realised'),
  /** A volatility source whose answers come first; what it lacks is estimated. Without it everything is. */
  instead: sourceEntry.optional(),
  /** Price history of the options' underlying. */
  history: sourceEntry,
  /** Seconds between the closes that returns are taken of. */
  interval: z.int().positive(),
  /** Returns in the window, back from the block. */
  returns: z.int().min(10).max(10_000),
  /** Seconds after which a squared return counts half; all count the same when left out. */
  halfLife: z.int().positive().optional(),
  /** Seconds that a price may be older than the close it stands for. */
  maximumAge: z.int().positive(),
  /** What shorts are marked at, at least, before their add-on: annual volatility, WAD. */
  floor: positive,
  /** Added to the volatility of shorts, WAD. */
  shortAddOn: natural,
  /** Taken off the volatility of longs, as a share of it. */
  longHaircut: fraction,
  /** Of every estimate: what has happened says little of what options cost. */
  confidence: fraction,
})

type RealisedConfiguration = z.output<typeof configuration>

/** ln 2, WAD. */
const ln2 = 693147180559945309n

/** What the source that comes first may throw without stopping the estimate. */
const absences = [MissingMarketDataError, StaleMarketDataError]

/**
 * The fallback where options have no market: volatility of the underlying's own past, one figure for every strike and expiry. The
 * root of the mean squared logarithmic return between closes, with no mean taken off, times `√(year / interval)`; with a
 * half-life the mean is RiskMetrics' exponentially weighted one, its weights summing to one. Longs are marked at
 * `σ·(1 − longHaircut)`, rounded down and at least a wei; shorts at `max(σ, floor) + shortAddOn`, rounded up.
 *
 * `read` throws {@link MissingMarketDataError} naming the first close for which the history has no price that is young enough.
 */
export const realisedVolatility: VolatilitySource<RealisedConfiguration> = {
  id: 'realised',
  configuration,

  *read(options, surface, contracts, block, atHand = { prices: [], volatilities: [], rates: [] }) {
    const { instead, history, interval, returns, maximumAge } = options
    const listed =
      instead === undefined
        ? contracts.map((contract): Listed => ({ contract, reason: '' }))
        : yield* readListed(instead, { surface, contracts, block, atHand })
    const missing = listed.filter(({ volatility }) => volatility === undefined)
    const underlyings = [...new Set(missing.map(({ contract }) => contract.underlying))]
    const { source, configuration } = choose(atHand.histories ?? [], history, `volatilities.${surface}.history`)
    const end = block.timestamp
    const estimates = new Map(
      yield* readTogether(
        underlyings.map(function* (underlying): ReadPlan<readonly [Underlying, Estimate]> {
          const samples = yield* source.read(configuration, underlying, { from: end - returns * interval, block })
          const steps = { name: underlying, end, count: returns + 1, interval, maximumAge }
          const closes = pricesAtSteps(samples, steps).map(({ price }) => price)
          return [underlying, estimate(closes, options)]
        }),
      ),
    )
    const name = `realised:${source.id}, ${returns} returns of ${interval} s, a fallback`
    return Object.fromEntries(
      listed.map(({ contract, volatility, reason }) => [
        volatilityKey(contract),
        volatility ?? { ...(estimates.get(contract.underlying) as Estimate), source: `${name}${reason}` },
      ]),
    )
  },
}

type Contract = MarketRequest['options'][number]
type Estimate = Omit<Volatility, 'source'>
type Listed = { readonly contract: Contract; readonly volatility?: Volatility; readonly reason: string }

/** What the source that comes first has of each contract, or why it has nothing. */
function* readListed(
  entry: { readonly source: string },
  context: {
    readonly surface: string
    readonly contracts: readonly Contract[]
    readonly block: PinnedBlock
    readonly atHand: MarketSources
  },
): ReadPlan<readonly Listed[]> {
  const { surface, contracts, block, atHand } = context
  const { source, configuration } = choose(atHand.volatilities, entry, `volatilities.${surface}.instead`)
  // One contract at a time, so that one that is missing does not take the others with it.
  const attempts = yield* readTogether(
    contracts.map((contract) => attempt(source.read(configuration, surface, [contract], block, atHand), absences)),
  )
  return contracts.map((contract, index): Listed => {
    const outcome = attempts[index] as Attempt<Readonly<Record<string, Volatility>>>
    if (outcome.status === 'failed') return { contract, reason: `: ${outcome.error.shortMessage}` }
    const volatility = outcome.result[volatilityKey(contract)]
    return volatility === undefined
      ? { contract, reason: `: ${source.id} does not list the contract.` }
      : { contract, volatility, reason: '' }
  })
}

/** Volatilities of longs and shorts from closes at equal steps, oldest first. */
export function estimate(
  closes: readonly Wad[],
  rule: Pick<RealisedConfiguration, 'interval' | 'halfLife' | 'floor' | 'shortAddOn' | 'longHaircut' | 'confidence'>,
): Estimate {
  const { interval, halfLife, floor, shortAddOn, longHaircut, confidence } = rule
  const decay = halfLife === undefined ? wad : expWad(-(ln2 * BigInt(interval)) / BigInt(halfLife))
  let weighted = 0n
  let weights = 0n
  closes.slice(1).forEach((close, index) => {
    const before = closes[index] as Wad
    // The square does not ask for the sign, and the logarithm of the larger over the smaller is never negative.
    const change = lnWad(divUp(max(before, close), min(before, close)))
    weighted = ceilDiv(weighted * decay, wad) + change ** 2n
    weights = mul(weights, decay) + wad
  })
  // Mean square in 36 decimals; its root has 18.
  const annual = (weighted * wad * secondsPerYear) / (weights * BigInt(interval))
  const sigma = isqrt(annual)
  return {
    low: max(mul(sigma, wad - longHaircut), 1n),
    high: max(sigma + 1n, floor) + shortAddOn,
    confidence,
  }
}
