import { encodeAbiParameters, encodeFunctionData, encodeFunctionResult, type Hex, keccak256 } from 'viem'
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
    calls: hashCalls(calls.map(({ address, ...call }) => ({ target: address, data: encodeFunctionData(call) }))),
    results: hashResults(
      calls.map(({ abi, functionName }, index) => encodeFunctionResult({ abi, functionName, result: results[index] })),
    ),
  }
}

function hashCalls(calls: readonly { readonly target: Hex; readonly data: Hex }[]): Hex {
  const components = [
    { name: 'target', type: 'address' },
    { name: 'data', type: 'bytes' },
  ] as const
  return keccak256(encodeAbiParameters([{ type: 'tuple[]', components }], [calls]))
}

function hashResults(results: readonly Hex[]): Hex {
  return keccak256(encodeAbiParameters([{ type: 'bytes[]' }], [results]))
}
