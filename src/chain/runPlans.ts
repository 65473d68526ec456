import type { AbiFunction, Client, Hex } from 'viem'
import { encodeCall, functionOf } from '../core/callData.ts'
import { BaseError, InconsistentReadError, InvalidInputError } from '../core/errors.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import type { PlannedCall, ReadPlan } from '../core/readPlan.ts'
import { answerCalls, type Outcome, type PreparedCall } from './answerCalls.ts'
import { encodedSize } from './answerSize.ts'
import { type AnswerDecoder, answerDecoder } from './decodeAnswer.ts'
import { CallFailedError } from './errors.ts'
import { requireCanonical } from './pinBlock.ts'

/** A plan with the name that its errors carry, such as `aave-v3`. */
export type NamedPlan<Result> = { readonly name: string; readonly plan: ReadPlan<Result> }

/** Results in the order of the plans; `rounds` of questions and the `eth_call`s that they took. */
export type PlanResults<Result> = {
  readonly results: readonly Result[]
  readonly rounds: number
  readonly ethCalls: number
}

/** How a plan ended: with its result, or refused by itself or by a call of its own that failed. */
export type PlanOutcome<Result> = { readonly result: Result } | { readonly refusal: BaseError }

type Run<Result> = {
  readonly name: string
  readonly plan: ReadPlan<Result>
  asked: readonly Question[]
  outcome?: PlanOutcome<Result>
}

/** A call with its answer, once there is one; every plan that asks it holds the same. */
type Question = PreparedCall & { readonly outputs: number; outcome: Outcome | undefined }

/**
 * Questions by contract and call data, and by the call itself where several plans ask one and the same. Two spellings of a contract
 * ask twice, which does no harm.
 */
type Questions = {
  readonly byContract: Map<string, Map<string, Question>>
  readonly byCall: Map<PlannedCall, Question>
}

/**
 * Runs read plans side by side at one block hash. Each round asks the calls of all unfinished plans together; a call that
 * was answered before is not sent again, since a block does not change. Ends by checking that the block is still there.
 *
 * @throws {CallFailedError} naming the plan and the call that failed.
 * @throws {InconsistentReadError} for a call that its ABI cannot encode, because of an earlier answer.
 * @throws {ReorgedError} when the block leaves the chain meanwhile.
 * @throws {RpcError} when the node does not answer.
 */
export async function runPlans<Result>(
  client: Client,
  block: PinnedBlock,
  plans: readonly NamedPlan<Result>[],
): Promise<PlanResults<Result>> {
  const { outcomes, ...counts } = await runToOutcomes(client, block, plans, (refusal) => {
    throw refusal
  })
  await requireCanonical(client, block)
  return { results: outcomes.map((outcome) => (outcome as { result: Result }).result), ...counts }
}

/** A call whose answer at the block is known before it is asked. */
export type KnownAnswer = { readonly call: PlannedCall; readonly value: unknown }

export type SettleOptions = {
  readonly known?: readonly KnownAnswer[]
  /** Whether the block is looked for in the end; false where more is read at it and that is checked. */
  readonly isChecked?: boolean
}

/**
 * As {@link runPlans}, but what refuses one plan does not stop the others, and what is known already is not asked.
 *
 * @throws {ReorgedError} when the block leaves the chain meanwhile.
 * @throws {RpcError} when the node does not answer.
 * @throws what a plan throws that is no {@link BaseError}.
 */
export async function settlePlans<Result>(
  client: Client,
  block: PinnedBlock,
  plans: readonly NamedPlan<Result>[],
  { known = [], isChecked = true }: SettleOptions = {},
): Promise<Omit<PlanResults<Result>, 'results'> & { readonly outcomes: readonly PlanOutcome<Result>[] }> {
  const settled = await runToOutcomes(client, block, plans, (refusal) => ({ refusal }), known)
  if (isChecked) await requireCanonical(client, block)
  return settled
}

async function runToOutcomes<Result>(
  client: Client,
  block: PinnedBlock,
  plans: readonly NamedPlan<Result>[],
  refuse: (refusal: BaseError) => PlanOutcome<Result>,
  known: readonly KnownAnswer[] = [],
) {
  const questions: Questions = { byContract: new Map(), byCall: new Map() }
  for (const { call, value } of known) ask('', call, questions).outcome = { value }
  const runs = plans.map(({ name, plan }): Run<Result> => ({ name, plan, asked: [] }))
  for (const run of runs) resume(run, undefined, questions, refuse)
  let open = runs
  let rounds = 0
  let ethCalls = 0

  for (;;) {
    for (const run of open) advance(run, questions, refuse)
    open = open.filter(({ outcome }) => outcome === undefined)
    const missing = new Set<Question>()
    for (const { asked } of open) for (const question of asked) if (!question.outcome) missing.add(question)
    if (missing.size === 0) break
    const inOrder = [...missing]
    const answered = await answerCalls(client, block, inOrder)
    for (const [index, question] of inOrder.entries()) question.outcome = answered.outcomes[index] as Outcome
    rounds += 1
    ethCalls += answered.ethCalls
  }

  return { outcomes: runs.map(({ outcome }) => outcome as PlanOutcome<Result>), rounds, ethCalls }
}

function advance<Result>(
  run: Run<Result>,
  questions: Questions,
  refuse: (refusal: BaseError) => PlanOutcome<Result>,
): void {
  while (run.outcome === undefined && run.asked.every(({ outcome }) => outcome !== undefined)) {
    const values: unknown[] = []
    for (const question of run.asked) {
      const { outcome } = question
      if (outcome === undefined || 'reason' in outcome) {
        end(run, refuse(toCallFailed(run.name, question, outcome?.reason ?? 'has no answer')))
        return
      }
      values.push(outcome.value)
    }
    resume(run, values, questions, refuse)
  }
}

function resume<Result>(
  run: Run<Result>,
  values: readonly unknown[] | undefined,
  questions: Questions,
  refuse: (refusal: BaseError) => PlanOutcome<Result>,
): void {
  try {
    const step = values === undefined ? run.plan.next() : run.plan.next(values)
    if (step.done === true) end(run, { result: step.value })
    else run.asked = step.value.map((call) => ask(run.name, call, questions))
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    end(run, refuse(error))
  }
}

function end<Result>(run: Run<Result>, outcome: PlanOutcome<Result>): void {
  run.outcome = outcome
  run.asked = []
}

function toCallFailed(
  plan: string,
  { address, functionName, args = [] }: PlannedCall,
  reason: string,
): CallFailedError {
  return new CallFailedError({ plan, contract: address, functionName, args, reason })
}

/** What all calls of a function have in common; functions with equal outputs decode alike. */
type Prepared = { readonly outputs: number; readonly answerSize: number; readonly decode: AnswerDecoder }
const prepared = new WeakMap<AbiFunction, Prepared>()
const knownOutputs = new Map<string, number>()

function prepareFunction(item: AbiFunction): Prepared {
  const known = prepared.get(item)
  if (known !== undefined) return known
  const { outputs } = item
  const text = JSON.stringify(outputs)
  const number = knownOutputs.get(text) ?? knownOutputs.size
  knownOutputs.set(text, number)
  const made = { outputs: number, answerSize: encodedSize(outputs), decode: answerDecoder(outputs) }
  prepared.set(item, made)
  return made
}

/** The question that a call is, the same for equal calls. */
function ask(plan: string, call: PlannedCall, questions: Questions): Question {
  const known = questions.byCall.get(call)
  if (known !== undefined) return known
  const asked = askByData(plan, call, questions.byContract)
  questions.byCall.set(call, asked)
  return asked
}

function askByData(plan: string, call: PlannedCall, byContract: Questions['byContract']): Question {
  const item = functionOf(call)
  if (item === undefined) {
    throw new InvalidInputError(`${plan}: the ABI has no function ${call.functionName} for these arguments.`)
  }
  const { outputs, answerSize, decode } = prepareFunction(item)
  const data = encode(plan, call)
  const { address, abi, functionName } = call
  const ofContract = byContract.get(address) ?? new Map<string, Question>()
  byContract.set(address, ofContract)
  // Two ABIs may say otherwise of what one call returns.
  const first = ofContract.get(data)
  const key = first === undefined || first.outputs === outputs ? data : `${data}:${outputs}`
  const known = key === data ? first : ofContract.get(key)
  if (known !== undefined) return known
  const args = call.args ?? []
  const question = { address, abi, functionName, args, data, answerSize, decode, outputs, outcome: undefined }
  ofContract.set(key, question)
  return question
}

/** What an adapter asks follows from earlier answers, which may not be what the next call takes. */
function encode(plan: string, call: PlannedCall): Hex {
  try {
    return encodeCall(call)
  } catch {
    const { functionName, args = [] } = call
    throw new InconsistentReadError(`${plan}: ${functionName}(${args.map(String).join(', ')}) is no call of its ABI.`, {
      metaMessages: ['An earlier answer of the venue is outside of what this call takes; check the configuration.'],
    })
  }
}
