import { expect } from 'chai'
import { erc20Abi, zeroAddress } from 'viem'
import { type PlannedCall, type ReadPlan, readTogether } from '../../src/core/readPlan.ts'

const call = (functionName: string): PlannedCall => ({ address: zeroAddress, abi: erc20Abi, functionName })

function* rounds(name: string, sizes: readonly number[]): ReadPlan<string> {
  const got: unknown[] = []
  for (const [round, size] of sizes.entries()) {
    got.push(...(yield Array.from({ length: size }, (_, index) => call(`${name}${round}${index}`))))
  }
  return got.join()
}

describe('readTogether', () => {
  it('asks the rounds of all plans together and gives each its own answers', () => {
    const plan = readTogether([rounds('a', [1, 2]), rounds('b', []), rounds('c', [2, 0, 1])])
    const asked: string[][] = []
    let step = plan.next()
    while (step.done !== true) {
      const names = step.value.map(({ functionName }) => functionName)
      asked.push(names)
      step = plan.next(names)
    }
    expect(asked).to.deep.equal([['a00', 'c00', 'c01'], ['a10', 'a11'], ['c20']])
    expect(step.value).to.deep.equal(['a00,a10,a11', '', 'c00,c01,c20'])
  })
})
