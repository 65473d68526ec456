import { expect } from 'chai'
import { type Address, concat, type Hex, slice } from 'viem'
import { encodeWord } from '../../src/attest/record.ts'
import { wad } from '../../src/core/units.ts'
import { borrower, createChain, errorOf, post, sign, signRootOf } from '../support/attestations.ts'

const other = '0x2222222222222222222222222222222222222222'

/** A consumer of a registry whose newest root holds a record of the borrower, with 1,500 USD free, and one of somebody else. */
async function createConsumer() {
  const chain = await createChain()
  const consumer = await chain.viem.deployContract('OracleProbe', [chain.registry, 600n, 0n, 1n])
  await chain.networkHelpers.mine()
  const newRoot = async () => {
    const signed = await signRootOf(chain, chain.signerSet, [{ account: borrower }, { account: other }])
    await post(chain, signed.wire)
    return signed
  }
  const { leaves, leafWires } = await newRoot()
  const [leaf = expect.fail('no leaf')] = leaves
  const [proof = expect.fail('no leaf')] = leafWires
  return {
    ...{ chain, consumer, leaf, proof, newRoot },
    act: (needed: bigint, update: Hex) => errorOf(consumer.write.act([borrower, needed, update])),
  }
}

describe('MarginConsumer under a root', () => {
  it('gates on a record that comes with its proof', async () => {
    const { proof, act, consumer } = await createConsumer()
    expect(await act(1_500_000_000n, '0x')).to.equal('UnknownAccount')
    expect(await act(1_500_000_001n, proof)).to.equal('InsufficientMargin')
    expect(await act(1_500_000_000n, proof)).to.equal(undefined)
    expect(await consumer.read.passes()).to.equal(1n)
  })

  it('refuses a record that the root does not hold, and an old proof after a newer root', async () => {
    const { leaf, proof, act, newRoot } = await createConsumer()
    const better = encodeWord({ ...leaf.record, equity: leaf.record.equity + 1n })
    expect(await act(0n, concat([slice(proof, 0, 24), better, slice(proof, 56)]))).to.equal('NotUnderNewestRoot')
    await newRoot()
    expect(await act(0n, proof)).to.equal('SupersededMargin')
  })

  it('lets a newer post outweigh the proof', async () => {
    const { chain, proof, act } = await createConsumer()
    const { wire } = await sign(chain, chain.signerSet, { record: { equity: 600_000_000n } })
    await post(chain, wire)
    expect(await act(1_500_000_000n, proof)).to.equal('InsufficientMargin')
    expect(await act(100_000_000n, proof)).to.equal(undefined)
  })
})

describe('MarginConsumer: settings', () => {
  it('refuses an oracle without code, ages and models that cannot be, and an aging above one per second', async () => {
    const { viem, registry } = await createChain()
    const deploy = async (oracle: Address, maxAge: bigint, agingRate: bigint, models: bigint) =>
      errorOf(viem.deployContract('OracleProbe', [oracle, maxAge, agingRate, models]))
    const invalid = 'InvalidConsumerSettings'
    expect(await deploy(other, 600n, 0n, 1n)).to.equal(invalid)
    expect(await deploy(registry, 0n, 0n, 1n)).to.equal(invalid)
    expect(await deploy(registry, 2n ** 32n, 0n, 1n)).to.equal(invalid)
    expect(await deploy(registry, 600n, wad + 1n, 1n)).to.equal(invalid)
    expect(await deploy(registry, 600n, 0n, 0n)).to.equal(invalid)
    expect(await deploy(registry, 600n, 0n, 1n << 24n)).to.equal(invalid)
    expect(await deploy(registry, 2n ** 32n - 1n, wad, 1n << 23n)).to.equal(undefined)
  })
})
