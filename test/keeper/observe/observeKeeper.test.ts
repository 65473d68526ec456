import { expect } from 'chai'
import { createClient, custom, http, numberToHex } from 'viem'
import { getBlockNumber } from 'viem/actions'
import { coherentTransport } from '../../../src/chain/coherentTransport.ts'
import type { KeeperEvent } from '../../../src/keeper/events.ts'
import { alertSinks } from '../../../src/keeper/observe/alertSinks.ts'
import { endpointEvents } from '../../../src/keeper/observe/endpointEvents.ts'
import { createKeeperLog } from '../../../src/keeper/observe/log.ts'
import { observeKeeper } from '../../../src/keeper/observe/observeKeeper.ts'
import { watchKeeper } from '../../../src/keeper/observe/watchKeeper.ts'
import { expectNone, key, secrets, url } from '../../support/tellingErrors.ts'
import { startAlertServer } from '../support/alertServer.ts'
import * as events from '../support/events.ts'

describe('observeKeeper', () => {
  it('tells everybody everything in order, nodes before the round that they served', () => {
    const told: string[] = []
    const observe = observeKeeper({
      observers: [({ event }) => told.push(`a ${event}`), ({ event }) => told.push(`b ${event}`)],
      endpoints: () => [events.endpoint()],
    })
    observe(events.started())
    observe(events.round())
    expect(told).to.deep.equal([...['a started', 'b started', 'a endpoint', 'b endpoint', 'a round', 'b round']])
  })

  it('tells those who want quiet of a node only when it stands otherwise', () => {
    const told: KeeperEvent[] = []
    let status = 'ready'
    const observe = observeKeeper({
      ...{ observers: [], quiet: [(event) => told.push(event)] },
      endpoints: () => [events.endpoint({ status })],
    })
    for (const next of ['ready', 'ready', 'lagging', 'lagging', 'ready']) {
      status = next
      observe(events.round())
    }
    const statuses = told.map((event) => (event.event === 'endpoint' ? event.status : event.event))
    expect(statuses).to.deep.equal([...['ready', 'round', 'round', 'lagging', 'round', 'round', 'ready', 'round']])
  })

  it('stops for no observer that throws, not even for the one that is told of it', () => {
    const told: string[] = []
    const fail = () => {
      throw new Error('broken')
    }
    const observe = observeKeeper({
      ...{ observers: [fail, ({ event }) => told.push(event)], quiet: [fail], endpoints: fail, onError: fail },
    })
    observe(events.round())
    expect(told).to.deep.equal(['round'])
  })
})

describe('endpointEvents', () => {
  const node = (head: number) =>
    custom({
      request: async ({ method, params }: { method: string; params?: readonly unknown[] }) => {
        if (method === 'eth_chainId') return '0x1'
        const asked = params?.[0]
        const number = asked === 'latest' ? head : Number(asked)
        if (method !== 'eth_getBlockByNumber' || number > head) return null
        const hash = (at: number) => events.hashOf(at + 1)
        const timestamp = numberToHex(1_800_000_000 + number)
        return { number: numberToHex(number), hash: hash(number), parentHash: hash(number - 1), timestamp }
      },
    })

  it('are how the nodes of a coherent transport stand, with the quorum', async () => {
    const endpoints = [
      { name: 'rpc 1', transport: node(100) },
      { name: 'rpc 2', transport: node(100) },
      { name: 'rpc 3', transport: node(67) },
    ]
    const client = createClient({ transport: coherentTransport({ endpoints, quorum: 2, retryDelay: 1, patience: 50 }) })
    expect(await getBlockNumber(client)).to.equal(100n)
    expect(endpointEvents(client)).to.deep.equal([
      { event: 'endpoint', endpoint: 'rpc 1', status: 'ready', lag: 0, quorum: 2, disagreements: 0 },
      { event: 'endpoint', endpoint: 'rpc 2', status: 'ready', lag: 0, quorum: 2, disagreements: 0 },
      { event: 'endpoint', endpoint: 'rpc 3', status: 'lagging', lag: 33, quorum: 2, disagreements: 0 },
    ])
  })

  it('are none where one node alone is read', () => {
    expect(endpointEvents(createClient({ transport: http('http://127.0.0.1:1') }))).to.deep.equal([])
  })
})

describe('watchKeeper', () => {
  it('logs, counts, tells health and alerts of one event, and shows no key anywhere', async () => {
    const server = await startAlertServer()
    const lines: string[] = []
    const watch = await watchKeeper({
      log: createKeeperLog({ level: 'debug', secrets, destination: { write: (line: string) => lines.push(line) } }),
      ...{ listen: { port: 0 }, secrets },
      ...{ sinks: alertSinks({ slack: { url: server.url } }), endpoints: () => [events.endpoint()], keeper: 'a' },
    })
    try {
      for (const event of events.everyEvent.slice(0, 3)) watch.observe(event)
      watch.observe(events.post({ code: 'foreign-nonce', reason: `${url} ${key}` }))
      watch.observe(events.round())
      await server.wait(1)
      const base = `http://${watch.address?.host}:${watch.address?.port}`
      const [status, metrics] = await Promise.all(
        ['/status', '/metrics'].map(async (path) => (await fetch(`${base}${path}`)).text()),
      )
      expect(metrics).to.contain('plimsoll_keeper_posts_total{form="single",code="foreign-nonce"} 1')
      expect(lines.filter((line) => line.includes('foreign-nonce'))).to.have.length(1)
      expect(server.received[0]?.json.text).to.match(/^CRITICAL foreign-nonce \(a\)/)
      expectNone([status, metrics, ...lines, ...server.received.map(({ text }) => text)].join('\n'))
      server.reply = () => ({ status: 403 })
      watch.observe(events.post({ code: 'spend-cap' }))
      await server.wait(2)
    } finally {
      await watch.close(2_000)
      await server.close()
    }
    const [undelivered] = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'alert')
    expect(undelivered).to.deep.include({ level: 'error', sink: 'slack', code: 'failed' })
    expect(undelivered.error.message).to.contain('HTTP status 403')
    expect(JSON.stringify(undelivered)).not.to.contain(server.url)
  })
})
