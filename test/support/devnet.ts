import { network } from 'hardhat'
import { custom, type Hex } from 'viem'
import { connectDevnet, type DevnetChain } from '../../scripts/devnet/chain.ts'
import type { DevnetDeployment } from '../../scripts/devnet/deployment.ts'
import { deployDevnet } from '../../scripts/devnet/deployProtocols.ts'

type Connection = Awaited<ReturnType<typeof network.create<'generic'>>>

/** A devnet with its sample accounts, in the state in which it was deployed. */
export type DevnetFixture = {
  readonly chain: DevnetChain
  readonly client: DevnetChain['client']
  readonly deployment: DevnetDeployment
  readonly connection: Connection
}

/** Genesis of every devnet under test, so that addresses and numbers are the same in every run. */
export const devnetGenesis = new Date('2025-06-01T00:00:00Z')

/** What a network must be for the devnet: Venus' comptroller is larger than EIP-170 allows. */
export const devnetNetwork = { initialDate: devnetGenesis, allowUnlimitedContractSize: true }

/**
 * The devnet of the tests: deployed in process at the first call, put back to its deployed state at every call.
 * Blocks are one second apart, whatever the machine does.
 *
 * @example
 * const { client, deployment } = await devnetFixture()
 */
export async function devnetFixture(): Promise<DevnetFixture> {
  shared ??= deployShared()
  const state = await shared
  await revertTo(state.fixture.client, state.snapshot)
  state.snapshot = await state.fixture.client.snapshot()
  timesPutBack++
  return state.fixture
}

/** How often the devnet was put back: what lay on it before the last time is gone, and its snapshots' ids are given out anew. */
export function devnetGeneration(): number {
  return timesPutBack
}

/** Puts a chain back, and fails where that snapshot is gone. */
export async function revertTo(client: DevnetChain['client'], snapshot: Hex): Promise<void> {
  const isBack = await client.request({ method: 'evm_revert', params: [snapshot] } as never)
  if (isBack !== true) throw new Error(`The devnet has no snapshot ${snapshot} to go back to.`)
}

let timesPutBack = 0

let shared: Promise<{ readonly fixture: DevnetFixture; snapshot: Hex }> | undefined

async function deployShared(): Promise<{ fixture: DevnetFixture; snapshot: Hex }> {
  const connection = await network.create({ network: 'default', override: devnetNetwork })
  const chain = connectDevnet({ transport: custom(connection.provider), pace: 'stepped' })
  const deployment = await deployDevnet(chain)
  const fixture = { chain, client: chain.client, deployment, connection }
  return { fixture, snapshot: await chain.client.snapshot() }
}
