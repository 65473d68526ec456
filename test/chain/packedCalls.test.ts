import { expect } from 'chai'
import fc from 'fast-check'
import { artifacts } from 'hardhat'
import { type Hex, numberToHex, size } from 'viem'
import { callLensCode } from '../../src/chain/lensCode.ts'
import { packCalls, unpackAnswers } from '../../src/chain/packedCalls.ts'

const bytes = fc.uint8Array({ maxLength: 80 }).map((data): Hex => `0x${Buffer.from(data).toString('hex')}`)

describe('packed calls', () => {
  it('put target, length and data one after another', () => {
    const address = '0x00000000000000000000000000000000000000aa'
    const calls = [
      { address, data: '0x01020304' },
      { address, data: '0x' },
    ] as const
    expect(packCalls(calls)).to.equal(`0x${'0'.repeat(38)}aa000401020304${'0'.repeat(38)}aa0000`)
  })

  it('are answered in a list that reads back as it was written, and in no text that is cut off', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ success: fc.boolean(), data: bytes }), { maxLength: 6 }), (answers) => {
        const packed = answers.map(({ success, data }) => {
          const head = (success ? 2 ** 31 : 0) + size(data)
          return `${numberToHex(head, { size: 4 }).slice(2)}${data.slice(2)}`
        })
        const text: Hex = `0x${packed.join('')}`
        expect(unpackAnswers(text)).to.deep.equal(answers)
        if (answers.length > 0) expect(unpackAnswers(text.slice(0, -2) as Hex)).to.equal(undefined)
      }),
    )
  })

  it('are answered by the code that the sources compile to', async () => {
    const { bytecode, deployedBytecode } = await artifacts.readArtifact('CallLens')
    const compiled = { creation: bytecode, runtime: deployedBytecode }
    expect(callLensCode, 'run node scripts/generateLens.ts').to.deep.equal(compiled)
  })
})
