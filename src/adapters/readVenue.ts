import { type PlannedCall, type ReadPlan, readAll } from '../core/readPlan.ts'
import type { VenueWitness } from '../core/snapshot.ts'
import type { Adapter, AdapterContext, TellingLogs, VenuePositions } from './adapter.ts'
import { toVenueWitness } from './witness.ts'

/** Calls with results that hold until one of the logs is there. */
export type LastingAnswers = {
  readonly answers: readonly { readonly call: PlannedCall; readonly value: unknown }[]
  readonly until: readonly TellingLogs[]
}

/** What one venue says of an account: positions, requirements, and the witness that they are unchanged. */
export type VenueReading = VenuePositions & {
  readonly witness: VenueWitness
  /** The witness itself, where the adapter says which logs tell of a change. */
  readonly lasting?: LastingAnswers
}

/**
 * Reads a venue with its adapter and then the witness, most of whose calls are usually answered by then.
 *
 * @throws whatever the adapter throws for a position that it refuses.
 */
export function* readVenue<Configuration, Raw>(
  adapter: Adapter<Configuration, Raw>,
  context: AdapterContext<Configuration>,
): ReadPlan<VenueReading> {
  const raw = yield* adapter.read(context)
  const { positions, requirements, rules } = adapter.toPositions(raw, context)
  const calls = adapter.witness(raw, context)
  const results = yield* readAll(calls)
  const witness = toVenueWitness(context.venue, calls, results)
  const until = adapter.toldBy?.(raw, context)
  if (until === undefined) return { positions, requirements, rules, witness }
  const answers = calls.map((call, index) => ({ call, value: results[index] }))
  return { positions, requirements, rules, witness, lasting: { answers, until } }
}
