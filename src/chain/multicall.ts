import {
  type AbiParameter,
  BaseError,
  type Client,
  ContractFunctionExecutionError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  type Hex,
} from 'viem'
import { multicall } from 'viem/actions'
import type { PinnedBlock } from '../core/portfolio.ts'
import type { PlannedCall } from '../core/readPlan.ts'
import { encodedSize } from './answerSize.ts'
import { CallFailedError } from './errors.ts'
import { fitsOutputs } from './outputRange.ts'
import { requireCanonical } from './pinBlock.ts'
import { toRpcError } from './toRpcError.ts'

/** A call with what is needed to share, size and name it. */
export type PreparedCall = PlannedCall & {
  readonly plan: string
  readonly data: Hex
  readonly outputs: readonly AbiParameter[]
}

/** A deployless multicall is a contract creation: initcode is at most 49,152 bytes and the answer 24,576. */
const limits = { request: 24_000, answer: 20_000 }

/** Offset, success flag, offset and length of one result of `aggregate3`; the request has as many words plus its selector. */
const wrapping = 160

/** Answers in the order of the calls, and how many `eth_call`s they took. */
export type Answers = { readonly values: readonly unknown[]; readonly ethCalls: number }

/**
 * Calls everything at one block hash in as few deployless multicalls as fit.
 *
 * @throws {CallFailedError} for a call that fails alone, not only in company, or answers with an integer too large for its type.
 * @throws {ReorgedError} when the block has left the chain.
 * @throws {RpcError} when the node does not answer.
 */
export async function multicallAt(
  client: Client,
  block: PinnedBlock,
  calls: readonly PreparedCall[],
): Promise<Answers> {
  const parts = await Promise.all(split(calls).map((chunk) => answer(client, block, chunk)))
  return merge(parts)
}

async function answer(client: Client, block: PinnedBlock, calls: readonly PreparedCall[]): Promise<Answers> {
  const results = await multicall(
    { ...client, batch: undefined },
    { contracts: calls, deployless: true, blockHash: block.hash, batchSize: 0, allowFailure: true },
  )
  const failure = results.find(({ error }) => isFailureOfWhole(error))?.error
  if (failure !== undefined) {
    if (isTooLarge(failure))
      return merge([{ values: [], ethCalls: 1 }, await answerHalves(client, block, calls, failure)])
    await requireCanonical(client, block)
    throw toRpcError(client, `eth_call at block ${block.number}`, failure)
  }

  results.forEach(({ status, result }, index) => {
    const call = calls[index] as PreparedCall
    if (status === 'success' && !fitsOutputs(call.outputs, result)) {
      throw callFailed(call, 'gave an answer beyond the range of its ABI')
    }
  })
  const failed = results.flatMap(({ status }, index) => (status === 'failure' ? [index] : []))
  if (failed.length === 0) return { values: results.map(({ result }) => result), ethCalls: 1 }

  const again = failed.map((index) => calls[index] as PreparedCall)
  const first = results[failed[0] as number]?.error
  // A call can run out of gas in company only, so the verdict is left to a call on its own.
  const retried =
    failed.length < calls.length
      ? await answer(client, block, again)
      : await answerHalves(client, block, again, first as Error)
  const values = results.map(({ result }) => result as unknown)
  failed.forEach((index, position) => {
    values[index] = retried.values[position]
  })
  return { values, ethCalls: 1 + retried.ethCalls }
}

async function answerHalves(
  client: Client,
  block: PinnedBlock,
  calls: readonly PreparedCall[],
  failure: Error,
): Promise<Answers> {
  const [only] = calls
  if (only !== undefined && calls.length === 1) throw callFailed(only, reasonOf(failure))
  const middle = calls.length >> 1
  return merge(
    await Promise.all([calls.slice(0, middle), calls.slice(middle)].map((half) => answer(client, block, half))),
  )
}

function callFailed(call: PreparedCall, reason: string): CallFailedError {
  return new CallFailedError({
    plan: call.plan,
    contract: call.address,
    functionName: call.functionName,
    args: call.args ?? [],
    reason,
  })
}

function reasonOf(error: Error): string {
  if (isFailureOfWhole(error)) return 'needs more gas or space than one eth_call has'
  if (!(error instanceof BaseError)) return `failed: ${error.name}`
  const reverted = error.walk((link) => link instanceof ContractFunctionRevertedError)
  if (reverted instanceof ContractFunctionRevertedError) {
    const detail = reverted.reason ?? reverted.data?.errorName ?? reverted.signature
    return detail === undefined ? 'reverted without a reason' : `reverted: ${detail}`
  }
  if (error.walk((link) => link instanceof ContractFunctionZeroDataError) !== null) {
    return 'answered nothing: there is no contract with such a function'
  }
  return 'gave an answer that its ABI does not decode'
}

/** True for an error of the `eth_call` itself; the error of one call carries the name of its own function. */
function isFailureOfWhole(error: Error | undefined): boolean {
  return error instanceof ContractFunctionExecutionError && error.functionName === 'aggregate3'
}

/**
 * True when the `eth_call` was executed and did not fit: initcode, answer or gas. No call in it can make it revert, since
 * each may fail by itself, so a revert of the whole is one of those too.
 */
function isTooLarge(error: Error): boolean {
  return /revert|initcode|init code|code size|code is too large|contract size|out of gas|gas (limit|required)/i.test(
    error.message,
  )
}

function split(calls: readonly PreparedCall[]): PreparedCall[][] {
  const chunks: PreparedCall[][] = []
  let request = 0
  let response = 0
  for (const call of calls) {
    const asked = wrapping + Math.ceil((call.data.length - 2) / 64) * 32
    const answered = wrapping + encodedSize(call.outputs)
    if (chunks.length === 0 || request + asked > limits.request || response + answered > limits.answer) {
      chunks.push([])
      request = 0
      response = 0
    }
    chunks.at(-1)?.push(call)
    request += asked
    response += answered
  }
  return chunks
}

function merge(parts: readonly Answers[]): Answers {
  return {
    values: parts.flatMap(({ values }) => values),
    ethCalls: parts.reduce((total, { ethCalls }) => total + ethCalls, 0),
  }
}
