import { expect } from 'chai'
import fc from 'fast-check'
import { type Address, encodeFunctionData, type Hex } from 'viem'
import { toModel } from '../../scripts/deployment/plan.ts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { improvementBound } from '../../src/attest/improvement.ts'
import {
  borrower,
  createChain,
  errorOf,
  paramsHash,
  post,
  sign,
  signBatchOf,
  signRootOf,
  tryPost,
} from '../support/attestations.ts'
import { runThenRead, verifyCall } from '../support/readAfter.ts'

const usd = 1_000_000n
const bounds = { improvementBase: 100n * usd, improvementRate: 2n * usd, improvementCap: 50 }
const other: Address = '0x2222222222222222222222222222222222222222'
const [unknown, fresh] = [0, 1]

/** A registry whose model lets free equity rise by 100 dollars and 2 a second for 50 seconds. */
async function createBounded() {
  const chain = await createChain({ models: [{ id: 0, paramsHash, ...bounds }] })
  const probe = await chain.viem.deployContract('OracleProbe', [chain.registry, 3600n, 0n, 1n])
  const of = async (equity: bigint, record: object = {}) =>
    sign(chain, chain.signerSet, { record: { equity, initialMargin: 10n * usd, maintenanceMargin: 0n, ...record } })
  const attempt = async (equity: bigint, record: object = {}) => tryPost(chain, (await of(equity, record)).wire)
  /** Uses the update as a consumer does, which reads what it leaves. */
  const act = (update: Hex) =>
    errorOf(
      chain.publicClient.simulateContract({
        address: probe.address,
        abi: probe.abi,
        functionName: 'act',
        args: [borrower, 0n, update],
        blockTag: 'pending',
      }),
    )
  return { chain, probe, of, attempt, act }
}

describe('bound on improvement', () => {
  it('lets the first record show the base and no more, however old the account is', async () => {
    const { attempt } = await createBounded()
    expect(await attempt(110n * usd)).to.equal('stored')
    expect(await attempt(110n * usd + 1n)).to.equal('ImprovementTooLarge')
    expect(await attempt(-(2n ** 63n))).to.equal('stored')
  })

  it('adds the rate per second of observation up to the cap, from the stored free equity or from zero', async () => {
    for (const [start, seconds, most] of [
      [60n * usd, 10, 60n + 100n + 20n],
      [60n * usd, 50, 60n + 100n + 100n],
      [60n * usd, 500, 60n + 100n + 100n],
      [-60n * usd, 10, 100n + 20n],
    ] as const) {
      const { chain, of, attempt } = await createBounded()
      const first = await of(10n * usd + start)
      await post(chain, first.wire)
      await chain.networkHelpers.time.increaseTo(first.record.observedAt + seconds)
      expect(await attempt((10n + most) * usd)).to.equal('stored')
      expect(await attempt((10n + most) * usd + 1n)).to.equal('ImprovementTooLarge')
      const stored = { ...first.record }
      const { improvementBase: base, improvementRate: rate, improvementCap: cap } = bounds
      const own = improvementBound({ bounds: { base, rate, cap }, stored }, first.record.observedAt + seconds)
      expect(own).to.equal(most * usd)
    }
  })

  it('threat 13: refuses a jump of a bad price upwards and takes it downwards', async () => {
    const { chain, of, attempt } = await createBounded()
    await post(chain, (await of(50n * usd)).wire)
    await chain.networkHelpers.mine()
    expect(await attempt(5_800_000n * usd)).to.equal('ImprovementTooLarge')
    expect(await attempt(-5_800_000n * usd)).to.equal('stored')
  })

  it('is the same in batch, pull and proof, against the stored record', async () => {
    const { chain, probe, of, act } = await createBounded()
    const setting = { chain, probe }
    await post(chain, (await of(50n * usd)).wire)
    await chain.networkHelpers.mine(3)
    const high = { account: borrower, equity: 1_000n * usd, initialMargin: 10n * usd, maintenanceMargin: 0n }
    const fair = { ...high, equity: 60n * usd }

    const batch = await signBatchOf(chain, chain.signerSet, [high, { ...fair, account: other }])
    await post(chain, batch.wire)
    expect((await chain.contract.read.marginOf([borrower, 3600n])).equity).to.equal(50n * usd)
    expect((await chain.contract.read.marginOf([other, 3600n])).equity).to.equal(60n * usd)

    const pulled = await of(1_000n * usd)
    const { margin, root } = await runThenRead(setting, [verifyCall(pulled.wire)])
    expect([margin.equity, BigInt(root)]).to.deep.equal([50n * usd, 0n])
    expect(await act(pulled.wire)).to.equal('ImprovementTooLarge')
    expect(await act((await of(60n * usd)).wire)).to.equal(undefined)

    const tree = await signRootOf(chain, chain.signerSet, [high, { ...fair, account: other }])
    await post(chain, tree.wire)
    const [highLeaf = '0x', fairLeaf = '0x'] = tree.leafWires
    expect(await tryPost(chain, highLeaf)).to.equal('ImprovementTooLarge')
    expect(await act(highLeaf)).to.equal('ImprovementTooLarge')
    expect((await runThenRead(setting, [verifyCall(fairLeaf)], other)).status).to.equal(fresh)
  })

  it('is met to the unit by an item of a batch and by what is pulled', async () => {
    const { chain, probe, of, act } = await createBounded()
    const first = await of(50n * usd)
    await post(chain, first.wire)
    await chain.networkHelpers.mine(3)
    const { timestamp } = await chain.publicClient.getBlock()
    const { improvementBase: base, improvementRate: rate, improvementCap: cap } = bounds
    const most = improvementBound({ bounds: { base, rate, cap }, stored: first.record }, Number(timestamp)) ?? 0n
    const equity = most + 10n * usd
    const item = { account: borrower, initialMargin: 10n * usd, maintenanceMargin: 0n }
    const batchOf = async (equity: bigint) => (await signBatchOf(chain, chain.signerSet, [{ ...item, equity }])).wire
    expect(await tryPost(chain, await batchOf(equity))).to.equal('stored')
    expect(await tryPost(chain, await batchOf(equity + 1n))).to.equal('skipped')

    const pulled = await of(equity)
    const afterPull = async (wire: Hex) => (await runThenRead({ chain, probe }, [verifyCall(wire)])).margin.equity
    expect(await afterPull(pulled.wire)).to.equal(equity)
    expect(await afterPull((await of(equity + 1n)).wire)).to.equal(50n * usd)
    expect(await act(pulled.wire)).to.equal(undefined)
    expect(await act((await of(equity + 1n)).wire)).to.equal('ImprovementTooLarge')
  })

  it('does not ratchet over pulls of one transaction', async () => {
    const { chain, probe, of } = await createBounded()
    const base = await of(20n * usd)
    await post(chain, base.wire)
    const steps: Hex[] = []
    for (const equity of [115n, 215n, 315n]) {
      await chain.networkHelpers.mine()
      steps.push((await of(equity * usd)).wire)
    }
    const { margin } = await runThenRead({ chain, probe }, steps.map(verifyCall))
    expect(margin.equity).to.equal(20n * usd)
  })

  it('measures a pulled record against what is posted after it in the same transaction', async () => {
    const { chain, probe, of } = await createBounded()
    await post(chain, (await of(100n * usd)).wire)
    await chain.networkHelpers.mine()
    const worse = await of(-500n * usd)
    await chain.networkHelpers.mine()
    const good = await of(190n * usd)
    expect((await runThenRead({ chain, probe }, [verifyCall(good.wire)])).margin.equity).to.equal(190n * usd)
    // From the worse record the good one would be a rise of more than the base.
    const both = await runThenRead({ chain, probe }, [verifyCall(good.wire), worse.wire])
    expect(both.margin.equity).to.equal(-500n * usd)
  })

  it('threat 17: k stolen keys raise an account by what the model allows and no more', async () => {
    const { chain, of, attempt } = await createBounded()
    await post(chain, (await of(20n * usd)).wire)
    let free = 10n * usd
    let last = (await chain.contract.read.marginOf([borrower, 3600n])).observedAt
    for (let i = 0; i < 4; i++) {
      await chain.networkHelpers.mine(2)
      const { timestamp } = await chain.publicClient.getBlock()
      free += 100n * usd + 2n * usd * BigInt(Math.min(Number(timestamp) - last, 50))
      last = Number(timestamp)
      expect(await attempt(10n * usd + free + 1n)).to.equal('ImprovementTooLarge')
      await post(chain, (await of(10n * usd + free)).wire)
    }
  })

  it('threat 08: whoever holds signed records back never shows more than what was last published allows', async () => {
    const { chain, probe, of } = await createBounded()
    // What the signers saw: a fall, published on chain, between two better records that the holder keeps.
    const before = await of(100n * usd)
    await chain.networkHelpers.mine()
    const fall = await of(-300n * usd)
    await chain.networkHelpers.mine()
    const after = await of(105n * usd)
    await post(chain, fall.wire)
    const published = -300n * usd
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([before, after, fall], { minLength: 1 }), async (held) => {
        const { margin } = await runThenRead(
          { chain, probe },
          held.map(({ wire }) => verifyCall(wire)),
        )
        expect([published, after.record.equity]).to.include(margin.equity)
        expect(margin.equity).not.to.equal(before.record.equity)
      }),
      { numRuns: 12 },
    )
  })
})

describe('one model at a time', () => {
  it('skips records of another model until the account may move, and then of the old one', async () => {
    const { chain, probe, of, attempt } = await createBounded()
    await chain.contract.write.setModel([toModel({ id: 1, paramsHash })])
    await post(chain, (await of(20n * usd)).wire)
    await chain.networkHelpers.mine()
    expect(await attempt(20n * usd, { modelId: 1 })).to.equal('skipped')
    const pulled = await of(-20n * usd, { modelId: 1 })
    expect((await runThenRead({ chain, probe }, [verifyCall(pulled.wire)])).margin.modelId).to.equal(0)
    expect(await errorOf(chain.contract.simulate.moveToModel([borrower, 2]))).to.equal('UndefinedModel')
    await chain.contract.write.moveToModel([borrower, 1])
    await chain.networkHelpers.mine()
    expect(await attempt(30n * usd)).to.equal('stored')
    await post(chain, (await of(20n * usd, { modelId: 1 })).wire)
    await chain.networkHelpers.mine()
    expect(await attempt(30n * usd)).to.equal('skipped')
    expect(await attempt(30n * usd, { modelId: 1 })).to.equal('stored')
    expect((await chain.contract.read.tryMarginOf([other, 1n]))[0]).to.equal(unknown)
  })

  it('holds the bounds of the new model against the record of the old', async () => {
    const { chain, of, attempt } = await createBounded()
    await chain.contract.write.setModel([toModel({ id: 1, paramsHash, ...bounds, improvementBase: usd })])
    await post(chain, (await of(20n * usd)).wire)
    await chain.contract.write.moveToModel([borrower, 1])
    await chain.networkHelpers.mine()
    expect(await attempt(10n * usd + 10n * usd + 20n * usd, { modelId: 1 })).to.equal('ImprovementTooLarge')
    expect(await attempt(20n * usd + usd, { modelId: 1 })).to.equal('stored')
  })

  it('fails retired models after their grace, at once when the grace is cut, and never sooner by anyone', async () => {
    const { chain, of, attempt } = await createBounded()
    const { contract } = chain
    await post(chain, (await of(20n * usd, { flags: 15 })).wire)
    expect(await errorOf(contract.simulate.retireModel([0, 15 * 2 ** 15 + 1]))).to.equal('GraceTooLong')
    expect(await errorOf(contract.simulate.retireModel([0, 15 * 2 ** 15]))).to.equal(undefined)
    expect(await errorOf(contract.simulate.endModel([0]))).to.equal('RetirementOutOfOrder')
    await contract.write.retireModel([0, 1000])
    const endsAt = Number((await chain.publicClient.getBlock()).timestamp) + 1000
    expect(await attempt(20n * usd)).to.equal('ModelNotInForce')
    const read = () => errorOf(contract.read.marginOf([borrower, 3600n]))
    expect(await read()).to.equal(undefined)
    expect(await errorOf(contract.simulate.retireModel([0, 5000]))).to.equal('RetirementOutOfOrder')
    // The same end again is no news, a second sooner is.
    const { time } = chain.networkHelpers
    await time.setNextBlockTimestamp(endsAt - 899)
    const retire = (grace: number) => errorOf(contract.simulate.retireModel([0, grace], { blockTag: 'pending' }))
    expect(await retire(899)).to.equal('RetirementOutOfOrder')
    expect(await retire(898)).to.equal(undefined)
    expect(await errorOf(contract.simulate.setModel([toModel({ id: 0, paramsHash })]))).to.equal('ModelInUse')
    const anyone = chain.wallets[5]?.account
    if (!anyone) throw new Error('no account')
    const end = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'endModel', args: [0] })
    const byAnyone = { account: anyone, to: chain.registry, data: end, chain: null }
    expect(await errorOf(chain.publicClient.call({ ...byAnyone, blockTag: 'pending' } as never))).to.equal(
      'RetirementOutOfOrder',
    )
    const snapshot = await chain.networkHelpers.takeSnapshot()
    await contract.write.retireModel([0, 0])
    expect(await read()).to.equal('RetiredModel')
    await snapshot.restore()
    const endPending = () => errorOf(contract.simulate.endModel([0], { blockTag: 'pending' }))
    await time.setNextBlockTimestamp(endsAt - 1)
    expect(await endPending()).to.equal('RetirementOutOfOrder')
    await time.setNextBlockTimestamp(endsAt)
    expect(await endPending()).to.equal(undefined)
    await chain.networkHelpers.time.increaseTo(endsAt)
    expect(await read()).to.equal(undefined)
    await chain.walletClient.sendTransaction({ ...byAnyone, account: chain.walletClient.account })
    expect(await read()).to.equal('RetiredModel')
  })
})
