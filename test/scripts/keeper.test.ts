import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import type { Address } from 'viem'
import { supplyToAave } from '../../scripts/devnet/aaveV3.ts'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { parseDeployment } from '../../scripts/devnet/deployment.ts'
import { approveAll, mintToken } from '../../scripts/devnet/tokens.ts'
import { readRegistry } from '../../src/registry.ts'
import {
  type CommandDevnet,
  type Ran,
  runCommand,
  startCommand,
  startDevnetCommand,
  temporaryDirectory,
} from '../support/commandLine.ts'
import { devnetPayer } from '../support/plimsoll.ts'

const lines = ({ stdout }: Ran) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('plimsoll keeper', function () {
  this.timeout(120_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let devnet: CommandDevnet
  let accounts: Readonly<Record<string, Address>>

  before(async () => {
    directory = await temporaryDirectory()
    devnet = await startDevnetCommand(directory.file('devnet.json'))
    accounts = devnet.deployment.accounts
  })
  after(async () => {
    await devnet.stop()
    await directory.remove()
  })

  const at = () => ['--deployment', devnet.file, '--journal', directory.file('keeper.db')]
  const keep = (...args: string[]) => ['keeper', 'run', ...args, '--log-level', 'debug', ...at()]
  const nonce = () => devnet.chain.client.getTransactionCount({ address: devnetPayer.address })
  const storedOf = async (account: Address | undefined) => {
    if (account === undefined) throw new Error('no such account')
    const { registry, parameters } = devnet.deployment
    const { modelId } = parameters
    return (await readRegistry(devnet.chain.client, { registry, modelId, account })).stored
  }

  it('is dry without --live: a line of JSON for every event, no key, no transaction', async () => {
    const before = await nonce()
    const { child, done } = startCommand(keep('hedged', 'empty', '--rounds', '2'))
    // The first round may be under way; the second one begins at the block after it.
    await untilTold(child, 'round')
    await advanceTime(devnet.chain, 1)
    const ran = await done
    expect({ code: ran.code, stderr: ran.stderr }).to.deep.equal({ code: 0, stderr: '' })
    const events = lines(ran)
    expect(events[0]).to.deep.include({ level: 'info', event: 'started', live: false, accounts: 2 })
    expect(events.at(-1)).to.deep.include({ level: 'info', event: 'stopped', live: false, accounts: 2 })
    const decisions = events.filter(({ event }) => event === 'decision')
    expect(decisions.map(({ account, code, action }) => [account, code, action])).to.deep.equal(
      [accounts.hedged, accounts.empty, accounts.hedged, accounts.empty].map((account) => [
        account,
        'first',
        'would post',
      ]),
    )
    expect(BigInt(decisions[2].blockNumber) > BigInt(decisions[0].blockNumber)).to.equal(true)
    expect(decisions[0].equity).to.match(/^\d+$/)
    expect(await nonce()).to.equal(before)
    expect(await storedOf(accounts.hedged)).to.equal(null)
  })

  it('posts with --live, and a refused account does not silence the others', async () => {
    const { chain, file } = devnet
    const { protocols } = JSON.parse(devnet.printed)
    const { tokens, aave, operators } = parseDeployment(JSON.stringify(protocols))
    const empty = accounts.empty as Address
    // More dollars than a record holds.
    const amount = 2n * 10n ** 19n
    await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: empty, amount })
    await approveAll(sendAs(chain, empty), [tokens.usdc], [aave.pool])
    await supplyToAave(sendAs(chain, empty), aave, { asset: tokens.usdc, amount })

    const ran = await runCommand(keep('empty', 'hedged', '--live', '--rounds', '2'))
    expect(ran.code).to.equal(1)
    // Whatever the key signs is remembered, also without a file of configuration.
    const memory = new DatabaseSync(directory.file('signed.db'), { readOnly: true })
    const signed = memory.prepare('SELECT DISTINCT account FROM signed').all()
    memory.close()
    expect(signed.map(({ account }) => account)).to.deep.equal([accounts.hedged?.toLowerCase()])
    const events = lines(ran)
    const refusals = events.filter(({ event }) => event === 'refused')
    expect(refusals.map(({ account, error }) => [account, error])).to.deep.equal([
      [empty, 'OutOfRangeError'],
      [empty, 'OutOfRangeError'],
    ])
    const decisions = events.filter(({ event }) => event === 'decision')
    expect(decisions.map(({ account, code, action }) => [account, code, action])).to.deep.equal([
      [accounts.hedged, 'first', 'posting'],
      [accounts.hedged, 'unchanged', 'skipped'],
    ])
    const [post] = events.filter(({ event }) => event === 'post')
    expect(post).to.include({ form: 'single', code: 'sent' })
    const [mined] = events.filter(({ code }) => code === 'mined')
    expect(mined).to.deep.include({ hash: post.hash, accounts: [accounts.hedged], form: 'single' })
    expect(await storedOf(empty)).to.equal(null)
    expect(`${(await storedOf(accounts.hedged))?.equity}`).to.equal(decisions[0].equity)

    const verified = await runCommand(['verify', post.hash, '--json', '--deployment', file])
    expect(JSON.parse(verified.stdout).equal).to.equal(true)
  })

  it('serves health, status and metrics with --listen, nodes included, and logs no account that rests', async () => {
    const key = 'f00dfacef00dfacef00dface'
    const nodes = ['--rpc', devnet.deployment.rpcUrl, '--rpc', `http://127.0.0.1:1/${key}`, '--quorum', '1']
    const args = ['keeper', 'run', 'hedged', 'empty', '--listen', '127.0.0.1:0', ...nodes, ...at()]
    const { child, done } = startCommand(args)
    let printed = ''
    child.stdout?.on('data', (chunk) => {
      printed += chunk
    })
    await untilTold(child, 'round')
    const told = () =>
      printed
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    const { port } = told().find(({ event }) => event === 'listening')
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    expect(JSON.parse(await get('/livez'))).to.deep.equal({ ok: true, reasons: [] })
    expect(JSON.parse(await get('/readyz'))).to.deep.equal({ ok: true, reasons: [] })
    const { accounts: shown, quorum } = JSON.parse(await get('/status'))
    expect(shown.map(({ account }: { account: Address }) => account)).to.have.members([accounts.hedged, accounts.empty])
    expect(quorum).to.deep.equal({ serving: 1, quorum: 1 })
    const metrics = await get('/metrics')
    expect(metrics).to.contain('plimsoll_keeper_endpoint_status{endpoint="rpc 2",status="failing"} 1')
    expect(metrics).to.match(/^plimsoll_keeper_rounds_total [1-9]/m)
    child.kill('SIGTERM')
    const { code, stderr } = await done
    expect(code).to.equal(0)
    const nodesTold = told().filter(({ event }) => event === 'endpoint')
    expect(nodesTold.map(({ endpoint, status }) => `${endpoint} ${status}`)).to.include('rpc 2 failing')
    expect(told().filter(({ action }) => action === 'skipped')).to.deep.equal([])
    expect(printed + stderr + metrics).not.to.contain(key)
  })

  it('tells what is out, and cancels it with --live', async () => {
    const { client } = devnet.chain
    await client.setAutomine(false)
    try {
      const sent = await runCommand(keep('naked', '--live', '--rounds', '1'))
      const [{ hash, code }] = lines(sent).filter(({ event }) => event === 'post')
      expect(code).to.equal('sent')
      const told = await runCommand(['keeper', 'unstick', '--json', ...at()])
      expect(JSON.parse(told.stdout).events).to.deep.equal([{ code: 'out', nonce: await nonce(), hash }])
      const cancelled = await runCommand(['keeper', 'unstick', '--live', ...at()])
      expect(cancelled.code, cancelled.stderr).to.equal(0)
      expect(cancelled.stdout).to.match(/^nonce \d+ {2}cancelling {2}0x[\da-f]{64}\n$/)
      await client.mine({ blocks: 1 })
      expect(await storedOf(accounts.naked)).to.equal(null)
      const after = await runCommand(['keeper', 'unstick', '--live', ...at()])
      expect(after.stdout).to.match(/^nonce \d+ {2}cancelled {2}/)
    } finally {
      await client.setAutomine(true)
    }
  })

  it('runs on until Ctrl-C, and says when the node is gone', async () => {
    const { child, done } = startCommand(keep('naked'))
    await once(child.stdout as NodeJS.ReadableStream, 'data')
    child.kill('SIGINT')
    expect((await done).code).to.equal(0)

    const socket = devnet.deployment.rpcUrl.replace(/^http/, 'ws')
    const told = startCommand(keep('naked', '--rpc', socket))
    await untilTold(told.child, 'round')
    told.child.kill('SIGTERM')
    const { code: ended, stdout: said } = await told.done
    expect(ended).to.equal(0)
    expect(JSON.parse(said.trim().split('\n').at(-1) ?? '')).to.deep.include({ event: 'stopped', live: false })

    const silent = startCommand(keep('naked', '--rpc', 'http://127.0.0.1:1/f00dfacef00dface'))
    await untilTold(silent.child, 'failure')
    silent.child.kill('SIGINT')
    const { code, stdout } = await silent.done
    // Asked to end, it ends well, whatever it had to say before.
    expect(code).to.equal(0)
    const failure = stdout.split('\n').find((line) => line.includes('failure'))
    expect(JSON.parse(failure ?? '')).to.deep.include({
      level: 'error',
      event: 'failure',
      stage: 'blocks',
      error: 'RpcError',
      message:
        'Watching for blocks failed: no HTTP answer.\nNothing was concluded from it; try again, or use another node.',
    })
  })
})

/** Waits until the process has told an event of a kind. */
function untilTold(child: ChildProcess, event: string): Promise<void> {
  return new Promise((resolve) => {
    child.stdout?.on('data', (chunk) => {
      if (`${chunk}`.includes(`"event":"${event}"`)) resolve()
    })
  })
}
