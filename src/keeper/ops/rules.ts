import { stringify } from 'yaml'

/** A rule of Prometheus that says when somebody should look. */
type Rule = {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly severity: 'critical' | 'warning'
  readonly summary: string
  readonly description: string
}

const rule = (
  alert: string,
  severity: Rule['severity'],
  [expr, wait]: readonly [expr: string, wait: string],
  summary: string,
  description: string,
): Rule => ({ alert, expr, for: wait, severity, summary, description })

/** A counter rose in the window, or appeared with a count above zero, which `increase` does not see. */
const rose = (counter: string, window: string) =>
  `increase(${counter}[${window}]) > 0 or (${counter} > 0 unless ${counter} offset ${window})`

/** Every alert rule that is shipped. */
export const rules: readonly Rule[] = [
  rule(
    'KeeperDown',
    'critical',
    ['up{job="plimsoll-keeper"} == 0', '2m'],
    'The keeper does not answer',
    'Its status server was not reached. Look at the process and its last log lines.',
  ),
  rule(
    'RoundsStopped',
    'critical',
    ['time() - plimsoll_keeper_last_round_timestamp_seconds > 120', '1m'],
    'No round for {{ $value | humanizeDuration }}',
    'The process runs but finishes no round: nodes gone, quorum missing, or a hang. See plimsoll_keeper_failures_total.',
  ),
  rule(
    'AttestationOld',
    'critical',
    [
      `plimsoll_keeper_oldest_attestation_age_seconds > plimsoll_keeper_attestation_age_limit_seconds
        and plimsoll_keeper_live == 1`,
      '1m',
    ],
    'The oldest record is {{ $value | humanizeDuration }} old',
    'Records near their end make consumers refuse. See /status for the account and `keeper explain` for the reason.',
  ),
  rule(
    'AccountWithoutRecord',
    'warning',
    ['plimsoll_keeper_accounts_without_record > 0 and plimsoll_keeper_live == 1', '5m'],
    '{{ $value }} accounts have no record',
    'The first post of an account did not get into the chain.',
  ),
  rule(
    'Refused',
    'warning',
    ['plimsoll_keeper_oldest_refusal_age_seconds > 300', '0m'],
    'An account has been refused for {{ $value | humanizeDuration }}',
    'No number can be given for it; plimsoll_keeper_refusals_total names the error, /status the account.',
  ),
  rule(
    'BelowMaintenance',
    'critical',
    ['plimsoll_keeper_accounts{standing="default"} > 0', '0m'],
    '{{ $value }} accounts are below their maintenance margin',
    'Their equity does not cover the maintenance requirement.',
  ),
  rule(
    'BelowInitial',
    'warning',
    ['plimsoll_keeper_accounts{standing="call"} > 0', '5m'],
    '{{ $value }} accounts are below their initial margin',
    'They cover maintenance, but not the initial requirement.',
  ),
  rule(
    'PayerLow',
    'warning',
    ['plimsoll_keeper_payer_posts_left < 50', '5m'],
    'The payer can pay for {{ $value }} more posts',
    'Send ether to the payer.',
  ),
  rule(
    'SpendCapNear',
    'warning',
    ['plimsoll_keeper_spent_24h_ether / (plimsoll_keeper_spend_cap_24h_ether > 0) > 0.8', '0m'],
    '{{ $value | humanizePercentage }} of the daily cap is spent',
    'At the cap the keeper stops to post until 24 hours have passed.',
  ),
  rule(
    'SpendCapHit',
    'critical',
    [
      `${rose('plimsoll_keeper_posts_total{code="spend-cap"}', '15m')}
        or ${rose('plimsoll_keeper_transactions_total{code="spend-cap"}', '15m')}`,
      '0m',
    ],
    'The daily cap forbids a post',
    'Raise the cap, or find out what spends so much.',
  ),
  rule(
    'FeeCapHit',
    'warning',
    [
      `${rose('plimsoll_keeper_posts_total{code="fee-cap"}', '15m')}
        or ${rose('plimsoll_keeper_transactions_total{code="fee-cap"}', '15m')}`,
      '0m',
    ],
    'The fee cap forbids a post',
    'Blocks are dearer than the cap allows.',
  ),
  rule(
    'ForeignNonce',
    'critical',
    [rose('plimsoll_keeper_posts_total{code="foreign-nonce"}', '15m'), '0m'],
    'Something else sends for the payer',
    'Find the other writer of this key; `keeper unstick` cancels what it has out.',
  ),
  rule(
    'StuckNonce',
    'critical',
    ['plimsoll_keeper_oldest_open_attempt_age_seconds > 300', '0m'],
    'A transaction has been out for {{ $value | humanizeDuration }}',
    'Bids do not get in. Look at fee cap and spend cap; `keeper unstick` cancels.',
  ),
  rule(
    'TransactionReverted',
    'warning',
    [rose('plimsoll_keeper_transactions_total{code="reverted"}', '15m'), '0m'],
    'A post reverted in the chain',
    'It was simulated before; the chain changed between.',
  ),
  rule(
    'NodeStale',
    'warning',
    ['plimsoll_keeper_endpoint_lag_blocks > 5', '2m'],
    '{{ $labels.endpoint }} is {{ $value }} blocks behind',
    'It is not read until it catches up.',
  ),
  rule(
    'NodeFailing',
    'warning',
    ['plimsoll_keeper_endpoint_status{status=~"failing|other chain"} == 1', '5m'],
    '{{ $labels.endpoint }} is {{ $labels.status }}',
    'The log says what its last problem was.',
  ),
  rule(
    'NodesDisagree',
    'critical',
    [rose('plimsoll_keeper_endpoint_disagreements_total', '10m'), '0m'],
    '{{ $labels.endpoint }} contradicts the other nodes',
    'One of them is wrong, forked or lies. It is left alone; see the log for what it contradicted.',
  ),
  rule(
    'NodeQuorumMissing',
    'critical',
    ['plimsoll_keeper_endpoints_ready < plimsoll_keeper_endpoint_quorum', '1m'],
    'Only {{ $value }} nodes serve, fewer than the quorum',
    'Without a quorum nothing is read and nothing is posted.',
  ),
  rule(
    'CosignDiffers',
    'critical',
    [rose('plimsoll_keeper_cosign_answers_total{code=~"differs|forged"}', '15m'), '0m'],
    'Co-signer {{ $labels.peer }} answered: {{ $labels.code }}',
    'It computed another number from the same block, or sent a signature that is not its own: a wrong version or parameters, or an attack.',
  ),
  rule(
    'CosignQuorumMissing',
    'critical',
    ['increase(plimsoll_keeper_posts_total{code="quorum-missing"}[10m]) > 0', '2m'],
    'Too few co-signers sign',
    'Posts wait for signatures. See plimsoll_keeper_cosign_answers_total by peer.',
  ),
  rule(
    'CosignUnreachable',
    'warning',
    [
      `increase(plimsoll_keeper_cosign_answers_total{code="unreachable"}[10m]) > 0
        unless on (instance, peer) increase(plimsoll_keeper_cosign_answers_total{code="signed"}[10m]) > 0`,
      '5m',
    ],
    'Co-signer {{ $labels.peer }} is not reached',
    'It has signed nothing for ten minutes.',
  ),
  rule(
    'AlertsUndelivered',
    'warning',
    [rose('plimsoll_keeper_alert_deliveries_total{result=~"failed|dropped"}', '15m'), '0m'],
    'Alerts to {{ $labels.sink }} are not delivered',
    'Result: {{ $labels.result }}. Look at the address and the credentials of the sink.',
  ),
]

/** The rules as a file of Prometheus. */
export function alertRules(): string {
  return stringify(
    {
      groups: [
        {
          name: 'plimsoll-keeper',
          rules: rules.map(({ alert, expr, for: wait, severity, summary, description }) => ({
            ...{ alert, expr: expr.replaceAll(/\s+/g, ' '), for: wait },
            labels: { severity },
            annotations: { summary, description },
          })),
        },
      ],
    },
    { lineWidth: 0 },
  )
}
