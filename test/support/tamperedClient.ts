import { type Address, type Client, getAddress, type Hex, numberToHex, size } from 'viem'
import { unpackAnswers } from '../../src/chain/packedCalls.ts'
import type { DevnetFixture } from './devnet.ts'
import { interceptedClient } from './interceptedClient.ts'

/** One call of a packed request, and what it answered. */
export type AskedCall = { readonly target: Address; readonly callData: Hex }
export type Answer = { readonly success: boolean; readonly returnData: Hex }

/** Replaces the answer of one call. */
export type Tamper = (call: AskedCall, answer: Answer) => Answer

/** A client of the devnet that answers single calls of its packed requests otherwise than the contracts do. */
export function tamperedClient(fixture: Pick<DevnetFixture, 'connection'>, tamper: Tamper): Client {
  return interceptedClient(
    fixture,
    () => undefined,
    ({ method, params }, answer) => {
      if (method !== 'eth_call') return answer
      const [{ data }] = params as [{ data: Hex }]
      const calls = toCalls(data)
      const answers = unpackAnswers(answer as Hex) ?? []
      return toPacked(
        answers.map(({ success, data: returnData }, index) =>
          tamper(calls[index] as AskedCall, { success, returnData }),
        ),
      )
    },
  )
}

/** Target (20 bytes), length of the data (2 bytes), data, one after another. */
function toCalls(packed: Hex): readonly AskedCall[] {
  const calls: AskedCall[] = []
  for (let at = 2; at < packed.length; ) {
    const end = at + 44 + 2 * Number(`0x${packed.slice(at + 40, at + 44)}`)
    calls.push({ target: getAddress(`0x${packed.slice(at, at + 40)}`), callData: `0x${packed.slice(at + 44, end)}` })
    at = end
  }
  return calls
}

/** Success (top bit) and length (31 bits), then the data, one after another. */
function toPacked(answers: readonly Answer[]): Hex {
  const packed = answers.map(({ success, returnData }) => {
    const head = (success ? 2 ** 31 : 0) + size(returnData)
    return `${numberToHex(head, { size: 4 }).slice(2)}${returnData.slice(2)}`
  })
  return `0x${packed.join('')}`
}
