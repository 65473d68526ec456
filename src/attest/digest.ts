import type { Address, Hex } from 'viem'
import { keccak256Into } from '../core/keccak256.ts'
import { encodeItems } from './batch.ts'
import {
  type AttestationDomain,
  attestationTypes,
  batchTypes,
  domainType,
  rootTypes,
  type UnsignedAttestation,
  type UnsignedBatch,
  type UnsignedRoot,
} from './typedData.ts'
import { InvalidAttestationError, requireRange } from './wire.ts'

/**
 * The 32 bytes that every signer of a record signs (EIP-712). The layout of the words is fixed, so nothing is encoded but
 * the values; the hash of the type and of the last domain are kept.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 * @throws {InvalidAttestationError} when an address or a hash is not one.
 */
export function attestationDigest(unsigned: UnsignedAttestation, domain: AttestationDomain): Hex {
  const { record, blockNumber, portfolioRoot, blockHash, paramsHash, setId } = unsigned
  const { bytes, view } = structs.MarginAttestation ?? wordsOf('MarginAttestation', attestationTypes.MarginAttestation)
  writeHex(bytes, 1, record.account, 20)
  writeUint64(view, 2, 'initialMargin', record.initialMargin)
  writeUint64(view, 3, 'maintenanceMargin', record.maintenanceMargin)
  requireRange('equity', record.equity, lowestInt64, highestInt64)
  bytes.fill(record.equity < 0n ? 0xff : 0, 4 * word, 4 * word + 24)
  view.setBigInt64(4 * word + 24, record.equity)
  writeUint32(view, 5, 'observedAt', record.observedAt)
  writeUint32(view, 6, 'lienSeq', record.lienSeq, 0xffff)
  writeUint32(view, 7, 'modelId', record.modelId, 0xff)
  writeUint32(view, 8, 'flags', record.flags, 0xff)
  writeUint64(view, 9, 'blockNumber', blockNumber, maximumBlockNumber)
  writeHex(bytes, 10, blockHash)
  writeHex(bytes, 11, paramsHash)
  writeHex(bytes, 12, portfolioRoot)
  writeUint256(view, 13, 'setId', setId)
  return digestOf(bytes, domain)
}

/**
 * The 32 bytes that every signer of a batch signs; as of {@link attestationDigest}.
 *
 * @throws {OutOfRangeError | InvalidAttestationError} also when its items have no encoding.
 */
export function batchDigest({ batch, ...binding }: UnsignedBatch, domain: AttestationDomain): Hex {
  const words = structs.MarginBatch ?? wordsOf('MarginBatch', batchTypes.MarginBatch)
  writeHeader(words, batch, binding)
  writeHex(words.bytes, 7, batch.rootsRoot)
  const items = encodeItems(batch)
  const itemBytes = new Uint8Array(items.length / 2 - 1)
  writeBytes(itemBytes, 0, items, itemBytes.length)
  keccak256Into(itemBytes, words.bytes, 8 * word)
  writeUint256(words.view, 9, 'setId', binding.setId)
  return digestOf(words.bytes, domain)
}

/**
 * The 32 bytes that every signer of a root signs; as of {@link attestationDigest}.
 *
 * @throws {OutOfRangeError | InvalidAttestationError}
 */
export function rootDigest({ root, ...binding }: UnsignedRoot, domain: AttestationDomain): Hex {
  const words = structs.MarginRoot ?? wordsOf('MarginRoot', rootTypes.MarginRoot)
  writeHeader(words, root, binding)
  writeHex(words.bytes, 7, root.root)
  writeUint256(words.view, 8, 'setId', binding.setId)
  return digestOf(words.bytes, domain)
}

/** The words of a struct, its type hash first. They are written over by every digest of that type. */
type Words = { readonly bytes: Uint8Array; readonly view: DataView }
const structs: Partial<Record<string, Words>> = {}

/** 0x1901, domain separator, hash of the struct. */
const payload = Uint8Array.from({ length: 66 }, (_, i) => [0x19, 0x01][i] ?? 0)
let payloadDomain: AttestationDomain | undefined

const word = 32
const maximumBlockNumber = 2n ** 40n - 1n
const maximumUint64 = 2n ** 64n - 1n
const maximumUint256 = 2n ** 256n - 1n
const lowestInt64 = -(2n ** 63n)
const highestInt64 = 2n ** 63n - 1n
const encoder = new TextEncoder()

function wordsOf(name: string, fields: readonly { readonly name: string; readonly type: string }[]): Words {
  const bytes = new Uint8Array(word * (fields.length + 1))
  const signature = `${name}(${fields.map((field) => `${field.type} ${field.name}`).join(',')})`
  keccak256Into(encoder.encode(signature), bytes)
  const words = { bytes, view: new DataView(bytes.buffer) }
  structs[name] = words
  return words
}

function writeHeader(
  { bytes, view }: Words,
  header: UnsignedRoot['root'] | UnsignedBatch['batch'],
  binding: Hashes,
): void {
  writeUint32(view, 1, 'observedAt', header.observedAt)
  writeUint32(view, 2, 'modelId', header.modelId, 0xff)
  writeUint32(view, 3, 'flags', header.flags, 0xff)
  writeUint64(view, 4, 'blockNumber', header.blockNumber, maximumBlockNumber)
  writeHex(bytes, 5, binding.blockHash)
  writeHex(bytes, 6, binding.paramsHash)
}

type Hashes = { readonly blockHash: Hex; readonly paramsHash: Hex }

function digestOf(struct: Uint8Array, domain: AttestationDomain): Hex {
  if (domain.chainId !== payloadDomain?.chainId || domain.registry !== payloadDomain.registry) writeDomain(domain)
  keccak256Into(struct, payload, 34)
  keccak256Into(payload, hash)
  let digest = '0x'
  for (let i = 0; i < 32; i++) digest += bytePairs[hash[i] ?? 0]
  return digest as Hex
}

const hash = new Uint8Array(32)

function writeDomain({ chainId, registry }: AttestationDomain): void {
  payloadDomain = undefined
  const { bytes, view } = wordsOf('EIP712Domain', domainType)
  keccak256Into(encoder.encode('Plimsoll'), bytes, word)
  keccak256Into(encoder.encode('1'), bytes, 2 * word)
  requireRange('chainId', chainId, 1, Number.MAX_SAFE_INTEGER)
  writeUint256(view, 3, 'chainId', BigInt(chainId))
  writeHex(bytes, 4, registry, 20)
  keccak256Into(bytes, payload, 2)
  payloadDomain = { chainId, registry }
}

function writeUint32(view: DataView, index: number, name: string, value: number, highest = 0xffffffff): void {
  requireRange(name, value, 0, highest)
  view.setUint32(index * word + 28, value)
}

function writeUint64(view: DataView, index: number, name: string, value: bigint, highest = maximumUint64): void {
  requireRange(name, value, 0n, highest)
  view.setBigUint64(index * word + 24, value)
}

function writeUint256(view: DataView, index: number, name: string, value: bigint): void {
  requireRange(name, value, 0n, maximumUint256)
  let rest = value
  for (let at = index * word + 24; at >= index * word; at -= 8) {
    view.setBigUint64(at, rest)
    rest = rest > maximumUint64 ? rest >> 64n : 0n
  }
}

/** Right-aligned, as addresses are; a hash fills the word. */
function writeHex(bytes: Uint8Array, index: number, hex: Address | Hex, length = word): void {
  writeBytes(bytes, (index + 1) * word - length, hex, length)
}

function writeBytes(bytes: Uint8Array, start: number, hex: Hex, length: number): void {
  let wrong = hex.length !== 2 + 2 * length || !hex.startsWith('0x') ? -1 : 0
  for (let i = 0; i < length; i++) {
    const high = nibbles[hex.charCodeAt(2 + 2 * i)] ?? -1
    const low = nibbles[hex.charCodeAt(3 + 2 * i)] ?? -1
    wrong |= high | low
    bytes[start + i] = (high << 4) | low
  }
  if (wrong < 0) throw new InvalidAttestationError(`Expected ${length} bytes as hex, got ${hex}.`)
}

const nibbles = Int8Array.from({ length: 128 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase())
  return digit
})
const bytePairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
