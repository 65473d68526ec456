import { InvalidInputError } from '../core/errors.ts'
import type { AdapterContext } from './adapter.ts'

/**
 * The ids that an adapter cannot find by itself.
 *
 * @throws {InvalidInputError} when nobody looked for them: no ids is an answer, silence is none.
 */
export function requireIds({ venue, ids }: Pick<AdapterContext<unknown>, 'venue' | 'ids'>): readonly string[] {
  if (ids !== undefined) return ids
  throw new InvalidInputError(`${venue}: no view lists what the account holds, and its ids were not looked for.`, {
    metaMessages: ['Read with `readSnapshot`, which searches the logs, or give the ids.'],
  })
}
