import { expect } from 'chai'
import type { KeeperEvent } from '../../../src/keeper/events.ts'
import {
  alertKinds,
  defaultAlertBounds as bounds,
  changesOf,
  conditionsOf,
  standingKinds,
} from '../../../src/keeper/observe/alertConditions.ts'
import { followKeeper } from '../../../src/keeper/observe/standing.ts'
import * as events from '../support/events.ts'

/** Kinds that hold after events and so many seconds. */
function kindsAfter(happened: readonly KeeperEvent[], seconds = 0): readonly string[] {
  const clock = events.standingClock()
  const { standing, observe } = followKeeper(clock.now)
  for (const event of happened) observe(event)
  clock.pass(seconds)
  return conditionsOf(standing, clock.now(), bounds).map(({ kind, severity, about }) =>
    [kind, severity, ...(about === undefined ? [] : [about])].join(' '),
  )
}

const call = { equity: 900_000_000n }
const breach = { equity: 700_000_000n }
const first = events.accountOf(1)

describe('conditions worth an alert', () => {
  const standings: readonly (readonly [string, readonly KeeperEvent[], number, readonly string[]])[] = [
    ['nothing of a keeper that does well', events.everyEvent.slice(0, 1), 0, []],
    ['no round since the start', [events.started()], bounds.noRound + 1, ['no-round critical']],
    ['no round for long', [events.round()], bounds.noRound + 1, ['no-round critical']],
    ['not a pause as long as the bound', [events.round()], bounds.noRound, []],
    ['not a keeper that has stopped', [events.round(), events.started({ event: 'stopped' })], 9_999, []],
    ['an account below maintenance', [events.decision(breach)], 0, [`account-default critical ${first}`]],
    ['an account below initial margin', [events.decision(call)], 0, [`account-call warning ${first}`]],
    [
      'an account refused for long',
      [events.refusal(), events.round()],
      bounds.refused + 1,
      ['no-round critical', `account-refused critical ${events.accountOf(2)}`],
    ],
    ['not one that was refused for a moment', [events.refusal(), events.round()], 60, []],
    [
      'an old record of a live keeper',
      [events.started(), events.decision({ ageSeconds: bounds.recordAge + 1 }), events.round()],
      0,
      [`record-old critical ${first}`],
    ],
    [
      'not of a dry one',
      [events.started({ live: false }), events.decision({ ageSeconds: bounds.recordAge + 1 }), events.round()],
      0,
      [],
    ],
    ['an empty purse', [events.started(), events.purse({ balance: 0n })], 0, ['payer-low critical']],
    [
      'a low purse',
      [events.started(), events.transaction({ fee: 10n ** 17n }), events.purse()],
      0,
      ['payer-low warning'],
    ],
    ['a cap that is near', [events.started(), events.purse({ spent: 8n, cap: 10n })], 0, ['spend-near warning']],
    [
      'a transaction that is out for long',
      [events.started(), events.purse({ open: 1, oldestOpenSeconds: 290 })],
      11,
      ['stuck-nonce critical'],
    ],
    [
      'not a node that failed once, as free ones do',
      [events.endpoint({ status: 'failing', quorum: 2 }), events.endpoint({ endpoint: 'rpc 2', quorum: 2 })],
      bounds.node,
      [],
    ],
    [
      'not that too few serve while enough do',
      [1, 2, 3].map((n) => events.endpoint({ endpoint: `rpc ${n}`, quorum: 2, status: n > 2 ? 'failing' : 'ready' })),
      bounds.node + 1,
      ['node warning rpc 3'],
    ],
    [
      'nodes that fail for long, and that too few serve',
      [events.endpoint({ status: 'failing', quorum: 2 }), events.endpoint({ endpoint: 'rpc 2', quorum: 2 })],
      bounds.node + 1,
      ['node warning rpc 1', 'node-quorum critical'],
    ],
    [
      'a node that contradicts the others',
      [events.endpoint({ status: 'disagreeing', quorum: 1 }), events.endpoint({ endpoint: 'rpc 2', quorum: 1 })],
      0,
      ['nodes-disagree critical rpc 1'],
    ],
    ['not a node that is a block late', [events.endpoint({ status: 'lagging', lag: 1 })], 0, []],
  ]
  for (const [name, happened, seconds, kinds] of standings) {
    it(`see ${name}`, () => expect(kindsAfter(happened, seconds)).to.deep.equal(kinds))
  }

  it('knows all kinds that end by themselves', () => {
    const seen = standings.flatMap(([, , , kinds]) => kinds).map((text) => text.split(' ')[0])
    expect([...new Set(seen)].sort()).to.deep.equal([...standingKinds].sort())
  })

  it('have no other kind than those that are listed', () => {
    const seen = changes.flatMap(([event]) => changesOf(event).raised.map(({ kind }) => kind))
    expect([...new Set([...seen, ...standingKinds])].sort()).to.deep.equal([...alertKinds].sort())
  })

  it('end with the account, the node and the round that get well', () => {
    expect(kindsAfter([events.decision(breach), events.decision()])).to.deep.equal([])
    expect(kindsAfter([events.refusal(), events.decision({ account: events.accountOf(2) })], 120)).to.deep.equal([])
    expect(kindsAfter([events.endpoint({ status: 'failing' }), events.endpoint()], 100)).to.deep.equal([])
  })

  const changes: readonly (readonly [KeeperEvent, readonly string[], readonly string[]])[] = [
    [events.post(), [], ['spend-cap', 'fee-cap', 'foreign-nonce', 'not-sent', 'quorum-missing']],
    [events.post({ code: 'spend-cap' }), ['spend-cap'], []],
    [events.post({ code: 'fee-cap' }), ['fee-cap'], []],
    [events.post({ code: 'foreign-nonce' }), ['foreign-nonce'], []],
    [events.post({ code: 'not-sent' }), ['not-sent'], []],
    [events.post({ code: 'quorum-missing' }), ['quorum-missing'], []],
    [events.post({ code: 'in-flight' }), [], []],
    [events.transaction(), [], ['reverted', 'fee-cap', 'spend-cap']],
    [events.transaction({ code: 'reverted' }), ['reverted'], []],
    [events.transaction({ code: 'nonce-taken' }), ['foreign-nonce'], []],
    [events.transaction({ code: 'fee-cap' }), ['fee-cap'], []],
    [events.transaction({ code: 'spend-cap' }), ['spend-cap'], []],
    [events.transaction({ code: 'fee-bump' }), [], []],
    [events.cosign(), [], ['cosign-differs', 'cosign-forged']],
    [events.cosign({ code: 'differs', field: 'equity' }), ['cosign-differs'], []],
    [events.cosign({ code: 'forged' }), ['cosign-forged'], []],
    [events.cosign({ code: 'refused' }), [], []],
    [events.started({ event: 'stopped' }), ['keeper-stopped'], []],
    [events.started(), [], ['keeper-stopped']],
    [events.decision(breach), [], []],
  ]
  for (const [event, raised, cleared] of changes) {
    const code = 'code' in event ? ` ${event.code}` : ''
    it(`begin and end with ${event.event}${code}`, () => {
      const change = changesOf(event)
      expect(change.raised.map(({ kind }) => kind)).to.deep.equal(raised)
      expect(change.cleared.map(({ kind }) => kind)).to.deep.equal(cleared)
    })
  }
})
