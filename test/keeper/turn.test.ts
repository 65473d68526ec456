import { expect } from 'chai'
import fc from 'fast-check'
import { keccak256, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { createTurns, dueSince, isTurn, rankOf } from '../../src/keeper/turn.ts'

const [a, b, c] = [1, 2, 3].map((i) => privateKeyToAccount(keccak256(stringToHex(`turn ${i}`))).address) as [
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
]
const last = (observedAt: number) =>
  ({ observedAt, initialMargin: 0n, maintenanceMargin: 0n, equity: 0n, flags: 6, isUsable: true }) as const
const ranks = fc.integer({ min: 0, max: 15 })
const seconds = fc.integer({ min: 1, max: 600 })
const times = fc.integer({ min: 1_700_000_000, max: 1_900_000_000 })

describe('turn', () => {
  it('lets the first never wait, and everyone else wait its share and no second longer', () => {
    fc.assert(
      fc.property(ranks, seconds, times, fc.integer({ min: 0, max: 20_000 }), (rank, step, since, passed) => {
        const due = { since, observedAt: undefined }
        expect(isTurn(0, step, due, since + passed)).to.equal(true)
        expect(isTurn(rank, step, due, since + passed)).to.equal(passed >= rank * step)
        // Whoever comes later has its turn later.
        if (isTurn(rank + 1, step, due, since + passed)) expect(isTurn(rank, step, due, since + passed)).to.equal(true)
      }),
    )
  })

  it('counts from when an account became due, anew with every record that is stored', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(times, fc.integer({ min: 0, max: 3 })), { minLength: 1 }), (seen) => {
        let due: ReturnType<typeof dueSince> | undefined
        let first = Number.POSITIVE_INFINITY
        let stored: number | undefined
        for (const [now, record] of seen) {
          const observedAt = record === 0 ? undefined : record
          if (observedAt !== stored) first = Number.POSITIVE_INFINITY
          stored = observedAt
          first = Math.min(first, now)
          due = dueSince(due, observedAt === undefined ? null : { observedAt }, now)
          // A block that a reorganization took back counts, too: nobody waits longer for it.
          expect(due).to.deep.equal({ since: first, observedAt })
        }
      }),
    )
  })

  it('of two that see every block at most one is to post for one cause, as long as the first one does', () => {
    fc.assert(
      fc.property(
        seconds,
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.boolean(), { minLength: 50 }),
        (step, block, causes) => {
          // What the first sends at one block is stored in the next.
          fc.pre(step > block)
          const turns = [createTurns(step), createTurns(step)]
          let now = 1_700_000_000
          let stored = now - 1
          let pending: number | undefined
          let isDue = false
          const posts = [0, 0]
          let episodes = 0
          for (const cause of causes) {
            if (pending !== undefined) stored = pending
            if (pending !== undefined) isDue = false
            pending = undefined
            if (cause && !isDue) {
              isDue = true
              episodes += 1
            }
            turns.forEach((own, rank) => {
              if (!isDue) own.rests(a)
              else if (!own.waits(a, { last: last(stored), now, rank })) {
                posts[rank] = (posts[rank] ?? 0) + 1
                pending = now
              }
            })
            now += block
          }
          expect(posts).to.deep.equal([episodes, 0])
        },
      ),
    )
  })

  it('the next one posts when the one before is silent, after its time and not before', () => {
    const turns = createTurns(24)
    const at = (now: number) => turns.waits(a, { last: last(1_000), now, rank: 1 })
    expect([2_000, 2_012, 2_023, 2_024, 2_036].map(at)).to.deep.equal([true, true, true, false, false])
    expect(turns.waits(a, { last: last(2_020), now: 2_036, rank: 1 })).to.equal(true)
    turns.rests(a)
    expect(turns.waits(a, { last: last(2_020), now: 2_060, rank: 1 })).to.equal(true)
    expect(turns.waits(b, { last: null, now: 2_060, rank: 0 })).to.equal(false)
  })

  it('ranks by the order of the signer set, or as it is told', () => {
    const set = { signers: [c, a, b] }
    expect([a, b, c].map((signer) => rankOf({ signer, seconds: 1 }, set))).to.deep.equal([1, 2, 0])
    expect(rankOf({ signer: c, seconds: 1, rank: 5 }, set)).to.equal(5)
    const removed = { signers: [c, a] }
    expect(rankOf({ signer: b, seconds: 1 }, removed)).to.equal(2)
    expect(rankOf({ signer: c.toLowerCase() as typeof c, seconds: 1 }, set)).to.equal(0)
  })
})
