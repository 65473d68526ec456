import { type ReadPlan, readAll } from '../core/readPlan.ts'
import type { VenueWitness } from '../core/snapshot.ts'
import type { Adapter, AdapterContext, VenuePositions } from './adapter.ts'
import { toVenueWitness } from './witness.ts'

/** What one venue says of an account: positions, requirements, and the witness that they are unchanged. */
export type VenueReading = VenuePositions & { readonly witness: VenueWitness }

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
  return { positions, requirements, rules, witness: toVenueWitness(context.venue, calls, results) }
}
