import { expect } from 'chai'
import { TypedDataEncoder, verifyTypedData } from 'ethers'
import { type Hex, keccak256, parseCompactSignature, size, stringToHex } from 'viem'
import { attestationDigest } from '../../src/attest/digest.ts'
import { signerFromKey } from '../../src/attest/keystore.ts'
import type { Attestation } from '../../src/attest/record.ts'
import { assembleAttestation, QuorumError, type SignerSet, signAttestation } from '../../src/attest/sign.ts'
import {
  type AttestationDomain,
  attestationTypedData,
  attestationTypes,
  type UnsignedAttestation,
} from '../../src/attest/typedData.ts'
import { type VerificationContext, verifyAttestation } from '../../src/attest/verify.ts'
import { OutOfRangeError } from '../../src/core/errors.ts'
import { borrower, keys, paramsHash, portfolioRoot } from '../support/attestations.ts'

const domain: AttestationDomain = { chainId: 1, registry: '0x2222222222222222222222222222222222222222' }
const set: SignerSet = { setId: 4n, threshold: 3, signers: keys.slice(0, 9).map(({ address }) => address) }
const unsigned: UnsignedAttestation = {
  record: {
    account: borrower,
    initialMargin: 1_234_567n,
    maintenanceMargin: 1_000_000n,
    equity: -5_000_000n,
    observedAt: 1_700_000_000,
    lienSeq: 0,
    modelId: 0,
    flags: 2,
  },
  blockNumber: 12_345_678n,
  portfolioRoot,
  blockHash: keccak256(stringToHex('block')),
  paramsHash,
  setId: 4n,
}
const sign = (indices: readonly number[], values = unsigned) =>
  Promise.all(indices.map((i) => signAttestation(keys[i] ?? signerFromKey('0x'), values, domain)))

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('did not fail'),
    (error) => error,
  )
}

describe('typedData', () => {
  it('has the digest that ethers computes', () => {
    const { domain: eip712Domain, message } = attestationTypedData(unsigned, domain)
    const types = { MarginAttestation: [...attestationTypes.MarginAttestation] }
    expect(attestationDigest(unsigned, domain)).to.equal(TypedDataEncoder.hash(eip712Domain, types, message))
    expect(TypedDataEncoder.from(types).encodeType('MarginAttestation')).to.equal(
      'MarginAttestation(address account,uint64 initialMargin,uint64 maintenanceMargin,int64 equity,uint32 observedAt,uint16 lienSeq,uint8 modelId,uint8 flags,uint40 blockNumber,bytes32 blockHash,bytes32 paramsHash,bytes32 portfolioRoot,uint256 setId)',
    )
  })

  it('changes with every field', () => {
    const { record } = unsigned
    const variants: UnsignedAttestation[] = [
      ...Object.entries(record).map(([name, value]) => ({
        ...unsigned,
        record: {
          ...record,
          [name]:
            typeof value === 'string' ? domain.registry : typeof value === 'bigint' ? value + 1n : Number(value) + 1,
        },
      })),
      { ...unsigned, blockNumber: 1n },
      ...(['portfolioRoot', 'blockHash', 'paramsHash'] as const).map((name) => ({
        ...unsigned,
        [name]: keccak256(stringToHex('else')),
      })),
      { ...unsigned, setId: 5n },
    ]
    const digests = [unsigned, ...variants].map((variant) => attestationDigest(variant, domain))
    digests.push(attestationDigest(unsigned, { ...domain, chainId: 2 }))
    digests.push(attestationDigest(unsigned, { ...domain, registry: borrower }))
    expect(variants).to.have.length(13)
    expect(new Set(digests).size).to.equal(16)
  })
})

describe('sign', () => {
  it('makes 64 bytes that ethers recovers to the signer', async () => {
    const [signature] = await sign([0])
    if (!signature) throw new Error('no signature')
    expect(size(signature)).to.equal(64)
    const { domain: eip712Domain, message } = attestationTypedData(unsigned, domain)
    const types = { MarginAttestation: [...attestationTypes.MarginAttestation] }
    const { r, yParityAndS } = parseCompactSignature(signature)
    expect(verifyTypedData(eip712Domain, types, message, { r, yParityAndS })).to.equal(keys[0]?.address)
  })

  it('error: OutOfRangeError before anything is signed', async () => {
    const error = await failure(sign([0], { ...unsigned, record: { ...unsigned.record, equity: 2n ** 63n } }))
    expect(error).to.be.instanceOf(OutOfRangeError)
  })

  it('assembles the same bytes whatever the order of arrival, taking the lowest signers', async () => {
    const [two, five, eight, zero] = (await sign([2, 5, 8, 0])) as [Hex, Hex, Hex, Hex]
    const attestation = await assembleAttestation(unsigned, domain, set, [eight, two, five])
    expect(attestation.signerBitmap).to.equal((1 << 2) | (1 << 5) | (1 << 8))
    expect(attestation.signatures).to.deep.equal([two, five, eight])
    const more = await assembleAttestation(unsigned, domain, set, [eight, two, five, zero])
    expect(more.signatures).to.deep.equal([zero, two, five])
  })

  it('error: QuorumError for too few, strangers, doubles, other numbers, another set, malleable signatures', async () => {
    const [a, b, c, stranger] = (await sign([0, 1, 2, 10])) as [Hex, Hex, Hex, Hex]
    const assemble = (signatures: readonly Hex[], values = unsigned) =>
      failure(assembleAttestation(values, domain, set, signatures))
    const [other] = (await sign([3], { ...unsigned, blockNumber: 1n })) as [Hex]
    for (const [signatures, text] of [
      [[a, b], '2 signatures of the 3'],
      [[a, b, stranger], 'not in the signer set'],
      [[a, b, c, c], 'signed twice'],
      [[a, b, other], 'not in the signer set'],
      [[a, b, `0x${'11'.repeat(32)}7f${'ff'.repeat(31)}`], 'lower half'],
      [[a, b, `0x${'00'.repeat(64)}`], 'no key'],
    ] as [Hex[], string][]) {
      const error = await assemble(signatures)
      expect(error).to.be.instanceOf(QuorumError)
      expect(String(error)).to.contain(text)
    }
    expect(await assemble([a, b, c], { ...unsigned, setId: 3n })).to.be.instanceOf(QuorumError)
  })
})

describe('verify', () => {
  const context: VerificationContext = {
    domain,
    signerSet: set,
    block: { hash: unsigned.blockHash, timestamp: unsigned.record.observedAt },
    paramsHash,
    time: unsigned.record.observedAt + 60,
  }
  let good: Attestation

  before(async () => {
    good = await assembleAttestation(unsigned, domain, set, await sign([1, 4, 7]))
  })

  async function reason(attestation: Attestation, changes: Partial<VerificationContext> = {}) {
    const result = await verifyAttestation(attestation, { ...context, ...changes })
    return result.valid ? 'valid' : result.failure.reason
  }

  it('names the signers of a good attestation', async () => {
    const result = await verifyAttestation(good, context)
    expect(result).to.deep.equal({ valid: true, signers: [1, 4, 7].map((i) => set.signers[i]) })
  })

  it('says why another is not good', async () => {
    const { observedAt } = unsigned.record
    const changed = (record: object): Attestation => ({ ...good, record: { ...good.record, ...record } })
    expect(await reason(good, { time: observedAt + 61 })).to.equal('expired')
    expect(await reason(good, { time: observedAt - 1 })).to.equal('futureObservation')
    expect(await reason(good, { block: { ...context.block, timestamp: observedAt - 1 } })).to.equal(
      'wrongObservationTime',
    )
    expect(await reason(changed({ flags: 0x82 }))).to.equal('unsupportedFlags')
    expect(await reason(changed({ lienSeq: 1 }))).to.equal('unsupportedLienSequence')
    expect(await reason(changed({ equity: -4_999_999n }))).to.equal('wrongSigner')
    expect(await reason({ ...good, signerBitmap: 7 })).to.equal('wrongSigner')
    expect(await reason({ ...good, signerBitmap: (1 << 1) | (1 << 4) | (1 << 9) })).to.equal('unknownSignerBit')
    expect(await reason(good, { signerSet: { ...set, threshold: 2 } })).to.equal('wrongSignerCount')
    expect(await reason(good, { signerSet: { ...set, setId: 5n } })).to.equal('wrongSigner')
    expect(await reason(good, { paramsHash: portfolioRoot })).to.equal('wrongSigner')
    expect(await reason(good, { block: { ...context.block, hash: portfolioRoot } })).to.equal('wrongSigner')
    expect(await reason(good, { domain: { ...domain, chainId: 5 } })).to.equal('wrongSigner')
    const [first, ...rest] = good.signatures as [Hex, ...Hex[]]
    const malleable = `${first.slice(0, 66)}7f${'ff'.repeat(31)}` as Hex
    expect(await reason({ ...good, signatures: [malleable, ...rest] })).to.equal('malleableSignature')
    expect(await reason({ ...good, signatures: [`0x${'00'.repeat(64)}`, ...rest] })).to.equal('wrongSigner')
  })
})
