import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { bytesToHex, keccak256, type LocalAccount, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { requestWindow, signRequest } from '../../../src/keeper/cosign/authentication.ts'
import { type CosignRequest, cosignPath, formatRequest } from '../../../src/keeper/cosign/protocol.ts'
import { CosignServerError, type CosignServerOptions, startCosignServer } from '../../../src/keeper/cosign/server.ts'
import type { CosignEvent } from '../../../src/keeper/events.ts'
import { rejection } from '../../support/rejection.ts'

const [proposer, cosigner, stranger] = [1, 2, 3].map((i) =>
  privateKeyToAccount(keccak256(stringToHex(`co-signing server test ${i}`))),
) as [LocalAccount, LocalAccount, LocalAccount]
const domain = { chainId: 31337, registry: stranger.address }
const hash = keccak256('0x')
const request: CosignRequest = {
  schema: 'plimsoll-cosign/1',
  ...domain,
  form: 'single',
  setId: 1n,
  paramsHash: hash,
  blockNumber: 7n,
  blockHash: hash,
  records: [{ account: proposer.address, word: `0x${'00'.repeat(32)}`, portfolioRoot: hash }],
  digest: hash,
}
const text = formatRequest(request)
const signature = `0x${'11'.repeat(64)}` as const

/** A server before a judge that signs whatever reaches it, and counts what does. */
async function setting(changes: Partial<CosignServerOptions> = {}) {
  const judged: CosignRequest[] = []
  const events: CosignEvent[] = []
  const clock = { now: 1_800_000_000_000 }
  const server = await startCosignServer({
    domain,
    cosigner: cosigner.address,
    proposers: new Map([[proposer.address, 'anna']]),
    judge: async (asked) => {
      judged.push(asked)
      return { code: 'signed', signature }
    },
    observer: (event) => events.push(event),
    now: () => clock.now,
    ...changes,
  })
  const headersOf = (
    body: string,
    {
      by = proposer,
      to = cosigner.address,
      time = clock.now,
      of = domain,
    }: Partial<{
      by: LocalAccount
      to: typeof cosigner.address
      time: number
      of: typeof domain
    }> = {},
  ) => signRequest(by, { domain: of, cosigner: to, body: new TextEncoder().encode(body), time })
  const send = async (
    body: string,
    headers: Readonly<Record<string, string>>,
    more: RequestInit = {},
    path = cosignPath,
  ) => {
    const url = `http://127.0.0.1:${server.port}${path}`
    const response = await fetch(url, { method: 'POST', body, headers, ...more })
    const answer = await response.text()
    return { status: response.status, answer: answer === '' ? undefined : JSON.parse(answer) }
  }
  const reason = async (...args: Parameters<typeof send>) => {
    const { status, answer } = await send(...args)
    return `${status} ${answer?.reason ?? answer?.code}`
  }
  return { server, judged, events, clock, headersOf, send, reason }
}

describe('the server of a co-signer', function () {
  this.timeout(20_000)
  const servers: { close(): Promise<void> }[] = []
  const start = async (changes: Partial<CosignServerOptions> = {}) => {
    const started = await setting(changes)
    servers.push(started.server)
    return started
  }
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close()
  })

  it('answers a proposer that it knows, and tells who asked', async () => {
    const { judged, events, headersOf, send } = await start()
    const { status, answer } = await send(text, await headersOf(text))
    expect({ status, answer }).to.deep.equal({ status: 200, answer: { code: 'signed', signature } })
    expect(judged).to.deep.equal([request])
    expect(events).to.deep.equal([{ event: 'cosign', peer: 'anna', blockNumber: 7n, code: 'signed' }])
  })

  it('lets nobody else near the chain', async () => {
    const { judged, events, headersOf, reason } = await start()
    const good = await headersOf(text)
    const attempts: [string, Readonly<Record<string, string>>][] = [
      [text, {}],
      [text, await headersOf(text, { by: stranger })],
      // A stranger under the name of the proposer.
      [text, { ...(await headersOf(text, { by: stranger })), 'plimsoll-proposer': proposer.address }],
      [text.replace('"single"', '"batch"'), good],
      [text, { ...good, 'plimsoll-nonce': `0x${'00'.repeat(32)}` }],
      [text, { ...good, 'plimsoll-time': `${Number(good['plimsoll-time']) + 1}` }],
      [text, { ...good, 'plimsoll-signature': '0x' }],
      // Signed for another co-signer, for another registry, for another chain.
      [text, await headersOf(text, { to: stranger.address })],
      [text, await headersOf(text, { of: { ...domain, registry: cosigner.address } })],
      [text, await headersOf(text, { of: { ...domain, chainId: 1 } })],
    ]
    for (const [body, headers] of attempts) expect(await reason(body, headers)).to.equal('401 unauthenticated')
    expect(judged).to.deep.equal([])
    expect(events).to.deep.equal([])
    expect(await reason(text, good)).to.equal('200 signed')
  })

  it('answers a request once, within its time, and none from before its own start', async () => {
    const { clock, judged, headersOf, reason } = await start()
    const headers = await headersOf(text)
    expect(await reason(text, headers)).to.equal('200 signed')
    expect(await reason(text, headers)).to.equal('401 replayed')
    expect(await reason(text, { ...headers, 'plimsoll-proposer': proposer.address.toLowerCase() })).to.equal(
      '401 replayed',
    )
    clock.now += requestWindow
    expect(await reason(text, headers)).to.equal('401 replayed')
    clock.now += 1
    expect(await reason(text, headers)).to.equal('401 stale-request')
    expect(await reason(text, await headersOf(text, { time: clock.now + requestWindow + 1 }))).to.equal(
      '401 stale-request',
    )
    const ahead = await headersOf(text, { time: clock.now + requestWindow })
    expect(await reason(text, ahead)).to.equal('200 signed')
    // It is remembered for as long as it could be sent again.
    clock.now += 2 * requestWindow
    expect(await reason(text, ahead)).to.equal('401 replayed')
    const before = await headersOf(text, { time: clock.now - 1 })
    const again = await start({ now: () => clock.now })
    expect(await again.reason(text, before)).to.equal('401 stale-request')
    expect(judged).to.have.length(2)
  })

  it('refuses what is too long before it has read it, and what is no request', async () => {
    const { judged, headersOf, reason, send } = await start({ limits: { requestBytes: 2_000 } })
    const long = ' '.repeat(2_001)
    expect(await reason(long, await headersOf(long))).to.equal('413 too-large')
    // Without a length, in pieces.
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(' '.repeat(500))),
    })
    const pieces = { body: stream, duplex: 'half' } as RequestInit
    const answer = await send('', await headersOf(''), pieces).catch(() => undefined)
    expect(answer?.status ?? 413).to.equal(413)
    const word = `0x${'ff'.repeat(32)}`
    const malformed = [
      '',
      '{',
      '[]',
      'null',
      formatRequest({ ...request, extra: 1 } as never),
      formatRequest({ ...request, records: [] }),
      formatRequest({ ...request, blockNumber: 2n ** 40n }),
      formatRequest({ ...request, setId: -1n }),
      formatRequest({ ...request, records: [{ ...request.records[0], word }] } as never),
      formatRequest({ ...request, form: 'pull' } as never),
    ]
    for (const body of malformed) {
      expect(await reason(body, await headersOf(body))).to.equal('400 malformed')
    }
    expect(judged).to.deep.equal([])
    expect((await send('', {}, {}, '/metrics')).status).to.equal(404)
    expect((await send(text, {}, { method: 'PUT' })).status).to.equal(405)
  })

  it('closes connections that are slow to say what they want', async () => {
    const { server, headersOf } = await start({ limits: { arrival: 300 } })
    const headers = Object.entries(await headersOf(text)).map(([name, value]) => `${name}: ${value}`)
    const beginnings = [
      'POST /v1/cosign HTTP/1.1\r\n',
      `POST /v1/cosign HTTP/1.1\r\nhost: x\r\n${headers.join('\r\n')}\r\ncontent-length: 500\r\n\r\n{`,
    ]
    for (const beginning of beginnings) {
      const socket = connect(server.port, '127.0.0.1')
      const started = Date.now()
      socket.on('error', () => undefined)
      socket.resume()
      socket.write(beginning)
      await new Promise((resolve) => socket.once('close', resolve))
      expect(Date.now() - started).to.be.within(200, 3_000)
    }
  })

  it('bounds how often an address and a proposer may ask; a replay does not use up the proposer’s share', async () => {
    const rate = { perSecond: 1, burst: 3 }
    const flooded = await start({ limits: { ofAddress: rate } })
    const seen = []
    for (let i = 0; i < 5; i++) seen.push(await flooded.reason(text, {}))
    expect(seen).to.deep.equal([...Array(3).fill('401 unauthenticated'), ...Array(2).fill('429 too-many-requests')])
    flooded.clock.now += 1000
    expect(await flooded.reason(text, {})).to.equal('401 unauthenticated')

    const { clock, headersOf, reason, judged } = await start({ limits: { ofProposer: rate } })
    const first = await headersOf(text)
    expect(await reason(text, first)).to.equal('200 signed')
    for (let i = 0; i < 5; i++) expect(await reason(text, first)).to.equal('401 replayed')
    for (let i = 0; i < 2; i++) expect(await reason(text, await headersOf(text))).to.equal('200 signed')
    expect(await reason(text, await headersOf(text))).to.equal('429 too-many-requests')
    clock.now += 1000
    expect(await reason(text, await headersOf(text))).to.equal('200 signed')
    expect(judged).to.have.length(4)
  })

  it('reads the chain for so many requests at once and no more', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let running = 0
    let most = 0
    const judge = async () => {
      running += 1
      most = Math.max(most, running)
      await held
      running -= 1
      return { code: 'signed', signature } as const
    }
    const proposers = new Map([
      [proposer.address, 'anna'],
      [stranger.address, 'berta'],
    ])
    const { headersOf, reason } = await start({ judge, proposers, limits: { running: 3, runningOfProposer: 2 } })
    const asked = []
    for (const by of [proposer, proposer, proposer, stranger, stranger]) {
      asked.push(reason(text, await headersOf(text, { by })))
      await sleep(30)
    }
    release()
    const answers = await Promise.all(asked)
    expect(answers).to.deep.equal(['200 signed', '200 signed', '503 busy', '200 signed', '503 busy'])
    expect(most).to.equal(3)
    expect(await reason(text, await headersOf(text))).to.equal('200 signed')
  })

  it('answers what it has when it is told to end, and waits no longer than it is told to', async () => {
    let hold = 150
    const judge = async () => {
      await sleep(hold)
      return { code: 'signed', signature } as const
    }
    const { server, headersOf, reason } = await start({ judge })
    const asked = reason(text, await headersOf(text))
    await sleep(50)
    await server.close()
    expect(await asked).to.equal('200 signed')
    await rejection(reason(text, await headersOf(text)), TypeError)

    hold = 3_000
    const slow = await start({ judge })
    const cut = slow.reason(text, await slow.headersOf(text)).catch(() => 'cut')
    await sleep(50)
    const started = Date.now()
    await slow.server.close(100)
    expect(Date.now() - started).to.be.below(1_000)
    expect(await cut).to.equal('cut')
  })

  it('lives on when a client breaks off or sends what is no HTTP, and says when its address is taken', async () => {
    const { server, headersOf, reason } = await start()
    const broken = httpRequest({ port: server.port, path: cosignPath, method: 'POST', headers: await headersOf(text) })
    broken.on('error', () => undefined)
    broken.write('{')
    await sleep(20)
    broken.destroy()
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.resume()
    socket.write(bytesToHex(new Uint8Array(64)))
    socket.end('\r\n\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    expect(await reason(text, await headersOf(text))).to.equal('200 signed')
    const { message } = await rejection(setting({ port: server.port }), CosignServerError)
    expect(message).to.contain('EADDRINUSE')
  })
})
