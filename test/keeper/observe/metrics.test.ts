import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { createKeeperMetrics } from '../../../src/keeper/observe/metrics.ts'
import { type MetricName, metricTable } from '../../../src/keeper/observe/metricTable.ts'
import { samplesOf } from '../../../src/keeper/observe/samples.ts'
import { followKeeper } from '../../../src/keeper/observe/standing.ts'
import { expectNone, key, secrets, url } from '../../support/tellingErrors.ts'
import * as events from '../support/events.ts'

function watched(options: { accountLimit?: number; ageLimit?: number } = {}) {
  const clock = events.standingClock()
  const { standing, observe: follow } = followKeeper(clock.now)
  const metrics = createKeeperMetrics({ standing, now: clock.now, secrets, ...options })
  return {
    ...{ clock, metrics },
    observe(event: Parameters<typeof follow>[0]) {
      follow(event)
      metrics.observe(event)
    },
    /** Samples by series, as Prometheus would read them. */
    async series() {
      const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
      return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]))
    },
  }
}

describe('keeper metrics', () => {
  it('has every metric of its table after one event of each kind, and no other', async () => {
    const { observe, metrics, series } = watched()
    for (const event of events.everyEvent) observe(event)
    metrics.countDelivery('webhook', 'failed')
    const names = [...(await series()).keys()].map((name) =>
      name.replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, ''),
    )
    expect([...new Set(names)].sort()).to.deep.equal(Object.keys(metricTable).sort())
  })

  it('follows the conventions: counters end in _total, nothing else does, units are base units', () => {
    for (const [name, { kind, help }] of Object.entries(metricTable)) {
      expect(name).to.match(/^plimsoll_keeper_[a-z0-9_]+$/)
      expect(name.endsWith('_total'), name).to.equal(kind === 'counter')
      expect(name).not.to.match(/_(ms|milliseconds|minutes|gwei|wei|percent)$/)
      expect(help, name).to.match(/^\S.*[^.]$/)
    }
  })

  it('counts decisions, refusals, posts, transactions, answers and rounds', async () => {
    const { observe, series } = watched()
    for (const event of events.everyEvent) observe(event)
    observe(events.decision({ code: 'worse' }))
    const found = await series()
    for (const [name, value] of [
      ['plimsoll_keeper_decisions_total{code="worse"}', '2'],
      ['plimsoll_keeper_refusals_total{error="StaleMarketDataError"}', '1'],
      ['plimsoll_keeper_posts_total{form="single",code="sent"}', '1'],
      ['plimsoll_keeper_posts_total{form="batch",code="spend-cap"}', '0'],
      ['plimsoll_keeper_transactions_total{code="mined"}', '1'],
      ['plimsoll_keeper_cosign_answers_total{peer="keeper-b",code="signed"}', '1'],
      ['plimsoll_keeper_rounds_total', '1'],
      ['plimsoll_keeper_recomputed_accounts_total', '2'],
      ['plimsoll_keeper_round_duration_seconds_count{stage="read"}', '1'],
      ['plimsoll_keeper_round_duration_seconds_sum{stage="read"}', '0.2'],
      ['plimsoll_keeper_failures_total{stage="round",error="EndpointsFailedError"}', '1'],
      ['plimsoll_keeper_endpoint_lag_blocks{endpoint="rpc 2"}', '33'],
      ['plimsoll_keeper_endpoint_status{endpoint="rpc 2",status="lagging"}', '1'],
      ['plimsoll_keeper_endpoint_status{endpoint="rpc 2",status="ready"}', '0'],
      ['plimsoll_keeper_endpoints_ready', '1'],
      ['plimsoll_keeper_endpoint_quorum', '1'],
      [`plimsoll_keeper_payer_balance_ether{payer="${events.payer}"}`, '1'],
      [`plimsoll_keeper_payer_posts_left{payer="${events.payer}"}`, '1000'],
      [`plimsoll_keeper_spent_24h_ether{payer="${events.payer}"}`, '0.01'],
      [`plimsoll_keeper_spend_cap_24h_ether{payer="${events.payer}"}`, '0.1'],
      [`plimsoll_keeper_margin_ratio{account="${events.accountOf(1)}"}`, '2.5'],
      [`plimsoll_keeper_maintenance_excess_dollars{account="${events.accountOf(1)}"}`, '1700'],
      ['plimsoll_keeper_accounts{standing="free"}', '1'],
      ['plimsoll_keeper_accounts{standing="refused"}', '1'],
      ['plimsoll_keeper_last_round_block', '100'],
      ['plimsoll_keeper_last_round_block_timestamp_seconds', '1800000000'],
      ['plimsoll_keeper_live', '1'],
      ['plimsoll_keeper_stopping', '1'],
    ] as const) {
      expect(found.get(name), name).to.equal(value)
    }
  })

  it('lets ages grow while nothing happens, so that a loop that hangs is seen', async () => {
    const { observe, series, clock } = watched()
    observe(events.decision({ ageSeconds: 30 }))
    observe(events.refusal())
    observe(events.purse({ open: 1, oldestOpenSeconds: 12 }))
    clock.pass(100)
    const found = await series()
    expect(found.get(`plimsoll_keeper_attestation_age_seconds{account="${events.accountOf(1)}"}`)).to.equal('130')
    expect(found.get('plimsoll_keeper_oldest_attestation_age_seconds')).to.equal('130')
    expect(found.get('plimsoll_keeper_oldest_refusal_age_seconds')).to.equal('100')
    expect(found.get('plimsoll_keeper_oldest_open_attempt_age_seconds')).to.equal('112')
  })

  it('takes the age of a record from the decision behind a post once that is in the chain', async () => {
    const { observe, series, clock } = watched()
    observe(events.decision({ ageSeconds: 240, action: 'posting', code: 'heartbeat' }))
    observe(events.post())
    clock.pass(24)
    expect((await series()).get('plimsoll_keeper_oldest_attestation_age_seconds')).to.equal('264')
    observe(events.transaction())
    expect((await series()).get('plimsoll_keeper_oldest_attestation_age_seconds')).to.equal('24')
  })

  it('shows no series of accounts where there are many, but the oldest and the lowest of all', async () => {
    const { observe, series } = watched({ accountLimit: 3 })
    for (const index of [1, 2, 3]) observe(events.decision({ account: events.accountOf(index) }))
    const perAccount = async () => [...(await series()).keys()].filter((name) => name.includes('account="')).length
    expect(await perAccount()).to.equal(9)
    observe(events.decision({ account: events.accountOf(4), equity: 500_000_000n, ageSeconds: 77 }))
    expect(await perAccount()).to.equal(0)
    const found = await series()
    expect(found.get('plimsoll_keeper_lowest_margin_ratio')).to.equal('0.5')
    expect(found.get('plimsoll_keeper_oldest_attestation_age_seconds')).to.equal('77')
    expect(found.get('plimsoll_keeper_accounts{standing="default"}')).to.equal('1')
  })

  it('counts an account below maintenance as such while it is refused', async () => {
    const { observe, series } = watched()
    observe(events.decision({ equity: 0n }))
    observe(events.refusal({ account: events.accountOf(1) }))
    const found = await series()
    expect(found.get('plimsoll_keeper_accounts{standing="default"}')).to.equal('1')
    expect(found.get('plimsoll_keeper_accounts{standing="refused"}')).to.equal('1')
  })

  it('has no purse before one is known, so that a dry keeper raises no alarm about it', async () => {
    const found = await watched().series()
    expect([...found.keys()].filter((name) => /payer_|spen[a-z]*_(24h|cap)/.test(name))).to.deep.equal([])
  })

  it('neither shows a key in a label nor grows with names that come from elsewhere', async () => {
    const { observe, series } = watched()
    observe(events.cosign({ peer: url, code: 'unreachable' }))
    observe(events.endpoint({ endpoint: key }))
    for (let index = 0; index < 5_000; index += 1) observe(events.refusal({ error: `E${index}` }))
    const found = await series()
    expectNone([...found.keys()].join('\n'))
    const refusals = [...found].filter(([name]) => name.startsWith('plimsoll_keeper_refusals_total'))
    expect(refusals.length).to.equal(401)
    expect(found.get('plimsoll_keeper_refusals_total{error="other"}')).to.equal('4600')
  })

  it('maps events to samples of the table, with its labels', () => {
    for (const { name, labels = {} } of events.everyEvent.flatMap(samplesOf)) {
      expect(Object.keys(labels), name).to.deep.equal([...metricTable[name].labels])
    }
  })

  it('is written down whole in docs/keeper.md', async () => {
    const text = await readFile(new URL('../../../docs/keeper.md', import.meta.url), 'utf8')
    const documented = [...text.matchAll(/^\| `(plimsoll_keeper_\w+)` +\| ([^|]*?) +\| ([^|]*?) +\|$/gm)]
    const expected = Object.entries(metricTable).map(([name, { labels, help }]) => [
      ...[name, labels.map((label) => `\`${label}\``).join(', '), help],
    ])
    expect(documented.map(([, name, labels, help]) => [name, labels, help])).to.deep.equal(expected)
    const mentioned = text.match(/plimsoll_keeper_\w+/g) ?? []
    for (const name of mentioned) expect(name as MetricName).to.be.oneOf(Object.keys(metricTable))
  })
})
