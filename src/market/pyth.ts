import { parseAbi } from 'viem'
import { z } from 'zod'
import { InconsistentReadError, MissingMarketDataError, UncertainMarketDataError } from '../core/errors.ts'
import { readAll } from '../core/readPlan.ts'
import { address, bytes32, fraction } from '../core/schema.ts'
import { powerOfTen, type Wad, wad } from '../core/units.ts'
import { requireFresh } from './freshness.ts'
import type { PriceSource } from './source.ts'

const pythAbi = parseAbi([
  'struct Price { int64 price; uint64 conf; int32 expo; uint256 publishTime; }',
  'function getPriceUnsafe(bytes32 id) view returns (Price price)',
  'error PriceFeedNotFound()',
])

const configuration = z.strictObject({
  source: z.literal('pyth'),
  /** The Pyth contract of the chain. */
  contract: address,
  /** Id of the price of the underlying against the US dollar. */
  priceId: bytes32,
  /** Seconds. */
  maxAge: z.int().positive(),
  /** Largest half width of the confidence interval, as a share of the price. */
  maxConfidence: fraction.refine((value) => value > 0n, 'expected more than zero'),
})

/** Exponents at which a 64-bit price is neither always below a wei nor always above what can be priced. */
const exponents = { least: -36, most: 18 }

/**
 * A price of Pyth as its contract holds it: `price · 10^expo` in WAD, rounded down. Confidence is `1 − conf / price`, rounded
 * down, so that what the oracle-confidence line charges is Pyth's own interval in dollars. Nothing is pushed: whoever relies on
 * the price sees to its updates.
 *
 * `read` throws {@link MissingMarketDataError} for a price that is not positive or below a wei, {@link StaleMarketDataError} for
 * one older than `maxAge`, {@link UncertainMarketDataError} for an interval wider than `maxConfidence`, {@link InconsistentReadError}
 * for one published after the block or with an exponent outside −36 to 18. A price id that the contract does not know makes its
 * call revert.
 */
export const pyth: PriceSource<z.output<typeof configuration>> = {
  id: 'pyth',
  configuration,

  *read({ contract, priceId, maxAge, maxConfidence }, underlying, block) {
    const [{ price: digits, conf, expo, publishTime }] = yield* readAll([
      { address: contract, abi: pythAbi, functionName: 'getPriceUnsafe', args: [priceId] },
    ])
    const source = `pyth:${contract}:${priceId}`
    if (expo < exponents.least || expo > exponents.most) {
      throw new InconsistentReadError(
        `${source} gives ${underlying} the exponent ${expo}, outside ${exponents.least} to ${exponents.most}.`,
        { metaMessages: ['Check `contract` and `priceId` of the price in the parameter set.'] },
      )
    }
    const price = digits > 0n ? toWad(digits, expo) : 0n
    if (price === 0n || publishTime === 0n) {
      throw new MissingMarketDataError(
        `${source} has no price of ${underlying}: it answers ${digits}e${expo}, published at ${publishTime}.`,
        { metaMessages: ['Wait for the feed to recover, or name another source in the parameter set.'] },
      )
    }
    const updatedAt = Number(publishTime)
    requireFresh({ what: `the price of ${underlying}`, source, updatedAt, maxAge, block })
    if (conf * wad > maxConfidence * digits) {
      throw new UncertainMarketDataError(
        `${source} gives ${underlying} ${digits}e${expo} ± ${conf}e${expo}; ${maxConfidence} of 1e18 is allowed.`,
        {
          metaMessages: ['Wait for publishers to agree, or raise `maxConfidence` of the source.'],
          retryable: true,
        },
      )
    }
    return { price, confidence: ((digits - conf) * wad) / digits, updatedAt, source }
  },
}

/** `digits · 10^exponent` in WAD, rounded down. */
function toWad(digits: bigint, exponent: number): Wad {
  const decimals = 18 + exponent
  return decimals >= 0 ? digits * powerOfTen(decimals) : digits / powerOfTen(-decimals)
}
