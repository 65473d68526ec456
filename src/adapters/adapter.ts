import type { Address, Hex } from 'viem'
import type { z } from 'zod'
import type { AssetKey } from '../core/asset.ts'
import type { FoundLog, LogFilter } from '../core/logs.ts'
import type { PinnedBlock, VenueRequirement } from '../core/portfolio.ts'
import type { Position } from '../core/position.ts'
import type { PlannedCall, ReadPlan } from '../core/readPlan.ts'
import type { SharedPlans } from '../core/sharedPlan.ts'
import type { VenueRule } from '../core/venueRule.ts'

/** What an adapter is told about the read it takes part in. */
export type AdapterContext<Configuration> = {
  /** Name of this venue in the parameter set. */
  readonly venue: string
  readonly configuration: Configuration
  readonly account: Address
  readonly block: PinnedBlock
  /** Tokens of the parameter set with their decimals. */
  readonly assets: Readonly<Record<AssetKey, { readonly decimals: number }>>
  /** Ids of the account that no view lists, from logs or from the user: distinct, in ascending order of their text. */
  readonly ids?: readonly string[]
  /** What is read once for all accounts of this venue at this block; without it each account reads it anew. */
  readonly shared?: SharedPlans | undefined
}

/** How the ids of an account are found at a protocol none of whose views lists them. */
export type Discovery<Configuration> = {
  filters(context: AdapterContext<Configuration>): readonly LogFilter[]
  /**
   * Every id that the account holds or held; `read` drops what is empty and refuses where a count says that ids are missing.
   * The logs of a search come in parts, so the ids of all logs are those of each part together.
   */
  toIds(logs: readonly FoundLog[], context: AdapterContext<Configuration>): readonly string[]
}

/** Logs of one contract that tell of an account: one of the `words`, 32 bytes each, is a topic or stands in the data. */
export type TellingLogs = { readonly contract: Address; readonly words: readonly Hex[] }

/** What an account holds and owes at a venue, and what the venue demands of it. */
export type VenuePositions = {
  readonly positions: readonly Position[]
  readonly requirements: readonly VenueRequirement[]
  readonly rules: readonly VenueRule[]
}

/**
 * One protocol behind one interface. An adapter has no I/O of its own: `read` yields calls, the rest is pure.
 *
 * `read` discovers and reads everything of the account; `toPositions` translates; `witness` names the static calls whose
 * results change on every user action at the venue and on nothing else (no accrual), or declares what else changes them.
 */
export interface Adapter<Configuration, Raw> {
  readonly id: string
  readonly configuration: z.ZodType<Configuration>
  /** Only where no view lists what an account holds. */
  readonly discovery?: Discovery<Configuration>
  read(context: AdapterContext<Configuration>): ReadPlan<Raw>
  toPositions(raw: Raw, context: AdapterContext<Configuration>): VenuePositions
  witness(raw: Raw, context: AdapterContext<Configuration>): readonly PlannedCall[]
  /**
   * Only where no view of the venue shows a debt without its interest: then the witness of an account with a debt also changes
   * when anyone makes the debt's market accrue. It fails too often there, never too seldom.
   */
  readonly witnessAlsoChangesOn?: 'accrualOfDebts'
  /**
   * Where every result of the witness stays as it is until a log tells of the account: all such logs. Left out where one can
   * change without a log; the account is then read anew at every block.
   */
  toldBy?(raw: Raw, context: AdapterContext<Configuration>): readonly TellingLogs[]
}

/** An adapter of any protocol, as the engine holds it. */
// biome-ignore lint/suspicious/noExplicitAny: a list of adapters cannot name each one's types.
export type AnyAdapter = Adapter<any, any>
