import { expect } from 'chai'
import type { KeeperEvent } from '../../../src/keeper/events.ts'
import {
  defaultHealthBounds as bounds,
  livenessOf,
  readinessOf,
  statusReport,
} from '../../../src/keeper/observe/health.ts'
import { followKeeper } from '../../../src/keeper/observe/standing.ts'
import * as events from '../support/events.ts'

function keeperAfter(...happened: readonly KeeperEvent[]) {
  const clock = events.standingClock()
  const { standing, observe } = followKeeper(clock.now)
  for (const event of happened) observe(event)
  const codes = () => readinessOf(standing, clock.now(), bounds).map(({ code }) => code)
  return { clock, standing, observe, codes }
}

describe('keeper health', () => {
  it('is ready after a good round, with a quorum and a purse', () => {
    const { codes } = keeperAfter(events.started(), events.endpoint(), events.purse(), events.round())
    expect(codes()).to.deep.equal([])
  })

  it('is not ready before the first round, nor after one that refused every account', () => {
    expect(keeperAfter(events.started()).codes()).to.deep.equal(['no-round'])
    expect(keeperAfter(events.started(), events.round({ refused: 2 })).codes()).to.deep.equal(['no-round'])
  })

  it('is not ready once the last good round is old, whatever rounds without a number follow', () => {
    const { codes, clock, observe } = keeperAfter(events.started(), events.round())
    clock.pass(bounds.roundAge)
    expect(codes()).to.deep.equal([])
    clock.pass(1)
    observe(events.round({ refused: 2 }))
    expect(codes()).to.deep.equal(['round-old'])
  })

  it('counts nodes that serve against the quorum', () => {
    const nodes = (...statuses: readonly (readonly [string, number])[]) =>
      statuses.map(([status, lag], index) => events.endpoint({ endpoint: `rpc ${index + 1}`, status, lag, quorum: 2 }))
    const ready = keeperAfter(events.round(), ...nodes(['ready', 0], ['lagging', 1], ['failing', 0]))
    expect(ready.codes()).to.deep.equal([])
    for (const [status, lag] of [
      ['lagging', 33],
      ['failing', 0],
      ['disagreeing', 0],
      ['other chain', 0],
    ] as const) {
      expect(keeperAfter(events.round(), ...nodes(['ready', 0], [status, lag], [status, lag])).codes()).to.deep.equal([
        'no-quorum',
      ])
    }
  })

  it('asks of the purse of a live keeper that it pays for some posts, at the dearest of the last ones', () => {
    const fee = 10n ** 15n
    const poor = (balance: bigint) => events.purse({ balance })
    const mined = events.transaction({ fee })
    expect(keeperAfter(events.started(), events.round(), mined, poor(5n * fee)).codes()).to.deep.equal([])
    expect(keeperAfter(events.started(), events.round(), mined, poor(5n * fee - 1n)).codes()).to.deep.equal([
      'payer-low',
    ])
    expect(keeperAfter(events.started(), events.round(), poor(0n)).codes()).to.deep.equal(['payer-low'])
    expect(keeperAfter(events.started({ live: false }), events.round(), poor(0n)).codes()).to.deep.equal([])
    const cheaper = Array.from({ length: 16 }, () => events.transaction({ fee: fee / 2n }))
    expect(keeperAfter(events.started(), events.round(), mined, ...cheaper, poor(3n * fee)).codes()).to.deep.equal([])
  })

  it('is alive while the loop does anything, also fail, and not when it is silent', () => {
    const { standing, clock, observe } = keeperAfter(events.started())
    const alive = () => livenessOf(standing, clock.now(), bounds).length === 0
    clock.pass(bounds.silence)
    expect(alive()).to.equal(true)
    observe(events.failure())
    clock.pass(bounds.silence + 1)
    // What nodes are heard to do is no work of the loop.
    observe(events.endpoint())
    expect(alive()).to.equal(false)
  })

  it('says that it is about to stop', () => {
    const { codes, observe } = keeperAfter(events.started(), events.round(), events.started({ event: 'draining' }))
    expect(codes()).to.deep.equal(['draining'])
    observe(events.started({ event: 'stopped' }))
    expect(codes()).to.deep.equal(['stopped'])
  })

  it('reports each account with its last decision, refusal and post, the most urgent first', () => {
    const { standing, clock } = keeperAfter(...events.everyEvent)
    clock.pass(10)
    const { accounts, totals, round, payer, endpoints, quorum, failure } = statusReport(standing, clock.now())
    expect(accounts.map(({ account }) => account)).to.deep.equal([events.accountOf(2), events.accountOf(1)])
    expect(accounts[0]).to.deep.include({ standing: 'unknown', refusedSeconds: 10 })
    expect(accounts[1]).to.deep.include({
      code: 'worse',
      action: 'posting',
      ageSeconds: 10,
      ratio: 2.5,
      standing: 'free',
    })
    expect(accounts[1]?.post).to.deep.include({ code: 'sent', hash: events.hashOf(2), secondsAgo: 10 })
    expect(totals).to.deep.equal({
      ...{ accounts: 2, free: 1, call: 0, default: 0, unknown: 1, refused: 1, withoutRecord: 1, oldestSeconds: 10 },
    })
    expect(round).to.deep.include({ blockNumber: 100n, secondsAgo: 10 })
    expect(payer).to.deep.include({ address: events.payer, postsLeft: 1000, open: 1 })
    expect(endpoints).to.have.length(2)
    expect(quorum).to.deep.equal({ serving: 1, quorum: 1 })
    expect(failure).to.deep.include({ stage: 'round' })
  })

  it('cuts the list of accounts after the thousand with the lowest ratios', () => {
    const many = Array.from({ length: 1_200 }, (_, index) =>
      events.decision({ account: events.accountOf(index + 1), equity: BigInt(index) * 1_000_000n }),
    )
    const { standing, clock } = keeperAfter(...many)
    const report = statusReport(standing, clock.now())
    expect(report.accounts).to.have.length(1_000)
    expect(report.omitted).to.equal(200)
    expect(report.accounts[0]?.account).to.equal(events.accountOf(1))
    expect(report.totals.accounts).to.equal(1_200)
    expect(statusReport(standing, clock.now(), events.accountOf(1_200)).accounts).to.have.length(1)
  })
})
