import { expect } from 'chai'
import fc from 'fast-check'
import { type Address, getContract, type Hex, maxUint256 } from 'viem'
import type { MarginRecord } from '../../src/attest/record.ts'
import { createChain, errorOf, paramsHash, post, sign } from '../support/attestations.ts'

const usd = 10n ** 6n
const ether = 10n ** 18n
const share = 10n ** 24n
const day = 86_400

/** A vault of a token of 1,000 USD that asks for half of a holding in free equity, and three accounts with tokens. */
async function createVault({ agingRate = 0n, coverage = ether / 2n } = {}) {
  const chain = await createChain({ models: [{ id: 0, paramsHash, improvementBase: 2n ** 63n }] })
  const { viem, wallets } = chain
  const [governor, alice, bob, mallory] = wallets
  if (!governor || !alice || !bob || !mallory) throw new Error('no wallets')
  const token = await viem.deployContract('TestToken', ['WETH', 18])
  const feed = await viem.deployContract('MockV3Aggregator', [8, 1_000n * 10n ** 8n])
  const vault = await viem.deployContract('GatedVault', [
    ...([token.address, 'Gated WETH', 'gWETH', feed.address, day, coverage] as const),
    ...([chain.registry, 600n, agingRate, 1n] as const),
  ])
  for (const { account } of [alice, bob, mallory]) {
    await token.write.mint([account.address, 1_000n * ether])
    await token.write.approve([vault.address, maxUint256], { account })
  }
  const record = async (account: Address, values: Partial<MarginRecord> = {}) =>
    (
      await sign(chain, chain.signerSet, {
        record: { account, initialMargin: 0n, maintenanceMargin: 0n, equity: 5_000n * usd, ...values },
      })
    ).wire
  const as = (wallet: typeof alice) => getContract({ address: vault.address, abi: vault.abi, client: wallet })
  return {
    chain,
    token,
    feed,
    vault,
    as,
    alice,
    bob,
    mallory,
    record,
    /** Lets an account hold 10 tokens. */
    admit: async (account: Address, values: Partial<MarginRecord> = {}) => {
      await chain.networkHelpers.mine()
      await post(chain, await record(account, values))
    },
    holding: async (account: Address) => vault.read.convertToAssets([await vault.read.balanceOf([account])]),
  }
}

/** `done`, or the error that it ended in. */
const outcome = async (promise: Promise<unknown>) => (await errorOf(promise)) ?? 'done'

describe('GatedVault: coming in', () => {
  it('takes nobody without a fresh record of an accepted model, and says why', async () => {
    const { chain, as, alice, admit, feed, vault } = await createVault()
    const deposit = () => outcome(as(alice).write.deposit([ether, alice.account.address]))
    const { address } = alice.account
    expect(await deposit()).to.contain('UnknownAccount')
    await admit(address, { equity: 499n * usd })
    expect(await deposit()).to.contain('InsufficientMargin')
    await admit(address)
    await chain.contract.write.pause([1])
    expect(await deposit()).to.contain('RiskIncreasePaused')
    expect(await vault.read.maxDeposit([address])).to.equal(0n)
    await chain.contract.write.unpause([1])
    await feed.write.updateAnswer([0n])
    expect(await deposit()).to.contain('InvalidPrice')
    expect(await vault.read.maxDeposit([address])).to.equal(0n)
    await feed.write.updateAnswer([1_000n * 10n ** 8n])
    await chain.networkHelpers.time.increase(601)
    expect(await deposit()).to.contain('StaleMargin')
    expect([await vault.read.maxDeposit([address]), await vault.read.maxMint([address])]).to.deep.equal([0n, 0n])
    expect(await outcome(vault.read.capacityOf([address]))).to.contain('StaleMargin')
  })

  it('takes as much as free equity covers, all deposits together, and not a unit more', async () => {
    const { as, alice, admit, vault, holding } = await createVault()
    const { address } = alice.account
    await admit(address)
    expect(await vault.read.maxDeposit([address])).to.equal(10n * ether)
    await as(alice).write.deposit([6n * ether, address])
    expect(await vault.read.maxDeposit([address])).to.equal(4n * ether)
    expect(await outcome(as(alice).write.deposit([4n * ether + 1n, address]))).to.contain('InsufficientMargin')
    await as(alice).write.mint([await vault.read.maxMint([address]), address])
    expect(await holding(address)).to.equal(10n * ether)
    expect(await outcome(as(alice).write.deposit([1n, address]))).to.contain('InsufficientMargin')
  })

  it('asks the receiver, not the payer, and for more the older the record is', async () => {
    const { chain, as, alice, bob, admit, vault } = await createVault({ agingRate: 10n ** 15n })
    await admit(alice.account.address, { initialMargin: 1_000n * usd, equity: 6_000n * usd })
    expect(await outcome(as(alice).write.deposit([1n, bob.account.address]))).to.contain('UnknownAccount')
    await as(bob).write.deposit([ether, alice.account.address])
    await chain.networkHelpers.time.increase(100)
    const { timestamp } = await chain.publicClient.getBlock()
    const margin = await chain.contract.read.marginOf([alice.account.address, 600n])
    const growth = timestamp - BigInt(margin.observedAt)
    // needed + (1,000 + needed) * growth / 1,000 <= 5,000 and needed = holding / 2.
    const needed = (5_000n * usd * 1_000n - 1_000n * usd * growth) / (1_000n + growth)
    const capacity = (needed * 2n * ether) / (1_000n * usd) - ether
    expect(await vault.read.maxDeposit([alice.account.address])).to.equal(capacity)
  })

  it('has room for nothing, rather than no answer, where free equity is negative or less than the age costs', async () => {
    const { chain, alice, admit, vault } = await createVault({ agingRate: 10n ** 15n })
    const { address } = alice.account
    await admit(address, { initialMargin: 1_000n * usd, equity: 999n * usd })
    expect(await vault.read.capacityOf([address])).to.equal(0n)
    await admit(address, { initialMargin: 1_000n * usd, equity: 1_050n * usd })
    await chain.networkHelpers.time.increase(100)
    expect(await vault.read.capacityOf([address])).to.equal(0n)
  })

  it('takes a record that comes with the deposit, and no forged, foreign or older one', async () => {
    const { chain, as, alice, bob, record, admit } = await createVault()
    const { address } = alice.account
    const deposit = (update: Hex, amount = ether) =>
      outcome(as(alice).write.deposit([amount, address, update], { gas: 1_000_000n }))
    const good = await record(address)
    expect(await deposit(`${good.slice(0, -2)}${good.endsWith('00') ? '01' : '00'}` as Hex)).to.not.equal('done')
    expect(await deposit(await record(bob.account.address))).to.contain('UnknownAccount')
    expect(await deposit(good)).to.equal('done')
    const old = await record(address, { equity: 2n ** 50n })
    await admit(address, { equity: 500n * usd })
    expect(await deposit(old, 2n)).to.contain('InsufficientMargin')
    expect((await chain.contract.read.tryMarginOf([address, 600n]))[1].equity).to.equal(500n * usd)
  })

  it('cannot be passed by sending shares to an account that may not hold them', async () => {
    const { as, alice, bob, mallory, admit, vault } = await createVault()
    await admit(alice.account.address)
    await as(alice).write.deposit([10n * ether, alice.account.address])
    const transfer = (to: Address, amount: bigint) => outcome(as(alice).write.transfer([to, amount]))
    expect(await transfer(bob.account.address, 1n)).to.contain('UnknownAccount')
    await as(alice).write.approve([mallory.account.address, share])
    const pull = as(mallory).write.transferFrom([alice.account.address, mallory.account.address, share])
    expect(await outcome(pull)).to.contain('UnknownAccount')
    await admit(bob.account.address, { equity: 1_000n * usd })
    expect(await transfer(bob.account.address, 2n * share + 10n ** 7n)).to.contain('InsufficientMargin')
    expect(await transfer(bob.account.address, 2n * share)).to.equal('done')
    expect(await vault.read.balanceOf([bob.account.address])).to.equal(2n * share)
  })

  it('promises with maxDeposit and maxMint what it then takes, whatever gains, losses and price', async () => {
    const { chain, as, alice, bob, mallory, token, vault, feed, admit } = await createVault({ agingRate: 10n ** 13n })
    await admit(bob.account.address, { equity: 2n ** 40n })
    await as(bob).write.deposit([3n * ether, bob.account.address])
    const { address } = alice.account
    await token.write.mint([address, 10n ** 40n])
    let taken = 0
    const property = fc.asyncProperty(
      fc.bigInt(0n, 50n * ether),
      fc.bigInt(1n, 10n ** 13n),
      fc.bigInt(0n, 2n ** 40n),
      fc.bigInt(0n, 10n ** 10n),
      fc.boolean(),
      async (gain, price, equity, held, minting) => {
        const snapshot = await chain.networkHelpers.takeSnapshot()
        await admit(address, { equity: 2n ** 62n })
        if (held > 0n) await as(alice).write.deposit([held, address])
        await token.write.transfer([vault.address, gain], { account: mallory.account })
        await feed.write.updateAnswer([price])
        await admit(address, { equity })
        const block = { blockTag: 'pending' } as const
        const most = await (minting ? vault.read.maxMint([address], block) : vault.read.maxDeposit([address], block))
        if (most > 0n) {
          const act = chain.publicClient.simulateContract({
            address: vault.address,
            abi: vault.abi,
            functionName: minting ? 'mint' : 'deposit',
            args: [most, address],
            account: address,
            ...block,
          })
          expect(await outcome(act)).to.equal('done')
          ++taken
        }
        await snapshot.restore()
      },
    )
    await fc.assert(property, { numRuns: 30, seed: 7 })
    expect(taken).to.be.greaterThan(20)
  }).timeout(120_000)
})

describe('GatedVault: going out', () => {
  it('asks neither oracle nor price, so nothing holds anybody', async () => {
    const { chain, as, alice, bob, admit, token, vault, feed } = await createVault()
    const { address } = alice.account
    await admit(address)
    await as(alice).write.deposit([10n * ether, address])
    await admit(address, { equity: -1n })
    await as(alice).write.withdraw([ether, address, address])
    await chain.contract.write.pause([3])
    await as(alice).write.withdraw([ether, address, address])
    await feed.write.updateAnswer([0n])
    const { timestamp } = await chain.publicClient.getBlock()
    await chain.contract.write.invalidateBefore([Number(timestamp)])
    await as(alice).write.redeem([share, bob.account.address, address])
    await chain.networkHelpers.time.increase(40 * day)
    await as(alice).write.approve([bob.account.address, share])
    await as(bob).write.redeem([share, bob.account.address, address])
    const rest = await vault.read.maxWithdraw([address])
    expect(rest).to.equal(6n * ether)
    await as(alice).write.withdraw([rest, address, address])
    expect(await token.read.balanceOf([address])).to.equal(998n * ether)
  })

  it('gives nobody what is not his', async () => {
    const { as, alice, mallory, admit } = await createVault()
    const { address } = alice.account
    await admit(address)
    await as(alice).write.deposit([10n * ether, address])
    const steal = as(mallory).write.withdraw([1n, mallory.account.address, address])
    expect(await outcome(steal)).to.contain('ERC20InsufficientAllowance')
    expect(await outcome(as(alice).write.withdraw([10n * ether + 1n, address, address]))).to.contain(
      'ERC4626ExceededMaxWithdraw',
    )
  })

  it('is no place to shift the price of a share before others come in', async () => {
    const { as, alice, mallory, admit, token, vault, holding } = await createVault()
    await admit(mallory.account.address)
    await as(mallory).write.deposit([1n, mallory.account.address])
    await token.write.transfer([vault.address, 5n * ether], { account: mallory.account })
    await admit(alice.account.address)
    await as(alice).write.deposit([9n * ether, alice.account.address])
    // Of 9 tokens the victim misses less than a hundred thousandth; the attacker's 5 are gone.
    expect((await holding(alice.account.address)) > (9n * ether * 99_999n) / 100_000n).to.equal(true)
    expect((await holding(mallory.account.address)) < 2_600n * 10n ** 15n).to.equal(true)
  })

  it('refuses a gate that asks for nothing', async () => {
    expect(await outcome(createVault({ coverage: 0n }))).to.contain('ZeroCoverage')
  })
})
