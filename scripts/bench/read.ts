import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Address, type Client, createClient, http, type Transport } from 'viem'
import { type MarginParameters, parseParameters } from '../../src/core/parameters.ts'
import { readSnapshots, type SnapshotsReading } from '../../src/readSnapshots.ts'
import { rereadSnapshots } from '../../src/rereadSnapshots.ts'
import { defaultCalibration, defaultUnderlyings } from '../../src/risk/plimsoll/calibration.ts'
import type { DevnetDeployment } from '../devnet/deployment.ts'
import type { NodeKind } from '../devnet/node.ts'
import { devnetParameters } from '../devnet/parameters.ts'
import { deployMulticall, type Peer, peerCalls, readWithViem } from './readPeer.ts'
import type { BenchRow } from './row.ts'

/** Accounts, and how often they are read; the reads of both sides take turns. */
const sizes = [
  { count: 1, times: 9 },
  { count: 100, times: 5 },
  { count: 1_000, times: 3 },
]

/** What a request takes to a node elsewhere, there and back, in milliseconds. */
const distance = 20

type Place = { readonly prefix: string; readonly milliseconds: number; readonly gate?: number }

/**
 * Nodes and how far they are. The gate is taken where accounts are read, from a node elsewhere; beside it stands what is left of it
 * when no request travels. Anvil executes as nodes of a chain do, while Hardhat records every call frame, so that there the number
 * of frames is most of what is measured.
 */
const nodes: readonly { readonly kind: NodeKind; readonly places: readonly Place[] }[] = [
  {
    kind: 'anvil',
    places: [
      { prefix: 'read', milliseconds: distance, gate: 10 },
      { prefix: 'read.local', milliseconds: 0 },
    ],
  },
  { kind: 'hardhat', places: [{ prefix: 'read.hardhat', milliseconds: 0 }] },
]

type Served = { readonly url: string; readonly deployment: DevnetDeployment; readonly accounts: readonly Address[] }
type Cost = { readonly seconds: number; readonly cpu: number }

/**
 * Reading random books over HTTP from a devnet in a process of its own, against one multicall of viem an account, one after another
 * and four at once. CPU is that of this process.
 */
export async function readRows(only: string): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = []
  for (const { kind, places } of nodes) {
    const asked = places.filter(({ prefix }) => isAsked(prefix, only))
    if (asked.length > 0) rows.push(...(await onNode(kind, asked)))
  }
  return rows
}

/** Whether rows below a prefix may begin with what was asked for; `read.1` is no row of `read.local`. */
function isAsked(prefix: string, only: string): boolean {
  return prefix.startsWith(only) || new RegExp(`^${prefix}(\\.\\d.*)?$`).test(only)
}

async function onNode(kind: NodeKind, places: readonly Place[]): Promise<readonly BenchRow[]> {
  const most = Math.max(...sizes.map(({ count }) => count))
  const program = fileURLToPath(new URL('devnetProcess.ts', import.meta.url))
  const child = fork(program, [kind, `${most}`], { stdio: ['ignore', 2, 2, 'ipc'], serialization: 'advanced' })
  try {
    console.error(`opening ${most} books on ${kind}…`)
    const { url, deployment, accounts } = await new Promise<Served>((resolve, reject) => {
      child.once('message', (served) => resolve(served as Served))
      child.once('exit', () => reject(new Error('The devnet of the bench did not start.')))
    })
    const transport = http(url, { timeout: 600_000 })
    const client = createClient({ transport, cacheTime: 0 })
    const calibration = { ...defaultCalibration, underlyings: { ...defaultUnderlyings } }
    const parameters = parseParameters(devnetParameters(deployment, calibration))
    const multicallAddress = await deployMulticall(client, deployment.operators.deployer)
    const peer = await peerCalls(client, accounts, parameters)
    const rows: BenchRow[] = []
    for (const { prefix, milliseconds, gate } of places) {
      const there = createClient({ transport: distant(transport, milliseconds), cacheTime: 0 })
      const bench = { client: there, accounts, parameters, multicallAddress, peer }
      for (const { count, times } of sizes) {
        const size = { name: `${prefix}.${count}`, count, times, gate: count === most ? gate : undefined }
        rows.push(...(await measure(bench, size)))
      }
    }
    return rows
  } finally {
    child.disconnect()
  }
}

type Bench = {
  readonly client: Client
  readonly accounts: readonly Address[]
  readonly parameters: MarginParameters
  readonly multicallAddress: Address
  readonly peer: Peer
}

async function measure(
  { client, accounts, parameters, multicallAddress, peer }: Bench,
  { name, count, times, gate }: { name: string; count: number; times: number; gate?: number | undefined },
): Promise<readonly BenchRow[]> {
  const some = accounts.slice(0, count)
  const turns: Record<'own' | 'viem' | 'four' | 'again', Cost>[] = []
  let reading: SnapshotsReading | undefined
  let ethCalls = 0
  for (let turn = 0; turn < times; turn++) {
    const read = await cost(() => readSnapshots(client, { accounts: some, parameters }))
    const { block, readings } = read.result
    reading = read.result
    // At most as many accounts a turn as all turns together need to read each once.
    const share = count === 1 ? readings : readings.filter((_, index) => index % times === turn)
    const withViem = async (inFlight: number) => {
      const spent = await cost(() => readWithViem(client, peer, { readings: share, block, multicallAddress, inFlight }))
      const scale = count / share.length
      return { seconds: spent.seconds * scale, cpu: spent.cpu * scale }
    }
    const viem = await withViem(1)
    const four = await withViem(4)
    await client.request({ method: 'evm_mine' } as never)
    const again = await cost(() => rereadSnapshots(client, read.result, { parameters }))
    ethCalls = again.result.ethCalls
    turns.push({ own: read, viem, four, again })
    const said = [`${round(read.seconds)} s`, `again ${round(again.seconds)} s`, `viem ${round(viem.seconds)} s`]
    console.error(`${name}, turn ${turn + 1} of ${times}: ${said.join(', ')}, four at once ${round(four.seconds)} s`)
  }
  const of = (value: (turn: (typeof turns)[number]) => number) => round(median(turns.map(value)))
  return [
    { name, value: of(({ own }) => own.seconds), unit: 's' },
    { name: `${name}.calls`, value: reading?.ethCalls ?? Number.NaN, unit: 'eth_calls' },
    { name: `${name}.cpu`, value: of(({ own }) => own.cpu), unit: 's' },
    { name: `${name}.viem`, value: of(({ viem }) => viem.seconds), unit: 's' },
    { name: `${name}.viem.calls`, value: count, unit: 'eth_calls' },
    { name: `${name}.viem.cpu`, value: of(({ viem }) => viem.cpu), unit: 's' },
    {
      name: `${name}.vs.viem`,
      value: of(({ own, viem }) => viem.seconds / own.seconds),
      unit: 'times',
      ...(gate !== undefined && { gate, better: 'more' as const }),
    },
    { name: `${name}.vs.viem4`, value: of(({ own, four }) => four.seconds / own.seconds), unit: 'times' },
    { name: `${name}.cpu.vs.viem`, value: of(({ own, viem }) => viem.cpu / own.cpu), unit: 'times' },
    { name: `${name}.again`, value: of(({ again }) => again.seconds), unit: 's' },
    { name: `${name}.again.calls`, value: ethCalls, unit: 'eth_calls' },
    { name: `${name}.again.cpu`, value: of(({ again }) => again.cpu), unit: 's' },
  ]
}

/** A transport to a node that is some milliseconds away. */
function distant(transport: Transport, milliseconds: number): Transport {
  if (milliseconds === 0) return transport
  return (options) => {
    const near = transport(options)
    const request = async (...asked: Parameters<typeof near.request>) => {
      await sleep(milliseconds)
      return near.request(...asked)
    }
    return { ...near, request: request as typeof near.request }
  }
}

async function cost<Result>(run: () => Promise<Result>): Promise<Cost & { readonly result: Result }> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const result = await run()
  const seconds = (performance.now() - start) / 1e3
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, cpu: (user + system) / 1e6, result }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
