import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { parse } from 'yaml'
import { keeperRunCommand } from '../../../scripts/cli/keeper/run.ts'
import { besideConfig } from '../../../scripts/cli/keeper/runConfigured.ts'
import { alertKinds } from '../../../src/keeper/observe/alertConditions.ts'
import { metricTable } from '../../../src/keeper/observe/metricTable.ts'
import { opsFiles } from '../../../src/keeper/ops/files.ts'
import { grafanaDashboard } from '../../../src/keeper/ops/grafana.ts'
import { rules } from '../../../src/keeper/ops/rules.ts'

/** Metrics that an expression names, without what a histogram adds. */
const metricsIn = (text: string) =>
  (text.match(/plimsoll_keeper_\w+/g) ?? []).map((name) => name.replace(/_(bucket|sum|count)$/, ''))

describe('ops files', () => {
  const files = opsFiles()
  const textOf = (path: string) => files[path] ?? expect.fail(`no ${path}`)

  it('are those that an operator starts with', () => {
    expect(Object.keys(files).sort()).to.deep.equal([
      ...['ops/docker-compose.yml', 'ops/grafana/keeper.json', 'ops/grafana/provisioning/dashboards/keeper.yml'],
      ...['ops/grafana/provisioning/datasources/prometheus.yml', 'ops/prometheus/alerts.yml'],
      'ops/prometheus/prometheus.yml',
    ])
    for (const text of Object.values(files)) expect(text.endsWith('\n')).to.equal(true)
  })

  it('name no metric that a keeper does not show, and the dashboard shows each of them', () => {
    const known = Object.keys(metricTable)
    for (const [path, text] of Object.entries(files)) {
      for (const name of metricsIn(text)) expect(name, path).to.be.oneOf(known)
    }
    const shown = new Set(metricsIn(textOf('ops/grafana/keeper.json')))
    expect(known.filter((name) => !shown.has(name)).sort()).to.deep.equal(['plimsoll_keeper_stopping'])
  })

  it('say for each rule how bad it is, what happened and what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).to.equal(rules.length)
    for (const { alert, summary, description, severity } of rules) {
      expect(alert).to.match(/^[A-Z][A-Za-z]+$/)
      expect(severity).to.be.oneOf(['critical', 'warning'])
      expect(summary.length, alert).to.be.greaterThan(10)
      expect(description, alert).to.match(/\.$/)
    }
    const { groups } = parse(textOf('ops/prometheus/alerts.yml'))
    expect(groups[0].rules.map(({ alert }: { alert: string }) => alert)).to.deep.equal(rules.map(({ alert }) => alert))
  })

  it('have each rule and each kind of alert in docs/keeper.md', async () => {
    const text = await readFile(new URL('../../../docs/keeper.md', import.meta.url), 'utf8')
    const documented = [...text.matchAll(/^\| `([A-Z]\w+)` +\| (critical|warning) +\|/gm)]
    expect(documented.map(([, name, severity]) => [name, severity])).to.deep.equal(
      rules.map(({ alert, severity }) => [alert, severity]),
    )
    const [, kinds = ''] = text.split('### Alerts')
    for (const kind of alertKinds) expect(kinds, kind).to.contain(`\`${kind}\``)
  })

  it('hold a dashboard as Grafana imports it: panels on the grid that do not overlap, each with its data source', () => {
    const dashboard = grafanaDashboard()
    expect(JSON.parse(textOf('ops/grafana/keeper.json'))).to.deep.equal(dashboard)
    expect(dashboard.schemaVersion).to.be.at.least(36)
    const [datasource, instance] = dashboard.templating.list
    expect(datasource).to.include({ name: 'datasource', type: 'datasource', query: 'prometheus' })
    expect(instance).to.include({ name: 'instance', type: 'query' })
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).to.equal(ids.length)
    const cells = new Set<string>()
    for (const panel of dashboard.panels) {
      const { x = 0, y = 0, w = 0, h = 0 } = panel.gridPos as Record<string, number>
      expect(x + w).to.be.at.most(24)
      for (let column = x; column < x + w; column += 1) {
        for (let row = y; row < y + h; row += 1) {
          expect(cells.has(`${column},${row}`), `${panel.title} overlaps`).to.equal(false)
          cells.add(`${column},${row}`)
        }
      }
      if (!('targets' in panel)) continue
      expect(panel.datasource).to.deep.equal({ type: 'prometheus', uid: '$datasource' })
      expect(panel.targets.length).to.be.greaterThan(0)
      expect(new Set(panel.targets.map(({ refId }) => refId)).size).to.equal(panel.targets.length)
      for (const { expr } of panel.targets) expect(expr).to.contain('$instance')
    }
  })

  it('hold a compose file whose mounts are there, that exposes the keeper to nobody and gives it time to drain', () => {
    const { services } = parse(textOf('ops/docker-compose.yml'))
    expect(Object.keys(services)).to.deep.equal(['keeper', 'prometheus', 'grafana'])
    expect(services.keeper.ports).to.equal(undefined)
    expect(services.keeper.command).not.to.include('--live')
    const given = services.keeper.command.filter((part: string) => part.startsWith('--') && part !== '--yes')
    const options = given.map((flag: string) =>
      keeperRunCommand.options.find(({ long }) => long === flag)?.attributeName(),
    )
    for (const option of options) expect(besideConfig.has(option ?? ''), option).to.equal(true)
    for (const { ports = [] } of Object.values(services) as { ports?: string[] }[]) {
      for (const port of ports) expect(port).to.match(/^127\.0\.0\.1:/)
    }
    const mounted = [...services.prometheus.volumes, ...services.grafana.volumes]
      .map((volume: string) => volume.split(':')[0] ?? '')
      .filter((path) => path.startsWith('./'))
      .map((path) => `ops/${path.slice(2)}`)
    for (const path of mounted) {
      expect(
        Object.keys(files).some((file) => file === path || file.startsWith(`${path}/`)),
        path,
      ).to.equal(true)
    }
    const { scrape_configs: scrapes, rule_files: ruleFiles } = parse(textOf('ops/prometheus/prometheus.yml'))
    expect(ruleFiles).to.deep.equal(['alerts.yml'])
    const [target] = scrapes[0].static_configs[0].targets
    expect(services.keeper.command).to.include(`0.0.0.0:${target.split(':')[1]}`)
  })
})
