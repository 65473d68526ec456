import { type Address, getAddress, type Hex } from 'viem'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import { passTime, setPrices } from '../../../scripts/devnet/prices.ts'
import type { AdapterContext } from '../../../src/adapters/adapter.ts'
import type { VenueReading } from '../../../src/adapters/readVenue.ts'
import { toVenueWitness } from '../../../src/adapters/witness.ts'
import { CallFailedError } from '../../../src/chain/errors.ts'
import { pinBlock } from '../../../src/chain/pinBlock.ts'
import { runPlans } from '../../../src/chain/runPlans.ts'
import { searchLogs } from '../../../src/chain/searchLogs.ts'
import type { FoundLog } from '../../../src/core/logs.ts'
import type { PinnedBlock } from '../../../src/core/portfolio.ts'
import { type PlannedCall, type ReadPlan, readAll } from '../../../src/core/readPlan.ts'
import { parseWith } from '../../../src/core/schema.ts'
import { devnetFixture, devnetGeneration, revertTo } from '../../support/devnet.ts'
import { parametersOf } from './devnetVenue.ts'
import type { AnySubject, World } from './subject.ts'

/** A reading with what led to it. */
export type TracedReading = VenueReading & {
  readonly raw: unknown
  readonly context: AdapterContext<unknown>
  readonly witnessCalls: readonly PlannedCall[]
}

/** An address that never did anything. */
export const stranger: Address = getAddress('0x00000000000000000000000000000000000dead1')

let prepared:
  | { readonly subject: AnySubject; readonly world: World<unknown>; snapshot: Hex; readonly generation: number }
  | undefined

/**
 * The devnet with the venue of a subject, `account` and `bystander` having opened their positions; put back to this at every
 * call.
 */
export async function worldOf(subject: AnySubject): Promise<World<unknown>> {
  if (prepared?.subject === subject && prepared.generation === devnetGeneration()) {
    await revertTo(prepared.world.client, prepared.snapshot)
  } else {
    const world = await prepare(subject)
    prepared = { subject, world, snapshot: '0x', generation: devnetGeneration() }
  }
  prepared.snapshot = await prepared.world.client.snapshot()
  return prepared.world
}

async function prepare(subject: AnySubject): Promise<World<unknown>> {
  const fixture = await devnetFixture()
  const parameters = parametersOf(fixture)
  const configured =
    subject.deploy === undefined
      ? parameters.venues.find(({ id }) => id === subject.venue)?.configuration
      : await subject.deploy(fixture)
  // The first accounts of the node have parts of their own on a devnet.
  const [account, newcomer, bystander] = (await fixture.client.getAddresses()).slice(-3)
  if (account === undefined || newcomer === undefined || bystander === undefined) {
    throw new Error('the node unlocks too few accounts')
  }
  const world: World<unknown> = {
    ...fixture,
    configuration: parseWith(subject.adapter.configuration, configured, subject.venue),
    assets: parameters.assets,
    account,
    newcomer,
    bystander,
  }
  for (const user of [account, newcomer, bystander]) await subject.fund(sendAs(world.chain, user), world)
  for (const user of [account, bystander]) await subject.open(sendAs(world.chain, user), world)
  return world
}

/** Pins the newest block of the devnet. */
export async function pinNow({ client, deployment }: World<unknown>): Promise<PinnedBlock> {
  return pinBlock(client, { chainId: deployment.chainId })
}

/** Reads an account at the newest block, or as `options` say. */
export async function readAs(
  subject: AnySubject,
  world: World<unknown>,
  options: { readonly account?: Address; readonly block?: PinnedBlock; readonly divert?: Divert } = {},
): Promise<TracedReading> {
  const { account = world.account, block = await pinNow(world), divert = (call) => call } = options
  const context = await contextAt(subject, world, { account, block })
  const plan = diverted(trace(subject, context), divert)
  const { results } = await runPlans(world.client, block, [{ name: subject.venue, plan }])
  return results[0] as TracedReading
}

/** Sees every call before it is asked, and may send it to another contract. */
export type Divert = (call: PlannedCall) => PlannedCall

function* diverted<Result>(plan: ReadPlan<Result>, divert: Divert): ReadPlan<Result> {
  let step = plan.next()
  while (step.done !== true) step = plan.next(yield step.value.map(divert))
  return step.value
}

/** What the calls of an earlier witness answer now: what a contract that holds that witness sees. Undefined where one fails. */
export async function replay(
  world: World<unknown>,
  { witness, witnessCalls }: Pick<TracedReading, 'witness' | 'witnessCalls'>,
): Promise<Hex | undefined> {
  const plan = function* (): ReadPlan<readonly unknown[]> {
    return yield* readAll(witnessCalls)
  }
  try {
    const { results } = await runPlans(world.client, await pinNow(world), [{ name: witness.venue, plan: plan() }])
    return toVenueWitness(witness.venue, witnessCalls, results[0] ?? []).results
  } catch (error) {
    if (error instanceof CallFailedError) return undefined
    throw error
  }
}

/** Moves the prices of a subject's venue away from where they were. */
export async function movePrices(subject: AnySubject, world: World<unknown>): Promise<void> {
  if (subject.movePrices) await subject.movePrices(world)
  else await setPrices(world.chain, world.deployment, { ETH: 2_080n * 10n ** 18n })
}

/** Lets seconds pass in which nobody does anything. */
export async function letPass(subject: AnySubject, world: World<unknown>, seconds: number): Promise<void> {
  if (subject.passTime) await subject.passTime(world, seconds)
  else await passTime(world.chain, world.deployment, seconds)
}

function* trace(subject: AnySubject, context: AdapterContext<unknown>): ReadPlan<TracedReading> {
  const raw = yield* subject.adapter.read(context)
  const reading = subject.adapter.toPositions(raw, context)
  const witnessCalls = subject.adapter.witness(raw, context)
  const results = yield* readAll(witnessCalls)
  return { ...reading, raw, context, witnessCalls, witness: toVenueWitness(subject.venue, witnessCalls, results) }
}

async function contextAt(
  { adapter, venue }: AnySubject,
  { configuration, assets, client }: World<unknown>,
  { account, block }: { readonly account: Address; readonly block: PinnedBlock },
): Promise<AdapterContext<unknown>> {
  const context: AdapterContext<unknown> = { venue, configuration, account, block, assets }
  const { discovery } = adapter
  if (discovery === undefined) return context
  const filters = discovery.filters(context)
  const toIds = (logs: readonly FoundLog[]) => discovery.toIds(logs, context)
  const [found] = await searchLogs(client, [{ venue, account, filters, toIds }], { block })
  return { ...context, ids: found?.ids ?? [] }
}
