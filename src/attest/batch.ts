import { type Address, concat, encodeAbiParameters, getAddress, type Hex, keccak256, size, slice } from 'viem'
import { decodeHeader, encodeHeader, headerSize, type SharedHeader } from './header.ts'
import { merkleProofs, merkleRoot } from './merkle.ts'
import { type Attestation, decodeWord, encodeWord, type MarginRecord, requireSignable } from './record.ts'
import {
  decodeSignatures,
  encodeSignatures,
  InvalidAttestationError,
  requireRange,
  requireRoot,
  requireTag,
  type Signatures,
} from './wire.ts'

/** One account of a batch. */
export type BatchItem = Pick<MarginRecord, 'account' | 'initialMargin' | 'maintenanceMargin' | 'equity' | 'lienSeq'>

/** Many records under one set of signatures. */
export type MarginBatch = SharedHeader & {
  /** Merkle root over (account, portfolioRoot) of the items, in their order. */
  readonly rootsRoot: Hex
  readonly items: readonly BatchItem[]
}

/** A record with its commitment, before it is put into a batch or under a root. */
export type Draft = Pick<Attestation, 'record' | 'blockNumber' | 'portfolioRoot'>

/** First four bytes of a posted batch: the selector of `postBatch()`. */
export const batchTag: Hex = '0xde41f7da'

/** Most items that a registry takes at once. */
export const maximumBatchItems = 1024

const rootStart = 4 + headerSize
const signaturesStart = rootStart + 32
const itemSize = 46
const rootsLeafParameters = [{ type: 'address' }, { type: 'bytes32' }] as const

/** Leaf of one account under `rootsRoot`: keccak256(keccak256(abi.encode(account, portfolioRoot))). */
export function rootsLeaf(account: Address, portfolioRoot: Hex): Hex {
  return keccak256(keccak256(encodeAbiParameters(rootsLeafParameters, [account, portfolioRoot])))
}

/**
 * Puts records of one block, model and flags into a batch.
 *
 * @returns the batch, and for every record the proof of its portfolio root under `rootsRoot`.
 * @throws {InvalidAttestationError} when the records do not share block, time, model and flags, when an account is there
 * twice, or when there is none or too many.
 * @throws {OutOfRangeError} when a value does not fit its field.
 */
export function buildBatch(drafts: readonly Draft[]): { readonly batch: MarginBatch; readonly proofs: Hex[][] } {
  const header = requireShared(drafts, (record) => record.flags)
  const leaves = drafts.map(({ record, portfolioRoot }) => rootsLeaf(record.account, portfolioRoot))
  const items = drafts.map(({ record: { account, initialMargin, maintenanceMargin, equity, lienSeq } }) => ({
    account,
    initialMargin,
    maintenanceMargin,
    equity,
    lienSeq,
  }))
  const batch = { ...header, rootsRoot: merkleRoot(leaves), items }
  requireSignableBatch(batch)
  return { batch, proofs: merkleProofs(leaves) }
}

/**
 * What records have in common that go out together.
 *
 * @param flagsOf - The part of the flags that must be equal.
 * @throws {InvalidAttestationError} when they differ, when an account is there twice, or when there is none.
 */
export function requireShared(drafts: readonly Draft[], flagsOf: (record: MarginRecord) => number): SharedHeader {
  const [first] = drafts
  if (!first) throw new InvalidAttestationError('There is no record to send.')
  const seen = new Set<string>()
  for (const draft of drafts) {
    requireSignable(draft)
    const { record, blockNumber } = draft
    const { account, observedAt, modelId } = record
    const isShared =
      observedAt === first.record.observedAt &&
      modelId === first.record.modelId &&
      flagsOf(record) === flagsOf(first.record) &&
      blockNumber === first.blockNumber
    if (!isShared) {
      throw new InvalidAttestationError(`The record of ${account} differs from the first in block, model or flags.`, {
        metaMessages: ['Group accounts with equal flags, read at one block.'],
      })
    }
    if (seen.has(account.toLowerCase())) throw new InvalidAttestationError(`The account ${account} is there twice.`)
    seen.add(account.toLowerCase())
  }
  const { observedAt, modelId } = first.record
  return { observedAt, modelId, flags: flagsOf(first.record), blockNumber: first.blockNumber }
}

/**
 * The items as they travel, and as they are hashed: `20 account | 8 initialMargin | 8 maintenanceMargin | 8 equity |
 * 2 lienSeq` each.
 *
 * @throws {OutOfRangeError | InvalidAttestationError} when a record does not fit, or there is none or too many.
 */
export function encodeItems({ items, rootsRoot, blockNumber, ...shared }: MarginBatch): Hex {
  if (items.length === 0 || items.length > maximumBatchItems) {
    throw new InvalidAttestationError(`A batch has 1 to ${maximumBatchItems} items, got ${items.length}.`)
  }
  return concat(
    items.map((item) => {
      const record = { ...item, ...shared }
      requireSignable({ record, blockNumber, portfolioRoot: rootsRoot })
      const word = encodeWord(record)
      return concat([item.account, slice(word, 0, 24), slice(word, 28, 30)])
    }),
  ).toLowerCase() as Hex
}

/**
 * The bytes that post a batch: `4 tag | 11 header | 32 rootsRoot | 2 signerBitmap | k × 64 (r, vs) | N × 46 items`.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 * @throws {InvalidAttestationError} for zero accounts or roots, and for signatures that are not the bitmap's.
 */
export function encodeBatch(batch: MarginBatch & Signatures): Hex {
  requireSignableBatch(batch)
  return concat([
    batchTag,
    encodeHeader(batch),
    batch.rootsRoot,
    encodeSignatures(batch),
    encodeItems(batch),
  ]).toLowerCase() as Hex
}

/**
 * Refuses a batch that no signer may put its name to.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 * @throws {InvalidAttestationError} for zero accounts or roots, and for none or too many items.
 */
export function requireSignableBatch(batch: MarginBatch): void {
  requireRoot('roots root', batch.rootsRoot)
  encodeHeader(batch)
  encodeItems(batch)
}

/**
 * Reads the bytes of a batch. Accepts exactly what {@link encodeBatch} makes.
 *
 * @throws {InvalidAttestationError | OutOfRangeError} for anything else.
 */
export function decodeBatch(wire: Hex): MarginBatch & Signatures {
  requireTag(wire, batchTag, 'batch')
  const { end, signerBitmap, signatures } = decodeSignatures(wire, signaturesStart)
  const count = (size(wire) - end) / itemSize
  if (!Number.isInteger(count)) {
    throw new InvalidAttestationError(`Items have ${itemSize} bytes each, got ${size(wire) - end} in all.`)
  }
  const header = decodeHeader(wire)
  const shared = slice(wire, 4, 8)
  const items = Array.from({ length: count }, (_, i) => {
    const at = end + itemSize * i
    const word = concat([slice(wire, at + 20, at + 44), shared, slice(wire, at + 44, at + 46), slice(wire, 8, 10)])
    const { initialMargin, maintenanceMargin, equity, lienSeq } = decodeWord(word)
    return { account: getAddress(slice(wire, at, at + 20)), initialMargin, maintenanceMargin, equity, lienSeq }
  })
  requireRange('items', items.length, 1, maximumBatchItems)
  const rootsRoot = slice(wire, rootStart, signaturesStart).toLowerCase() as Hex
  const batch = { ...header, rootsRoot, items, signerBitmap, signatures }
  encodeBatch(batch)
  return batch
}
