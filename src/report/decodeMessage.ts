import {
  decodeFunctionData,
  type Hex,
  hexToNumber,
  isHex,
  size,
  slice,
  toFunctionSelector,
  toFunctionSignature,
} from 'viem'
import { marginRegistryAbi } from '../attest/abi.ts'
import { batchTag, decodeBatch, type MarginBatch } from '../attest/batch.ts'
import { type DecodedError, decodeError } from '../attest/decodeError.ts'
import {
  type Attestation,
  decodeAttestation,
  decodeFlags,
  decodeWord,
  type MarginRecord,
  postTag,
  type RecordFlags,
} from '../attest/record.ts'
import { decodeLeaf, decodeRoot, type Leaf, leafTag, type MarginRoot, rootTag } from '../attest/root.ts'
import type { Signatures } from '../attest/wire.ts'
import { BaseError } from '../core/errors.ts'

/** What bytes of ours mean. */
export type DecodedMessage =
  | { readonly kind: 'error'; readonly error: DecodedError }
  | { readonly kind: 'record'; readonly attestation: Attestation }
  | { readonly kind: 'batch'; readonly batch: MarginBatch & Signatures }
  | { readonly kind: 'root'; readonly root: MarginRoot & Signatures }
  | { readonly kind: 'leaf'; readonly leaf: Leaf }
  | { readonly kind: 'pull'; readonly message: DecodedMessage }
  | { readonly kind: 'word'; readonly record: Omit<MarginRecord, 'account'> }
  | { readonly kind: 'flags'; readonly flags: RecordFlags }
  | { readonly kind: 'function'; readonly signature: string }
  | { readonly kind: 'call'; readonly signature: string; readonly arguments: readonly unknown[] }

/** The bytes are nothing that this package makes. */
export class UnknownDataError extends BaseError {
  override readonly name = 'UnknownDataError'
}

/**
 * Explains bytes that the contracts take or give: errors with or without arguments, records, batches, roots and leaves as
 * they are posted or pulled, packed records (32 bytes), flags (1 byte), and calls of the registry.
 *
 * @throws {UnknownDataError} for anything else.
 * @throws {InvalidAttestationError | OutOfRangeError} for what begins as a message of ours and is none.
 */
export function decodeMessage(data: Hex): DecodedMessage {
  if (!isHex(data) || data.length % 2 !== 0) throw new UnknownDataError(`${data} is not hex bytes.`)
  const length = size(data)
  if (length === 1) return { kind: 'flags', flags: decodeFlags(hexToNumber(data)) }
  if (length === 32) return { kind: 'word', record: decodeWord(data) }
  if (length < 4) throw unknown(data)
  const selector = slice(data, 0, 4).toLowerCase() as Hex
  if (length === 4) {
    const signature = functions().get(selector)
    if (signature !== undefined) return { kind: 'function', signature }
  }
  if (selector === postTag) return { kind: 'record', attestation: decodeAttestation(data) }
  if (selector === batchTag) return { kind: 'batch', batch: decodeBatch(data) }
  if (selector === rootTag) return { kind: 'root', root: decodeRoot(data) }
  if (selector === leafTag) return { kind: 'leaf', leaf: decodeLeaf(data) }
  const error = decodeError(data)
  if (error !== undefined) return { kind: 'error', error }
  return decodeCall(selector, data)
}

function decodeCall(selector: Hex, data: Hex): DecodedMessage {
  const signature = functions().get(selector)
  if (signature === undefined) throw unknown(data)
  try {
    const { functionName, args = [] } = decodeFunctionData({ abi: marginRegistryAbi, data })
    if (functionName === 'verify') return { kind: 'pull', message: decodeMessage(args[0] as Hex) }
    return { kind: 'call', signature, arguments: args }
  } catch (cause) {
    if (cause instanceof BaseError) throw cause
    throw new UnknownDataError(`The arguments are not those of ${signature}.`, { cause })
  }
}

function functions(): ReadonlyMap<Hex, string> {
  return new Map(
    marginRegistryAbi
      .filter((item) => item.type === 'function')
      .map((item) => [toFunctionSelector(item), toFunctionSignature(item)]),
  )
}

function unknown(data: Hex): UnknownDataError {
  const start = data.length > 10 ? `${data.slice(0, 10)}…` : data
  return new UnknownDataError(`${start} (${size(data)} bytes) is no error, record, word, flag or call of ours.`, {
    metaMessages: ['Check that nothing is missing at its start. Errors of other contracts are not known here.'],
  })
}
