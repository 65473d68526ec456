import { expect } from 'chai'
import { TypedDataEncoder } from 'ethers'
import fc from 'fast-check'
import { type Address, concat, type Hex, keccak256, size, slice, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { buildBatch, type Draft, decodeBatch, encodeBatch } from '../../src/attest/batch.ts'
import { batchDigest, rootDigest } from '../../src/attest/digest.ts'
import { improvementBound, withBoundedEquity } from '../../src/attest/improvement.ts'
import { buildRoot, decodeLeaf, decodeRoot, encodeLeaf, encodeRoot, isUnderRoot } from '../../src/attest/root.ts'
import { assembleBatch, assembleRoot, QuorumError, signBatch, signRoot } from '../../src/attest/sign.ts'
import { batchTypedData, batchTypes, rootTypedData, rootTypes } from '../../src/attest/typedData.ts'
import { verifyBatch, verifyLeaf, verifyRoot } from '../../src/attest/verify.ts'
import { InvalidAttestationError } from '../../src/attest/wire.ts'
import { OutOfRangeError } from '../../src/core/errors.ts'

const hash = (text: string) => keccak256(stringToHex(text))
const keys = ['a', 'b', 'c']
  .map((name) => privateKeyToAccount(hash(name)))
  .sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))
const signerSet = { setId: 3n, threshold: 2, signers: keys.map(({ address }) => address) }
const domain = { chainId: 31337, registry: '0x00000000000000000000000000000000000000aa' as Address }
const block = { hash: hash('block'), timestamp: 1_800_000_000 }
const binding = { blockHash: block.hash, paramsHash: hash('parameters'), setId: 3n }
const context = { domain, signerSet, block, paramsHash: binding.paramsHash, time: block.timestamp + 10 }

const draft = (i: number, record: object = {}): Draft => ({
  record: {
    account: slice(hash(`account ${i}`), 12),
    initialMargin: 2n ** 64n - 1n - BigInt(i),
    maintenanceMargin: BigInt(i),
    equity: i % 2 === 0 ? -(2n ** 63n) : 2n ** 63n - 1n,
    observedAt: block.timestamp,
    lienSeq: 0,
    modelId: 23,
    flags: 0x08,
    ...record,
  },
  blockNumber: 2n ** 40n - 1n,
  portfolioRoot: hash(`portfolio ${i}`),
})
const drafts = (count: number, record: object = {}) => Array.from({ length: count }, (_, i) => draft(i, record))

async function signedBatch(count: number) {
  const unsigned = { ...buildBatch(drafts(count)), ...binding }
  const signatures = await Promise.all(keys.map((key) => signBatch(key, unsigned, domain)))
  return { unsigned, signatures, batch: await assembleBatch(unsigned, domain, signerSet, signatures) }
}

async function signedRoot(count: number) {
  const { root, leaves } = buildRoot(drafts(count, { flags: 0x28 }))
  const unsigned = { root, ...binding }
  const signatures = await Promise.all(keys.map((key) => signRoot(key, unsigned, domain)))
  return { unsigned, leaves, root: await assembleRoot(unsigned, domain, signerSet, signatures) }
}

describe('batch', () => {
  it('has one encoding, which decodes to itself', async () => {
    for (const count of [1, 2, 17]) {
      const { batch } = await signedBatch(count)
      const wire = encodeBatch(batch)
      expect(size(wire)).to.equal(49 + 2 * 64 + 46 * count)
      expect(encodeBatch(decodeBatch(wire))).to.equal(wire)
      expect(decodeBatch(wire).items.map(({ equity }) => equity)).to.deep.equal(batch.items.map(({ equity }) => equity))
      for (const other of [
        slice(wire, 0, size(wire) - 1),
        concat([wire, '0x00']),
        slice(wire, 0, 177),
        slice(wire, 0, 48),
      ])
        expect(() => decodeBatch(other)).to.throw()
    }
  })

  it('has the digest of ethers', async () => {
    const { unsigned } = await signedBatch(3)
    const { domain: typed, message } = batchTypedData(unsigned, domain)
    const types = { MarginBatch: [...batchTypes.MarginBatch] }
    expect(TypedDataEncoder.hash(typed, types, message)).to.equal(batchDigest(unsigned, domain))
  })

  it('is verified as a registry would, item by item', async () => {
    const { batch } = await signedBatch(3)
    expect(await verifyBatch(batch, context)).to.deep.equal({ valid: true, signers: signerSet.signers.slice(0, 2) })
    const reason = async (changed: object, at: object = {}) => {
      const result = await verifyBatch({ ...batch, ...changed }, { ...context, ...at })
      return result.valid ? 'valid' : result.failure.reason
    }
    expect(await reason({ rootsRoot: hash('other') })).to.equal('wrongSigner')
    expect(await reason({ items: batch.items.slice(1) })).to.equal('wrongSigner')
    expect(await reason({ items: batch.items.map((item) => ({ ...item, lienSeq: 1 })) })).to.equal(
      'unsupportedLienSequence',
    )
    expect(await reason({}, { time: block.timestamp + 3841 })).to.equal('expired')
    expect(await reason({}, { block: { ...block, timestamp: 1 } })).to.equal('wrongObservationTime')
  })

  it('error: refuses records that do not belong together, or not at all', async () => {
    expect(() => buildBatch([])).to.throw(InvalidAttestationError)
    expect(() => buildBatch([draft(1), draft(1)])).to.throw(InvalidAttestationError, 'twice')
    for (const other of [{ observedAt: 1 }, { modelId: 1 }, { flags: 9 }])
      expect(() => buildBatch([draft(1), draft(2, other)])).to.throw(InvalidAttestationError, 'differs')
    expect(() => buildBatch(drafts(2, { flags: 0x88 }))).to.throw(InvalidAttestationError, 'one by one')
    expect(() => buildBatch(drafts(1025))).to.throw(InvalidAttestationError, '1024')
    expect(() => buildBatch([draft(1, { equity: 2n ** 63n })])).to.throw(OutOfRangeError)
    const { batch, unsigned, signatures } = await signedBatch(1)
    expect(() => encodeBatch({ ...batch, flags: 0x88 })).to.throw(InvalidAttestationError, 'one by one')
    expect(() => encodeBatch({ ...batch, signerBitmap: 1 })).to.throw(InvalidAttestationError)
    const few = await assembleBatch(unsigned, domain, signerSet, signatures.slice(0, 1)).catch((error) => error)
    expect(few).to.be.instanceOf(QuorumError)
    const late = await assembleBatch({ ...unsigned, setId: 4n }, domain, signerSet, signatures).catch((error) => error)
    expect(late).to.be.instanceOf(QuorumError)
  })
})

describe('root', () => {
  it('has one encoding, and one for every leaf, and holds every leaf', async () => {
    for (const count of [1, 2, 3, 8, 13]) {
      const { root, leaves } = await signedRoot(count)
      const wire = encodeRoot(root)
      expect(encodeRoot(decodeRoot(wire))).to.equal(wire)
      expect(() => decodeRoot(concat([wire, '0x00']))).to.throw(InvalidAttestationError)
      for (const leaf of leaves) {
        const bytes = encodeLeaf(leaf)
        expect(encodeLeaf(decodeLeaf(bytes))).to.equal(bytes)
        expect(() => decodeLeaf(concat([bytes, '0x00']))).to.throw(InvalidAttestationError)
        expect(isUnderRoot(decodeLeaf(bytes), root)).to.equal(true)
        expect(await verifyLeaf(leaf, root, context)).to.have.property('valid', true)
        const changed = { ...leaf, record: { ...leaf.record, equity: 0n } }
        expect(await verifyLeaf(changed, root, context)).to.have.nested.property('failure.reason', 'notUnderRoot')
      }
    }
  })

  it('has the digest of ethers, and is verified as a registry would', async () => {
    const { unsigned, root } = await signedRoot(3)
    const { domain: typed, message } = rootTypedData(unsigned, domain)
    const types = { MarginRoot: [...rootTypes.MarginRoot] }
    expect(TypedDataEncoder.hash(typed, types, message)).to.equal(rootDigest(unsigned, domain))
    expect(await verifyRoot(root, context)).to.have.property('valid', true)
    const other = await verifyRoot({ ...root, root: hash('other') }, context)
    expect(other).to.have.nested.property('failure.reason', 'wrongSigner')
  })

  it('lets leaves differ in validity and venue-critical only, and carries the longest validity', () => {
    const mixed = [draft(1, { flags: 0x21 }), draft(2, { flags: 0x68 }), draft(3, { flags: 0x20 })]
    expect(buildRoot(mixed).root.flags).to.equal(0x28)
    expect(() => buildRoot([...mixed, draft(4, { flags: 0x31 })])).to.throw(InvalidAttestationError, 'differs')
    expect(() => buildRoot(drafts(2))).to.throw(InvalidAttestationError, 'root mode')
    const [leaf] = buildRoot(mixed).leaves
    if (!leaf) throw new Error('no leaf')
    const long: Hex[] = Array.from({ length: 33 }, () => hash('sibling'))
    expect(() => encodeLeaf({ ...leaf, proof: long })).to.throw(InvalidAttestationError, '32')
  })
})

describe('improvement', () => {
  it('lowers equity to the bound and never below, and leaves the rest alone', () => {
    const amount = fc.bigInt(0n, 2n ** 62n)
    fc.assert(
      fc.property(
        fc.record({ base: amount, rate: fc.bigInt(0n, 2n ** 32n), cap: fc.nat(100_000) }),
        fc.option(
          fc.record({ equity: fc.bigInt(-(2n ** 62n), 2n ** 62n), initialMargin: amount, observedAt: fc.nat(1000) }),
        ),
        fc.bigInt(-(2n ** 62n), 2n ** 62n),
        (bounds, stored, equity) => {
          const { record } = draft(1, { equity, initialMargin: 5n })
          const bound = improvementBound({ bounds, stored }, record.observedAt)
          const bounded = withBoundedEquity(record, { bounds, stored })
          expect(bounded).to.deep.equal({ ...record, equity: equity - 5n > bound ? bound + 5n : equity })
          expect(bound >= bounds.base).to.equal(true)
        },
      ),
    )
  })
})
