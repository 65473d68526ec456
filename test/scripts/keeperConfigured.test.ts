import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { getAddress } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { emptyTemplate, keeperYaml } from '../../scripts/cli/keeper/template.ts'
import { parseKeeperConfig } from '../../src/keeper/config/file.ts'
import { type CommandDevnet, runCommand, startDevnetCommand, temporaryDirectory } from '../support/commandLine.ts'

type Found = { readonly check: string; readonly status: string; readonly detail: string }

describe('plimsoll keeper with keeper.yaml', function () {
  this.timeout(120_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let devnet: CommandDevnet
  let env: Readonly<Record<string, string>>
  let text: string

  before(async () => {
    directory = await temporaryDirectory()
    devnet = await startDevnetCommand(directory.file('.plimsoll/devnet.json'))
    const keys = devnet.deployment.developmentKeys ?? expect.fail('a devnet has keys')
    env = { ATTESTOR_KEY: keys.signer, PAYER_KEY: keys.payer, OTHER_KEY: generatePrivateKey() }
    const ran = await run('init')
    expect(ran.code, ran.stderr).to.equal(0)
    text = await readFile(directory.file('keeper.yaml'), 'utf8')
  })
  after(async () => {
    await devnet?.stop()
    await directory.remove()
  })

  const run = (...args: string[]) => runCommand(['keeper', ...args], env, directory.file('.'))
  const doctor = async (change: (text: string) => string = (same) => same) => {
    const changed = change(text)
    await writeFile(directory.file('other.yaml'), changed)
    const ran = await run('doctor', '--config', 'other.yaml', '--json')
    const { findings, errors } = JSON.parse(ran.stdout) as { findings: readonly Found[]; errors: number }
    expect(ran.code).to.equal(errors > 0 ? 1 : 0)
    const of = (check: string) => findings.filter((finding) => finding.check === check)
    return { of, errors, everything: `${ran.stdout}${ran.stderr}` }
  }

  it('init writes what the schema takes, with and without a deployment, and overwrites nothing', async () => {
    const nodes = { RPC_A: 'http://a.example', RPC_B: 'http://b.example', RPC_C: 'http://c.example' }
    const { accounts, rpc } = await parseKeeperConfig(text, { file: directory.file('keeper.yaml'), env })
    expect(accounts.map(({ address }) => address)).to.deep.equal(Object.values(devnet.deployment.accounts))
    expect(rpc.read).to.deep.equal([devnet.deployment.rpcUrl])
    const empty = await parseKeeperConfig(keeperYaml(emptyTemplate), {
      file: directory.file('keeper.yaml'),
      env: nodes,
    })
    expect(empty.rpc.read).to.deep.equal(Object.values(nodes))
    // What stands in comments is valid too: an operator takes the sign away.
    const uncommented = text.replaceAll(/^( *)# (send|peers| *- \{ name|timeout|listen: |quorum)/gm, '$1$2')
    const signer = devnet.deployment.registry
    const full = uncommented.replace('quorum: 2', 'quorum: 1').replace('"0x…"', `"${signer}"`)
    const parsed = await parseKeeperConfig(full, { file: directory.file('keeper.yaml'), env })
    expect(parsed.observability.listen).to.deep.equal({ host: '127.0.0.1', port: 9464 })
    expect(parsed.cosigners.peers).to.have.length(1)

    const again = await run('init')
    expect(again.code).to.equal(1)
    expect(again.stderr).to.contain('are there already')
    await writeFile(directory.file('keeper.yaml'), 'mine')
    await rm(directory.file('ops'), { recursive: true })
    expect((await run('init')).code).to.equal(1)
    expect(await readFile(directory.file('keeper.yaml'), 'utf8')).to.equal('mine')
    expect((await run('init', '--force')).code).to.equal(0)
    expect(await readFile(directory.file('keeper.yaml'), 'utf8')).to.equal(text)
  })

  it('doctor finds a foreign attestor, an empty payer, a payer that signs, and a key that is not there', async () => {
    const foreign = await doctor((yaml) => yaml.replace('env: ATTESTOR_KEY', 'env: OTHER_KEY'))
    const other = privateKeyToAddress(env.OTHER_KEY as `0x${string}`)
    expect(foreign.of('attestor').map(({ status }) => status)).to.deep.equal(['error'])
    expect(foreign.of('attestor')[0]?.detail).to.contain(other)
    expect(foreign.of('threshold')[0]?.status).to.equal('error')
    expect(foreign.of('simulate')[0]?.detail).to.contain('0 of 1 signatures')

    const poor = await doctor((yaml) => yaml.replace('env: PAYER_KEY', 'env: OTHER_KEY'))
    expect(poor.of('payer')[0]).to.deep.include({ status: 'error' })
    expect(poor.of('payer')[0]?.detail).to.contain('about 0 posts')

    const same = await doctor((yaml) => yaml.replace('env: PAYER_KEY', 'keyFile: key'))
    expect(same.of('attestor')[0]?.detail).to.match(/Cannot read .*key: ENOENT/)
    await writeFile(directory.file('key'), env.ATTESTOR_KEY ?? '')
    const signing = await doctor((yaml) => yaml.replace('env: PAYER_KEY', 'keyFile: key'))
    expect(signing.of('attestor')[0]?.detail).to.contain('is a signer, too')
    for (const { everything } of [foreign, poor, same, signing]) {
      for (const key of Object.values(env)) expect(everything).not.to.contain(key.slice(2))
    }
  })

  it('doctor tells good nodes from bad ones, and shows no URL', async () => {
    const hush = 'f00dfacef00dface'
    const wrong = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: '0x5' }))
      })
    })
    await new Promise<void>((resolve) => wrong.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = wrong.address() as AddressInfo
      const good = `"${devnet.deployment.rpcUrl}"`
      const withNodes = (...bad: string[]) =>
        doctor((yaml) => yaml.replace(`- ${good}`, [good, ...bad].map((url) => `- ${url}`).join('\n    ')))
      const one = await withNodes(`"${devnet.deployment.rpcUrl}/"`, `http://127.0.0.1:1/${hush}`)
      expect(one.of('rpc 1')[0]?.status).to.equal('ok')
      // The others are enough.
      expect(one.of('rpc 3')[0]?.status).to.equal('warning')
      expect(one.of('quorum')[0]).to.deep.include({ status: 'ok', detail: '2 of 3 nodes are fit, 2 must agree' })
      const two = await withNodes(`http://127.0.0.1:${port}/${hush}`, `http://127.0.0.1:1/${hush}`)
      expect(two.of('rpc 2')[0]?.status).to.equal('error')
      expect(two.of('quorum')[0]?.status).to.equal('error')
      for (const { everything } of [one, two]) {
        expect(everything).not.to.contain(hush)
        expect(everything).not.to.contain('http://')
      }
    } finally {
      wrong.closeAllConnections()
      wrong.close()
    }
  })

  it('doctor says what is wrong with a configuration and a registry', async () => {
    const broken = await doctor((yaml) => `${yaml}\ncolour: red\n`)
    expect(broken.of('config')[0]?.detail).to.match(/other.yaml is not valid.; line \d+: colour: is no field/)
    const nowhere = await doctor((yaml) => yaml.replace(devnet.deployment.registry, getAddress(`0x${'12'.repeat(20)}`)))
    expect(nowhere.of('code')[0]?.detail).to.contain('there is no registry')
    expect(nowhere.of('simulate')[0]?.status).to.equal('error')
  })

  it('explain gives its numbers as JSON, and the decision that run comes to', async () => {
    const explained = JSON.parse((await run('explain', 'hedged', '--json')).stdout)
    expect(explained).to.deep.include({
      account: devnet.deployment.accounts.hedged,
      post: true,
      code: 'first',
      stored: null,
    })
    const live = await run('run', '--config', 'keeper.yaml', '--live', '--rounds', '1')
    expect(live.code, live.stderr).to.equal(0)
    const after = JSON.parse((await run('explain', 'hedged', '--json')).stdout)
    expect(after).to.deep.include({ post: false, isNearBoundary: false, heartbeat: 240 })
    expect(after.nextForcedPost).to.equal(after.stored.observedAt + 240)
    const dry = await run('run', '--config', 'keeper.yaml', '--rounds', '1', '--log-level', 'debug')
    const decision = dry.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .find(({ event, account }) => event === 'decision' && account === devnet.deployment.accounts.hedged)
    expect(decision.code).to.equal(after.code)
    const unknown = await run('explain', 'nobody')
    expect(unknown.code).to.equal(1)
    expect(unknown.stderr).to.contain('Accounts: hedged')
  })

  it('unstick cancels what the payer of the file has out, by its journal and from its payer', async () => {
    const { client } = devnet.chain
    await client.setAutomine(false)
    try {
      await client.mine({ blocks: 20 })
      await client.increaseTime({ seconds: 300 })
      await client.mine({ blocks: 1 })
      const ran = await run('run', '--config', 'keeper.yaml', '--live', '--rounds', '1')
      expect(ran.stdout, ran.stderr).to.contain('"code":"sent"')
      const told = await run('unstick', '--config', 'keeper.yaml', '--json')
      expect(told.code, told.stderr).to.equal(0)
      const { payer, events } = JSON.parse(told.stdout)
      expect(payer).to.equal(privateKeyToAddress(env.PAYER_KEY as `0x${string}`))
      expect(events.map(({ code }: { code: string }) => code)).to.deep.equal(['out'])
      const cancelled = await run('unstick', '--config', 'keeper.yaml', '--live')
      expect(cancelled.stdout, cancelled.stderr).to.match(/^nonce \d+ {2}cancelling {2}0x[\da-f]{64}\n$/)
      await client.mine({ blocks: 1 })
      expect((await run('unstick', '--config', 'keeper.yaml', '--live')).stdout).to.match(/^nonce \d+ {2}cancelled /)
    } finally {
      await client.setAutomine(true)
    }
    const mixed = await run('unstick', '--config', 'keeper.yaml', '--journal', 'other.db')
    expect(mixed.code).to.equal(2)
    expect(mixed.stderr).to.contain('journal can only be given in the file')
    await writeFile(directory.file('poor.yaml'), text.replace(/^payer:.*$/m, ''))
    const poor = await run('unstick', '--config', 'poor.yaml')
    expect(poor.stderr).to.contain('names no payer')
  })

  it('run takes accounts and settings from the file or from options, not from both', async () => {
    for (const args of [['hedged'], ['--fee-cap-gwei', '1'], ['--signer-key-env', 'ATTESTOR_KEY']]) {
      const ran = await run('run', '--config', 'keeper.yaml', '--rounds', '1', ...args)
      expect(ran.code).to.equal(2)
      expect(ran.stderr).to.contain('can only be given in the file')
    }
    expect((await run('run')).code).to.equal(2)
  })
})
