import { z } from 'zod'
import { positive } from '../core/schema.ts'
import type { RateSource } from './source.ts'

const configuration = z.strictObject({
  source: z.literal('fixed'),
  /** Units of the underlying in one whole token, WAD. */
  value: positive,
})

/** A rate that does not move, such as 1 for WETH in ETH. */
export const fixedRate: RateSource<z.output<typeof configuration>> = {
  id: 'fixed',
  configuration,
  // biome-ignore lint/correctness/useYield: a plan that asks nothing.
  *read({ value }) {
    return value
  },
}
