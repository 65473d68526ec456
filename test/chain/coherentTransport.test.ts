import { inspect } from 'node:util'
import { expect } from 'chai'
import { type Client, createClient, createPublicClient, type Hex, http, parseAbi } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { deployPlimsoll } from '../../scripts/devnet/plimsoll.ts'
import { type ServedDevnet, serveDevnet } from '../../scripts/devnet/serve.ts'
import type { Clock } from '../../src/chain/coherentEndpoint.ts'
import { type CoherentTransportOptions, coherentTransport } from '../../src/chain/coherentTransport.ts'
import { EndpointDisagreementError, type EndpointReport, NoQuorumError, ReorgedError } from '../../src/chain/errors.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { readLogs } from '../../src/chain/readLogs.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { readSnapshot, type SnapshotReading } from '../../src/engine.ts'
import { revertTo } from '../support/devnet.ts'
import {
  type Answered,
  type Asked,
  behind,
  type Fault,
  type FaultyNode,
  startFaultyNode,
} from '../support/faultyNode.ts'
import { rejection, thrown } from '../support/rejection.ts'

const names = ['alpha', 'beta', 'gamma'] as const
const keys = ['f00dcafe', 's3cr3t', 'a1b2c3d4e5f60718293a4b5c6d7e8f90']

describe('coherent transport before a devnet over HTTP', function () {
  this.timeout(240_000)
  let devnet: ServedDevnet
  let parameters: MarginParameters
  let nodes: FaultyNode[]
  let head: bigint
  let expected: SnapshotReading
  let snapshot: Hex

  before(async () => {
    devnet = await serveDevnet({ initialDate: new Date('2025-06-01T00:00:00Z') })
    ;({ parameters } = await deployPlimsoll(devnet.chain, devnet.deployment))
    await devnet.chain.client.mine({ blocks: 10 })
    head = await devnet.chain.client.getBlockNumber()
    expected = await readSnapshot(createClient({ transport: http(devnet.url) }), request())
    snapshot = await devnet.chain.client.snapshot()
  })
  after(async () => devnet?.close())

  beforeEach(async () => {
    nodes = await Promise.all(keys.map((key) => startFaultyNode(devnet.url, key)))
  })
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()))
    await revertTo(devnet.chain.client, snapshot)
    snapshot = await devnet.chain.client.snapshot()
  })

  const request = () => ({ account: devnet.deployment.accounts.hedged, parameters })
  const node = (name: (typeof names)[number]) => nodes[names.indexOf(name)] as FaultyNode
  const misbehave = (faults: Partial<Record<(typeof names)[number], Fault>>) => {
    for (const name of names) node(name).fault = faults[name] ?? (() => undefined)
  }
  /** A client over the first `count` nodes. */
  function connect({ count = 3, ...options }: Partial<CoherentTransportOptions> & { count?: number } = {}) {
    const endpoints = names.slice(0, count).map((name) => ({ name, transport: http(node(name).url) }))
    const transport = coherentTransport({ endpoints, retryDelay: 1, patience: 60_000, ...options })
    return createPublicClient({ transport, cacheTime: 0, pollingInterval: 20 })
  }
  type Reader = ReturnType<typeof connect>
  const statusOf = (client: Reader) =>
    Object.fromEntries(client.transport.health().endpoints.map(({ endpoint, status }) => [endpoint, status]))
  const problemOf = (client: Reader, name: string) =>
    client.transport.health().endpoints.find(({ endpoint }) => endpoint === name)?.lastProblem
  const asked = (name: (typeof names)[number], method: string) =>
    node(name).asked.filter((each) => each === method).length

  /** A typed refusal which no way of printing makes tell a key or an address of a node. */
  async function refusal<Failure extends Error>(
    promise: Promise<unknown>,
    // biome-ignore lint/suspicious/noExplicitAny: constructors of errors take anything.
    type: new (...args: any[]) => Failure,
  ): Promise<Failure> {
    const error = await rejection(promise, type)
    expectNoSecret([error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 9 })].join('\n'))
    return error
  }
  function expectNoSecret(text: string): void {
    for (const secret of [...keys, '127.0.0.1', ...nodes.map(({ url }) => new URL(url).port)]) {
      expect(text).not.to.contain(secret)
    }
  }
  const said = ({ reports }: { readonly reports: readonly EndpointReport[] }) =>
    Object.fromEntries(reports.map(({ endpoint, said }) => [endpoint, said]))

  it('gives what one node gives, asking two of three for every answer', async () => {
    const client = connect()
    expect(await readSnapshot(client, request())).to.deep.equal(expected)
    expect(names.map((name) => asked(name, 'eth_call'))).to.deep.equal([expected.ethCalls, expected.ethCalls, 0])
    const { agreed, endpoints, ...settings } = client.transport.health()
    expect(settings).to.deep.equal({ quorum: 2, verifyReads: 2 })
    expect(agreed?.number).to.equal(head)
    expect(
      endpoints.map(({ endpoint, status, chainId, lag, failures }) => [endpoint, status, chainId, lag, failures]),
    ).to.deep.equal(names.map((name) => [name, 'ready', 31337, 0n, 0]))
  })

  it('follows the head past a laggard, reads nothing from it, names it, and takes it back when it has caught up', async () => {
    const client = connect()
    misbehave({ alpha: behind(head - 5n) })
    expect(await readSnapshot(client, request())).to.deep.equal(expected)
    expect(asked('alpha', 'eth_call')).to.equal(0)
    expect(client.transport.health().endpoints[0]).to.deep.include({ endpoint: 'alpha', status: 'lagging', lag: 5n })
    misbehave({})
    expect(await readSnapshot(client, request())).to.deep.equal(expected)
    expect(asked('alpha', 'eth_call')).to.equal(expected.ethCalls)
    expect(statusOf(client)).to.deep.equal({ alpha: 'ready', beta: 'ready', gamma: 'ready' })
  })

  it('is as slow as the slowest only when all must agree, and refuses a head that one endpoint alone claims', async () => {
    misbehave({ gamma: behind(head - 5n) })
    expect(await connect({ quorum: 3 }).getBlockNumber()).to.equal(head - 5n)
    const ahead: Fault = async ({ method, params: [tag] }, answer) => {
      if (method !== 'eth_getBlockByNumber' || tag !== 'latest') return undefined
      return { result: { ...((await answer()).result as object), number: '0xffffff', hash: `0x${'ee'.repeat(32)}` } }
    }
    misbehave({ gamma: ahead })
    expect(await readSnapshot(connect(), request())).to.deep.equal(expected)
    expect(asked('gamma', 'eth_call')).to.equal(0)
  })

  it('does not read from an endpoint that gives a block another hash, and names it', async () => {
    misbehave({ alpha: lyingAboutBlocks })
    const client = connect()
    expect(await readSnapshot(client, request())).to.deep.equal(expected)
    expect(asked('alpha', 'eth_call')).to.equal(0)
    expect(statusOf(client)).to.deep.equal({ alpha: 'disagreeing', beta: 'ready', gamma: 'ready' })
    expect(problemOf(client, 'alpha')).to.equal(`contradicts the others about block ${head}`)
  })

  it('refuses a block about which no two agree, with what each said', async () => {
    misbehave({ beta: lyingAboutBlocks })
    const { hash } = await devnet.chain.client.getBlock({ blockNumber: head })
    const reading = readSnapshot(connect({ count: 2, quorum: 2 }), { ...request(), blockNumber: head })
    const error = await refusal(reading, EndpointDisagreementError)
    expect(error.message).to.match(new RegExp(`^The endpoints disagree about block ${head}\\.`))
    expect(said(error)).to.deep.equal({
      alpha: `has block ${head} as ${hash}`,
      beta: `has block ${head} as 0x${'bad0'.repeat(16)}`,
    })
    expect(error.retryable).to.equal(true)
  })

  it('refuses two branches with a quorum each', async () => {
    misbehave({ beta: lyingAboutBlocks })
    const client = connect({ count: 2, quorum: 1 })
    const error = await refusal(pinBlock(client, { chainId: 31337, blockNumber: head }), EndpointDisagreementError)
    expect(Object.keys(said(error))).to.deep.equal(['alpha', 'beta'])
  })

  it('takes the common parent of a fork at the head, and reports the fork', async () => {
    misbehave({ beta: lyingAbout(head) })
    const client = connect({ count: 2 })
    expect(await client.getBlockNumber()).to.equal(head - 1n)
    const { lastDisagreement } = client.transport.health()
    expect(lastDisagreement?.subject).to.equal(`block ${head}`)
    expect(lastDisagreement?.reports.map(({ endpoint }) => endpoint)).to.deep.equal(['alpha', 'beta'])
  })

  it('finds an endpoint that lies about data at an agreed block, outvotes it and leaves it alone', async () => {
    misbehave({ alpha: lyingAboutData })
    const client = connect()
    expect(await readSnapshot(client, request())).to.deep.equal(expected)
    expect(statusOf(client)).to.deep.equal({ alpha: 'disagreeing', beta: 'ready', gamma: 'ready' })
    expect(problemOf(client, 'alpha')).to.equal(`contradicts the others about eth_call at block ${head}`)
    const calls = asked('alpha', 'eth_call')
    expect(await readSnapshot(client, request())).to.deep.equal(expected)
    expect(asked('alpha', 'eth_call')).to.equal(calls)
  })

  it('refuses when two give other data and no third decides, and believes the first when one is enough', async () => {
    misbehave({ alpha: lyingAboutData })
    const error = await refusal(readSnapshot(connect({ count: 2 }), request()), EndpointDisagreementError)
    expect(error.message).to.match(new RegExp(`^The endpoints disagree about eth_call at block ${head}\\.`))
    const address = devnet.deployment.accounts.hedged
    const truth = await devnet.chain.client.getBalance({ address })
    expect(await connect({ verifyReads: 1 }).getBalance({ address })).not.to.equal(truth)
    expect(await connect().getBalance({ address })).to.equal(truth)
  })

  it('goes on with another endpoint when one dies in the middle of a read', async () => {
    for (const death of ['disconnect', 'truncated', { status: 500 }] as const) {
      let calls = 0
      misbehave({
        alpha: ({ method }) => {
          if (method === 'eth_call') calls += 1
          return calls > 2 ? death : undefined
        },
      })
      const client = connect()
      expect(await readSnapshot(client, request()), inspect(death)).to.deep.equal(expected)
      expect(calls).to.be.greaterThan(2)
      expect(statusOf(client)).to.deep.equal({ alpha: 'failing', beta: 'ready', gamma: 'ready' })
      expectNoSecret(problemOf(client, 'alpha') ?? '')
    }
  })

  it('goes on with an endpoint that has got the block since it was pinned', async () => {
    misbehave({ gamma: behind(head - 1n) })
    const client = connect()
    const { hash } = await pinBlock(client, { chainId: 31337 })
    misbehave({ alpha: () => 'disconnect' })
    const address = devnet.deployment.accounts.hedged
    expect(await client.getBalance({ address, blockHash: hash } as never)).to.equal(
      await devnet.chain.client.getBalance({ address }),
    )
    expect(asked('gamma', 'eth_getBalance')).to.equal(1)
  })

  it('cuts off an endpoint that says nothing, and names it', async () => {
    misbehave({ beta: () => 'silence' })
    const client = connect({ patience: 100, maximumWait: 600_000 })
    expect(await readSnapshot(client, request())).to.deep.equal(expected)
    expect(statusOf(client)).to.deep.equal({ alpha: 'ready', beta: 'failing', gamma: 'ready' })
    expect(problemOf(client, 'beta')).to.equal('slower than its quorum')
    expect(node('beta').asked).to.have.length(1)
  })

  it('waits as long as an endpoint asks for when there is no other, and refuses when that is too long', async () => {
    const clock = steppedClock()
    let isBusy = true
    misbehave({
      alpha: ({ method }) => {
        if (method !== 'eth_call' || !isBusy) return undefined
        isBusy = false
        return { status: 429, headers: { 'Retry-After': '7' } }
      },
    })
    const patient = connect({ count: 1, clock, maximumWait: 10_000 })
    expect(await readSnapshot(patient, request())).to.deep.equal(expected)
    expect(clock.waited).to.deep.equal([7_000])

    misbehave({
      alpha: ({ method }) => (method === 'eth_call' ? { status: 429, headers: { 'Retry-After': '70' } } : undefined),
    })
    const error = await refusal(
      readSnapshot(connect({ count: 1, clock: steppedClock(), maximumWait: 10_000 }), request()),
      NoQuorumError,
    )
    expect(said(error)).to.deep.equal({ alpha: 'HTTP status 429' })
    expect(error.retryable).to.equal(true)
  })

  it('backs off twice as long after each failure, and leaves a busy endpoint alone while others serve', async () => {
    const clock = steppedClock()
    let failures = 2
    misbehave({ alpha: ({ method }) => (method === 'eth_call' && failures-- > 0 ? { status: 503 } : undefined) })
    expect(await readSnapshot(connect({ count: 1, clock, retryDelay: 250 }), request())).to.deep.equal(expected)
    expect(clock.waited).to.deep.equal([250, 500])

    misbehave({ alpha: () => ({ error: { code: -32005, message: `quota of ${keys[0]} used` } }) })
    const client = connect({ retryDelay: 60_000 })
    expect(await readSnapshot(client, request())).to.deep.equal(expected)
    node('alpha').asked.length = 0
    expect(await readSnapshot(client, request())).to.deep.equal(expected)
    expect(node('alpha').asked).to.deep.equal([])
    expectNoSecret(problemOf(client, 'alpha') ?? '')
  })

  it('halves what does not fit a node: its limit of requests, of answers, of time', async () => {
    let largest = 0
    const sizeOf = ({ method, params }: Asked) => (method === 'eth_call' ? JSON.stringify(params).length : 0)
    misbehave({
      alpha: (call) => {
        largest = Math.max(largest, sizeOf(call))
        return undefined
      },
    })
    await readSnapshot(connect(), request())
    const limit =
      (reply: Answered | { status: number }): Fault =>
      (call) =>
        sizeOf(call) > largest * 0.8 ? reply : undefined
    for (const reply of [
      { status: 413 },
      { error: { code: -32000, message: 'response size exceeded' } },
      { error: { code: -32000, message: 'execution aborted (timeout = 5s)' } },
      { error: { code: -32000, message: 'out of gas: gas required exceeds: 50000000' } },
    ]) {
      misbehave({ alpha: limit(reply), beta: limit(reply) })
      for (const client of [connect(), createClient({ transport: http(node('alpha').url, { retryCount: 0 }) })]) {
        const { snapshot, ethCalls } = await readSnapshot(client, request())
        expect(snapshot, JSON.stringify(reply)).to.deep.equal(expected.snapshot)
        expect(ethCalls).to.be.greaterThan(expected.ethCalls)
      }
    }
  })

  it('reads over nodes that refuse to override state, or do as if there were nothing to override', async () => {
    const hasOverride = ({ method, params }: Asked) => method === 'eth_call' && params.length > 2
    const refusing: Fault = (call) =>
      hasOverride(call) ? { error: { code: -32602, message: 'too many arguments, want at most 2' } } : undefined
    const ignoring: Fault = (call) => (hasOverride(call) ? { result: '0x' } : undefined)
    for (const fault of [refusing, ignoring]) {
      for (const [faults, count] of [
        [{ alpha: fault }, 3],
        [{ beta: fault }, 2],
        [{ alpha: fault, gamma: fault }, 3],
      ] as const) {
        misbehave(faults)
        const client = connect({ count })
        expect((await readSnapshot(client, request())).snapshot).to.deep.equal(expected.snapshot)
        expect(new Set(Object.values(statusOf(client)))).to.deep.equal(new Set(['ready']))
      }
    }
  })

  it('says that the block is gone when a reorganization comes between two reads', async () => {
    const { client } = devnet.chain
    const start = await client.snapshot()
    await client.mine({ blocks: 1 })
    const pinned = await client.getBlock()
    let calls = 0
    misbehave({
      beta: async ({ method }) => {
        if (method === 'eth_call') calls += 1
        if (method !== 'eth_call' || calls !== 3) return undefined
        await revertTo(client, start)
        await client.setNextBlockTimestamp({ timestamp: pinned.timestamp + 100n })
        await client.mine({ blocks: 1 })
        return undefined
      },
    })
    const error = await refusal(readSnapshot(connect({ count: 2 }), request()), ReorgedError)
    expect(error.message).to.contain(pinned.hash)
    expect(error.retryable).to.equal(true)
  })

  it('names every endpoint and its reason when all are down', async () => {
    await Promise.all(nodes.map((each) => each.close()))
    const error = await refusal(readSnapshot(connect(), request()), NoQuorumError)
    expect(said(error)).to.deep.equal({ alpha: 'no HTTP answer', beta: 'no HTTP answer', gamma: 'no HTTP answer' })
    expect(error.message).to.match(
      /^Reading the chain id: 0 of the 2 endpoints that must agree do\.\nalpha: no HTTP answer\n/,
    )
  })

  it('takes no answer that is none: blocks, chain ids and results without the fields or for another question', async () => {
    const { result: other } = {
      result: await devnet.chain.client.request({ method: 'eth_getBlockByNumber', params: ['0x1', false] }),
    }
    const garbage: Readonly<Record<string, readonly unknown[]>> = {
      eth_chainId: ['chain', 31337, {}],
      eth_getBlockByNumber: ['block', {}, { number: '0x1' }, { ...(other as object), hash: 7 }],
      eth_call: [undefined],
    }
    for (const [method, results] of Object.entries(garbage)) {
      for (const result of results) {
        misbehave({ alpha: (call) => (call.method === method ? { result } : undefined) })
        const client = connect()
        const what = `${method} ${JSON.stringify(result)}`
        expect(await readSnapshot(client, request()), what).to.deep.equal(expected)
        expect(problemOf(client, 'alpha'), what).to.match(/^gave no (chain id|such block|result)$/)
      }
    }
    misbehave({ alpha: ({ method }) => (method === 'eth_getBlockByNumber' ? { result: other } : undefined) })
    const error = await refusal(connect({ count: 1 }).getBlock({ blockNumber: head }), NoQuorumError)
    expect(said(error)).to.deep.equal({ alpha: 'gave no such block' })
  })

  it('refuses when fewer than the quorum are left', async () => {
    await Promise.all([node('alpha').close(), node('gamma').close()])
    const error = await refusal(readSnapshot(connect(), request()), NoQuorumError)
    expect(said(error)).to.include({ alpha: 'no HTTP answer', beta: 'serves chain 31337', gamma: 'no HTTP answer' })
  })

  it('asks an endpoint of another chain nothing more, and names it', async () => {
    misbehave({ alpha: ({ method }) => (method === 'eth_chainId' ? { result: '0x1' } : undefined) })
    for (const chainId of [undefined, 31337]) {
      node('alpha').asked.length = 0
      const client = connect(chainId === undefined ? {} : { chainId })
      expect(await readSnapshot(client, request())).to.deep.equal(expected)
      expect(node('alpha').asked).to.deep.equal(['eth_chainId'])
      expect(client.transport.health().endpoints[0]).to.include({ status: 'other chain', chainId: 1 })
    }
    const error = await refusal(connect({ chainId: 10 }).getBlockNumber(), NoQuorumError)
    expect(said(error)).to.deep.equal({
      alpha: 'serves chain 1',
      beta: 'serves chain 31337',
      gamma: 'serves chain 31337',
    })
  })

  it('reads logs from endpoints that have the last block, and tells the newest block of all as the end', async () => {
    const client = connect()
    const abi = parseAbi(['event Transfer(address indexed from, address indexed to, uint256 value)'])
    const filter = { address: devnet.deployment.tokens.usdc, event: abi[0], fromBlock: 0n, toBlock: 'latest' } as const
    const truth = await devnet.chain.client.getLogs(filter)
    expect(truth.length).to.be.greaterThan(3)
    const silent: Fault = async (call, answer) =>
      call.method === 'eth_getLogs' ? { result: [] } : behind(head - 5n)(call, answer)
    misbehave({ alpha: silent })
    expect(await client.getLogs(filter)).to.deep.equal(truth)
    expect(await client.getLogs({ ...filter, toBlock: head + 100n })).to.deep.equal(truth)
    expect(asked('alpha', 'eth_getLogs')).to.equal(0)
  })

  it('halves a range of logs that too few of them answer at once', async () => {
    const filter = {
      address: devnet.deployment.tokens.usdc,
      event: parseAbi(['event Transfer(address indexed from, address indexed to, uint256 value)'])[0],
      ...{ args: {}, fromBlock: 0n },
    }
    const range = { fromBlock: 0n, toBlock: head }
    const collect = async (client: Client) => {
      const found: unknown[] = []
      for await (const { logs } of readLogs(client, [filter], range)) found.push(...logs)
      return found
    }
    const truth = await collect(devnet.chain.client)
    expect(truth.length).to.be.greaterThan(3)
    const limited: Fault = ({ method, params: [asked] }) => {
      const { fromBlock, toBlock } = (asked ?? {}) as { fromBlock: string; toBlock: string }
      if (method !== 'eth_getLogs' || BigInt(toBlock) - BigInt(fromBlock) < 100n) return undefined
      return { error: { code: -32005, message: 'query exceeds a block range of 100' } }
    }
    misbehave({ alpha: limited, beta: limited })
    const client = connect()
    expect(await collect(client)).to.deep.equal(truth)
    expect(statusOf(client)).to.deep.equal({ alpha: 'ready', beta: 'ready', gamma: 'ready' })
  })

  it('gives a receipt once enough endpoints have it, and nothing before', async () => {
    const { client: direct } = devnet.chain
    const to = devnet.deployment.accounts.empty
    const hash = await direct.sendTransaction({
      account: devnet.deployment.operators.deployer,
      chain: null,
      to,
      value: 1n,
    })
    const late: Fault = ({ method }) => (method === 'eth_getTransactionReceipt' ? { result: null } : undefined)
    const client = connect()
    misbehave({ alpha: late, beta: late })
    const before = await client.getTransactionReceipt({ hash }).catch((error: Error) => error.name)
    expect(before).to.equal('TransactionReceiptNotFoundError')
    misbehave({ alpha: late })
    expect(await client.getTransactionReceipt({ hash })).to.deep.equal(await direct.getTransactionReceipt({ hash }))
    expect(statusOf(client)).to.deep.equal({ alpha: 'ready', beta: 'ready', gamma: 'ready' })
  })

  it('sends a transaction once, to the first endpoint that has the head, and to no other when that fails', async () => {
    const account = mnemonicToAccount('test test test test test test test test test test test junk', {
      addressIndex: 9,
    })
    const client = connect()
    misbehave({ alpha: behind(head - 5n) })
    const prepared = await client.prepareTransactionRequest({
      account,
      chain: null,
      to: account.address,
      gas: 21_000n,
    } as never)
    const chainId = 31337
    const raw = await account.signTransaction({ ...(prepared as object), chainId } as never)
    const hash = await client.sendRawTransaction({ serializedTransaction: raw })
    expect((await client.waitForTransactionReceipt({ hash })).status).to.equal('success')
    expect(names.map((name) => asked(name, 'eth_sendRawTransaction'))).to.deep.equal([0, 1, 0])

    misbehave({ alpha: ({ method }) => (method === 'eth_sendRawTransaction' ? 'disconnect' : undefined) })
    const failure = await client.sendRawTransaction({ serializedTransaction: raw }).catch((error: Error) => error)
    expect(failure).to.be.instanceOf(Error)
    expectNoSecret(inspect(failure, { depth: 9 }))
    expect(names.map((name) => asked(name, 'eth_sendRawTransaction'))).to.deep.equal([1, 1, 0])
  })

  it('gives a revert as the answer that it is, decoded by the client, with no address of a node in it', async () => {
    const abi = parseAbi(['function transfer(address to, uint256 value) returns (bool)'])
    const call = {
      ...{ address: devnet.deployment.tokens.usdc, abi, functionName: 'transfer' },
      ...{ account: devnet.deployment.accounts.empty, args: [devnet.deployment.accounts.hedged, 10n ** 30n] },
    } as const
    const [direct, coherent] = await Promise.all(
      [devnet.chain.client, connect()].map((client) =>
        client.simulateContract(call as never).catch((error: Error) => error),
      ),
    )
    const first = ({ shortMessage }: { shortMessage?: string }) => shortMessage
    expect(first(coherent as never)).to.equal(first(direct as never))
    expectNoSecret(inspect(coherent, { depth: 9 }))
  })
})

describe('coherent transport: options', () => {
  it('refuses no endpoints, names that are equal or could be URLs, and counts out of range', async () => {
    const transport = http('http://127.0.0.1:1/k3y')
    const of = (...given: string[]) => given.map((name) => ({ name, transport }))
    for (const [options, message] of [
      [{ endpoints: [] }, /at least one endpoint/],
      [{ endpoints: of('a', 'a') }, /Two endpoints are called a/],
      [{ endpoints: of('http://127.0.0.1/k3y') }, /name of endpoint 1 is no word/],
      [{ endpoints: of('node.example.io') }, /name of endpoint 1 is no word/],
      [{ endpoints: of('a', 'b'), quorum: 3 }, /quorum must be a whole number from 1 to 2/],
      [{ endpoints: of('a', 'b'), verifyReads: 0 }, /verifyReads must be/],
      [
        { endpoints: of('a', 'b'), quorum: 1, verifyReads: 2 },
        /verifyReads must be a whole number from 1 to 1, the quorum/,
      ],
    ] as const) {
      const error = await thrown(() => coherentTransport(options), InvalidInputError)
      expect(error.message).to.match(message).and.not.contain('k3y')
    }
  })

  it('calls endpoints without a name by their place, and takes the majority as the quorum', () => {
    for (const [count, quorum] of [
      [1, 1],
      [2, 2],
      [3, 2],
      [4, 3],
      [5, 3],
    ] as const) {
      const endpoints = Array.from({ length: count }, () => http('http://127.0.0.1:1'))
      const { transport } = createClient({ transport: coherentTransport({ endpoints }) })
      const health = transport.health()
      expect(health).to.include({ quorum, verifyReads: quorum })
      expect(health.endpoints[count - 1]).to.deep.include({ endpoint: `endpoint ${count}`, status: 'unknown' })
    }
  })
})

/** A clock that nobody waits for: it jumps. */
function steppedClock(): Clock & { readonly waited: number[] } {
  let time = 1_000_000
  const waited: number[] = []
  return {
    waited,
    now: () => time,
    wait: async (milliseconds) => {
      waited.push(milliseconds)
      time += milliseconds
    },
  }
}

/** Another hash for every block, or for one. */
function lyingAbout(number?: bigint): Fault {
  return async ({ method }, answer) => {
    if (method !== 'eth_getBlockByNumber' && method !== 'eth_getBlockByHash') return undefined
    const { result } = await answer()
    const block = result as { number: string } | null
    if (block === null || (number !== undefined && BigInt(block.number) !== number)) return { result }
    return { result: { ...block, hash: `0x${'bad0'.repeat(16)}` } }
  }
}

const lyingAboutBlocks = lyingAbout()

/** One bit of every answer turned over. */
const lyingAboutData: Fault = async ({ method }, answer) => {
  if (method !== 'eth_call' && method !== 'eth_getBalance') return undefined
  const { result, error } = await answer()
  if (error !== undefined) return { error }
  const text = result as string
  return { result: `${text.slice(0, -1)}${(Number.parseInt(text.slice(-1), 16) ^ 1).toString(16)}` }
}
