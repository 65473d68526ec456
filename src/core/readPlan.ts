import type { Abi, Address, ContractFunctionParameters, MulticallReturnType } from 'viem'
import { BaseError } from './errors.ts'

/** One view call of a {@link ReadPlan}. */
export type PlannedCall = {
  readonly address: Address
  readonly abi: Abi
  readonly functionName: string
  readonly args?: readonly unknown[]
}

/**
 * A read without I/O: yields the calls of one round, is resumed with their results, and returns what it read.
 * Whoever runs plans runs many side by side, so that all reads of a round share one `eth_call` at one block.
 */
export type ReadPlan<Result> = Generator<readonly PlannedCall[], Result, readonly unknown[]>

/**
 * Asks for several calls in one round and returns their typed results in order.
 *
 * @example
 * const [decimals, balance] = yield* readAll([
 *   { address: token, abi: erc20Abi, functionName: 'decimals' },
 *   { address: token, abi: erc20Abi, functionName: 'balanceOf', args: [account] },
 * ])
 */
export function* readAll<const Contracts extends readonly unknown[]>(
  contracts: readonly [...Contracts],
): ReadPlan<MulticallReturnType<Contracts, false>> {
  const results = contracts.length === 0 ? [] : yield contracts as unknown as readonly PlannedCall[]
  return results as unknown as MulticallReturnType<Contracts, false>
}

/** The same call shape for lists whose length is not known when the code is written. */
export function* readEach<const Contract extends ContractFunctionParameters>(
  contracts: readonly Contract[],
): ReadPlan<MulticallReturnType<readonly Contract[], false>> {
  return (yield* readAll(contracts)) as unknown as MulticallReturnType<readonly Contract[], false>
}

type Results<Plans extends readonly unknown[]> = {
  -readonly [Index in keyof Plans]: Plans[Index] extends ReadPlan<infer Result> ? Result : never
}

/**
 * Runs plans side by side inside one plan: each round asks the calls of all of them together.
 *
 * @example
 * const [decimals, balances] = yield* readTogether([readEach(decimalsCalls), readEach(balanceCalls)])
 */
export function* readTogether<const Plans extends readonly ReadPlan<unknown>[]>(
  plans: Plans,
): ReadPlan<Results<Plans>> {
  const steps = plans.map((plan) => plan.next())
  while (steps.some(({ done }) => done !== true)) {
    const asked = steps.map((step) => (step.done === true ? [] : step.value))
    const answers = yield asked.flat()
    let start = 0
    plans.forEach((plan, index) => {
      const count = asked[index]?.length ?? 0
      if (steps[index]?.done !== true) steps[index] = plan.next(answers.slice(start, start + count))
      start += count
    })
  }
  return steps.map(({ value }) => value) as Results<Plans>
}

/** What came of a plan that may fail: its result, or the error that it was allowed to throw. */
export type Attempt<Result> =
  | { readonly status: 'read'; readonly result: Result }
  | { readonly status: 'failed'; readonly error: BaseError }

/**
 * Runs a plan whose failure others survive, where the plan itself throws one of `survivable`. Anything else is thrown on. So is
 * a call that reverts: whoever runs plans stops at it, since a contract that answers otherwise than its ABI says is not late but
 * another one.
 *
 * @example
 * const answers = yield* readTogether(plans.map((plan) => attempt(plan, [StaleMarketDataError])))
 */
export function* attempt<Result>(
  plan: ReadPlan<Result>,
  survivable: readonly (new (message: string) => BaseError)[],
): ReadPlan<Attempt<Result>> {
  try {
    return { status: 'read', result: yield* plan }
  } catch (error) {
    if (error instanceof BaseError && survivable.some((type) => error instanceof type))
      return { status: 'failed', error }
    throw error
  }
}
