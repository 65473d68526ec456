import type { z } from 'zod'
import { MissingMarketDataError } from '../core/errors.ts'
import { parseWith } from '../core/schema.ts'

/**
 * The source that an entry of a parameter set names, and the entry as that source reads it. `path` is where the entry stands.
 *
 * @throws {MissingMarketDataError} when there is no entry, or no such source at hand.
 * @throws {InvalidInputError} when the entry is not what its source expects.
 */
export function choose<Source extends { readonly id: string; readonly configuration: z.ZodType }>(
  sources: readonly Source[],
  entry: { readonly source: string } | undefined,
  path: string,
): { readonly source: Source; readonly configuration: unknown } {
  if (entry === undefined) {
    throw new MissingMarketDataError(`The parameter set has no entry ${path}.`, { metaMessages: ['Add one.'] })
  }
  const source = sources.find(({ id }) => id === entry.source)
  if (source === undefined) {
    throw new MissingMarketDataError(`${path} names the source ${entry.source}, which is not at hand.`, {
      metaMessages: [`At hand: ${sources.map(({ id }) => id).join(', ')}.`],
    })
  }
  return { source, configuration: parseWith(source.configuration, entry, path) }
}
