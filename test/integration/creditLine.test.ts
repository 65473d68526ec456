import { expect } from 'chai'
import { type Address, type Hex, parseUnits } from 'viem'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../scripts/devnet/tokens.ts'
import { creditLineAbi } from '../../src/attest/abi.ts'
import type { Attestation } from '../../src/attest/record.ts'
import { wad } from '../../src/core/units.ts'
import { postAttestation } from '../../src/registry.ts'
import { errorOf } from '../support/attestations.ts'
import { attestDevnet, devnetPayer, type PlimsollFixture, plimsollFixture } from '../support/plimsoll.ts'

const usdc = (dollars: number) => parseUnits(`${dollars}`, 6)

/** Accounts with 10 WETH of 2,000 USD in the credit line: 12,000 USDC on base terms, at most 17,000 on a record. */
async function openLine() {
  const fixture = await plimsollFixture()
  const { chain, client, deployment, ours, plimsoll } = fixture
  const line = { address: plimsoll.creditLine, abi: creditLineAbi } as const
  const { hedged, naked } = deployment.accounts
  for (const account of [hedged, naked]) {
    const sender = sendAs(chain, account)
    await wrapEther(sender, deployment.tokens.weth, 10n * wad)
    await approveAll(sender, [deployment.tokens.weth], [line.address])
    await sender.send({ name: 'CreditLine', ...line }, 'deposit', [10n * wad])
  }
  const order = (account: Address, dollars: number, update: Hex) =>
    ({ ...line, functionName: 'borrow', args: [usdc(dollars), update], account }) as const
  return {
    ...fixture,
    line,
    hedged,
    naked,
    attest: (account: Address) => attestDevnet(client, ours, account),
    /** Name of the error, or nothing when it was granted. */
    borrow: async (account: Address, dollars: number, update: Hex = '0x') =>
      (await errorOf(client.simulateContract({ ...order(account, dollars, update), blockTag: 'pending' }))) ??
      errorOf(client.writeContract({ ...order(account, dollars, update), chain: null })),
    debtOf: (account: Address) => client.readContract({ ...line, functionName: 'debtOf', args: [account] }),
    isLiquidatable: (account: Address) =>
      client.readContract({ ...line, functionName: 'isLiquidatable', args: [account] }),
  }
}

async function post({ client, ours }: PlimsollFixture, { attestation }: { readonly attestation: Attestation }) {
  await postAttestation(client, { registry: ours.registry, attestation, payer: devnetPayer })
}

describe('credit line on records of the engine', function () {
  this.timeout(60_000)

  it('lends the hedged account more than the naked one on the same collateral', async () => {
    const setting = await openLine()
    const { hedged, naked, borrow, attest, debtOf } = setting
    for (const account of [hedged, naked]) {
      expect(await borrow(account, 12_001)).to.equal('UnknownAccount')
      expect(await borrow(account, 12_000)).to.equal(undefined)
      await post(setting, await attest(account))
    }
    expect(await borrow(hedged, 4_999)).to.equal(undefined)
    expect(await borrow(naked, 1_000)).to.equal('InsufficientMargin')
    expect([await debtOf(hedged), await debtOf(naked)]).to.deep.equal([usdc(16_999), usdc(12_000)])
    expect(await borrow(hedged, 2)).to.equal('AdvanceExceeded')
  })

  it('reads its own loan back as a liability: borrow, attest again, and the free equity has fallen by the debt', async () => {
    const setting = await openLine()
    const { naked, borrow, attest, chain } = setting
    const before = await attest(naked)
    // Free equity of 1,823 USD carries a loan of 1,000 beyond base terms only when nothing is borrowed yet.
    expect(await borrow(naked, 12_001, before.wire)).to.equal('InsufficientMargin')
    expect(await borrow(naked, 1_000, before.wire)).to.equal(undefined)
    await advanceTime(chain, 1)
    const after = await attest(naked)
    const debt = after.result.positions.find(({ position }) => position.kind === 'consumerDebt')
    expect(debt?.value).to.equal(-1_000n * wad)
    const fall = Number(before.result.equity - after.result.equity) / 1e6
    expect(fall).to.be.within(999.9, 1_000.1)
    expect(after.result.freeEquity < before.result.freeEquity - usdc(999)).to.equal(true)

    // Base terms bear another 11,000; a dollar more needs a record that covers all of it.
    expect(await borrow(naked, 11_001, after.wire)).to.equal('InsufficientMargin')
    expect(await borrow(naked, 11_000)).to.equal(undefined)
  })

  it('counts twice neither the collateral nor the free equity: borrowing again on a fresh record is held to the rest', async () => {
    const setting = await openLine()
    const { hedged, borrow, attest, chain } = setting
    const first = await attest(hedged)
    expect(await borrow(hedged, 14_000, first.wire)).to.equal(undefined)
    await advanceTime(chain, 1)
    const second = await attest(hedged)
    const lost = Number(first.result.freeEquity - second.result.freeEquity) / 1e6
    expect(lost).to.be.within(13_999, 14_001)
    expect(await borrow(hedged, 2_900, second.wire)).to.equal(undefined)
    await advanceTime(chain, 1)
    const third = await attest(hedged)
    expect(Number(second.result.equity - third.result.equity) / 1e6).to.be.within(2_899, 2_901)
    expect(await borrow(hedged, 101, third.wire)).to.equal('AdvanceExceeded')
  })

  it('refuses a stale record, and liquidates above the base threshold after silence only', async () => {
    const setting = await openLine()
    const { hedged, borrow, attest, chain, client, deployment, line, isLiquidatable, debtOf } = setting
    const signed = await attest(hedged)
    await post(setting, signed)
    // 16,000 of 20,000 is above the base threshold of 70 % and below the hard one of 90 %.
    expect(await borrow(hedged, 16_000)).to.equal(undefined)
    expect(await isLiquidatable(hedged)).to.equal(false)
    await advanceTime(chain, 301)
    expect(await borrow(hedged, 100)).to.equal('StaleMargin')
    await advanceTime(chain, 3_500)
    expect(await borrow(hedged, 100)).to.equal('ExpiredMargin')
    expect(await isLiquidatable(hedged)).to.equal(false)
    await advanceTime(chain, 100)
    expect(await isLiquidatable(hedged)).to.equal(true)

    const { deployer, maker } = deployment.operators
    await mintToken(sendAs(chain, deployer), deployment.tokens.usdc, { to: maker, amount: usdc(16_000) })
    const liquidation = { ...line, functionName: 'liquidate', account: maker } as const
    const fresh = await attest(hedged)
    // A fresh record breaks the silence: the book is solvent, so the loan may stay.
    const args = [hedged, usdc(1_000), 0n] as const
    const disturbed = client.simulateContract({ ...liquidation, args: [...args, fresh.wire], blockTag: 'pending' })
    expect(await errorOf(disturbed)).to.equal('NotLiquidatable')
    const weth = () => client.readContract({ ...line, functionName: 'loanOf', args: [hedged] }).then(([held]) => held)
    const before = await weth()
    await client.writeContract({ ...liquidation, args: [...args, '0x'], chain: null })
    expect(await debtOf(hedged)).to.equal(usdc(15_000))
    // 1,000 USD and a bonus of 5 % at 2,000 USD per ether.
    expect(before - (await weth())).to.equal((525n * wad) / 1_000n)
  })

  it('liquidates a book that is under water as soon as a record says so, without waiting for silence', async () => {
    const setting = await openLine()
    const { naked, borrow, attest, chain, deployment, isLiquidatable } = setting
    expect(await borrow(naked, 12_000)).to.equal(undefined)
    await post(setting, await attest(naked))
    // The loan is at 75 % of the collateral, and its 12,000 are owed by a book of 4,292.
    await setPrices(chain, deployment, { ETH: 1_600n * wad })
    const { result, ...signed } = await attest(naked)
    expect(result.equity < result.maintenanceMargin).to.equal(true)
    await post(setting, signed)
    expect(await isLiquidatable(naked)).to.equal(true)
  })
})
