import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { paramsCommand } from '../../scripts/cli/params.ts'
import { toJson } from '../../src/core/canonical.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type MarginParameters, parametersHash, parseParameters } from '../../src/core/parameters.ts'
import { wad } from '../../src/core/units.ts'
import { defaultCalibration } from '../../src/risk/plimsoll/calibration.ts'
import { testParameters } from '../support/books.ts'
import { rejection } from '../support/rejection.ts'

/** Runs the command in this process; what it prints and the exit code that it asks for. */
async function run(...args: readonly string[]): Promise<{ readonly stdout: string; readonly exitCode: number }> {
  const { log } = console
  const { exitCode } = process
  const lines: unknown[] = []
  console.log = (text: unknown) => lines.push(text)
  process.exitCode = 0
  try {
    await paramsCommand.parseAsync(args, { from: 'user' })
    return { stdout: lines.join('\n'), exitCode: Number(process.exitCode) }
  } finally {
    console.log = log
    process.exitCode = exitCode
  }
}

describe('plimsoll params', function () {
  this.timeout(60_000)
  let folder: string
  const base = testParameters()
  const hash = parametersHash(base)
  const other = testParameters((plain) => {
    plain.paperHaircut = wad / 5n
  })
  const file = (name: string, content: unknown) => {
    const path = join(folder, name)
    writeFileSync(path, JSON.stringify(toJson(content)))
    return path
  }
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-params-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('shows a set as JSON that reads back as the same set', async () => {
    const { stdout } = await run('show', file('base.json', base), '--json')
    expect(parseParameters(JSON.parse(stdout))).to.deep.equal(base)
    const { stdout: text } = await run('show', file('base.json', base))
    expect(text).to.contain(`hash ${hash}`).and.contain('shortOptionMinimum')
  })
  it('shows the default calibration', async () => {
    const calibration = JSON.parse((await run('show', '--default', '--json')).stdout)
    expect(calibration.lines).to.deep.equal(toJson(defaultCalibration.lines))
    expect(Object.keys(calibration.underlyings)).to.include.members(['BTC', 'ETH', 'DAI', 'SUSD', 'USDC', 'USDT'])
  })
  it('hashes a set and the set of a deployment', async () => {
    expect((await run('hash', file('base.json', base))).stdout).to.equal(hash)
    const deployment = file('deployment.json', { schema: 'plimsoll-deployment/1', parameters: base })
    const { stdout } = await run('hash', '--deployment', deployment, '--json')
    expect(JSON.parse(stdout)).to.deep.equal({ hash, name: 'test', model: 'plimsoll-1', modelId: 1, chainId: 31337 })
  })
  it('asks for exit code 3 when two sets differ, for 0 when they do not', async () => {
    const left = file('base.json', base)
    const right = file('other.json', other)
    const { stdout, exitCode } = await run('diff', left, right, '--json')
    expect(exitCode).to.equal(3)
    expect(JSON.parse(stdout)).to.deep.equal({
      hashes: { left: hash, right: parametersHash(other) },
      differences: [{ path: 'paperHaircut', left: `${wad / 10n}`, right: `${wad / 5n}` }],
    })
    expect((await run('diff', left, right)).stdout).to.match(/^paperHaircut +0\.1 +0\.2$/m)
    expect(await run('diff', left, left)).to.deep.equal({ exitCode: 0, stdout: `Equal: ${hash}` })
  })
  it('is a command of plimsoll', () => {
    const cli = new URL('../../scripts/cli.ts', import.meta.url).pathname
    const args = [cli, 'params', 'diff', file('base.json', base), file('other.json', other)]
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(status).to.equal(3)
    expect(stdout).to.contain('paperHaircut')
  })
  it('error: a file that is missing, is no set, or contradicts itself', async () => {
    const problem = async (...args: readonly string[]) => (await rejection(run(...args), InvalidInputError)).message
    expect(await problem('hash', join(folder, 'none.json'))).to.contain('none.json')
    expect(await problem('show', file('empty.json', {}))).to.contain('The parameter set is not valid')
    const bad: MarginParameters = { ...base, decorrelation: 0n }
    expect(await problem('hash', file('bad.json', bad))).to.contain('contradicts itself')
    expect(await problem('show', file('base.json', base), '--default')).to.contain('one of them')
  })
})
