import { expect } from 'chai'
import { TypedDataEncoder } from 'ethers'
import fc from 'fast-check'
import { type Hex, hashTypedData, hexToBytes, keccak256, toHex } from 'viem'
import { attestationDigest, batchDigest, rootDigest } from '../../src/attest/digest.ts'
import { attestationTypedData, batchTypedData, rootTypedData } from '../../src/attest/typedData.ts'
import { InvalidAttestationError } from '../../src/attest/wire.ts'
import { OutOfRangeError } from '../../src/core/errors.ts'
import { keccak256Into } from '../../src/core/keccak256.ts'
import { thrown } from '../support/rejection.ts'

const hex = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => toHex(bytes) as Hex)
/** Not zero, which no account and no root may be. */
const some = (length: number) => hex(length).filter((value) => !/^0x0*$/.test(value))
const uint = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n })
const small = (bits: number) => fc.nat({ max: 2 ** bits - 1 })
const margins = fc.tuple(uint(64), uint(64)).map(([a, b]) => (a < b ? [b, a] : [a, b]) as [bigint, bigint])
const equity = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const header = fc.record({
  observedAt: small(32),
  modelId: fc.nat({ max: 23 }),
  flags: small(7),
  blockNumber: uint(40),
})
const binding = fc.record({ blockHash: hex(32), paramsHash: hex(32), setId: uint(256) })
const domain = fc.record({ chainId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), registry: hex(20) })

const attestation = fc
  .record({
    account: some(20),
    margins,
    equity,
    shared: header,
    lienSeq: small(16),
    flags: small(8),
    root: some(32),
    binding,
  })
  .map(({ account, margins: [initialMargin, maintenanceMargin], shared, root, binding: bound, ...record }) => {
    const { observedAt, modelId, blockNumber } = shared
    return {
      record: { ...record, account, initialMargin, maintenanceMargin, observedAt, modelId },
      blockNumber,
      portfolioRoot: root,
      ...bound,
    }
  })
const item = fc
  .record({ account: some(20), margins, equity, lienSeq: small(16) })
  .map(({ margins: [initialMargin, maintenanceMargin], ...rest }) => ({ ...rest, initialMargin, maintenanceMargin }))
const batch = fc
  .record({ header, rootsRoot: some(32), items: fc.array(item, { minLength: 1, maxLength: 4 }), binding })
  .map(({ header: shared, rootsRoot, items, binding: bound }) => ({ batch: { ...shared, rootsRoot, items }, ...bound }))
const root = fc
  .record({ header, root: some(32), binding })
  .map(({ header: shared, root: hash, binding: bound }) => ({ root: { ...shared, root: hash }, ...bound }))

type TypedData = Parameters<typeof hashTypedData>[0]

/** The digest of two libraries that do not know each other; both must say the same. */
function peers(data: object): Hex {
  const typed = data as unknown as TypedData & { readonly primaryType: string }
  const types = { [typed.primaryType]: [...(typed.types as never)[typed.primaryType]] }
  const digest = hashTypedData(typed)
  expect(TypedDataEncoder.hash(typed.domain as never, types as never, typed.message as never)).to.equal(digest)
  return digest
}

describe('digest', function () {
  this.timeout(120_000)

  it('of a record is that of viem and ethers in 1,000 cases', () => {
    const law = fc.property(attestation, domain, (unsigned, where) => {
      expect(attestationDigest(unsigned, where)).to.equal(peers(attestationTypedData(unsigned, where)))
    })
    fc.assert(law, { numRuns: 1000 })
  })

  it('of a batch is that of viem and ethers in 1,000 cases', () => {
    const law = fc.property(batch, domain, (unsigned, where) => {
      expect(batchDigest(unsigned, where)).to.equal(peers(batchTypedData(unsigned, where)))
    })
    fc.assert(law, { numRuns: 1000 })
  })

  it('of a root is that of viem and ethers in 1,000 cases', () => {
    const law = fc.property(root, domain, (unsigned, where) => {
      expect(rootDigest(unsigned, where)).to.equal(peers(rootTypedData(unsigned, where)))
    })
    fc.assert(law, { numRuns: 1000 })
  })

  it('refuses what has no place in its word, and is right again after that', async () => {
    const [unsigned] = fc.sample(attestation, { numRuns: 1, seed: 1 })
    const where = { chainId: 1, registry: '0x1111111111111111111111111111111111111111' } as const
    if (!unsigned) throw new Error('no sample')
    const digest = attestationDigest(unsigned, where)
    const { record } = unsigned
    for (const wrong of [
      { ...unsigned, blockHash: `${unsigned.blockHash}00` as Hex },
      { ...unsigned, paramsHash: `0x${'0g'.repeat(32)}` as Hex },
      { ...unsigned, portfolioRoot: `0x${'é0'.repeat(32)}` as Hex },
      { ...unsigned, record: { ...record, account: '0x11' as Hex } },
    ]) {
      await thrown(() => attestationDigest(wrong, where), InvalidAttestationError)
    }
    for (const changed of [
      { initialMargin: 2n ** 64n },
      { maintenanceMargin: -1n },
      { equity: 2n ** 63n },
      { equity: -(2n ** 63n) - 1n },
      { observedAt: 2 ** 32 },
      { lienSeq: 65_536 },
      { modelId: 256 },
      { flags: -1 },
      { flags: 0.5 },
    ]) {
      await thrown(() => attestationDigest({ ...unsigned, record: { ...record, ...changed } }, where), OutOfRangeError)
    }
    await thrown(() => attestationDigest({ ...unsigned, blockNumber: 2n ** 40n }, where), OutOfRangeError)
    await thrown(() => attestationDigest({ ...unsigned, setId: 2n ** 256n }, where), OutOfRangeError)
    await thrown(() => attestationDigest(unsigned, { ...where, chainId: 0 }), OutOfRangeError)
    await thrown(() => attestationDigest(unsigned, { ...where, registry: '0x' }), InvalidAttestationError)
    expect(attestationDigest(unsigned, where)).to.equal(digest)
  })

  it('hashes messages of every length around the blocks, and longer than its memory, as viem does', () => {
    const target = new Uint8Array(40)
    const lengths = [...Array.from({ length: 421 }, (_, i) => i), 47_104, 65_312, 65_313, 200_000, 5]
    for (const length of lengths) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff)
      keccak256Into(message, target, 8)
      expect(target.subarray(8), `${length} bytes`).to.deep.equal(hexToBytes(keccak256(message)))
    }
  })
})
