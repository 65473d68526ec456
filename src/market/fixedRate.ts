import { z } from 'zod'
import { positive } from '../core/schema.ts'
import { rateMarket, withinBounds } from './boundedRate.ts'
import type { RateSource } from './source.ts'

const configuration = z.strictObject({
  source: z.literal('fixed'),
  /** Units of the underlying in one whole token, WAD. */
  value: positive,
  market: rateMarket.optional(),
})

/** A rate that does not move, such as 1 for WETH in ETH, or what is redeemable at 1 and may trade for less. */
export const fixedRate: RateSource<z.output<typeof configuration>> = {
  id: 'fixed',
  configuration,
  *read({ value, market }, asset, block) {
    return yield* withinBounds({ down: value, up: value }, { market }, { asset, source: 'fixed', block })
  },
}
