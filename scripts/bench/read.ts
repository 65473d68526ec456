import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Address, type Client, createClient, encodeFunctionData, http } from 'viem'
import { multicall } from 'viem/actions'
import type { AdapterContext, AnyAdapter } from '../../src/adapters/adapter.ts'
import { allAdapters } from '../../src/adapters/all.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { parseParameters } from '../../src/core/parameters.ts'
import type { PlannedCall, ReadPlan } from '../../src/core/readPlan.ts'
import { chainSources } from '../../src/market/readMarket.ts'
import type { MarketSources } from '../../src/market/source.ts'
import { readSnapshots, type SnapshotsReading } from '../../src/readSnapshots.ts'
import { rereadSnapshots } from '../../src/rereadSnapshots.ts'
import { defaultCalibration, defaultUnderlyings } from '../../src/risk/plimsoll/calibration.ts'
import type { DevnetDeployment } from '../devnet/deployment.ts'
import { devnetParameters } from '../devnet/parameters.ts'
import { openManyAccounts } from './manyAccounts.ts'
import type { BenchRow } from './row.ts'

/** Accounts, and how often they are read; the reads of both sides take turns. */
const sizes = [
  { count: 1, times: 9 },
  { count: 100, times: 5 },
  { count: 1_000, times: 3 },
]

type Served = { readonly url: string; readonly deployment: DevnetDeployment }
type Cost = { readonly seconds: number; readonly cpu: number }

/**
 * Reading many accounts over HTTP from a devnet in a process of its own, against one multicall of viem an account: the very
 * calls that the account takes, market included, all at once. CPU is that of this process.
 */
export async function readRows(): Promise<readonly BenchRow[]> {
  const child = fork(fileURLToPath(new URL('devnetProcess.ts', import.meta.url)), { stdio: ['ignore', 2, 2, 'ipc'] })
  try {
    const { url, deployment } = await new Promise<Served>((resolve, reject) => {
      child.once('message', (served) => resolve(served as Served))
      child.once('exit', () => reject(new Error('The devnet of the bench did not start.')))
    })
    const transport = http(url, { timeout: 120_000 })
    console.error('opening the positions of 1,000 accounts…')
    const accounts = await openManyAccounts(url, deployment, Math.max(...sizes.map(({ count }) => count)))
    const client = createClient({ transport, cacheTime: 0 })
    const calibration = { ...defaultCalibration, underlyings: { ...defaultUnderlyings } }
    const parameters = parseParameters(devnetParameters(deployment, calibration))
    return await measure(client, accounts, parameters)
  } finally {
    child.disconnect()
  }
}

async function measure(
  client: Client,
  accounts: readonly Address[],
  parameters: MarginParameters,
): Promise<readonly BenchRow[]> {
  const calls = await callsOf(client, accounts, parameters)
  const rows: BenchRow[] = []
  for (const { count, times } of sizes) {
    const some = accounts.slice(0, count)
    const own: Cost[] = []
    const peer: Cost[] = []
    let reading: SnapshotsReading | undefined
    let again: { readonly cost: Cost; readonly ethCalls: number } | undefined
    for (let turn = 0; turn < times; turn++) {
      own.push(await cost(async () => (reading = await readSnapshots(client, { accounts: some, parameters }))))
      if (reading === undefined) continue
      requireRead(reading)
      const { block } = reading
      // At most as many accounts a turn as all turns together need to read each once.
      const share = count === 1 ? some : some.filter((_, index) => index % times === turn)
      const part = await cost(async () => {
        for (const account of share) {
          const contracts = calls.get(account.toLowerCase()) ?? []
          await multicall(client, {
            contracts,
            deployless: true,
            blockHash: block.hash,
            batchSize: 0,
            allowFailure: false,
          })
        }
      })
      const scale = count / share.length
      peer.push({ seconds: part.seconds * scale, cpu: part.cpu * scale })
      await client.request({ method: 'evm_mine' } as never)
      const previous = reading
      let ethCalls = 0
      const rereading = await cost(async () => {
        ethCalls = (await rereadSnapshots(client, previous, { parameters })).ethCalls
      })
      again = { cost: rereading, ethCalls }
    }
    const name = `read.${count}`
    const [mine, theirs] = [median(own), median(peer)]
    rows.push(
      { name, value: round(mine.seconds), unit: 's' },
      { name: `${name}.calls`, value: reading?.ethCalls ?? Number.NaN, unit: 'eth_calls' },
      { name: `${name}.cpu`, value: round(mine.cpu), unit: 's' },
      { name: `${name}.viem`, value: round(theirs.seconds), unit: 's' },
      { name: `${name}.viem.cpu`, value: round(theirs.cpu), unit: 's' },
      {
        name: `${name}.vs.viem`,
        value: round(theirs.seconds / mine.seconds),
        unit: 'times',
        ...(count === 1_000 && { gate: 10, better: 'more' as const }),
      },
      { name: `${name}.again`, value: round(again?.cost.seconds ?? Number.NaN), unit: 's' },
      { name: `${name}.again.cpu`, value: round(again?.cost.cpu ?? Number.NaN), unit: 's' },
    )
  }
  return rows
}

/** The distinct calls that each account's snapshot takes, in the order in which they are asked. */
async function callsOf(client: Client, accounts: readonly Address[], parameters: MarginParameters) {
  const byAccount = new Map<string, PlannedCall[]>(accounts.map((account) => [account.toLowerCase(), []]))
  const market: PlannedCall[] = []
  const adapters = allAdapters.map((adapter): AnyAdapter => {
    const sinkOf = ({ account }: AdapterContext<unknown>) => byAccount.get(account.toLowerCase()) ?? []
    return {
      ...adapter,
      read: (context) => recorded(adapter.read(context), sinkOf(context)),
      witness: (raw, context) => {
        const calls = adapter.witness(raw, context)
        sinkOf(context).push(...calls)
        return calls
      },
    }
  })
  const sources: MarketSources = {
    ...chainSources,
    prices: chainSources.prices.map((source) => ({
      ...source,
      read: (...asked: Parameters<typeof source.read>) => recorded(source.read(...asked), market),
    })),
  }
  requireRead(await readSnapshots(client, { accounts, parameters, adapters, sources }))
  return new Map([...byAccount].map(([account, calls]) => [account, distinct([...calls, ...market])]))
}

function* recorded<Result>(plan: ReadPlan<Result>, sink: PlannedCall[]): ReadPlan<Result> {
  let step = plan.next()
  while (step.done !== true) {
    sink.push(...step.value)
    step = plan.next(yield step.value)
  }
  return step.value
}

function distinct(calls: readonly PlannedCall[]): readonly PlannedCall[] {
  return [...new Map(calls.map((call) => [`${call.address}${encodeFunctionData(call)}`, call])).values()]
}

function requireRead({ readings }: SnapshotsReading): void {
  for (const reading of readings) {
    if ('refusal' in reading) throw reading.refusal
    if (reading.snapshot.portfolio.positions.length === 0) throw new Error(`${reading.account} has no positions.`)
  }
}

async function cost(run: () => Promise<unknown>): Promise<Cost> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await run()
  const seconds = (performance.now() - start) / 1e3
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, cpu: (user + system) / 1e6 }
}

function median(costs: readonly Cost[]): Cost {
  const of = (value: (cost: Cost) => number) => costs.map(value).sort((a, b) => a - b)[costs.length >> 1] ?? Number.NaN
  return { seconds: of(({ seconds }) => seconds), cpu: of(({ cpu }) => cpu) }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
