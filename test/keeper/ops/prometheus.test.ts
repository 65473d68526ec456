import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { parse, stringify } from 'yaml'
import { findPrometheus } from '../../../scripts/ops/prometheus.ts'
import { metricTable } from '../../../src/keeper/observe/metricTable.ts'
import { type KeeperWatch, watchKeeper } from '../../../src/keeper/observe/watchKeeper.ts'
import { opsFiles } from '../../../src/keeper/ops/files.ts'
import { grafanaDashboard } from '../../../src/keeper/ops/grafana.ts'
import { rules } from '../../../src/keeper/ops/rules.ts'
import * as events from '../support/events.ts'
import { ruleTests, wrongs } from '../support/ruleTests.ts'

const run = promisify(execFile)
const files = opsFiles()

describe('keeper under Prometheus', function () {
  this.timeout(60_000)
  let programs: { prometheus: string; promtool: string }
  let directory: string
  let alertsFile: string

  before(async function () {
    this.timeout(300_000)
    const found = await findPrometheus()
    if ('missing' in found) {
      console.warn(`    SKIPPED: the rules, the dashboard and a real scrape are not checked. ${found.missing}`)
      return this.skip()
    }
    programs = found
    directory = await mkdtemp(join(tmpdir(), 'plimsoll-prometheus-'))
    alertsFile = join(directory, 'alerts.yml')
    await writeFile(alertsFile, files['ops/prometheus/alerts.yml'] ?? '')
  })
  after(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  it('reads the shipped configuration and rules', async () => {
    const file = join(directory, 'prometheus.yml')
    await writeFile(file, files['ops/prometheus/prometheus.yml'] ?? '')
    const { stdout } = await run(programs.promtool, ['check', 'config', file])
    expect(stdout).to.contain(`${rules.length} rules found`).and.to.contain('SUCCESS')
  })

  it('fires each rule for what it is about, no other beside it, and none while all is well', async () => {
    const names = rules.map(({ alert }) => alert)
    expect(Object.keys(wrongs).sort()).to.deep.equal([...names].sort())
    const file = join(directory, 'tests.yml')
    await writeFile(file, stringify(ruleTests('alerts.yml', names)))
    const { stdout } = await run(programs.promtool, ['test', 'rules', file], { maxBuffer: 10_000_000 })
    expect(stdout).to.contain('SUCCESS')
  })

  describe('that scrapes it', () => {
    let keeper: KeeperWatch
    let server: ChildProcess
    let api: string
    let life: NodeJS.Timeout

    before(async function () {
      this.timeout(30_000)
      keeper = await watchKeeper({ log: silent, listen: { port: 0 }, sinks: [deafSink] })
      for (const event of events.everyEvent.slice(0, -2)) keeper.observe(event)
      keeper.observe(events.decision({ account: events.accountOf(3), equity: 1n }))
      // Counters have to rise for rates to be there.
      life = setInterval(() => {
        for (const event of events.everyEvent.slice(0, -2)) keeper.observe(event)
      }, 500)
      const configuration = parse(files['ops/prometheus/prometheus.yml'] ?? '')
      configuration.global = { scrape_interval: '1s', evaluation_interval: '1s' }
      configuration.scrape_configs[0].static_configs[0].targets = [`127.0.0.1:${keeper.address?.port}`]
      await writeFile(join(directory, 'scrape.yml'), stringify(configuration))
      server = spawn(
        programs.prometheus,
        [
          ...[`--config.file=${join(directory, 'scrape.yml')}`, `--storage.tsdb.path=${join(directory, 'data')}`],
          '--web.listen-address=127.0.0.1:0',
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      )
      const address = await listeningAddress(server)
      api = `http://${address}/api/v1`
      await until(async () => (await fetch(`http://${address}/-/ready`)).ok)
    })
    after(async () => {
      clearInterval(life)
      if (server !== undefined && server.exitCode === null) {
        const ended = new Promise((resolve) => server.once('exit', resolve))
        server.kill('SIGTERM')
        await ended
      }
      await keeper?.close(0)
    })

    async function ask(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
      const response = await fetch(`${api}/${path}?${new URLSearchParams(query)}`)
      const { status, data, error } = (await response.json()) as { status: string; data: unknown; error?: string }
      expect(status, `${query.query}: ${error}`).to.equal('success')
      return data
    }
    const valuesOf = async (query: string) => ((await ask('query', { query })) as { result: unknown[] }).result

    it('is up, and each metric of the table is there', async () => {
      await until(async () => (await valuesOf('up{job="plimsoll-keeper"} == 1')).length === 1)
      await until(async () => (await valuesOf('count_over_time(plimsoll_keeper_rounds_total[1m]) >= 3')).length === 1)
      const names = (await ask('label/__name__/values')) as string[]
      const shown = new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))
      expect(Object.keys(metricTable).filter((name) => !shown.has(name))).to.deep.equal([])
      const metadata = (await ask('metadata')) as Record<string, { type: string }[]>
      for (const [name, { kind }] of Object.entries(metricTable)) expect(metadata[name]?.[0]?.type, name).to.equal(kind)
    })

    it('gives the dashboard something to show in every panel', async () => {
      for (const panel of grafanaDashboard().panels) {
        if (!('targets' in panel)) continue
        for (const { expr } of panel.targets) {
          const query = expr.replaceAll('$instance', '.+').replaceAll('$__rate_interval', '1m')
          expect(await valuesOf(query), `${panel.title}: ${query}`).not.to.have.length(0)
        }
      }
    })

    it('fires the rules that hold, with their severity and text', async () => {
      type Fired = { labels: Record<string, string>; annotations: Record<string, string>; state: string }
      const firing = async () =>
        ((await ask('alerts')) as { alerts: Fired[] }).alerts.filter(({ state }) => state === 'firing')
      await until(async () => (await firing()).length >= 2)
      const fired = await firing()
      const breach = fired.find(({ labels }) => labels.alertname === 'BelowMaintenance')
      expect(breach?.labels).to.include({ severity: 'critical', job: 'plimsoll-keeper' })
      expect(breach?.annotations.summary).to.equal('1 accounts are below their maintenance margin')
      expect([...new Set(fired.map(({ labels }) => labels.alertname))].sort()).to.deep.equal([
        ...['AlertsUndelivered', 'BelowMaintenance'],
      ])
    })
  })
})

const silent = { observe: () => {}, say: () => {} }
const deafSink = {
  ...{ name: 'deaf', secrets: [] },
  deliver: () => Promise.reject(new Error('deaf')),
}

/** Where a Prometheus says that it listens. */
function listeningAddress(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const said: string[] = []
    server.once('exit', () => reject(new Error(`Prometheus ended: ${said.slice(-3).join('\n')}`)))
    createInterface({ input: server.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      said.push(line)
      const [, address] = /msg="Listening on" address=(\S+)/.exec(line) ?? []
      if (address !== undefined) resolve(address)
    })
  })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; ) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  expect.fail('waited 15 seconds in vain')
}
