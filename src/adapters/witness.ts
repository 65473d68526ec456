import { Buffer } from 'node:buffer'
import type { Hex } from 'viem'
import { countWord } from '../core/abiWords.ts'
import { encodeCall, encodeResult } from '../core/callData.ts'
import { keccak256Of } from '../core/keccak256.ts'
import type { PlannedCall } from '../core/readPlan.ts'
import type { VenueWitness } from '../core/snapshot.ts'

/**
 * What a witness commits to for one venue, from its calls and their decoded results in the same order.
 * `calls` is keccak256(abi.encode((address target, bytes data)[])), `results` keccak256(abi.encode(bytes[])) over the
 * return data, which for a Solidity contract is the canonical encoding of what was decoded.
 */
export function toVenueWitness(
  venue: string,
  calls: readonly PlannedCall[],
  results: readonly unknown[],
): VenueWitness {
  return {
    venue,
    calls: hashList(calls.map((call) => encodeTarget(call))),
    results: hashList(calls.map((call, index) => encodeBytes(encodeResult(call, results[index])))),
  }
}

/** `abi.encode` of a list of dynamic items: offset, length, where each item begins, the items; all as hex digits. */
function hashList(items: readonly string[]): Hex {
  let at = 32 * items.length
  const offsets = items.map((item) => {
    const offset = countWord(at)
    at += item.length / 2
    return offset
  })
  const bytes = Buffer.from(countWord(32) + countWord(items.length) + offsets.join('') + items.join(''), 'hex')
  return keccak256Of(bytes)
}

/** A tuple of a target and call data. */
function encodeTarget(call: PlannedCall): string {
  return call.address.slice(2).toLowerCase().padStart(64, '0') + countWord(64) + encodeBytes(encodeCall(call))
}

function encodeBytes(data: Hex): string {
  const digits = data.slice(2)
  return countWord(digits.length / 2) + digits.padEnd(64 * Math.ceil(digits.length / 64), '0')
}
