import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import { InvalidInputError } from '../../../src/core/errors.ts'
import type { DeliveryOptions, DeliveryResult } from '../../../src/keeper/observe/alertDelivery.ts'
import { type Alert, type AlertSink, alertSinks } from '../../../src/keeper/observe/alertSinks.ts'
import { createKeeperAlerts } from '../../../src/keeper/observe/alerts.ts'
import { followKeeper } from '../../../src/keeper/observe/standing.ts'
import { thrown } from '../../support/rejection.ts'
import { expectNone, key, secrets as nodeSecrets, url as nodeUrl } from '../../support/tellingErrors.ts'
import { type AlertServer, startAlertServer } from '../support/alertServer.ts'
import * as events from '../support/events.ts'

const secret = 'a secret of the webhook'
const token = '123456:AAtokenAAtokenAAtokenAAtokenAAtoken'

describe('keeper alerts', function () {
  this.timeout(20_000)
  let server: AlertServer
  beforeEach(async () => {
    server = await startAlertServer()
  })
  afterEach(() => server.close())

  const webhook = () => alertSinks({ webhook: { url: `${server.url}/hook`, secret } })

  function alerting(sinks: readonly AlertSink[], options: Partial<DeliveryOptions> & { window?: number } = {}) {
    const clock = events.standingClock()
    const { standing, observe: follow } = followKeeper(clock.now)
    const results: DeliveryResult[] = []
    const reasons: string[] = []
    const alerts = createKeeperAlerts({
      ...{ standing, sinks, now: clock.now, secrets: nodeSecrets, pause: 1, timeout: 300, keeper: 'keeper-a' },
      onResult: (_, result, error) => {
        results.push(result)
        if (error) reasons.push(error.message)
      },
      ...options,
    })
    const observe = (event: Parameters<typeof follow>[0]) => {
      follow(event)
      alerts.observe(event)
    }
    const texts = () =>
      server.received.map(({ json }) => [json.state, json.kind, ...(json.about as string[])].join(' '))
    return { clock, observe, alerts, results, reasons, texts }
  }

  it('tells a signed webhook what began and that it is over', async () => {
    const { observe, alerts } = alerting(webhook())
    observe(events.cosign({ code: 'differs', field: 'equity' }))
    await server.wait(1)
    observe(events.cosign())
    await alerts.close(5_000)
    const [began, over] = server.received
    const { id, ...shown } = began?.json ?? {}
    expect(shown).to.deep.equal({
      ...{ kind: 'cosign-differs', severity: 'critical', state: 'firing', about: ['keeper-b'], keeper: 'keeper-a' },
      text: 'Co-signer keeper-b computed something else from the same block: field equity.',
      time: 1_800_000_000,
    })
    expect(over?.json).to.deep.include({ kind: 'cosign-differs', state: 'resolved' })
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(`${began?.headers['x-plimsoll-signature']}`) ?? []
    expect(Math.abs(Number(time) - Date.now() / 1000)).to.be.lessThan(30)
    const expected = createHmac('sha256', secret).update(`${time}.${began?.text}`).digest('hex')
    expect(signature).to.equal(expected)
    expect(began?.headers['x-plimsoll-delivery']).to.equal(id)
    expect(over?.json.id).not.to.equal(id)
  })

  it('tells Slack and Telegram in their words, without markup that a text could smuggle in', async () => {
    const sinks = alertSinks({
      slack: { url: `${server.url}/services/T/B/x` },
      telegram: { token, chatId: '-100123', api: server.url },
    })
    const { observe, alerts, results } = alerting(sinks)
    observe(events.post({ code: 'not-sent', reason: '<!channel> *bold* & more' }))
    await alerts.close(5_000)
    expect(results).to.deep.equal(['delivered', 'delivered'])
    const slack = server.received.find(({ path }) => path.startsWith('/services'))
    expect(slack?.json.text).to.equal(
      'WARNING not-sent (keeper-a)\nNo node took a transaction: &lt;!channel&gt; *bold* &amp; more.',
    )
    const telegram = server.received.find(({ path }) => path === `/bot${token}/sendMessage`)
    expect(telegram?.json).to.deep.equal({
      ...{
        chat_id: '-100123',
        text: 'WARNING not-sent (keeper-a)\nNo node took a transaction: <!channel> *bold* & more.',
      },
    })
  })

  it('tells a condition once in a window, however often it is seen, flaps or lasts, and reminds after it', async () => {
    const { observe, alerts, clock, texts } = alerting(webhook(), { window: 600 })
    for (let round = 0; round < 20; round += 1) {
      observe(events.post({ code: 'spend-cap' }))
      observe(events.decision({ equity: 0n }))
      observe(events.round())
      clock.pass(10)
    }
    const account = events.accountOf(1)
    await server.wait(2)
    expect(texts().sort()).to.deep.equal([`firing account-default ${account}`, 'firing spend-cap'])
    for (let round = 0; round < 5; round += 1) {
      observe(events.post())
      observe(events.post({ code: 'spend-cap' }))
    }
    await server.wait(3)
    clock.pass(10)
    alerts.check()
    // Over once, and back within the window: that is told when the window has passed.
    expect(texts().filter((text) => text.endsWith('spend-cap'))).to.deep.equal([
      'firing spend-cap',
      'resolved spend-cap',
    ])
    clock.pass(600)
    alerts.check()
    await alerts.close(5_000)
    expect(texts().filter((text) => text.endsWith('spend-cap'))).to.deep.equal([
      ...['firing spend-cap', 'resolved spend-cap', 'firing spend-cap'],
    ])
    expect(texts().filter((text) => text.includes('account-default'))).to.have.length(2)
  })

  it('notices what time alone makes: no round, then one', async () => {
    const { observe, alerts, clock, texts } = alerting(webhook())
    observe(events.round())
    clock.pass(121)
    alerts.check()
    observe(events.round())
    await alerts.close(5_000)
    expect(texts()).to.deep.equal(['firing no-round', 'resolved no-round'])
  })

  it('says all of a crash in one message', async () => {
    const { observe, alerts } = alerting(webhook())
    for (let index = 1; index <= 500; index += 1)
      observe(events.decision({ account: events.accountOf(index), equity: 0n }))
    observe(events.round({ accounts: 500 }))
    await alerts.close(5_000)
    expect(server.received).to.have.length(1)
    const [{ text, about }] = server.received.map(({ json }) => json as unknown as Alert) as [Alert]
    expect(text.split('\n')).to.have.length(11)
    expect(text).to.match(/and 490 more$/)
    expect(about).to.have.length(100)
  })

  it('tries again while a sink may recover, as late as it asks, and gives up for good', async () => {
    let asked = 0
    server.reply = () => {
      asked += 1
      return asked === 1
        ? { status: 503 }
        : asked === 2
          ? { status: 429, headers: { 'retry-after': '1' } }
          : { status: 204 }
    }
    const { observe, alerts, results } = alerting(webhook())
    const started = Date.now()
    observe(events.post({ code: 'fee-cap' }))
    await server.wait(3)
    await alerts.close(5_000)
    expect(Date.now() - started).to.be.greaterThan(900)
    expect(results).to.deep.equal(['delivered'])
    expect(new Set(server.received.map(({ json }) => json.id)).size).to.equal(1)
  })

  it('does not try again what is refused, and follows no redirection', async () => {
    const refused = alerting(webhook())
    server.reply = () => ({ status: 401 })
    refused.observe(events.post({ code: 'fee-cap' }))
    await refused.alerts.close(5_000)
    expect([refused.results, server.received.length]).to.deep.equal([['failed'], 1])
    const redirected = alerting(webhook(), { attempts: 1 })
    server.reply = () => ({ status: 307, headers: { location: `${server.url}/elsewhere` } })
    redirected.observe(events.post({ code: 'fee-cap' }))
    await redirected.alerts.close(5_000)
    expect(redirected.results).to.deep.equal(['failed'])
    expect(server.received.map(({ path }) => path)).to.deep.equal(['/hook', '/hook'])
  })

  it('holds up nobody when a sink hangs, is gone or throws, and reaches the others', async () => {
    const [good] = webhook()
    if (good === undefined) throw new Error('no sink')
    const hanging: AlertSink = {
      ...{ name: 'hanging', secrets: [] },
      deliver: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error(key)))),
    }
    const throwing: AlertSink = {
      ...{ name: 'throwing', secrets: [] },
      deliver: () => {
        throw new Error(nodeUrl)
      },
    }
    const [gone] = alertSinks({ slack: { url: 'http://127.0.0.1:1/gone' } })
    if (gone === undefined) throw new Error('no sink')
    const { observe, alerts, results, reasons } = alerting([hanging, throwing, gone, good], { attempts: 2 })
    const started = Date.now()
    observe(events.post({ code: 'foreign-nonce' }))
    expect(Date.now() - started).to.be.lessThan(50)
    await server.wait(1)
    await alerts.close(3_000)
    expect([...results].sort()).to.deep.equal(['delivered', 'failed', 'failed', 'failed'])
    expectNone(reasons.join('\n'))
    expect(reasons.join('\n')).not.to.contain('127.0.0.1')
  })

  it('drops what matters least when too much waits, and ends in time', async () => {
    server.reply = () => 'silence'
    const { observe, alerts, results } = alerting(webhook(), { capacity: 10, timeout: 60_000 })
    observe(events.cosign({ code: 'forged' }))
    await server.wait(1)
    for (let index = 0; index < 50; index += 1) {
      observe(events.decision({ account: events.accountOf(index + 1), equity: 900_000_000n }))
    }
    observe(events.cosign({ code: 'differs' }))
    observe(events.round())
    const started = Date.now()
    await alerts.close(200)
    expect(Date.now() - started).to.be.lessThan(2_000)
    expect(results.filter((result) => result === 'dropped')).to.have.length(41)
    expect(results.filter((result) => result === 'failed')).to.have.length(11)
  })

  it('shows no URL, no key and no token of nodes or sinks in any message', async () => {
    const sinks = alertSinks({
      webhook: { url: `${server.url}/hook`, secret },
      telegram: { token, chatId: '@keepers', api: server.url },
    })
    const { observe, alerts } = alerting(sinks)
    observe(events.post({ code: 'not-sent', reason: `${nodeUrl} and ${token} and ${secret}` }))
    observe(events.cosign({ code: 'differs', peer: nodeUrl, reason: nodeUrl, field: key }))
    observe(events.endpoint({ endpoint: 'rpc 1', status: 'disagreeing', problem: nodeUrl }))
    observe(events.failure({ message: nodeUrl }))
    await alerts.close(5_000)
    const sent = server.received.map(({ text }) => text).join('\n')
    expect(server.received.length).to.be.greaterThan(5)
    expectNone(sent)
    expectNone(sent, [token, secret])
  })

  it('takes settings that are whole, or none of them', async () => {
    for (const settings of [
      { telegram: { token, chatId: '' } },
      { telegram: { token: '', chatId: '1' } },
      { webhook: { url: 'http://x', secret: 'short' } },
      { slack: { url: 'file:///etc/passwd' } },
      { discord: { url: 'http://x' } },
    ]) {
      const { message } = await thrown(() => alertSinks(settings as never), InvalidInputError)
      expectNone(message, [token])
    }
    expect(alertSinks({})).to.deep.equal([])
  })
})
