import { expect } from 'chai'
import fc from 'fast-check'
import { concat, getAddress, type Hex, numberToHex, slice } from 'viem'
import {
  type Attestation,
  decodeAttestation,
  decodeFlags,
  decodeWord,
  encodeAttestation,
  encodeFlags,
  encodeWord,
  expiresAt,
  type MarginRecord,
} from '../../src/attest/record.ts'
import { InvalidAttestationError } from '../../src/attest/wire.ts'
import { OutOfRangeError } from '../../src/core/errors.ts'

const bytes = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((value) => `0x${Buffer.from(value).toString('hex')}` as Hex)
const nonZeroBytes = (length: number) => bytes(length).filter((value) => !/^0x0*$/.test(value))

const anyRecord: fc.Arbitrary<MarginRecord> = fc
  .record({
    account: nonZeroBytes(20).map((value) => getAddress(value)),
    initialMargin: fc.bigInt(0n, 2n ** 64n - 1n),
    share: fc.bigInt(0n, 2n ** 32n),
    equity: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    observedAt: fc.integer({ min: 0, max: 0xffffffff }),
    lienSeq: fc.integer({ min: 0, max: 0xffff }),
    modelId: fc.integer({ min: 0, max: 23 }),
    flags: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ share, ...rest }) => ({ ...rest, maintenanceMargin: (rest.initialMargin * share) >> 32n }))

const signature = fc
  .tuple(bytes(32), fc.bigInt(0n, 2n ** 254n), fc.boolean())
  .map(([r, s, odd]) => concat([r, numberToHex(odd ? s | (1n << 255n) : s, { size: 32 })]))

const anyAttestation: fc.Arbitrary<Attestation> = fc
  .uniqueArray(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 16 })
  .chain((signers) =>
    fc.record({
      record: anyRecord,
      blockNumber: fc.bigInt(0n, 2n ** 40n - 1n),
      portfolioRoot: nonZeroBytes(32),
      signerBitmap: fc.constant(signers.reduce((bitmap, i) => bitmap | (1 << i), 0)),
      signatures: fc.array(signature, { minLength: signers.length, maxLength: signers.length }),
    }),
  )

const sample = fc.sample(anyAttestation, { numRuns: 1, seed: 7 })[0] as Attestation
const withRecord = (record: Partial<MarginRecord>): Attestation => ({
  ...sample,
  record: { ...sample.record, ...record },
})

describe('record', () => {
  it('packs the fields from the highest bits down', () => {
    const word = encodeWord({
      initialMargin: 0x1111111111111111n,
      maintenanceMargin: 0x0222222222222222n,
      equity: -1n,
      observedAt: 0x44444444,
      lienSeq: 0x5555,
      modelId: 0x16,
      flags: 0x77,
    })
    expect(word).to.equal('0x11111111111111110222222222222222ffffffffffffffff444444445555' + '1677')
  })

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(anyAttestation, (attestation) => {
        const wire = encodeAttestation(attestation)
        expect(decodeAttestation(wire)).to.deep.equal(attestation)
        expect(encodeAttestation(decodeAttestation(wire))).to.equal(wire)
      }),
    )
  })

  it('accepts the extremes of every field', () => {
    for (const equity of [-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n]) {
      const { account: _, ...record } = {
        ...sample.record,
        equity,
        initialMargin: 2n ** 64n - 1n,
        maintenanceMargin: 0n,
      }
      expect(decodeWord(encodeWord(record))).to.deep.equal(record)
    }
  })

  it('has one encoding: what decodes encodes to the same bytes, what is mutated to others does not slip through', () => {
    fc.assert(
      fc.property(anyAttestation, fc.nat(), fc.integer({ min: 0, max: 7 }), (attestation, at, bit) => {
        const wire = Buffer.from(encodeAttestation(attestation).slice(2), 'hex')
        const index = at % wire.length
        wire[index] = (wire[index] ?? 0) ^ (1 << bit)
        const mutated = `0x${wire.toString('hex')}` as Hex
        try {
          expect(encodeAttestation(decodeAttestation(mutated))).to.equal(mutated)
        } catch (error) {
          if (!(error instanceof InvalidAttestationError)) expect(error).to.be.instanceOf(OutOfRangeError)
        }
      }),
    )
  })

  for (const [name, value] of [
    ['initialMargin', 2n ** 64n],
    ['initialMargin', -1n],
    ['maintenanceMargin', -1n],
    ['maintenanceMargin', sample.record.initialMargin + 1n],
    ['equity', 2n ** 63n],
    ['equity', -(2n ** 63n) - 1n],
    ['observedAt', 2 ** 32],
    ['observedAt', 1.5],
    ['observedAt', Number.NaN],
    ['lienSeq', 65536],
    ['modelId', 24],
    ['modelId', -1],
    ['flags', 256],
  ] as const) {
    it(`error: OutOfRangeError for ${name} ${value}`, () => {
      expect(() => encodeAttestation(withRecord({ [name]: value }))).to.throw(OutOfRangeError, name)
    })
  }

  it('error: OutOfRangeError for a block number or bitmap that does not fit', () => {
    expect(() => encodeAttestation({ ...sample, blockNumber: 2n ** 40n })).to.throw(OutOfRangeError)
    expect(() => encodeAttestation({ ...sample, signerBitmap: 65536 })).to.throw(OutOfRangeError)
  })

  it('error: InvalidAttestationError for zero account, zero root, wrong number and form of signatures', () => {
    const refused = (attestation: Attestation) =>
      expect(() => encodeAttestation(attestation)).to.throw(InvalidAttestationError)
    refused(withRecord({ account: `0x${'00'.repeat(20)}` }))
    refused(withRecord({ account: '0x12' }))
    refused({ ...sample, portfolioRoot: `0x${'00'.repeat(32)}` })
    refused({ ...sample, portfolioRoot: '0x11' })
    refused({ ...sample, signatures: [] })
    refused({ ...sample, signerBitmap: 0, signatures: [] })
    refused({ ...sample, signatures: sample.signatures.map((text) => slice(text, 0, 63)) })
    refused({
      ...sample,
      signatures: sample.signatures.map((text) => concat([slice(text, 0, 32), `0x7f${'ff'.repeat(31)}`])),
    })
  })

  it('error: InvalidAttestationError for another length or tag', () => {
    const wire = encodeAttestation(sample)
    const refused = (bytesOf: Hex) => expect(() => decodeAttestation(bytesOf)).to.throw(InvalidAttestationError)
    refused(`${wire}00`)
    refused(wire.slice(0, -2) as Hex)
    refused(`${wire}0`)
    refused(concat([wire, `0x${'01'.repeat(64)}`]))
    refused(slice(wire, 0, 95))
    refused(concat(['0xdeadbeef', slice(wire, 4)]))
    refused('0x')
    expect(() => decodeWord('0x00')).to.throw(InvalidAttestationError)
  })

  it('reads every flag byte back, and no validity code beyond 15', () => {
    for (let flags = 0; flags < 256; flags++) expect(encodeFlags(decodeFlags(flags))).to.equal(flags)
    expect(decodeFlags(0x58)).to.deep.equal({
      validityCode: 8,
      confirmed: true,
      rootMode: false,
      venueCritical: true,
      enforceable: false,
    })
    expect(() => encodeFlags({ ...decodeFlags(0), validityCode: 16 })).to.throw(OutOfRangeError)
    expect(() => decodeFlags(256)).to.throw(OutOfRangeError)
  })

  it('expires 15 seconds times a power of two after the observation', () => {
    expect(expiresAt({ observedAt: 1000, flags: 0x50 })).to.equal(1015)
    expect(expiresAt({ observedAt: 0xffffffff, flags: 15 })).to.equal(0xffffffff + 491_520)
  })
})
