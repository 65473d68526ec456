import { z } from 'zod'
import { InvalidInputError } from '../core/errors.ts'
import { readTogether } from '../core/readPlan.ts'
import { parseWith } from '../core/schema.ts'
import { wad } from '../core/units.ts'
import { ceilDiv } from '../kernel/fixedPoint.ts'
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
          const where = `rates.${asset}.rates.${index}`
          const source = sources.find(({ id }) => id === entry.source)
          if (source === undefined) {
            throw new InvalidInputError(`${where} names the source ${entry.source}, which no chain can hold.`, {
              metaMessages: [`At hand: ${sources.map(({ id }) => id).join(', ')}.`],
            })
          }
          return source.read(parseWith(source.configuration, entry, where), asset, block)
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
