import { expect } from 'chai'
import { type Address, encodeFunctionData, type Hex, toFunctionSelector, zeroAddress } from 'viem'
import { deployCreditLine } from '../../scripts/deploy.ts'
import type { MarginRecord } from '../../src/attest/record.ts'
import { type Chain, createChain, errorOf, post, sign } from '../support/attestations.ts'

const usd = 10n ** 6n
const ether = 10n ** 18n
const rate = (percent: number) => BigInt(percent) * 10n ** 16n
const day = 86_400
const other: Address = '0x2222222222222222222222222222222222222222'

type Overrides = {
  readonly hardThreshold?: bigint
  readonly bonus?: bigint
  readonly baseAdvance?: bigint
  readonly marginAdvance?: bigint
  readonly baseThreshold?: bigint
  /** Contract of both tokens, `TestToken` by default. */
  readonly token?: 'TestToken' | 'ReentrantToken'
}

/** 10 WETH of 1,000 USD put up by the borrower, 100,000 USDC in the pool. Terms 50 / 80 / 60 / 90 %, bonus 5 %. */
async function createLine({ token = 'TestToken', ...overrides }: Overrides = {}) {
  const chain = await createChain()
  const { viem, wallets } = chain
  const [lender, borrower, liquidator] = wallets
  if (!lender || !borrower || !liquidator) throw new Error('no wallets')
  const weth = await viem.deployContract(token as 'TestToken', ['WETH', 18])
  const usdc = await viem.deployContract(token as 'TestToken', ['USDC', 6])
  const wethFeed = await viem.deployContract('MockV3Aggregator', [8, 1_000n * 10n ** 8n])
  const usdcFeed = await viem.deployContract('MockV3Aggregator', [8, 10n ** 8n])
  const address = await deployCreditLine({
    ...chain,
    maxAge: 600n,
    agingRate: 0n,
    acceptedModels: [0],
    terms: {
      collateral: weth.address,
      collateralFeed: wethFeed.address,
      collateralPriceAge: 30 * day,
      asset: usdc.address,
      assetFeed: usdcFeed.address,
      assetPriceAge: 30 * day,
      baseAdvance: rate(50),
      marginAdvance: rate(80),
      baseThreshold: rate(60),
      hardThreshold: rate(90),
      bonus: rate(5),
      grace: 3600,
      ...overrides,
    },
  })
  const line = await viem.getContractAt('CreditLine', address)
  for (const wallet of [lender, borrower, liquidator]) {
    await weth.write.mint([wallet.account.address, 10n * ether])
    await usdc.write.mint([wallet.account.address, 100_000n * usd])
    await weth.write.approve([address, 2n ** 255n], { account: wallet.account })
    await usdc.write.approve([address, 2n ** 255n], { account: wallet.account })
  }
  await line.write.supply([100_000n * usd])
  await line.write.deposit([10n * ether], { account: borrower.account })
  const account = borrower.account.address
  const record = async (values: Partial<MarginRecord> = {}) =>
    (
      await sign(chain, chain.signerSet, {
        record: { account, initialMargin: 0n, maintenanceMargin: 0n, equity: 3_000n * usd, ...values },
      })
    ).wire
  return {
    chain,
    line,
    weth,
    usdc,
    wethFeed,
    usdcFeed,
    lender: lender.account,
    borrower: borrower.account,
    liquidator: liquidator.account,
    account,
    record,
    borrow: (amount: bigint, update: Hex = '0x') =>
      errorOf(line.write.borrow([amount, update], { account: borrower.account })),
    liquidate: (amount: bigint, update: Hex = '0x', minimum = 0n) =>
      errorOf(line.write.liquidate([account, amount, minimum, update], { account: liquidator.account })),
    price: (dollars: bigint) => wethFeed.write.updateAnswer([dollars * 10n ** 8n]),
  }
}

type Line = Awaited<ReturnType<typeof createLine>>

async function pass(chain: Chain, seconds: number) {
  await chain.networkHelpers.time.increase(seconds)
}

async function balance({ usdc }: Line, of: Address) {
  return usdc.read.balanceOf([of])
}

describe('CreditLine: borrowing', () => {
  it('lends on base terms without a record', async () => {
    const setting = await createLine()
    expect(await setting.borrow(5_000n * usd)).to.equal(undefined)
    expect(await setting.line.read.debtOf([setting.account])).to.equal(5_000n * usd)
    expect(await balance(setting, setting.account)).to.equal(105_000n * usd)
    expect(await setting.borrow(1n)).to.equal('UnknownAccount')
  })

  it('lends up to the margin advance on a record, pulled or posted, and never beyond', async () => {
    const setting = await createLine()
    const wire = await setting.record({ equity: 8_001n * usd })
    expect(await setting.borrow(8_000n * usd + 1n, wire)).to.equal('AdvanceExceeded')
    expect(await setting.borrow(7_000n * usd, wire)).to.equal(undefined)
    await setting.chain.networkHelpers.mine()
    await post(setting.chain, await setting.record({ equity: 1_000n * usd }))
    expect(await setting.borrow(1_000n * usd)).to.equal(undefined)
    expect(await setting.borrow(1n, await setting.record({ equity: 1_000_000_000_000n }))).to.equal('AdvanceExceeded')
  })

  it('refuses a stale, an unknown and an insufficient record with the errors of the oracle', async () => {
    const setting = await createLine()
    const wire = await setting.record({ equity: 5_999n * usd })
    expect(await setting.borrow(6_000n * usd)).to.equal('UnknownAccount')
    expect(await setting.borrow(6_000n * usd, wire)).to.equal('InsufficientMargin')
    await post(setting.chain, await setting.record({ equity: 9_000n * usd }))
    await pass(setting.chain, 601)
    expect(await setting.borrow(6_000n * usd)).to.equal('StaleMargin')
  })

  it('refuses a record of another account', async () => {
    const setting = await createLine()
    const wire = await setting.record({ account: setting.lender.address, equity: 9_000n * usd })
    expect(await setting.borrow(6_000n * usd, wire)).to.equal('UnknownAccount')
  })

  it('counts what was borrowed against the same record twice', async () => {
    const setting = await createLine()
    const wire = await setting.record({ equity: 6_500n * usd })
    expect(await setting.borrow(6_000n * usd, wire)).to.equal(undefined)
    expect(await setting.borrow(501n * usd, wire)).to.equal('InsufficientMargin')
    expect(await setting.borrow(500n * usd, wire)).to.equal(undefined)
    expect(await setting.borrow(1n, wire)).to.equal('InsufficientMargin')
  })

  it('refuses borrow, re-attest, borrow again', async () => {
    const setting = await createLine()
    const first = await setting.record({ equity: 6_000n * usd })
    await setting.chain.networkHelpers.mine()
    // Signed before the borrow, newer than the first record, and as blind.
    const second = await setting.record({ equity: 6_000n * usd })
    expect(await setting.borrow(6_000n * usd, first)).to.equal(undefined)
    expect(await setting.borrow(1_000n * usd, second)).to.equal('InsufficientMargin')
    // Signed at the block of the borrow itself: it may or may not show the debt.
    const same = await setting.record({ equity: 6_000n * usd })
    expect(await setting.borrow(1_000n * usd, same)).to.equal('InsufficientMargin')
    await setting.chain.networkHelpers.mine()
    // A later record shows the debt: 6,000 less in equity.
    expect(await setting.borrow(1_000n * usd, await setting.record({ equity: 0n }))).to.equal('InsufficientMargin')
    expect(await setting.borrow(1_000n * usd, await setting.record({ equity: 1_000n * usd }))).to.equal(undefined)
  })

  it('counts base borrows too, and repaying gives nothing back until a record shows it', async () => {
    const setting = await createLine()
    const wire = await setting.record({ equity: 5_500n * usd })
    expect(await setting.borrow(5_000n * usd)).to.equal(undefined)
    expect(await setting.borrow(501n * usd, wire)).to.equal('InsufficientMargin')
    await setting.line.write.repay([setting.account, 4_000n * usd], { account: setting.borrower })
    expect(await setting.borrow(5_000n * usd, wire)).to.equal('InsufficientMargin')
  })

  it('stops lending on margin while paused, but takes repayments', async () => {
    const setting = await createLine()
    const wire = await setting.record({ equity: 9_000n * usd })
    expect(await setting.borrow(6_000n * usd, wire)).to.equal(undefined)
    await setting.chain.contract.write.pause([3])
    expect(await setting.borrow(1n, '0x')).to.equal('UnknownAccount')
    expect(await setting.borrow(1n, wire)).to.equal('PostingPaused')
    await pass(setting.chain, 40 * day)
    await setting.line.write.repay([setting.account, 6_000n * usd], { account: setting.borrower })
    await setting.line.write.withdraw([10n * ether, '0x'], { account: setting.borrower })
    expect(await setting.weth.read.balanceOf([setting.account])).to.equal(10n * ether)
  })

  it('releases collateral only as far as the rest allows', async () => {
    const setting = await createLine()
    const withdraw = (amount: bigint, update: Hex = '0x') =>
      errorOf(setting.line.write.withdraw([amount, update], { account: setting.borrower }))
    expect(await setting.borrow(4_000n * usd)).to.equal(undefined)
    expect(await withdraw(2n * ether + 1n)).to.equal('UnknownAccount')
    expect(await withdraw(2n * ether)).to.equal(undefined)
    expect(await withdraw(8n * ether + 1n)).to.equal('ExceedsPosition')
    await setting.chain.networkHelpers.mine()
    expect(await withdraw(3n * ether, await setting.record({ equity: -1n }))).to.equal('InsufficientMargin')
    expect(await withdraw(3n * ether, await setting.record({ equity: 0n }))).to.equal(undefined)
    expect(await withdraw(1n, await setting.record({ equity: 0n }))).to.equal('AdvanceExceeded')
  })

  it('refuses old, future, zero and negative prices', async () => {
    const setting = await createLine()
    await setting.price(0n)
    expect(await setting.borrow(1n)).to.equal('InvalidPrice')
    await setting.price(-1n)
    expect(await setting.borrow(1n)).to.equal('InvalidPrice')
    await setting.price(1_000n)
    const { timestamp } = await setting.chain.publicClient.getBlock()
    await setting.wethFeed.write.updateRoundData([9n, 10n ** 11n, timestamp + 1000n, timestamp + 1000n])
    expect(await setting.borrow(1n)).to.equal('StalePrice')
    await setting.price(1_000n)
    await pass(setting.chain, 30 * day)
    expect(await setting.borrow(1n)).to.equal('StalePrice')
    expect(await errorOf(setting.line.read.debtOf([setting.account]))).to.equal(undefined)
  })

  it('prices a debt rounded up, and refuses to guess one', async () => {
    const setting = await createLine()
    await setting.usdcFeed.write.updateAnswer([99_999_999n])
    expect(await setting.borrow(1n)).to.equal(undefined)
    expect(await setting.line.read.debtOf([setting.account])).to.equal(1n)
    await pass(setting.chain, 31 * day)
    expect(await errorOf(setting.line.read.debtOf([setting.account]))).to.equal('StalePrice')
  })

  it('takes a price of this very second and of the greatest age, and none of the next or of an older one', async () => {
    const { chain, line, usdcFeed, account, borrow } = await createLine()
    await borrow(1n)
    const valued = async (age: number) => {
      const now = Number((await chain.publicClient.getBlock()).timestamp) + 100
      await usdcFeed.write.updateRoundData([99n, 10n ** 8n, BigInt(now - age), BigInt(now)])
      await chain.networkHelpers.time.setNextBlockTimestamp(now)
      return errorOf(line.read.debtOf([account], { blockTag: 'pending' }))
    }
    expect(await valued(0)).to.equal(undefined)
    expect(await valued(-1)).to.equal('StalePrice')
    expect(await valued(30 * day)).to.equal(undefined)
    expect(await valued(30 * day + 1)).to.equal('StalePrice')
  })

  it('refuses terms that lend more than the collateral bears', async () => {
    const invalid = (overrides: Overrides) => errorOf(createLine(overrides))
    expect(await invalid({ hardThreshold: rate(96), bonus: 0n })).to.equal('InvalidTerms')
    expect(await invalid({ hardThreshold: rate(95), bonus: rate(6) })).to.equal('InvalidTerms')
    expect(await invalid({ marginAdvance: rate(90) })).to.equal('InvalidTerms')
    expect(await invalid({ hardThreshold: rate(95), bonus: rate(5) })).to.equal(undefined)
    expect(await invalid({ baseAdvance: rate(60), baseThreshold: rate(60) })).to.equal('InvalidTerms')
    expect(await invalid({ marginAdvance: rate(50) })).to.equal(undefined)
    expect(await invalid({ marginAdvance: rate(49) })).to.equal('InvalidTerms')
    expect(await invalid({ baseThreshold: rate(90) })).to.equal(undefined)
    expect(await invalid({ baseThreshold: rate(91) })).to.equal('InvalidTerms')
    expect(await invalid({ marginAdvance: rate(70), hardThreshold: rate(80), bonus: rate(25) })).to.equal(undefined)
  })
})

describe('CreditLine: liquidation', () => {
  /** A margin loan of 7,000 on 10,000, with its record posted or only pulled. */
  async function marginLoan(mode: 'push' | 'pull') {
    const setting = await createLine()
    const wire = await setting.record({ equity: 9_000n * usd })
    if (mode === 'push') await post(setting.chain, wire)
    expect(await setting.borrow(7_000n * usd, mode === 'push' ? '0x' : wire)).to.equal(undefined)
    return setting
  }

  it('leaves a loan alone that base terms bear, whatever the record and however long the silence', async () => {
    const setting = await createLine()
    await post(setting.chain, await setting.record())
    expect(await setting.borrow(5_000n * usd)).to.equal(undefined)
    const insolvent = await setting.record({ equity: -1n })
    expect(await setting.liquidate(1n * usd, insolvent)).to.equal('NotLiquidatable')
    await pass(setting.chain, 20 * day)
    expect(await setting.liquidate(1n * usd)).to.equal('NotLiquidatable')
    await setting.price(834n)
    expect(await setting.liquidate(1n * usd)).to.equal('NotLiquidatable')
    await setting.price(833n)
    expect(await setting.liquidate(1n * usd)).to.equal(undefined)
  })

  for (const mode of ['push', 'pull'] as const) {
    it(`liquidates a margin loan after silence beyond maximum age and grace (${mode})`, async () => {
      const setting = await marginLoan(mode)
      expect(await setting.liquidate(1_000n * usd)).to.equal('NotLiquidatable')
      await pass(setting.chain, 600 + 3600 - 30)
      expect(await setting.liquidate(1_000n * usd)).to.equal('NotLiquidatable')
      await pass(setting.chain, 60)
      const solvent = await setting.record()
      expect(await setting.liquidate(1_000n * usd, solvent)).to.equal('NotLiquidatable')
      expect(await setting.liquidate(1_000n * usd)).to.equal(undefined)
    })
  }

  it('is stopped by a fresh record against silence', async () => {
    const setting = await marginLoan('push')
    await pass(setting.chain, 2 * 3600)
    await post(setting.chain, await setting.record({ equity: 1n }))
    expect(await setting.liquidate(1_000n * usd)).to.equal('NotLiquidatable')
  })

  it('liquidates on a fresh record with equity below the maintenance margin', async () => {
    const setting = await marginLoan('push')
    const margins = { initialMargin: 500n * usd, maintenanceMargin: 400n * usd }
    const solvent = await setting.record({ ...margins, equity: 400n * usd })
    expect(await setting.liquidate(1_000n * usd, solvent)).to.equal('NotLiquidatable')
    const insolvent = await setting.record({ ...margins, equity: 400n * usd - 1n })
    expect(await setting.liquidate(1_000n * usd, insolvent)).to.equal(undefined)
    // 1,000 USD and 5 % at 1,000 USD.
    expect(await setting.weth.read.balanceOf([setting.liquidator.address])).to.equal((11_050n * ether) / 1_000n)
    expect(await setting.line.read.debtOf([setting.account])).to.equal(6_000n * usd)
  })

  it('liquidates above the hard threshold whatever the record says', async () => {
    const setting = await marginLoan('push')
    await setting.price(778n)
    await post(setting.chain, await setting.record({ equity: 1_000_000_000_000n }))
    expect(await setting.liquidate(1_000n * usd)).to.equal('NotLiquidatable')
    await setting.price(777n)
    expect(await setting.liquidate(1_000n * usd)).to.equal(undefined)
  })

  it('leaves a debt alone that is just at a threshold, and a silence that has not lasted longer than it may', async () => {
    const onMargin = await createLine()
    const solvent = await onMargin.record({ equity: 9_000n * usd })
    await post(onMargin.chain, solvent)
    expect(await onMargin.borrow(7_200n * usd)).to.equal(undefined)
    await onMargin.price(800n)
    expect(await onMargin.line.read.isLiquidatable([onMargin.account])).to.equal(false)
    await onMargin.price(799n)
    expect(await onMargin.line.read.isLiquidatable([onMargin.account])).to.equal(true)

    const onBase = await createLine()
    await onBase.borrow(4_800n * usd)
    await onBase.price(800n)
    expect(await onBase.line.read.isLiquidatable([onBase.account])).to.equal(false)
    await onBase.price(799n)
    expect(await onBase.line.read.isLiquidatable([onBase.account])).to.equal(true)

    const silent = await createLine()
    const { chain, line, account } = silent
    await post(chain, await silent.record({ equity: 9_000n * usd }))
    await silent.borrow(7_000n * usd)
    const heardAt = Number((await line.read.loanOf([account]))[4])
    await chain.networkHelpers.time.setNextBlockTimestamp(heardAt + 600 + 3600)
    const isLiquidatable = () => line.read.isLiquidatable([account], { blockTag: 'pending' })
    expect(await isLiquidatable()).to.equal(false)
    await chain.networkHelpers.time.setNextBlockTimestamp(heardAt + 600 + 3600 + 1)
    expect(await isLiquidatable()).to.equal(true)
  })

  it('still liquidates while paused', async () => {
    const setting = await marginLoan('push')
    await setting.chain.contract.write.pause([3])
    await setting.price(700n)
    expect(await setting.liquidate(1_000n * usd)).to.equal(undefined)
  })

  it("does not take the silence of a registry that refuses records for the borrower's", async () => {
    const setting = await marginLoan('push')
    await setting.price(950n)
    await setting.chain.contract.write.pause([2])
    await pass(setting.chain, 100_000)
    expect(await setting.liquidate(1_000n * usd)).to.equal('NotLiquidatable')
    await setting.chain.contract.write.unpause([2])
    expect(await setting.liquidate(1_000n * usd)).to.equal(undefined)
  })

  it('repays at most the debt, so that a small repayment in front makes nothing fail', async () => {
    const setting = await marginLoan('push')
    await setting.price(700n)
    expect(await setting.liquidate(1_000_000n * usd)).to.equal(undefined)
    expect(await setting.line.read.debtOf([setting.account])).to.equal(0n)
  })

  it('seizes no more than there is, writes the rest off, and lets lenders share the loss', async () => {
    const setting = await marginLoan('push')
    await setting.price(500n)
    expect(await setting.liquidate(0n)).to.equal('ZeroAmount')
    expect(await setting.liquidate(7_000n * usd, '0x', 10n * ether + 1n)).to.equal('SeizureBelowMinimum')
    expect(await setting.liquidate(5_000n * usd, '0x', 10n * ether)).to.equal(undefined)
    expect(await setting.line.read.loanOf([setting.account])).to.deep.include.members([0n])
    expect(await setting.line.read.debtOf([setting.account])).to.equal(0n)
    expect(await setting.line.read.totalDebt()).to.equal(0n)
    expect(await setting.liquidate(1n)).to.equal('NotLiquidatable')
    await setting.line.write.redeem([100_000n * usd])
    expect(await balance(setting, setting.lender.address)).to.equal(98_000n * usd)
  })
})

describe('CreditLine: lenders', () => {
  it('gives shares at the pool value and cash only as far as there is some', async () => {
    const setting = await createLine()
    const { line } = setting
    expect(await setting.borrow(5_000n * usd)).to.equal(undefined)
    expect(await errorOf(line.write.redeem([100_000n * usd]))).to.equal('InsufficientCash')
    expect(await errorOf(line.write.redeem([100_000n * usd + 1n]))).to.equal('InsufficientShares')
    await line.write.redeem([95_000n * usd])
    expect(await setting.borrow(1n)).to.not.equal(undefined)
    expect(await errorOf(line.write.supply([0n]))).to.equal('ZeroAmount')
  })

  it('ignores gifts, so nobody can inflate a share', async () => {
    const setting = await createLine()
    const { line, usdc } = setting
    await usdc.write.mint([line.address, 1_000_000n * usd])
    await line.write.supply([7n], { account: setting.liquidator })
    expect(await line.read.sharesOf([setting.liquidator.address])).to.equal(7n)
    expect(await errorOf(line.write.redeem([100_000n * usd]))).to.equal(undefined)
  })
})

describe('CreditLine: what it refuses whoever asks', () => {
  it('moves nothing for an amount of zero', async () => {
    const { line, borrow } = await createLine()
    const zero = 'ZeroAmount'
    expect(await borrow(0n)).to.equal(zero)
    expect(await errorOf(line.write.deposit([0n]))).to.equal(zero)
    expect(await errorOf(line.write.withdraw([0n, '0x']))).to.equal(zero)
    expect(await errorOf(line.write.redeem([0n]))).to.equal(zero)
    // Nobody owes anything, so what is repaid shrinks to nothing.
    expect(await errorOf(line.write.repay([other, 5n]))).to.equal(zero)
  })

  it('lends no more than there is', async () => {
    const { borrow, price } = await createLine()
    await price(1_000_000n)
    expect(await borrow(100_000n * usd + 1n)).to.equal('InsufficientCash')
    expect(await borrow(100_000n * usd)).to.equal(undefined)
  })

  it('asks no price of an account that owes nothing', async () => {
    const { chain, line, account, liquidate } = await createLine()
    await pass(chain, 31 * day)
    expect(await line.read.isLiquidatable([account])).to.equal(false)
    expect(await liquidate(1n)).to.equal('NotLiquidatable')
  })

  it('threat 25: lets nobody in again while a token moves', async () => {
    const setting = await createLine({ token: 'ReentrantToken' })
    const { chain, line, weth, usdc, account, borrower } = setting
    const tokens = [weth, usdc].map(({ address }) => chain.viem.getContractAt('ReentrantToken', address))
    const [collateral, asset] = await Promise.all(tokens)
    if (!collateral || !asset) throw new Error('no tokens')
    const reenter = encodeFunctionData({ abi: line.abi, functionName: 'repay', args: [account, 1n] })
    const reentrancy = toFunctionSelector('ReentrancyGuardReentrantCall()')
    const failureDuring = async (token: typeof asset, run: () => Promise<unknown>) => {
      await token.write.callDuringTransfers([line.address, reenter])
      await run()
      const failure = await token.read.failure()
      await token.write.callDuringTransfers([zeroAddress, '0x'])
      return failure
    }
    const by = { account: borrower }
    await usdc.write.mint([setting.lender.address, 10n])
    await weth.write.mint([account, 10n])
    expect(await failureDuring(asset, () => line.write.supply([10n]))).to.equal(reentrancy)
    expect(await failureDuring(asset, () => line.write.redeem([10n]))).to.equal(reentrancy)
    expect(await failureDuring(collateral, () => line.write.deposit([10n], by))).to.equal(reentrancy)
    expect(await failureDuring(collateral, () => line.write.withdraw([10n, '0x'], by))).to.equal(reentrancy)
    expect(await failureDuring(asset, () => line.write.borrow([5_000n * usd, '0x'], by))).to.equal(reentrancy)
    expect(await failureDuring(asset, () => line.write.repay([account, usd], by))).to.equal(reentrancy)
    await setting.price(550n)
    expect(await failureDuring(asset, () => setting.liquidate(usd))).to.equal(reentrancy)
  })
})
