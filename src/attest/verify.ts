import type { Address, Hex } from 'viem'
import { type Attestation, decodeFlags, encodeAttestation, expiresAt, isLowS, signerIndices } from './record.ts'
import { recoverSigner, type SignerSet } from './sign.ts'
import { type AttestationDomain, attestationDigest } from './typedData.ts'

/** What the registry would fill in and check against when the attestation arrives. */
export type VerificationContext = {
  readonly domain: AttestationDomain
  readonly signerSet: SignerSet
  /** Hash and timestamp of the block that the attestation names, read from the chain. */
  readonly block: { readonly hash: Hex; readonly timestamp: number }
  readonly paramsHash: Hex
  /** Block time at which it would be used, Unix seconds. */
  readonly time: number
}

/** Why an attestation is not good. */
export type VerificationFailure =
  | { readonly reason: 'unsupportedFlags'; readonly flags: number }
  | { readonly reason: 'unsupportedLienSequence'; readonly lienSeq: number }
  | { readonly reason: 'wrongObservationTime'; readonly observedAt: number; readonly blockTimestamp: number }
  | { readonly reason: 'futureObservation'; readonly observedAt: number }
  | { readonly reason: 'expired'; readonly expiredAt: number }
  | { readonly reason: 'unknownSignerBit'; readonly signerBitmap: number }
  | { readonly reason: 'wrongSignerCount'; readonly got: number; readonly threshold: number }
  | { readonly reason: 'malleableSignature'; readonly signer: number }
  | { readonly reason: 'wrongSigner'; readonly signer: number; readonly recovered: Address | undefined }

/** Outcome of {@link verifyAttestation}. */
export type Verification =
  | { readonly valid: true; readonly signers: readonly Address[] }
  | { readonly valid: false; readonly failure: VerificationFailure }

/**
 * Checks an attestation off chain as the registry would, and one thing that the registry cannot see: that the record's
 * time is the timestamp of the block it names.
 *
 * @throws {InvalidAttestationError | OutOfRangeError} when it has no encoding at all.
 */
export async function verifyAttestation(attestation: Attestation, context: VerificationContext): Promise<Verification> {
  const { record, blockNumber, portfolioRoot, signerBitmap, signatures } = attestation
  const { signerSet, block, paramsHash } = context
  const malleable = signatures.findIndex((signature) => !isLowS(signature))
  if (malleable >= 0)
    return fail({ reason: 'malleableSignature', signer: signerIndices(signerBitmap)[malleable] ?? -1 })
  encodeAttestation(attestation)
  const failure = recordFailure(attestation, context)
  if (failure) return fail(failure)

  const indices = signerIndices(signerBitmap)
  if (indices.some((index) => index >= signerSet.signers.length))
    return fail({ reason: 'unknownSignerBit', signerBitmap })
  if (indices.length !== signerSet.threshold) {
    return fail({ reason: 'wrongSignerCount', got: indices.length, threshold: signerSet.threshold })
  }
  const unsigned = { record, blockNumber, portfolioRoot, blockHash: block.hash, paramsHash, setId: signerSet.setId }
  const hash = attestationDigest(unsigned, context.domain)
  const signers: Address[] = []
  for (const [position, index] of indices.entries()) {
    const member = signerSet.signers[index]
    const recovered = await recoverSigner(hash, signatures[position] ?? '0x')
    if (!member || recovered?.toLowerCase() !== member.toLowerCase()) {
      return fail({ reason: 'wrongSigner', signer: index, recovered })
    }
    signers.push(member)
  }
  return { valid: true, signers }
}

function recordFailure({ record }: Attestation, { block, time }: VerificationContext): VerificationFailure | undefined {
  const { observedAt, flags, lienSeq } = record
  const { rootMode, enforceable } = decodeFlags(flags)
  if (rootMode || enforceable) return { reason: 'unsupportedFlags', flags }
  if (lienSeq !== 0) return { reason: 'unsupportedLienSequence', lienSeq }
  if (observedAt !== block.timestamp) {
    return { reason: 'wrongObservationTime', observedAt, blockTimestamp: block.timestamp }
  }
  if (observedAt > time) return { reason: 'futureObservation', observedAt }
  if (time > expiresAt(record)) return { reason: 'expired', expiredAt: expiresAt(record) }
  return undefined
}

function fail(failure: VerificationFailure): Verification {
  return { valid: false, failure }
}
