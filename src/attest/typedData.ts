import { type Address, type Hex, keccak256 } from 'viem'
import type { MarginBatch } from './batch.ts'
import { encodeItems } from './batch.ts'
import type { MarginRecord } from './record.ts'
import type { MarginRoot } from './root.ts'

/** The registry that a record is signed for. */
export type AttestationDomain = { readonly chainId: number; readonly registry: Address }

/** Signed but on no wire: the registry fills in its own. */
export type Binding = {
  /** Zero on chains without usable block hashes. */
  readonly blockHash: Hex
  readonly paramsHash: Hex
  readonly setId: bigint
}

/** Everything that signers of a single record put their name to. */
export type UnsignedAttestation = Binding & {
  readonly record: MarginRecord
  readonly blockNumber: bigint
  readonly portfolioRoot: Hex
}

/** Everything that signers of a batch put their name to. */
export type UnsignedBatch = Binding & { readonly batch: MarginBatch }

/** Everything that signers of a root put their name to. */
export type UnsignedRoot = Binding & { readonly root: MarginRoot }

/** EIP-712 type of the domain; name `Plimsoll`, version `1`. */
export const domainType = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
] as const

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

const headerFields = [
  { name: 'observedAt', type: 'uint32' },
  { name: 'modelId', type: 'uint8' },
  { name: 'flags', type: 'uint8' },
  { name: 'blockNumber', type: 'uint40' },
  { name: 'blockHash', type: 'bytes32' },
  { name: 'paramsHash', type: 'bytes32' },
] as const

/** EIP-712 type of a batch; `itemsHash` is keccak256 of the items as they travel. */
export const batchTypes = {
  MarginBatch: [
    ...headerFields,
    { name: 'rootsRoot', type: 'bytes32' },
    { name: 'itemsHash', type: 'bytes32' },
    { name: 'setId', type: 'uint256' },
  ],
} as const

/** EIP-712 type of a root. */
export const rootTypes = {
  MarginRoot: [...headerFields, { name: 'root', type: 'bytes32' }, { name: 'setId', type: 'uint256' }],
} as const

/** The EIP-712 typed data of a record, ready for a wallet to sign or a hasher to hash. */
export function attestationTypedData(unsigned: UnsignedAttestation, domain: AttestationDomain) {
  const { record, ...commitments } = unsigned
  return {
    domain: typedDomain(domain),
    types: attestationTypes,
    primaryType: 'MarginAttestation',
    message: { ...record, ...commitments, blockNumber: Number(commitments.blockNumber) },
  } as const
}

/**
 * The EIP-712 typed data of a batch.
 *
 * @throws {OutOfRangeError | InvalidAttestationError} when its items have no encoding.
 */
export function batchTypedData({ batch, ...binding }: UnsignedBatch, domain: AttestationDomain) {
  const { items: _, ...header } = batch
  const itemsHash = keccak256(encodeItems(batch))
  return {
    domain: typedDomain(domain),
    types: batchTypes,
    primaryType: 'MarginBatch',
    message: { ...header, ...binding, itemsHash, blockNumber: Number(batch.blockNumber) },
  } as const
}

/** The EIP-712 typed data of a root. */
export function rootTypedData({ root, ...binding }: UnsignedRoot, domain: AttestationDomain) {
  return {
    domain: typedDomain(domain),
    types: rootTypes,
    primaryType: 'MarginRoot',
    message: { ...root, ...binding, blockNumber: Number(root.blockNumber) },
  } as const
}

function typedDomain({ chainId, registry }: AttestationDomain) {
  return { name: 'Plimsoll', version: '1', chainId, verifyingContract: registry } as const
}
