import canonicalize from 'canonicalize'
import type { Hex } from 'viem'
import { InvalidInputError } from './errors.ts'
import { keccak256Of } from './keccak256.ts'

/** A plain value with every bigint as decimal text, ready for JSON. */
export function toJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}` : item)))
}

/**
 * keccak256 of the canonical JSON (RFC 8785) of a plain value; bigints count as decimal text.
 *
 * @throws {InvalidInputError} for a value that JSON cannot carry.
 */
export function canonicalHash(value: unknown): Hex {
  const text = canonicalize(toJson(value))
  if (text === undefined) throw new InvalidInputError('The value to hash is not JSON.')
  return keccak256Of(new TextEncoder().encode(text))
}
