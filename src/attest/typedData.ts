import { type Address, type Hex, hashTypedData } from 'viem'
import type { MarginRecord } from './record.ts'

/** The registry that a record is signed for. */
export type AttestationDomain = { readonly chainId: number; readonly registry: Address }

/** Everything that signers put their name to. The last three are on no wire: the registry fills in its own. */
export type UnsignedAttestation = {
  readonly record: MarginRecord
  readonly blockNumber: bigint
  readonly portfolioRoot: Hex
  readonly blockHash: Hex
  readonly paramsHash: Hex
  readonly setId: bigint
}

/** EIP-712 type of a single record. */
export const attestationTypes = {
  MarginAttestation: [
    { name: 'account', type: 'address' },
    { name: 'initialMargin', type: 'uint64' },
    { name: 'maintenanceMargin', type: 'uint64' },
    { name: 'equity', type: 'int64' },
    { name: 'observedAt', type: 'uint32' },
    { name: 'lienSeq', type: 'uint16' },
    { name: 'modelId', type: 'uint8' },
    { name: 'flags', type: 'uint8' },
    { name: 'blockNumber', type: 'uint40' },
    { name: 'blockHash', type: 'bytes32' },
    { name: 'paramsHash', type: 'bytes32' },
    { name: 'portfolioRoot', type: 'bytes32' },
    { name: 'setId', type: 'uint256' },
  ],
} as const

/** The EIP-712 typed data of a record, ready for a wallet to sign or a hasher to hash. */
export function attestationTypedData(unsigned: UnsignedAttestation, { chainId, registry }: AttestationDomain) {
  const { record, ...commitments } = unsigned
  return {
    domain: { name: 'Plimsoll', version: '1', chainId, verifyingContract: registry },
    types: attestationTypes,
    primaryType: 'MarginAttestation',
    message: { ...record, ...commitments, blockNumber: Number(commitments.blockNumber) },
  } as const
}

/** The 32 bytes that every signer of a record signs. */
export function attestationDigest(unsigned: UnsignedAttestation, domain: AttestationDomain): Hex {
  return hashTypedData(attestationTypedData(unsigned, domain))
}
