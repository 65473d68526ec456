import { z } from 'zod'
import { readTogether } from '../core/readPlan.ts'
import { wad } from '../core/units.ts'
import { ceilDiv } from '../kernel/fixedPoint.ts'
import { choose } from './choose.ts'
import type { Rate, RateSource } from './source.ts'

const configuration = z.strictObject({
  source: z.literal('chain'),
  /** From the asset to its underlying: each rate counts units of what the next one starts from. */
  rates: z.array(z.looseObject({ source: z.string().min(1) })).min(2),
})

/**
 * The product of rates, such as of a vault share in wstETH and of wstETH in ether; what is held rounded down and what is owed
 * up after each. Every link but the first must name its contract.
 */
export function chainedRate(
  // biome-ignore lint/suspicious/noExplicitAny: a list of sources cannot name each one's types.
  sources: readonly RateSource<any>[],
): RateSource<z.output<typeof configuration>> {
  return {
    id: 'chain',
    configuration,
    *read({ rates }, asset, block) {
      const links = yield* readTogether(
        rates.map((entry, index) => {
          const { source, configuration } = choose(sources, entry, `assets.${asset}.rate.rates.${index}`)
          return source.read(configuration, asset, block)
        }),
      )
      return links.reduce<Rate>(
        (product, { held, owed }) => ({
          held: (product.held * held) / wad,
          owed: ceilDiv(product.owed * owed, wad),
        }),
        { held: wad, owed: wad },
      )
    },
  }
}
