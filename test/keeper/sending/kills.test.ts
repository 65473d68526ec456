import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
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
import { deployRegistry } from '../../../scripts/deploy.ts'
import { marginRegistryAbi } from '../../../src/attest/abi.ts'
import { type Journal, openJournal } from '../../../src/keeper/sending/journal.ts'
import { createSender } from '../../../src/keeper/sending/sender.ts'
import { compileCache, temporaryDirectory } from '../../support/commandLine.ts'
import { type KilledKeeper, lifePoints } from '../support/killedKeeper.ts'
import { gwei, sendPolicy } from '../support/sendPolicy.ts'

/** `npm run soak:kills` makes 1,000. */
const kills = Number(process.env.PLIMSOLL_KILLS ?? 200)
const seed = Number(process.env.PLIMSOLL_KILL_SEED ?? 1)
/** Keepers side by side, each with a key, an account and a journal of its own. */
const keepers = 4

const program = fileURLToPath(new URL('../support/killedKeeper.ts', import.meta.url))
const paramsHash = keccak256(stringToHex('kill test parameters'))
const signerKey = keccak256(stringToHex('kill test signer'))
const chainId = 31337
/** Milliseconds; a quiet machine needs a hundredth. */
const patienceForPoint = 60_000
const longestDrain = 10_000

/** Numbers from 0 on below 1, the same in every run. */
function* randoms(start: number): Generator<number, never> {
  for (let state = start; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    yield state / 2_147_483_648
  }
}

/** A chain whose base fee jumps above the bids of the keepers now and then, and a registry on it. */
async function setting() {
  const directory = await temporaryDirectory()
  const override = { initialDate: new Date('2027-01-15T08:00:00Z') }
  const server = await hre.network.createServer({ network: 'default', override }, '127.0.0.1', 0)
  const { port } = await server.listen()
  const url = `http://127.0.0.1:${port}`
  const transport = http(url)
  const client = createPublicClient({ transport, pollingInterval: 20, cacheTime: 0 })
  const node = createTestClient({ mode: 'hardhat', transport }).extend(walletActions)
  const [deployer] = await node.getAddresses()
  const { registry } = await deployRegistry({
    walletClient: createWalletClient({ transport, account: deployer as Hex }),
    publicClient: client,
    signers: [privateKeyToAccount(signerKey).address],
    threshold: 1,
    models: [{ id: 0, paramsHash, improvementBase: 2n ** 63n }],
  })
  await node.setAutomine(false)
  const random = randoms(seed + 1000)
  const mine = async () => {
    const isDear = random.next().value < 0.3
    await node.setNextBlockBaseFeePerGas({ baseFeePerGas: isDear ? 6n * gwei : gwei / 2n })
    await node.mine({ blocks: 1, interval: 12 })
  }
  /** Mines until it is told to stop. */
  const startMining = () => {
    let mining = true
    const ended = (async () => {
      while (mining) {
        await mine()
        await sleep(30)
      }
    })()
    return () => {
      mining = false
      return ended
    }
  }
  const keeper = async (index: number) => {
    const payerKey = keccak256(stringToHex(`kill test payer ${index}`))
    const payer = privateKeyToAccount(payerKey)
    await node.setBalance({ address: payer.address, value: 10n ** 21n })
    const account = slice(keccak256(stringToHex(`kill test account ${index}`)), 12)
    const journalFile = directory.file(`journal-${index}.db`)
    const argument: KilledKeeper = { url, registry, account, journalFile, payerKey, signerKey, paramsHash }
    return { payer, account, journalFile, argument }
  }
  const close = async () => {
    await server.close()
    await directory.remove()
  }
  return { client, registry, mine, startMining, keeper, close }
}

type Setting = Awaited<ReturnType<typeof setting>>
type Keeper = Awaited<ReturnType<Setting['keeper']>>

/** Starts a keeper; `reached` waits until it says that it is at a point, or ends. */
function start({ argument }: Keeper) {
  const child = spawn(process.execPath, [program, JSON.stringify(argument)], {
    env: { ...process.env, ...compileCache },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let failure = ''
  child.stderr.on('data', (chunk) => {
    failure += chunk
  })
  const ended = once(child, 'close')
  const waiting = new Map<string, () => void>()
  createInterface(child.stdout).on('line', (line) => waiting.get(line)?.())
  const reached = async (point: string) => {
    const late = new AbortController()
    const patience = sleep(patienceForPoint, 'late', { signal: late.signal }).catch(() => undefined)
    const outcome = await Promise.race([new Promise<void>((resolve) => waiting.set(point, resolve)), ended, patience])
    late.abort()
    expect(outcome, `a keeper does not get to ${point}`).not.to.equal('late')
    expect(child.exitCode, failure).to.equal(null)
  }
  return { child, ended, reached }
}

/** Follows what is out until nothing is. */
async function settle({ client, mine }: Setting, { payer, journalFile }: Keeper): Promise<Journal> {
  const journal = openJournal(journalFile)
  const sender = createSender({ chainId, payer, journal, reads: client, broadcasts: [client], policy: sendPolicy })
  for (let step = 0; step < 60 && journal.open(chainId, payer.address).length > 0; step++) {
    await mine()
    const { number, timestamp } = await client.getBlock()
    await sender.step({ number, timestamp: Number(timestamp) })
  }
  return journal
}

/** Transactions of the chain by sender, in their order. */
async function transactionsOf(client: Setting['client']) {
  const bySender = new Map<string, { hash: Hex; nonce: number }[]>()
  const head = await client.getBlockNumber()
  for (let blockNumber = 0n; blockNumber <= head; blockNumber++) {
    const { transactions } = await client.getBlock({ blockNumber, includeTransactions: true })
    for (const { from, hash, nonce } of transactions) {
      const key = from.toLowerCase()
      bySender.set(key, [...(bySender.get(key) ?? []), { hash, nonce }])
    }
  }
  return bySender
}

/** Holds a journal against the chain, and returns how many transactions both have, and how many bids were replaced. */
async function requireEqual(
  { client, registry }: Setting,
  { payer, account }: Keeper,
  journal: Journal,
  onChain: readonly { readonly hash: Hex; readonly nonce: number }[],
) {
  const { address } = payer
  expect(journal.open(chainId, address)).to.deep.equal([])
  const mined = journal.minedSince(chainId, address, 0n)
  // Every transaction of this key is in the journal as mined, and no other is; nonces are without a gap.
  expect(mined.map(({ hash, nonce }) => ({ hash, nonce }))).to.deep.equal(onChain)
  expect(onChain.map(({ nonce }) => nonce)).to.deep.equal(onChain.map((_, i) => i))
  expect(await client.getTransactionCount({ address })).to.equal(onChain.length)

  let paid = 0n
  const effective: Hex[] = []
  let replaced = 0
  for (const { hash, nonce, postId, state, minedIn, fee } of mined) {
    const receipt = await client.getTransactionReceipt({ hash })
    expect(receipt.status).to.equal('success')
    expect({ state, minedIn, fee }).to.deep.equal({
      state: 'mined',
      minedIn: receipt.blockNumber,
      fee: receipt.gasUsed * receipt.effectiveGasPrice,
    })
    paid += fee ?? 0n
    if (postId !== null && receipt.logs.length > 0) effective.push(postId)
    const others = journal.attemptsOf(chainId, address, nonce).filter((attempt) => attempt.hash !== hash)
    expect(others.every((attempt) => attempt.state === 'replaced')).to.equal(true)
    replaced += others.length
  }
  expect(new Set(effective).size).to.equal(effective.length)
  expect(journal.spentSince(chainId, address, 0)).to.equal(paid)
  const newest = effective.reduce((time, id) => Math.max(time, journal.post(id)?.observedAt ?? 0), 0)
  const [, margin] = await client.readContract({
    ...{ address: registry, abi: marginRegistryAbi, functionName: 'tryMarginOf' },
    args: [account, 2n ** 256n - 1n],
  })
  expect(margin.observedAt).to.equal(newest)
  return { mined: mined.length, effective: effective.length, replaced }
}

describe('a keeper that is killed', function () {
  this.timeout(kills * 4_500)
  const children = new Set<ChildProcess>()
  let world: Setting
  let stopMining: () => Promise<void>
  before(async () => {
    world = await setting()
    stopMining = world.startMining()
  })
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await stopMining()
    await world.close()
  })

  it(`${kills} times with SIGKILL, at any point of its life, loses nothing and posts nothing twice`, async () => {
    const all = await Promise.all(Array.from({ length: keepers }, (_, i) => world.keeper(i)))
    const counts = new Map<string, number>(lifePoints.map((point) => [point, 0]))
    await Promise.all(
      all.map(async (keeper, index) => {
        const random = randoms(seed + index)
        for (let kill = index; kill < kills; kill += keepers) {
          // Every point in its turn, and some moments after it.
          const point = lifePoints[Math.floor(kill / keepers + index * 2) % lifePoints.length] as string
          const { child, ended, reached } = start(keeper)
          children.add(child)
          await reached(point)
          if (random.next().value < 0.7) await sleep(random.next().value * 12)
          child.kill('SIGKILL')
          await ended
          children.delete(child)
          expect(child.signalCode).to.equal('SIGKILL')
          counts.set(point, (counts.get(point) ?? 0) + 1)
        }
      }),
    )
    await stopMining()
    const journals = await Promise.all(all.map((keeper) => settle(world, keeper)))
    const onChain = await transactionsOf(world.client)
    const totals = { mined: 0, effective: 0, replaced: 0 }
    for (const [i, keeper] of all.entries()) {
      const journal = journals[i] as Journal
      const own = onChain.get(keeper.payer.address.toLowerCase()) ?? []
      const found = await requireEqual(world, keeper, journal, own)
      for (const key of ['mined', 'effective', 'replaced'] as const) totals[key] += found[key]
      journal.close()
    }
    expect(totals.effective).to.be.above(kills / 8)
    const where = [...counts].map(([point, count]) => `${point} ${count}`).join(', ')
    const { mined, effective, replaced } = totals
    console.log(`        seed ${seed}: killed at ${where}`)
    console.log(`        ${mined} transactions mined, ${effective} records stored, ${replaced} bids replaced`)
    stopMining = world.startMining()
  })

  it('and one that is told to stop finishes what it has begun, and ends within seconds', async () => {
    const keeper = await world.keeper(keepers)
    for (const point of ['ready', 'planned', 'sending', 'submitted']) {
      const { child, ended, reached } = start(keeper)
      children.add(child)
      await reached(point)
      const told = Date.now()
      child.kill('SIGTERM')
      expect(await ended, point).to.deep.equal([0, null])
      expect(Date.now() - told).to.be.below(longestDrain)
      children.delete(child)
    }
    await stopMining()
    const journal = await settle(world, keeper)
    const own = (await transactionsOf(world.client)).get(keeper.payer.address.toLowerCase()) ?? []
    expect((await requireEqual(world, keeper, journal, own)).mined).to.be.above(0)
    journal.close()
  })
})
