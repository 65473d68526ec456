import { type Address, encodeFunctionData, type Hex } from 'viem'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { borrower, createChain } from './attestations.ts'

/** A registry with a consumer that runs calls and then reads, all in one transaction. */
export async function createProbe(agingRate = 0n) {
  const chain = await createChain()
  const probe = await chain.viem.deployContract('OracleProbe', [chain.registry, 3600n, agingRate, 1n])
  await chain.networkHelpers.mine()
  return { chain, probe }
}

export type ProbeSetting = Awaited<ReturnType<typeof createProbe>>

/** Calldata of `verify` for a message. */
export const verifyCall = (wire: Hex) =>
  encodeFunctionData({ abi: marginRegistryAbi, functionName: 'verify', args: [wire] })

/** What the consumer reads after calls on the registry in the same transaction. */
export async function runThenRead({ chain, probe }: ProbeSetting, calls: readonly Hex[], account: Address = borrower) {
  const { result } = await chain.publicClient.simulateContract({
    address: probe.address,
    abi: probe.abi,
    functionName: 'runThenRead',
    args: [calls, account, 3600n],
    blockTag: 'pending',
  })
  const [status, margin, root] = result
  return { status, margin, root }
}
