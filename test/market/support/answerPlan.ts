import type { PinnedBlock } from '../../../src/core/portfolio.ts'
import type { PlannedCall, ReadPlan } from '../../../src/core/readPlan.ts'

/** A block to read a source at without a chain. */
export const block: PinnedBlock = { chainId: 1, number: 5n, hash: `0x${'11'.repeat(32)}`, timestamp: 1_800_000_000 }

/** Runs a plan whose calls `reply` answers. */
export function answerPlan<Result>(plan: ReadPlan<Result>, reply: (call: PlannedCall) => unknown): Result {
  let step = plan.next()
  while (step.done !== true) step = plan.next(step.value.map(reply))
  return step.value
}

/** Runs a plan that asks nothing. */
export function resultOf<Result>(plan: ReadPlan<Result>): Result {
  return answerPlan(plan, ({ functionName }) => {
    throw new Error(`The plan asks the chain for ${functionName}.`)
  })
}
