import { type AbiParameter, decodeAbiParameters, type Hex, parseAbiItem, size, slice, toFunctionSelector } from 'viem'
import { type ArgumentUnit, type ContractError, contractErrors } from './contractErrors.ts'
import { InvalidAttestationError } from './wire.ts'

/** An error of the contracts with its arguments, if the data has any. */
export type DecodedError = Pick<ContractError, 'signature' | 'cause' | 'fix'> & {
  readonly name: string
  readonly selector: Hex
  readonly arguments: readonly {
    readonly name: string
    readonly value: string
    readonly unit: ArgumentUnit | null
  }[]
}

/**
 * Explains the revert data of a contract, or the selector of an error alone.
 *
 * @returns nothing when no error of ours begins so.
 * @throws {InvalidAttestationError} when the arguments are not those of the error.
 */
export function decodeError(data: Hex): DecodedError | undefined {
  if (size(data) < 4) return undefined
  const selector = slice(data, 0, 4).toLowerCase() as Hex
  const entry = bySelector().get(selector)
  if (entry === undefined) return undefined
  const { name, inputs, error } = entry
  const { signature, cause, fix, units = {} } = error
  return { name, selector, signature, cause, fix, arguments: size(data) === 4 ? [] : decodeArguments() }

  function decodeArguments() {
    const values = decodeValues(inputs, data, signature)
    return inputs.map(({ name: argument = '' }, i) => ({
      name: argument,
      value: String(values[i]),
      unit: units[argument] ?? null,
    }))
  }
}

type Entry = { readonly name: string; readonly inputs: readonly AbiParameter[]; readonly error: ContractError }
let entries: ReadonlyMap<Hex, Entry> | undefined

/** Parsed at first use: nobody who never sees an error should wait for it. */
function bySelector(): ReadonlyMap<Hex, Entry> {
  entries ??= new Map(
    Object.values(contractErrors)
      .flat()
      .map((error) => {
        const { name, inputs } = parseAbiItem(`error ${error.signature}` as string) as Omit<Entry, 'error'>
        return [toFunctionSelector(`${name}(${inputs.map(({ type }) => type).join(',')})`), { name, inputs, error }]
      }),
  )
  return entries
}

function decodeValues(inputs: readonly AbiParameter[], data: Hex, signature: string): readonly unknown[] {
  const wrong = `The data is not that of ${signature}: `
  const isStatic = inputs.every(({ type }) => type !== 'string')
  if (isStatic && size(data) !== 4 + 32 * inputs.length) {
    throw new InvalidAttestationError(`${wrong}its arguments take ${32 * inputs.length} bytes, got ${size(data) - 4}.`)
  }
  try {
    return decodeAbiParameters(inputs, slice(data, 4))
  } catch (cause) {
    throw new InvalidAttestationError(`${wrong}an argument is out of range.`, { cause })
  }
}
