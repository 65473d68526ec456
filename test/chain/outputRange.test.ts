import { expect } from 'chai'
import { type AbiParameter, decodeAbiParameters, encodeAbiParameters, parseAbiParameters } from 'viem'
import { fitsOutputs } from '../../src/chain/outputRange.ts'

const words = (count: number) => `0x${'f'.repeat(64 * count)}` as const

describe('fitsOutputs', () => {
  const verdict = (types: string, count: number) => {
    const outputs = parseAbiParameters(types) as readonly AbiParameter[]
    const values = decodeAbiParameters(outputs, words(count))
    return fitsOutputs(outputs, outputs.length === 1 ? values[0] : values)
  }

  it('takes the largest word for integers of 256 bits and of both signs, for nothing narrower without a sign', () => {
    for (const type of ['uint256', 'int256', 'int24', 'bytes32', 'address'])
      expect(verdict(type, 1), type).to.equal(true)
    for (const type of ['uint56', 'uint128', 'uint248']) {
      expect(verdict(type, 1), type).to.equal(false)
    }
  })

  it('looks into tuples, with names and without, into lists and into each of several outputs', () => {
    expect(verdict('(uint256 a, uint64 b)', 2)).to.equal(false)
    expect(verdict('(uint256, uint64)', 2)).to.equal(false)
    expect(verdict('(uint256 a, (int256 c) b)', 2)).to.equal(true)
    expect(verdict('uint256, uint128', 2)).to.equal(false)
    expect(verdict('uint64[2]', 2)).to.equal(false)
    expect(verdict('uint256[2]', 2)).to.equal(true)
    const list = parseAbiParameters('(uint8 a)[]')
    const [decoded] = decodeAbiParameters(list, encodeAbiParameters(list, [[{ a: 255 }]]))
    expect(fitsOutputs(list, decoded)).to.equal(true)
    expect(fitsOutputs(list, [{ a: 256 }])).to.equal(false)
  })

  it('takes both ends of a signed integer and nothing beyond them', () => {
    const outputs = parseAbiParameters('int8')
    for (const value of [127, -128]) expect(fitsOutputs(outputs, value)).to.equal(true)
    for (const value of [128, -129]) expect(fitsOutputs(outputs, value)).to.equal(false)
    expect(fitsOutputs([], undefined)).to.equal(true)
  })
})
