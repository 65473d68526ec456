import {
  type Abi,
  type AbiFunction,
  encodeFunctionData,
  encodeFunctionResult,
  getAbiItem,
  type Hex,
  toFunctionSelector,
} from 'viem'
import { type WordWriter, wordWriter } from './abiWords.ts'
import type { PlannedCall } from './readPlan.ts'

/** A function of an ABI, and how its calls and answers are written. */
type Prepared = {
  readonly item: AbiFunction
  readonly selector: Hex
  readonly inputs: WordWriter | undefined
  readonly outputs: WordWriter | undefined
}

const prepared = new WeakMap<AbiFunction, Prepared>()
/** Functions by name, of ABIs that have one of that name. */
const byName = new WeakMap<Abi, Map<string, AbiFunction | undefined>>()

/** The function that a call is of; undefined where its ABI has none for these arguments. */
export function functionOf({ abi, functionName, args = [] }: PlannedCall): AbiFunction | undefined {
  const known = byName.get(abi) ?? new Map<string, AbiFunction | undefined>()
  byName.set(abi, known)
  if (!known.has(functionName)) known.set(functionName, onlyFunction(abi, functionName))
  const only = known.get(functionName)
  if (only !== undefined) return only
  const item = getAbiItem({ abi, name: functionName, args } as { abi: Abi; name: string; args: readonly unknown[] })
  return item?.type === 'function' ? item : undefined
}

/** Call data, as `encodeFunctionData` of viem writes it. @throws what that throws for a call that its ABI does not encode. */
export function encodeCall(call: PlannedCall): Hex {
  const { args = [] } = call
  const { item, selector, inputs } = prepare(call)
  const words = inputs?.(args)
  if (words !== undefined) return `${selector}${words}`
  return encodeFunctionData({ abi: [item], functionName: call.functionName, args: [...args] })
}

/** The return data that decodes to a result, as `encodeFunctionResult` of viem writes it. @throws what that throws. */
export function encodeResult(call: PlannedCall, result: unknown): Hex {
  const { item, outputs } = prepare(call)
  const words = outputs?.(item.outputs.length === 1 ? [result] : Array.isArray(result) ? result : [])
  if (words !== undefined) return `0x${words}`
  return encodeFunctionResult({ abi: [item], functionName: call.functionName, result: result as never })
}

function onlyFunction(abi: Abi, name: string): AbiFunction | undefined {
  const named = abi.filter((item): item is AbiFunction => item.type === 'function' && item.name === name)
  return named.length === 1 ? named[0] : undefined
}

function prepare(call: PlannedCall): Prepared {
  // Viem names what is missing.
  const item = functionOf(call) ?? (getAbiItem({ abi: call.abi, name: call.functionName }) as AbiFunction)
  const known = prepared.get(item)
  if (known !== undefined) return known
  const made = {
    item,
    selector: toFunctionSelector(item),
    inputs: wordWriter(item.inputs),
    outputs: wordWriter(item.outputs),
  }
  prepared.set(item, made)
  return made
}
