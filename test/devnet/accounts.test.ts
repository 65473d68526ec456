import { expect } from 'chai'
import { parseEther } from 'viem'
import { optionTypes } from '../../scripts/devnet/lyraTrading.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import {
  readAaveAccount,
  readLyraPositions,
  readPerpAccount,
  readPerpPrices,
  readUniswapPositions,
} from '../support/devnetViews.ts'

const dollars = 10n ** 8n
const fourWeeks = 4n * 7n * 86_400n

describe('devnet: sample accounts', function () {
  this.timeout(60_000)
  let devnet: DevnetFixture
  before(async () => {
    devnet = await devnetFixture()
  })

  it('gives each account an address of its own, apart from those who run the markets', () => {
    const { accounts, operators } = devnet.deployment
    const all = [...Object.values(accounts), ...Object.values(operators)]
    expect(new Set(all).size).to.equal(all.length)
  })

  describe('hedged', () => {
    it('has 10 WETH at Aave and owes 5,000 USDC', async () => {
      const account = await readAaveAccount(devnet, devnet.deployment.accounts.hedged)
      expect(account.collateral).to.equal(20_000n * dollars)
      expect(account.debt >= 5_000n * dollars && account.debt < 5_001n * dollars).to.equal(true)
    })

    it('provides liquidity in range at Uniswap and has earned fees in both tokens', async () => {
      const positions = await readUniswapPositions(devnet, devnet.deployment.accounts.hedged)
      expect(positions).to.have.length(1)
      const [position] = positions
      expect(position?.tick).to.be.within(position?.tickLower ?? 0, (position?.tickUpper ?? 0) - 1)
      expect([position?.liquidity, position?.fees0, position?.fees1].every((value) => (value ?? 0n) > 0n)).to.equal(
        true,
      )
    })

    it('is short 14 ETH at Perp, far from liquidation', async () => {
      const account = await readPerpAccount(devnet, devnet.deployment.accounts.hedged)
      expect(account.size).to.equal(-parseEther('14'))
      expect(account.value > parseEther('15500') && account.value < parseEther('16000')).to.equal(true)
      expect(account.liquidatable).to.equal(false)
      expect(account.requirement * 8n < account.value).to.equal(true)
    })

    it('holds three puts and has written two calls on ether of its own at Lyra', async () => {
      const positions = await readLyraPositions(devnet, devnet.deployment.accounts.hedged)
      const { timestamp } = await devnet.client.getBlock()
      expect(
        positions.map(({ optionType, amount, collateral, strike }) => ({ optionType, amount, collateral, strike })),
      ).to.deep.equal([
        { optionType: optionTypes.longPut, amount: parseEther('3'), collateral: 0n, strike: parseEther('2000') },
        {
          optionType: optionTypes.shortCallBase,
          amount: parseEther('2'),
          collateral: parseEther('2'),
          strike: parseEther('2500'),
        },
      ])
      for (const { state, expiry } of positions) {
        expect(state).to.equal(1)
        expect(expiry > timestamp && expiry <= timestamp + fourWeeks).to.equal(true)
      }
    })
  })

  it('leaves naked with short options only, barely above the minimum collateral of Lyra', async () => {
    const { naked } = devnet.deployment.accounts
    const positions = await readLyraPositions(devnet, naked)
    expect(positions.map(({ optionType }) => optionType)).to.deep.equal([
      optionTypes.shortCallQuote,
      optionTypes.shortPutQuote,
    ])
    for (const { collateral, minimum } of positions) {
      expect(collateral >= minimum && collateral * 100n < minimum * 103n).to.equal(true)
    }
    expect((await readAaveAccount(devnet, naked)).collateral).to.equal(0n)
    expect((await readPerpAccount(devnet, naked)).size).to.equal(0n)
    expect(await readUniswapPositions(devnet, naked)).to.deep.equal([])
  })

  it('levers levered two and a half times at Aave', async () => {
    const { levered } = devnet.deployment.accounts
    const { collateral, debt, healthFactor } = await readAaveAccount(devnet, levered)
    expect(debt >= 30_600n * dollars && debt < 30_601n * dollars).to.equal(true)
    expect(collateral * 10n > 25n * (collateral - debt) && collateral < 51_000n * dollars).to.equal(true)
    expect(healthFactor > parseEther('1.3') && healthFactor < parseEther('1.4')).to.equal(true)
    expect(await readLyraPositions(devnet, levered)).to.deep.equal([])
  })

  it('leaves empty without anything', async () => {
    const { empty } = devnet.deployment.accounts
    const { collateral, debt } = await readAaveAccount(devnet, empty)
    const { value, size } = await readPerpAccount(devnet, empty)
    expect([collateral, debt, value, size]).to.deep.equal([0n, 0n, 0n, 0n])
    expect(await readUniswapPositions(devnet, empty)).to.deep.equal([])
    expect(await readLyraPositions(devnet, empty)).to.deep.equal([])
  })

  it('opens with the mark price of Perp within 0.1 % of the feed', async () => {
    const { mark, index } = await readPerpPrices(devnet)
    const gap = mark > index ? mark - index : index - mark
    expect(index).to.equal(parseEther('2000'))
    expect(gap * 1_000n < index).to.equal(true)
  })
})
