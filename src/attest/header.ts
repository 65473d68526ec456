import { concat, type Hex, hexToBigInt, hexToNumber, numberToHex, slice } from 'viem'
import { decodeFlags, type MarginRecord, maximumModelId } from './record.ts'
import { InvalidAttestationError, requireRange } from './wire.ts'

/** What all records of a batch or root share. */
export type SharedHeader = Pick<MarginRecord, 'observedAt' | 'modelId' | 'flags'> & { readonly blockNumber: bigint }

/** Bytes of a {@link SharedHeader}. */
export const headerSize = 11

/**
 * `4 observedAt | 1 modelId | 1 flags | 5 blockNumber`.
 *
 * @throws {OutOfRangeError} when a value does not fit its field.
 * @throws {InvalidAttestationError} for scope enforceable, which is posted record by record.
 */
export function encodeHeader({ observedAt, modelId, flags, blockNumber }: SharedHeader): Hex {
  requireRange('observedAt', observedAt, 0, 0xffffffff)
  requireRange('modelId', modelId, 0, maximumModelId)
  requireRange('blockNumber', blockNumber, 0n, 2n ** 40n - 1n)
  if (decodeFlags(flags).enforceable) {
    throw new InvalidAttestationError('Records of scope enforceable are posted one by one.')
  }
  return concat([
    numberToHex(observedAt, { size: 4 }),
    numberToHex(modelId, { size: 1 }),
    numberToHex(flags, { size: 1 }),
    numberToHex(blockNumber, { size: 5 }),
  ])
}

/** Reads the header that follows the tag; the message must be long enough. */
export function decodeHeader(wire: Hex): SharedHeader {
  return {
    observedAt: hexToNumber(slice(wire, 4, 8)),
    modelId: hexToNumber(slice(wire, 8, 9)),
    flags: hexToNumber(slice(wire, 9, 10)),
    blockNumber: hexToBigInt(slice(wire, 10, 15)),
  }
}
