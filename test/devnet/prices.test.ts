import { expect } from 'chai'
import { parseEther } from 'viem'
import { sendAs } from '../../scripts/devnet/chain.ts'
import { markWindow } from '../../scripts/devnet/perpV2.ts'
import { passTime, setPrices } from '../../scripts/devnet/prices.ts'
import { publishUpdates, UpdateIgnoredError } from '../../scripts/devnet/pyth.ts'
import { encodeSqrtPrice, readPoolPrice } from '../../scripts/devnet/uniswapV3.ts'
import { poolKeyOf, readV4PoolPrice } from '../../scripts/devnet/uniswapV4.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import {
  readAaveAccount,
  readFeed,
  readLyraSpot,
  readLyraStale,
  readPerpAccount,
  readPerpPrices,
  readPyth,
} from '../support/devnetViews.ts'
import { rejection } from '../support/rejection.ts'

describe('devnet: prices', function () {
  this.timeout(60_000)
  let devnet: DevnetFixture
  beforeEach(async () => {
    devnet = await devnetFixture()
  })

  it('starts with fresh feeds, fresh greeks and one price for ether', async () => {
    const { client, deployment } = devnet
    const { timestamp } = await client.getBlock()
    for (const feed of Object.values(deployment.feeds)) {
      expect(timestamp - (await readFeed(devnet, feed)).updatedAt <= 60n).to.equal(true)
    }
    expect(await readLyraSpot(devnet)).to.equal(parseEther('2000'))
    expect(await readLyraStale(devnet)).to.equal(false)
  })

  for (const price of [680n, 1_600n, 2_500n, 8_000n]) {
    it(`moves ether to ${price} USD in feeds, Aave, Uniswap and Lyra at once, at Perp after its window`, async () => {
      const { chain, deployment } = devnet
      const { feeds, uniswapV3, tokens } = deployment
      const before = await readAaveAccount(devnet, deployment.accounts.hedged)
      await setPrices(chain, deployment, { ETH: price * 10n ** 18n })

      expect((await readFeed(devnet, feeds.ethUsd)).answer).to.equal(price * 10n ** 8n)
      expect(await readPyth(devnet, deployment.pyth.ethUsd)).to.include({ price: price * 10n ** 8n, expo: -8 })
      const after = await readAaveAccount(devnet, deployment.accounts.hedged)
      expect(after.collateral).to.equal((before.collateral * price) / 2_000n)
      expect(await readLyraSpot(devnet)).to.equal(price * 10n ** 18n)
      expect(await readLyraStale(devnet)).to.equal(false)
      const { sqrtPriceX96 } = await readPoolPrice(chain, uniswapV3.pool)
      const wethFirst = BigInt(tokens.weth) < BigInt(tokens.usdc)
      expect(sqrtPriceX96).to.equal(wethFirst ? encodeSqrtPrice(10n ** 12n, price) : encodeSqrtPrice(price, 10n ** 12n))
      for (const name of ['weth', 'ether'] as const) {
        const key = poolKeyOf(deployment, name)
        const etherFirst = key.currency1 === tokens.usdc
        expect((await readV4PoolPrice(chain, deployment.uniswapV4, key)).sqrtPriceX96, name).to.equal(
          etherFirst ? encodeSqrtPrice(10n ** 12n, price) : encodeSqrtPrice(price, 10n ** 12n),
        )
      }

      const early = await readPerpPrices(devnet)
      expect(early.index).to.equal(price * 10n ** 18n)
      expect(early.mark).to.not.equal(early.index)
      await passTime(chain, deployment, markWindow)
      const settled = await readPerpPrices(devnet)
      expect(settled.averageIndex).to.equal(price * 10n ** 18n)
      const gap = settled.mark > settled.index ? settled.mark - settled.index : settled.index - settled.mark
      expect(gap * 1_000n < settled.index).to.equal(true)
    })
  }

  it('pays the short of hedged what ether loses', async () => {
    const { chain, deployment } = devnet
    const before = await readPerpAccount(devnet, deployment.accounts.hedged)
    await setPrices(chain, deployment, { ETH: parseEther('1600') })
    await passTime(chain, deployment, markWindow)
    const after = await readPerpAccount(devnet, deployment.accounts.hedged)
    const gain = after.value - before.value
    const expected = 14n * parseEther('400')
    expect(gain > (expected * 98n) / 100n && gain < (expected * 102n) / 100n).to.equal(true)
  })

  it('moves a stablecoin alone, and the pool that trades against it', async () => {
    const { chain, deployment } = devnet
    await setPrices(chain, deployment, { USDC: parseEther('0.97'), sUSD: parseEther('0.9') })
    const answers = await Promise.all(Object.values(deployment.feeds).map((feed) => readFeed(devnet, feed)))
    const expected = [2_000n * 10n ** 8n, 97_000_000n, 90_000_000n]
    const further = [60_000n * 10n ** 8n, 10n ** 8n]
    expect(answers.map(({ answer }) => answer)).to.deep.equal([...expected, ...further])
    const { ethUsd, usdcUsd, susdUsd } = deployment.pyth
    const published = await Promise.all([ethUsd, usdcUsd, susdUsd].map((id) => readPyth(devnet, id)))
    expect(published.map(({ price }) => price)).to.deep.equal(expected)
    const { debt } = await readAaveAccount(devnet, deployment.accounts.hedged)
    expect(debt >= 4_850n * 10n ** 8n && debt < 4_851n * 10n ** 8n).to.equal(true)
  })

  it('renews what time has made stale', async () => {
    const { chain, client, deployment } = devnet
    await client.increaseTime({ seconds: 4 * 3_600 })
    await client.mine({ blocks: 1 })
    expect(await readLyraStale(devnet)).to.equal(true)
    await setPrices(chain, deployment, {})
    expect(await readLyraStale(devnet)).to.equal(false)
    const { timestamp } = await client.getBlock()
    const { answer, updatedAt } = await readFeed(devnet, deployment.feeds.ethUsd)
    expect(answer).to.equal(2_000n * 10n ** 8n)
    expect(timestamp - updatedAt <= 60n).to.equal(true)
    const { publishTime } = await readPyth(devnet, deployment.pyth.ethUsd)
    expect(timestamp >= publishTime && timestamp - publishTime <= 60n).to.equal(true)
  })

  it('does not take an update of Pyth for published that its contract has ignored', async () => {
    const { chain, deployment } = devnet
    const { contract, ethUsd } = deployment.pyth
    const { publishTime } = await readPyth(devnet, ethUsd)
    const deployer = sendAs(chain, deployment.operators.deployer)
    const again = publishUpdates(deployer, contract, [{ id: ethUsd, price: 1n, publishTime }])
    expect((await rejection(again, UpdateIgnoredError)).message).to.contain(`${publishTime}`)
    expect((await readPyth(devnet, ethUsd)).price).to.equal(2_000n * 10n ** 8n)
  })

  for (const price of [0n, -1n, 1n]) {
    it(`refuses ${price} as a price`, async () => {
      const { chain, deployment } = devnet
      const failure = await setPrices(chain, deployment, { ETH: price }).catch((error: unknown) => error)
      expect(failure).to.be.instanceOf(InvalidInputError)
      expect((await readFeed(devnet, deployment.feeds.ethUsd)).answer).to.equal(2_000n * 10n ** 8n)
    })
  }
})
