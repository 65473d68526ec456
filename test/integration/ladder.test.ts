import { expect } from 'chai'
import type { Address } from 'viem'
import { sendAs } from '../../scripts/devnet/chain.ts'
import { passTime, setPrices } from '../../scripts/devnet/prices.ts'
import { postAnswers } from '../../scripts/devnet/tokens.ts'
import { type Wad, wad } from '../../src/core/units.ts'
import { readSnapshot } from '../../src/engine.ts'
import { calculateLadder, type UnderlyingLadder } from '../../src/risk/plimsoll/ladder.ts'
import { parametersOf } from '../adapters/support/devnetVenue.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { readAaveAccount, readPerpAccount } from '../support/devnetViews.ts'

describe('ladder against the protocols', function () {
  this.timeout(180_000)
  let devnet: DevnetFixture
  beforeEach(async () => {
    devnet = await devnetFixture()
  })

  async function ladderOf(account: Address): Promise<UnderlyingLadder> {
    const parameters = parametersOf(devnet)
    const { snapshot } = await readSnapshot(devnet.client, { account, parameters })
    const { portfolio, market } = snapshot
    const options = { underlyings: ['ETH'], marginGrid: wad / 2n, venueGrid: wad / 50n }
    const [ladder] = calculateLadder({ portfolio, market, parameters, ...options }).underlyings
    if (!ladder) throw new Error('a ladder of ETH was expected')
    return ladder
  }

  function crossing({ rungs }: UnderlyingLadder, venue: string, direction: 'down' | 'up') {
    const rung = rungs.find(
      ({ subject, direction: way }) => subject.kind === 'venue' && subject.venue === venue && way === direction,
    )
    expect(rung?.outcome, `${venue} ${direction}`).to.equal('one')
    const [only] = rung?.crossings ?? []
    if (!only) throw new Error(`no crossing of ${venue}`)
    return only
  }

  /** Moves the feed of ether alone, in one block: no trade, and hardly any interest. */
  async function setFeed(price: Wad): Promise<void> {
    const { chain, deployment } = devnet
    await postAnswers(sendAs(chain, deployment.operators.deployer), deployment.feeds, {
      ETH: price / 10n ** 10n,
      USDC: 10n ** 8n,
      sUSD: 10n ** 8n,
    })
  }

  for (const name of ['levered', 'hedged'] as const) {
    it(`Aave flips the ${name} account at the price of the ladder, to two cents`, async () => {
      const account = devnet.deployment.accounts[name]
      const { good, bad } = crossing(await ladderOf(account), 'aave-v3', 'down')
      const cent = 10n ** 16n
      await setFeed(good + cent)
      expect((await readAaveAccount(devnet, account)).healthFactor >= wad).to.equal(true)
      await setFeed(bad - cent)
      expect((await readAaveAccount(devnet, account)).healthFactor < wad).to.equal(true)
    })
  }

  it('repaying or adding what the ladder asks for keeps Aave from flipping the levered account at −30 %', async () => {
    const account = devnet.deployment.accounts.levered
    const need = (await ladderOf(account)).needs.find(({ venue }) => venue === 'aave-v3')
    const [repay] = need?.alternatives.flat().filter(({ action }) => action === 'repay') ?? []
    await setFeed(1_400n * wad)
    const { collateral, debt, liquidationThreshold } = await readAaveAccount(devnet, account)
    // Shortfall at the pool's own numbers, 1e-8 USD; a second of interest lies between.
    const shortfall = debt - (collateral * liquidationThreshold) / 10_000n
    const repaid = (repay?.amount ?? 0n) * 100n
    expect(shortfall > 0n && repaid - shortfall < 10n ** 6n && shortfall - repaid < 10n ** 6n).to.equal(true)
  })

  it('Perp flips the hedged account within 0.2 % of the price of the ladder, once its averages have followed', async () => {
    const account = devnet.deployment.accounts.hedged
    const { good } = crossing(await ladderOf(account), 'perp-v2', 'up')
    const { chain, deployment } = devnet
    const flips: boolean[] = []
    for (const thousandths of [998n, 1_002n]) {
      const price = ((good * thousandths) / 1_000n / 10n ** 10n) * 10n ** 10n
      await setPrices(chain, deployment, { ETH: price })
      await passTime(chain, deployment, 1_860)
      // The rule of `ClearingHouse._isLiquidatable`; the vault's own view is about other collateral.
      const { value, requirement } = await readPerpAccount(devnet, account)
      flips.push(value < requirement)
    }
    expect(flips).to.deep.equal([false, true])
  })
})
