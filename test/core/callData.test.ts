import { expect } from 'chai'
import fc from 'fast-check'
import {
  type AbiParameter,
  decodeFunctionResult,
  encodeFunctionData,
  encodeFunctionResult,
  getAddress,
  type Hex,
  numberToHex,
  parseAbi,
} from 'viem'
import { encodeCall, encodeResult, functionOf } from '../../src/core/callData.ts'
import type { PlannedCall } from '../../src/core/readPlan.ts'

const contract = '0x00000000000000000000000000000000000000AA'
const addressOf = (value: bigint) => getAddress(numberToHex(value, { size: 20 }))

/** Values of a type, with its limits among them. */
function valuesOf(parameter: AbiParameter): fc.Arbitrary<unknown> {
  const { type } = parameter
  if (type.endsWith('[]')) return fc.array(valuesOf({ ...parameter, type: type.slice(0, -2) }), { maxLength: 4 })
  if (type === 'tuple' && 'components' in parameter) {
    return fc.record(Object.fromEntries(parameter.components.map((part) => [part.name ?? '', valuesOf(part)])))
  }
  if (type === 'address') return fc.bigInt(0n, 2n ** 160n - 1n).map(addressOf)
  if (type === 'bool') return fc.boolean()
  if (type === 'string') return fc.string()
  const [, sign, bits = '256'] = /^(u?)int(\d+)$/.exec(type) ?? []
  if (sign !== undefined) {
    const [least, most] =
      sign === 'u' ? [0n, 2n ** BigInt(bits) - 1n] : [-(2n ** (BigInt(bits) - 1n)), 2n ** (BigInt(bits) - 1n) - 1n]
    const all = fc.oneof(fc.bigInt(least, most), fc.constantFrom(least, most, 0n, 1n))
    return Number(bits) > 48 ? all : all.map(Number)
  }
  const size = Number(/^bytes(\d*)$/.exec(type)?.[1] || '5')
  return fc
    .uint8Array({ minLength: size, maxLength: size })
    .map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`)
}

const abi = parseAbi([
  'struct Inner { int24 tick; bytes32 key; }',
  'struct Outer { address owner; Inner inner; bool isOpen; }',
  'function none() view returns (uint256)',
  'function words(address a, uint256 b, int256 c, bool d, bytes32 e, uint8 f, int24 g, bytes4 h) view returns (int128, uint40, address)',
  'function one(Outer outer) view returns (Outer)',
  'function list(uint256[] ids) view returns (address[])',
  'function structs(Outer[] outers) view returns (Outer[])',
  'function text(string name, uint8 b) view returns (string)',
  'function raw(bytes data) view returns (bytes, uint256)',
])

describe('callData', () => {
  for (const item of abi) {
    it(`writes calls and results of ${item.name} as viem does`, () => {
      const tupleOf = (parameters: readonly AbiParameter[]) => fc.tuple(...parameters.map(valuesOf))
      fc.assert(
        fc.property(tupleOf(item.inputs), tupleOf(item.outputs), (args, values) => {
          const call: PlannedCall = { address: contract, abi, functionName: item.name, args }
          const data = encodeFunctionData({ abi, functionName: item.name, args } as never)
          expect(encodeCall(call)).to.equal(data)
          const result = values.length === 1 ? values[0] : values
          const returned = encodeFunctionResult({ abi, functionName: item.name, result } as never)
          expect(encodeResult(call, result)).to.equal(returned)
          const decoded = decodeFunctionResult({ abi, functionName: item.name, data: returned } as never)
          expect(encodeResult(call, decoded)).to.equal(returned)
        }),
        { numRuns: 60, seed: 3 },
      )
    })
  }

  it('refuses what viem refuses', () => {
    const wrong: readonly (readonly [string, readonly unknown[]])[] = [
      ['list', [[-1n]]],
      ['list', [[2n ** 256n]]],
      ['words', ['0x12', 0n, 0n, true, `0x${'11'.repeat(32)}`, 0, 0, '0x11111111']],
      ['words', [contract, 0n, 0n, true, `0x${'11'.repeat(31)}`, 0, 0, '0x11111111']],
      ['words', [contract, 0n, 0n, true, `0x${'11'.repeat(32)}`, 256, 0, '0x11111111']],
      ['words', [contract, 0n, 0n, true, `0x${'11'.repeat(32)}`, 0, 2 ** 23, '0x11111111']],
      ['words', [contract, 0n]],
      // The checksum of mixed case is another.
      [
        'structs',
        [
          [
            {
              owner: '0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
              inner: { tick: 0, key: `0x${'11'.repeat(32)}` },
              isOpen: true,
            },
          ],
        ],
      ],
      ['missing', []],
    ]
    for (const [functionName, args] of wrong) {
      const call: PlannedCall = { address: contract, abi, functionName, args }
      expect(() => encodeFunctionData({ abi, functionName, args } as never), functionName).to.throw()
      expect(() => encodeCall(call), functionName).to.throw()
    }
  })

  it('finds the function that the arguments are of', () => {
    const overloaded = parseAbi([
      'function at(uint256 id) view returns (uint256)',
      'function at(address owner) view returns (bool)',
    ])
    const call = { address: contract, abi: overloaded, functionName: 'at' } as const
    expect(functionOf({ ...call, args: [contract] })).to.equal(overloaded[1])
    expect(functionOf({ ...call, args: [7n] })).to.equal(overloaded[0])
    expect(encodeCall({ ...call, args: [contract] })).to.equal(
      encodeFunctionData({ abi: overloaded, functionName: 'at', args: [contract] }),
    )
    expect(functionOf({ ...call, functionName: 'none' })).to.equal(undefined)
  })
})
