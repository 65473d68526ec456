import { expect } from 'chai'
import { createClient, custom } from 'viem'
import { ForeignChainError } from '../../../src/keeper/sending/sender.ts'
import { rejection } from '../../support/rejection.ts'
import { groupPost } from '../support/groupPost.ts'
import { accounts, payer, payerSetting } from '../support/payer.ts'
import { gwei, sendPolicy } from '../support/sendPolicy.ts'

const [alice, bob] = accounts as [`0x${string}`, `0x${string}`]
const codes = (events: readonly { readonly code: string }[]) => events.map(({ code }) => code)

describe('sender', function () {
  this.timeout(120_000)

  it('sends a post once, sees it mined, and never sends it again', async () => {
    const { sender, draft, head, mine, nonce, journal, storedAt } = await payerSetting()
    const post = await draft(alice)
    const sent = await sender.submit(post, await head())
    expect(sent.code).to.equal('sent')
    expect((await sender.submit(post, await head())).code).to.equal('in-flight')
    await mine()
    const [mined] = await sender.step(await head())
    expect(mined).to.include({ code: 'mined', hash: sent.hash, nonce: 0 })
    expect(await storedAt(alice)).to.equal(post.observedAt)
    expect((await sender.submit(post, await head())).code).to.equal('already-posted')
    expect(await nonce()).to.equal(1)
    const [attempt] = journal.attemptsFor(post.id)
    expect(attempt?.fee).to.equal(mined?.fee)
    expect(journal.spentSince(31337, payer.address, 0)).to.equal(mined?.fee)
  })

  it('refuses what the registry would refuse, and a post for another chain', async () => {
    const { sender, draft, head, mine, nonce } = await payerSetting()
    const older = await draft(alice)
    await mine()
    await sender.submit(await draft(alice), await head())
    await mine()
    const outcome = await sender.submit(older, await head())
    expect(outcome.code).to.equal('refused')
    expect(outcome.reason).to.contain('at least as new')
    expect(await nonce()).to.equal(1)
    await rejection(sender.submit({ ...older, chainId: 1 }, await head()), ForeignChainError)
  })

  it('has one transaction out at a time', async () => {
    const { sender, draft, head, mine, nonce } = await payerSetting()
    await sender.submit(await draft(alice), await head())
    expect((await sender.submit(await draft(bob), await head())).code).to.equal('in-flight')
    await mine()
    expect((await sender.submit(await draft(bob), await head())).code).to.equal('sent')
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['mined'])
    expect(await nonce()).to.equal(2)
  })

  it('bids more until a block takes it, at one nonce', async () => {
    const { sender, draft, head, mine, nonce, journal, raiseBaseFee, storedAt } = await payerSetting()
    const post = await draft(alice)
    await sender.submit(post, await head())
    const [{ maxFeePerGas: first } = { maxFeePerGas: 0n }] = journal.attemptsFor(post.id)
    const seen: string[] = []
    for (let block = 0; block < 12; block++) {
      // A third above the first bid: two steps of an eighth do not reach it, three do.
      await raiseBaseFee((first * 4n) / 3n)
      await mine()
      seen.push(...codes(await sender.step(await head())))
    }
    expect(seen.filter((code) => code === 'mined')).to.have.length(1)
    expect(seen.filter((code) => code === 'fee-bump').length).to.be.within(1, 3)
    const bids = journal.attemptsFor(post.id).map(({ maxFeePerGas }) => maxFeePerGas)
    bids.slice(1).forEach((bid, i) => {
      expect(bid * 8n >= (bids[i] as bigint) * 9n).to.equal(true)
    })
    expect(await nonce()).to.equal(1)
    expect(await storedAt(alice)).to.equal(post.observedAt)
    expect(journal.open(31337, payer.address)).to.deep.equal([])
  })

  it('stops at the cap of a bid and says so', async () => {
    const { sender, draft, head, mine, raiseBaseFee, journal } = await payerSetting()
    const post = await draft(alice)
    await sender.submit(post, await head())
    const seen: string[] = []
    for (let block = 0; block < 200 && !seen.includes('fee-cap'); block++) {
      await raiseBaseFee(101n * gwei)
      await mine()
      seen.push(...codes(await sender.step(await head())))
    }
    expect(seen.at(-1)).to.equal('fee-cap')
    expect(journal.attemptsFor(post.id).every(({ maxFeePerGas }) => maxFeePerGas <= sendPolicy.fees.cap)).to.equal(true)
    expect((await sender.submit(await draft(bob), await head())).code).to.equal('in-flight')
  })

  it('sends nothing while the base fee is above the cap', async () => {
    const { sender, draft, head, mine, raiseBaseFee } = await payerSetting()
    await raiseBaseFee(101n * gwei)
    await mine()
    expect((await sender.submit(await draft(alice), await head())).code).to.equal('fee-cap')
  })

  it('spends no more than the cap of a day, and again a day later', async () => {
    const policy = { ...sendPolicy, dailyCap: 10n ** 15n }
    const { sender, draft, head, mine, journal, nonce } = await payerSetting({ policy })
    let sent = 0
    let capped = false
    for (let round = 0; round < 60 && !capped; round++) {
      const { code } = await sender.submit(await draft(accounts[round % accounts.length] ?? alice), await head())
      capped = code === 'spend-cap'
      if (code === 'sent') sent += 1
      await mine()
      await sender.step(await head())
    }
    expect(capped).to.equal(true)
    expect(sent).to.equal(await nonce())
    expect(sent).to.be.above(0)
    const spent = journal.spentSince(31337, payer.address, 0)
    expect(spent <= policy.dailyCap && spent > 0n).to.equal(true)
    await mine(7201)
    expect((await sender.submit(await draft(bob), await head())).code).to.equal('sent')
  })

  it('sends again what a node has dropped', async () => {
    const { client, sender, draft, head, mine, nonce } = await payerSetting()
    const { hash } = await sender.submit(await draft(alice), await head())
    await client.dropTransaction({ hash: hash ?? '0x' })
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['rebroadcast'])
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['mined'])
    expect(await nonce()).to.equal(1)
  })

  it('sends again what a reorganization took back', async () => {
    const { client, sender, draft, head, mine, nonce, storedAt } = await payerSetting()
    const post = await draft(alice)
    const snapshot = await client.snapshot()
    const { hash } = await sender.submit(post, await head())
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['mined'])
    await client.revert({ id: snapshot })
    await client.dropTransaction({ hash: hash ?? '0x' }).catch(() => undefined)
    await mine()
    expect(codes(await sender.step(await head()))).to.include.members(['reorged', 'rebroadcast'])
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['mined'])
    expect(await nonce()).to.equal(1)
    expect(await storedAt(alice)).to.equal(post.observedAt)
  })

  it('cancels a post that somebody else has made useless, or gives its place to the next', async () => {
    const { client, margin, sender, draft, head, mine, raiseBaseFee, nonce } = await payerSetting()
    const post = await draft(alice)
    await sender.submit(post, await head())
    await raiseBaseFee(4n * gwei)
    await mine()
    const [other] = await client.getAddresses()
    const newer = await draft(alice)
    const bid = { maxFeePerGas: 90n * gwei, maxPriorityFeePerGas: gwei }
    await client.sendTransaction({ account: other ?? '0x', to: margin.registry, data: newer.data, chain: null, ...bid })
    await raiseBaseFee(4n * gwei)
    await mine()
    const outcome = await sender.submit(await draft(bob), await head())
    expect(outcome.code).to.equal('sent')
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['mined'])
    expect(await nonce()).to.equal(1)

    const next = await draft(alice)
    await sender.submit(next, await head())
    for (let block = 0; block < 2; block++) {
      await raiseBaseFee(50n * gwei)
      await mine()
    }
    const again = await draft(alice)
    await client.sendTransaction({ account: other ?? '0x', to: margin.registry, data: again.data, chain: null, ...bid })
    await raiseBaseFee(50n * gwei)
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['cancelling'])
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['cancelled'])
    expect(await nonce()).to.equal(2)
  })

  it('refuses to send beside transactions that the journal does not know, and unstick cancels them', async () => {
    const { client, sender, draft, head, mine, nonce } = await payerSetting()
    const bid = { maxFeePerGas: 2n * gwei, maxPriorityFeePerGas: gwei }
    for (const number of [0, 1]) {
      const unsigned = {
        type: 'eip1559',
        chainId: 31337,
        nonce: number,
        gas: 21_000n,
        to: bob,
        value: 1n,
        ...bid,
      } as const
      await client.sendRawTransaction({ serializedTransaction: await payer.signTransaction(unsigned) })
    }
    expect((await sender.submit(await draft(alice), await head())).code).to.equal('foreign-nonce')
    expect(codes(await sender.unstick(await head()))).to.deep.equal(['cancelling', 'cancelling'])
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['cancelled', 'cancelled'])
    expect(await nonce()).to.equal(2)
    expect(await client.getBalance({ address: bob })).to.equal(0n)
    expect((await sender.submit(await draft(alice), await head())).code).to.equal('sent')
  })

  it('goes to the public node when the private one sits on a transaction', async () => {
    const { client, create, draft, head, mine, nonce } = await payerSetting()
    const swallowing = createClient({
      transport: custom({
        request: async ({ method, params }: { method: string; params?: unknown }) =>
          method === 'eth_sendRawTransaction' || method === 'eth_getTransactionByHash'
            ? method === 'eth_sendRawTransaction'
              ? `0x${'11'.repeat(32)}`
              : { hash: `0x${'11'.repeat(32)}`, type: '0x2', value: '0x0', gas: '0x0', nonce: '0x0' }
            : client.request({ method, params } as never),
      }),
    })
    const sender = create({ broadcasts: [swallowing, client], policy: { ...sendPolicy, bumpAfterBlocks: 20n } })
    await sender.submit(await draft(alice), await head())
    for (let block = 0; block < 5; block++) {
      await mine()
      await sender.step(await head())
      expect(await nonce()).to.equal(0)
    }
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['mined'])
  })

  it('knows after a restart what was written down but never reached a node', async () => {
    const { client, create, journal, draft, head, mine, nonce } = await payerSetting()
    const deaf = createClient({
      transport: custom(
        {
          request: async ({ method, params }: { method: string; params?: unknown }) => {
            if (method === 'eth_sendRawTransaction') throw new Error('connection lost')
            return client.request({ method, params } as never)
          },
        },
        { retryCount: 0 },
      ),
    })
    const post = await draft(alice)
    const outcome = await create({ broadcasts: [deaf] }).submit(post, await head())
    expect(outcome.code).to.equal('not-sent')
    const restarted = create()
    expect((await restarted.submit(post, await head())).code).to.equal('in-flight')
    expect(codes(await restarted.step(await head()))).to.deep.equal(['rebroadcast'])
    await mine()
    expect(codes(await restarted.step(await head()))).to.deep.equal(['mined'])
    expect(await nonce()).to.equal(1)
    expect(journal.attemptsFor(post.id)).to.have.length(1)
  })

  it('knows that another writer took its nonce', async () => {
    const { client, sender, draft, head, mine, journal } = await payerSetting()
    const post = await draft(alice)
    const { hash } = await sender.submit(post, await head())
    await client.dropTransaction({ hash: hash ?? '0x' })
    const unsigned = { type: 'eip1559', chainId: 31337, nonce: 0, gas: 21_000n, to: bob, value: 1n } as const
    const bid = { maxFeePerGas: 9n * gwei, maxPriorityFeePerGas: gwei }
    await client.sendRawTransaction({ serializedTransaction: await payer.signTransaction({ ...unsigned, ...bid }) })
    await mine(3)
    expect(codes(await sender.step(await head()))).to.deep.equal(['nonce-taken'])
    expect(journal.open(31337, payer.address)).to.deep.equal([])
    expect((await sender.submit(post, await head())).code).to.equal('sent')
  })
})

describe('sender of batches and roots', function () {
  this.timeout(120_000)
  const stranger = async (
    { client }: Awaited<ReturnType<typeof payerSetting>>,
    data: `0x${string}`,
    to: `0x${string}`,
  ) => {
    const [other] = await client.getAddresses()
    const bid = { maxFeePerGas: 200n * gwei, maxPriorityFeePerGas: gwei }
    return client.sendTransaction({ account: other ?? '0x', to, data, chain: null, ...bid })
  }

  it('threat 20: a batch with one stale item is sent, and its other items are stored', async () => {
    const setting = await payerSetting()
    const { sender, draft, head, mine, storedAt } = setting
    const batch = await groupPost(setting, 'batch', [alice, bob])
    await mine()
    const newer = await draft(alice)
    await sender.submit(newer, await head())
    await mine()
    await sender.step(await head())
    expect((await sender.submit(batch, await head())).code).to.equal('sent')
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['mined'])
    expect(await storedAt(alice)).to.equal(newer.observedAt)
    expect(await storedAt(bob)).to.equal(batch.observedAt)
    // Of it nothing would be stored any more.
    expect((await sender.submit(await groupPost(setting, 'batch', [alice]), await head())).code).to.equal('sent')
    await mine()
    await sender.step(await head())
    expect((await sender.submit({ ...batch, id: `0x${'11'.repeat(32)}` }, await head())).code).to.equal('refused')
  })

  it('threat 19: a batch that is out stays worth its place while one item is, and is cancelled when none is', async () => {
    const setting = await payerSetting()
    const { margin, sender, draft, head, mine, raiseBaseFee, nonce } = setting
    const batch = await groupPost(setting, 'batch', [alice, bob])
    await sender.submit(batch, await head())
    const dear = async () => {
      await raiseBaseFee(50n * gwei)
      await mine()
    }
    await dear()
    await stranger(setting, (await draft(alice)).data, margin.registry)
    await dear()
    // Somebody posted one of the two: the batch bids on for the other, and no third post takes its place.
    expect((await sender.submit(await draft(accounts[2] ?? alice), await head())).code).to.equal('in-flight')
    await stranger(setting, (await draft(bob)).data, margin.registry)
    await dear()
    expect(codes(await sender.step(await head()))).to.deep.equal(['cancelling'])
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['cancelled'])
    expect(await nonce()).to.equal(1)
  })

  it('says of a batch that stored nothing that it changed nothing', async () => {
    const setting = await payerSetting()
    const { client, margin, sender, draft, head, mine } = setting
    const batch = await groupPost(setting, 'batch', [alice, bob])
    await mine()
    // In one block, the dearer ones before it.
    const newer = [await draft(alice), await draft(bob)]
    await sender.submit(batch, await head())
    const [first, second] = await client.getAddresses()
    for (const [index, { data }] of newer.entries()) {
      const account = (index === 0 ? first : second) ?? '0x'
      // An estimate would be made behind the batch, onto slots that hold a record.
      const bid = { maxFeePerGas: 200n * gwei, maxPriorityFeePerGas: 50n * gwei, gas: 200_000n }
      await client.sendTransaction({ account, to: margin.registry, data, chain: null, ...bid })
    }
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['changed-nothing'])
  })

  it('sends a root once, and cancels one that a newer root has overtaken', async () => {
    const setting = await payerSetting()
    const { margin, sender, head, mine, raiseBaseFee } = setting
    const root = await groupPost(setting, 'root', [alice, bob])
    expect((await sender.submit(root, await head())).code).to.equal('sent')
    await raiseBaseFee(50n * gwei)
    await mine()
    const newer = await groupPost(setting, 'root', [alice, bob])
    await stranger(setting, newer.data, margin.registry)
    for (let block = 0; block < 2; block++) {
      await raiseBaseFee(50n * gwei)
      await mine()
    }
    expect(codes(await sender.step(await head()))).to.deep.equal(['cancelling'])
    expect((await sender.submit({ ...root, id: `0x${'22'.repeat(32)}` }, await head())).code).to.equal('refused')
  })

  it('gives the place of what is out to urgent news of all its accounts, and to no other', async () => {
    const setting = await payerSetting()
    const { sender, draft, head, mine, raiseBaseFee, nonce, storedAt, journal } = setting
    await sender.submit(await draft(alice), await head())
    await raiseBaseFee(20n * gwei)
    await mine()
    const urgent = { isUrgent: true }
    expect((await sender.submit(await draft(bob), await head(), urgent)).code).to.equal('in-flight')
    const both = await groupPost(setting, 'batch', [bob, alice], '50')
    expect((await sender.submit(both, await head())).code).to.equal('in-flight')
    expect((await sender.submit(both, await head(), urgent)).code).to.equal('sent')
    await mine()
    expect(codes(await sender.step(await head()))).to.deep.equal(['mined'])
    expect(await nonce()).to.equal(1)
    expect([await storedAt(alice), await storedAt(bob)]).to.deep.equal([both.observedAt, both.observedAt])
    expect(journal.open(31337, payer.address)).to.deep.equal([])
  })
})
