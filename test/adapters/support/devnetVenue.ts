import type { Address, Client } from 'viem'
import { devnetParameters } from '../../../scripts/devnet/parameters.ts'
import type { AdapterContext } from '../../../src/adapters/adapter.ts'
import { allAdapters } from '../../../src/adapters/all.ts'
import { readVenue, type VenueReading } from '../../../src/adapters/readVenue.ts'
import { pinBlock } from '../../../src/chain/pinBlock.ts'
import { type NamedPlan, runPlans } from '../../../src/chain/runPlans.ts'
import { type MarginParameters, parseParameters } from '../../../src/core/parameters.ts'
import type { PinnedBlock } from '../../../src/core/portfolio.ts'
import { parseWith } from '../../../src/core/schema.ts'
import { findIds } from '../../../src/discovery.ts'
import { defaultCalibration, defaultUnderlyings } from '../../../src/risk/plimsoll/calibration.ts'
import type { DevnetFixture } from '../../support/devnet.ts'

export function parametersOf(
  { deployment }: Pick<DevnetFixture, 'deployment'>,
  options: { creditLine?: Address } = {},
): MarginParameters {
  return parseParameters(
    devnetParameters(deployment, { ...defaultCalibration, underlyings: { ...defaultUnderlyings } }, options),
  )
}

/** The plan of one venue of the devnet's parameter set, with the ids that its adapter needs. */
export async function venuePlan(
  client: Client,
  parameters: MarginParameters,
  {
    id,
    account,
    block,
    configuration: changed,
    ids,
  }: {
    id: string
    account: Address
    block: PinnedBlock
    configuration?: unknown
    ids?: readonly string[] | undefined
  },
): Promise<NamedPlan<VenueReading>> {
  const venue = parameters.venues.find((candidate) => candidate.id === id)
  const adapter = allAdapters.find((candidate) => candidate.id === venue?.adapter)
  if (venue === undefined || adapter === undefined) throw new Error(`no venue ${id}`)
  const configuration: unknown = parseWith(adapter.configuration, changed ?? venue.configuration, id)
  const context: AdapterContext<unknown> = { venue: id, configuration, account, block, assets: parameters.assets }
  const given = ids === undefined ? {} : { ids: { [id]: ids } }
  const [reader] = await findIds(client, [{ reader: { adapter, context }, ...given }], { block })
  return { name: id, plan: readVenue(adapter, reader?.context ?? context) }
}

/** Reads one venue of the devnet at its latest block, or at a given one, with its own configuration or another. */
export async function readDevnetVenue(
  fixture: DevnetFixture,
  id: string,
  {
    block,
    creditLine,
    ...options
  }: {
    account: Address
    block?: PinnedBlock
    configuration?: unknown
    creditLine?: Address
    ids?: readonly string[]
  },
): Promise<VenueReading & { readonly ethCalls: number; readonly rounds: number; readonly block: PinnedBlock }> {
  const { client } = fixture
  const pinned = block ?? (await pinBlock(client, { chainId: fixture.deployment.chainId }))
  const parameters = parametersOf(fixture, creditLine === undefined ? {} : { creditLine })
  const plan = await venuePlan(client, parameters, { id, block: pinned, ...options })
  const { results, ethCalls, rounds } = await runPlans(client, pinned, [plan])
  return { ...(results[0] as VenueReading), ethCalls, rounds, block: pinned }
}
