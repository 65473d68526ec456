import { once } from 'node:events'
import { expect } from 'chai'
import { resolveAnvil } from '../../scripts/devnet/anvil.ts'
import {
  type CommandDevnet,
  runCommand,
  startCommand,
  startDevnetCommand,
  temporaryDirectory,
} from '../support/commandLine.ts'
import { behind, type FaultyNode, startFaultyNode } from '../support/faultyNode.ts'

const keys = ['f00dcafe', 's3cr3t', 'k3y4u']

describe('plimsoll over several nodes', function () {
  this.timeout(240_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let devnet: CommandDevnet
  let nodes: FaultyNode[]

  before(async () => {
    directory = await temporaryDirectory()
    devnet = await startDevnetCommand(directory.file('devnet.json'))
    await devnet.chain.client.mine({ blocks: 8 })
    nodes = await Promise.all(keys.map((key) => startFaultyNode(devnet.deployment.rpcUrl, key)))
  })
  after(async () => {
    await Promise.all(nodes.map((node) => node.close()))
    await devnet.stop()
    await directory.remove()
  })

  const over = (...args: string[]) => [...args, '--deployment', devnet.file]
  const rpcs = (count: number) => nodes.slice(0, count).flatMap(({ url }) => ['--rpc', url])
  const expectNoSecret = (text: string) => {
    for (const secret of [...keys, ...nodes.map(({ url }) => new URL(url).host)]) expect(text).not.to.contain(secret)
  }

  it('reads what one node gives, and says on standard error which of them lags', async () => {
    const head = await devnet.chain.client.getBlockNumber()
    const [, , third] = nodes as [FaultyNode, FaultyNode, FaultyNode]
    third.fault = behind(head - 5n)
    const [one, three] = await Promise.all([
      runCommand(over('read', 'hedged', '--json')),
      runCommand(over('read', 'hedged', '--json', ...rpcs(3), '--quorum', '2')),
    ])
    expect({ ...three, stderr: '' }).to.deep.equal(one)
    expect(three.stderr).to.match(/^rpc 3: lagging, 5 blocks behind$/m)
    expect(third.asked).not.to.include('eth_call')
  })

  it('refuses when two nodes disagree, by their places and never by their URLs', async () => {
    const [, second] = nodes as [FaultyNode, FaultyNode]
    second.fault = async ({ method }, answer) => {
      const { result, error } = await answer()
      if (method !== 'eth_call' || error !== undefined) return { result, ...(error ? { error } : {}) }
      return { result: `${result}00` }
    }
    const ran = await runCommand(over('margin', 'hedged', '--json', ...rpcs(2)))
    second.fault = () => undefined
    expect(ran.code).to.equal(1)
    const { error } = JSON.parse(ran.stdout)
    expect(error).to.include({ name: 'EndpointDisagreementError', retryable: true })
    expect(error.message).to.match(/^The endpoints disagree about eth_call at block \d+\.\nrpc 1: 0x.*\nrpc 2: 0x/)
    expectNoSecret(ran.stdout + ran.stderr)
  })

  it('takes counts that can be, and hides a URL in the wrong place', async () => {
    const [url = ''] = nodes.map((node) => node.url)
    const [quorum, reads, account, option, unexpected] = await Promise.all([
      runCommand(over('read', 'hedged', ...rpcs(2), '--quorum', '3')),
      runCommand(over('read', 'hedged', '--verify-reads', '0')),
      runCommand(over('read', url)),
      runCommand(over('read', 'hedged', `--rcp=${url}`)),
      runCommand(over('read', 'hedged', '--block', url)),
    ])
    expect(quorum).to.deep.include({ code: 2, stdout: '' })
    expect(quorum.stderr).to.match(/--quorum must be from 1 to 2, the number of nodes given with --rpc, got 3/)
    expect(reads.code).to.equal(2)
    expect([account.code, option.code, unexpected.code]).to.deep.equal([1, 2, 2])
    for (const { stdout, stderr } of [quorum, reads, account, option, unexpected]) expectNoSecret(stdout + stderr)
  })

  for (const program of ['hardhat', 'anvil']) {
    it(`forks a node with devnet --fork on ${program}, which gives the same margin there`, async function () {
      if (program === 'anvil') {
        const missing = await resolveAnvil().then(
          () => undefined,
          (error: Error) => error.message,
        )
        if (missing !== undefined) {
          console.error(`      skipped: ${missing}`)
          this.skip()
        }
      }
      const [first] = nodes as [FaultyNode]
      const block = `${await devnet.chain.client.getBlockNumber()}`
      const options = ['--node', program, '--fork', first.url, '--block', block, '--block-time', '0', '--json']
      const { child, done } = startCommand(['devnet', ...options])
      let printed = ''
      child.stdout?.on('data', (chunk) => {
        printed += chunk
      })
      await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), done])
      const { url, chainId, block: forked } = JSON.parse(printed)
      expect({ chainId, forked: `${forked}` }).to.deep.equal({ chainId: 31337, forked: block })
      const margin = (...args: string[]) => runCommand(over('margin', 'hedged', '--json', '--block', block, ...args))
      const [here, there] = await Promise.all([margin(), margin('--rpc', url)])
      expect(there).to.deep.equal(here)
      expect(here.code).to.equal(0)
      child.kill('SIGINT')
      const { code, stdout, stderr } = await done
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: 'Stopped.\n' })
      expectNoSecret(stdout + stderr)
    })
  }

  it('forks no node without a block, and says that a node is silent without its key', async () => {
    const silent = 'http://127.0.0.1:1/v2/f00dcafe'
    const [open, dead] = await Promise.all([
      runCommand(['devnet', '--fork', silent]),
      runCommand(['devnet', '--fork', silent, '--block', '1']),
    ])
    expect(open.code).to.equal(2)
    expect(open.stderr).to.match(/--fork and --block go together/)
    expect(dead.code).to.equal(1)
    expect(dead.stderr).to.match(/Reading block 1 of the node to fork failed: no HTTP answer/)
    expectNoSecret(open.stderr + dead.stderr)
  })
})
