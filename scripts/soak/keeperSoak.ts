import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { toJson } from '../../src/core/canonical.ts'
import { wad } from '../../src/core/units.ts'
import { Random } from '../../test/kernel/support/random.ts'
import { behind, type Fault, type FaultyNode, startFaultyNode } from '../../test/support/faultyNode.ts'
import { writeTextFile } from '../cli/deployment.ts'
import type { DevnetChain } from '../devnet/chain.ts'
import { deployPlimsoll, devnetPayerKey, devnetSignerKey } from '../devnet/plimsoll.ts'
import { setPrices } from '../devnet/prices.ts'
import { serveDevnet } from '../devnet/serve.ts'
import type { KeeperProcessOptions } from './keeperProcess.ts'
import { blockTime, gwei } from './terms.ts'
import { type SoakVerdict, verdictOf } from './verdict.ts'

export type SoakOptions = {
  readonly minutes: number
  readonly seed: number
  /** Least milliseconds of wall clock between two blocks; up to 12 seconds where the keeper's round takes longer. */
  readonly tick: number
  readonly say?: (text: string) => void
}

/** What was done to the keeper, and what came of it. */
export type SoakReport = SoakVerdict & {
  readonly seed: number
  readonly ticks: number
  readonly priceMoves: number
  readonly faults: Readonly<Record<string, number>>
  readonly reorgs: number
  readonly feeSpikes: number
  readonly kills: number
  readonly rounds: number
  readonly failedRounds: number
  readonly exitCode: number | null
}

const accounts = ['hedged', 'naked', 'levered', 'borrower', 'isolated', 'provider', 'empty'] as const

/**
 * Drives a devnet on anvil at random for some minutes, with a keeper process behind three nodes of which one at a time misbehaves,
 * and judges at the end what the chain and the journal say. Everything but the times follows from the seed.
 */
export async function soakKeeper({ minutes, seed, tick, say = () => undefined }: SoakOptions): Promise<SoakReport> {
  const directory = await mkdtemp(join(tmpdir(), 'plimsoll-soak-'))
  const served = await serveDevnet({ kind: 'anvil', allStates: true, onProgress: say })
  const nodes: FaultyNode[] = []
  let keeper: Kept | undefined
  try {
    const { chain, url, deployment } = served
    const { registry, accessManager, creditLine, parameters } = await deployPlimsoll(chain, deployment)
    const file = join(directory, 'deployment.json')
    const developmentKeys = { signer: devnetSignerKey, payer: devnetPayerKey }
    await writeTextFile(
      file,
      JSON.stringify({
        ...{ schema: 'plimsoll-deployment/1', chainId: deployment.chainId, rpcUrl: url, registry, accessManager },
        ...{ creditLine, accounts: deployment.accounts, developmentKeys, parameters: toJson(parameters) },
      }),
    )
    for (const name of ['first', 'second', 'third']) nodes.push(await startFaultyNode(url, `soak-key-${name}`))
    const journal = join(directory, 'keeper.db')
    const told = { deployment: file, journal, urls: nodes.map((node) => node.url), accounts }
    const { client } = chain
    const random = new Random(BigInt(seed))
    const chance = (percent: bigint) => random.between(1n, 100n) <= percent
    const counts = { ticks: 0, priceMoves: 0, reorgs: 0, feeSpikes: 0, kills: 0 }
    const faults: Record<string, number> = {}
    const heard: Heard = { rounds: 0, failedRounds: 0 }
    const firstBlock = (await client.getBlock()).number
    const checked: bigint[] = []

    await client.setAutomine(false)
    keeper = startKeeper(told, heard)
    const end = performance.now() + minutes * 60_000
    let faulty: FaultyNode | undefined
    let price = 2_000n
    let downFor = 0
    while (performance.now() < end) {
      const began = performance.now()
      counts.ticks += 1
      if (keeper === undefined && downFor-- <= 0) keeper = startKeeper(told, heard)
      if (chance(12n)) {
        const next = (price * random.between(880n, 1_130n)) / 1_000n
        price = next < 1_300n ? 1_700n : next > 2_600n ? 2_200n : next
        await moveEther(chain, deployment, price)
        counts.priceMoves += 1
      }
      if (chance(6n)) {
        await client.request({ method: 'anvil_reorg', params: [Number(random.between(1n, 3n)), []] } as never)
        counts.reorgs += 1
      }
      const isSpike = chance(8n)
      if (isSpike) {
        await client.setNextBlockBaseFeePerGas({ baseFeePerGas: random.between(20n, 120n) * gwei })
        counts.feeSpikes += 1
      }
      const rounds = heard.rounds + heard.failedRounds
      const number = await mineNext(client)
      checked.push(number)
      if (faulty !== undefined && chance(25n)) {
        faulty.fault = () => undefined
        faulty = undefined
      }
      if (faulty === undefined && chance(25n)) {
        faulty = nodes[Number(random.between(0n, 2n))] as FaultyNode
        const { name, fault } = pickFault(random, number)
        faulty.fault = fault
        faults[name] = (faults[name] ?? 0) + 1
      }
      // Not always right after a block, which would hit the same stage every time.
      const left = () => Math.max(0, tick - (performance.now() - began))
      if (keeper !== undefined && chance(6n)) {
        await elapsed((left() * Number(random.between(0n, 100n))) / 100)
        await keeper.kill()
        keeper = undefined
        counts.kills += 1
        downFor = Number(random.between(0n, 1n))
      }
      await elapsed(left())
      // A slow machine gets as long as a block takes on a real chain, and no longer.
      const isLate = () => keeper !== undefined && heard.rounds + heard.failedRounds === rounds
      while (isLate() && performance.now() - began < blockTime * 1_000) await elapsed(50)
    }
    say('the end: faults off, and the keeper drains')
    for (const node of nodes) node.fault = () => undefined
    keeper ??= startKeeper(told, heard)
    for (let block = 0; block < 8; block++) {
      const rounds = heard.rounds
      checked.push(await mineNext(client))
      for (let waited = 0; heard.rounds === rounds && waited < 20_000; waited += 100) await elapsed(100)
    }
    const exitCode = await keeper.drain()
    keeper = undefined
    const where = { client, registry, parameters, chainId: deployment.chainId }
    const verdict = await verdictOf({ ...where, journal, firstBlock, checked, deployment, accounts, say })
    return { ...verdict, seed, ...counts, faults, ...heard, exitCode, failures: failuresOf(verdict, exitCode) }
  } finally {
    await keeper?.kill()
    await Promise.all(nodes.map((node) => node.close()))
    await served.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function failuresOf({ failures }: SoakVerdict, exitCode: number | null): readonly string[] {
  return exitCode === 0 ? failures : [...failures, `the keeper drained with exit code ${exitCode}`]
}

type Heard = { rounds: number; failedRounds: number }
type Kept = { kill(): Promise<void>; drain(): Promise<number | null> }

function startKeeper(options: KeeperProcessOptions, heard: Heard): Kept {
  const program = fileURLToPath(new URL('keeperProcess.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(options)], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'plimsoll-compile-cache') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  if (child.stdout) {
    createInterface(child.stdout).on('line', (line) => {
      if (line.includes('"event":"round"')) heard.rounds += 1
      if (line.includes('"event":"failure","stage":"round"')) heard.failedRounds += 1
    })
  }
  return {
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    drain: async () => {
      child.kill('SIGTERM')
      const [code] = await ended
      return code as number | null
    },
  }
}

/** One block, its usual time after the newest one, or later: after a reorganization a node does not take back its time. */
async function mineNext(client: DevnetChain['client']): Promise<bigint> {
  let { timestamp } = await client.getBlock()
  for (let refused: unknown, tries = 0; tries < 100; tries++) {
    timestamp += BigInt(blockTime)
    refused = await client.setNextBlockTimestamp({ timestamp }).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (refused === undefined) break
    if (tries === 99) throw refused
  }
  await client.mine({ blocks: 1 })
  return client.getBlockNumber()
}

/**
 * Moves all prices of ether. What the keeper has out is mined on the way, as on any chain, at the node's own time: a block of its
 * own between two steps of ours may be later than the next one was to be.
 */
async function moveEther(
  { client }: DevnetChain,
  deployment: Parameters<typeof setPrices>[1],
  dollars: bigint,
): Promise<void> {
  await client.setAutomine(true)
  try {
    for (let tries = 0; ; tries++) {
      try {
        await setPrices({ client, pace: 'clock' }, deployment, { ETH: dollars * wad })
        return
      } catch (error) {
        if (tries === 5) throw error
      }
    }
  } finally {
    await client.setAutomine(false)
    await settle(client)
  }
}

/**
 * Waits until the node mines nothing by itself any more: anvil 1.7 rolls back without its mining lock, so that a reorganization
 * beside a block in the making leaves a chain with a hole (foundry-rs/foundry#16711).
 */
async function settle(client: DevnetChain['client']): Promise<void> {
  for (let before = -1n; ; ) {
    const head = await client.getBlockNumber()
    if (head === before) return
    before = head
    await elapsed(250)
  }
}

function pickFault(random: Random, head: bigint): { readonly name: string; readonly fault: Fault } {
  const faults: readonly { readonly name: string; readonly fault: Fault }[] = [
    { name: 'lag', fault: behind(head - 2n) },
    { name: 'too many requests', fault: () => ({ status: 429, headers: { 'retry-after': '1' } }) },
    { name: 'disconnect', fault: () => 'disconnect' },
    { name: 'truncated', fault: () => 'truncated' },
    {
      name: 'wrong data',
      fault: async (asked, answer) => {
        if (asked.method !== 'eth_call') return undefined
        const { result, error } = await answer()
        if (typeof result !== 'string' || result.length < 4) return error === undefined ? { result } : { error }
        return { result: `${result.slice(0, -1)}${result.endsWith('1') ? '2' : '1'}` }
      },
    },
  ]
  return faults[Number(random.between(0n, BigInt(faults.length - 1)))] as (typeof faults)[number]
}

const elapsed = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
