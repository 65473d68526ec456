import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { backtestCommand } from '../../scripts/cli/backtest.ts'
import { UsageError } from '../../scripts/cli/context.ts'
import { MissingMarketDataError } from '../../src/core/errors.ts'
import { runCommand } from '../support/commandLine.ts'
import { rejection } from '../support/rejection.ts'

const book = {
  schema: 'plimsoll-book/1',
  portfolio: {
    asOf: 1_767_225_600,
    quote: 'USD',
    positions: [
      { kind: 'cash', currency: 'USDC', amount: 10_000 },
      { kind: 'perpetual', underlying: 'ETH', amount: 3, entry: 3_000, settlement: 'USDC' },
      { kind: 'option', underlying: 'ETH', right: 'call', strike: 3_300, years: 0.1, amount: -3, settlement: 'USDC' },
    ],
  },
  market: { underlyings: { ETH: { price: 3_000, smiles: [{ kind: 'flat', volatility: 0.7 }] } } },
}

describe('plimsoll backtest', function () {
  this.timeout(60_000)
  let folder: string
  const file = (name: string, content: string) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-backtest-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('tests a model over invented closes, the same ones every time', async () => {
    const target = file('book.json', JSON.stringify(book))
    const args = ['--book', target, '--synthetic', '7', '--days', '25', '--window', '30', '--tools', 'buffer,floor']
    const { stdout, exitCode } = await run(...args, '--json')
    const result = JSON.parse(stdout)
    expect(exitCode).to.equal(result.report.trafficLight.zone === 'green' ? 0 : 3)
    expect(result).to.include({ model: 'plimsoll-1', quote: 'USD', interval: 86_400, window: 30, horizon: 1 })
    expect(result.synthetic).to.contain('seed 7')
    expect(result.days).to.have.length(25)
    expect(result.report.observations).to.equal(25)
    expect(result.charged.map(({ tools }: { tools: readonly string[] }) => tools)).to.deep.equal([
      ...[[], ['buffer'], ['floor'], ['buffer', 'floor']],
    ])
    expect((await run(...args, '--json')).stdout).to.equal(stdout)
    const { stdout: text } = await run(...args)
    expect(text).to.contain('SYNTHETIC').and.contain('Traffic light').and.contain('with buffer, floor')
  })
  it('tests a reference model over closes of a file', async () => {
    const target = file('book.json', JSON.stringify(book))
    const rows = Array.from(
      { length: 12 },
      (_, day) => `2025-03-${`${day + 1}`.padStart(2, '0')},${3_000 + 40 * (day % 5)}`,
    )
    const closes = file('closes.csv', `date,close\n${rows.join('\n')}\n`)
    const { stdout } = await run(
      '--model',
      'deribit-pm',
      '--book',
      target,
      '--history',
      closes,
      '--window',
      '4',
      '--json',
    )
    const result = JSON.parse(stdout)
    expect(result).to.include({ model: 'deribit-pm', synthetic: null })
    expect(result.days.map(({ close }: { close: number }) => close)).to.deep.equal([3, 4, 5, 6, 7, 8, 9, 10])
    expect(result.days[0].requirement).to.be.greaterThan(0)
  })
  it('tests counts and pairs; a light that is not green asks for exit code 3', async () => {
    const { stdout, exitCode } = await run('--observations', '250', '--exceptions', '6', '--json')
    expect(JSON.parse(stdout).trafficLight).to.include({ zone: 'yellow', baselIncrease: 0.5 })
    expect(exitCode).to.equal(3)
    expect((await run('--observations', '250', '--exceptions', '4')).exitCode).to.equal(0)
    const pairs = file('pairs.csv', 'pnl,var\n-1,2\n-3,2\n# holiday\n4,2\n')
    const report = JSON.parse((await run('--pairs', pairs, '--confidence', '0.9', '--json')).stdout)
    expect(report).to.include({ observations: 3, exceptions: 1 })
    expect(report.firstFailure.day).to.equal(2)
  })
  it('is a command of plimsoll', async () => {
    const { code, stdout } = await runCommand(['backtest', '--observations', '250', '--exceptions', '10'])
    expect(code).to.equal(3)
    expect(stdout).to.contain('Traffic light: red')
  })
  it('error: no target, two of them, an option out of range, a book without history', async () => {
    const usage = async (...args: readonly string[]) => (await rejection(run(...args), UsageError)).message
    const target = file('book.json', JSON.stringify(book))
    expect(await usage()).to.contain('--pairs')
    expect(await usage('--observations', '10')).to.contain('--exceptions')
    expect(await usage('--observations', '10', '--exceptions', '1', '--book', target)).to.contain('Give one of')
    expect(await usage('--observations', '10', '--exceptions', '1', '--confidence', '2')).to.contain('between 0 and 1')
    expect(await usage('--book', target)).to.contain('--history or --synthetic')
    expect(await usage('--book', target, '--synthetic', '1', '--model', 'none')).to.contain('must be one of')
    expect(await usage('--book', target, '--synthetic', '1', '--tools', 'magic')).to.contain('stressed-weight')
    expect(await usage('--book', target, '--synthetic', '1', '--model', 'venue-rules')).to.contain('venue-rules')
    expect(await usage('--pairs', file('bad.csv', '1;2'))).to.contain('Line 1')
    const other = file('other.csv', 'date,BTC\n2025-01-01,1\n2025-01-02,2\n2025-01-03,3\n')
    const missing = await rejection(run('--book', target, '--history', other, '--window', '2'), MissingMarketDataError)
    expect(missing.message).to.contain('no closes of ETH')
  })
})

/** Runs the command in this process; what it prints and the exit code that it asks for. */
async function run(...args: readonly string[]): Promise<{ readonly stdout: string; readonly exitCode: number }> {
  const { log } = console
  const { exitCode } = process
  const lines: unknown[] = []
  console.log = (text: unknown) => lines.push(text)
  process.exitCode = 0
  // The command object keeps the options of an earlier run.
  for (const option of backtestCommand.options)
    backtestCommand.setOptionValue(option.attributeName(), option.defaultValue)
  try {
    await backtestCommand.parseAsync(args, { from: 'user' })
    return { stdout: lines.join('\n'), exitCode: Number(process.exitCode) }
  } finally {
    console.log = log
    process.exitCode = exitCode
  }
}
