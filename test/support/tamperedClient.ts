import {
  type Address,
  type Client,
  decodeDeployData,
  decodeFunctionData,
  decodeFunctionResult,
  deploylessCallViaBytecodeBytecode,
  encodeFunctionResult,
  type Hex,
  multicall3Abi,
} from 'viem'
import type { DevnetFixture } from './devnet.ts'
import { interceptedClient } from './interceptedClient.ts'

/** One call of a multicall, and what it answered. */
export type AskedCall = { readonly target: Address; readonly callData: Hex }
export type Answer = { readonly success: boolean; readonly returnData: Hex }

/** Replaces the answer of one call. */
export type Tamper = (call: AskedCall, answer: Answer) => Answer

/** A client of the devnet that answers single calls of its multicalls otherwise than the contracts do. */
export function tamperedClient(fixture: Pick<DevnetFixture, 'connection'>, tamper: Tamper): Client {
  return interceptedClient(
    fixture,
    () => undefined,
    ({ method, params }, answer) => {
      if (method !== 'eth_call') return answer
      const [{ data }] = params as [{ data: Hex }]
      const calls = toCalls(data)
      const answers = decodeFunctionResult({ ...aggregate, data: answer as Hex })
      return encodeFunctionResult({
        ...aggregate,
        result: answers.map((each, index) => tamper(calls[index] as AskedCall, each)),
      })
    },
  )
}

const aggregate = { abi: multicall3Abi, functionName: 'aggregate3' } as const

/** A deployless call is the creation of a contract that deploys the first argument and calls it with the second. */
const deploylessAbi = [
  { type: 'constructor', stateMutability: 'nonpayable', inputs: [{ type: 'bytes' }, { type: 'bytes' }] },
] as const

function toCalls(data: Hex): readonly AskedCall[] {
  const { args } = decodeDeployData({ abi: deploylessAbi, bytecode: deploylessCallViaBytecodeBytecode, data })
  const [calls] = decodeFunctionData({ abi: multicall3Abi, data: args[1] }).args as readonly [readonly AskedCall[]]
  return calls
}
