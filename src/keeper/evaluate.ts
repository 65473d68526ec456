import type { Address } from 'viem'
import { type Improvement, withBoundedEquity } from '../attest/improvement.ts'
import { encodeWord, type MarginRecord } from '../attest/record.ts'
import { type ToRecordOptions, toRecord } from '../attest/toRecord.ts'
import { BaseError } from '../core/errors.ts'
import type { MarginParameters } from '../core/parameters.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { AccountReading } from '../readSnapshots.ts'
import { calculateMargin } from '../risk/plimsoll/calculateMargin.ts'
import type { LastPost, PostPolicy } from './policy.ts'
import { type Computed, type RecheckPolicy, recheckReason, toComputed } from './recheck.ts'

/** An account with its policy. */
export type KeptAccount = { readonly account: Address; readonly policy: PostPolicy }

/** What a round knows of an account before it decides. */
export type Evaluated = {
  readonly account: Address
  readonly policy: PostPolicy
  /** What consumers rely on now. */
  readonly last: LastPost | null
  readonly improvement: Improvement
  readonly snapshot: Snapshot
  readonly computed: Computed
  /** The record that the margin at hand makes, as if observed at the round's block; equity bounded. */
  readonly record: MarginRecord
  /** The bound on improvement lowers equity. */
  readonly isBounded: boolean
  /** Calculated from this round's block. */
  readonly isFresh: boolean
}

/** An account of which nothing can be said this round. */
export type Refused = { readonly account: Address; readonly refusal: BaseError }

export type EvaluateOptions = {
  readonly parameters: MarginParameters
  readonly flags: ToRecordOptions
  /** Without it every account is calculated every round. */
  readonly recheck: RecheckPolicy | undefined
  readonly policyOf: (account: Address) => PostPolicy
  readonly lastOf: (account: Address) => LastPost | null
  readonly improvementOf: (account: Address) => Improvement
}

/** Longest that the event loop is not given back while margins are calculated, milliseconds. */
const slice = 25

/**
 * Margins of a reading. What an earlier round calculated stands in where {@link recheckReason} finds no reason against it;
 * `known` holds the newest margin of every account and is brought up to date.
 *
 * @throws what is no refusal of one account.
 */
export async function evaluate(
  readings: readonly AccountReading[],
  known: Map<Address, Computed>,
  options: EvaluateOptions,
): Promise<{ readonly evaluated: readonly Evaluated[]; readonly refused: readonly Refused[] }> {
  const evaluated: Evaluated[] = []
  const refused: Refused[] = []
  let since = performance.now()
  for (const reading of readings) {
    const outcome = 'refusal' in reading ? reading : evaluateOne(reading, known, options)
    if ('refusal' in outcome) {
      // What is known of it is no longer what the chain says.
      known.delete(outcome.account)
      refused.push(outcome)
    } else evaluated.push(outcome)
    if (performance.now() - since > slice) {
      await new Promise((resolve) => setImmediate(resolve))
      since = performance.now()
    }
  }
  return { evaluated, refused }
}

/** The same account calculated from this round's block. */
export function refresh(
  evaluated: Evaluated,
  known: Map<Address, Computed>,
  options: Pick<EvaluateOptions, 'parameters' | 'flags'>,
): Evaluated | Refused {
  if (evaluated.isFresh) return evaluated
  const { account, snapshot } = evaluated
  return orRefused(account, () => {
    const computed = compute(snapshot, options.parameters)
    known.set(account, computed)
    return { ...evaluated, ...recordOf(computed, evaluated, options.flags), computed, isFresh: true }
  })
}

function evaluateOne(
  { account, snapshot }: Extract<AccountReading, { readonly snapshot: Snapshot }>,
  known: Map<Address, Computed>,
  options: EvaluateOptions,
): Evaluated | Refused {
  const { parameters, flags, recheck } = options
  const policy = options.policyOf(account)
  const last = options.lastOf(account)
  const about = { account, policy, last, improvement: options.improvementOf(account), snapshot }
  return orRefused(account, () => {
    const before = known.get(account)
    if (before !== undefined && recheck !== undefined) {
      const standing = recordOf(before, about, flags)
      const policyAt = { policy, last, flags: standing.record.flags }
      if (recheckReason(recheck, before, snapshot, policyAt) === undefined) {
        return { ...about, ...standing, computed: before, isFresh: false }
      }
    }
    const computed = compute(snapshot, parameters)
    known.set(account, computed)
    return { ...about, ...recordOf(computed, about, flags), computed, isFresh: true }
  })
}

function compute(snapshot: Snapshot, parameters: MarginParameters): Computed {
  const { portfolio, market } = snapshot
  return toComputed(snapshot, calculateMargin({ portfolio, market, parameters }))
}

function recordOf(
  { result }: Computed,
  { snapshot, improvement }: Pick<Evaluated, 'snapshot' | 'improvement'>,
  flags: ToRecordOptions,
): Pick<Evaluated, 'record' | 'isBounded'> {
  const { block } = snapshot.portfolio
  const record = toRecord({ ...result, block }, flags)
  const bounded = withBoundedEquity(record, improvement)
  // What no record can carry is refused here, where it concerns one account.
  encodeWord(bounded)
  return { record: bounded, isBounded: bounded.equity < record.equity }
}

function orRefused(account: Address, run: () => Evaluated): Evaluated | Refused {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    return { account, refusal: error }
  }
}
