import type { Address } from 'viem'
import { formatEther, formatUnits } from 'viem'
import type { KeeperEvent } from '../events.ts'
import type { MetricName } from './metricTable.ts'
import {
  type AccountStanding,
  type KeeperStanding,
  marginStanding,
  oldestOpenSeconds,
  postsLeft,
  quorumOf,
  ratioOf,
  recordAge,
} from './standing.ts'

/** A value of a metric: what a counter rises by, what a histogram sees, what a gauge is. */
export type Sample = {
  readonly name: MetricName
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}

/** What counters and histograms learn from an event. */
export function samplesOf(event: KeeperEvent): readonly Sample[] {
  switch (event.event) {
    case 'decision':
      return [{ name: 'plimsoll_keeper_decisions_total', value: 1, labels: { code: event.code } }]
    case 'refused':
      return [{ name: 'plimsoll_keeper_refusals_total', value: 1, labels: { error: event.error } }]
    case 'post': {
      const { form, code } = event
      return [{ name: 'plimsoll_keeper_posts_total', value: 1, labels: { form, code } }]
    }
    case 'transaction':
      return [{ name: 'plimsoll_keeper_transactions_total', value: 1, labels: { code: event.code } }]
    case 'cosign': {
      const { peer, code } = event
      return [{ name: 'plimsoll_keeper_cosign_answers_total', value: 1, labels: { peer, code } }]
    }
    case 'round':
      return [
        { name: 'plimsoll_keeper_rounds_total', value: 1 },
        { name: 'plimsoll_keeper_recomputed_accounts_total', value: event.recomputed },
        ...Object.entries(event.seconds).map(
          ([stage, value]): Sample => ({ name: 'plimsoll_keeper_round_duration_seconds', value, labels: { stage } }),
        ),
      ]
    case 'failure': {
      const { stage, error } = event
      return [{ name: 'plimsoll_keeper_failures_total', value: 1, labels: { stage, error } }]
    }
    case 'payer':
    case 'endpoint':
    case 'started':
    case 'draining':
    case 'stopped':
      return []
  }
}

export type GaugeOptions = {
  /** Unix milliseconds of this machine. */
  readonly now: number
  /** Most accounts that have series of their own; with more there are only the oldest, the lowest and the counts. */
  readonly accountLimit: number
  /** Age that no record should reach, seconds. */
  readonly ageLimit: number
}

/** What gauges are by now, and counters that are kept elsewhere. */
export function gaugesOf(standing: KeeperStanding, options: GaugeOptions): readonly Sample[] {
  const { live, stage, lastRound } = standing
  return [
    { name: 'plimsoll_keeper_live', value: live ? 1 : 0 },
    { name: 'plimsoll_keeper_stopping', value: stage === 'draining' || stage === 'stopped' ? 1 : 0 },
    { name: 'plimsoll_keeper_last_round_block', value: Number(lastRound?.blockNumber ?? 0n) },
    { name: 'plimsoll_keeper_last_round_block_timestamp_seconds', value: lastRound?.time ?? 0 },
    { name: 'plimsoll_keeper_last_round_timestamp_seconds', value: (lastRound?.at ?? 0) / 1000 },
    { name: 'plimsoll_keeper_attestation_age_limit_seconds', value: options.ageLimit },
    ...accountSamples(standing, options),
    ...payerSamples(standing, options.now),
    ...endpointSamples(standing),
  ]
}

function accountSamples({ accounts }: KeeperStanding, { now, accountLimit }: GaugeOptions): readonly Sample[] {
  const counts = { free: 0, call: 0, default: 0, refused: 0, unknown: 0 }
  let withoutRecord = 0
  let oldest = 0
  let lowest = Number.POSITIVE_INFINITY
  let refusedFrom = now
  for (const account of accounts.values()) {
    counts[marginStanding(account)] += 1
    if (account.refusedSince !== undefined) counts.refused += 1
    if (account.decision !== undefined) {
      lowest = Math.min(lowest, ratioOf(account.decision))
      if (account.recordFrom === undefined) withoutRecord += 1
    }
    oldest = Math.max(oldest, recordAge(account, now) ?? 0)
    refusedFrom = Math.min(refusedFrom, account.refusedSince ?? now)
  }
  const { unknown: _, ...standings } = counts
  return [
    ...Object.entries(standings).map(
      ([label, value]): Sample => ({ name: 'plimsoll_keeper_accounts', value, labels: { standing: label } }),
    ),
    { name: 'plimsoll_keeper_accounts_without_record', value: withoutRecord },
    { name: 'plimsoll_keeper_oldest_attestation_age_seconds', value: oldest },
    { name: 'plimsoll_keeper_lowest_margin_ratio', value: lowest },
    { name: 'plimsoll_keeper_oldest_refusal_age_seconds', value: (now - refusedFrom) / 1000 },
    ...(accounts.size <= accountLimit ? [...accounts].flatMap((entry) => samplesOfAccount(entry, now)) : []),
  ]
}

function samplesOfAccount([address, account]: readonly [Address, AccountStanding], now: number): readonly Sample[] {
  const labels = { account: address }
  const age = recordAge(account, now)
  const { decision } = account
  return [
    ...(age === undefined ? [] : [{ name: 'plimsoll_keeper_attestation_age_seconds', value: age, labels } as const]),
    ...(decision === undefined
      ? []
      : ([
          { name: 'plimsoll_keeper_margin_ratio', value: ratioOf(decision), labels },
          {
            name: 'plimsoll_keeper_maintenance_excess_dollars',
            value: Number(formatUnits(decision.equity - decision.maintenanceMargin, 6)),
            labels,
          },
        ] as const)),
  ]
}

function payerSamples(standing: KeeperStanding, now: number): readonly Sample[] {
  const { payer } = standing
  if (payer === undefined) return []
  const labels = { payer: payer.payer }
  const left = postsLeft(standing)
  const ether = (wei: bigint) => Number(formatEther(wei))
  return [
    { name: 'plimsoll_keeper_payer_balance_ether', value: ether(payer.balance), labels },
    { name: 'plimsoll_keeper_spent_24h_ether', value: ether(payer.spent), labels },
    { name: 'plimsoll_keeper_spend_cap_24h_ether', value: ether(payer.cap), labels },
    { name: 'plimsoll_keeper_open_nonces', value: payer.open },
    { name: 'plimsoll_keeper_oldest_open_attempt_age_seconds', value: oldestOpenSeconds(standing, now) },
    ...(left === undefined ? [] : [{ name: 'plimsoll_keeper_payer_posts_left', value: left, labels } as const]),
  ]
}

/** Every status of an endpoint, so that each series goes back to 0. */
const statuses = ['unknown', 'ready', 'lagging', 'failing', 'disagreeing', 'other chain'] as const

function endpointSamples(standing: KeeperStanding): readonly Sample[] {
  const { serving, quorum } = quorumOf(standing)
  return [
    { name: 'plimsoll_keeper_endpoints_ready', value: serving },
    { name: 'plimsoll_keeper_endpoint_quorum', value: quorum },
    ...[...standing.endpoints.values()].flatMap(({ endpoint, status, lag, disagreements }): Sample[] => [
      { name: 'plimsoll_keeper_endpoint_lag_blocks', value: lag, labels: { endpoint } },
      ...statuses.map(
        (label): Sample => ({
          ...{ name: 'plimsoll_keeper_endpoint_status', value: label === status ? 1 : 0 },
          labels: { endpoint, status: label },
        }),
      ),
      { name: 'plimsoll_keeper_endpoint_disagreements_total', value: disagreements ?? 0, labels: { endpoint } },
    ]),
  ]
}
