/** What a metric is, and what it means. Durations are in seconds, amounts in ether and US dollars, as doubles: for watching only. */
export type MetricEntry = {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
}

const metric = (kind: MetricEntry['kind'], help: string, ...labels: readonly string[]): MetricEntry => ({
  ...{ kind, labels, help },
})

/** Every metric that a keeper shows, by its name. Names and labels are stable. */
export const metricTable = {
  plimsoll_keeper_live: metric('gauge', '1 when the keeper sends, 0 when it only tells'),
  plimsoll_keeper_stopping: metric('gauge', '1 from the moment when the keeper was asked to stop'),
  plimsoll_keeper_rounds_total: metric('counter', 'Rounds that went through'),
  plimsoll_keeper_failures_total: metric('counter', 'Stages that failed as a whole', 'stage', 'error'),
  plimsoll_keeper_round_duration_seconds: metric('histogram', 'Wall-clock time that a stage of a round took', 'stage'),
  plimsoll_keeper_last_round_block: metric('gauge', 'Number of the block of the last round'),
  plimsoll_keeper_last_round_block_timestamp_seconds: metric('gauge', 'Unix time of the block of the last round'),
  plimsoll_keeper_last_round_timestamp_seconds: metric(
    'gauge',
    'Unix time when the last round ended, 0 before the first',
  ),
  plimsoll_keeper_recomputed_accounts_total: metric('counter', 'Accounts that rounds computed anew'),
  plimsoll_keeper_decisions_total: metric('counter', 'Decisions on accounts by skip or post code', 'code'),
  plimsoll_keeper_refusals_total: metric(
    'counter',
    'Accounts that no number could be given for, by name of the error',
    'error',
  ),
  plimsoll_keeper_oldest_refusal_age_seconds: metric(
    'gauge',
    'For how long the account that is refused longest has been refused without a break, 0 without one',
  ),
  plimsoll_keeper_accounts: metric(
    'gauge',
    'Accounts by their last number: free, call (below initial margin), default (below maintenance); and those refused now',
    'standing',
  ),
  plimsoll_keeper_accounts_without_record: metric('gauge', 'Accounts whose last decision found no record'),
  plimsoll_keeper_attestation_age_seconds: metric(
    'gauge',
    'Age of the stored record of an account, as of now; not shown for many accounts',
    'account',
  ),
  plimsoll_keeper_oldest_attestation_age_seconds: metric(
    'gauge',
    'Age of the oldest stored record of all accounts, as of now, 0 without one',
  ),
  plimsoll_keeper_attestation_age_limit_seconds: metric('gauge', 'Age that no record should reach, as configured'),
  plimsoll_keeper_margin_ratio: metric(
    'gauge',
    'Equity over initial margin of an account, +Inf without a requirement; not shown for many accounts',
    'account',
  ),
  plimsoll_keeper_lowest_margin_ratio: metric(
    'gauge',
    'Lowest equity over initial margin of all accounts, +Inf before the first decision',
  ),
  plimsoll_keeper_maintenance_excess_dollars: metric(
    'gauge',
    'Equity minus maintenance margin of an account, US dollars; not shown for many accounts',
    'account',
  ),
  plimsoll_keeper_posts_total: metric(
    'counter',
    'Posts handed over, by form and by what became of them',
    'form',
    'code',
  ),
  plimsoll_keeper_transactions_total: metric('counter', 'What became of transactions', 'code'),
  plimsoll_keeper_open_nonces: metric('gauge', 'Nonces of the payer that are out'),
  plimsoll_keeper_oldest_open_attempt_age_seconds: metric(
    'gauge',
    'Age of the oldest transaction that is out, as of now, 0 without one',
  ),
  plimsoll_keeper_payer_balance_ether: metric('gauge', 'Balance of the payer', 'payer'),
  plimsoll_keeper_payer_posts_left: metric(
    'gauge',
    'Posts that the balance pays for, at the dearest of the last 16 transactions; not shown before the first',
    'payer',
  ),
  plimsoll_keeper_spent_24h_ether: metric('gauge', 'Fees paid in the last 24 hours of block time', 'payer'),
  plimsoll_keeper_spend_cap_24h_ether: metric('gauge', 'Most that may be paid in 24 hours', 'payer'),
  plimsoll_keeper_endpoint_lag_blocks: metric('gauge', 'Blocks that a node is behind the agreed head', 'endpoint'),
  plimsoll_keeper_endpoint_status: metric(
    'gauge',
    '1 for the status that a node has, 0 for others',
    'endpoint',
    'status',
  ),
  plimsoll_keeper_endpoint_disagreements_total: metric(
    'counter',
    'Times that a node contradicted the others',
    'endpoint',
  ),
  plimsoll_keeper_endpoints_ready: metric('gauge', 'Nodes that serve, behind or not, and contradict nobody'),
  plimsoll_keeper_endpoint_quorum: metric('gauge', 'Nodes that must agree on a block, 0 where one alone is read'),
  plimsoll_keeper_cosign_answers_total: metric('counter', 'Answers of co-signers', 'peer', 'code'),
  plimsoll_keeper_alert_deliveries_total: metric(
    'counter',
    'Alerts by where they went and by result: delivered, failed (given up), dropped (queue full)',
    'sink',
    'result',
  ),
} as const satisfies Readonly<Record<string, MetricEntry>>

/** Name of a metric of {@link metricTable}. */
export type MetricName = keyof typeof metricTable
