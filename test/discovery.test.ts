import { expect } from 'chai'
import type { Hex } from 'viem'
import { setPrices } from '../scripts/devnet/prices.ts'
import { DuplicateClaimError } from '../src/core/distinctClaims.ts'
import { InvalidInputError } from '../src/core/errors.ts'
import { formatLogIndex, type LogIndex, memoryLogIndex, parseLogIndex } from '../src/core/logIndex.ts'
import { draftAttestation, readSnapshot, recompute } from '../src/engine.ts'
import { interceptedClient } from './support/interceptedClient.ts'
import { type PlimsollFixture, plimsollFixture } from './support/plimsoll.ts'
import { rejection } from './support/rejection.ts'

const wad = 10n ** 18n
const venue = 'morpho-blue'

/** A client of the devnet and how often it was asked for logs. */
function countingClient(fixture: PlimsollFixture) {
  const asked = { logs: 0 }
  // Other venues search logs of their own.
  const { morpho } = fixture.deployment.morphoBlue
  const client = interceptedClient(fixture, (method, _, params) => {
    if (method === 'eth_getLogs' && JSON.stringify(params).toLowerCase().includes(morpho.toLowerCase())) asked.logs += 1
  })
  return { client, asked }
}

describe('discovery', function () {
  this.timeout(120_000)

  it('finds everything of an account that gives nothing but its address', async () => {
    const { client, deployment, ours } = await plimsollFixture()
    const { snapshot } = await readSnapshot(client, { account: deployment.accounts.isolated, ...ours })
    const { wethUsdc, usdcWeth } = deployment.morphoBlue.markets
    const found = snapshot.portfolio.positions.filter(({ venueAccount }) => venueAccount.venue === venue)
    expect(found.map(({ claim }) => claim.id)).to.have.members([
      `${wethUsdc.id}:collateral`,
      `${wethUsdc.id}:debt`,
      `${usdcWeth.id}:supply`,
    ])
    expect(snapshot.portfolio.venues).to.deep.include({ venue, status: 'present' })
    const nothing = await readSnapshot(client, { account: deployment.accounts.empty, ...ours })
    expect(nothing.snapshot.portfolio.venues.every(({ status }) => status === 'none')).to.equal(true)
  })

  it('reads the same with an index, which the next read goes on from, and from its JSON', async () => {
    const fixture = await plimsollFixture()
    const { chain, deployment, ours } = fixture
    const { isolated, hedged } = deployment.accounts
    const { client, asked } = countingClient(fixture)
    const index = memoryLogIndex()
    const read = async (account = isolated, store = index) => {
      const before = asked.logs
      const { snapshot } = await readSnapshot(client, { account, ...ours, index: store })
      return { snapshot, logs: asked.logs - before }
    }
    const without = await readSnapshot(client, { account: isolated, ...ours })
    const first = await read()
    expect(first.snapshot).to.deep.equal(without.snapshot)
    expect(first.logs).to.equal(3)
    expect((await read()).logs).to.equal(0)
    await read(hedged)
    await setPrices(chain, deployment, { ETH: 1_900n * wad })
    const later = await read()
    expect(later.logs).to.equal(3)
    const saved = (await index.load()) as LogIndex
    const entries = saved.entries.filter((entry) => entry.venue === venue)
    expect(entries.map(({ account }) => account)).to.have.members([isolated, hedged])
    // Both markets of the devnet have a fee, so that they are among the ids of whoever holds nothing there, too.
    expect(entries.map(({ ids }) => ids.length)).to.deep.equal([2, 2])

    const parsed = parseLogIndex(formatLogIndex(saved))
    expect(parsed).to.deep.equal(saved)
    const again = await read(isolated, memoryLogIndex(parsed))
    expect(again).to.deep.equal({ snapshot: later.snapshot, logs: 0 })
  })

  it('takes ids instead of a search, and a recomputation that searches shows what they left out', async () => {
    const fixture = await plimsollFixture()
    const { deployment, ours } = fixture
    const { client, asked } = countingClient(fixture)
    const { parameters, chainId, registry } = ours
    const account = deployment.accounts.isolated
    const { usdcWeth, wethUsdc } = deployment.morphoBlue.markets
    const signed = async (ids?: readonly Hex[]) => {
      const { snapshot } = await readSnapshot(client, { account, parameters, ...(ids && { ids: { [venue]: ids } }) })
      const flags = { validityCode: 6, confirmed: false }
      return draftAttestation(snapshot, { parameters, setId: 1n, ...flags }).unsigned
    }
    const domain = { chainId, registry }
    const differences = async (attestation: Awaited<ReturnType<typeof signed>>, ids?: readonly Hex[]) => {
      const given = ids === undefined ? {} : { ids: { [venue]: ids } }
      const again = await recompute(client, { attestation, parameters, setId: 1n, domain, ...given })
      return again.differences.map(({ field }) => field)
    }
    const complete = await signed()
    expect(await differences(complete)).to.deep.equal([])
    asked.logs = 0
    // In any order, and with what the configuration lists or not: the market of the loan is in it.
    const given = await signed([usdcWeth.id, wethUsdc.id, usdcWeth.id])
    expect(given).to.deep.equal(complete)
    const partial = await signed([])
    expect(asked.logs).to.equal(0)
    expect(await differences(partial, [])).to.deep.equal([])
    expect(await differences(partial)).to.include.members(['equity', 'portfolioRoot'])
  })

  it('refuses ids of a venue that takes none, an index of another chain, and one that is not an index', async () => {
    const { client, deployment, ours } = await plimsollFixture()
    const options = { account: deployment.accounts.empty, ...ours }
    for (const name of ['aave-v3', 'no-venue']) {
      const error = await rejection(readSnapshot(client, { ...options, ids: { [name]: [] } }), InvalidInputError)
      expect(error.message).to.contain(name).and.contain(venue)
    }
    const index = memoryLogIndex({ schema: 'plimsoll-log-index/1', chainId: 1, entries: [] })
    const foreign = await rejection(readSnapshot(client, { ...options, index }), InvalidInputError)
    expect(foreign.message).to.contain('chain 1').and.contain('chain 31337')
    expect(() => parseLogIndex('{"schema":"plimsoll-log-index/1"}')).to.throw(InvalidInputError, /entries/)
  })

  it('refuses one position that two venues of the parameter set name', async () => {
    const { client, deployment, ours } = await plimsollFixture()
    const { parameters } = ours
    const own = parameters.venues.find(({ id }) => id === venue)
    if (own === undefined) return expect.fail('the venue was expected')
    const twice = { ...parameters, venues: [...parameters.venues, { ...own, id: 'morpho-again' }] }
    const reading = readSnapshot(client, { account: deployment.accounts.isolated, parameters: twice })
    const error = await rejection(reading, DuplicateClaimError)
    expect(error.message).to.match(/morpho-blue and morpho-again/)
  })
})
