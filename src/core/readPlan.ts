import type { Abi, Address, ContractFunctionParameters, MulticallReturnType } from 'viem'

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
