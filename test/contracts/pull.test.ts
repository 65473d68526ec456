import { expect } from 'chai'
import { encodeFunctionData, type Hex, slice, zeroHash } from 'viem'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { borrower, type Chain, createChain, errorOf, portfolioRoot, post, sign } from '../support/attestations.ts'
import { createProbe, runThenRead, verifyCall } from '../support/readAfter.ts'

const other = `0x${'ab'.repeat(32)}` as const
const [unknown, fresh, , , invalidated, retired] = [0, 1, 2, 3, 4, 5]

describe('pull mode', () => {
  it('serves a pulled record for one transaction and stores nothing', async () => {
    const setting = await createProbe()
    const { wire } = await sign(setting.chain, setting.chain.signerSet)
    const { status, margin, root } = await runThenRead(setting, [verifyCall(wire)])
    expect([status, margin.equity, root]).to.deep.equal([fresh, 2_000_000_000n, portfolioRoot])
    await setting.chain.contract.write.verify([wire])
    expect((await setting.chain.contract.read.tryMarginOf([borrower, 3600n]))[0]).to.equal(unknown)
  })

  it('is never fooled by a record older than the stored one', async () => {
    const setting = await createProbe()
    const { chain } = setting
    const older = await sign(chain, chain.signerSet, { record: { equity: 9_000_000_000n } })
    await chain.networkHelpers.mine()
    const stored = await sign(chain, chain.signerSet, { portfolioRoot: other })
    await post(chain, stored.wire)
    const { margin, root } = await runThenRead(setting, [verifyCall(older.wire)])
    expect([margin.equity, root]).to.deep.equal([2_000_000_000n, zeroHash])
  })

  it('keeps the newer of two pulled records in either order, and the lower at equal times', async () => {
    const setting = await createProbe()
    const { chain } = setting
    const { number } = await chain.publicClient.getBlock()
    const first = await sign(chain, chain.signerSet, { record: { equity: 9_000_000_000n } })
    await chain.networkHelpers.mine()
    const second = await sign(chain, chain.signerSet, { portfolioRoot: other })
    const lower = await sign(chain, chain.signerSet, { blockNumber: number, record: { equity: 1n } })
    for (const calls of [
      [first.wire, second.wire],
      [second.wire, first.wire],
    ]) {
      const { margin, root } = await runThenRead(setting, calls.map(verifyCall))
      expect([margin.equity, root]).to.deep.equal([2_000_000_000n, other])
    }
    for (const calls of [
      [first.wire, lower.wire],
      [lower.wire, first.wire],
    ]) {
      expect((await runThenRead(setting, calls.map(verifyCall))).margin.equity).to.equal(1n)
    }
  })

  it('sees a newer record that is posted after a pull in the same transaction', async () => {
    const setting = await createProbe()
    const { chain } = setting
    const pulled = await sign(chain, chain.signerSet, { record: { equity: 9_000_000_000n } })
    await chain.networkHelpers.mine()
    const posted = await sign(chain, chain.signerSet, { record: { equity: 3n } })
    const { margin, root } = await runThenRead(setting, [verifyCall(pulled.wire), posted.wire])
    expect([margin.equity, root]).to.deep.equal([3n, zeroHash])
  })

  it('keeps the cache when an older post after it is stored', async () => {
    const setting = await createProbe()
    const { chain } = setting
    const posted = await sign(chain, chain.signerSet, { record: { equity: 3n } })
    await chain.networkHelpers.mine()
    const pulled = await sign(chain, chain.signerSet)
    const { margin, root } = await runThenRead(setting, [verifyCall(pulled.wire), posted.wire])
    expect([margin.equity, root]).to.deep.equal([2_000_000_000n, portfolioRoot])
  })

  it('knows the root of a record that is stored and pulled again', async () => {
    const setting = await createProbe()
    const { wire } = await sign(setting.chain, setting.chain.signerSet)
    await post(setting.chain, wire)
    expect((await runThenRead(setting, [])).root).to.equal(zeroHash)
    expect((await runThenRead(setting, [verifyCall(wire)])).root).to.equal(portfolioRoot)
  })

  it('does not fall back to an older record when the newer one has expired', async () => {
    const setting = await createProbe()
    const { chain } = setting
    const long = await sign(chain, chain.signerSet)
    await post(chain, long.wire)
    const short = await sign(chain, chain.signerSet, { record: { flags: 0 } })
    await post(chain, short.wire)
    await chain.networkHelpers.time.increaseTo(short.record.observedAt + 16)
    expect(await errorOf(chain.contract.read.marginOf([borrower, 3600n]))).to.equal('ExpiredMargin')
    expect((await runThenRead(setting, [verifyCall(long.wire)])).status).to.equal(3)
  })

  it('kills a pulled record by invalidation and by retirement in the same transaction', async () => {
    const setting = await createProbe()
    const { chain, probe } = setting
    const grant = await chain.viem.getContractAt('AccessManager', chain.accessManager)
    await grant.write.grantRole([2n, probe.address, 0])
    const { wire, record } = await sign(chain, chain.signerSet)
    const invalidate = encodeFunctionData({
      abi: marginRegistryAbi,
      functionName: 'invalidateBefore',
      args: [record.observedAt + 1],
    })
    const retire = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'retireModel', args: [0, 0] })
    expect((await runThenRead(setting, [verifyCall(wire), invalidate])).status).to.equal(invalidated)
    expect((await runThenRead(setting, [verifyCall(wire), retire])).status).to.equal(retired)
  })

  it('checks the tag of the bytes', async () => {
    const { chain } = await createProbe()
    const { wire } = await sign(chain, chain.signerSet)
    const untagged = `0xdeadbeef${wire.slice(10)}` as Hex
    expect(await errorOf(chain.contract.simulate.verify([untagged]))).to.equal('WrongTag')
    expect(await errorOf(chain.contract.simulate.verify([slice(wire, 0, 3)]))).to.equal('WrongLength')
    expect(await errorOf(chain.contract.simulate.verify(['0xdeadbeef']))).to.equal('WrongTag')
  })
})

describe('MarginConsumer', () => {
  const needed = 1_500_000_000n

  async function act(
    chain: Chain,
    probe: Awaited<ReturnType<typeof createProbe>>['probe'],
    amount: bigint,
    update: Hex,
  ) {
    return errorOf(
      chain.publicClient.simulateContract({
        address: probe.address,
        abi: probe.abi,
        functionName: 'act',
        args: [borrower, amount, update],
        blockTag: 'pending',
      }),
    )
  }

  it('gates on free equity, pushed or pulled', async () => {
    const { chain, probe } = await createProbe()
    expect(await act(chain, probe, 0n, '0x')).to.equal('UnknownAccount')
    const { wire } = await sign(chain, chain.signerSet)
    expect(await act(chain, probe, needed, wire)).to.equal(undefined)
    expect(await act(chain, probe, needed + 1n, wire)).to.equal('InsufficientMargin')
    await post(chain, wire)
    expect(await act(chain, probe, needed, '0x')).to.equal(undefined)
    expect(await act(chain, probe, needed + 1n, '0x')).to.equal('InsufficientMargin')
  })

  it('asks for more the older the record is, rounded up', async () => {
    // One millionth per second on 500 + 1500 dollars is 2,000 quote units per second.
    const { chain, probe } = await createProbe(10n ** 12n)
    const { wire, record } = await sign(chain, chain.signerSet)
    await chain.networkHelpers.time.increaseTo(record.observedAt + 9)
    // At age 10: needed + ceil((500e6 + needed) * 1e-5) <= 1500e6.
    expect(await act(chain, probe, 1_499_980_000n, wire)).to.equal(undefined)
    expect(await act(chain, probe, 1_499_980_001n, wire)).to.equal('InsufficientMargin')
  })

  it('refuses a model that it did not pin', async () => {
    const chain = await createChain()
    const probe = await chain.viem.deployContract('OracleProbe', [chain.registry, 3600n, 0n, 2n])
    await chain.networkHelpers.mine()
    const { wire } = await sign(chain, chain.signerSet)
    expect(await act(chain, probe, 0n, wire)).to.equal('ModelNotAccepted')
  })

  it('gates negative free equity even when nothing is needed', async () => {
    const { chain, probe } = await createProbe()
    const { wire } = await sign(chain, chain.signerSet, { record: { equity: -1n } })
    expect(await act(chain, probe, 0n, wire)).to.equal('InsufficientMargin')
  })
})
