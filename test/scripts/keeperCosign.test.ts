import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Address } from 'viem'
import { advanceTime } from '../../scripts/devnet/chain.ts'
import { parseDeployment } from '../../scripts/devnet/deployment.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { wad } from '../../src/core/units.ts'
import type { Cosigner } from '../../src/keeper/cosign/ask.ts'
import { collectSignatures, QuorumMissingError } from '../../src/keeper/cosign/collect.ts'
import type { Proposal } from '../../src/keeper/cosign/proposal.ts'
import type { CosignEvent, DecisionEvent, KeeperEvent, PostEvent } from '../../src/keeper/events.ts'
import { defaultFormPolicy } from '../../src/keeper/forms.ts'
import { createKeeper } from '../../src/keeper/keeper.ts'
import { defaultPostPolicy } from '../../src/keeper/policy.ts'
import { type Journal, openJournal } from '../../src/keeper/sending/journal.ts'
import { createSender, type Sender } from '../../src/keeper/sending/sender.ts'
import { readRegistry } from '../../src/registry.ts'
import { byzantineWays } from '../keeper/support/byzantine.ts'
import { deployQuorumRegistry, draftProposal, signerKeys, signers } from '../keeper/support/quorum.ts'
import { sendPolicy } from '../keeper/support/sendPolicy.ts'
import {
  type CommandDevnet,
  runCommand,
  startCommand,
  startDevnetCommand,
  temporaryDirectory,
} from '../support/commandLine.ts'
import { devnetPayer } from '../support/plimsoll.ts'
import { rejection } from '../support/rejection.ts'

const [own, honest, traitor] = signers as [(typeof signers)[0], (typeof signers)[0], (typeof signers)[0]]
const byzantineProgram = fileURLToPath(new URL('../keeper/support/byzantine.ts', import.meta.url))

/** Lines that a process writes, one after the other. */
function linesOf({ stdout }: ChildProcess): () => Promise<string> {
  if (!stdout) throw new Error('no output')
  const lines = createInterface(stdout)[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the process ended')
    return value
  }
}

describe('plimsoll keeper cosign', function () {
  this.timeout(180_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let devnet: CommandDevnet
  let ours: {
    readonly chainId: number
    readonly registry: Address
    readonly parameters: CommandDevnet['deployment']['parameters']
  }
  let account: Address
  let file: string
  let sender: Sender
  let journal: Journal
  let price = 2_000n

  let berta: {
    cosigner: Cosigner
    next: () => Promise<string>
    child: ChildProcess
    done: Promise<{ code: number | null }>
  }
  let carla: { cosigner: Cosigner; child: ChildProcess; turn(way: string): Promise<void> }

  before(async () => {
    directory = await temporaryDirectory()
    devnet = await startDevnetCommand(directory.file('devnet.json'))
    const { client } = devnet.chain
    const { chainId, parameters, accounts } = devnet.deployment
    const [deployer] = await client.getAddresses()
    const registry = await deployQuorumRegistry(client, deployer as Address, parameters)
    ours = { chainId, registry, parameters }
    account = accounts.levered as Address
    file = directory.file('quorum.json')
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(devnet.file, 'utf8')), registry }))
    journal = openJournal(':memory:')
    sender = createSender({
      ...{ chainId, payer: devnetPayer, journal, reads: client, broadcasts: [client], policy: sendPolicy },
    })
    berta = await startHonest('0')
    carla = await startTraitor()
  })
  after(async () => {
    carla.child.kill('SIGKILL')
    berta.child.kill('SIGKILL')
    await devnet.stop()
    await directory.remove()
  })

  async function startHonest(port: string): Promise<typeof berta> {
    const { child, done } = startCommand(
      [
        'keeper',
        'cosign',
        'levered',
        '--deployment',
        file,
        '--signer-key-env',
        'BERTA_KEY',
        '--listen',
        `127.0.0.1:${port}`,
      ].concat('--proposer', `anna=${own.address}`, '--signed', directory.file('signed.db')),
      { BERTA_KEY: signerKeys[1] as string },
    )
    const next = linesOf(child)
    return listeningAs({ child, done, next })
  }

  /** The same from a configuration. */
  async function startConfigured(port: string): Promise<typeof berta> {
    const config = directory.file('keeper.yaml')
    await writeFile(
      config,
      `chainId: ${ours.chainId}
registry: '${ours.registry}'
parameters: quorum.json
rpc: { read: ['${devnet.deployment.rpcUrl}'] }
signers: [{ env: BERTA_KEY }]
accounts: [{ address: '${account}' }]
cosigners:
  listen: 127.0.0.1:${port}
  proposers: [{ name: anna, signer: '${own.address}' }]
`,
    )
    const { child, done } = startCommand(['keeper', 'cosign', '--config', config], {
      BERTA_KEY: signerKeys[1] as string,
    })
    return listeningAs({ child, done, next: linesOf(child) })
  }

  async function listeningAs({ child, done, next }: Omit<typeof berta, 'cosigner'>): Promise<typeof berta> {
    const listening = JSON.parse(await next())
    expect(listening).to.include({ event: 'listening', cosigner: honest.address })
    const url = `http://127.0.0.1:${listening.port}`
    return { cosigner: { name: 'berta', address: honest.address, url }, next, child, done }
  }

  async function startTraitor(): Promise<typeof carla> {
    const child = spawn(process.execPath, [byzantineProgram, signerKeys[2] as string], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const next = linesOf(child)
    return {
      cosigner: { name: 'carla', address: traitor.address, url: await next() },
      child,
      async turn(way) {
        child.stdin?.write(`${way}\n`)
        expect(await next()).to.equal(way)
      },
    }
  }

  const collecting = (cosigners: readonly Cosigner[], timeout = 5_000) => {
    const events: CosignEvent[] = []
    const observer = (event: CosignEvent) => events.push(event)
    return { events, collect: collectSignatures({ own: [own], cosigners, timeout, observer }) }
  }
  const storedOf = async () =>
    (await readRegistry(devnet.chain.client, { registry: ours.registry, modelId: ours.parameters.modelId, account }))
      .stored
  /** A round of the proposer after the price has fallen by more than its policy lets pass. */
  const round = async (cosigners: readonly Cosigner[]) => {
    const { chain, printed } = devnet
    price -= 10n
    await setPrices(chain, parseDeployment(JSON.stringify(JSON.parse(printed).protocols)), { ETH: price * wad })
    const { collect, events } = collecting(cosigners)
    const told: KeeperEvent[] = []
    const keeper = createKeeper({
      client: chain.client,
      deployment: ours,
      accounts: [{ account, policy: defaultPostPolicy }],
      validityCode: 6,
      forms: defaultFormPolicy,
      rideAlong: wad,
      sending: { sender, journal, collect, dailyCap: sendPolicy.dailyCap },
      observe: (event) => told.push(event),
    })
    await keeper.round(await chain.client.getBlockNumber())
    const decision = told.find((event): event is DecisionEvent => event.event === 'decision')
    const post = told.find((event): event is PostEvent => event.event === 'post')
    if (decision === undefined || post === undefined) throw new Error(`no post: ${told.map(({ event }) => event)}`)
    return { decision, post, events }
  }
  const codeOf = (events: readonly CosignEvent[], name: string) => events.find(({ peer }) => peer === name)?.code

  it('posts what two of three sign, whatever the third answers, and never a number of the third', async () => {
    for (const way of byzantineWays) {
      await carla.turn(way)
      const { decision, post, events } = await round([carla.cosigner, berta.cosigner])
      const { equity, initialMargin } = decision
      expect(post.code, way).to.equal('sent')
      expect(await storedOf()).to.include({ equity, initialMargin })
      expect(codeOf(events, 'berta')).to.equal('signed')
      expect(codeOf(events, 'carla'), way).not.to.equal('signed')
      expect(JSON.parse(await berta.next())).to.include({ event: 'cosign', peer: 'anna', code: 'signed' })
    }
  })

  it('raises an alarm on both sides when a proposer lies about a number, and signs nothing', async () => {
    const { client } = devnet.chain
    await advanceTime(devnet.chain, 1)
    const blockNumber = await client.getBlockNumber()
    const honestly = (await draftProposal(client, ours, { accounts: [account], blockNumber })) as Extract<
      Proposal,
      { form: 'single' }
    >
    const { unsigned } = honestly
    const record = { ...unsigned.record, equity: unsigned.record.equity + 1n }
    const { collect, events } = collecting([berta.cosigner])
    await rejection(collect({ ...honestly, unsigned: { ...unsigned, record } }), QuorumMissingError)
    expect(events).to.have.length(1)
    expect(events[0]).to.include({ peer: 'berta', code: 'differs', field: 'equity' })
    expect(JSON.parse(await berta.next())).to.include({ peer: 'anna', code: 'differs', field: 'equity' })
  })

  it('posts nothing while one is down and another is a traitor, and again when one is back', async () => {
    const before = await storedOf()
    berta.child.kill('SIGKILL')
    await berta.done
    for (const way of byzantineWays) {
      await carla.turn(way)
      const { post, events } = await round([berta.cosigner, carla.cosigner])
      expect(post).to.include({ code: 'quorum-missing', reason: '1 of the 2 signatures that are needed were given.' })
      expect(codeOf(events, 'berta')).to.equal('unreachable')
    }
    expect(await storedOf()).to.deep.equal(before)

    berta = await startConfigured(new URL(berta.cosigner.url).port)
    carla.child.kill('SIGKILL')
    await once(carla.child, 'close')
    const { post, events } = await round([berta.cosigner, carla.cosigner])
    expect(post.code).to.equal('sent')
    expect(codeOf(events, 'berta')).to.equal('signed')
  })

  it('stops when it is told to, and says what is missing in its options', async () => {
    berta.child.kill('SIGTERM')
    expect((await berta.done).code).to.equal(0)
    const lines = ['keeper', 'cosign', '--deployment', file]
    const open = await runCommand([...lines, '--any-account'])
    expect(open.code).to.equal(1)
    expect(open.stderr).to.contain('Nobody may ask this co-signer.').and.to.contain('--proposer')
    const none = await runCommand([...lines, '--proposer', `anna=${own.address}`])
    expect(none.code).to.equal(2)
    expect(none.stderr).to.contain('--any-account')
  })
})
