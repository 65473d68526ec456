import {
  AbiDecodingZeroDataError,
  type Client,
  ContractFunctionRevertedError,
  type Hex,
  HttpRequestError,
  InvalidParamsRpcError,
  MethodNotSupportedRpcError,
} from 'viem'
import { BaseError } from '../core/errors.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import type { PlannedCall } from '../core/readPlan.ts'
import { askLens, lensModeOf, rememberNoOverrides } from './askLens.ts'
import { type AnswerDecoder, BeyondTypeError } from './decodeAnswer.ts'
import { chainOf } from './describeRpcFailure.ts'
import { RpcError } from './errors.ts'
import { inFlight, inTurn } from './inTurn.ts'
import { maximumCallData, type PackedAnswer, packCalls, packing, unpackAnswers } from './packedCalls.ts'
import { requireCanonical } from './pinBlock.ts'
import { toRpcError } from './toRpcError.ts'

/** A call with what is needed to share, size and decode it; `answerSize` in bytes. */
export type PreparedCall = PlannedCall & {
  readonly data: Hex
  readonly decode: AnswerDecoder
  readonly answerSize: number
}

/** What a call answered, or why it has no answer. */
export type Outcome = { readonly value: unknown } | { readonly reason: string }

/** Outcomes in the order of the calls, and how many `eth_call`s they took. */
export type Outcomes = { readonly outcomes: readonly Outcome[]; readonly ethCalls: number }

const tooLarge: Outcome = { reason: 'needs more gas or space than one eth_call has' }

/**
 * Calls everything at one block hash in as few `eth_call`s as fit. Only what fails alone has failed: a call can run out of gas in
 * company.
 *
 * @throws {ReorgedError} when the block has left the chain.
 * @throws {RpcError} when the node does not answer.
 */
export async function answerCalls(
  client: Client,
  block: PinnedBlock,
  calls: readonly PreparedCall[],
): Promise<Outcomes> {
  const outcomes = new Map<PreparedCall, Outcome>()
  for (const call of calls) if (bytesOf(call.data) > maximumCallData) outcomes.set(call, tooLarge)
  const waiting: (readonly PreparedCall[])[] = [calls.filter((call) => !outcomes.has(call))]
  let ethCalls = 0
  /** The most calls that one request is known to have gas for. */
  let most = Number.POSITIVE_INFINITY

  const askNext = async (asked: readonly PreparedCall[]): Promise<void> => {
    const mode = lensModeOf(client)
    const fitting = takeFitting(asked, most, mode)
    if (fitting.length < asked.length) waiting.push(asked.slice(fitting.length))
    ethCalls += 1
    let packed: Hex
    try {
      packed = await inTurn(client, () => askLens(client, block, packCalls(fitting), mode))
    } catch (failure) {
      if (mode.id === 'override' && isRefusedOverride(failure)) {
        rememberNoOverrides(client)
        waiting.push(fitting)
      } else if (isTooLarge(failure)) {
        if (fitting.length === 1) for (const call of fitting) outcomes.set(call, tooLarge)
        else waiting.push(...halves(fitting))
      } else {
        waiting.length = 0
        await requireCanonical(client, block)
        throw toRpcError(client, `eth_call at block ${block.number}`, failure)
      }
      return
    }
    if (mode.id === 'override' && packed === '0x') {
      rememberNoOverrides(client)
      waiting.push(fitting)
      return
    }
    const answers = unpackAnswers(packed)
    if (answers === undefined || answers.length === 0 || answers.length > fitting.length) {
      throw new RpcError({ request: `eth_call at block ${block.number}`, reason: 'the answer is not that of the call' })
    }
    const left = fitting.slice(answers.length)
    if (left.length > 0) {
      most = Math.min(most, answers.length)
      waiting.push(left)
    }
    const failed: PreparedCall[] = []
    answers.forEach((answer, index) => {
      const call = fitting[index] as PreparedCall
      const outcome = judge(call, answer)
      if ('value' in outcome || fitting.length === 1) outcomes.set(call, outcome)
      else failed.push(call)
    })
    if (failed.length === fitting.length) waiting.push(...halves(failed))
    else if (failed.length > 0) waiting.push(failed)
  }

  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next.length > 0) await askNext(next)
    }
  }
  while (waiting.length > 0) await Promise.all(Array.from({ length: inFlight }, work))
  return { outcomes: calls.map((call) => outcomes.get(call) as Outcome), ethCalls }
}

function takeFitting(
  calls: readonly PreparedCall[],
  most: number,
  limits: { readonly request: number; readonly answer: number },
): readonly PreparedCall[] {
  let request = 0
  let answer = 0
  let count = 0
  for (const { data, answerSize } of calls) {
    request += packing.call + bytesOf(data)
    answer += packing.answer + answerSize
    if (count > 0 && (count >= most || request > limits.request || answer > limits.answer)) break
    count += 1
  }
  return calls.slice(0, count)
}

function bytesOf(data: Hex): number {
  return (data.length - 2) / 2
}

function halves(calls: readonly PreparedCall[]): (readonly PreparedCall[])[] {
  const middle = (calls.length + 1) >> 1
  return [calls.slice(0, middle), calls.slice(middle)]
}

function judge({ abi, functionName, decode }: PreparedCall, { success, data }: PackedAnswer): Outcome {
  if (!success) {
    const reverted = new ContractFunctionRevertedError({ abi, data, functionName })
    const detail = reverted.reason ?? reverted.data?.errorName ?? reverted.signature
    return { reason: detail === undefined ? 'reverted without a reason' : `reverted: ${detail}` }
  }
  try {
    return { value: decode(data) }
  } catch (error) {
    if (error instanceof BeyondTypeError) return { reason: 'gave an answer beyond the range of its ABI' }
    if (!(error instanceof AbiDecodingZeroDataError)) return { reason: 'gave an answer that its ABI does not decode' }
    return { reason: 'answered nothing: there is no contract with such a function' }
  }
}

/**
 * True when the `eth_call` did not fit the node: initcode, answer, gas, or the time that the node gives it. No call in it can
 * make it revert, since each may fail by itself, so a revert of the whole is one of those too. A node that says nothing in time
 * is not one of these: it may be dead, and each half would wait as long again.
 */
function isTooLarge(error: unknown): boolean {
  for (const link of chainOf(error)) {
    // What this package's own transport refuses is no answer of a node.
    if (link instanceof BaseError) return false
    if (link instanceof HttpRequestError && link.status === 413) return true
  }
  return /revert|initcode|init code|code size|code is too large|contract size|out ?of ?gas|gas (limit|required|floor)|intrinsic gas|response.{0,20}(size|too large|exceeded)|execution (timeout|aborted)|evm timeout/i.test(
    textsOf(error),
  )
}

/** True when the node says that it takes no third parameter, or not this one. */
function isRefusedOverride(error: unknown): boolean {
  for (const link of chainOf(error)) {
    if (link instanceof InvalidParamsRpcError || link instanceof MethodNotSupportedRpcError) return true
  }
  return /override|too many arguments|invalid (number of )?(argument|param)/i.test(textsOf(error))
}

/** What the errors of a chain say themselves, without the request that clients print below it. */
function textsOf(error: unknown): string {
  const texts = [...chainOf(error)].map((link) => {
    const { details, shortMessage, message } = link as Error & { details?: string; shortMessage?: string }
    return shortMessage === undefined ? message : `${shortMessage} ${details ?? ''}`
  })
  return texts.join('\n')
}
