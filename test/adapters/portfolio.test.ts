import { expect } from 'chai'
import { supplyToAave } from '../../scripts/devnet/aaveV3.ts'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken } from '../../scripts/devnet/tokens.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans } from '../../src/chain/runPlans.ts'
import { claimKey } from '../../src/core/position.ts'
import { readMarket } from '../../src/market/readMarket.ts'
import { toMarketRequest } from '../../src/market/request.ts'
import { devnetFixture } from '../support/devnet.ts'
import { parametersOf, readDevnetVenue, venuePlan } from './support/devnetVenue.ts'

const expectedKinds = {
  hedged: ['balance', 'concentratedLiquidity', 'debt', 'option', 'perpetual'],
  naked: ['balance', 'option'],
  levered: ['balance', 'debt'],
  empty: [],
  isolated: ['balance', 'debt'],
} as const

describe('reading a whole portfolio', function () {
  this.timeout(120_000)

  for (const name of ['hedged', 'naked', 'levered', 'empty', 'isolated'] as const) {
    it(`reads all venues of the ${name} account with witnesses in at most 4 eth_calls, its market in at most 3`, async () => {
      const fixture = await devnetFixture()
      const { client, deployment } = fixture
      const parameters = parametersOf(fixture)
      const block = await pinBlock(client, { chainId: deployment.chainId })
      const account = deployment.accounts[name]
      const plans = await Promise.all(
        parameters.venues.map(({ id }) => venuePlan(client, parameters, { id, account, block })),
      )
      const { results, rounds, ethCalls } = await runPlans(client, block, plans)
      const positions = results.flatMap((result) => result.positions)

      expect(rounds).to.equal(name === 'hedged' ? 4 : 3)
      expect(ethCalls).to.equal(rounds)
      expect([...new Set(positions.map(({ kind }) => kind))].sort()).to.deep.equal(expectedKinds[name])
      const keys = positions.map(({ claim }) => claimKey(claim))
      expect(new Set(keys).size).to.equal(keys.length)
      for (const { claim, venueAccount } of positions) {
        expect([claim.holder, venueAccount.holder]).to.deep.equal([account, account])
      }

      const request = toMarketRequest(positions, { parameters, timestamp: block.timestamp })
      const market = await runPlans(client, block, [
        { name: 'market', plan: readMarket({ parameters, request, block }) },
      ])
      expect(market.ethCalls).to.equal({ hedged: 3, naked: 3, levered: 1, empty: 0, isolated: 1 }[name])
      expect(Object.keys(market.results[0]?.prices ?? {})).to.deep.equal(request.underlyings)
    })
  }

  it('sees nothing of what happens after the pinned block', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { hedged } = deployment.accounts
    const block = await pinBlock(client, { chainId: deployment.chainId })
    const venues = parametersOf(fixture).venues.map(({ id }) => id)
    const readAt = async (at?: typeof block) => {
      const readings = []
      for (const id of venues) {
        const { positions, requirements, witness } = await readDevnetVenue(fixture, id, {
          account: hedged,
          ...(at && { block: at }),
        })
        readings.push({ positions, requirements, witness })
      }
      return readings
    }
    const before = await readAt(block)

    await mintToken(sendAs(chain, deployment.operators.deployer), deployment.tokens.usdc, {
      to: hedged,
      amount: 10n ** 9n,
    })
    await approveAll(sendAs(chain, hedged), [deployment.tokens.usdc], [deployment.aave.pool])
    await supplyToAave(sendAs(chain, hedged), deployment.aave, { asset: deployment.tokens.usdc, amount: 10n ** 8n })
    await advanceTime(chain, 3_600)
    await setPrices(chain, deployment, { ETH: 1_900n * 10n ** 18n })

    expect(await readAt(block)).to.deep.equal(before)
    expect(await readAt()).not.to.deep.equal(before)
  })
})
