import { Interface } from 'ethers'
import { type Address, decodeFunctionResult, encodeFunctionData } from 'viem'
import type { PlannedCall, ReadPlan } from '../../../src/core/readPlan.ts'

/** What contracts answer, by address and by call as text, such as `balanceOf(0x…)`; values in the order of the outputs. */
export type HandEncodedAnswers = {
  /** Signatures as the protocol documents them, not those of the adapter. */
  readonly signatures: readonly string[]
  readonly answers: Readonly<Record<Address, Readonly<Record<string, readonly unknown[]>>>>
}

/**
 * Runs a plan against answers that ethers encodes: ethers must be able to read the call data of the adapter, and the adapter
 * the return data of ethers.
 */
export function runHandEncoded<Result>(plan: ReadPlan<Result>, { signatures, answers }: HandEncodedAnswers): Result {
  const second = new Interface(signatures)
  const answer = (call: PlannedCall): unknown => {
    const { abi, functionName, args } = call
    const data = encodeFunctionData({ abi, functionName, args } as Parameters<typeof encodeFunctionData>[0])
    const parsed = second.parseTransaction({ data })
    if (parsed === null) throw new Error(`${functionName} is none of the documented functions`)
    const text = `${parsed.name}(${parsed.args.map(String).join(', ')})`
    const values = answers[call.address]?.[text]
    if (values === undefined) throw new Error(`nothing answers ${text} at ${call.address}`)
    const returned = second.encodeFunctionResult(parsed.fragment, values) as `0x${string}`
    return decodeFunctionResult({ abi, functionName, data: returned } as Parameters<typeof decodeFunctionResult>[0])
  }
  let step = plan.next()
  while (step.done !== true) step = plan.next(step.value.map(answer))
  return step.value
}
