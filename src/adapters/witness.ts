import { Buffer } from 'node:buffer'
import type { Address, Hex } from 'viem'
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
  const targets = calls.map(({ address }) => address)
  return {
    venue,
    calls: hashList(calls.map(encodeCall), targets),
    results: hashList(calls.map((call, index) => encodeResult(call, results[index]))),
  }
}

const word = 32
/** Where lists are written before they are hashed, one at a time; it grows to the longest. */
let scratch = Buffer.alloc(0)

/** keccak256 of `abi.encode` of a list of bytes, or of tuples of a target and bytes: offset, length, where each item begins, the items. */
function hashList(items: readonly Hex[], targets?: readonly Address[]): Hex {
  const fixed = targets === undefined ? word : 3 * word
  const head = (2 + items.length) * word
  const size = items.reduce((total, item) => total + fixed + padded(sizeOf(item)), head)
  if (scratch.length < size) scratch = Buffer.alloc(2 * size)
  const bytes = scratch.subarray(0, size).fill(0)
  writeCount(bytes, 0, word)
  writeCount(bytes, word, items.length)
  let at = head
  for (const [index, item] of items.entries()) {
    writeCount(bytes, (2 + index) * word, at - 2 * word)
    const target = targets?.[index]
    if (target !== undefined) {
      bytes.write(target.slice(2), at + 12, 'hex')
      writeCount(bytes, at + word, 2 * word)
      at += 2 * word
    }
    const length = sizeOf(item)
    writeCount(bytes, at, length)
    bytes.write(item.slice(2), at + word, 'hex')
    at += word + padded(length)
  }
  return keccak256Of(bytes)
}

function sizeOf(data: Hex): number {
  return data.length / 2 - 1
}

function padded(size: number): number {
  return word * Math.ceil(size / word)
}

/** A length or an offset in the word that begins there. */
function writeCount(bytes: Buffer, at: number, count: number): void {
  bytes.writeUInt32BE(count, at + word - 4)
}
