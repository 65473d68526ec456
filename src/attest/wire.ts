import { concat, type Hex, hexToBigInt, hexToNumber, isHex, numberToHex, size, slice, zeroHash } from 'viem'
import { BaseError, OutOfRangeError } from '../core/errors.ts'

/** The bytes of a message are not the one encoding that it has. */
export class InvalidAttestationError extends BaseError {
  override readonly name = 'InvalidAttestationError'
}

/** Signatures as they travel. */
export type Signatures = {
  /** Bit i stands for signer i of the set; one signature per bit, lowest bit first. */
  readonly signerBitmap: number
  /** 64 bytes each: r, then s with the parity of y in its top bit. */
  readonly signatures: readonly Hex[]
}

const signatureSize = 64
const halfCurveOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n
const parityBit = 1n << 255n

/** Positions of the bits of a signer bitmap, lowest first. */
export function signerIndices(signerBitmap: number): number[] {
  return Array.from({ length: 16 }, (_, i) => i).filter((i) => (signerBitmap >> i) & 1)
}

/** Whether a 64-byte signature has the lower of its two possible `s`, the only form that is accepted. */
export function isLowS(signature: Hex): boolean {
  return (hexToBigInt(slice(signature, 32, 64)) & (parityBit - 1n)) <= halfCurveOrder
}

/**
 * `2 signerBitmap | k × 64 (r, vs)`.
 *
 * @throws {OutOfRangeError | InvalidAttestationError} when the signatures are malformed, malleable or not the bitmap's.
 */
export function encodeSignatures({ signerBitmap, signatures }: Signatures): Hex {
  requireRange('signerBitmap', signerBitmap, 0, 0xffff)
  const signers = signerIndices(signerBitmap).length
  if (signers === 0 || signers !== signatures.length) {
    throw new InvalidAttestationError(
      `The bitmap names ${signers} signers but there are ${signatures.length} signatures.`,
    )
  }
  for (const [i, signature] of signatures.entries()) {
    if (!isHex(signature) || size(signature) !== signatureSize) {
      throw new InvalidAttestationError(`Signature ${i} is not 64 bytes (r, vs).`)
    }
    if (!isLowS(signature))
      throw new InvalidAttestationError(`Signature ${i} is malleable: its s is in the upper half.`)
  }
  return concat([numberToHex(signerBitmap, { size: 2 }), ...signatures])
}

/**
 * Reads bitmap and signatures at a byte of a message; the bitmap says how many there are.
 *
 * @returns the signatures and the byte after them.
 * @throws {InvalidAttestationError} when the message is too short for them, and as of {@link encodeSignatures}.
 */
export function decodeSignatures(wire: Hex, start: number): Signatures & { readonly end: number } {
  if (size(wire) < start + 2) throw new InvalidAttestationError(`The message ends before its signatures.`)
  const signerBitmap = hexToNumber(slice(wire, start, start + 2))
  const count = signerIndices(signerBitmap).length
  const end = start + 2 + signatureSize * count
  if (size(wire) < end) {
    throw new InvalidAttestationError(
      `The bitmap names ${count} signers, so there are at least ${end} bytes; got ${size(wire)}.`,
    )
  }
  const signatures = Array.from({ length: count }, (_, i) => {
    const at = start + 2 + signatureSize * i
    return slice(wire, at, at + signatureSize).toLowerCase() as Hex
  })
  encodeSignatures({ signerBitmap, signatures })
  return { signerBitmap, signatures, end }
}

/**
 * Refuses bytes that are not a message of a kind.
 *
 * @throws {InvalidAttestationError} when they are not hex or begin with another tag.
 */
export function requireTag(wire: Hex, tag: Hex, kind: string): void {
  if (!isHex(wire) || wire.length % 2 !== 0) throw new InvalidAttestationError(`A ${kind} is hex bytes.`)
  if (size(wire) < 4) throw new InvalidAttestationError(`A ${kind} begins with a tag of 4 bytes, got ${size(wire)}.`)
  const got = slice(wire, 0, 4).toLowerCase()
  if (got !== tag) throw new InvalidAttestationError(`The tag is ${got}, not ${tag} (a ${kind}).`)
}

/**
 * Refuses what is not 32 bytes, or zero.
 *
 * @throws {InvalidAttestationError}
 */
export function requireRoot(name: string, root: Hex): void {
  if (!isHex(root) || size(root) !== 32) throw new InvalidAttestationError(`The ${name} is 32 bytes, got ${root}.`)
  if (root === zeroHash) throw new InvalidAttestationError(`The ${name} is zero.`)
}

/**
 * Refuses what does not fit a field.
 *
 * @throws {OutOfRangeError}
 */
export function requireRange<Value extends bigint | number>(
  name: string,
  value: Value,
  lowest: Value,
  highest: Value,
): void {
  if (typeof value === 'number' ? Number.isInteger(value) : typeof value === 'bigint') {
    if (value >= lowest && value <= highest) return
  }
  throw new OutOfRangeError(`${name} is ${value}, outside ${lowest} to ${highest}.`, {
    metaMessages: ['A record that does not fit is refused, never truncated.'],
  })
}
