import { type Client, encodeFunctionData, getAbiItem, type Hex } from 'viem'
import { InconsistentReadError, InvalidInputError } from '../core/errors.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import type { PlannedCall, ReadPlan } from '../core/readPlan.ts'
import { multicallAt, type PreparedCall } from './multicall.ts'
import { requireCanonical } from './pinBlock.ts'

/** A plan with the name that its errors carry, such as `aave-v3`. */
export type NamedPlan<Result> = { readonly name: string; readonly plan: ReadPlan<Result> }

/** Results in the order of the plans; `rounds` of questions and the `eth_call`s that they took. */
export type PlanResults<Result> = {
  readonly results: readonly Result[]
  readonly rounds: number
  readonly ethCalls: number
}

type Run<Result> = {
  readonly name: string
  readonly plan: ReadPlan<Result>
  asked: readonly KeyedCall[]
  outcome?: { readonly result: Result }
}

type KeyedCall = { readonly key: string; readonly call: PreparedCall }

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
  const answers = new Map<string, unknown>()
  const runs = plans.map(({ name, plan }): Run<Result> => {
    const run: Run<Result> = { name, plan, asked: [] }
    record(run, plan.next())
    return run
  })
  let rounds = 0
  let ethCalls = 0

  for (;;) {
    for (const run of runs) advance(run, answers)
    const missing = new Map<string, PreparedCall>()
    for (const { key, call } of runs.flatMap(({ asked }) => asked)) if (!answers.has(key)) missing.set(key, call)
    if (missing.size === 0) break
    const answered = await multicallAt(client, block, [...missing.values()])
    ;[...missing.keys()].forEach((key, index) => {
      answers.set(key, answered.values[index])
    })
    rounds += 1
    ethCalls += answered.ethCalls
  }

  await requireCanonical(client, block)
  return { results: runs.map(({ outcome }) => (outcome as { result: Result }).result), rounds, ethCalls }
}

function advance<Result>(run: Run<Result>, answers: ReadonlyMap<string, unknown>): void {
  while (run.outcome === undefined && run.asked.every(({ key }) => answers.has(key))) {
    record(run, run.plan.next(run.asked.map(({ key }) => answers.get(key))))
  }
}

function record<Result>(run: Run<Result>, step: IteratorResult<readonly PlannedCall[], Result>): void {
  if (step.done === true) {
    run.outcome = { result: step.value }
    run.asked = []
  } else {
    run.asked = step.value.map((call) => prepare(run.name, call))
  }
}

function prepare(plan: string, call: PlannedCall): KeyedCall {
  const { abi, functionName, args = [] } = call
  const item = getAbiItem({ abi, name: functionName, args })
  if (item === undefined || item.type !== 'function') {
    throw new InvalidInputError(`${plan}: the ABI has no function ${functionName} for these arguments.`)
  }
  const data = encode(plan, call)
  const key = `${call.address.toLowerCase()}:${data}:${JSON.stringify(item.outputs)}`
  return { key, call: { ...call, plan, data, outputs: item.outputs } }
}

/** What an adapter asks follows from earlier answers, which may not be what the next call takes. */
function encode(plan: string, { abi, functionName, args = [] }: PlannedCall): Hex {
  try {
    return encodeFunctionData({ abi, functionName, args })
  } catch {
    throw new InconsistentReadError(`${plan}: ${functionName}(${args.map(String).join(', ')}) is no call of its ABI.`, {
      metaMessages: ['An earlier answer of the venue is outside of what this call takes; check the configuration.'],
    })
  }
}
