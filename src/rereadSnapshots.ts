import type { Address, Client } from 'viem'
import type { LastingAnswers } from './adapters/readVenue.ts'
import type { KnownAnswer } from './chain/runPlans.ts'
import { type LoggedWords, readLoggedWords, tellOf } from './chain/tellingLogs.ts'
import { pinFor, type ReadSnapshotsOptions, readSnapshotsAt, type SnapshotsReading } from './readSnapshots.ts'

/** Accounts of the earlier read by default. */
export type RereadSnapshotsOptions = Omit<ReadSnapshotsOptions, 'accounts'> &
  Partial<Pick<ReadSnapshotsOptions, 'accounts'>>

/**
 * Reads accounts at a later block as `readSnapshots` does, with the same result, but asks less: of a venue none of whose logs
 * since the earlier read tells of an account, the witness answers what it answered, so only what moves by itself (interest,
 * funding, prices) is asked again, and logs are searched for ids from where the earlier read ended. Where the earlier block is no ancestor, or more than 128 blocks back, everything is.
 *
 * @throws whatever `readSnapshots` throws.
 */
export async function rereadSnapshots(
  client: Client,
  previous: SnapshotsReading,
  options: RereadSnapshotsOptions,
): Promise<SnapshotsReading> {
  const { accounts = previous.readings.map(({ account }) => account) } = options
  const block = await pinFor(client, { ...options })
  const contracts = new Set<Address>()
  for (const answers of previous.lasting.values()) {
    for (const { until } of answers) for (const { contract } of until) contracts.add(contract)
  }
  const logged = await readLoggedWords(client, [...contracts], { after: previous.block, upTo: block })
  const knownOf = (account: Address): readonly KnownAnswer[] =>
    logged === undefined ? [] : (previous.lasting.get(account) ?? []).flatMap((answers) => stillKnown(answers, logged))
  return readSnapshotsAt(client, block, { index: previous.index, ...options, accounts }, knownOf)
}

function stillKnown({ answers, until }: LastingAnswers, logged: LoggedWords): LastingAnswers['answers'] {
  return until.some((logs) => tellOf(logged, logs)) ? [] : answers
}
