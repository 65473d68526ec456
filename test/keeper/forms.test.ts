import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Address, numberToHex, pad } from 'viem'
import { wad } from '../../src/core/units.ts'
import {
  choosePosts,
  type DuePost,
  defaultFormPolicy,
  type FormPolicy,
  FormPolicyError,
  gasOfPost,
  requireFormPolicy,
  rideShare,
} from '../../src/keeper/forms.ts'
import { type PostCode, urgencyOf } from '../../src/keeper/urgency.ts'

const address = (index: number): Address => pad(numberToHex(index + 1), { size: 20 })
const due = (count: number, changes: Partial<DuePost> = {}, from = 0): DuePost[] =>
  Array.from({ length: count }, (_, index) => ({
    ...{ account: address(from + index), code: 'heartbeat', flags: 6, isFirst: false, needsStorage: false },
    ...changes,
  }))
const shape = (policy: Partial<FormPolicy>, posts: readonly DuePost[], signatures = 1) =>
  choosePosts({ ...defaultFormPolicy, ...policy }, posts, signatures).map((post) =>
    post.form === 'root' ? 'root' : `${post.form} ${post.accounts.length}`,
  )
const codes: readonly PostCode[] = ['boundary', 'worse', 'boundary-zone', 'unusable', 'heartbeat', 'first', 'better']

describe('forms', () => {
  it('knows what the gas report measures', () => {
    const measured = Object.fromEntries(
      readFileSync(new URL('../../.gas-snapshot', import.meta.url), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' ') as [string, string]),
    )
    const near = (estimate: number, row: string, count = 1) =>
      expect(estimate / (Number(measured[row]) * count), row).to.be.within(0.98, 1.02)
    near(gasOfPost('single', 1), 'post.1of9.update')
    near(gasOfPost('single', 3), 'post.3of9.update')
    near(gasOfPost('single', 5), 'post.5of9.update')
    near(gasOfPost('batch', 3, 100), 'batch.100.perAccount', 100)
    near(gasOfPost('root', 1, 1_000), 'root.1000.perAccount', 1_000)
  })

  it('batches from two on, and leaves one alone', () => {
    expect(shape({}, [])).to.deep.equal([])
    expect(shape({}, due(1))).to.deep.equal(['single 1'])
    expect(shape({}, due(2))).to.deep.equal(['batch 2'])
    expect(shape({ batchFrom: 5 }, due(4))).to.deep.equal(Array(4).fill('single 1'))
    expect(shape({ form: 'single' }, due(3))).to.deep.equal(Array(3).fill('single 1'))
    expect(shape({ form: 'batch' }, due(1))).to.deep.equal(['batch 1'])
    expect(shape({ maxBatch: 10 }, due(25))).to.deep.equal(['batch 10', 'batch 10', 'batch 5'])
  })

  it('keeps a batch within the registry and the gas of a transaction, first records included', () => {
    expect(shape({}, due(2_000))).to.deep.equal(['batch 1024', 'batch 976'])
    const first = choosePosts(defaultFormPolicy, due(1_000, { isFirst: true }), 3)
    expect(first.length).to.equal(2)
    for (const post of first) {
      const count = post.form === 'root' ? 0 : post.accounts.length
      expect(gasOfPost('batch', 3, count, count)).to.be.below(2 ** 24)
    }
  })

  it('posts a root only where it is told to, and only where it is worth its proofs', () => {
    expect(shape({}, due(1_000))).to.deep.equal(['batch 1000'])
    expect(shape({ rootFrom: 500 }, due(499))).to.deep.equal(['batch 499'])
    expect(shape({ rootFrom: 500 }, due(500))).to.deep.equal(['root'])
    expect(shape({ rootFrom: 500, proofsPerPost: 1 }, due(500))).to.deep.equal(['batch 500'])
    expect(shape({ form: 'root' }, due(1))).to.deep.equal(['root'])
    const stored = due(2, { needsStorage: true }, 900)
    expect(shape({ rootFrom: 500 }, [...due(500), ...stored])).to.deep.equal(['batch 2', 'root'])
    expect(shape({ form: 'root' }, stored)).to.deep.equal(['batch 2'])
  })

  it('lets riders fill a batch of their flags that goes out anyway, and makes a batch of one with them', () => {
    const rider = (index: number, flags = 6) => ({ ...due(1, { flags }, index)[0] }) as DuePost
    const post = (posts: readonly DuePost[], riders: readonly DuePost[], policy: Partial<FormPolicy> = {}) =>
      choosePosts({ ...defaultFormPolicy, ...policy }, posts, 1, riders)
    expect(post([], [rider(1)])).to.deep.equal([])
    expect(post(due(1), [rider(5), rider(6, 7)])).to.deep.equal([
      { form: 'batch', code: 'heartbeat', accounts: [address(0), address(5)] },
    ])
    expect(post(due(1), [rider(5)], { form: 'single' })).to.have.length(1)
    expect(post(due(3), [rider(5), rider(6)], { maxBatch: 4 })[0]).to.deep.include({
      accounts: [address(0), address(1), address(2), address(5)],
    })
  })

  it('asks of a rider the more the cheaper its own post would be', () => {
    expect(Number(rideShare(1, 1)) / Number(wad)).to.be.within(0.15, 0.17)
    expect(Number(rideShare(100, 1)) / Number(wad)).to.be.within(0.9, 1)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 16 }), (count, signatures) => {
        const share = rideShare(count, signatures)
        expect(share > 0n && share <= wad && share <= rideShare(count + 1, signatures)).to.equal(true)
      }),
    )
  })

  it('posts every due account once, those of a batch with equal flags, the most urgent first', () => {
    const dues = fc
      .array(
        fc.record({
          code: fc.constantFrom(...codes),
          flags: fc.constantFrom(4, 6, 0x46),
          isFirst: fc.boolean(),
          needsStorage: fc.boolean(),
        }),
        { minLength: 1, maxLength: 60 },
      )
      .map((items) => items.map((item, index): DuePost => ({ account: address(index), ...item })))
    const policies = fc.record({
      form: fc.constantFrom('auto' as const, 'single' as const, 'batch' as const, 'root' as const),
      batchFrom: fc.integer({ min: 1, max: 5 }),
      maxBatch: fc.integer({ min: 1, max: 20 }),
      proofsPerPost: fc.constant(0.1),
    })
    fc.assert(
      fc.property(dues, policies, fc.integer({ min: 1, max: 9 }), (posts, policy, signatures) => {
        const planned = choosePosts(policy, posts, signatures)
        const byAccount = new Map(posts.map((post) => [post.account, post]))
        const direct = planned.flatMap((post) => (post.form === 'root' ? [] : [post]))
        const covered = direct.flatMap(({ accounts }) => accounts)
        const hasRoot = planned.length > direct.length
        const expected = hasRoot ? posts.filter(({ needsStorage }) => needsStorage) : posts
        expect(covered.toSorted()).to.deep.equal(expected.map(({ account }) => account).toSorted())
        for (const { form, code, accounts } of direct) {
          const some = accounts.map((account) => byAccount.get(account) as DuePost)
          expect(new Set(some.map(({ flags }) => flags)).size).to.equal(1)
          expect(Math.min(...some.map((post) => urgencyOf(post.code)))).to.equal(urgencyOf(code))
          expect(accounts.length <= (form === 'single' ? 1 : policy.maxBatch)).to.equal(true)
        }
        const urgencies = planned.map(({ code }) => urgencyOf(code))
        expect(urgencies).to.deep.equal(urgencies.toSorted((a, b) => a - b))
      }),
    )
  })

  it('refuses rules that no registry follows', () => {
    for (const wrong of [
      { maxBatch: 0 },
      { maxBatch: 1_025 },
      { batchFrom: 0 },
      { rootFrom: 0 },
      { rootFrom: 5, form: 'batch' as const },
      { proofsPerPost: -1 },
      { maxBatch: 1.5 },
    ]) {
      expect(() => requireFormPolicy({ ...defaultFormPolicy, ...wrong }), JSON.stringify(wrong)).to.throw(
        FormPolicyError,
      )
    }
    requireFormPolicy(defaultFormPolicy)
  })
})
