/** A panel: what it shows, by which expressions, and how wide it is (of 24). */
type Panel = {
  readonly title: string
  readonly type: 'stat' | 'timeseries' | 'table'
  readonly width: number
  readonly unit?: string
  /** Value from which on the panel is red; below, when `isFloor`. */
  readonly alarm?: { readonly at: number; readonly isFloor?: boolean }
  readonly targets: readonly (readonly [expr: string, legend: string])[]
}

const instance = '{instance=~"$instance"}'
const of = (name: string, labels = '') => `${name}{instance=~"$instance"${labels === '' ? '' : `, ${labels}`}}`
const rateOf = (name: string, by: string) => `sum by (${by}) (increase(${name}${instance}[$__rate_interval]))`

/** Rows of the dashboard, from what wakes people up to what explains it. */
const rows: readonly (readonly [title: string, panels: readonly Panel[]])[] = [
  [
    'Now',
    [
      {
        ...{ title: 'Seconds since the last round', type: 'stat', width: 3, unit: 's', alarm: { at: 120 } },
        targets: [[`time() - ${of('plimsoll_keeper_last_round_timestamp_seconds')}`, '']],
      },
      {
        ...{ title: 'Last block', type: 'stat', width: 3, unit: 'none' },
        targets: [[of('plimsoll_keeper_last_round_block'), '']],
      },
      {
        ...{ title: 'Lowest ratio', type: 'stat', width: 3, alarm: { at: 1, isFloor: true } },
        targets: [[of('plimsoll_keeper_lowest_margin_ratio'), '']],
      },
      {
        ...{ title: 'Oldest record', type: 'stat', width: 3, unit: 's', alarm: { at: 480 } },
        targets: [[of('plimsoll_keeper_oldest_attestation_age_seconds'), '']],
      },
      {
        ...{ title: 'Below maintenance', type: 'stat', width: 3, alarm: { at: 1 } },
        targets: [[of('plimsoll_keeper_accounts', 'standing="default"'), '']],
      },
      {
        ...{ title: 'Refused', type: 'stat', width: 3, alarm: { at: 1 } },
        targets: [[of('plimsoll_keeper_accounts', 'standing="refused"'), '']],
      },
      {
        ...{ title: 'Posts left', type: 'stat', width: 3, alarm: { at: 50, isFloor: true } },
        targets: [[of('plimsoll_keeper_payer_posts_left'), '']],
      },
      {
        ...{ title: 'Nodes that serve', type: 'stat', width: 3, alarm: { at: 1, isFloor: true } },
        targets: [[of('plimsoll_keeper_endpoints_ready'), '']],
      },
    ],
  ],
  [
    'Accounts',
    [
      {
        ...{ title: 'Equity over initial margin', type: 'timeseries', width: 12 },
        targets: [
          [of('plimsoll_keeper_margin_ratio'), '{{account}}'],
          [of('plimsoll_keeper_lowest_margin_ratio'), 'lowest'],
        ],
      },
      {
        ...{ title: 'Age of records', type: 'timeseries', width: 12, unit: 's' },
        targets: [
          [of('plimsoll_keeper_attestation_age_seconds'), '{{account}}'],
          [of('plimsoll_keeper_oldest_attestation_age_seconds'), 'oldest'],
          [of('plimsoll_keeper_attestation_age_limit_seconds'), 'limit'],
        ],
      },
      {
        ...{ title: 'Equity minus maintenance margin', type: 'timeseries', width: 12, unit: 'currencyUSD' },
        targets: [[of('plimsoll_keeper_maintenance_excess_dollars'), '{{account}}']],
      },
      {
        ...{ title: 'Accounts by standing', type: 'timeseries', width: 12 },
        targets: [
          [of('plimsoll_keeper_accounts'), '{{standing}}'],
          [of('plimsoll_keeper_accounts_without_record'), 'without a record'],
        ],
      },
    ],
  ],
  [
    'Decisions and posts',
    [
      {
        ...{ title: 'Decisions by code', type: 'timeseries', width: 8 },
        targets: [[rateOf('plimsoll_keeper_decisions_total', 'code'), '{{code}}']],
      },
      {
        ...{ title: 'Posts by form and code', type: 'timeseries', width: 8 },
        targets: [[rateOf('plimsoll_keeper_posts_total', 'form, code'), '{{form}} {{code}}']],
      },
      {
        ...{ title: 'Refusals by error', type: 'timeseries', width: 8 },
        targets: [
          [rateOf('plimsoll_keeper_refusals_total', 'error'), '{{error}}'],
          [of('plimsoll_keeper_oldest_refusal_age_seconds'), 'longest, seconds'],
        ],
      },
      {
        ...{ title: 'Answers of co-signers', type: 'timeseries', width: 12 },
        targets: [[rateOf('plimsoll_keeper_cosign_answers_total', 'peer, code'), '{{peer}} {{code}}']],
      },
      {
        ...{ title: 'Alerts sent', type: 'timeseries', width: 12 },
        targets: [[rateOf('plimsoll_keeper_alert_deliveries_total', 'sink, result'), '{{sink}} {{result}}']],
      },
    ],
  ],
  [
    'Transactions and purse',
    [
      {
        ...{ title: 'Transactions by code', type: 'timeseries', width: 8 },
        targets: [[rateOf('plimsoll_keeper_transactions_total', 'code'), '{{code}}']],
      },
      {
        ...{ title: 'What is out', type: 'timeseries', width: 8 },
        targets: [
          [of('plimsoll_keeper_open_nonces'), 'nonces'],
          [of('plimsoll_keeper_oldest_open_attempt_age_seconds'), 'oldest, seconds'],
        ],
      },
      {
        ...{ title: 'Ether', type: 'timeseries', width: 8 },
        targets: [
          [of('plimsoll_keeper_payer_balance_ether'), 'balance of {{payer}}'],
          [of('plimsoll_keeper_spent_24h_ether'), 'spent in 24 h'],
          [of('plimsoll_keeper_spend_cap_24h_ether'), 'cap'],
        ],
      },
    ],
  ],
  [
    'Rounds and nodes',
    [
      {
        ...{ title: 'Time of a round by stage, 95 %', type: 'timeseries', width: 8, unit: 's' },
        targets: [
          [
            `histogram_quantile(0.95, sum by (stage, le) (rate(plimsoll_keeper_round_duration_seconds_bucket${instance}[$__rate_interval])))`,
            '{{stage}}',
          ],
        ],
      },
      {
        ...{ title: 'Rounds and accounts computed anew', type: 'timeseries', width: 8 },
        targets: [
          [rateOf('plimsoll_keeper_rounds_total', 'instance'), 'rounds'],
          [rateOf('plimsoll_keeper_recomputed_accounts_total', 'instance'), 'accounts'],
          [rateOf('plimsoll_keeper_failures_total', 'stage, error'), 'failed: {{stage}} {{error}}'],
        ],
      },
      {
        ...{ title: 'Age of the block of the last round', type: 'timeseries', width: 8, unit: 's' },
        targets: [
          [
            `${of('plimsoll_keeper_last_round_timestamp_seconds')} - ${of('plimsoll_keeper_last_round_block_timestamp_seconds')}`,
            '',
          ],
        ],
      },
      {
        ...{ title: 'Blocks behind', type: 'timeseries', width: 8 },
        targets: [[of('plimsoll_keeper_endpoint_lag_blocks'), '{{endpoint}}']],
      },
      {
        ...{ title: 'Contradictions', type: 'timeseries', width: 8 },
        targets: [[rateOf('plimsoll_keeper_endpoint_disagreements_total', 'endpoint'), '{{endpoint}}']],
      },
      {
        ...{ title: 'Nodes', type: 'table', width: 8 },
        targets: [
          [`${of('plimsoll_keeper_endpoint_status')} == 1`, ''],
          [of('plimsoll_keeper_endpoint_quorum'), 'quorum'],
        ],
      },
    ],
  ],
]

const datasource = { type: 'prometheus', uid: '$datasource' }

/** The dashboard as Grafana imports it. */
export function grafanaDashboard() {
  return {
    ...{ uid: 'plimsoll-keeper', title: 'Plimsoll keeper', tags: ['plimsoll'], schemaVersion: 39, version: 1 },
    ...{ editable: true, refresh: '15s', time: { from: 'now-3h', to: 'now' }, timezone: 'browser' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          ...{
            name: 'instance',
            label: 'Keeper',
            type: 'query',
            datasource,
            refresh: 2,
            multi: true,
            includeAll: true,
          },
          query: { query: 'label_values(plimsoll_keeper_live, instance)', refId: 'instance' },
        },
      ],
    },
    annotations: { list: [] },
    panels: layOut(),
  }
}

/** Places panels from left to right, a row below its title. */
function layOut() {
  let id = 0
  let y = 0
  return rows.flatMap(([title, panels]) => {
    id += 1
    const head = { id, type: 'row', title, collapsed: false, panels: [], gridPos: { h: 1, w: 24, x: 0, y } }
    y += 1
    let x = 0
    const placed = panels.map((panel) => {
      const height = panel.type === 'stat' ? 4 : 8
      if (x + panel.width > 24) {
        x = 0
        y += height
      }
      id += 1
      const gridPos = { h: height, w: panel.width, x, y }
      x += panel.width
      return toPanel(panel, id, gridPos)
    })
    y += panels[0]?.type === 'stat' ? 4 : 8
    return [head, ...placed]
  })
}

function toPanel({ title, type, unit, alarm, targets }: Panel, id: number, gridPos: Readonly<Record<string, number>>) {
  const [calm, loud] = alarm?.isFloor === true ? ['red', 'green'] : ['green', 'red']
  const steps = [{ color: calm, value: null }, ...(alarm === undefined ? [] : [{ color: loud, value: alarm.at }])]
  return {
    ...{ id, type, title, datasource, gridPos },
    fieldConfig: { defaults: { unit: unit ?? 'short', thresholds: { mode: 'absolute', steps } }, overrides: [] },
    options: type === 'stat' ? { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } } : {},
    targets: targets.map(([expr, legendFormat], index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource, expr, legendFormat },
      ...(type === 'table' ? { format: 'table', instant: true } : {}),
    })),
  }
}
