import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import hre from 'hardhat'
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  type Hex,
  http,
  keccak256,
  slice,
  stringToHex,
  walletActions,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { deployRegistry } from '../../scripts/deploy.ts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { openJournal } from '../../src/keeper/journal.ts'
import { createSender } from '../../src/keeper/sender.ts'
import { temporaryDirectory } from '../support/commandLine.ts'
import { sendPolicy } from './support/sendPolicy.ts'

/** Keepers side by side, each with a key and a journal of its own, and how often each is killed. */
const keepers = 4
const killsEach = 50

const program = fileURLToPath(new URL('./support/killedKeeper.ts', import.meta.url))
const paramsHash = keccak256(stringToHex('kill test parameters'))
const signerKey = keccak256(stringToHex('kill test signer'))
/** Every keeper posts for an account of its own, so that none is refused for another's post. */
const accounts = Array.from({ length: keepers }, (_, i) => slice(keccak256(stringToHex(`kill test account ${i}`)), 12))
const payerKeys = Array.from({ length: keepers }, (_, i) => keccak256(stringToHex(`kill test payer ${i + 1}`)))

/** Numbers from 0 on below 1, the same in every run. */
function* randoms(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    yield state / 2_147_483_648
  }
}

describe('a keeper that is killed', function () {
  this.timeout(900_000)

  it(`${keepers * killsEach} times with SIGKILL loses no post and makes none twice`, async () => {
    const directory = await temporaryDirectory()
    await mkdir(directory.file('.'), { recursive: true })
    const override = { initialDate: new Date('2027-01-15T08:00:00Z') }
    const server = await hre.network.createServer({ network: 'default', override }, '127.0.0.1', 0)
    const { port } = await server.listen()
    const url = `http://127.0.0.1:${port}`
    const transport = http(url)
    const publicClient = createPublicClient({ transport, pollingInterval: 20, cacheTime: 0 })
    const node = createTestClient({ mode: 'hardhat', transport }).extend(walletActions)
    const [deployer] = await node.getAddresses()
    const walletClient = createWalletClient({ transport, account: deployer as Hex })
    const signer = privateKeyToAccount(signerKey).address
    const models = [{ id: 0, paramsHash, improvementBase: 2n ** 63n }]
    const { registry } = await deployRegistry({ walletClient, publicClient, signers: [signer], threshold: 1, models })
    for (const key of payerKeys) {
      await node.setBalance({ address: privateKeyToAccount(key).address, value: 10n ** 21n })
    }
    await node.setAutomine(false)
    let mining = true
    const miner = (async () => {
      while (mining) {
        await node.mine({ blocks: 1, interval: 12 })
        await sleep(40)
      }
    })()

    const files = payerKeys.map((_, i) => directory.file(`journal-${i}.db`))
    const children = new Set<ChildProcess>()
    try {
      await Promise.all(
        payerKeys.map(async (payerKey, keeper) => {
          const random = randoms(keeper + 1)
          const argument = JSON.stringify({
            url,
            registry,
            journalFile: files[keeper],
            payerKey,
            signerKey,
            paramsHash,
          })
          for (let kill = 0; kill < killsEach; kill++) {
            const child = spawn(process.execPath, [program, argument], { stdio: ['ignore', 'pipe', 'pipe'] })
            children.add(child)
            let failure = ''
            child.stderr?.on('data', (chunk) => {
              failure += chunk
            })
            const ended = once(child, 'close')
            const isReady = await Promise.race([
              once(child.stdout as never, 'data').then(() => true),
              ended.then(() => false),
            ])
            expect(isReady, failure).to.equal(true)
            await sleep(Math.floor((random.next().value as number) * 250))
            expect(child.exitCode, failure).to.equal(null)
            child.kill('SIGKILL')
            await ended
            children.delete(child)
          }
        }),
      )
    } finally {
      for (const child of children) child.kill('SIGKILL')
      mining = false
      await miner
    }

    const hashesByPayer = new Map<string, Hex[]>()
    const settle = async (keeper: number) => {
      const payer = privateKeyToAccount(payerKeys[keeper] as Hex)
      const journal = openJournal(files[keeper] as string)
      const reads = publicClient
      const sender = createSender({ chainId: 31337, payer, journal, reads, broadcasts: [reads], policy: sendPolicy })
      for (let step = 0; step < 20 && journal.open(31337, payer.address).length > 0; step++) {
        await node.mine({ blocks: 1, interval: 12 })
        const { number, timestamp } = await publicClient.getBlock()
        await sender.step({ number, timestamp: Number(timestamp) })
      }
      return { payer, journal }
    }
    const settled = await Promise.all(payerKeys.map((_, keeper) => settle(keeper)))
    const head = await publicClient.getBlockNumber()
    for (let number = 0n; number <= head; number++) {
      const { transactions } = await publicClient.getBlock({ blockNumber: number, includeTransactions: true })
      for (const { from, hash } of transactions) {
        hashesByPayer.set(from.toLowerCase(), [...(hashesByPayer.get(from.toLowerCase()) ?? []), hash])
      }
    }
    for (const [keeper, { payer, journal }] of settled.entries()) {
      expect(journal.open(31337, payer.address)).to.deep.equal([])
      const mined = journal.minedSince(31337, payer.address, 0n)
      const onChain = hashesByPayer.get(payer.address.toLowerCase()) ?? []
      // The journal holds every transaction that the chain has of this key, and no other as mined.
      expect(mined.map(({ hash }) => hash)).to.have.members(onChain)
      expect(mined.length).to.be.above(killsEach / 5)
      const posts = mined.flatMap(({ postId }) => (postId === null ? [] : [postId]))
      expect(new Set(posts).size).to.equal(posts.length)
      const receipts = await Promise.all(mined.map(({ hash }) => publicClient.getTransactionReceipt({ hash })))
      mined.forEach(({ postId }, i) => {
        expect(receipts[i]?.status).to.equal('success')
        if (postId !== null) expect(receipts[i]?.logs.length, `post ${postId} changed nothing`).to.equal(1)
      })
      // What was sent last for the account is what the registry holds.
      const newest = posts.map((id) => journal.post(id)?.observedAt ?? 0).reduce((a, b) => Math.max(a, b), 0)
      const [, margin] = await publicClient.readContract({
        address: registry,
        abi: marginRegistryAbi,
        functionName: 'tryMarginOf',
        args: [accounts[keeper] as Hex, 2n ** 256n - 1n],
      })
      expect(margin.observedAt).to.equal(newest)
      journal.close()
    }
    await server.close()
    await directory.remove()
  })
})
