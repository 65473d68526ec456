import { Counter, Gauge, Histogram, prometheusContentType, Registry } from '@prometheus-io/client'
import { redactName } from '../../chain/redact.ts'
import type { Secrets } from '../../chain/secrets.ts'
import type { KeeperEvent, KeeperObserver } from '../events.ts'
import { type MetricName, metricTable } from './metricTable.ts'
import { gaugesOf, type Sample, samplesOf } from './samples.ts'
import type { KeeperStanding } from './standing.ts'

export type KeeperMetricsOptions = {
  readonly standing: KeeperStanding
  /** Most accounts that have series of their own; 100 by default. */
  readonly accountLimit?: number
  /** Age that no record should reach, in seconds; 480 by default, twice the heartbeat. */
  readonly ageLimit?: number
  /** Texts that no label may hold. */
  readonly secrets?: Secrets
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** Metrics of one keeper in a registry of their own. */
export type KeeperMetrics = {
  readonly observe: KeeperObserver
  /** Counts what became of an alert. */
  readonly countDelivery: (sink: string, result: 'delivered' | 'failed' | 'dropped') => void
  /** The text that Prometheus reads. */
  readonly text: () => Promise<string>
  readonly contentType: string
}

const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Labels whose values come from elsewhere: they must neither show a key nor fill the memory. */
const foreignLabels: ReadonlySet<string> = new Set(['error', 'peer', 'endpoint', 'sink'])

/** Most series of a metric with such a label; further ones are counted together. */
const mostSeries = 400

/** Counts events, and shows at each scrape how the keeper stands at that moment. */
export function createKeeperMetrics({
  standing,
  accountLimit = 100,
  ageLimit = 480,
  secrets = [],
  now = Date.now,
}: KeeperMetricsOptions): KeeperMetrics {
  const registry = new Registry()
  const metrics = new Map(
    Object.entries(metricTable).map(([name, { kind, labels: labelNames, help }]) => {
      const configuration = { name, help, labelNames, registers: [registry] }
      return [name, createMetric(kind, configuration)] as const
    }),
  )
  const series = new Map<MetricName, Set<string>>()

  function apply({ name, value, labels = {} }: Sample): void {
    const metric = metrics.get(name)
    const shown = bounded(name, labels)
    if (metric instanceof Counter) metric.inc(shown, value)
    else if (metric instanceof Histogram) metric.observe(shown, value)
    else metric?.set(shown, value)
  }

  function bounded(name: MetricName, labels: Readonly<Record<string, string>>): Record<string, string> {
    if (!Object.keys(labels).some((label) => foreignLabels.has(label))) return { ...labels }
    const entries = Object.entries(labels).map(([label, value]) => [label, redactName(value, secrets)] as const)
    const key = entries.map(([, value]) => value).join('\n')
    const known = series.get(name) ?? new Set()
    series.set(name, known)
    if (known.size >= mostSeries && !known.has(key)) {
      return Object.fromEntries(entries.map(([label]) => [label, 'other']))
    }
    known.add(key)
    return Object.fromEntries(entries)
  }

  for (const sample of countersAtRest) apply(sample)

  return {
    observe: (event: KeeperEvent) => samplesOf(event).forEach(apply),
    countDelivery: (sink, result) =>
      apply({ name: 'plimsoll_keeper_alert_deliveries_total', value: 1, labels: { sink, result } }),
    async text() {
      const gauges = gaugesOf(standing, { now: now(), accountLimit, ageLimit })
      // Accounts and nodes that are gone must not stay as they were.
      for (const [name, { kind }] of Object.entries(metricTable)) if (kind === 'gauge') metrics.get(name)?.reset()
      for (const name of new Set(gauges.map((gauge) => gauge.name))) {
        metrics.get(name)?.reset()
        series.delete(name)
      }
      for (const gauge of gauges) apply(gauge)
      return registry.metrics()
    },
    contentType: prometheusContentType,
  }
}

type Configuration = {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  readonly registers: Registry[]
}

function createMetric(kind: (typeof metricTable)[MetricName]['kind'], configuration: Configuration) {
  if (kind === 'counter') return new Counter<string>(configuration)
  return kind === 'gauge' ? new Gauge<string>(configuration) : new Histogram<string>({ ...configuration, buckets })
}

/** Codes that rules look for start at 0: a counter that appears with 1 has not risen, for Prometheus. */
const countersAtRest: readonly Sample[] = [
  ...(['single', 'batch', 'root'] as const).flatMap((form) =>
    (['sent', 'refused', 'fee-cap', 'spend-cap', 'foreign-nonce', 'not-sent', 'quorum-missing'] as const).map(
      (code): Sample => ({ name: 'plimsoll_keeper_posts_total', value: 0, labels: { form, code } }),
    ),
  ),
  ...(['mined', 'reverted', 'fee-bump', 'fee-cap', 'spend-cap', 'nonce-taken', 'reorged'] as const).map(
    (code): Sample => ({ name: 'plimsoll_keeper_transactions_total', value: 0, labels: { code } }),
  ),
]
