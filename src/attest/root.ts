import { concat, encodeAbiParameters, getAddress, type Hex, keccak256, size, slice } from 'viem'
import { type Draft, requireShared } from './batch.ts'
import { decodeHeader, encodeHeader, headerSize, type SharedHeader } from './header.ts'
import { foldProof, merkleProofs, merkleRoot } from './merkle.ts'
import { decodeFlags, decodeWord, encodeWord, type MarginRecord, requireSignable } from './record.ts'
import {
  decodeSignatures,
  encodeSignatures,
  InvalidAttestationError,
  requireRoot,
  requireTag,
  type Signatures,
} from './wire.ts'

/** The root of a tree of records of one block and model. */
export type MarginRoot = SharedHeader & { readonly root: Hex }

/** A record under a root, with the siblings that lead to it. */
export type Leaf = {
  readonly record: MarginRecord
  readonly portfolioRoot: Hex
  /** Lowest first. */
  readonly proof: readonly Hex[]
}

/** First four bytes of a posted root and of a posted leaf: the selectors of `postRoot()` and `postLeaf()`. */
export const rootTag: Hex = '0x6f30f591'
export const leafTag: Hex = '0xbbf4a67c'

/** Longest proof that a registry takes. */
export const maximumProofLength = 32

const rootStart = 4 + headerSize
const signaturesStart = rootStart + 32
const siblingsStart = 88
const leafParameters = [{ type: 'address' }, { type: 'bytes32' }, { type: 'bytes32' }] as const

/** Validity and venue-critical: the flags in which leaves of one root may differ. */
const ownFlags = 0x4f

/**
 * Leaf of a record: keccak256(keccak256(abi.encode(account, word, portfolioRoot))). Hashed twice, so no node passes as a
 * leaf.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 */
export function marginLeaf({ record, portfolioRoot }: Pick<Leaf, 'record' | 'portfolioRoot'>): Hex {
  return keccak256(keccak256(encodeAbiParameters(leafParameters, [record.account, encodeWord(record), portfolioRoot])))
}

/**
 * Puts records of one block and model under a root. The header carries the longest validity of them.
 *
 * @returns the root, and every record with its proof.
 * @throws {InvalidAttestationError} when a record is not in root mode, when they do not share block, time, model and the
 * flags that must be equal, when an account is there twice, or when there is none.
 * @throws {OutOfRangeError} when a value does not fit its field.
 */
export function buildRoot(drafts: readonly Draft[]): { readonly root: MarginRoot; readonly leaves: readonly Leaf[] } {
  const header = requireShared(drafts, ({ flags }) => flags & ~ownFlags)
  requireRootMode(header.flags)
  const validityCode = Math.max(...drafts.map(({ record }) => decodeFlags(record.flags).validityCode))
  const hashes = drafts.map(marginLeaf)
  const proofs = merkleProofs(hashes)
  return {
    root: { ...header, flags: header.flags | validityCode, root: merkleRoot(hashes) },
    leaves: drafts.map(({ record, portfolioRoot }, i) => ({ record, portfolioRoot, proof: proofs[i] ?? [] })),
  }
}

/** Whether a leaf lies under a root, at its time and of its model. */
export function isUnderRoot(leaf: Leaf, { root, observedAt, modelId }: MarginRoot): boolean {
  const { record, proof } = leaf
  if (record.observedAt !== observedAt || record.modelId !== modelId) return false
  return foldProof(marginLeaf(leaf), proof) === root
}

/**
 * The bytes that post a root: `4 tag | 11 header | 32 root | 2 signerBitmap | k × 64 (r, vs)`.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 * @throws {InvalidAttestationError} for a zero root, flags without root mode, and signatures that are not the bitmap's.
 */
export function encodeRoot(root: MarginRoot & Signatures): Hex {
  requireSignableRoot(root)
  return concat([rootTag, encodeHeader(root), root.root, encodeSignatures(root)]).toLowerCase() as Hex
}

/**
 * Refuses a root that no signer may put its name to.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 * @throws {InvalidAttestationError} for a zero root and flags without root mode.
 */
export function requireSignableRoot(root: MarginRoot): void {
  requireRoot('root', root.root)
  requireRootMode(root.flags)
  encodeHeader(root)
}

/**
 * Reads the bytes of a root. Accepts exactly what {@link encodeRoot} makes.
 *
 * @throws {InvalidAttestationError | OutOfRangeError} for anything else.
 */
export function decodeRoot(wire: Hex): MarginRoot & Signatures {
  requireTag(wire, rootTag, 'root')
  const { end, signerBitmap, signatures } = decodeSignatures(wire, signaturesStart)
  if (size(wire) !== end) throw new InvalidAttestationError(`The root has ${end} bytes, got ${size(wire)}.`)
  const root = slice(wire, rootStart, signaturesStart).toLowerCase() as Hex
  const signed = { ...decodeHeader(wire), root, signerBitmap, signatures }
  encodeRoot(signed)
  return signed
}

/**
 * The bytes that post or verify a record under the newest root: `4 tag | 20 account | 32 word | 32 portfolioRoot |
 * d × 32 siblings`.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 * @throws {InvalidAttestationError} for a zero account or root, flags without root mode, and proofs that are malformed or
 * too long.
 */
export function encodeLeaf({ record, portfolioRoot, proof }: Leaf): Hex {
  requireSignable({ record, portfolioRoot, blockNumber: 0n })
  requireRootMode(record.flags)
  if (proof.length > maximumProofLength) {
    throw new InvalidAttestationError(`A proof has at most ${maximumProofLength} siblings, got ${proof.length}.`)
  }
  for (const [i, sibling] of proof.entries()) requireRoot(`sibling ${i}`, sibling)
  return concat([leafTag, record.account, encodeWord(record), portfolioRoot, ...proof]).toLowerCase() as Hex
}

/**
 * Reads the bytes of a leaf. Accepts exactly what {@link encodeLeaf} makes.
 *
 * @throws {InvalidAttestationError | OutOfRangeError} for anything else.
 */
export function decodeLeaf(wire: Hex): Leaf {
  requireTag(wire, leafTag, 'leaf')
  const count = (size(wire) - siblingsStart) / 32
  if (!Number.isInteger(count) || count < 0) {
    throw new InvalidAttestationError(`A leaf has ${siblingsStart} + 32 · d bytes, got ${size(wire)}.`)
  }
  const leaf = {
    record: { account: getAddress(slice(wire, 4, 24)), ...decodeWord(slice(wire, 24, 56)) },
    portfolioRoot: slice(wire, 56, siblingsStart).toLowerCase() as Hex,
    proof: Array.from({ length: count }, (_, i) => {
      const at = siblingsStart + 32 * i
      return slice(wire, at, at + 32).toLowerCase() as Hex
    }),
  }
  encodeLeaf(leaf)
  return leaf
}

function requireRootMode(flags: number): void {
  if (!decodeFlags(flags).rootMode) {
    throw new InvalidAttestationError('The flags are not in root mode (bit 5).', {
      metaMessages: ['Draft the records with rootMode, or send them as a batch.'],
    })
  }
}
