import { expect } from 'chai'
import fc from 'fast-check'
import { type AbiParameter, decodeFunctionResult, encodeAbiParameters, type Hex, parseAbi } from 'viem'
import { answerDecoder, BeyondTypeError } from '../../src/chain/decodeAnswer.ts'
import { fitsOutputs } from '../../src/chain/outputRange.ts'

const types = ['uint256', 'uint128', 'uint48', 'uint8', 'int256', 'int24', 'int48', 'int56', 'bool', 'address']
const staticTypes = [...types, 'bytes32', 'bytes4', 'uint256[2]']
const dynamicTypes = ['bytes', 'string', 'uint256[]', 'address[]']

/** Outputs of one function: plain values, and structs of them with all or not all components named. */
const anyOutputs = (leaves: readonly string[], suffix = '', maxLength = 5): fc.Arbitrary<AbiParameter[]> => {
  const names = fc.constantFrom('', 'a', 'b')
  const plain = fc.record({ name: names, type: fc.constantFrom(...leaves).map((type) => `${type}${suffix}`) })
  const leaf = fc.record({ name: names, type: fc.constantFrom(...leaves) })
  const struct = fc
    .tuple(fc.constantFrom('', 'c'), fc.array(leaf, { minLength: 1, maxLength: 4 }))
    .map(([name, members]) => ({
      name,
      type: `tuple${suffix}`,
      components: members.map((member, at) => ({ ...member, name: member.name && `${member.name}${at}` })),
    }))
  return fc.array(fc.oneof({ weight: 3, arbitrary: plain }, struct), { maxLength })
}

const words = fc.array(
  fc.oneof(
    fc.constantFrom(0n, 1n, 2n ** 255n, 2n ** 256n - 1n, 2n ** 160n - 1n, 2n ** 160n),
    fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
    fc.bigInt({ min: 0n, max: 2n ** 40n }),
    fc.bigInt({ min: 0n, max: 2n ** 23n }).map((value) => BigInt.asUintN(256, -value)),
  ),
  { maxLength: 24 },
)

const outcome = (decode: () => unknown) => {
  try {
    return { value: decode() }
  } catch (error) {
    return { error: (error as Error).name }
  }
}

/** Words that begin as an array of a few elements does. */
const arrays = fc.tuple(fc.nat(6), words).map(([length, values]) => [32n, BigInt(length), ...values])

describe('answerDecoder', () => {
  it('says of any outputs and any words what the decoder of viem says, errors included, and holds integers to their types', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyOutputs(staticTypes),
          anyOutputs([...staticTypes, ...dynamicTypes]),
          anyOutputs(staticTypes, '[]', 1),
        ),
        fc.oneof(words, arrays),
        fc.nat(31),
        (parameters, values, cut) => {
          const text = values.map((value) => value.toString(16).padStart(64, '0')).join('')
          const data: Hex = `0x${text.slice(0, text.length - 2 * Math.min(cut, text.length / 2))}`
          const abi = [
            { type: 'function', name: 'f', inputs: [], outputs: parameters, stateMutability: 'view' },
          ] as const
          const expected = outcome(() => {
            const value: unknown = decodeFunctionResult({ abi, functionName: 'f', data })
            if (!fitsOutputs(parameters, value)) throw new BeyondTypeError()
            return value
          })
          expect(outcome(() => answerDecoder(parameters)(data))).to.deep.equal(expected)
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('keeps the names of a struct and the order of several outputs', () => {
    const [{ outputs }] = parseAbi([
      'struct Position { uint128 size; int64 cost; bool open; address owner; }',
      'function position() view returns (Position position, bytes4 tag)',
    ])
    const owner = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'
    const data = encodeAbiParameters(outputs, [{ size: 7n, cost: -7n, open: true, owner }, '0x01020304'])
    expect(answerDecoder(outputs)(data)).to.deep.equal([{ size: 7n, cost: -7n, open: true, owner }, '0x01020304'])
  })
})
