import type { Address, Hex } from 'viem'

/** What one call of a packed request answered. */
export type PackedAnswer = { readonly success: boolean; readonly data: Hex }

/** The most data that a packed call carries, in bytes. */
export const maximumCallData = 0xffff

/** Bytes of a packed call and of a packed answer beside their data. */
export const packing = { call: 22, answer: 4 } as const

/** Calls as `CallLens` takes them: target (20 bytes), length of the data (2 bytes), data, one after another. */
export function packCalls(calls: readonly { readonly address: Address; readonly data: Hex }[]): Hex {
  const packed = calls.map(({ address, data }) => {
    const length = (data.length - 2) / 2
    return `${address.slice(2)}${length.toString(16).padStart(4, '0')}${data.slice(2)}`
  })
  return `0x${packed.join('')}`
}

/**
 * Answers as `CallLens` gives them, in the order of the calls: success (top bit) and length (31 bits), then the data. There
 * may be fewer than calls. Undefined for text that is no list of answers.
 */
export function unpackAnswers(packed: Hex): readonly PackedAnswer[] | undefined {
  const answers: PackedAnswer[] = []
  let at = 2
  while (at < packed.length) {
    const start = at + 2 * packing.answer
    const head = Number(`0x${packed.slice(at, start)}`)
    const end = start + 2 * (head % 2 ** 31)
    if (!(end <= packed.length)) return undefined
    answers.push({ success: head >= 2 ** 31, data: `0x${packed.slice(start, end)}` })
    at = end
  }
  return answers
}
