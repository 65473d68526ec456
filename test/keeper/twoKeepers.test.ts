import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { createClient, custom, type Hex, keccak256, type LocalAccount, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { decodeAttestation, type MarginRecord } from '../../src/attest/record.ts'
import { wad } from '../../src/core/units.ts'
import { signProposal } from '../../src/keeper/cosign/proposal.ts'
import type { DecisionEvent } from '../../src/keeper/events.ts'
import { defaultFormPolicy } from '../../src/keeper/forms.ts'
import { createKeeper } from '../../src/keeper/keeper.ts'
import { defaultPostPolicy, shouldPost } from '../../src/keeper/policy.ts'
import { openJournal } from '../../src/keeper/sending/journal.ts'
import { createSender } from '../../src/keeper/sending/sender.ts'
import { devnetSigner, type PlimsollFixture, plimsollFixture } from '../support/plimsoll.ts'
import { gwei, sendPolicy } from './support/sendPolicy.ts'

/** Seconds between two blocks that keepers see; a move of the price needs some of them for its own transactions. */
const blockTime = 40
const turnSeconds = 2 * blockTime
const payers = [1, 2].map((i) => privateKeyToAccount(keccak256(stringToHex(`two keepers, payer ${i}`))))

/** Numbers from 0 on below 1, the same in every run. */
function* randoms(start: number): Generator<number, never> {
  for (let state = start; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    yield state / 2_147_483_648
  }
}

/** A keeper with a payer, a sender and a journal of its own, behind a node whose transactions others see in blocks only. */
function keeperOf({ client, ours, deployment }: PlimsollFixture, payer: LocalAccount, rank: number | undefined) {
  const { chainId } = ours
  const journal = openJournal(':memory:')
  const unseen: Hex[] = []
  const node = createClient({
    transport: custom({
      request: async ({ method, params }: { method: string; params?: unknown }) => {
        if (method !== 'eth_sendRawTransaction') return client.request({ method, params } as never)
        const [raw] = params as [Hex]
        unseen.push(raw)
        return keccak256(raw)
      },
    }),
  })
  const sender = createSender({ chainId, payer, journal, reads: client, broadcasts: [node], policy: sendPolicy })
  /** Hands what was sent to the node that mines. */
  const spread = async () => {
    for (const serializedTransaction of unseen.splice(0)) {
      await client.sendRawTransaction({ serializedTransaction }).catch((error: Error) => {
        if (!/already|known|too low|underpriced/i.test(error.message)) throw error
      })
    }
  }
  const decisions: DecisionEvent[] = []
  const failures: string[] = []
  const keeper = createKeeper({
    client,
    deployment: ours,
    accounts: [{ account: deployment.accounts.levered, policy: defaultPostPolicy }],
    validityCode: 6,
    forms: { ...defaultFormPolicy, form: 'single' },
    rideAlong: wad,
    sending: {
      ...{ sender, journal, dailyCap: sendPolicy.dailyCap },
      collect: async (proposal) => [await signProposal(devnetSigner, proposal)],
    },
    turn: rank === undefined ? undefined : { rank, signer: devnetSigner.address, seconds: turnSeconds },
    observe: (event) => {
      if (event.event === 'decision') decisions.push(event)
      if (event.event === 'failure' || event.event === 'refused') failures.push(event.message)
    },
  })
  return { keeper, decisions, failures, spread }
}

/** Two keepers beside each other on one chain, and what they paid for. */
async function setting(ranks: readonly [number | undefined, number | undefined]) {
  const fixture = await plimsollFixture()
  const { chain, client, deployment, ours } = fixture
  for (const { address } of payers) await client.setBalance({ address, value: 10n ** 21n })
  const keepers = payers.map((payer, i) => keeperOf(fixture, payer, ranks[i]))
  const firstBlock = await client.getBlockNumber()
  const random = randoms(5)
  let price = 2_000
  let time = Number((await client.getBlock()).timestamp)
  await client.setAutomine(false)

  /**
   * One block: the price moves in one of two, a block in twenty is too dear for what is out, and every keeper that lives looks
   * at it within some moments of the other, but for one time in ten.
   */
  const round = async (living: typeof keepers) => {
    if (random.next().value < 1 / 2) {
      price *= 1 + (random.next().value - 0.5) / 10
      await client.setAutomine(true)
      await setPrices(chain, deployment, { ETH: BigInt(Math.round(price * 1e6)) * 10n ** 12n })
      await client.setAutomine(false)
    }
    const baseFeePerGas = random.next().value < 0.05 ? 5n * gwei : gwei / 2n
    await client.setNextBlockBaseFeePerGas({ baseFeePerGas })
    for (const { spread } of keepers) await spread()
    time += blockTime
    await client.setNextBlockTimestamp({ timestamp: BigInt(time) })
    await client.mine({ blocks: 1 })
    const blockNumber = await client.getBlockNumber()
    await Promise.all(
      living.map(async ({ keeper }) => {
        const [isAway, moments] = [random.next().value < 0.1, random.next().value * 20]
        if (isAway) return
        await sleep(moments)
        await keeper.round(blockNumber)
      }),
    )
  }

  /** Every post that was paid for, in the order of the chain, and whether the record before it called for it. */
  const paidFor = async () => {
    const posts: { payer: number; record: MarginRecord; isNeeded: boolean }[] = []
    let last: MarginRecord | null = null
    const head = await client.getBlockNumber()
    for (let blockNumber = firstBlock + 1n; blockNumber <= head; blockNumber++) {
      const { transactions } = await client.getBlock({ blockNumber, includeTransactions: true })
      for (const { from, input } of transactions) {
        const payer = payers.findIndex(({ address }) => address.toLowerCase() === from.toLowerCase())
        if (payer < 0) continue
        const { record } = decodeAttestation(input)
        const before = last && { ...last, isUsable: true }
        const isNeeded = shouldPost(defaultPostPolicy, before, record, record.observedAt).post
        posts.push({ payer, record, isNeeded })
        if (last === null || record.observedAt > last.observedAt) last = record
      }
    }
    return posts
  }
  return { fixture, ours, keepers, round, paidFor, close: () => client.setAutomine(true) }
}

describe('two keepers of one registry', function () {
  this.timeout(300_000)
  let close: (() => Promise<void>) | undefined
  afterEach(async () => close?.())

  it('often pay twice for one post when neither waits for the other', async () => {
    const { keepers, round, paidFor, ...world } = await setting([undefined, undefined])
    close = world.close
    for (let i = 0; i < 25; i++) await round(keepers)
    const posts = await paidFor()
    const twice = posts.filter(({ isNeeded }) => !isNeeded).length
    expect(twice).to.be.above(posts.length / 3)
    console.log(`        25 rounds of two that do not wait: ${posts.length} posts, ${twice} paid for twice`)
  })

  it('pay once in more than 99 of 100 rounds when they take turns, and the second goes on when the first has died', async () => {
    const { keepers, round, paidFor, ...world } = await setting([0, 1])
    close = world.close
    const rounds = { both: 150, second: 50 }
    for (let i = 0; i < rounds.both; i++) await round(keepers)
    const together = await paidFor()
    const twice = together.filter(({ isNeeded }) => !isNeeded).length
    expect(together.length).to.be.above(30)
    expect(twice / rounds.both).to.be.below(0.01)
    expect(together.filter(({ payer }) => payer === 0).length / together.length).to.be.above(0.9)
    expect(keepers[1]?.decisions.some(({ code }) => code === 'not-my-turn')).to.equal(true)

    const second = keepers.slice(1)
    for (let i = 0; i < rounds.second; i++) await round(second)
    const all = await paidFor()
    const alone = all.slice(together.length)
    expect(alone.length).to.be.above(3)
    expect(alone.filter(({ isNeeded }) => !isNeeded)).to.deep.equal([])
    expect(alone.slice(1).every(({ payer }) => payer === 1)).to.equal(true)
    // The heartbeat holds but for the turn of the second, blocks that are too dear, and those that a keeper does not see.
    const times = all.map(({ record }) => record.observedAt)
    const gaps = times.slice(1).map((time, i) => time - (times[i] as number))
    const longest = Math.max(...gaps)
    expect(longest).to.be.at.most(defaultPostPolicy.heartbeat + turnSeconds + 5 * blockTime)
    expect(keepers.flatMap(({ failures }) => failures)).to.deep.equal([])
    console.log(
      `        ${rounds.both} rounds of two: ${together.length} posts, ${twice} paid for twice; ${rounds.second} rounds of the second alone: ${alone.length} posts; longest age ${longest} s`,
    )
  })
})
