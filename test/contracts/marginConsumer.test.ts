import { expect } from 'chai'
import { concat, encodeAbiParameters, type Hex, keccak256, toFunctionSelector } from 'viem'
import { encodeWord, type MarginRecord } from '../../src/attest/record.ts'
import {
  anHour,
  borrower,
  createChain,
  errorOf,
  paramsHash,
  portfolioRoot,
  post,
  sign,
} from '../support/attestations.ts'
import { postRoot, rootMode } from '../support/roots.ts'

/** The leaf of a record. */
function leafOf(record: MarginRecord): Hex {
  const types = [{ type: 'address' }, { type: 'bytes32' }, { type: 'bytes32' }] as const
  return keccak256(keccak256(encodeAbiParameters(types, [record.account, encodeWord(record), portfolioRoot])))
}

/** A consumer of a registry whose newest root holds the record and one of somebody else. */
async function createConsumer() {
  const chain = await createChain({ threshold: 1, members: 1, models: [{ id: 0, paramsHash }] })
  const consumer = await chain.viem.deployContract('OracleProbe', [chain.registry, 600n, 0n, 1n])
  await chain.networkHelpers.mine()
  const { timestamp } = await chain.publicClient.getBlock()
  const record: MarginRecord = {
    account: borrower,
    ...{ initialMargin: 500_000_000n, maintenanceMargin: 400_000_000n, equity: 2_000_000_000n },
    ...{ observedAt: Number(timestamp), lienSeq: 0, modelId: 0, flags: rootMode | anHour },
  }
  const sibling = leafOf({ ...record, account: '0x2222222222222222222222222222222222222222' })
  const root = keccak256(concat([leafOf(record), sibling].sort()))
  await postRoot(chain, { observedAt: record.observedAt, root })
  const proof = (of: MarginRecord) =>
    concat([toFunctionSelector('postLeaf()'), of.account, encodeWord(of), portfolioRoot, sibling])
  const act = (needed: bigint, update: Hex) => errorOf(consumer.write.act([borrower, needed, update]))
  return { chain, record, proof, act, consumer }
}

describe('MarginConsumer under a root', () => {
  it('gates on a record that comes with its proof', async () => {
    const { record, proof, act, consumer } = await createConsumer()
    expect(await act(1_500_000_000n, '0x')).to.equal('UnknownAccount')
    expect(await act(1_500_000_001n, proof(record))).to.equal('InsufficientMargin')
    expect(await act(1_500_000_000n, proof(record))).to.equal(undefined)
    expect(await consumer.read.passes()).to.equal(1n)
  })

  it('refuses a record that the root does not hold, and an old proof after a newer root', async () => {
    const { chain, record, proof, act } = await createConsumer()
    expect(await act(0n, proof({ ...record, equity: record.equity + 1n }))).to.equal('NotUnderNewestRoot')
    await postRoot(chain, { observedAt: record.observedAt + 1, root: keccak256('0x01') })
    expect(await act(0n, proof(record))).to.equal('SupersededMargin')
  })

  it('lets a newer post outweigh the proof', async () => {
    const { chain, record, proof, act } = await createConsumer()
    await chain.networkHelpers.mine()
    const { wire } = await sign(chain, chain.signerSet, { record: { equity: 600_000_000n } })
    await post(chain, wire)
    expect(await act(1_500_000_000n, proof(record))).to.equal('InsufficientMargin')
    expect(await act(100_000_000n, proof(record))).to.equal(undefined)
  })
})
