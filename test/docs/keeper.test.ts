import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { readRegistry } from '../../src/registry.ts'
import { type CommandDevnet, startDevnetCommand, temporaryDirectory } from '../support/commandLine.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

type Step = { readonly command: string; readonly expected: readonly string[] }

/** Commands and the output that the page shows of each, from the blocks that are marked as a transcript. */
function stepsOf(page: string): readonly Step[] {
  const steps: { command: string; expected: string[] }[] = []
  for (const [, block = ''] of page.matchAll(/<!-- transcript -->\n+```console\n(.*?)```/gs)) {
    for (const line of block.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: [] })
      else steps.at(-1)?.expected.push(line)
    }
  }
  return steps
}

/** Where each line of the page is in the output, in order; `…` stands for anything, on a line of its own for any lines. */
function firstMissing(expected: readonly string[], actual: readonly string[]): string | undefined {
  let next = 0
  let maySkip = false
  for (const line of expected) {
    if (line === '…') {
      maySkip = true
      continue
    }
    const pattern = new RegExp(`^${line.split('…').map(literally).join('.*')}$`)
    const limit = maySkip ? actual.length : next + 1
    const at = actual.slice(next, limit).findIndex((text) => pattern.test(text.trimEnd()))
    if (at < 0) return line
    next += at + 1
    maySkip = false
  }
  return !maySkip && next < actual.length ? `the end, before: ${actual[next]}` : undefined
}

const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

describe('docs/keeper.md', function () {
  this.timeout(240_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let devnet: CommandDevnet
  before(async () => {
    directory = await temporaryDirectory()
    devnet = await startDevnetCommand(directory.file('.plimsoll/devnet.json'))
  })
  after(async () => {
    await devnet?.stop()
    await directory.remove()
  })

  it('takes a newcomer from keeper init to a record in the registry, as it is written', async () => {
    const steps = stepsOf(readFileSync(join(root, 'docs/keeper.md'), 'utf8'))
    expect(steps.length).to.be.greaterThan(8)
    const storedOf = async () => {
      const { registry, parameters, accounts } = devnet.deployment
      const account = accounts.hedged ?? expect.fail('the devnet has no account of that name')
      return (await readRegistry(devnet.chain.client, { registry, modelId: parameters.modelId, account })).stored
    }
    expect(await storedOf()).to.equal(null)
    const isLive = ({ command }: Step) => command.includes('--live')
    const livePlace = steps.findIndex(isLive)
    expect(livePlace).to.be.greaterThan(0)

    const end = '\u0001'
    const script = [
      `plimsoll() { '${process.execPath}' '${join(root, 'scripts/cli.ts')}' "$@"; }`,
      ...steps.map(({ command }) => `${command}\nprintf '${end}%s${end}' "$?"`),
    ].join('\n')
    const { stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${script}`], {
      cwd: realpathSync(directory.file('.')),
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      timeout: 200_000,
    })
    const parts = stdout.split(end)
    for (const [index, { command, expected }] of steps.entries()) {
      const [output = '', code] = parts.slice(2 * index, 2 * index + 2)
      expect(code, `${command}\n${output}`).to.equal('0')
      const lines = output === '' ? [] : output.trimEnd().split('\n')
      expect(firstMissing(expected, lines), `${command}\n${output}`).to.equal(undefined)
    }
    const stored = await storedOf()
    const posting = parts[2 * livePlace]?.split('\n').find((line) => line.includes('"posting"')) ?? '{}'
    expect(`${stored?.equity}`).to.equal(JSON.parse(posting).equity)
    expect(stored?.isUsable).to.equal(true)
  })
})
