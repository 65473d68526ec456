import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import {
  type Address,
  bytesToHex,
  type Hex,
  isAddress,
  isAddressEqual,
  keccak256,
  type LocalAccount,
  recoverTypedDataAddress,
} from 'viem'
import type { AttestationDomain } from '../../attest/typedData.ts'

/** Who asks whom, when, and what. */
export type RequestClaim = {
  readonly proposer: Address
  readonly cosigner: Address
  /** Clock of the proposer, Unix milliseconds. */
  readonly time: number
  /** 32 bytes, another for every request. */
  readonly nonce: Hex
}

/** How far the clocks of two keepers may be apart, and for how long a request may be under way, in milliseconds. */
export const requestWindow = 30_000

const types = {
  CosignRequest: [
    { name: 'proposer', type: 'address' },
    { name: 'cosigner', type: 'address' },
    { name: 'time', type: 'uint64' },
    { name: 'nonce', type: 'bytes32' },
    { name: 'bodyHash', type: 'bytes32' },
  ],
} as const

const headerNames = {
  proposer: 'plimsoll-proposer',
  time: 'plimsoll-time',
  nonce: 'plimsoll-nonce',
  signature: 'plimsoll-signature',
} as const

/**
 * Signs a request as its proposer. The typed data has a name of its own, so it never is a record; it names the co-signer, so
 * that none can use up the nonce at another.
 *
 * @returns the headers that go with the body.
 */
export async function signRequest(
  proposer: LocalAccount,
  {
    domain,
    cosigner,
    body,
    time,
  }: {
    readonly domain: AttestationDomain
    readonly cosigner: Address
    readonly body: Uint8Array
    readonly time: number
  },
): Promise<Readonly<Record<string, string>>> {
  const claim = { proposer: proposer.address, cosigner, time, nonce: bytesToHex(randomBytes(32)) }
  return {
    [headerNames.proposer]: claim.proposer,
    [headerNames.time]: `${claim.time}`,
    [headerNames.nonce]: claim.nonce,
    [headerNames.signature]: await proposer.signTypedData(typedRequest(claim, body, domain)),
  }
}

/** The claim in the headers of a request to `cosigner`, and its signature; undefined when there is none. */
export function readClaim(
  headers: IncomingHttpHeaders,
  cosigner: Address,
): { readonly claim: RequestClaim; readonly signature: Hex } | undefined {
  const { proposer, time, nonce, signature } = Object.fromEntries(
    Object.entries(headerNames).map(([key, name]) => [key, headers[name]]),
  )
  if (typeof proposer !== 'string' || !isAddress(proposer, { strict: false })) return undefined
  if (typeof time !== 'string' || !/^\d{1,15}$/.test(time)) return undefined
  if (typeof nonce !== 'string' || !/^0x[\da-f]{64}$/.test(nonce)) return undefined
  if (typeof signature !== 'string' || !/^0x[\da-f]{130}$/i.test(signature)) return undefined
  return { claim: { proposer, cosigner, time: Number(time), nonce: nonce as Hex }, signature: signature as Hex }
}

/** Whether the proposer signed this claim over this body. Only public values are compared, so the time it takes tells nothing. */
export async function isSignedByProposer(
  { claim, signature }: { readonly claim: RequestClaim; readonly signature: Hex },
  body: Uint8Array,
  domain: AttestationDomain,
): Promise<boolean> {
  try {
    const signer = await recoverTypedDataAddress({ ...typedRequest(claim, body, domain), signature })
    return isAddressEqual(signer, claim.proposer)
  } catch {
    return false
  }
}

/**
 * Remembers requests for as long as their time lets them pass. What was sent before the start is stale, so that a restart does
 * not let a request pass twice.
 */
export function replayGuard(now: () => number): {
  isFresh(claim: RequestClaim): boolean
  wasSeen(claim: RequestClaim): boolean
  remember(claim: RequestClaim): void
} {
  const startedAt = now()
  const seen = new Map<string, number>()
  const keyOf = ({ proposer, nonce }: RequestClaim) => `${proposer.toLowerCase()} ${nonce}`
  return {
    isFresh: ({ time }) => time >= startedAt && Math.abs(now() - time) <= requestWindow,
    wasSeen: (claim) => seen.has(keyOf(claim)),
    remember(claim) {
      for (const [key, until] of seen) if (until < now()) seen.delete(key)
      seen.set(keyOf(claim), claim.time + requestWindow)
    },
  }
}

function typedRequest({ time, ...claim }: RequestClaim, body: Uint8Array, { chainId, registry }: AttestationDomain) {
  return {
    domain: { name: 'Plimsoll co-signing', version: '1', chainId, verifyingContract: registry },
    types,
    primaryType: 'CosignRequest',
    message: { ...claim, time: BigInt(time), bodyHash: keccak256(body) },
  } as const
}
