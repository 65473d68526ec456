/** Series by name, as promtool writes them: `start+step x count`, one value every 15 seconds. */
type Series = Readonly<Record<string, string>>

const labels = 'job="plimsoll-keeper",instance="keeper:9464"'
const flat = (value: number | string) => `${value}x120`

const counters = {
  ...Object.fromEntries(
    ['sent', 'spend-cap', 'fee-cap', 'foreign-nonce', 'quorum-missing'].map((code) => [
      ...[`plimsoll_keeper_posts_total{form="single",code="${code}"}`, flat(0)],
    ]),
  ),
  ...Object.fromEntries(
    ['mined', 'spend-cap', 'fee-cap', 'reverted'].map((code) => [
      ...[`plimsoll_keeper_transactions_total{code="${code}"}`, flat(0)],
    ]),
  ),
}

/** A keeper that does well for half an hour: nothing may fire. */
const well: Series = {
  ...{ 'up{}': flat(1), 'plimsoll_keeper_live{}': flat(1) },
  'plimsoll_keeper_last_round_timestamp_seconds{}': '0+15x120',
  'plimsoll_keeper_oldest_attestation_age_seconds{}': flat(240),
  'plimsoll_keeper_attestation_age_limit_seconds{}': flat(480),
  ...{ 'plimsoll_keeper_accounts_without_record{}': flat(0), 'plimsoll_keeper_oldest_refusal_age_seconds{}': flat(0) },
  ...{ 'plimsoll_keeper_accounts{standing="default"}': flat(0), 'plimsoll_keeper_accounts{standing="call"}': flat(0) },
  ...{
    'plimsoll_keeper_payer_posts_left{payer="0x1"}': flat(500),
    'plimsoll_keeper_spent_24h_ether{payer="0x1"}': flat(1),
  },
  'plimsoll_keeper_spend_cap_24h_ether{payer="0x1"}': flat(10),
  'plimsoll_keeper_oldest_open_attempt_age_seconds{}': flat(30),
  'plimsoll_keeper_endpoint_lag_blocks{endpoint="rpc 1"}': '0x60 1 0x59',
  'plimsoll_keeper_endpoint_status{endpoint="rpc 1",status="failing"}': flat(0),
  'plimsoll_keeper_endpoint_disagreements_total{endpoint="rpc 1"}': flat(3),
  ...{ 'plimsoll_keeper_endpoints_ready{}': flat(2), 'plimsoll_keeper_endpoint_quorum{}': flat(2) },
  'plimsoll_keeper_cosign_answers_total{peer="b",code="signed"}': '0+1x120',
  'plimsoll_keeper_cosign_answers_total{peer="b",code="unreachable"}': '0+0x60 1+0x60',
  'plimsoll_keeper_alert_deliveries_total{sink="slack",result="delivered"}': '0+1x120',
  ...counters,
}

/** Jumps from 0 to 1 after 25 minutes. */
const jump = '0x100 1x20'
/** Is not there, then is there with 1. */
const appears = '_x100 1x20'

const post = (code: string) => `plimsoll_keeper_posts_total{form="single",code="${code}"}`
const sent = (code: string) => `plimsoll_keeper_transactions_total{code="${code}"}`
const answers = (code: string, peer = 'b') => `plimsoll_keeper_cosign_answers_total{peer="${peer}",code="${code}"}`

/** What goes wrong, by the rule that has to fire; the rest is well. */
export const wrongs: Readonly<Record<string, readonly Series[]>> = {
  KeeperDown: [{ 'up{}': flat(0) }],
  RoundsStopped: [{ 'plimsoll_keeper_last_round_timestamp_seconds{}': '0+15x90 1350x30' }],
  AttestationOld: [{ 'plimsoll_keeper_oldest_attestation_age_seconds{}': flat(481) }],
  AccountWithoutRecord: [{ 'plimsoll_keeper_accounts_without_record{}': flat(1) }],
  Refused: [{ 'plimsoll_keeper_oldest_refusal_age_seconds{}': '0x60 0+15x60' }],
  BelowMaintenance: [{ 'plimsoll_keeper_accounts{standing="default"}': jump }],
  BelowInitial: [{ 'plimsoll_keeper_accounts{standing="call"}': flat(2) }],
  PayerLow: [{ 'plimsoll_keeper_payer_posts_left{payer="0x1"}': flat(49) }],
  SpendCapNear: [{ 'plimsoll_keeper_spent_24h_ether{payer="0x1"}': flat(9) }],
  SpendCapHit: [{ [post('spend-cap')]: jump }, { [sent('spend-cap')]: jump }],
  FeeCapHit: [{ [post('fee-cap')]: jump }, { [sent('fee-cap')]: jump }],
  ForeignNonce: [{ [post('foreign-nonce')]: jump }, { [post('foreign-nonce')]: appears }],
  StuckNonce: [{ 'plimsoll_keeper_oldest_open_attempt_age_seconds{}': '0x60 0+15x60' }],
  TransactionReverted: [{ [sent('reverted')]: jump }],
  NodeStale: [{ 'plimsoll_keeper_endpoint_lag_blocks{endpoint="rpc 1"}': flat(33) }],
  NodeFailing: [{ 'plimsoll_keeper_endpoint_status{endpoint="rpc 1",status="failing"}': flat(1) }],
  NodesDisagree: [{ 'plimsoll_keeper_endpoint_disagreements_total{endpoint="rpc 1"}': '3x100 4x20' }],
  NodeQuorumMissing: [{ 'plimsoll_keeper_endpoints_ready{}': flat(1) }],
  CosignDiffers: [{ [answers('differs')]: jump }, { [answers('forged', 'new')]: appears }],
  CosignQuorumMissing: [{ [post('quorum-missing')]: '0x80 0+1x40' }],
  CosignUnreachable: [{ [answers('signed')]: flat(5), [answers('unreachable')]: '0+1x120' }],
  AlertsUndelivered: [{ 'plimsoll_keeper_alert_deliveries_total{sink="slack",result="failed"}': appears }],
}

const minutes = 28

/**
 * Unit tests for promtool over the rules in a file: for each wrong its rule fires and no other; where all is well none does.
 */
export function ruleTests(ruleFile: string, names: readonly string[]) {
  const cases = [
    [undefined, {}] as const,
    ...Object.entries(wrongs).flatMap(([name, list]) => list.map((wrong) => [name, wrong] as const)),
  ]
  return {
    ...{ rule_files: [ruleFile], evaluation_interval: '1m' },
    tests: cases.map(([wrongName, wrong]) => ({
      interval: '15s',
      input_series: Object.entries({ ...well, ...wrong }).map(([series, values]) => ({
        ...{ series: series.replace('{', `{${labels},`).replace(',}', '}'), values },
      })),
      // ALERTS holds what fires, whatever its labels.
      promql_expr_test: names.map((name) => ({
        expr: `count(ALERTS{alertname="${name}",alertstate="firing"}) or vector(0)`,
        eval_time: `${minutes}m`,
        exp_samples: [{ labels: '{}', value: name === wrongName ? 1 : 0 }],
      })),
    })),
  }
}
