import type { AbiParameter } from 'viem'

/** What a dynamic value is taken to hold beyond its offset and length, in bytes. */
const assumedDynamicBytes = 96

/** Bytes that ABI-encoded values take: exact for static types, an assumption for dynamic ones. */
export function encodedSize(parameters: readonly AbiParameter[]): number {
  return parameters.reduce((total, parameter) => total + sizeOf(parameter), 0)
}

function sizeOf({ type, ...rest }: AbiParameter): number {
  const array = /^(.*)\[(\d*)\]$/.exec(type)
  if (array) {
    const [, element = '', length = ''] = array
    return length === '' ? 64 + assumedDynamicBytes : Number(length) * sizeOf({ ...rest, type: element })
  }
  if ('components' in rest) return encodedSize(rest.components)
  return type === 'bytes' || type === 'string' ? 64 + assumedDynamicBytes : 32
}
