import type { Address, Hex } from 'viem'
import { encodeBatch, type MarginBatch } from './batch.ts'
import { attestationDigest, batchDigest, rootDigest } from './digest.ts'
import { type Attestation, decodeFlags, encodeAttestation, expiresAt, type MarginRecord } from './record.ts'
import { encodeLeaf, encodeRoot, isUnderRoot, type Leaf, type MarginRoot } from './root.ts'
import { recoverSigner, type SignerSet } from './sign.ts'
import type { AttestationDomain, Binding } from './typedData.ts'
import { isLowS, type Signatures, signerIndices } from './wire.ts'

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
  | { readonly reason: 'notUnderRoot'; readonly root: Hex }
  | { readonly reason: 'wrongSigner'; readonly signer: number; readonly recovered: Address | undefined }

/** Outcome of {@link verifyAttestation}. */
export type Verification =
  | { readonly valid: true; readonly signers: readonly Address[] }
  | { readonly valid: false; readonly failure: VerificationFailure }

/**
 * Checks an attestation off chain as the registry would, and one thing that the registry cannot see: that the record's
 * time is the timestamp of the block it names. What the account's stored record has to say (order, model, rise of free
 * equity) is not asked.
 *
 * @throws {InvalidAttestationError | OutOfRangeError} when it has no encoding at all.
 */
export async function verifyAttestation(attestation: Attestation, context: VerificationContext): Promise<Verification> {
  const { record, blockNumber, portfolioRoot } = attestation
  return verifySigned(attestation, context, {
    encode: () => encodeAttestation(attestation),
    failure: () => recordFailure(record, context),
    digest: () => attestationDigest({ record, blockNumber, portfolioRoot, ...bindingOf(context) }, context.domain),
  })
}

/**
 * Checks a batch off chain; as of {@link verifyAttestation}, with one difference: a registry skips bad items, here one fails
 * the batch.
 *
 * @throws {InvalidAttestationError | OutOfRangeError} when it has no encoding at all.
 */
export async function verifyBatch(
  batch: MarginBatch & Signatures,
  context: VerificationContext,
): Promise<Verification> {
  return verifySigned(batch, context, {
    encode: () => encodeBatch(batch),
    failure: () => {
      const { observedAt, flags } = batch
      for (const item of batch.items) {
        const failure = recordFailure({ lienSeq: item.lienSeq, observedAt, flags }, context)
        if (failure) return failure
      }
      return undefined
    },
    digest: () => batchDigest({ batch, ...bindingOf(context) }, context.domain),
  })
}

/**
 * Checks a root off chain; as of {@link verifyAttestation}.
 *
 * @throws {InvalidAttestationError | OutOfRangeError} when it has no encoding at all.
 */
export async function verifyRoot(root: MarginRoot & Signatures, context: VerificationContext): Promise<Verification> {
  return verifySigned(root, context, {
    encode: () => encodeRoot(root),
    failure: () => recordFailure({ ...root, lienSeq: 0 }, context),
    digest: () => rootDigest({ root, ...bindingOf(context) }, context.domain),
  })
}

/**
 * Checks a leaf and the root that it lies under; as of {@link verifyAttestation}.
 *
 * @throws {InvalidAttestationError | OutOfRangeError} when either has no encoding at all.
 */
export async function verifyLeaf(
  leaf: Leaf,
  root: MarginRoot & Signatures,
  context: VerificationContext,
): Promise<Verification> {
  encodeLeaf(leaf)
  if (!isUnderRoot(leaf, root)) return fail({ reason: 'notUnderRoot', root: root.root })
  const failure = recordFailure(leaf.record, context)
  return failure ? fail(failure) : verifyRoot(root, context)
}

async function verifySigned(
  { signerBitmap, signatures }: Signatures,
  { signerSet }: VerificationContext,
  message: {
    readonly encode: () => Hex
    readonly failure: () => VerificationFailure | undefined
    readonly digest: () => Hex
  },
): Promise<Verification> {
  const malleable = signatures.findIndex((signature) => !isLowS(signature))
  if (malleable >= 0)
    return fail({ reason: 'malleableSignature', signer: signerIndices(signerBitmap)[malleable] ?? -1 })
  message.encode()
  const failure = message.failure()
  if (failure) return fail(failure)

  const indices = signerIndices(signerBitmap)
  if (indices.some((index) => index >= signerSet.signers.length))
    return fail({ reason: 'unknownSignerBit', signerBitmap })
  if (indices.length !== signerSet.threshold) {
    return fail({ reason: 'wrongSignerCount', got: indices.length, threshold: signerSet.threshold })
  }
  const hash = message.digest()
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

function recordFailure(
  record: Pick<MarginRecord, 'observedAt' | 'flags' | 'lienSeq'>,
  { block, time }: VerificationContext,
): VerificationFailure | undefined {
  const { observedAt, flags, lienSeq } = record
  if (decodeFlags(flags).enforceable) return { reason: 'unsupportedFlags', flags }
  if (lienSeq !== 0) return { reason: 'unsupportedLienSequence', lienSeq }
  if (observedAt !== block.timestamp) {
    return { reason: 'wrongObservationTime', observedAt, blockTimestamp: block.timestamp }
  }
  if (observedAt > time) return { reason: 'futureObservation', observedAt }
  if (time > expiresAt(record)) return { reason: 'expired', expiredAt: expiresAt(record) }
  return undefined
}

function bindingOf({ block, paramsHash, signerSet }: VerificationContext): Binding {
  return { blockHash: block.hash, paramsHash, setId: signerSet.setId }
}

function fail(failure: VerificationFailure): Verification {
  return { valid: false, failure }
}
