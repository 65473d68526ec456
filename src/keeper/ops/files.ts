import { stringify } from 'yaml'
import { composeFile } from './compose.ts'
import { grafanaDashboard } from './grafana.ts'
import { alertRules } from './rules.ts'

/** Port of the status server in the shipped files. */
export const statusPort = 9464

/**
 * Files that watch a keeper, by path below the directory of the configuration: rules and configuration of Prometheus, a
 * dashboard of Grafana with what makes Grafana load it, and a compose file that runs all of it.
 */
export function opsFiles(): Readonly<Record<string, string>> {
  return {
    'ops/docker-compose.yml': composeFile(statusPort),
    'ops/prometheus/prometheus.yml': prometheusConfiguration(),
    'ops/prometheus/alerts.yml': alertRules(),
    'ops/grafana/keeper.json': `${JSON.stringify(grafanaDashboard(), null, 2)}\n`,
    'ops/grafana/provisioning/datasources/prometheus.yml': stringify({
      apiVersion: 1,
      datasources: [{ name: 'Prometheus', type: 'prometheus', url: 'http://prometheus:9090', isDefault: true }],
    }),
    'ops/grafana/provisioning/dashboards/keeper.yml': stringify({
      apiVersion: 1,
      providers: [{ name: 'Plimsoll', type: 'file', options: { path: '/var/lib/grafana/dashboards' } }],
    }),
  }
}

function prometheusConfiguration(): string {
  const comment = '# Where no container runs the keeper, the target is 127.0.0.1 and the port of `--listen`.\n'
  return (
    comment +
    stringify({
      global: { scrape_interval: '15s', evaluation_interval: '15s' },
      rule_files: ['alerts.yml'],
      scrape_configs: [{ job_name: 'plimsoll-keeper', static_configs: [{ targets: [`keeper:${statusPort}`] }] }],
    })
  )
}
