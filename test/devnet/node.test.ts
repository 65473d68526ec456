import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { type Address, createClient, http } from 'viem'
import { resolveAnvil } from '../../scripts/devnet/anvil.ts'
import { mineEvery } from '../../scripts/devnet/chain.ts'
import { type NodeKind, requireNode, startNode, WrongNodeError } from '../../scripts/devnet/node.ts'
import { deployPlimsoll } from '../../scripts/devnet/plimsoll.ts'
import { type ServedDevnet, serveDevnet } from '../../scripts/devnet/serve.ts'
import { RpcError } from '../../src/chain/errors.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { draftAttestation, readSnapshot } from '../../src/engine.ts'
import { rejection } from '../support/rejection.ts'

const kinds: readonly NodeKind[] = ['hardhat', 'anvil']
const initialDate = new Date('2025-06-01T00:00:00Z')

describe('devnet: nodes and forks', function () {
  this.timeout(240_000)

  before(async function () {
    const missing = await resolveAnvil().then(
      () => undefined,
      (error: Error) => error.message,
    )
    if (missing === undefined) return
    console.error(`      skipped: ${missing}`)
    this.skip()
  })

  for (const kind of kinds) {
    describe(`of a devnet on ${kind}`, () => {
      let devnet: ServedDevnet
      let parameters: MarginParameters
      let blockNumber: bigint

      before(async () => {
        devnet = await serveDevnet({ kind, initialDate })
        ;({ parameters } = await deployPlimsoll(devnet.chain, devnet.deployment))
        blockNumber = await devnet.chain.client.getBlockNumber()
        // The fork is of a block of the past: what happens after it must not show.
        await devnet.chain.client.mine({ blocks: 3 })
      })
      after(async () => devnet?.close())

      for (const onto of kinds) {
        it(`gives on ${onto} the same snapshot, margin and root of every account`, async () => {
          const fork = await startNode({ kind: onto, fork: { url: devnet.url, blockNumber } })
          try {
            expect(await fork.chain.client.getBlockNumber()).to.equal(blockNumber)
            for (const account of Object.values(devnet.deployment.accounts)) {
              const [original, forked] = await Promise.all(
                [devnet.url, fork.url].map(async (url) => {
                  const client = createClient({ transport: http(url, { timeout: 60_000 }) })
                  const { snapshot } = await readSnapshot(client, { account, parameters, blockNumber })
                  const choices = { validityCode: 6, confirmed: false, setId: 1n }
                  return { snapshot, ...draftAttestation(snapshot, { parameters, ...choices }) }
                }),
              )
              expect(forked).to.deep.equal(original)
            }
          } finally {
            await fork.close()
          }
        })
      }
    })
  }

  for (const kind of kinds) {
    it(`starts ${kind} at the time asked for, and closes it`, async () => {
      const { chain, chainId, url, close, ended } = await startNode({ kind, initialDate })
      expect(chainId).to.equal(31337)
      expect((await chain.client.getBlock({ blockNumber: 0n })).timestamp).to.equal(1_748_736_000n)
      await close()
      await ended
      const failure = await fetch(url, { method: 'POST', body: '{}' }).catch((error: unknown) => error)
      expect(failure).to.be.instanceOf(TypeError)
    })

    it(`mines on ${kind} a block a second besides those of transactions`, async () => {
      const { chain, close } = await startNode({ kind })
      const { client } = chain
      const rest = mineEvery(chain, 1)
      try {
        const start = await client.getBlockNumber()
        while ((await client.getBlockNumber()) < start + 2n) await setTimeout(50)
        rest()
        const [from] = await client.getAddresses()
        const hash = await client.sendTransaction({ account: from as Address, to: from as Address, chain: null })
        const { status } = await client.waitForTransactionReceipt({ hash, timeout: 5_000 })
        expect(status).to.equal('success')
        expect(await client.getAutomine()).to.equal(true)
      } finally {
        rest()
        await close()
      }
    })

    it(`says that the node to fork is silent or has no such block, without its key (${kind})`, async () => {
      const url = 'http://127.0.0.1:1/v3/f00dfacef00d'
      const silent = await rejection(startNode({ kind, fork: { url, blockNumber: 1n } }), RpcError)
      expect(silent.message).to.equal(
        'Reading block 1 of the node to fork failed: no HTTP answer.\nNothing was concluded from it; try again, or use another node.',
      )
      const upstream = await startNode({ kind })
      const future = rejection(startNode({ kind, fork: { url: upstream.url, blockNumber: 9n } }), InvalidInputError)
      expect((await future).message).to.match(/no block 9 at the node to fork/)
      await upstream.close()
    })
  }

  it('refuses to talk to a node of another chain id, genesis or block', async () => {
    const { chain, close } = await startNode({ kind: 'hardhat', initialDate })
    try {
      const { client } = chain
      const { hash, timestamp } = await client.getBlock({ blockNumber: 0n })
      await requireNode(client, { chainId: 31337, block: { blockNumber: 0n, hash } })
      await requireNode(client, { chainId: 31337, block: { blockNumber: 0n, timestamp } })
      const other = `0x${'ab'.repeat(32)}` as const
      for (const [expected, message] of [
        [{ chainId: 1, block: { blockNumber: 0n, hash } }, /serves chain 31337, not 1\./],
        [{ chainId: 31337, block: { blockNumber: 0n, hash: other } }, /block 0 as 0x\w+, not 0xabab/],
        [{ chainId: 31337, block: { blockNumber: 0n, timestamp: 7n } }, /genesis of time 1748736000, not 7/],
      ] as const) {
        expect((await rejection(requireNode(client, expected), WrongNodeError)).message).to.match(message)
      }
    } finally {
      await close()
    }
  })

  it('leaves no folder of a node behind', async () => {
    // A place of its own, since other tests start nodes at the same time.
    const { TMPDIR } = process.env
    const place = await mkdtemp(join(tmpdir(), 'plimsoll-'))
    process.env.TMPDIR = place
    try {
      const { close } = await startNode({ kind: 'anvil' })
      expect(await readdir(place)).to.have.length(1)
      await close()
      expect(await readdir(place)).to.deep.equal([])
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = TMPDIR
      await rm(place, { recursive: true, force: true })
    }
  })
})
