import {
  type Address,
  type Hex,
  hexToBigInt,
  type LocalAccount,
  numberToHex,
  parseSignature,
  recoverAddress,
  serializeCompactSignature,
  signatureToCompactSignature,
  size,
  slice,
} from 'viem'
import { BaseError } from '../core/errors.ts'
import { type MarginBatch, requireSignableBatch } from './batch.ts'
import { attestationDigest, batchDigest, rootDigest } from './digest.ts'
import { type Attestation, requireSignable } from './record.ts'
import { type MarginRoot, requireSignableRoot } from './root.ts'
import {
  type AttestationDomain,
  attestationTypedData,
  batchTypedData,
  rootTypedData,
  type UnsignedAttestation,
  type UnsignedBatch,
  type UnsignedRoot,
} from './typedData.ts'
import { isLowS, type Signatures } from './wire.ts'

/** Who may sign for a registry, in the order of the signer bitmap, and how many must. */
export type SignerSet = {
  readonly setId: bigint
  readonly threshold: number
  readonly signers: readonly Address[]
}

/** The signatures at hand do not make an attestation of the signer set. */
export class QuorumError extends BaseError {
  override readonly name = 'QuorumError'
}

/**
 * Signs a record.
 *
 * @returns 64 bytes: r, then s with the parity of y in its top bit.
 * @throws {OutOfRangeError | InvalidAttestationError} when the record has no encoding; nothing is signed then.
 */
export async function signAttestation(
  signer: LocalAccount,
  unsigned: UnsignedAttestation,
  domain: AttestationDomain,
): Promise<Hex> {
  requireSignable(unsigned)
  return toCompact(await signer.signTypedData(attestationTypedData(unsigned, domain)))
}

/**
 * Signs a batch; as of {@link signAttestation}.
 *
 * @throws {OutOfRangeError | InvalidAttestationError} when the batch has no encoding; nothing is signed then.
 */
export async function signBatch(signer: LocalAccount, unsigned: UnsignedBatch, domain: AttestationDomain) {
  requireSignableBatch(unsigned.batch)
  return toCompact(await signer.signTypedData(batchTypedData(unsigned, domain)))
}

/**
 * Signs a root; as of {@link signAttestation}. A signer that does not know every leaf signs blindly.
 *
 * @throws {OutOfRangeError | InvalidAttestationError} when the root has no encoding; nothing is signed then.
 */
export async function signRoot(signer: LocalAccount, unsigned: UnsignedRoot, domain: AttestationDomain) {
  requireSignableRoot(unsigned.root)
  return toCompact(await signer.signTypedData(rootTypedData(unsigned, domain)))
}

/**
 * Puts signatures over one digest together, in any order of arrival. Of more than the threshold the first in the order
 * of the set are taken, so everyone assembles the same bytes.
 *
 * @throws {QuorumError} when a signature is malformed, not of the set or there twice, when too few are there, or when the
 * record was made for another set.
 */
export async function assembleAttestation(
  unsigned: UnsignedAttestation,
  domain: AttestationDomain,
  set: SignerSet,
  signatures: readonly Hex[],
): Promise<Attestation> {
  const { record, blockNumber, portfolioRoot } = unsigned
  const signed = await assemble(attestationDigest(unsigned, domain), unsigned.setId, set, signatures)
  return { record, blockNumber, portfolioRoot, ...signed }
}

/**
 * Puts signatures over one batch together; as of {@link assembleAttestation}.
 *
 * @throws {QuorumError}
 */
export async function assembleBatch(
  unsigned: UnsignedBatch,
  domain: AttestationDomain,
  set: SignerSet,
  signatures: readonly Hex[],
): Promise<MarginBatch & Signatures> {
  return { ...unsigned.batch, ...(await assemble(batchDigest(unsigned, domain), unsigned.setId, set, signatures)) }
}

/**
 * Puts signatures over one root together; as of {@link assembleAttestation}.
 *
 * @throws {QuorumError}
 */
export async function assembleRoot(
  unsigned: UnsignedRoot,
  domain: AttestationDomain,
  set: SignerSet,
  signatures: readonly Hex[],
): Promise<MarginRoot & Signatures> {
  return { ...unsigned.root, ...(await assemble(rootDigest(unsigned, domain), unsigned.setId, set, signatures)) }
}

async function assemble(hash: Hex, setId: bigint, set: SignerSet, signatures: readonly Hex[]): Promise<Signatures> {
  if (setId !== set.setId) {
    throw new QuorumError(`The record was made for signer set ${setId}, but the set in force is ${set.setId}.`, {
      metaMessages: ['Sign it again for the set in force.'],
    })
  }
  const bySigner = new Map<number, Hex>()
  for (const signature of signatures) {
    const index = await signerIndex(set, hash, signature)
    if (bySigner.has(index)) throw new QuorumError(`Signer ${index} (${set.signers[index]}) signed twice.`)
    bySigner.set(index, signature)
  }
  if (bySigner.size < set.threshold) {
    throw new QuorumError(`There are ${bySigner.size} signatures of the ${set.threshold} that are needed.`, {
      metaMessages: ['Collect more signatures over the same record.'],
      retryable: true,
    })
  }
  const chosen = [...bySigner].sort(([a], [b]) => a - b).slice(0, set.threshold)
  return {
    signerBitmap: chosen.reduce((bitmap, [index]) => bitmap | (1 << index), 0),
    signatures: chosen.map(([, signature]) => signature),
  }
}

function toCompact(signature: Hex): Hex {
  return serializeCompactSignature(signatureToCompactSignature(parseSignature(signature)))
}

async function signerIndex({ signers }: SignerSet, hash: Hex, signature: Hex): Promise<number> {
  if (size(signature) !== 64 || !isLowS(signature)) {
    throw new QuorumError('A signature is not 64 bytes (r, vs) with s in the lower half.')
  }
  const signer = await recoverSigner(hash, signature)
  const index = signers.findIndex((member) => member.toLowerCase() === signer?.toLowerCase())
  if (index < 0) {
    throw new QuorumError(`A signature recovers to ${signer ?? 'no key'}, which is not in the signer set.`, {
      metaMessages: ['A signer of the set may have signed other numbers: compare the records.'],
    })
  }
  return index
}

/** The address that made a 64-byte signature, or nothing when no key can have. */
export async function recoverSigner(hash: Hex, signature: Hex): Promise<Address | undefined> {
  try {
    const vs = hexToBigInt(slice(signature, 32, 64))
    const s = numberToHex(BigInt.asUintN(255, vs), { size: 32 })
    return await recoverAddress({ hash, signature: { r: slice(signature, 0, 32), s, yParity: Number(vs >> 255n) } })
  } catch {
    return undefined
  }
}
