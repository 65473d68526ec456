import type { AbiParameter } from 'viem'

/** Whether decoded values of a function lie within their types: viem takes the whole word of a narrower integer. */
export function fitsOutputs(outputs: readonly AbiParameter[], value: unknown): boolean {
  const [only] = outputs
  if (only === undefined) return true
  return outputs.length === 1 ? fits(only, value) : fitsEach(outputs, value)
}

function fits(parameter: AbiParameter, value: unknown): boolean {
  const array = /^(.*)\[\d*\]$/.exec(parameter.type)
  if (array !== null) {
    const item = { ...parameter, type: array[1] as string }
    return (value as readonly unknown[]).every((each) => fits(item, each))
  }
  if ('components' in parameter) return fitsEach(parameter.components, value)
  const integer = /^(u?)int(\d+)$/.exec(parameter.type)
  return integer === null || fitsBits(BigInt(value as bigint | number), Number(integer[2]), integer[1] === 'u')
}

/** A tuple is decoded to a record when all of its members have names, else to a list. */
function fitsEach(parameters: readonly AbiParameter[], value: unknown): boolean {
  const values = Array.isArray(value)
    ? value
    : parameters.map(({ name = '' }) => (value as Record<string, unknown>)[name])
  return parameters.every((parameter, index) => fits(parameter, values[index]))
}

function fitsBits(value: bigint, bits: number, isUnsigned: boolean): boolean {
  return value === (isUnsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value))
}
