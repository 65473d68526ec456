import {
  type Address,
  concat,
  getAddress,
  type Hex,
  hexToBigInt,
  isAddress,
  isHex,
  numberToHex,
  size,
  slice,
  zeroAddress,
} from 'viem'
import { leastEquity, mostEquity, mostRequirement, type QuoteUnits } from '../core/units.ts'
import {
  decodeSignatures,
  encodeSignatures,
  InvalidAttestationError,
  requireRange,
  requireRoot,
  requireTag,
  type Signatures,
} from './wire.ts'

/** A margin record: what signers vouch for and the registry stores in one slot. */
export type MarginRecord = {
  readonly account: Address
  /** Needed to open risk, rounded up. */
  readonly initialMargin: QuoteUnits
  /** Needed to keep it, rounded up, at most `initialMargin`. */
  readonly maintenanceMargin: QuoteUnits
  /** Net value, rounded down, may be negative. */
  readonly equity: QuoteUnits
  /** Timestamp of the block that was read, Unix seconds. */
  readonly observedAt: number
  /** Sequence number of the liens that the record has seen; 0 where a deployment keeps none. */
  readonly lienSeq: number
  readonly modelId: number
  /** One byte; see {@link encodeFlags}. */
  readonly flags: number
}

/** What the flags of a record say. */
export type RecordFlags = {
  /** 0 to 15: the record is valid for 15 s · 2^code after its observation. */
  readonly validityCode: number
  /** Read from a confirmed block rather than from the head. */
  readonly confirmed: boolean
  /** Signed as a leaf under a root. */
  readonly rootMode: boolean
  /** A venue account of the book is close to liquidation. */
  readonly venueCritical: boolean
  /** The account is a `MarginAccount`. */
  readonly enforceable: boolean
}

/** A record with its commitments and signatures, as it is posted. */
export type Attestation = Signatures & {
  readonly record: MarginRecord
  readonly blockNumber: bigint
  readonly portfolioRoot: Hex
}

/** First four bytes of a posted record: the selector of `post()`. */
export const postTag: Hex = '0x05c1f502'

/** Highest model id that a registry can hold. */
export const maximumModelId = 23

export const shortestValidity = 15
const bodySize = 93

/**
 * Packs flags into the byte of the record.
 *
 * @throws {OutOfRangeError} when the validity code does not fit four bits.
 */
export function encodeFlags({ validityCode, confirmed, rootMode, venueCritical, enforceable }: RecordFlags): number {
  requireRange('validityCode', validityCode, 0, 15)
  return (
    validityCode |
    (confirmed ? 0x10 : 0) |
    (rootMode ? 0x20 : 0) |
    (venueCritical ? 0x40 : 0) |
    (enforceable ? 0x80 : 0)
  )
}

/**
 * Reads the byte of the record.
 *
 * @throws {OutOfRangeError} when it is not a byte.
 */
export function decodeFlags(flags: number): RecordFlags {
  requireRange('flags', flags, 0, 0xff)
  return {
    validityCode: flags & 0xf,
    confirmed: (flags & 0x10) !== 0,
    rootMode: (flags & 0x20) !== 0,
    venueCritical: (flags & 0x40) !== 0,
    enforceable: (flags & 0x80) !== 0,
  }
}

/** Last second, Unix time, at which the record may be used. */
export function expiresAt({ observedAt, flags }: Pick<MarginRecord, 'observedAt' | 'flags'>): number {
  return observedAt + shortestValidity * 2 ** decodeFlags(flags).validityCode
}

/**
 * Packs a record into the 32 bytes that are both wire and storage.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 */
export function encodeWord(record: Omit<MarginRecord, 'account'>): Hex {
  requireFields(record)
  const { initialMargin, maintenanceMargin, equity, observedAt, lienSeq, modelId, flags } = record
  const word =
    (initialMargin << 192n) |
    (maintenanceMargin << 128n) |
    (BigInt.asUintN(64, equity) << 64n) |
    (BigInt(observedAt) << 32n) |
    (BigInt(lienSeq) << 16n) |
    (BigInt(modelId) << 8n) |
    BigInt(flags)
  return numberToHex(word, { size: 32 })
}

/**
 * Reads a packed record.
 *
 * @throws {InvalidAttestationError} when it is not 32 bytes.
 * @throws {OutOfRangeError} when a field holds what no record may hold.
 */
export function decodeWord(word: Hex): Omit<MarginRecord, 'account'> {
  if (!isHex(word) || size(word) !== 32) throw new InvalidAttestationError(`A packed record is 32 bytes, got ${word}.`)
  const bits = hexToBigInt(word)
  const record = {
    initialMargin: bits >> 192n,
    maintenanceMargin: BigInt.asUintN(64, bits >> 128n),
    equity: BigInt.asIntN(64, bits >> 64n),
    observedAt: Number(BigInt.asUintN(32, bits >> 32n)),
    lienSeq: Number(BigInt.asUintN(16, bits >> 16n)),
    modelId: Number(BigInt.asUintN(8, bits >> 8n)),
    flags: Number(BigInt.asUintN(8, bits)),
  }
  requireFields(record)
  return record
}

/**
 * The bytes that post or verify an attestation:
 * `4 tag | 20 account | 32 word | 5 blockNumber | 32 portfolioRoot | 2 signerBitmap | k × 64 (r, vs)`.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 * @throws {InvalidAttestationError} for a zero account or root, and for signatures that are not the bitmap's.
 */
export function encodeAttestation(attestation: Attestation): Hex {
  const { record, blockNumber, portfolioRoot } = attestation
  requireSignable(attestation)
  return concat([
    postTag,
    record.account,
    encodeWord(record),
    numberToHex(blockNumber, { size: 5 }),
    portfolioRoot,
    encodeSignatures(attestation),
  ]).toLowerCase() as Hex
}

/**
 * Reads the bytes of an attestation. Accepts exactly what {@link encodeAttestation} makes.
 *
 * @throws {InvalidAttestationError} when length, tag, account, root, bitmap or a signature are not as they must be.
 * @throws {OutOfRangeError} when a field of the record holds what no record may hold.
 */
export function decodeAttestation(wire: Hex): Attestation {
  requireTag(wire, postTag, 'single record')
  const { end, signerBitmap, signatures } = decodeSignatures(wire, bodySize)
  if (size(wire) !== end) throw new InvalidAttestationError(`The attestation has ${end} bytes, got ${size(wire)}.`)
  const attestation = {
    record: { account: getAddress(slice(wire, 4, 24)), ...decodeWord(slice(wire, 24, 56)) },
    blockNumber: hexToBigInt(slice(wire, 56, 61)),
    portfolioRoot: slice(wire, 61, bodySize).toLowerCase() as Hex,
    signerBitmap,
    signatures,
  }
  requireSignable(attestation)
  return attestation
}

/**
 * Refuses a record that no signer may put its name to.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 * @throws {InvalidAttestationError} for an account or root that is zero or none at all.
 */
export function requireSignable({
  record,
  blockNumber,
  portfolioRoot,
}: Pick<Attestation, 'record' | 'blockNumber' | 'portfolioRoot'>): void {
  if (!isAddress(record.account, { strict: false })) {
    throw new InvalidAttestationError(`The account ${record.account} is not an address.`)
  }
  if (record.account === zeroAddress) throw new InvalidAttestationError('The account is the zero address.')
  requireRoot('portfolio root', portfolioRoot)
  requireRange('blockNumber', blockNumber, 0n, 2n ** 40n - 1n)
  requireFields(record)
}

function requireFields(record: Omit<MarginRecord, 'account'>): void {
  requireRange('initialMargin', record.initialMargin, 0n, mostRequirement)
  requireRange('maintenanceMargin', record.maintenanceMargin, 0n, record.initialMargin)
  requireRange('equity', record.equity, leastEquity, mostEquity)
  requireRange('observedAt', record.observedAt, 0, 0xffffffff)
  requireRange('lienSeq', record.lienSeq, 0, 0xffff)
  requireRange('modelId', record.modelId, 0, maximumModelId)
  requireRange('flags', record.flags, 0, 0xff)
}
