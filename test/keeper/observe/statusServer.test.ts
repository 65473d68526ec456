import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { createKeeperMetrics } from '../../../src/keeper/observe/metrics.ts'
import { followKeeper } from '../../../src/keeper/observe/standing.ts'
import {
  type StatusLimits,
  type StatusServer,
  StatusServerError,
  startStatusServer,
} from '../../../src/keeper/observe/statusServer.ts'
import { rejection } from '../../support/rejection.ts'
import { expectNone, secrets, url } from '../../support/tellingErrors.ts'
import * as events from '../support/events.ts'

describe('keeper status server', function () {
  this.timeout(20_000)
  const open: StatusServer[] = []
  const sockets: Socket[] = []

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await Promise.all(open.splice(0).map((server) => server.close()))
  })

  async function serve(limits: Partial<StatusLimits> = {}, host = '127.0.0.1') {
    const { standing, observe: follow } = followKeeper()
    const metrics = createKeeperMetrics({ standing })
    const server = await startStatusServer({ standing, metrics, port: 0, host, secrets, limits })
    open.push(server)
    const observe = (event: Parameters<typeof follow>[0]) => {
      follow(event)
      metrics.observe(event)
    }
    const base = `http://127.0.0.1:${server.port}`
    const get = (path: string, init: RequestInit = {}) => fetch(`${base}${path}`, init)
    return { server, observe, get, base }
  }

  /** A raw connection, and all that it is sent until it ends. */
  async function dial(port: number): Promise<{ socket: Socket; text: () => string; ended: Promise<unknown> }> {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    await once(socket, 'connect')
    return { socket, text: () => text, ended }
  }

  it('tells liveness, readiness, status and metrics', async () => {
    const { get, observe } = await serve({ reuse: 0 })
    expect((await get('/livez')).status).to.equal(200)
    const early = await get('/readyz')
    expect(early.status).to.equal(503)
    const { reasons } = (await early.json()) as { reasons: { code: string }[] }
    expect(reasons.map(({ code }) => code)).to.deep.equal(['no-round'])
    for (const event of events.everyEvent.slice(0, -3)) observe(event)
    expect(await (await get('/readyz')).json()).to.deep.equal({ ok: true, reasons: [] })
    const status = (await (await get('/status')).json()) as { accounts: { account: string; equity?: string }[] }
    expect(status.accounts.map(({ account }) => account)).to.deep.equal([events.accountOf(2), events.accountOf(1)])
    expect(status.accounts[1]?.equity).to.equal('2500000000')
    const one = (await (await get(`/status?account=${events.accountOf(1)}`)).json()) as typeof status
    expect(one.accounts).to.have.length(1)
    const metrics = await get('/metrics')
    expect(metrics.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/)
    expect(await metrics.text()).to.contain('plimsoll_keeper_rounds_total 1')
  })

  it('takes GET alone, knows four paths, and lets nothing be cached, framed or sniffed', async () => {
    const { get } = await serve()
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']) {
      const answer = await get('/livez', { method, ...(method === 'POST' && { body: 'x' }) })
      expect([answer.status, answer.headers.get('allow')], method).to.deep.equal([405, 'GET'])
    }
    for (const path of ['/', '/status/', '/..%2fetc', '/metrics%00', '//', '/keys']) {
      expect((await get(path)).status, path).to.be.oneOf([400, 404])
    }
    expect((await get('/status?account=none')).status).to.equal(400)
    const { headers } = await get('/status')
    expect(headers.get('cache-control')).to.equal('no-store')
    expect(headers.get('x-content-type-options')).to.equal('nosniff')
    expect(headers.get('access-control-allow-origin')).to.equal(null)
    expect(headers.get('x-powered-by')).to.equal(null)
  })

  it('shows no URL and no key that an event carried', async () => {
    const { get, observe } = await serve({ reuse: 0 })
    observe(events.refusal({ message: `no answer from ${url}`, error: url }))
    observe(events.failure({ message: url, error: url }))
    observe(events.endpoint({ endpoint: url, problem: url, status: 'failing' }))
    observe(events.post({ code: 'not-sent', reason: url }))
    for (const path of ['/livez', '/readyz', '/status']) expectNone(await (await get(path)).text())
  })

  it('refuses a page that asks by a name which leads to this machine', async () => {
    const { server } = await serve()
    const { socket, ended, text } = await dial(server.port)
    socket.write('GET /status HTTP/1.1\r\nHost: evil.example.com\r\n\r\n')
    await ended
    expect(text()).to.match(/^HTTP\/1\.1 403 /)
  })

  it('cuts off who sends headers slowly, too many of them, or a body', async () => {
    const { server, get } = await serve({ patience: 500, headers: 2_048 })
    const slow = await dial(server.port)
    slow.socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n')
    const drip = setInterval(() => slow.socket.write('x: y\r\n'), 100)
    await slow.ended
    clearInterval(drip)
    expect(slow.text()).to.match(/^$|^HTTP\/1\.1 408 /)
    const huge = await dial(server.port)
    huge.socket.write(`GET /livez HTTP/1.1\r\nHost: localhost\r\nx: ${'y'.repeat(4_096)}\r\n\r\n`)
    await huge.ended
    expect(huge.text()).to.match(/^HTTP\/1\.1 431 /)
    const body = await dial(server.port)
    body.socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n')
    await body.ended
    expect(body.text()).to.match(/^HTTP\/1\.1 400 /)
    expect((await get('/livez')).status).to.equal(200)
  })

  it('lets nobody who reads slowly, or asks a thousand times and reads nothing, hold an answer', async () => {
    const { server, observe, get } = await serve({ patience: 700 })
    for (let index = 0; index < 1_000; index += 1) observe(events.decision({ account: events.accountOf(index + 1) }))
    const greedy = await dial(server.port)
    greedy.socket.pause()
    const ask = 'GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n'
    for (let index = 0; index < 1_000; index += 1) greedy.socket.write(ask)
    const started = Date.now()
    expect((await get('/livez')).status).to.equal(200)
    expect(Date.now() - started).to.be.lessThan(1_000)
    greedy.socket.resume()
    await greedy.ended
    expect(Date.now() - started).to.be.lessThan(10_000)
  })

  it('answers while others hold as many connections as it allows', async () => {
    const { server, get } = await serve({ connections: 8 })
    const idle = await Promise.all(Array.from({ length: 40 }, () => dial(server.port)))
    expect((await get('/livez')).status).to.equal(200)
    await Promise.race(idle.map(({ ended }) => ended))
    expect(idle.filter(({ socket }) => !socket.closed).length).to.be.at.most(8)
  })

  it('renders once for all who ask at the same time', async () => {
    const { standing } = followKeeper()
    let rendered = 0
    const text = async () => {
      rendered += 1
      return 'plimsoll_keeper_live 1\n'
    }
    const server = await startStatusServer({ standing, metrics: { text, contentType: 'text/plain' }, port: 0 })
    open.push(server)
    await Promise.all(Array.from({ length: 50 }, () => fetch(`http://127.0.0.1:${server.port}/metrics`)))
    expect(rendered).to.be.lessThan(5)
  })

  it('answers 500 without a word when an answer cannot be made, and lives on', async () => {
    const { standing } = followKeeper()
    const text = async () => {
      throw new Error(url)
    }
    const server = await startStatusServer({ standing, metrics: { text, contentType: 'text/plain' }, port: 0 })
    open.push(server)
    const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`)
    expect([answer.status, await answer.text()]).to.deep.equal([500, ''])
    expect((await fetch(`http://127.0.0.1:${server.port}/livez`)).status).to.equal(200)
  })

  it('says when it cannot listen', async () => {
    const { server } = await serve()
    const { standing } = followKeeper()
    const metrics = createKeeperMetrics({ standing })
    const { message } = await rejection(startStatusServer({ standing, metrics, port: server.port }), StatusServerError)
    expect(message).to.contain('EADDRINUSE').and.to.contain('--listen')
  })
})
