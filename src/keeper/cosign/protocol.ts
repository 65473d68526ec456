import canonicalize from 'canonicalize'
import type { Address } from 'viem'
import { z } from 'zod'
import { decodeWord, encodeWord } from '../../attest/record.ts'
import { toJson } from '../../core/canonical.ts'
import { address, bytes32, natural } from '../../core/schema.ts'
import { draftsOf, type Proposal, proposalDigest } from './proposal.ts'

/** Where a co-signer is asked; the version is part of what a request signs. */
export const cosignPath = '/v1/cosign'

/** Most records that a request may hold; a batch holds fewer. */
const maximumRecords = 4096

/** Most bytes of a request: room for {@link maximumRecords}. */
export const maximumRequestBytes = 1 << 20

/** Most bytes of an answer. */
export const maximumAnswerBytes = 1 << 14

const uint256 = natural.refine((value) => value < 2n ** 256n, 'expected at most 256 bits')
const blockNumber = natural.refine((value) => value < 2n ** 40n, 'expected at most 40 bits')

const requestSchema = z.strictObject({
  schema: z.literal('plimsoll-cosign/1'),
  chainId: z.int().positive(),
  registry: address,
  form: z.enum(['single', 'batch', 'root']),
  setId: uint256,
  paramsHash: bytes32,
  blockNumber,
  blockHash: bytes32,
  /** In the order of the batch or of the leaves; the word is the record as it is stored. */
  records: z
    .array(z.strictObject({ account: address, word: bytes32, portfolioRoot: bytes32 }))
    .min(1)
    .max(maximumRecords),
  digest: bytes32,
})

/** What a co-signer is asked to sign. It believes none of it: all that it signs it has read and computed itself. */
export type CosignRequest = z.output<typeof requestSchema>

/** Why a co-signer does not sign; stable words for logs and metrics. */
export type RefusalReason = z.output<typeof refusalReason>

const refusalReason = z.enum([
  'unauthenticated',
  'stale-request',
  'replayed',
  'too-many-requests',
  'busy',
  'too-large',
  'malformed',
  'other-chain',
  'other-registry',
  'other-set',
  'other-parameters',
  'not-a-signer',
  'proposer-not-a-signer',
  'paused',
  'unknown-block',
  'not-canonical',
  'too-old',
  'not-newer',
  'unknown-account',
  'validity',
  'unconfirmed',
  'unsupported',
  'unreadable',
  'already-signed',
])

/** A number, an address or a hash: what a peer says ends up in logs and alerts. */
const shownValue = z.string().regex(/^-?\w{1,80}$/)

const answerSchema = z.discriminatedUnion('code', [
  z.strictObject({
    code: z.literal('signed'),
    signature: z
      .string()
      .regex(/^0x[0-9a-f]{128}$/, 'expected 64 bytes as lower-case hex')
      .transform((text) => text as `0x${string}`),
  }),
  z.strictObject({
    code: z.literal('differs'),
    field: z.string().regex(/^\w{1,32}$/),
    account: address.optional(),
    proposed: shownValue,
    recomputed: shownValue,
  }),
  z.strictObject({
    code: z.literal('refused'),
    reason: refusalReason,
    account: address.optional(),
    /** Name of an error, never its message: that may tell of the co-signer's nodes. */
    error: z
      .string()
      .regex(/^\w{1,64}$/)
      .optional(),
  }),
])

/** What a co-signer answers. `differs` says that it computed something else from the same block. */
export type CosignAnswer = z.output<typeof answerSchema>

/** The request for a proposal. @throws {OutOfRangeError | InvalidAttestationError} when it has no encoding. */
export function toRequest(proposal: Proposal): CosignRequest {
  const { domain, signerSet, form, unsigned } = proposal
  const drafts = draftsOf(proposal)
  const [first] = drafts
  return {
    schema: 'plimsoll-cosign/1',
    chainId: domain.chainId,
    registry: domain.registry,
    form,
    setId: signerSet.setId,
    paramsHash: unsigned.paramsHash,
    blockNumber: first?.blockNumber ?? 0n,
    blockHash: unsigned.blockHash,
    records: drafts.map(({ record, portfolioRoot }) => ({
      account: record.account,
      word: encodeWord(record),
      portfolioRoot,
    })),
    digest: proposalDigest(proposal),
  }
}

/** The bytes of a request, the same for the same request. */
export function formatRequest(request: CosignRequest): string {
  return canonicalize(toJson(request)) ?? ''
}

/** Reads the bytes of a request; undefined when they are none. */
export function parseRequest(text: string): CosignRequest | undefined {
  const request = parse(requestSchema, text)
  if (request === undefined) return undefined
  try {
    for (const { word } of request.records) decodeWord(word)
    return request
  } catch {
    return undefined
  }
}

/** Reads the bytes of an answer; undefined when they are none. */
export function parseAnswer(text: string): CosignAnswer | undefined {
  return parse(answerSchema, text)
}

/** A refusal, for an account or the whole. */
export function refuse(reason: RefusalReason, about: { account?: Address; error?: string } = {}): CosignAnswer {
  return { code: 'refused', reason, ...about }
}

function parse<Output>(schema: z.ZodType<Output>, text: string): Output | undefined {
  try {
    const { success, data } = schema.safeParse(JSON.parse(text))
    return success ? data : undefined
  } catch {
    return undefined
  }
}
