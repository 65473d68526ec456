import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import type { Hash } from 'viem'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { type Attempt, JournalError, openJournal, type Post } from '../../../src/keeper/sending/journal.ts'
import { pruneDaily } from '../../../src/keeper/sending/pruneDaily.ts'
import { temporaryDirectory } from '../../support/commandLine.ts'
import { accounts, payer } from '../support/payer.ts'

const [alice, bob] = accounts as [`0x${string}`, `0x${string}`]
const chainId = 1
const from = payer.address
const day = 86_400

const hashOf = (number: number): Hash => `0x${number.toString(16).padStart(64, '0')}`

function postAt(observedAt: number): Post {
  const about = { chainId, registry: bob, accounts: [alice], observedAt, blockNumber: BigInt(observedAt) }
  return { id: hashOf(observedAt), kind: 'single', data: '0x05c1f502', ...about }
}

function attemptAt(plannedAt: number, nonce: number): Attempt {
  return {
    ...{ chainId, from, nonce, attempt: 1, postId: hashOf(plannedAt), hash: hashOf(plannedAt), raw: '0x02' },
    ...{ maxFeePerGas: 2n, maxPriorityFeePerGas: 1n, gas: 50_000n, state: 'planned' },
    ...{ plannedAtBlock: BigInt(plannedAt), plannedAt },
  }
}

const mined = { state: 'mined', minedIn: 7n, gasUsed: 10n, fee: 20n } as const

describe('journal', () => {
  it('is written by one process at a time', async () => {
    const directory = await temporaryDirectory()
    const file = directory.file('journal.db')
    const journal = openJournal(file)
    expect(() => openJournal(file)).to.throw(/One keeper writes to a journal at a time/)
    journal.close()
    openJournal(file).close()
    await directory.remove()
  })

  it('keeps decisions with their details, the newest first asked for', () => {
    const journal = openJournal(':memory:')
    const common = { chainId, account: alice, post: false, detail: { equity: 5n } }
    journal.decide({ ...common, blockNumber: 10n, time: 100, code: 'unchanged' })
    journal.decide({ ...common, blockNumber: 11n, time: 112, code: 'worse', post: true })
    expect(journal.lastDecision(1, alice)).to.deep.equal({
      ...common,
      blockNumber: 11n,
      time: 112,
      code: 'worse',
      post: true,
      detail: { equity: '5' },
    })
    expect(journal.lastDecision(1, bob)).to.equal(undefined)
  })

  it('counts what was paid from when it was found in the chain, however long it was out', () => {
    const journal = openJournal(':memory:')
    journal.plan(attemptAt(100, 0), postAt(100))
    expect(journal.spentSince(chainId, from, 0)).to.equal(0n)
    journal.settle(hashOf(100), { ...mined, paidAt: 100 + day })
    expect(journal.spentSince(chainId, from, 100 + day)).to.equal(20n)
    expect(journal.spentSince(chainId, from, 101 + day)).to.equal(0n)
    // A reorganization takes it back, and the payment with it.
    journal.settle(hashOf(100), { state: 'sent' })
    expect(journal.spentSince(chainId, from, 0)).to.equal(0n)
  })

  it('forgets what is settled and old, and nothing that is out', () => {
    const journal = openJournal(':memory:')
    for (const [nonce, time] of [100, 200, 300].entries()) journal.plan(attemptAt(time, nonce), postAt(time))
    journal.settle(hashOf(100), { ...mined, paidAt: 150 })
    journal.settle(hashOf(300), { ...mined, paidAt: 310 })
    const decided = { chainId, account: alice, post: false, detail: null, code: 'unchanged' }
    journal.decide({ ...decided, blockNumber: 1n, time: 100 }, { ...decided, account: bob, blockNumber: 3n, time: 300 })

    journal.prune(150)
    expect(journal.attemptsFor(hashOf(100))).to.have.length(1)
    journal.prune(250)
    expect(journal.attemptsFor(hashOf(100))).to.deep.equal([])
    expect(journal.post(hashOf(100))).to.equal(undefined)
    // Older than that, and still out.
    expect(journal.open(chainId, from).map(({ hash }) => hash)).to.deep.equal([hashOf(200)])
    expect(journal.post(hashOf(200))?.observedAt).to.equal(200)
    expect(journal.attemptsFor(hashOf(300))).to.have.length(1)
    expect(journal.lastDecision(chainId, alice)).to.equal(undefined)
    expect(journal.lastDecision(chainId, bob)?.time).to.equal(300)
  })

  it('is pruned at the first block and once a day of block time', () => {
    const pruned: number[] = []
    const journal = { ...openJournal(':memory:'), prune: (before: number) => pruned.push(before) }
    const prune = pruneDaily(journal, 7 * day)
    for (const now of [30 * day, 30 * day + 12, 31 * day - 1, 31 * day, 31 * day + 12]) prune(now)
    expect(pruned).to.deep.equal([23 * day, 24 * day])
    expect(() => pruneDaily(journal, 7 * day - 1)).to.throw(InvalidInputError, /at least 604800 s/)
  })

  it('takes over a journal of the version before, and refuses one of a later version', async () => {
    const directory = await temporaryDirectory()
    const file = directory.file('journal.db')
    const written = openJournal(file)
    written.plan(attemptAt(100, 0), postAt(100))
    written.settle(hashOf(100), mined)
    written.close()
    const edit = (sql: string) => {
      const database = new DatabaseSync(file)
      database.exec(sql)
      database.close()
    }
    edit(`DROP INDEX attemptsByPayment; DROP INDEX attemptsByPlan; DROP INDEX attemptsByState;
      ALTER TABLE attempts DROP COLUMN paidAt; CREATE INDEX attemptsByState ON attempts (chainId, sender, state);
      PRAGMA user_version = 1`)
    const journal = openJournal(file)
    expect(journal.spentSince(chainId, from, 100)).to.equal(20n)
    journal.settle(hashOf(100), { ...mined, paidAt: 200 })
    expect(journal.spentSince(chainId, from, 200)).to.equal(20n)
    journal.close()
    edit('PRAGMA user_version = 3')
    expect(() => openJournal(file)).to.throw(JournalError, /it is of version 3, newer than 2/)
    await directory.remove()
  })
})
