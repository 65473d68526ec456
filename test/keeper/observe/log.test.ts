import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { expect } from 'chai'
import type { KeeperEvent } from '../../../src/keeper/events.ts'
import { createKeeperLog, levelOf, logLevels } from '../../../src/keeper/observe/log.ts'
import { classes, expectNone, instancesOf, key, secrets, url } from '../../support/tellingErrors.ts'
import * as events from '../support/events.ts'

/** A log whose lines can be read. */
function recordedLog(options: Parameters<typeof createKeeperLog>[0] = {}) {
  const lines: string[] = []
  const log = createKeeperLog({ ...options, destination: { write: (line: string) => lines.push(line) } })
  return { ...log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

describe('keeper log', () => {
  it('writes one line of JSON for each event: level, time, then its fields with bigints as text', () => {
    const { observe, parsed, lines } = recordedLog({ level: 'debug' })
    for (const event of events.everyEvent) observe(event)
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).to.equal(true)
    expect(parsed().map(({ event }) => event)).to.deep.equal(events.everyEvent.map(({ event }) => event))
    const { at, ...line } = parsed().find(({ event }) => event === 'decision') ?? {}
    expect(new Date(at as string).toISOString()).to.equal(at)
    expect(line).to.deep.equal({
      ...{ level: 'info', event: 'decision', account: events.accountOf(1), blockNumber: '100', time: 1_800_000_000 },
      ...{ code: 'worse', action: 'posting', equity: '2500000000', initialMargin: '1000000000' },
      ...{ maintenanceMargin: '800000000', ageSeconds: 30 },
    })
  })

  it('has its fields written down in docs/keeper.md', async () => {
    const [, text = ''] = (await readFile(new URL('../../../docs/keeper.md', import.meta.url), 'utf8')).split('### Log')
    const every = [...events.everyEvent, events.purse({ oldestOpenSeconds: 1 }), events.decision({ computedAt: 1n })]
    for (const event of every) {
      const row = text
        .split('\n')
        .find((line) => line.startsWith('|') && line.split('|')[1]?.includes(`\`${event.event}\``))
      const fields = new Set(row?.split('|')[3]?.match(/\w+/g))
      for (const field of Object.keys(event)) {
        if (field !== 'event') expect(fields.has(field), `${event.event} ${field}`).to.equal(true)
      }
    }
  })

  it('leaves out what is quieter than its level', () => {
    const counts = logLevels.map((level) => {
      const { observe, lines } = recordedLog({ level })
      for (const event of [...events.everyEvent, events.decision()]) observe(event)
      return lines.length
    })
    expect(counts[0]).to.equal(events.everyEvent.length + 1)
    for (const [index, count] of counts.entries()) expect(count).to.be.at.most(counts[index - 1] ?? count)
    expect(counts.at(-1)).to.be.greaterThan(0)
  })

  it('does not end with the disk or the reader that takes its lines', async function () {
    this.timeout(30_000)
    const program = `
      import { createKeeperLog } from ${JSON.stringify(new URL('../../../src/keeper/observe/log.ts', import.meta.url).href)}
      const log = createKeeperLog()
      for (let line = 0; line < 20; line += 1) {
        log.say('error', { line, text: 'x '.repeat(2_000) })
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      console.error('alive')`
    const disk = await open('/dev/full', 'w')
    const full = await runProgram(program, disk.fd).finally(() => disk.close())
    expect(full).to.deep.equal({ code: 0, stderr: 'alive\n' })
    const gone = await runProgram(program, 'pipe')
    expect(gone).to.deep.equal({ code: 0, stderr: 'alive\n' })
  })

  const levels: readonly [KeeperEvent, string][] = [
    [events.decision(), 'debug'],
    [events.decision({ action: 'would post' }), 'info'],
    [events.refusal(), 'warn'],
    [events.post(), 'info'],
    [events.post({ code: 'foreign-nonce' }), 'error'],
    [events.post({ code: 'spend-cap' }), 'error'],
    [events.transaction(), 'info'],
    [events.transaction({ code: 'fee-bump' }), 'warn'],
    [events.transaction({ code: 'nonce-taken' }), 'error'],
    [events.cosign(), 'debug'],
    [events.cosign({ code: 'differs' }), 'error'],
    [events.cosign({ code: 'forged' }), 'error'],
    [events.endpoint(), 'info'],
    [events.endpoint({ status: 'disagreeing' }), 'error'],
    [events.endpoint({ status: 'lagging' }), 'warn'],
    [events.purse(), 'debug'],
    [events.failure(), 'error'],
  ]
  for (const [event, level] of levels) {
    const code = 'code' in event ? event.code : 'status' in event ? event.status : ''
    it(`calls ${event.event} ${code} ${level}`, () => expect(levelOf(event)).to.equal(level))
  }

  it('shows neither URL nor key, whatever error or text an event or a line carries', () => {
    const { observe, say, lines } = recordedLog({ secrets })
    const errors = classes.flatMap(([, type]) => instancesOf(type))
    for (const error of errors) {
      say('error', { event: 'observer', error, errors: [error], nested: { error } })
      observe(events.failure({ message: error.message, error: error.stack ?? '' }))
    }
    observe(events.post({ code: 'not-sent', reason: `${url} said no` }))
    observe(events.cosign({ code: 'unreachable', peer: url, reason: url, field: key }))
    observe(events.endpoint({ endpoint: url, status: url, problem: url }))
    expect(lines.length).to.equal(2 * errors.length + 3)
    expectNone(lines.join('\n'))
  })
})

/** Runs a program whose standard output goes to a file, or to a pipe that nobody reads. */
function runProgram(program: string, output: number | 'pipe'): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', output, 'pipe'],
  })
  child.stdout?.destroy()
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })))
}
