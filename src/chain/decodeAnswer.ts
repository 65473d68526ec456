import { type AbiParameter, checksumAddress, decodeAbiParameters, type Hex } from 'viem'
import { fitsOutputs } from './outputRange.ts'

/** Decodes what a function with some outputs returned, as `decodeFunctionResult` of viem does. @throws {BeyondTypeError} */
export type AnswerDecoder = (data: Hex) => unknown

/** An answer that decodes to an integer which its type cannot hold. */
export class BeyondTypeError extends RangeError {
  override readonly name = 'BeyondTypeError'
}

/** Characters of one word of 32 bytes. */
const wordLength = 64

/** Reads a value of fixed size that begins at a character of the text; undefined where the ABI decoder must judge. */
type Reader = (data: string, at: number) => unknown

type StaticType = { readonly words: number; readonly read: Reader }

/**
 * A decoder for these outputs: the value of one, an array of several, undefined for none. Outputs of fixed size, and an array of
 * them alone, are cut out of the text; others, and text that is no clean encoding, are left to viem's decoder, so that both say
 * the same; what viem decodes is then held to its types.
 */
export function answerDecoder(outputs: readonly AbiParameter[]): AnswerDecoder {
  const judged: AnswerDecoder = (data) => {
    const value = unwrap(decodeAbiParameters(outputs, data), outputs.length)
    if (!fitsOutputs(outputs, value)) throw new BeyondTypeError('An integer is larger than its type.')
    return value
  }
  const [only] = outputs
  const element = outputs.length === 1 && only?.type.endsWith('[]') ? staticType(elementOf(only)) : undefined
  if (element !== undefined) return (data) => readArray(element, data) ?? judged(data)
  const types = outputs.map(staticType)
  if (types.length === 0 || !types.every((type) => type !== undefined)) return judged
  const words = types.reduce((total, type) => total + type.words, 0)
  return (data) => {
    if (data.length < 2 + words * wordLength) return judged(data)
    const values = readEach(types, data, 2)
    return values === undefined ? judged(data) : unwrap(values, outputs.length)
  }
}

function unwrap(values: readonly unknown[] | undefined, count: number): unknown {
  if (values === undefined || values.length === 0) return undefined
  return count === 1 ? values[0] : values
}

function readEach(types: readonly StaticType[], data: string, start: number): unknown[] | undefined {
  const values: unknown[] = []
  let at = start
  for (const { words, read } of types) {
    const value = read(data, at)
    if (value === undefined) return undefined
    values.push(value)
    at += words * wordLength
  }
  return values
}

function elementOf(parameter: AbiParameter): AbiParameter {
  return { ...parameter, type: parameter.type.slice(0, -2) }
}

/** An array that is all of an answer, in the encoding that every compiler gives it: offset, length, elements. */
function readArray({ words, read }: StaticType, data: string): unknown[] | undefined {
  if (!data.startsWith(arrayOffset, 2)) return undefined
  const start = 2 + 2 * wordLength
  const length = Number(`0x${data.slice(2 + wordLength, start) || 'none'}`)
  if (!(length * words * wordLength <= data.length - start)) return undefined
  const values: unknown[] = []
  for (let at = start; values.length < length; at += words * wordLength) {
    const value = read(data, at)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

function staticType(parameter: AbiParameter): StaticType | undefined {
  const { type } = parameter
  if (type === 'address') return { words: 1, read: readAddress }
  if (type === 'bool') return { words: 1, read: readBool }
  const [, sign, bits] = /^(u?)int(\d+)$/.exec(type) ?? []
  if (sign !== undefined)
    return { words: 1, read: sign === 'u' ? readUnsigned(Number(bits)) : readSigned(Number(bits)) }
  const [, bytes] = /^bytes(\d+)$/.exec(type) ?? []
  if (bytes !== undefined) return { words: 1, read: (data, at) => `0x${data.slice(at, at + 2 * Number(bytes))}` }
  if (type === 'tuple' && 'components' in parameter) return tupleType(parameter.components)
  return undefined
}

function tupleType(components: readonly AbiParameter[]): StaticType | undefined {
  const types = components.map(staticType)
  if (types.length === 0 || !types.every((type) => type !== undefined)) return undefined
  const names = components.map(({ name }) => name)
  const words = types.reduce((total, type) => total + type.words, 0)
  return {
    words,
    read: (data, at) => {
      const values = readEach(types, data, at)
      if (values === undefined || names.some((name) => !name)) return values
      return Object.fromEntries(values.map((value, index) => [names[index], value]))
    },
  }
}

const addressPadding = '0'.repeat(24)

function readAddress(data: string, at: number): unknown {
  if (!data.startsWith(addressPadding, at)) return undefined
  return checksumAddress(`0x${data.slice(at + 24, at + wordLength)}`)
}

const arrayOffset = '20'.padStart(wordLength, '0')
const [falseWord, trueWord] = ['0', '1'].map((digit) => digit.padStart(wordLength, '0')) as [string, string]

function readBool(data: string, at: number): unknown {
  if (data.startsWith(falseWord, at)) return false
  return data.startsWith(trueWord, at) ? true : undefined
}

/** Viem gives integers of up to 48 bits as numbers. */
const numberBits = 48

function readUnsigned(bits: number): Reader {
  const padding = '0'.repeat(wordLength - bits / 4)
  return (data, at) => {
    if (!data.startsWith(padding, at)) return undefined
    const digits = `0x${data.slice(at + padding.length, at + wordLength)}`
    return bits > numberBits ? BigInt(digits) : Number(digits)
  }
}

function readSigned(bits: number): Reader {
  return (data, at) => {
    const word = BigInt(`0x${data.slice(at, at + wordLength)}`)
    const value = BigInt.asIntN(256, word)
    if (BigInt.asIntN(bits, word) !== value) return undefined
    return bits > numberBits ? value : Number(value)
  }
}
